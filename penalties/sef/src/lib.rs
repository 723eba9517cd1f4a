//! The sparse envelope function, the best convex stand-in for a ridge penalty with at most k nonzero
//! coefficients: of coefficients, of groups, and the norm behind it.

mod ball;
mod group_sef;
mod k_support;
mod root;
mod sef;
#[cfg(test)]
mod testing;

pub mod envelope;

pub use group_sef::GroupSef;
pub use k_support::KSupport;
pub use sef::Sef;
