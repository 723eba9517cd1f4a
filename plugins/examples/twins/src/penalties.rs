//! Penalties of the families, under names of their own.

use fenchel_penalty_l1::{ElasticNet, L1};
use fenchel_penalty_nonconvex::Mcp;
use fenchel_plugin::{BuildPenalty, Context, Error, Penalty, feature_weights, register_penalty};

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct L1Spec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// One weight a feature, at least 0. Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

impl BuildPenalty for L1Spec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(L1::new(self.lambda)?),
            Some(weights) => Box::new(L1::weighted(self.lambda, weights)?),
        })
    }
}

register_penalty!("l1_rust", L1Spec, {
    summary: "the built-in l1, by way of a plugin",
    formula: "lambda * sum_j w_j |b_j|",
    method: "prox: sign(v) max(|v| - step lambda w_j, 0). Convex",
    combines: "what l1 combines with",
    example: "lambda = 0.1",
    source: "as l1",
});

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ElasticNetSpec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// Share of the absolute value.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    l1_ratio: f64,
    /// One weight a feature, at least 0. Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

fn half() -> f64 {
    0.5
}

impl BuildPenalty for ElasticNetSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(ElasticNet::new(self.lambda, self.l1_ratio)?),
            Some(weights) => Box::new(ElasticNet::weighted(self.lambda, self.l1_ratio, weights)?),
        })
    }
}

register_penalty!("elastic_net_rust", ElasticNetSpec, {
    summary: "the built-in elastic_net, by way of a plugin",
    formula: "lambda * sum_j w_j (l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2)",
    method: "prox: sign(v) max(|v| - step lambda w_j l1_ratio, 0) / (1 + step lambda w_j (1 - \
             l1_ratio)). Convex",
    combines: "what elastic_net combines with",
    example: "lambda = 0.1\nl1_ratio = 0.5",
    source: "as elastic_net",
});

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct McpSpec {
    /// Strength of the penalty: the slope at zero.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// Concavity, greater than 1.
    #[serde(default = "three")]
    #[schemars(extend("exclusiveMinimum" = 1.0))]
    gamma: f64,
    /// One weight a feature, at least 0, a factor of lambda. Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

fn three() -> f64 {
    3.0
}

impl BuildPenalty for McpSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(Mcp::new(self.lambda, self.gamma)?),
            Some(weights) => Box::new(Mcp::weighted(self.lambda, self.gamma, weights)?),
        })
    }
}

register_penalty!("mcp_rust", McpSpec, {
    summary: "the built-in mcp, by way of a plugin",
    formula: "sum_j lambda_j |b_j| - b_j^2 / (2 gamma) for |b_j| <= gamma lambda_j, else gamma \
              lambda_j^2 / 2, with lambda_j = lambda w_j",
    method: "prox: firm thresholding. Weakly convex, 1/gamma",
    combines: "what mcp combines with",
    example: "lambda = 0.1\ngamma = 3.0",
    source: "as mcp",
});
