//! Every solver that supports a problem reaches the same certified optimum.

mod common;

use common::*;
use fenchel_core::{
    Convexity, DenseMatrix, Groups, Loss, Matrix, Penalty, Problem, SparseMatrix, certify_with,
};
use fenchel_loss_glm::{Logistic, Poisson};
use fenchel_loss_location::{Huber, Quadratic};
use fenchel_loss_margin::SquaredHinge;
use fenchel_solvers::{Control, Status, methods};

/// Solves with every solver that supports the problem, checks that all agree, and returns their
/// names.
fn all_agree(problem: &Problem<'_>, tol: f64) -> Vec<&'static str> {
    let start = problem.objective.start();
    let mut found: Vec<(&str, f64)> = Vec::new();
    for method in methods() {
        if method.supports(problem).is_err() {
            continue;
        }
        let mut control = Control { tol, max_iter: 200_000, ..Control::default() };
        let outcome = method.solve(problem, start.clone(), &mut control).unwrap();
        assert_eq!(
            outcome.status,
            Status::Converged,
            "{}: {:?}",
            method.name(),
            outcome.certificate
        );
        let fresh = certify_with(problem, &outcome.params, outcome.dual.as_deref());
        assert!(fresh.relative <= tol * 1.01, "{}: {fresh:?}", method.name());
        found.push((method.name(), objective(problem, &outcome.params)));
    }
    let best = found.iter().map(|f| f.1).fold(f64::INFINITY, f64::min);
    for (name, value) in &found {
        assert!(value - best <= 10.0 * tol * best.abs().max(1.0), "{name}: {value} against {best}");
    }
    found.into_iter().map(|f| f.0).collect()
}

fn losses() -> Vec<(Box<dyn Loss>, bool)> {
    vec![
        (Box::new(Quadratic), false),
        (Box::new(Huber::new(0.5).unwrap()), false),
        (Box::new(Logistic), true),
        (Box::new(SquaredHinge), true),
    ]
}

fn lasso(lambda: f64, shows: Shows) -> Lasso {
    Lasso { lambda, shows }
}

#[test]
fn lasso_in_every_disguise_has_one_optimum() {
    for (loss, classifies) in losses() {
        let matrix = dense(3, 60, 20);
        let numeric = response(5, &matrix, 1);
        let y = if classifies { classes(&numeric) } else { numeric };
        let weights = numbers(9, 60).iter().map(|w| 1.5 + w).collect();
        let model = model(&*loss, &matrix, y, Some(weights));
        let mut optima = Vec::new();
        for shows in [Shows::Separable, Shows::Prox] {
            let penalty = lasso(0.03, shows);
            let problem = problem(&model, &penalty);
            let names = all_agree(&problem, 1e-8);
            assert!(names.len() >= 3, "{names:?}");
            let mut control = Control { tol: 1e-10, ..Control::default() };
            let method = methods().iter().find(|m| m.supports(&problem).is_ok()).unwrap();
            let outcome =
                method.solve(&problem, fenchel_core::Objective::start(&model), &mut control);
            optima.push(objective(&problem, &outcome.unwrap().params));
        }
        assert!((optima[0] - optima[1]).abs() < 1e-7, "{optima:?}");
    }
}

#[test]
fn a_sum_without_joint_prox_is_split_to_the_same_optimum() {
    let matrix = dense(4, 50, 10);
    let model = model(&Quadratic, &matrix, response(8, &matrix, 1), None);
    let (whole, split) = (lasso(0.1, Shows::Separable), lasso(0.1, Shows::Terms));
    let (whole, split) = (problem(&model, &whole), problem(&model, &split));
    let solve = |problem: &Problem<'_>, name: &str| {
        let method = fenchel_solvers::method(name).unwrap();
        let start = problem.objective.start();
        let mut control = Control { tol: 1e-8, ..Control::default() };
        let outcome = method.solve(problem, start, &mut control).unwrap();
        assert_eq!(outcome.status, Status::Converged, "{name}: {:?}", outcome.certificate);
        objective(problem, &outcome.params)
    };
    assert!(fenchel_solvers::method("fista").unwrap().supports(&split).is_err());
    assert!((solve(&whole, "cd") - solve(&split, "admm")).abs() < 1e-7);
}

