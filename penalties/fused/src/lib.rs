//! Penalties on differences of neighbouring coefficients: piecewise constant coefficients along
//! the order of the features, or along that of the outputs.

mod chain;
mod funnel;
mod fused;
mod pinned;
mod presto;

pub mod tv;

pub use fused::Fused;
pub use presto::Presto;
