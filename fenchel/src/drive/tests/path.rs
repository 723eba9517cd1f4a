//! Paths.

use std::time::{Duration, Instant};

use fenchel_solvers::Status;
use serde_json::json;

use super::fixture::*;
use crate::drive::{Event, Listener, plan, run};
use crate::file::config::PathConfig;

#[test]
fn the_first_scale_is_the_smallest_with_zero_coefficients() {
    for loss in [quadratic(), json!({ "type": "logistic" })] {
        let full = on_path(job(&binary(60), loss.clone(), l1(1.0)), 5, 0.1);
        let top = plan(&full).unwrap().lambda_max.unwrap();
        let points = solved(&full).path.unwrap();
        assert_eq!((points[0].lambda, points[0].nonzeros), (top, 0));
        assert_eq!(points[0].status, Status::Converged);
        let at = solved(&job(&binary(60), loss.clone(), l1(top)));
        assert!(at.coefficients.iter().all(|b| *b == 0.0));
        let below = solved(&job(&binary(60), loss, l1(top * (1.0 - 1e-4))));
        assert!(below.coefficients.iter().any(|b| *b != 0.0));
    }
}

#[test]
fn the_first_scale_is_the_largest_correlation_with_the_response() {
    let table = linear(30);
    let top = plan(&on_path(job(&table, quadratic(), l1(1.0)), 3, 0.1)).unwrap().lambda_max;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / 30.0;
    let product = |x: &[f64], y: &[f64]| {
        (0..30).map(|i| (x[i] - mean(x)) * (y[i] - mean(y))).sum::<f64>() / 30.0
    };
    let y = &table[3].1;
    let expected = table[..3]
        .iter()
        .map(|(_, x)| (product(x, y) / product(x, x).sqrt()).abs())
        .fold(0.0, f64::max);
    close(&[top.unwrap()], &[expected], 1e-13);
}

#[test]
fn lambda_counts_in_the_scale() {
    let top = |lambda| {
        plan(&on_path(job(&linear(30), quadratic(), l1(lambda)), 3, 0.1)).unwrap().lambda_max
    };
    close(&[top(4.0).unwrap()], &[top(1.0).unwrap() / 4.0], 1e-14);
}

#[test]
fn unpenalised_features_are_fitted_at_the_first_point() {
    let penalty = json!({ "type": "l1", "weights": [0.0, 1.0, 1.0] });
    let full = on_path(job(&linear(50), quadratic(), penalty), 4, 0.1);
    let points = solved(&full).path.unwrap();
    let first = points[0].coefficients.dense();
    assert!(first[0] != 0.0 && first[1] == 0.0 && first[2] == 0.0, "{first:?}");
    let alone: Table = vec![linear(50).swap_remove(0), linear(50).swap_remove(3)];
    let least_squares = solved(&job(&alone, quadratic(), json!({ "type": "none" })));
    close(&first[..1], &least_squares.coefficients, 1e-9);
}

#[test]
fn a_penalty_on_differences_begins_with_a_constant() {
    let table: Table = vec![("y", vec![1.0, 1.2, 0.8, 5.0, 5.1, 4.9])];
    let mut chain =
        job_with(&table, json!({ "design": "identity" }), quadratic(), json!({ "type": "fused" }));
    chain.model.intercept = false;
    chain.model.standardize = false;
    let chain = on_path(chain, 3, 0.1);
    // Partial sums of y minus its mean, over n.
    let (mut sum, mut top) = (0.0f64, 0.0f64);
    for y in &table[0].1 {
        sum += y - 3.0;
        top = top.max(sum.abs() / 6.0);
    }
    close(&[plan(&chain).unwrap().lambda_max.unwrap()], &[top], 1e-12);
    let first = solved(&chain).path.unwrap()[0].coefficients.dense();
    close(&first, &[3.0; 6], 1e-12);
}

#[test]
fn points_agree_with_single_fits() {
    let full = on_path(job(&linear(60), quadratic(), l1(1.0)), 6, 0.01);
    let points = solved(&full).path.unwrap();
    for point in &points {
        let single = solved(&job(&linear(60), quadratic(), l1(point.lambda)));
        close(&[point.objective], &[single.objective], 1e-9);
        close(&point.coefficients.dense(), &single.coefficients, 1e-3);
        assert!(point.certificate.relative <= 1e-10);
    }
    assert!(points.windows(2).all(|p| p[1].lambda < p[0].lambda));
}

#[test]
fn given_scales_are_kept_and_the_last_point_is_the_result() {
    let mut given = job(&linear(40), quadratic(), l1(1.0));
    given.path = Some(PathConfig { lambdas: Some(vec![100.0, 0.5, 0.0]), ..Default::default() });
    let solution = solved(&given);
    let points = solution.path.unwrap();
    let lambdas: Vec<f64> = points.iter().map(|p| p.lambda).collect();
    assert_eq!(lambdas, [100.0, 0.5, 0.0]);
    assert_eq!((points[0].nonzeros, points[2].nonzeros), (0, 3));
    assert_eq!(solution.objective, points[2].objective);
    assert_eq!(solution.coefficients, points[2].coefficients.dense());
    assert_eq!((solution.lambda, points[2].penalty), (Some(0.0), 0.0));
}

#[test]
fn a_penalty_that_cannot_tell_needs_a_first_scale() {
    let ridge = || job(&linear(20), quadratic(), json!({ "type": "l2" }));
    assert!(message(&on_path(ridge(), 3, 0.1)).contains("give `max`"));
    let mut with = ridge();
    with.path = Some(PathConfig { points: 3, min_ratio: 0.1, max: Some(2.0), lambdas: None });
    let points = solved(&with).path.unwrap();
    assert_eq!((points.len(), points[0].lambda), (3, 2.0));
}

/// Sleeps until the deadline once the second point has begun.
struct Slow(Instant);

impl Listener for Slow {
    fn progress(&self, event: &Event) {
        if event.point >= 1 {
            std::thread::sleep(self.0.saturating_duration_since(Instant::now()));
        }
    }
}

#[test]
fn a_path_that_runs_out_of_time_is_cut() {
    let mut slow = on_path(job(&linear(60), quadratic(), l1(1.0)), 20, 1e-3);
    let deadline = Instant::now() + Duration::from_millis(400);
    slow.deadline = Some(deadline);
    let solution = run(&slow, &Slow(deadline), None).unwrap();
    assert_eq!(solution.status, Status::TimeLimit);
    let points = solution.path.unwrap();
    assert!((1..20).contains(&points.len()));
    assert_eq!(solution.objective, points.last().unwrap().objective);
}
