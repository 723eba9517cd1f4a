//! Proximal nonlinear conjugate gradients against accelerated proximal gradient.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use common::*;
use fenchel_core::{
    DenseMatrix, LinearModel, Matrix, Objective, Problem, Response, Shape, Smooth, Workspace,
    certify, kernels,
};
use fenchel_loss_location::Quadratic;
use fenchel_solvers::{Control, Outcome, Progress, Status, method};

/// An objective that counts its gradients, and shows nothing else of itself.
#[derive(Debug)]
struct Counting<'a> {
    model: &'a LinearModel,
    gradients: AtomicU64,
}

impl Objective for Counting<'_> {
    fn shape(&self) -> Shape {
        self.model.shape()
    }
    fn start(&self) -> Vec<f64> {
        self.model.start()
    }
    fn value(&self, params: &[f64], work: &mut Workspace) -> f64 {
        self.model.value(params, work)
    }
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        Some(self)
    }
}

impl Smooth for Counting<'_> {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64 {
        self.gradients.fetch_add(1, Ordering::Relaxed);
        self.model.value_gradient(params, grad, work)
    }
    fn lipschitz(&self) -> Option<f64> {
        self.model.lipschitz()
    }
}

/// Standard normal numbers, seeded (Box and Muller).
fn normals(seed: u64, count: usize) -> Vec<f64> {
    let u = numbers(seed, 2 * count);
    u.chunks(2)
        .map(|u| {
            let (r, angle) = (-2.0 * (0.5 * (u[0] + 1.0)).max(1e-300).ln(), u[1]);
            r.sqrt() * (std::f64::consts::PI * angle).cos()
        })
        .collect()
}

/// A regression on columns of which neighbours have this correlation, five of them at work.
fn correlated(seed: u64, n: usize, p: usize, correlation: f64) -> LinearModel {
    let mut x = normals(seed, n * p);
    for j in 1..p {
        for i in 0..n {
            x[j * n + i] = correlation * x[(j - 1) * n + i]
                + (1.0 - correlation * correlation).sqrt() * x[j * n + i];
        }
    }
    let mut y = normals(seed + 1, n);
    for k in 0..5 {
        for i in 0..n {
            y[i] += (1.5 - 0.25 * k as f64) * x[k * (p / 5) * n + i];
        }
    }
    let matrix = Matrix::Dense(DenseMatrix::new(n, p, x).unwrap());
    model(&Quadratic, &matrix, Response::Numeric { values: y, columns: 1 }, None)
}

/// The iterations of accelerated proximal gradient without restart (Beck & Teboulle 2009) until the
/// residual of a unit proximal step is at most `tol`.
fn accelerated(model: &LinearModel, penalty: &Plain, tol: f64) -> u64 {
    let p = model.shape().coefficients();
    let step = 0.95 / model.lipschitz().unwrap();
    let (mut x, mut grad) = (model.start(), vec![0.0; model.shape().len()]);
    let (mut z, mut t, mut work) = (x.clone(), 1.0f64, Workspace::default());
    let forward_backward = |z: &[f64], grad: &[f64], step: f64| -> Vec<f64> {
        let forward = |j: usize| z[j] - step * grad[j];
        let shrunk = |j: usize| kernels::soft_threshold(forward(j), step * penalty.0);
        (0..z.len()).map(|j| if j < p { shrunk(j) } else { forward(j) }).collect()
    };
    for iteration in 1..100_000 {
        model.value_gradient(&z, &mut grad, &mut work);
        let next = forward_backward(&z, &grad, step);
        let longer = 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt());
        for (j, z) in z.iter_mut().enumerate() {
            *z = next[j] + (t - 1.0) / longer * (next[j] - x[j]);
        }
        (x, t) = (next, longer);
        model.value_gradient(&x, &mut grad, &mut work);
        let moved = forward_backward(&x, &grad, 1.0);
        if x.iter().zip(&moved).all(|(x, m)| (x - m).abs() <= tol) {
            return iteration;
        }
    }
    panic!("no end")
}

fn steepest(model: &LinearModel) -> f64 {
    let mut grad = vec![0.0; model.shape().len()];
    model.value_gradient(&model.start(), &mut grad, &mut Workspace::default());
    kernels::max_abs(&grad[..model.shape().coefficients()])
}

fn solve(problem: &Problem<'_>, name: &str, tol: f64) -> Outcome {
    let mut control = Control { tol, max_iter: 200_000, ..Control::default() };
    let start = problem.objective.start();
    let outcome = method(name).unwrap().solve(problem, start, &mut control).unwrap();
    assert_eq!(outcome.status, Status::Converged, "{name}: {:?}", outcome.certificate);
    outcome
}

