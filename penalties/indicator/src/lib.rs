//! Indicators of convex sets.

mod nonnegative;
mod simplex;
#[cfg(test)]
mod testing;

pub use nonnegative::Nonnegative;
pub use simplex::Simplex;
