//! Losses that couple the columns of a sample, and losses with thresholds: every solver that supports
//! a problem reaches the same certified optimum, whatever the shape of the curvature.

mod common;

use common::*;
use fenchel_core::{
    CertificateKind, Curvature, CurvatureForm, DataFit, DenseMatrix, FitConjugate, Groups,
    LinearModel, Loss, Matrix, Objective, Penalty, Problem, Response, SmoothFit, certify,
};
use fenchel_loss_categorical::{CumulativeLogit, Multinomial};
use fenchel_solvers::{Control, Outcome, Status, methods};

/// As many classes of equal size, in the order of a numeric response.
fn ordered(response: &Response, number: usize) -> Response {
    let Response::Numeric { values, .. } = response else { panic!("numeric") };
    let below = |y: f64| values.iter().filter(|other| **other < y).count();
    Response::Classes {
        class: values.iter().map(|y| (below(*y) * number / values.len()) as u32).collect(),
        labels: (0..number).map(|c| c.to_string()).collect(),
    }
}

fn solve(problem: &Problem<'_>, name: &str, tol: f64) -> Outcome {
    let mut control = Control { tol, max_iter: 200_000, ..Control::default() };
    let method = fenchel_solvers::method(name).unwrap();
    let outcome = method.solve(problem, problem.objective.start(), &mut control).unwrap();
    assert_eq!(outcome.status, Status::Converged, "{name}: {:?}", outcome.certificate);
    let fresh = certify(problem, &outcome.params);
    assert_eq!(fresh.kind, CertificateKind::DualityGap, "{name}");
    assert!(fresh.relative <= 1.01 * tol, "{name}: {fresh:?}");
    outcome
}

/// Solves with every solver that supports the problem; all reach one optimum.
fn all_agree(model: &LinearModel, penalty: &dyn Penalty) -> Vec<&'static str> {
    let problem = problem(model, penalty);
    let able = methods().iter().filter(|method| method.supports(&problem).is_ok());
    let names: Vec<&str> = able.map(|method| method.name()).collect();
    let reached: Vec<f64> =
        names.iter().map(|name| objective(&problem, &solve(&problem, name, 1e-8).params)).collect();
    for (name, value) in names.iter().zip(&reached) {
        assert!((value - reached[0]).abs() < 1e-7, "{name}: {value} against {reached:?}");
    }
    names
}

fn losses() -> Vec<(Box<dyn Loss>, usize)> {
    vec![
        (Box::new(Multinomial), 2),
        (Box::new(Multinomial), 5),
        (Box::new(CumulativeLogit::new(true)), 4),
        (Box::new(CumulativeLogit::new(false)), 4),
    ]
}

#[test]
fn the_lasso_is_solved_alike_dense_and_sparse() {
    let (sparse, dense) = sparse_and_dense(3, 120, 20);
    for (loss, number) in losses() {
        let penalty = Lasso { lambda: 0.03, shows: Shows::Separable };
        let mut optima = Vec::new();
        for matrix in [&sparse, &dense] {
            let model = model(&*loss, matrix, ordered(&response(5, &dense, 1), number), None);
            let names = all_agree(&model, &penalty);
            assert!(names.contains(&"prox_newton") && names.contains(&"fista"), "{names:?}");
            let problem = problem(&model, &penalty);
            optima.push(objective(&problem, &solve(&problem, "prox_newton", 1e-11).params));
        }
        assert!((optima[0] - optima[1]).abs() < 1e-10, "{loss:?}: {optima:?}");
    }
}

#[test]
fn rows_and_groups_are_solved_alike() {
    for (loss, number) in losses() {
        let matrix = dense(13, 100, 24);
        let weights = numbers(9, 100).iter().map(|w| 1.5 + w).collect();
        let model =
            model(&*loss, &matrix, ordered(&response(15, &matrix, 1), number), Some(weights));
        for groups in [Groups::singletons(24), Groups::consecutive(24, 4).unwrap()] {
            let names = all_agree(&model, &GroupLasso { lambda: 0.06, groups });
            assert!(names.contains(&"prox_newton"), "{names:?}");
        }
    }
}

