//! Losses of a residual.
