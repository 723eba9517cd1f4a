//! What the roof sees of a solver: whether it can take a problem, and what came out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use fenchel_core::{Certificate, Problem};
use serde::{Deserialize, Serialize};

use crate::stochastic::Stochastic;

/// A solver, as `auto`, the problem file and the driver see it. Stateless: one value serves all.
pub trait Method: Send + Sync {
    /// The name in problem files.
    fn name(&self) -> &'static str;

    /// Whether the solver can take the problem; else what is missing.
    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing>;

    /// How well the solver suits a problem that it supports, with the reason in one clause.
    fn suits(&self, problem: &Problem<'_>) -> Suitability;

    /// Whether it draws samples, so that [`Control::stochastic`] means something to it.
    fn draws(&self) -> bool {
        false
    }

    /// Solves from `start` until the certificate is at most `control.tol` or a limit is reached.
    ///
    /// Errors: only where the problem is not [supported](Method::supports) or an evaluation fails;
    /// limits are a [`Status`].
    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, anyhow::Error>;
}

/// A capability that a problem lacks for a solver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which part lacks it: `loss` or `penalty`.
    pub part: &'static str,
    /// The capability in words, for example "a gradient", "a separable form".
    pub capability: &'static str,
}

/// How well a solver suits a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suitability {
    /// The highest rank wins.
    pub rank: u32,
    /// Why, as a clause that completes "chosen because ...".
    pub reason: String,
}

/// Limits and listeners of one solve.
pub struct Control<'a> {
    /// Largest relative certificate that counts as solved.
    pub tol: f64,
    /// Largest number of outer iterations.
    pub max_iter: u64,
    /// When to stop at the latest.
    pub deadline: Option<Instant>,
    /// Set from outside to stop at the next iteration.
    pub interrupt: Option<&'a AtomicBool>,
    /// A dual candidate from the solution of a problem nearby, n x K, for solvers that begin at one.
    pub dual: Option<Vec<f64>>,
    /// How samples are drawn, for solvers that do.
    pub stochastic: Stochastic,
    /// Called after every outer iteration.
    pub observer: Option<&'a mut (dyn FnMut(&Progress<'_>) + Send)>,
}

impl Default for Control<'_> {
    fn default() -> Self {
        Self {
            tol: 1e-7,
            max_iter: 100_000,
            deadline: None,
            interrupt: None,
            dual: None,
            stochastic: Stochastic::default(),
            observer: None,
        }
    }
}

impl Control<'_> {
    /// Whether time is up.
    pub fn expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
    /// Whether somebody asked to stop.
    pub fn interrupted(&self) -> bool {
        self.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

/// Where a solve stands.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Outer iterations so far.
    pub iteration: u64,
    /// The current parameters.
    pub params: &'a [f64],
    /// The last certificate computed, `inf` before the first.
    pub relative: f64,
}

/// Why a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The certificate is at most the tolerance.
    Converged,
    /// The iterations ran out, or rounding leaves nothing to gain.
    MaxIter,
    /// The time ran out.
    TimeLimit,
    /// Stopped from outside.
    Interrupted,
}

/// What came out of a solve.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The parameters, laid out as the problem's shape says.
    pub params: Vec<f64>,
    /// Outer iterations done.
    pub iterations: u64,
    /// Why it ended.
    pub status: Status,
    /// The solver's own certificate; drivers compute it afresh.
    pub certificate: Certificate,
    /// The dual candidate to compute it with, n x K, where the loss has no gradient to be one.
    pub dual: Option<Vec<f64>>,
}
