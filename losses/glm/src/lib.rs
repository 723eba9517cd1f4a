//! Negative log-likelihoods of generalised linear models.

mod logistic;
mod poisson;

pub use logistic::Logistic;
pub use poisson::Poisson;
