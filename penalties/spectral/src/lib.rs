//! Penalties on the singular values of the coefficients.
