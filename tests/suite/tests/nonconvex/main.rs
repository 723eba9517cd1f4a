//! Solvers of nonconvex problems: how fast, and where they end.

#![allow(missing_docs)]

mod study;

use fenchel_core::{
    Baseline, CertificateKind, DenseMatrix, Design, Matrix, Objective, Problem, certify,
};
use fenchel_solvers::{Control, Damping, Options, Restart, Status, method};
use serde_json::json;

/// The paper's medians over 100 seeds, by accelerated gradient and by Ghadimi and Lan's setting.
#[test]
fn iterations_are_those_of_the_paper() {
    let cells = [
        (0.1, "scad", [9.0, 15.0]),
        (0.1, "mcp", [6.0, 9.0]),
        (0.5, "scad", [11.0, 19.0]),
        (0.5, "mcp", [10.0, 17.0]),
    ];
    for (tau, kind, published) in cells {
        let count = |seed: u64| study::iterations(&study::model(tau, 200, 100 + seed), kind, 60);
        let counts: Vec<[u64; 2]> = (0..5).map(count).collect();
        for (i, published) in published.into_iter().enumerate() {
            let median = study::median(counts.iter().map(|c| c[i]).collect());
            assert!(
                (median - published).abs() <= 0.25 * published,
                "{kind}, tau = {tau}, setting {i}: {median} for {published}"
            );
        }
    }
}

/// Diabetes, ten measurements of 442 patients.
fn diabetes() -> (Matrix, Vec<f64>) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/diabetes.csv");
    let text = std::fs::read_to_string(file).expect("the data are there");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().expect("numbers")).collect())
        .collect();
    let (n, p) = (rows.len(), rows[0].len() - 1);
    let x = (0..p).flat_map(|j| rows.iter().map(move |row| row[j])).collect();
    let y = rows.iter().map(|row| row[p]).collect();
    (Matrix::Dense(DenseMatrix::new(n, p, x).expect("finite")), y)
}

#[test]
fn fixed_points_satisfy_the_conditions_of_the_others() {
    let (matrix, y) = diabetes();
    let model = study::linear(Design::standardized(matrix, None), y);
    for table in [
        json!({ "type": "scad", "lambda": 3.0 }),
        json!({ "type": "mcp", "lambda": 3.0 }),
        json!({ "type": "mcp", "lambda": 12.0, "gamma": 1.4 }),
        json!({ "type": "l1", "lambda": 3.0 }),
    ] {
        let penalty = study::penalty(table.clone(), 10);
        let mut problem =
            Problem { objective: &model, penalty: &*penalty, baseline: Baseline::default() };
        problem.baseline = Baseline::at_zero(&problem, &model.start());
        let options = |restart, damping| Options {
            restart: Some(restart),
            damping: Some(damping),
            ..Options::default()
        };
        for (name, options) in [
            ("cd", Options::default()),
            ("fista", Options::default()),
            ("nonconvex_ag", Options::default()),
            ("nonconvex_ag", options(Restart::Speed, Damping::Optimal)),
            ("nonconvex_ag", options(Restart::None, Damping::Optimal)),
            ("nonconvex_ag", options(Restart::None, Damping::GhadimiLan)),
            ("nonconvex_ag", options(Restart::Gradient, Damping::GhadimiLan)),
        ] {
            let mut control =
                Control { tol: 1e-9, max_iter: 100_000, options, ..Control::default() };
            let solver = method(name).expect("it is registered");
            let outcome = solver.solve(&problem, model.start(), &mut control).expect("it runs");
            assert_eq!(outcome.status, Status::Converged, "{name}, {table}, {options:?}");
            let fresh = certify(&problem, &outcome.params);
            let convex = table["type"] == "l1";
            assert_eq!(fresh.kind == CertificateKind::DualityGap, convex);
            assert!(fresh.relative <= 1.01e-9, "{name}, {table}, {options:?}: {fresh:?}");
        }
    }
}

#[test]
fn a_penalty_without_the_parts_is_refused_with_what_is_missing() {
    let (matrix, y) = diabetes();
    let model = study::linear(Design::standardized(matrix, None), y);
    let penalty = study::penalty(
        json!({ "type": "sum", "terms": [{ "type": "mcp" }, { "type": "nonnegative" }] }),
        10,
    );
    let problem = Problem { objective: &model, penalty: &*penalty, baseline: Baseline::default() };
    let missing = method("nonconvex_ag").unwrap().supports(&problem).unwrap_err();
    assert_eq!(missing.part, "penalty");
    assert!(missing.capability.contains("concave part"));
}
