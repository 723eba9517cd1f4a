//! Problems with known optima, one set for every solver: each solver reaches the optimum of each
//! problem that it supports, with dense and with sparse storage alike, and
//! with the samples between other rows of the design.
//!
//! The problems stand in `problems/*.toml`, with the derivation of each optimum above it.

#![allow(missing_docs)]

#[path = "problems/case.rs"]
mod case;

use std::collections::BTreeMap;

use case::{Case, Storage};
use fenchel_core::certify_with;
use fenchel_solvers::{Control, Method, Status, methods};

/// Largest relative certificate that counts as solved. The objectives at zero are below 50 and the
/// curvatures of order 1, so that such a gap puts the coefficients within 1e-5.
const TOL: f64 = 1e-12;

/// The fewest problems that a solver has to solve, so that none is unsupported everywhere.
const FEWEST: [(&str, usize); 10] = [
    ("cd", 45),
    ("block_cd", 8),
    ("prox_newton", 85),
    ("fista", 90),
    ("prox_ncg", 90),
    ("nonconvex_ag", 90),
    ("prox_point", 75),
    ("admm", 110),
    ("central_path", 4),
    ("prox_sgd", 70),
];

/// Solves from zero: the objective, or what went wrong.
fn solve(case: &Case, method: &dyn Method, storage: Storage) -> Result<Option<f64>, String> {
    let posed = case.pose(storage)?;
    let problem = posed.problem();
    if method.supports(&problem).is_err() {
        return Ok(None);
    }
    let mut control = Control { tol: TOL, max_iter: 200_000, ..Control::default() };
    let start = problem.objective.start();
    let outcome = method.solve(&problem, start, &mut control).map_err(|e| e.to_string())?;
    if outcome.status != Status::Converged {
        let (status, at) = (outcome.status, outcome.certificate);
        return Err(format!("{status:?} after {} iterations, {at:?}", outcome.iterations));
    }
    let fresh = certify_with(&problem, &outcome.params, outcome.dual.as_deref());
    if fresh.relative > 1.01 * TOL || fresh.relative.is_nan() {
        return Err(format!("claims to have converged, but {fresh:?}"));
    }
    let (loss, penalty) = problem.values(&outcome.params, &mut Default::default());
    let objective = loss + penalty;
    if (objective - case.optimum).abs() > 1e-8 || objective.is_nan() {
        return Err(format!("objective {objective}, optimum {}", case.optimum));
    }
    let (beta, intercept, _) = problem.shape().split(&outcome.params);
    case.compare("beta", case.beta(), beta)?;
    case.compare("intercept", case.b0.clone(), intercept)?;
    Ok(Some(objective))
}

#[test]
fn every_solver_reaches_every_optimum_that_it_supports() {
    let cases = case::read_all();
    assert!(cases.len() >= 110, "only {} problems", cases.len());
    let mut solved: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in &cases {
        let mut solvers = 0;
        for method in methods() {
            let storages = [Storage::Dense, Storage::Sparse, Storage::Between];
            let objectives = storages.map(|storage| solve(case, *method, storage));
            let place = format!("{}: \"{}\" by {}", case.file, case.name, method.name());
            match objectives {
                [Ok(Some(dense)), Ok(Some(sparse)), Ok(Some(between))] => {
                    if (dense - sparse).abs() > 1e-9 {
                        failures.push(format!("{place}: dense {dense}, sparse {sparse}"));
                    }
                    if (dense - between).abs() > 1e-9 {
                        failures.push(format!("{place}: alone {dense}, between rows {between}"));
                    }
                    *solved.entry(method.name()).or_default() += 1;
                    solvers += 1;
                }
                [Ok(None), Ok(None), Ok(None)] => {}
                [dense, sparse, between] => failures
                    .push(format!("{place}: {dense:?}, sparse {sparse:?}, between {between:?}")),
            }
        }
        if solvers == 0 {
            failures.push(format!("{}: \"{}\" is solved by no solver", case.file, case.name));
        }
    }
    eprintln!("{} problems, solved: {solved:?}", cases.len());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    for method in methods() {
        let fewest = FEWEST.iter().find(|(name, _)| *name == method.name()).map_or(1, |f| f.1);
        let count = solved.get(method.name()).copied().unwrap_or(0);
        assert!(count >= fewest, "{} solves {count} problems only", method.name());
    }
}

#[test]
fn names_are_claims_and_no_two_are_the_same() {
    let cases = case::read_all();
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1], "two problems have one name");
    }
    for name in names {
        assert!(name.split(' ').count() >= 4, "\"{name}\" claims nothing");
    }
}

#[test]
fn every_loss_and_penalty_occurs() {
    let cases = case::read_all();
    let text: String =
        cases.iter().map(|case| format!("{} {}\n", case.loss, case.penalty)).collect();
    for kind in [fenchel_core::Kind::Loss, fenchel_core::Kind::Penalty] {
        for card in fenchel_core::cards(kind) {
            let tag = format!("\"type\":\"{}\"", card.name);
            assert!(text.contains(&tag), "no problem has the {kind:?} \"{}\"", card.name);
        }
    }
}