#[test]
fn a_penalty_that_can_be_restricted_is_solved_on_some_coefficients_to_the_same_optimum() {
    let matrix = dense(14, 120, 900);
    let numeric = response(16, &matrix, 1);
    let fista = fenchel_solvers::method("fista").unwrap();
    for (loss, classifies) in losses() {
        let y = if classifies { classes(&numeric) } else { numeric.clone() };
        let model = model(&*loss, &matrix, y, None);
        for lambda in [0.2, 0.01] {
            let mut optima = Vec::new();
            for shows in [Shows::Prox, Shows::Restriction] {
                let penalty = lasso(lambda, shows);
                let problem = problem(&model, &penalty);
                let mut control = Control { tol: 1e-8, ..Control::default() };
                let outcome =
                    fista.solve(&problem, problem.objective.start(), &mut control).unwrap();
                assert_eq!(outcome.status, Status::Converged, "{:?}", outcome.certificate);
                optima.push(objective(&problem, &outcome.params));
            }
            assert!((optima[0] - optima[1]).abs() < 1e-7, "{optima:?}");
        }
    }
}

#[test]
fn groups_are_solved_by_blocks_and_by_gradient_alike() {
    for (loss, classifies) in losses() {
        let matrix = dense(13, 80, 24);
        let numeric = response(15, &matrix, 1);
        let y = if classifies { classes(&numeric) } else { numeric };
        let model = model(&*loss, &matrix, y, None);
        let penalty = GroupLasso { lambda: 0.05, groups: Groups::consecutive(24, 4).unwrap() };
        let names = all_agree(&problem(&model, &penalty), 1e-8);
        for name in ["prox_newton", "fista", "prox_ncg"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }
}

#[test]
fn several_outputs_share_a_design() {
    let matrix = dense(23, 70, 15);
    let y = response(25, &matrix, 3);
    let model = model(&Quadratic, &matrix, y, None);
    let separable = lasso(0.05, Shows::Separable);
    let rows = GroupLasso { lambda: 0.1, groups: Groups::singletons(15) };
    assert!(all_agree(&problem(&model, &separable), 1e-9).contains(&"cd"));
    assert!(all_agree(&problem(&model, &rows), 1e-9).contains(&"block_cd"));
}

#[test]
fn a_sparse_design_gives_the_dense_solution() {
    let (sparse, dense) = sparse_and_dense(33, 90, 30);
    let y = response(35, &dense, 1);
    let fit = |matrix: &Matrix, loss: &dyn Loss, y| {
        let model = model(loss, matrix, y, None);
        let penalty = lasso(0.04, Shows::Separable);
        let problem = problem(&model, &penalty);
        all_agree(&problem, 1e-9);
        let method = methods().iter().find(|m| m.supports(&problem).is_ok()).unwrap();
        let mut control = Control { tol: 1e-12, ..Control::default() };
        method.solve(&problem, fenchel_core::Objective::start(&model), &mut control).unwrap().params
    };
    for (loss, classifies) in losses() {
        let y = if classifies { classes(&y) } else { y.clone() };
        let (a, b) = (fit(&sparse, &*loss, y.clone()), fit(&dense, &*loss, y));
        let apart = a.iter().zip(&b).fold(0.0f64, |top, (a, b)| top.max((a - b).abs()));
        assert!(apart < 1e-5, "{loss:?}: {apart}");
    }
}

#[test]
fn descent_on_copies_of_sparse_columns_ends_where_that_on_the_columns_does() {
    let (n, p) = (90, 400);
    let (sparse, dense) = sparse_and_dense(37, n, p);
    let y = response(39, &dense, 1);
    let weights: Vec<f64> = numbers(41, n).iter().map(|w| 1.5 + w).collect();
    // The last is too small for single precision, so that there are no copies.
    for scale in [1.0, 1e6, 1e-43] {
        let scaled = |matrix: &Matrix| match matrix.clone() {
            Matrix::Sparse(sparse) => {
                let (starts, rows, values) = sparse.into_parts();
                let values = values.iter().map(|x| scale * x).collect();
                Matrix::Sparse(SparseMatrix::new(n, p, starts, rows, values).unwrap())
            }
            Matrix::Dense(dense) => {
                let values = dense.values().iter().map(|x| scale * x).collect();
                Matrix::Dense(DenseMatrix::new(n, p, values).unwrap())
            }
        };
        for (loss, classifies) in losses() {
            let y = if classifies { classes(&y) } else { y.clone() };
            let values = [&sparse, &dense].map(|matrix| {
                let model = model(&*loss, &scaled(matrix), y.clone(), Some(weights.clone()));
                let penalty = lasso(0.05, Shows::Separable);
                let problem = problem(&model, &penalty);
                let method = methods().iter().find(|m| m.supports(&problem).is_ok()).unwrap();
                let mut control = Control { tol: 1e-12, ..Control::default() };
                let start = fenchel_core::Objective::start(&model);
                let outcome = method.solve(&problem, start, &mut control).unwrap();
                assert_eq!(outcome.status, Status::Converged, "{loss:?}, {scale}");
                let count = outcome.params[..p].iter().filter(|b| **b != 0.0).count();
                assert!((5..90).contains(&count), "{loss:?}, {scale}: {count}");
                objective(&problem, &outcome.params)
            });
            assert!((values[0] - values[1]).abs() < 1e-11, "{loss:?}, {scale}: {values:?}");
        }
    }
}

#[test]
fn counts_without_a_curvature_bound_are_solved() {
    let matrix = dense(43, 100, 12);
    let fenchel_core::Response::Numeric { values, columns } = response(45, &matrix, 1) else {
        panic!()
    };
    let values = values.iter().map(|y| (y.max(0.0) * 2.0).floor()).collect();
    let y = fenchel_core::Response::Numeric { values, columns };
    let model = model(&Poisson, &matrix, y, None);
    let penalty = lasso(0.02, Shows::Separable);
    let names = all_agree(&problem(&model, &penalty), 1e-8);
    assert!(names.contains(&"prox_newton") && names.contains(&"prox_ncg"), "{names:?}");
}

#[test]
fn more_features_than_samples_are_no_obstacle() {
    let matrix = dense(53, 30, 200);
    let model = model(&Quadratic, &matrix, response(55, &matrix, 1), None);
    let penalty = lasso(0.05, Shows::Separable);
    assert_eq!(penalty.convexity(), Convexity::Convex);
    all_agree(&problem(&model, &penalty), 1e-8);
}

#[test]
fn limits_are_statuses_and_keep_the_point() {
    let matrix = dense(63, 60, 30);
    let model = model(&Quadratic, &matrix, response(65, &matrix, 1), None);
    let penalty = lasso(1e-4, Shows::Prox);
    let problem = problem(&model, &penalty);
    let fista = fenchel_solvers::method("fista").unwrap();
    let start = fenchel_core::Objective::start(&model);
    let mut short = Control { tol: 1e-14, max_iter: 5, ..Control::default() };
    let outcome = fista.solve(&problem, start.clone(), &mut short).unwrap();
    assert_eq!((outcome.status, outcome.iterations), (Status::MaxIter, 5));
    assert!(objective(&problem, &outcome.params) < objective(&problem, &start));
    let mut late =
        Control { tol: 1e-14, deadline: Some(std::time::Instant::now()), ..Control::default() };
    assert_eq!(fista.solve(&problem, start.clone(), &mut late).unwrap().status, Status::TimeLimit);
    let flag = std::sync::atomic::AtomicBool::new(true);
    let mut stopped = Control { tol: 1e-14, interrupt: Some(&flag), ..Control::default() };
    assert_eq!(fista.solve(&problem, start, &mut stopped).unwrap().status, Status::Interrupted);
}
