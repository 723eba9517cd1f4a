//! Penalties on groups of features and on rows of the coefficients.
