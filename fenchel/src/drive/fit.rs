//! One solve: the solver works, the driver certifies. A solver that says "converged" where the
//! driver's own certificate disagrees is sent on with a tighter tolerance.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use fenchel_core::{Certificate, Objective, Problem, Workspace, certify_with, certify_within};
use fenchel_solvers::{Control, Kept, Method, Options, Progress, Status};

use super::{Coefficients, Error, assemble};

/// How often a solver is sent on.
const MOST_ATTEMPTS: usize = 6;

/// When a solve ends.
#[derive(Clone, Copy)]
pub(super) struct Limits<'a> {
    pub tol: f64,
    pub max_iter: u64,
    pub options: Options,
    pub deadline: Option<Instant>,
    pub interrupt: Option<&'a AtomicBool>,
}

/// A solve's end.
#[derive(Debug, Clone)]
pub(super) struct Solved {
    pub params: Vec<f64>,
    pub iterations: u64,
    pub status: Status,
    /// Of `params`, where it is at hand.
    pub certificate: Option<Certificate>,
    /// The dual candidate to certify `params` with, where the loss has no gradient to be one.
    pub dual: Option<Vec<f64>>,
}

/// Where a solve begins.
pub(super) struct Start<'a> {
    pub params: Vec<f64>,
    /// A dual candidate, where there is one.
    pub dual: Option<Vec<f64>>,
    /// Iterations that were spent earlier.
    pub done: u64,
    /// What the solver keeps between points of a path.
    pub kept: &'a mut Kept,
}

/// Solves from `start`.
///
/// Errors: [`Error::Solver`] where the solver fails or returns something that is not finite.
pub(super) fn solve(
    problem: &Problem<'_>,
    method: &'static dyn Method,
    start: Start<'_>,
    limits: Limits<'_>,
    observer: &mut (dyn FnMut(&Progress<'_>) + Send),
) -> Result<Solved, Error> {
    let status = Status::MaxIter;
    let Start { params, dual, done: iterations, kept } = start;
    let mut solved = Solved { params, iterations, status, certificate: None, dual };
    let mut tol = limits.tol;
    for _ in 0..MOST_ATTEMPTS {
        let before = solved.iterations;
        let mut shifted = |progress: &Progress<'_>| {
            let iteration = before + progress.iteration;
            observer(&Progress { iteration, ..*progress });
        };
        let mut control = Control {
            tol,
            max_iter: limits.max_iter.saturating_sub(before),
            options: limits.options,
            deadline: limits.deadline,
            interrupt: limits.interrupt,
            dual: solved.dual.take(),
            kept: std::mem::take(kept),
            observer: Some(&mut shifted),
        };
        let start = std::mem::take(&mut solved.params);
        let outcome = method
            .solve(problem, start, &mut control)
            .map_err(|e| Error::Solver { solver: method.name(), message: format!("{e:#}") })?;
        *kept = control.kept;
        if outcome.params.iter().any(|b| !b.is_finite()) {
            return Err(Error::Solver {
                solver: method.name(),
                message: "the iteration diverged".into(),
            });
        }
        solved.params = outcome.params;
        solved.iterations = before + outcome.iterations;
        solved.dual = outcome.dual;
        let certificate =
            certify_within(problem, &solved.params, solved.dual.as_deref(), limits.tol);
        let relative = certificate.relative;
        solved.certificate = Some(certificate);
        if relative <= limits.tol {
            solved.status = Status::Converged;
            return Ok(solved);
        }
        if outcome.status != Status::Converged {
            solved.status = outcome.status;
            return Ok(solved);
        }
        if solved.iterations >= limits.max_iter {
            break;
        }
        tol = if relative.is_finite() {
            0.5 * tol * (limits.tol / relative).min(0.2)
        } else {
            0.1 * tol
        };
    }
    solved.status = Status::MaxIter;
    Ok(solved)
}

/// The loss at `params`. Of a linear model it comes with the gradient in the predictor, which certificates at
/// the same point want as well and which is remembered.
pub(super) fn loss_at(objective: &dyn Objective, params: &[f64]) -> f64 {
    let mut work = Workspace::default();
    let model = objective.as_linear().filter(|model| model.shape().own == 0);
    model
        .and_then(|model| model.gradient_in_eta(params, &mut work.eta, &mut work.grad_eta, &mut []))
        .unwrap_or_else(|| objective.value(params, &mut work))
}

/// A solved point as results show it: on the original scale, everything computed afresh from the
/// parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The scale of the penalty.
    pub lambda: f64,
    /// Loss plus penalty, of the problem as solved.
    pub objective: f64,
    /// The loss.
    pub loss: f64,
    /// The penalty.
    pub penalty: f64,
    /// Number of nonzero coefficients.
    pub nonzeros: usize,
    /// Whether it is solved, or why not.
    pub status: Status,
    /// How far it is from optimal.
    pub certificate: Certificate,
    /// Outer iterations spent on it.
    pub iterations: u64,
    /// Intercepts, or the thresholds that stand in for them.
    pub intercept: Vec<f64>,
    /// Coefficients on the original scale.
    pub coefficients: Coefficients,
    /// What only this loss knows.
    pub extra: Vec<(String, Vec<f64>)>,
}

impl Point {
    pub(super) fn new(problem: &Problem<'_>, solved: &Solved, lambda: f64) -> Self {
        let shape = problem.shape();
        let loss = loss_at(problem.objective, &solved.params);
        let penalty = problem.penalty.value(shape.split(&solved.params).0);
        let certificate = solved
            .certificate
            .unwrap_or_else(|| certify_with(problem, &solved.params, solved.dual.as_deref()));
        let objective: &dyn Objective = problem.objective;
        let estimate = assemble::original_scale(objective, &solved.params);
        Self {
            lambda,
            objective: loss + penalty,
            loss,
            penalty,
            nonzeros: estimate.coefficients.nonzeros(),
            status: solved.status,
            certificate,
            iterations: solved.iterations,
            intercept: estimate.intercept,
            coefficients: estimate.coefficients,
            extra: estimate.extra,
        }
    }
}
