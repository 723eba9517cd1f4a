//! Methods that look at a few samples at a time.

mod draw;
mod finish;
mod prox_sgd;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use prox_sgd::ProxSgdMethod;

/// How a stochastic solver draws samples and steps.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Stochastic {
    /// Passes over the samples before the finish.
    pub epochs: u64,
    /// Samples of a batch, at least 1.
    #[schemars(range(min = 1))]
    pub batch: usize,
    /// Share of the last direction in the next, at least 0 and below 1.
    #[schemars(range(min = 0.0))]
    pub momentum: f64,
    /// The first step size, falling to 0 over the epochs; by trial where there is none.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub step: Option<f64>,
    /// Seed of the order of the samples.
    pub seed: u64,
}

impl Default for Stochastic {
    fn default() -> Self {
        Self { epochs: 50, batch: 32, momentum: 0.9, step: None, seed: 0 }
    }
}
