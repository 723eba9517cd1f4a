//! From a [`Job`] to a [`Solution`]: scale, fit, certify, walk a path, choose by cross-validation.
//!
//! Everything that is not mathematics of one problem happens here, once, for all losses, penalties
//! and solvers: the model at zero coefficients, what certificates are relative to, warm starts,
//! clocks, interrupts and checkpoints. Same job, same number of threads: same numbers.
//!
//! | step | module |
//! |---|---|
//! | data and loss become an objective, parameters come back to the original scale | `assemble` |
//! | tall data under a quadratic loss become few samples | `reduce` |
//! | the null model and the first scale of a path | `null`, `free`, `newton` |
//! | one solve, certified afresh | `fit` |
//! | a grid of scales, warm-started | `grid`, `path` |
//! | folds, metrics, the choice | `cv`, `folds`, `metric`, `rank` |
//! | features screened anew in every fold | `nested` |
//! | runs that were cut short go on | `checkpoint` |
//! | predictions for new data | [`mod@predict`] |

mod assemble;
mod checkpoint;
mod coefficients;
mod cv;
mod error;
mod fit;
mod folds;
mod free;
mod grid;
mod job;
mod left_out;
mod listen;
mod memory;
mod metric;
mod nested;
mod newton;
mod null;
mod path;
mod plan;
pub mod predict;
mod rank;
mod reduce;
mod run;
#[cfg(test)]
mod tests;

pub use checkpoint::CheckpointConfig;
pub use coefficients::Coefficients;
pub use cv::CvReport;
pub use error::Error;
pub use fit::Point;
pub use job::{Candidates, Job, PenaltyBuilder};
pub use listen::{Event, Listener, Silent, Stage};
pub use plan::{Plan, plan};
pub use predict::{PredictionKind, Predictions, linear_predictor, predict, predictor};
pub use run::{Solution, run};

use fenchel_solvers::Status;

/// The worse of two statuses.
pub(crate) fn worse(a: Status, b: Status) -> Status {
    let rank = |status| match status {
        Status::Converged => 0,
        Status::MaxIter => 1,
        Status::TimeLimit => 2,
        Status::Interrupted => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}
