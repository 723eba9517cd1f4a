//! Nonconvex sparse penalties. Each prox is a global minimiser at every step, also at those beyond
//! the weak-convexity limit, where the prox objective is no longer convex.

mod concave;
mod mcp;
mod scad;
#[cfg(test)]
mod testing;

pub use mcp::Mcp;
pub use scad::Scad;
