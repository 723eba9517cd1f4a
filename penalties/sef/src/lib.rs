//! The sparse envelope function.
