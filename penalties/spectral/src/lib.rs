//! Penalties on the singular values of the coefficients, a p x K matrix.

mod gram;
mod nuclear;
mod svd;
mod tridiagonal;

pub use nuclear::Nuclear;
