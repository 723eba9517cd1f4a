//! Losses without gradient end with a duality gap: on degenerate data, with weights, offsets,
//! unpenalised coefficients, more features than samples, dense and sparse.

mod common;

use common::*;
use fenchel_core::{
    Bound, CertificateKind, Conjugate, Convexity, DenseMatrix, Design, Lineality, LinearModel,
    Loss, Matrix, Objective, Penalty, Problem, Prox, Response, Samples, Separable, certify_with,
};
use fenchel_loss_location::Quantile;
use fenchel_solvers::{Control, Outcome, Status, method};

const TOL: f64 = 1e-9;

/// Solves and checks the certificate afresh; returns the outcome and `F`.
fn solved(problem: &Problem<'_>, solver: &str, tol: f64) -> (Outcome, f64) {
    let mut control = Control { tol, max_iter: 100_000, ..Control::default() };
    let start = problem.objective.start();
    let outcome = method(solver).unwrap().solve(problem, start, &mut control).unwrap();
    let at = (outcome.iterations, outcome.certificate);
    assert_eq!(outcome.status, Status::Converged, "{solver}: {at:?}, {:?}", problem.penalty);
    let fresh = certify_with(problem, &outcome.params, outcome.dual.as_deref());
    assert_eq!(fresh.kind, CertificateKind::DualityGap);
    assert!(fresh.relative <= tol * 1.01, "{solver}: {fresh:?}");
    let value = objective(problem, &outcome.params);
    (outcome, value)
}

fn fitted(tau: f64, matrix: &Matrix, y: Vec<f64>, weights: Option<Vec<f64>>) -> LinearModel {
    let response = Response::Numeric { values: y, columns: 1 };
    model(&Quantile::new(tau).unwrap(), matrix, response, weights)
}

/// The same model with the columns as they are, an offset, and an intercept or none.
fn plain(
    tau: f64,
    matrix: &Matrix,
    y: Vec<f64>,
    offset: Option<Vec<f64>>,
    intercept: bool,
) -> LinearModel {
    let response = Response::Numeric { values: y, columns: 1 };
    let samples = Samples::new(response, None).unwrap();
    let design = Design::new(matrix.clone());
    let Bound::Eta(fit) = Quantile::new(tau).unwrap().bind(&samples, &design).unwrap() else {
        panic!("a linear predictor")
    };
    LinearModel::new(design, fit, offset, intercept).unwrap()
}

fn values(response: Response) -> Vec<f64> {
    let Response::Numeric { values, .. } = response else { panic!("numeric") };
    values
}

fn lasso(lambda: f64) -> Lasso {
    Lasso { lambda, shows: Shows::Separable }
}

/// No penalty.
#[derive(Debug)]
struct Nothing;

