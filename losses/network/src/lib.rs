//! Losses of neural networks: the predictor is no linear function of the data, and the coefficients
//! are the weights between layers of units.

mod activation;
mod mlp;
mod net;
mod output;
mod pass;
mod start;

pub use activation::Activation;
pub use mlp::{Mlp, Parameters};
pub use output::Output;
