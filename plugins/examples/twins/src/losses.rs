//! Losses of the families, under names of their own.

use fenchel_loss_glm::Logistic;
use fenchel_loss_location::Quadratic;
use fenchel_plugin::{BuildLoss, Error, Loss, register_loss};

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuadraticSpec {}

impl BuildLoss for QuadraticSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Quadratic::new()))
    }
}

register_loss!("quadratic_rust", QuadraticSpec, {
    summary: "the built-in quadratic loss, by way of a plugin",
    formula: "1/2 (y - eta)^2, summed over the outputs",
    method: "derivative eta - y, curvature 1",
    combines: "what quadratic combines with",
    example: "",
    source: "as quadratic",
});

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogisticSpec {}

impl BuildLoss for LogisticSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Logistic::new()))
    }
}

register_loss!("logistic_rust", LogisticSpec, {
    summary: "the built-in logistic loss, by way of a plugin",
    formula: "log(1 + exp(eta)) - y eta, y in {0, 1}",
    method: "derivative sigma(eta) - y, curvature sigma(eta) (1 - sigma(eta))",
    combines: "what logistic combines with",
    example: "",
    source: "as logistic",
});
