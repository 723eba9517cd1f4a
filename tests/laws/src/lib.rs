//! What every loss, penalty and prox obeys.
//!
//! A law takes any implementation behind its trait and looks for a counterexample: the families
//! call the laws in their tests, and `plugin check` calls them on what a library offers. So a law
//! prints nothing, does not panic by itself, and finds the same counterexample every time, but for
//! the law about threads.

mod cases;
pub mod loss;
pub mod penalty;
mod random;
mod repeat;
mod report;

pub use cases::{Case, cases};
pub use random::Random;
pub use report::{Outcome, Report, Violation};
