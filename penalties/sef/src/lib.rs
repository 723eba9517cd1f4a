//! The sparse envelope function: the best convex stand-in for a ridge penalty with at most k
//! nonzero coefficients.

mod sef;

pub mod envelope;

pub use sef::Sef;
