//! Indicators of convex sets.

mod nonnegative;
#[cfg(test)]
mod testing;

pub use nonnegative::Nonnegative;
