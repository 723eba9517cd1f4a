//! Nonconvex sparse penalties. Each prox is a global minimiser at every step, also at those beyond
//! the weak-convexity limit, where the prox objective is no longer convex.

mod capped_l1;
mod concave;
mod log_sum;
mod mcp;
mod scad;
#[cfg(test)]
mod testing;

pub use capped_l1::CappedL1;
pub use log_sum::LogSum;
pub use mcp::Mcp;
pub use scad::Scad;
