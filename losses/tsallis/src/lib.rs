//! Likelihoods of maximum Tsallis entropy: `tsallis`, the q-Gaussian mixed-effects model.

mod algebra;
mod components;
mod fit;
mod special;
mod subjects;
#[cfg(test)]
mod tests;
mod tsallis;

pub use tsallis::{Effect, Tsallis};
