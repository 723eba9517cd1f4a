//! What every loss, penalty and prox obeys.
//!
//! A law takes any implementation behind its trait and looks for a counterexample: the families
//! call the laws in their tests, and `plugin check` calls them on what a library offers. So a law
//! prints nothing, does not panic by itself, and finds the same counterexample every time.

pub mod loss;
pub mod penalty;
mod random;
mod report;

pub use random::Random;
pub use report::{Outcome, Report, Violation};
