//! What the sparse envelope is for: many coefficients of one size behind columns that are all but equal,
//! of which the elastic net cannot keep as many as there are (Beck & Refael 2022, J. Global Optim. 82,
//! after the design of Zou & Hastie 2005, JRSS B 67(2), example d).

#![allow(missing_docs, clippy::print_stdout)]

use std::path::Path;

use fenchel::registry;
use fenchel_core::{
    Baseline, Bound, DenseMatrix, Design, LinearModel, Matrix, Objective, Problem, Raw, Response,
    Samples, Space,
};
use fenchel_laws::Random;
use fenchel_solvers::{Control, method};
use serde_json::{Value, json};

const FEATURES: usize = 40;
/// Three blocks of five columns, each block one column with noise of this deviation.
const RELEVANT: usize = 15;
const APART: f64 = 0.01;
const NOISE: f64 = 0.1;

struct Sample {
    x: Vec<f64>,
    y: Vec<f64>,
}

fn truth(j: usize) -> f64 {
    if j < RELEVANT { 3.0 } else { 0.0 }
}

fn draw(n: usize, random: &mut Random) -> Sample {
    let mut x = random.normals(n * FEATURES, 1.0);
    for block in 0..RELEVANT / 5 {
        let common = random.normals(n, 1.0);
        for j in 5 * block..5 * block + 5 {
            let column = x[j * n..(j + 1) * n].iter_mut();
            column.zip(&common).for_each(|(x, z)| *x = z + APART * *x);
        }
    }
    let mut y = random.normals(n, NOISE);
    for j in 0..RELEVANT {
        y.iter_mut().zip(&x[j * n..]).for_each(|(y, x)| *y += truth(j) * x);
    }
    Sample { x, y }
}

fn model(sample: &Sample) -> LinearModel {
    let n = sample.y.len();
    let design =
        Design::new(Matrix::Dense(DenseMatrix::new(n, FEATURES, sample.x.clone()).unwrap()));
    let response = Response::Numeric { values: sample.y.clone(), columns: 1 };
    let samples = Samples::new(response, None).unwrap();
    let raw = raw(json!({ "type": "quadratic" }));
    match registry::build_loss(&raw).unwrap().bind(&samples, &design).unwrap() {
        Bound::Eta(fit) => LinearModel::new(design, fit, None, false).unwrap(),
        Bound::Direct(_) => panic!("least squares has a linear predictor"),
    }
}

fn raw(value: Value) -> Raw {
    Raw(value.as_object().unwrap().clone())
}

/// The loss on `validation` and the error of the coefficients that are best there, over a grid of lambda.
fn error(
    train: &LinearModel,
    validation: &LinearModel,
    solver: &str,
    penalty: &Value,
) -> (f64, f64) {
    let penalty = registry::build_penalty(
        &raw(penalty.clone()),
        &Space::numbered(FEATURES, 1),
        Path::new("."),
    )
    .unwrap();
    let mut params = vec![0.0; FEATURES];
    let mut best = (f64::INFINITY, f64::NAN);
    for i in 0..14 {
        let scaled = penalty.scaled(10f64.powf(1.5 - 0.5 * f64::from(i)));
        let mut problem =
            Problem { objective: train, penalty: &*scaled, baseline: Baseline::default() };
        problem.baseline = Baseline::at_zero(&problem, &[0.0; FEATURES]);
        let mut control = Control { tol: 1e-7, max_iter: 5_000, ..Control::default() };
        let outcome = method(solver).unwrap().solve(&problem, params, &mut control).unwrap();
        params = outcome.params;
        let loss = validation.value(&params, &mut Default::default());
        let square: f64 = params.iter().enumerate().map(|(j, b)| (b - truth(j)).powi(2)).sum();
        if loss < best.0 {
            best = (loss, square.sqrt());
        }
    }
    best
}

#[test]
fn with_k_as_many_as_there_are_the_envelope_errs_less_than_any_elastic_net() {
    const RATIOS: [f64; 4] = [0.05, 0.2, 0.5, 0.9];
    let (mut envelope, mut nets, mut tuned) = (0.0, [0.0; 4], 0.0);
    for seed in 0..10 {
        let mut random = Random::new(100 + seed);
        let (train, validation) = (draw(40, &mut random), draw(200, &mut random));
        let (train, validation) = (model(&train), model(&validation));
        let by = |solver: &str, penalty: Value| error(&train, &validation, solver, &penalty);
        envelope += by("fista", json!({ "type": "sef", "k": RELEVANT })).1 / 10.0;
        let fits = RATIOS.map(|l1| by("cd", json!({ "type": "elastic_net", "l1_ratio": l1 })));
        nets.iter_mut().zip(&fits).for_each(|(net, fit)| *net += fit.1 / 10.0);
        tuned += fits.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1 / 10.0;
    }
    println!("mean errors: envelope {envelope:.3}, elastic nets {nets:.3?}, the best {tuned:.3}");
    assert!(envelope < 0.6 * tuned, "{envelope} against {tuned}");
    // A net that keeps the blocks together, as the envelope does.
    assert!(envelope < 0.25 * nets[0], "{envelope} against {}", nets[0]);
}
