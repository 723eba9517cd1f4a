//! What a run tells while it is under way, for a progress bar.

use super::Point;

/// Hears where a run stands, from several threads at once while folds run.
pub trait Listener: Sync {
    /// One step forward, after every outer iteration of every solve.
    fn progress(&self, event: &Event);
    /// A point of the path on all samples is done, by the solver of this name.
    fn finished(&self, _solver: &'static str, _point: &Point) {}
}

/// A listener that does not listen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Listener for Silent {
    fn progress(&self, _event: &Event) {}
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Which part of the run.
    pub stage: Stage,
    /// Number of the path point, from 0.
    pub point: usize,
    /// Number of path points; 1 without a path.
    pub points: usize,
    /// Outer iterations of the current solve.
    pub iteration: u64,
    /// The last relative certificate of the current solve, `inf` before the first.
    pub relative: f64,
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// All samples.
    Full,
    /// One fold of a cross-validation left out.
    Fold {
        /// Number of the fold, from 0.
        fold: usize,
        /// Number of folds.
        folds: usize,
    },
}
