//! Likelihoods of maximum Tsallis entropy: `tsallis`, the q-Gaussian mixed-effects model.

mod algebra;
mod components;
mod fit;
mod special;
mod subjects;
#[cfg(test)]
mod tests;
mod tsallis;

pub use components::{MOST_KAPPA, kappa_of_q};
pub use tsallis::{Effect, Tsallis};
