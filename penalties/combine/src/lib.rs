//! Penalties made of penalties. Children stay [`Raw`](fenchel_core::Raw) and are resolved by
//! whoever knows all types, so that a plugin's penalty fits inside; what a composite offers follows
//! from what its children offer, and from nothing else about them.
//!
//! | the composite | module |
//! |---|---|
//! | a sum of penalties on the same coefficients | [`sum`] |
//! | a penalty on part of the features | [`on`] |
//! | a penalty of a linear image of the coefficients | [`linear`] |

mod behind;
mod disjoint;
mod elementary;
mod features;
mod subspace;

pub mod linear;
pub mod on;
pub mod operator;
pub mod sum;

#[cfg(test)]
mod testing;

pub use linear::Linear;
pub use on::On;
pub use operator::{Difference, MatrixOperator};
pub use sum::sum_of;
