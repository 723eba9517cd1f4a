//! Penalties on the singular values of the coefficients, a p x K matrix.

mod nuclear;
mod svd;

pub use nuclear::Nuclear;
