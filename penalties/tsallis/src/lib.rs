//! Negative Tsallis entropies as penalties on coefficients that are at least zero, and the maps
//! to the simplex that are their conjugates' gradients (softmax, sparsemax, entmax).
//!
//! Everything is written with the deformed logarithm `ln_q(p) = (p^(q-1) - 1) / (q - 1)`, so that the
//! Shannon entropy is the case q = 1 of the same formulas and not a limit with large terms that cancel.

pub mod entmax;
mod logarithm;
mod orthant;
mod simplex;
mod spec;
#[cfg(test)]
mod testing;

pub use orthant::Tsallis;
pub use simplex::TsallisSimplex;
