//! Penalties on differences of neighbouring coefficients: piecewise constant coefficients along
//! the order of the features.

mod chain;
mod fused;

pub mod tv;

pub use fused::Fused;
