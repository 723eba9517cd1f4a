//! Losses without gradient, from the null model to cross-validation.

use fenchel_core::CertificateKind;
use fenchel_solvers::Status;
use serde_json::{Value, json};

use super::fixture::*;
use crate::drive::plan;

fn quantile(tau: f64) -> Value {
    json!({ "type": "quantile", "tau": tau })
}

#[test]
fn a_path_begins_at_the_smallest_scale_with_zero_coefficients() {
    let full = on_path(job(&linear(61), quantile(0.7), l1(1.0)), 6, 0.05);
    let top = plan(&full).unwrap().lambda_max.unwrap();
    let points = solved(&full).path.unwrap();
    assert_eq!((points[0].lambda, points[0].nonzeros), (top, 0));
    for point in &points {
        assert_eq!(point.status, Status::Converged);
        assert_eq!(point.certificate.kind, CertificateKind::DualityGap);
        assert!(point.certificate.relative <= 1e-10, "{:?}", point.certificate);
    }
    let below = solved(&job(&linear(61), quantile(0.7), l1(top * (1.0 - 1e-3))));
    assert!(below.coefficients.iter().any(|b| *b != 0.0));
}

#[test]
fn the_null_model_is_the_sample_quantile() {
    let table = linear(41);
    let at_zero = solved(&job(&table, quantile(0.9), l1(1e3)));
    let mut y = table[3].1.clone();
    y.sort_by(f64::total_cmp);
    // 41 * 0.9 = 36.9: the 37th.
    close(&at_zero.intercept, &[y[36]], 1e-12);
    assert!(at_zero.coefficients.iter().all(|b| *b == 0.0));
}

#[test]
fn unpenalised_features_are_fitted_at_the_first_point_without_a_gradient() {
    let penalty = json!({ "type": "l1", "weights": [0.0, 1.0, 1.0] });
    let full = on_path(job(&linear(50), quantile(0.5), penalty), 4, 0.1);
    let points = solved(&full).path.unwrap();
    let first = points[0].coefficients.dense();
    assert!(first[0] != 0.0 && first[1] == 0.0 && first[2] == 0.0, "{first:?}");
    let alone: Table = vec![linear(50).swap_remove(0), linear(50).swap_remove(3)];
    let median = solved(&job(&alone, quantile(0.5), json!({ "type": "none" })));
    assert!((points[0].loss - median.objective).abs() < 1e-9);
}

#[test]
fn integer_responses_have_a_certified_path() {
    let mut table = linear(40);
    for column in &mut table {
        column.1.iter_mut().for_each(|v| *v = (2.0 * *v).round());
    }
    let points = solved(&on_path(job(&table, quantile(0.5), l1(1.0)), 8, 1e-3)).path.unwrap();
    assert!(points.iter().all(|point| point.status == Status::Converged), "{points:?}");
}

#[test]
fn penalties_that_do_not_separate_are_split() {
    let penalty = json!({ "type": "group_lasso", "lambda": 0.05, "groups": [["a", "b"], ["c"]] });
    let mut job = job(&linear(40), quantile(0.5), penalty);
    job.solver.tol = 1e-6;
    let solution = solved(&job);
    assert_eq!((solution.solver, solution.status), ("admm", Status::Converged));
    assert_eq!(solution.certificate.kind, CertificateKind::DualityGap);
}
