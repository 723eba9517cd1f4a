//! What the roof sees of a solver: whether it can take a problem, and what came out.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use fenchel_core::{Certificate, Problem};
use schemars::JsonSchema;
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

    /// The names of the [`Options`] that it takes.
    fn options(&self) -> &'static [&'static str] {
        &[]
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
    /// What only some solvers take.
    pub options: Options,
    /// When to stop at the latest.
    pub deadline: Option<Instant>,
    /// Set from outside to stop at the next iteration.
    pub interrupt: Option<&'a AtomicBool>,
    /// A dual candidate from the solution of a problem nearby, n x K, for solvers that begin at one.
    pub dual: Option<Vec<f64>>,
    /// What the solver's run before left behind, and then what this one leaves.
    pub kept: Kept,
    /// Called after every outer iteration.
    pub observer: Option<&'a mut (dyn FnMut(&Progress<'_>) + Send)>,
}

impl Default for Control<'_> {
    fn default() -> Self {
        Self {
            tol: 1e-7,
            max_iter: 100_000,
            options: Options::default(),
            deadline: None,
            interrupt: None,
            dual: None,
            kept: Kept::default(),
            observer: None,
        }
    }
}

/// What a run of a solver leaves for the next one with the same objective, whatever the penalty: buffers,
/// and products with the data.
#[derive(Debug, Default)]
pub struct Kept(Option<Box<dyn Any + Send>>);

impl Kept {
    /// What is there, if the same solver left it.
    pub(crate) fn take<T: Any>(&mut self) -> Option<T> {
        self.0.take().and_then(|kept| kept.downcast().ok()).map(|kept| *kept)
    }

    /// Leaves something behind.
    pub(crate) fn put<T: Any + Send>(&mut self, kept: T) {
        self.0 = Some(Box::new(kept));
    }
}

/// Settings that only some solvers take; `None` leaves the choice to the solver.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Options {
    /// When momentum is forgotten.
    pub restart: Option<Restart>,
    /// How momentum grows.
    pub damping: Option<Damping>,
    /// How samples are drawn.
    pub stochastic: Stochastic,
}

/// When momentum is forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Where it points uphill.
    #[default]
    Gradient,
    /// Where the points slow down.
    Speed,
    /// Never.
    None,
}

/// How momentum grows, and with it how long the steps are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Damping {
    /// The sequence with the least bound on the number of iterations.
    #[default]
    Optimal,
    /// The sequence of Ghadimi & Lan.
    GhadimiLan,
}

/// The options of `nonconvex_ag`, as its card shows them.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // only its schema is read
pub(crate) struct NonconvexAgOptions {
    /// When momentum is forgotten: where it points uphill, where the points slow down, or never.
    #[serde(default)]
    restart: Restart,
    /// How momentum grows: by the sequence with the least bound on iterations, or that of Ghadimi & Lan.
    #[serde(default)]
    damping: Damping,
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