#[test]
fn fewer_iterations_than_accelerated_gradient_without_restart() {
    // The shapes of the published table, which has 39 and 185 iterations to a residual of 1e-6.
    for (n, p, correlation, published) in [(100, 200, 0.5, 39), (200, 400, 0.9, 185)] {
        let model = correlated(3, n, p, correlation);
        let penalty = Plain(0.1 * steepest(&model));
        let counting = Counting { model: &model, gradients: AtomicU64::new(0) };
        let problem =
            Problem { objective: &counting, penalty: &penalty, baseline: Default::default() };
        let outcome = solve(&problem, "prox_ncg", 1e-6);
        let gradients = counting.gradients.load(Ordering::Relaxed);
        let ag = accelerated(&model, &penalty, 1e-6);
        let ours = outcome.iterations;
        eprintln!("{n} x {p}: {ours} iterations, {gradients} gradients; accelerated {ag}");
        assert!(ours < ag && ours < published * 3 / 2, "{ours} against {ag}");
        assert!(gradients < 8 * ours, "{gradients} gradients");
    }
}

#[test]
fn the_lasso_objective_is_that_of_fista() {
    for (seed, n, p, correlation) in [(3, 100, 200, 0.5), (4, 100, 200, 0.9), (5, 300, 60, 0.7)] {
        let model = correlated(seed, n, p, correlation);
        let penalty = Lasso { lambda: 0.05 * steepest(&model), shows: Shows::Separable };
        let problem = problem(&model, &penalty);
        let [ours, fista] = ["prox_ncg", "fista"].map(|name| solve(&problem, name, 1e-10).params);
        let (ours, fista) = (objective(&problem, &ours), objective(&problem, &fista));
        assert!((ours - fista).abs() < 1e-8, "{ours} against {fista}");
    }
}

/// `sum_j x_j - c_j log x_j`, infinite unless all are positive, or `sum_j log(1 + (x_j - c_j)^2)`,
/// which is convex near `c` only.
#[derive(Debug)]
struct Scalars {
    c: Vec<f64>,
    logs: bool,
}

impl Objective for Scalars {
    fn shape(&self) -> Shape {
        Shape { features: self.c.len() - 2, outputs: 1, intercepts: 0, own: 2 }
    }
    fn start(&self) -> Vec<f64> {
        vec![0.0; self.c.len()]
    }
    fn value(&self, params: &[f64], work: &mut Workspace) -> f64 {
        self.value_gradient(params, &mut vec![0.0; params.len()], work)
    }
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        Some(self)
    }
}

impl Smooth for Scalars {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], _work: &mut Workspace) -> f64 {
        let mut value = 0.0;
        for ((x, c), g) in params.iter().zip(&self.c).zip(grad) {
            if self.logs {
                let x = x + 1.0;
                value += if x > 0.0 { x - c * x.ln() } else { f64::INFINITY };
                *g = 1.0 - c / x;
            } else {
                let r = x - c;
                value += (r * r).ln_1p();
                *g = 2.0 * r / (1.0 + r * r);
            }
        }
        value
    }
    fn lipschitz(&self) -> Option<f64> {
        None
    }
}

#[test]
fn an_objective_with_a_domain_is_minimised_inside() {
    // x - c log x + lambda |x - 1| is least at c / (1 + lambda) where that is above 1, at
    // c / (1 - lambda) where below; the last two are free.
    let c = vec![40.0, 1e-3, 1.05, 3.0, 0.4, 70.0, 1e-2];
    let penalty = Lasso { lambda: 0.25, shows: Shows::Separable };
    let objective = Scalars { c, logs: true };
    let problem =
        Problem { objective: &objective, penalty: &penalty, baseline: Default::default() };
    let x = solve(&problem, "prox_ncg", 1e-9).params;
    for (x, best) in x.iter().zip([32.0, 1e-3 / 0.75, 1.0, 2.4, 0.4 / 0.75, 70.0, 1e-2]) {
        assert!((x + 1.0 - best).abs() < 1e-6 * best, "{x:?}");
    }
}

#[test]
fn a_nonconvex_objective_is_never_left_above_its_start() {
    let penalty = Lasso { lambda: 0.02, shows: Shows::Separable };
    let objective = Scalars { c: numbers(7, 50).iter().map(|u| 20.0 * u).collect(), logs: false };
    let problem =
        Problem { objective: &objective, penalty: &penalty, baseline: Default::default() };
    let total = |params: &[f64]| common::objective(&problem, params);
    let start = total(&objective.start());
    let mut highest = f64::NEG_INFINITY;
    let mut watch = |progress: &Progress<'_>| highest = highest.max(total(progress.params));
    let mut control = Control { tol: 1e-9, observer: Some(&mut watch), ..Control::default() };
    let solver = method("prox_ncg").unwrap();
    let outcome = solver.solve(&problem, objective.start(), &mut control).unwrap();
    assert_eq!(outcome.status, Status::Converged);
    assert!(certify(&problem, &outcome.params).value <= 1e-9);
    assert!(highest <= start && total(&outcome.params) < 0.5 * start, "{highest}, {start}");
}

#[test]
fn a_start_outside_the_domain_is_an_error() {
    let objective = Scalars { c: vec![1.0; 4], logs: true };
    let penalty = Plain(0.1);
    let problem =
        Problem { objective: &objective, penalty: &penalty, baseline: Default::default() };
    let solver = method("prox_ncg").unwrap();
    let error = solver.solve(&problem, vec![-2.0; 4], &mut Control::default()).unwrap_err();
    assert!(error.to_string().contains("not finite"), "{error}");
}
