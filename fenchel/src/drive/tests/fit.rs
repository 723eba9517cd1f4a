//! Single fits.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use fenchel_core::CertificateKind;
use fenchel_solvers::Status;
use serde_json::json;

use super::fixture::*;
use crate::drive::{Job, Solution, plan};

/// `(1/n) sum (y - b0 - x b)^2 / 2` at the coefficients that were returned.
fn mean_loss(table: &Table, solution: &Solution) -> f64 {
    let n = table[0].1.len();
    let residual = |i: usize| {
        let fit: f64 = (0..3).map(|j| table[j].1[i] * solution.coefficients[j]).sum();
        table[3].1[i] - solution.intercept[0] - fit
    };
    (0..n).map(|i| 0.5 * residual(i).powi(2)).sum::<f64>() / n as f64
}

fn deviation(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[test]
fn values_are_those_of_the_coefficients_returned() {
    let table = linear(60);
    let solution = solved(&job(&table, quadratic(), l1(0.2)));
    assert_eq!(solution.status, Status::Converged);
    let loss = mean_loss(&table, &solution);
    let penalty: f64 =
        (0..3).map(|j| 0.2 * (solution.coefficients[j] * deviation(&table[j].1)).abs()).sum();
    close(
        &[solution.loss, solution.penalty, solution.objective],
        &[loss, penalty, loss + penalty],
        1e-12,
    );
    assert_eq!(solution.certificate.kind, CertificateKind::DualityGap);
    assert!(solution.certificate.relative <= 1e-10);
    assert_eq!((solution.lambda, solution.features, solution.outputs), (Some(1.0), 3, 1));
}

#[test]
fn least_squares_does_not_depend_on_standardisation() {
    let table = linear(40);
    let mut plain = job(&table, quadratic(), json!({ "type": "none" }));
    let scaled = solved(&plain);
    plain.model.standardize = false;
    plain.solver.tol = 1e-13;
    let unscaled = solved(&plain);
    close(&scaled.coefficients, &unscaled.coefficients, 1e-5);
    close(&[scaled.objective], &[unscaled.objective], 1e-10);
}

#[test]
fn without_an_intercept_columns_are_scaled_but_not_centred() {
    let table = linear(50);
    let mut job = job(&table, quadratic(), l1(0.1));
    job.model.intercept = false;
    let solution = solved(&job);
    assert!(solution.intercept.is_empty());
    let n = 50;
    let residual = |i: usize| {
        table[3].1[i] - (0..3).map(|j| table[j].1[i] * solution.coefficients[j]).sum::<f64>()
    };
    // Optimality on the original columns, whose penalty weights are their deviations.
    for (b, (_, x)) in solution.coefficients.iter().zip(&table) {
        let gradient = -(0..n).map(|i| x[i] * residual(i)).sum::<f64>() / n as f64;
        let weight = 0.1 * deviation(x);
        if *b == 0.0 {
            assert!(gradient.abs() <= weight * (1.0 + 1e-6));
        } else {
            close(&[-gradient], &[weight * b.signum()], 1e-4);
        }
    }
}

#[test]
fn a_weight_of_two_is_the_sample_twice() {
    for loss in [quadratic(), json!({ "type": "logistic" })] {
        let mut table = binary(30);
        let weights: Vec<f64> = (0..30).map(|i| f64::from(1 + i % 3)).collect();
        let twice: Table = table
            .iter()
            .map(|(name, v)| {
                let repeat = (0..30).flat_map(|i| vec![v[i]; weights[i] as usize]).collect();
                (*name, repeat)
            })
            .collect();
        table.push(("w", weights));
        let weighted = solved(&job_with(&table, json!({ "weights": "w" }), loss.clone(), l1(0.03)));
        let repeated = solved(&job(&twice, loss, l1(0.03)));
        close(&weighted.coefficients, &repeated.coefficients, 1e-4);
        close(&[weighted.objective], &[repeated.objective], 1e-9);
    }
}

#[test]
fn an_offset_is_taken_off_the_response() {
    let mut table = linear(40);
    let offset = noise(40, 77);
    let plain = solved(&job(&table, quadratic(), l1(0.1)));
    table[3].1.iter_mut().zip(&offset).for_each(|(y, o)| *y += o);
    table.push(("o", offset));
    let shifted = solved(&job_with(&table, json!({ "offset": "o" }), quadratic(), l1(0.1)));
    close(&shifted.coefficients, &plain.coefficients, 1e-5);
    close(&shifted.intercept, &plain.intercept, 1e-5);
}

#[test]
fn poisson_counts_with_exposure_have_the_total_rate_as_null_model() {
    let mut table = linear(30);
    table[3].1 = (0..30).map(|i| f64::from(i % 4)).collect();
    table.push(("t", (0..30).map(|i| 1.0 + f64::from(i % 5)).collect()));
    let job = job_with(&table, json!({ "exposure": "t" }), json!({ "type": "poisson" }), l1(1e3));
    let solution = solved(&job);
    let rate = table[3].1.iter().sum::<f64>() / table[4].1.iter().sum::<f64>();
    close(&solution.intercept, &[rate.ln()], 1e-13);
    assert!(solution.coefficients.iter().all(|b| *b == 0.0));
    assert_eq!(solution.iterations, 0);
}

#[test]
fn constant_columns_and_constant_responses_are_ordinary() {
    let mut table = linear(20);
    table[2].1 = vec![3.0; 20];
    let solution = solved(&job(&table, quadratic(), l1(0.01)));
    assert_eq!((solution.status, solution.coefficients[2]), (Status::Converged, 0.0));
    table[3].1 = vec![0.0; 20];
    let solution = solved(&job(&table, quadratic(), l1(0.01)));
    assert_eq!((solution.status, solution.objective), (Status::Converged, 0.0));
    table[3].1 = vec![2.5; 20];
    let flat = job(&table, quadratic(), l1(0.01));
    close(&solved(&flat).intercept, &[2.5], 1e-14);
    assert!(message(&on_path(flat, 5, 0.1)).contains("null model solves the problem"));
}

#[test]
fn several_outputs_have_columns_of_their_own() {
    let mut table = linear(40);
    let z: Vec<f64> = (0..40).map(|i| 2.0 * table[2].1[i] - 1.0).collect();
    table.push(("z", z));
    let both = json!({ "response": ["y", "z"] });
    let none = json!({ "type": "none" });
    let solution = solved(&job_with(&table, both, quadratic(), none));
    assert_eq!((solution.features, solution.outputs), (3, 2));
    close(&solution.coefficients[3..], &[0.0, 0.0, 2.0], 1e-4);
    close(&solution.intercept[1..], &[-1.0], 1e-4);
}

#[test]
fn a_solver_that_lacks_something_is_refused_with_those_that_do_not() {
    let mut job = job(&linear(20), quadratic(), json!({ "type": "fused" }));
    job.solver.name = "cd".into();
    let text = message(&job);
    assert!(text.contains("solver \"cd\" needs") && text.contains("of the penalty"), "{text}");
    assert!(text.contains("fista"), "{text}");
    job.solver.name = "cdd".into();
    assert_eq!(message(&job), "unknown solver \"cdd\": did you mean \"cd\"?");
}

#[test]
fn limits_are_statuses_and_leave_a_result() {
    let job = |change: fn(&mut Job)| {
        let mut job = job(&linear(60), quadratic(), l1(1e-4));
        job.solver.name = "fista".into();
        change(&mut job);
        solved(&job)
    };
    assert_eq!(job(|j| j.solver.max_iter = 2).status, Status::MaxIter);
    assert_eq!(job(|j| j.deadline = Some(Instant::now())).status, Status::TimeLimit);
    let stopped = job(|j| j.interrupt = Some(Arc::new(AtomicBool::new(true))));
    assert_eq!(stopped.status, Status::Interrupted);
    assert_eq!(stopped.coefficients.len(), 3);
}

#[test]
fn a_tolerance_that_is_none_is_refused() {
    let mut job = job(&linear(10), quadratic(), l1(0.1));
    job.solver.tol = -1.0;
    assert!(message(&job).contains("`tol` must be finite and greater than 0"));
}

#[test]
fn one_sample_is_too_few() {
    let table: Table = vec![("a", vec![1.0]), ("y", vec![2.0])];
    assert!(message(&job(&table, quadratic(), l1(0.1))).contains("at least two samples"));
}

#[test]
fn a_plan_says_what_would_run() {
    let job = on_path(job(&linear(30), quadratic(), l1(1.0)), 7, 0.01);
    let plan = plan(&job).unwrap();
    assert_eq!((plan.samples, plan.features, plan.outputs, plan.intercepts), (30, 3, 1, 1));
    assert!(plan.reason.starts_with(plan.solver) && plan.reason.contains(", because "));
    assert_eq!(plan.certificate, CertificateKind::DualityGap);
    let scales = plan.scales.unwrap();
    assert_eq!((scales.len(), Some(scales[0])), (7, plan.lambda_max));
    assert!(plan.memory >= 8 * 90);
}
