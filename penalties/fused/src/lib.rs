//! Penalties on differences of neighbouring coefficients: piecewise constant coefficients along
//! the order of the features, or along that of the outputs.

mod bends;
mod chain;
mod fused;
mod pinned;
mod presto;
mod string;

pub mod tv;

pub use fused::Fused;
pub use presto::Presto;
