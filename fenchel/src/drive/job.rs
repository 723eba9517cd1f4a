//! A problem, ready to run: data and maths are read, nothing is bound or solved yet.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use fenchel_core::{Loss, Penalty, Space};
use fenchel_plugin_host::{Fault, Faults};

use super::{Error, error};
use crate::data::Dataset;
use crate::file::config::{CvConfig, ModelConfig, PathConfig, ScreenConfig, SolverConfig};

/// Builds the penalty once the number of outputs is known, which only the bound loss tells.
pub type PenaltyBuilder =
    Box<dyn Fn(&Space) -> Result<Box<dyn Penalty>, fenchel_core::Error> + Send + Sync>;

/// What every fold chooses its features among, where features are screened.
pub struct Candidates {
    /// The data with all features.
    pub dataset: Dataset,
    /// The loss, which has not looked for its features yet.
    pub loss: Box<dyn Loss>,
    /// `[screen]`.
    pub config: ScreenConfig,
}

/// Everything that one run needs.
pub struct Job {
    /// The data, with the features that were kept where they are screened.
    pub dataset: Dataset,
    /// All features, where folds screen them anew.
    pub candidates: Option<Candidates>,
    /// The loss, not yet bound.
    pub loss: Box<dyn Loss>,
    /// How the penalty is built.
    pub penalty: PenaltyBuilder,
    /// `[model]`.
    pub model: ModelConfig,
    /// `[solver]`.
    pub solver: SolverConfig,
    /// `[path]`.
    pub path: Option<PathConfig>,
    /// `[cv]`.
    pub cv: Option<CvConfig>,
    /// The `lambda` that the penalty's own table has, reported by a fit without `[path]`.
    pub lambda: Option<f64>,
    /// The folder that paths in the problem file are relative to.
    pub base: PathBuf,
    /// The problem in a canonical spelling: with the data, what a checkpoint belongs to.
    pub description: String,
    /// Number of worker threads; 0 for as many as the machine has.
    pub threads: usize,
    /// When to stop at the latest.
    pub deadline: Option<Instant>,
    /// Set from outside to stop soon.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Where plugins' broken promises are written down, which also set `interrupt`.
    pub faults: Option<Arc<Faults>>,
}

impl Job {
    /// The number of worker threads, at least 1.
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get()),
            threads => threads,
        }
    }

    /// Whether time is up.
    pub(super) fn expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Whether somebody asked to stop.
    pub(super) fn interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// What a plugin did wrong, if any did.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.faults.as_ref().and_then(|faults| faults.first())
    }

    /// Checks what can be checked without data.
    pub(super) fn check(&self) -> Result<(), Error> {
        let tol = self.solver.tol;
        if !(tol.is_finite() && tol > 0.0) {
            let source =
                fenchel_core::Error::parameter("tol", "finite and greater than 0", tol).at("tol");
            return Err(Error::section("solver", source));
        }
        if self.cv.is_some() && self.path.is_none() {
            let source = fenchel_core::Error::Unsupported(
                "[cv] chooses among the scales of a path: add a [path] section".into(),
            );
            return Err(Error::section("cv", source));
        }
        if self.dataset.samples.len() < 2 {
            return Err(error::unfit_data("at least two samples are needed, the data has one"));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("loss", &self.loss)
            .field("model", &self.model)
            .field("solver", &self.solver)
            .field("path", &self.path)
            .field("cv", &self.cv)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
