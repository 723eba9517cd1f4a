//! No penalty, the lasso, ridge, elastic net and SLOPE.
