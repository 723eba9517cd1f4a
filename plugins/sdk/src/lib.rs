//! Penalties and losses as shared libraries that `fenchel` loads, written in Rust.
//!
//! An author writes what the author of a built-in type writes (the traits and macros of
//! `fenchel-core` are here under the same names), and one line more:
//!
//! ```
//! # mod ridge {
//! use fenchel_plugin::{BuildPenalty, Context, Convexity, Error, Lineality, Penalty};
//! #
//! # #[derive(Debug)]
//! # struct Ridge { lambda: f64 }
//! # impl Penalty for Ridge {
//! #     fn value(&self, beta: &[f64]) -> f64 {
//! #         self.lambda * beta.iter().map(|b| b * b).sum::<f64>()
//! #     }
//! #     fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
//! #         Box::new(Self { lambda: scale * self.lambda })
//! #     }
//! #     fn convexity(&self) -> Convexity {
//! #         Convexity::Convex
//! #     }
//! #     fn lineality(&self) -> Lineality {
//! #         if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
//! #     }
//! # }
//!
//! // ... impl Penalty for Ridge, impl Separable for Ridge ...
//!
//! #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct RidgeSpec {
//!     /// Strength of the penalty.
//!     #[serde(default = "fenchel_plugin::one")]
//!     #[schemars(range(min = 0.0))]
//!     lambda: f64,
//! }
//!
//! impl BuildPenalty for RidgeSpec {
//!     fn build_penalty(&self, _: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
//!         Ok(Box::new(Ridge { lambda: Error::check_non_negative("lambda", self.lambda)? }))
//!     }
//! }
//!
//! fenchel_plugin::register_penalty!("ridge", RidgeSpec, {
//!     summary: "shrinks all coefficients, sets none to zero",
//!     formula: "lambda * sum_j b_j^2",
//!     method: "prox: v / (1 + 2 step lambda). Convex",
//!     combines: "every loss",
//!     example: "lambda = 0.1",
//!     source: "Hoerl & Kennard (1970), Technometrics 12(1)",
//! });
//! # }
//!
//! fenchel_plugin::export_plugin!(); // once a library
//! # fn main() {}
//! ```
//!
//! Whatever is registered by the macros of this crate is offered, and nothing else is: a family of
//! built-in types may be linked along and used.
//!
//! What a plugin cannot offer, and is told when it tries: a loss that binds to an objective of its
//! own ([`Bound::Direct`]), a penalty that is nothing but [`Terms`], a penalty that holds other
//! penalties. A panic is caught at the boundary and ends the run with the plugin's name and the
//! panic's message, unless the library is compiled with `panic = "abort"`.

mod boundary;
mod entry;
mod losses;
mod panics;
mod parameters;
mod penalties;
mod register;
mod report;

pub use fenchel_core::*;

#[doc(hidden)]
pub use entry::plugin;
#[doc(hidden)]
pub use fenchel_plugin_abi as abi;
#[doc(hidden)]
pub use register::Offered;
