//! The simulation of the paper on accelerated gradient for SCAD and MCP: Toeplitz designs, five groups
//! of ten effects of growing size, 500 zeros between them; how many iterations until the objective is
//! within e^3 of the least one found.

use fenchel::registry;
use fenchel_core::{
    Baseline, Bound, DenseMatrix, Design, LinearModel, Matrix, Objective, Penalty, Problem, Raw,
    Response, Samples, Space,
};
use fenchel_laws::Random;
use fenchel_solvers::{Control, Damping, Options, Progress, Restart, method};
use serde_json::{Value, json};

/// Mean and standard deviation of the effects of each group.
const GROUPS: [(f64, f64); 5] = [(0.5, 1.0), (5.0, 2.0), (10.0, 3.0), (20.0, 4.0), (50.0, 5.0)];
const EFFECTS: usize = 10;
const ZEROS: usize = 500;
const FEATURES: usize = 5 * EFFECTS + 4 * ZEROS;
const LAMBDA: f64 = 0.2;
const SNR: f64 = 5.0;

/// A standardised design, and the model on it. The response is made of the standardised columns, as in
/// the paper: with others its mean would be as large as their effects make it, and an intercept that
/// begins at zero takes many steps to get there.
pub fn model(tau: f64, n: usize, seed: u64) -> LinearModel {
    let mut random = Random::new(seed);
    let beta = effects(&mut random);
    let mut x = vec![0.0; n * FEATURES];
    let (stay, fresh) = (tau, (1.0 - tau * tau).sqrt());
    let mut before = random.normals(n, 1.0);
    x[..n].copy_from_slice(&before);
    for column in x.chunks_mut(n).skip(1) {
        for (x, before) in column.iter_mut().zip(&mut before) {
            *x = stay * *before + fresh * random.normal();
            *before = *x;
        }
    }
    let matrix = Matrix::Dense(DenseMatrix::new(n, FEATURES, x).expect("finite"));
    let design = Design::standardized(matrix, None);
    let noise = (variance(&beta, tau) / SNR).sqrt();
    let mut y = vec![0.0; n];
    design.mul(&beta, &mut y);
    fenchel_core::kernels::axpy(1.0, &random.normals(n, noise), &mut y);
    linear(design, y)
}

/// A linear model with intercept under the quadratic loss.
pub fn linear(design: Design, y: Vec<f64>) -> LinearModel {
    let Value::Object(table) = json!({ "type": "quadratic" }) else { unreachable!() };
    let loss = registry::build_loss(&Raw(table)).expect("the loss is known");
    let samples = Samples::new(Response::Numeric { values: y, columns: 1 }, None).expect("finite");
    match loss.bind(&samples, &design).expect("it takes numbers") {
        Bound::Eta(fit) => LinearModel::new(design, fit, None, true).expect("the shapes agree"),
        Bound::Direct(_) => unreachable!("the loss has a predictor"),
    }
}

/// A penalty by its table.
pub fn penalty(table: Value, features: usize) -> Box<dyn Penalty> {
    let Value::Object(table) = table else { panic!("a table") };
    let space = Space::numbered(features, 1);
    registry::build_penalty(&Raw(table), &space, std::path::Path::new(".")).expect("it is known")
}

fn effects(random: &mut Random) -> Vec<f64> {
    let mut beta = vec![0.0; FEATURES];
    for (g, (mean, deviation)) in GROUPS.into_iter().enumerate() {
        for b in &mut beta[g * (EFFECTS + ZEROS)..][..EFFECTS] {
            *b = mean + deviation * random.normal();
        }
    }
    beta
}

/// `beta' Sigma beta` for `Sigma_ij = tau^|i - j|`.
fn variance(beta: &[f64], tau: f64) -> f64 {
    let (mut sum, mut carried) = (0.0, 0.0);
    for b in beta {
        sum += b * (b + 2.0 * tau * carried);
        carried = tau * carried + b;
    }
    sum
}

/// Iterations until the gap is at most e^3, for both ways of damping without restart.
pub fn iterations(model: &LinearModel, kind: &str, most: u64) -> [u64; 2] {
    let penalty = penalty(json!({ "type": kind, "lambda": LAMBDA }), FEATURES);
    let problem = Problem { objective: model, penalty: &*penalty, baseline: Baseline::default() };
    let objectives = [Damping::Optimal, Damping::GhadimiLan].map(|damping| {
        let mut values = Vec::new();
        let mut work = Default::default();
        let mut observe = |progress: &Progress<'_>| {
            let (loss, penalty) = problem.values(progress.params, &mut work);
            values.push(loss + penalty);
        };
        let mut control = Control {
            tol: 1e-12,
            max_iter: most,
            options: Options {
                restart: Some(Restart::None),
                damping: Some(damping),
                ..Options::default()
            },
            observer: Some(&mut observe),
            ..Control::default()
        };
        let solver = method("nonconvex_ag").expect("it is registered");
        solver.solve(&problem, cold_start(model), &mut control).expect("it runs");
        values
    });
    let least = objectives.iter().flatten().fold(f64::INFINITY, |least, f| least.min(*f));
    objectives.map(|values| {
        let close = values.iter().position(|f| f - least <= 3f64.exp());
        close.expect("the least is its own") as u64 + 1
    })
}

/// The signs of the covariances with the response.
fn cold_start(model: &LinearModel) -> Vec<f64> {
    let mut start = model.start();
    let mut grad = vec![0.0; start.len()];
    let smooth = model.as_smooth().expect("the loss is smooth");
    smooth.value_gradient(&start, &mut grad, &mut Default::default());
    start[..FEATURES].iter_mut().zip(&grad).for_each(|(b, g)| *b = -g.signum());
    start
}

/// The middle one.
pub fn median(mut counts: Vec<u64>) -> f64 {
    counts.sort_unstable();
    let m = counts.len();
    0.5 * (counts[(m - 1) / 2] + counts[m / 2]) as f64
}