#[test]
fn without_a_penalty_newtons_steps_reach_the_optimum_at_once_even_where_it_is_not_unique() {
    let (n, p) = (150, 6);
    let mut x = numbers(31, n * p);
    let (others, last) = x.split_at_mut(n * (p - 1));
    for (i, last) in last.iter_mut().enumerate() {
        *last = others[i] - others[n + i];
    }
    let matrix = Matrix::Dense(DenseMatrix::new(n, p, x).unwrap());
    for (loss, number) in losses() {
        let y = ordered(&response(33, &matrix, 1), number);
        let model = model(&*loss, &matrix, y, None);
        let penalty = Lasso { lambda: 0.0, shows: Shows::Separable };
        let names = all_agree(&model, &penalty);
        assert!(names.contains(&"prox_newton") && names.contains(&"fista"), "{names:?}");
        let outcome = solve(&problem(&model, &penalty), "prox_newton", 1e-10);
        assert!(outcome.iterations <= 2, "{loss:?}: {}", outcome.iterations);
    }
}

#[test]
fn without_intercept_a_centred_design_stays_centred() {
    let (sparse, _) = sparse_and_dense(23, 90, 15);
    let y = ordered(&response(25, &sparse, 1), 3);
    let fitted = model(&Multinomial, &sparse, y, None);
    let bare = LinearModel::new(fitted.design.clone(), fitted.fit, None, false).unwrap();
    all_agree(&bare, &Lasso { lambda: 0.02, shows: Shows::Separable });
}

/// The multinomial loss, with its blocks of curvature written out.
#[derive(Debug)]
struct Written(Box<dyn DataFit>);

impl DataFit for Written {
    fn samples(&self) -> usize {
        self.0.samples()
    }
    fn outputs(&self) -> usize {
        self.0.outputs()
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        self.0.value(eta, own)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        self.0.as_smooth()
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        self.0.as_conjugate()
    }
}

impl Curvature for Written {
    fn form(&self) -> CurvatureForm {
        CurvatureForm::Blocks
    }
    fn curvature(&self, eta: &[f64], own: &[f64], out: &mut [f64]) {
        let (n, outputs) = (self.samples(), self.outputs());
        let inner = self.0.as_curvature().unwrap();
        let mut h = vec![0.0; inner.form().length(n, outputs)];
        inner.curvature(eta, own, &mut h);
        for (k, l) in (0..outputs).flat_map(|k| (0..outputs).map(move |l| (k, l))) {
            for i in 0..n {
                out[i + n * (k + outputs * l)] = inner.form().entry((n, outputs), &h, i, (k, l));
            }
        }
    }
}

#[test]
fn blocks_written_out_give_the_solution_of_rank_one_blocks() {
    let matrix = dense(33, 80, 12);
    let penalty = Lasso { lambda: 0.02, shows: Shows::Separable };
    let fitted = model(&Multinomial, &matrix, ordered(&response(35, &matrix, 1), 3), None);
    let short = solve(&problem(&fitted, &penalty), "prox_newton", 1e-12);
    let fit = Box::new(Written(fitted.fit));
    let written = LinearModel::new(fitted.design.clone(), fit, None, true).unwrap();
    let long = solve(&problem(&written, &penalty), "prox_newton", 1e-12);
    let coefficients = fitted_length(&written);
    for (a, b) in short.params[..coefficients].iter().zip(&long.params) {
        assert!((a - b).abs() < 1e-5, "{short:?} {long:?}");
    }
}

fn fitted_length(model: &LinearModel) -> usize {
    model.shape().coefficients()
}

#[test]
fn an_offset_moves_the_thresholds_only() {
    // An offset that is the same for all samples is taken up by the thresholds.
    let matrix: Matrix = dense(43, 100, 8);
    let penalty = Lasso { lambda: 0.02, shows: Shows::Separable };
    for parallel in [true, false] {
        let loss = CumulativeLogit::new(parallel);
        let plain = model(&loss, &matrix, ordered(&response(45, &matrix, 1), 3), None);
        let best = solve(&problem(&plain, &penalty), "prox_newton", 1e-12);
        let offset = vec![0.7; 100 * plain.fit.outputs()];
        let moved = LinearModel::new(plain.design.clone(), plain.fit, Some(offset), true).unwrap();
        let after = solve(&problem(&moved, &penalty), "prox_newton", 1e-12);
        let coefficients = fitted_length(&moved);
        for (j, (a, b)) in best.params.iter().zip(&after.params).enumerate() {
            let shift = if j < coefficients { 0.0 } else { 0.7 };
            assert!((a - b - shift).abs() < 1e-5, "{parallel}, parameter {j}: {a} {b}");
        }
    }
}
