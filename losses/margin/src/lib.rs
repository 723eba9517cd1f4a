//! Losses of a margin.