impl Penalty for Nothing {
    fn value(&self, _beta: &[f64]) -> f64 {
        0.0
    }
    fn scaled(&self, _scale: f64) -> Box<dyn Penalty> {
        Box::new(Self)
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        Lineality::Everything
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
}

impl Separable for Nothing {
    fn value_at(&self, _j: usize, _b: f64) -> f64 {
        0.0
    }
    fn prox_at(&self, _j: usize, v: f64, _step: f64) -> f64 {
        v
    }
    fn subdiff_dist_at(&self, _j: usize, _b: f64, grad: f64) -> f64 {
        grad.abs()
    }
}

impl Conjugate for Nothing {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if u.iter().all(|u| *u == 0.0) { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        f64::from(u8::from(u.iter().all(|u| *u == 0.0)))
    }
}

/// The lasso, or nothing for `lambda = 0`.
fn shrunk(lambda: f64) -> Box<dyn Penalty> {
    if lambda == 0.0 { Box::new(Nothing) } else { Box::new(lasso(lambda)) }
}

#[test]
fn two_algorithms_reach_one_optimum() {
    for (seed, tau, lambda) in [(3, 0.5, 0.05), (5, 0.9, 0.02), (7, 0.2, 0.005)] {
        let matrix = dense(seed, 60, 12);
        let y = values(response(seed + 1, &matrix, 1));
        let weights = numbers(9, 60).iter().map(|w| (1.5 + 2.0 * w).max(0.0)).collect();
        let model = fitted(tau, &matrix, y, Some(weights));
        let penalty = lasso(lambda);
        let problem = problem(&model, &penalty);
        let (_, by_point) = solved(&problem, "prox_point", TOL);
        let (_, by_splitting) = solved(&problem, "admm", 1e-7);
        assert!((by_point - by_splitting).abs() <= 2e-7, "{by_point} and {by_splitting}");
    }
}

#[test]
fn integer_data_with_many_ties_end_with_a_certificate() {
    for n in [7, 20, 50, 200] {
        let round = |v: &f64| (3.0 * v).round();
        let matrix: Vec<f64> = numbers(n as u64, n * 6).iter().map(round).collect();
        let matrix = Matrix::Dense(DenseMatrix::new(n, 6, matrix).unwrap());
        let y: Vec<f64> = numbers(91 + n as u64, n).iter().map(round).collect();
        for tau in [0.5, 0.25, 0.75] {
            for lambda in [0.0, 1e-3, 0.05, 0.125, 0.25] {
                for intercept in [true, false] {
                    let model = plain(tau, &matrix, y.clone(), None, intercept);
                    solved(&problem(&model, &*shrunk(lambda)), "prox_point", TOL);
                }
            }
        }
    }
}

#[test]
fn duplicate_rows_and_columns_constant_columns_and_zeros_are_no_obstacle() {
    let n = 24;
    let base = numbers(5, n * 3);
    let mut columns = base.clone();
    columns.extend_from_slice(&base[..n]); // a column twice
    columns.extend(std::iter::repeat_n(2.5, n)); // a constant one
    columns.extend(std::iter::repeat_n(0.0, n));
    for column in columns.chunks_mut(n) {
        for i in 0..n / 2 {
            column[n / 2 + i] = column[i]; // every row twice
        }
    }
    let matrix = Matrix::Dense(DenseMatrix::new(n, 6, columns).unwrap());
    let y = values(response(6, &matrix, 1));
    for lambda in [0.0, 0.01, 0.1] {
        let penalty = shrunk(lambda);
        let standardized = fitted(0.4, &matrix, y.clone(), None);
        solved(&problem(&standardized, &*penalty), "prox_point", TOL);
        let raw = plain(0.4, &matrix, y.clone(), Some(base[..n].to_vec()), true);
        solved(&problem(&raw, &*penalty), "prox_point", TOL);
    }
}

#[test]
fn a_zero_weight_is_an_absent_sample() {
    let matrix = dense(11, 40, 6);
    let y = values(response(12, &matrix, 1));
    let kept: Vec<usize> = (0..40).filter(|i| i % 3 != 0).collect();
    let weights = (0..40).map(|i| if i % 3 == 0 { 0.0 } else { 1.0 }).collect();
    let mut spoilt = y.clone();
    (0..40).step_by(3).for_each(|i| spoilt[i] += 1e3);
    let penalty = lasso(0.03);
    let whole = fitted(0.7, &matrix, spoilt, Some(weights));
    let part = fitted(0.7, &matrix.select_rows(&kept), kept.iter().map(|&i| y[i]).collect(), None);
    let (_, whole) = solved(&problem(&whole, &penalty), "prox_point", TOL);
    let (_, part) = solved(&problem(&part, &penalty), "prox_point", TOL);
    assert!((whole - part).abs() < 1e-8, "{whole} and {part}");
}

#[test]
fn more_features_than_samples_and_exact_interpolation() {
    let matrix = dense(13, 30, 90);
    let y = values(response(14, &matrix, 1));
    for lambda in [0.1, 0.01, 1e-4] {
        let model = fitted(0.3, &matrix, y.clone(), None);
        let penalty = lasso(lambda);
        let (outcome, _) = solved(&problem(&model, &penalty), "prox_point", TOL);
        let nonzeros = outcome.params[..90].iter().filter(|b| **b != 0.0).count();
        assert!(nonzeros <= 31, "{nonzeros} coefficients of a problem with 30 samples");
    }
}

#[test]
fn a_sparse_design_gives_the_dense_optimum() {
    let (sparse, dense) = sparse_and_dense(33, 90, 30);
    let y = values(response(35, &dense, 1));
    let penalty = lasso(0.02);
    let value = |matrix: &Matrix| {
        let model = fitted(0.6, matrix, y.clone(), None);
        solved(&problem(&model, &penalty), "prox_point", 1e-11).1
    };
    assert!((value(&sparse) - value(&dense)).abs() < 1e-10);
}

#[test]
fn scale_and_location_of_the_response_do_not_matter() {
    let matrix = dense(17, 50, 8);
    let y = values(response(18, &matrix, 1));
    let mut optima = Vec::new();
    for (scale, location) in [(1.0, 0.0), (1e6, 0.0), (1e-6, 0.0), (1.0, 1e6), (1.0, -1e7)] {
        let y = y.iter().map(|y| scale * y + location).collect();
        let model = fitted(0.8, &matrix, y, None);
        let penalty = lasso(0.02);
        let problem = problem(&model, &penalty);
        // Relative to the objective at zero, which the location takes part in.
        let (outcome, value) = solved(&problem, "prox_point", 1e-9);
        let nonzeros = outcome.params[..8].iter().filter(|b| **b != 0.0).count();
        if location == 0.0 {
            optima.push((value / scale, nonzeros));
        }
    }
    for (value, nonzeros) in &optima {
        assert!((value - optima[0].0).abs() < 1e-3 * optima[0].0, "{optima:?}");
        assert!(*nonzeros == optima[0].1 || *value > 0.0);
    }
}

#[test]
fn a_candidate_that_is_nonsense_is_no_certificate() {
    let matrix = dense(19, 40, 5);
    let y = values(response(20, &matrix, 1));
    let model = fitted(0.5, &matrix, y, None);
    let penalty = lasso(0.05);
    let problem = problem(&model, &penalty);
    let (outcome, least) = solved(&problem, "prox_point", TOL);
    // Away from the optimum the gap is at least the distance, whatever the candidate says.
    let start = model.start();
    let away = objective(&problem, &start) - least;
    let noise = numbers(4, 40);
    let scaled = |c: f64| noise.iter().map(|u| c * u).collect::<Vec<f64>>();
    let candidates =
        [outcome.dual.clone().unwrap(), scaled(1.0), scaled(1e6), scaled(1e-9), vec![f64::NAN; 40]];
    for candidate in candidates {
        let gap = certify_with(&problem, &start, Some(&candidate));
        assert!(gap.value >= away - 1e-12, "{gap:?} below {away}");
        let best = certify_with(&problem, &outcome.params, Some(&candidate));
        assert!(best.value >= -1e-12, "{best:?}");
    }
    assert_eq!(penalty.value(&start[..5]), 0.0);
}
