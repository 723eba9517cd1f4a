//! Nonconvex sparse penalties. Each prox is a global minimiser at every step, also at those beyond
//! the weak-convexity limit, where the prox objective is no longer convex.

mod mcp;
mod scad;
#[cfg(test)]
mod testing;
mod weights;

pub use mcp::Mcp;
pub use scad::Scad;
pub use weights::{PerCoefficient, Uniform, Weights};
