//! Losses of survival times, of which some are only known to exceed the time of censoring.

mod conjugate;
mod cox;
mod fit;
mod risk;

pub use cox::{Cox, Ties};
