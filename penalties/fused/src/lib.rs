//! Penalties on differences of neighbouring coefficients.
