//! The elastic net.

use fenchel_core::{
    BuildPenalty, Context, Convexity, Elementary, Error, Lineality, Penalty, PerCoefficient,
    Scalar, Separable, Uniform, Weights, feature_weights, kernels,
};

use crate::elementary::{all_elementary_capabilities, derive_from_scalars};

/// The elastic net, between ridge (`l1_ratio` α = 0) and the lasso (α = 1).
/// ```text
/// Ω(β)                = λ Σⱼ wⱼ (α |βⱼ| + (1 − α)/2 βⱼ²)
/// prox_{tΩ}(v)ⱼ       = sign(vⱼ) max(|vⱼ| − tλwⱼα, 0) / (1 + tλwⱼ(1 − α))
/// dist(−gⱼ, ∂Ωⱼ(βⱼ))  = max(|gⱼ| − λwⱼα, 0)  if βⱼ = 0,
///                       else |gⱼ + λwⱼ(α sign(βⱼ) + (1 − α) βⱼ)|
/// Ω*(u)               = Σⱼ max(|uⱼ| − λwⱼα, 0)² / (2λwⱼ(1 − α))  for α < 1
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda` and `l1_ratio` are scalars,
///   `w` has one weight a coefficient, all 1 for [`Uniform`]. A coefficient of weight 0 is
///   unpenalised.
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0 and
///   `l1_ratio` is in `[0, 1]`.
/// - Source: Zou & Hastie (2005), JRSS B 67(2), in the parametrisation of Friedman, Hastie &
///   Tibshirani (2010), J. Stat. Softw. 33(1), eq. 2.
#[derive(Debug, Clone, PartialEq)]
pub struct ElasticNet<W = Uniform> {
    lambda: f64,   // finite, at least 0
    l1_ratio: f64, // in [0, 1]
    weights: W,
}

impl ElasticNet {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64, l1_ratio: f64) -> Result<Self, Error> {
        Self::checked(lambda, l1_ratio, Uniform)
    }
}

impl ElasticNet<PerCoefficient> {
    /// One weight a coefficient, p K of them.
    pub fn weighted(lambda: f64, l1_ratio: f64, weights: Vec<f64>) -> Result<Self, Error> {
        Self::checked(lambda, l1_ratio, PerCoefficient::new(weights)?)
    }
}

impl<W: Weights> ElasticNet<W> {
    fn checked(lambda: f64, l1_ratio: f64, weights: W) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, l1_ratio: Error::check_fraction("l1_ratio", l1_ratio)?, weights })
    }
}

impl<W: Weights> Separable for ElasticNet<W> {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.scalar(j).value(b)
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let strength = step * (self.lambda * self.weights.weight(j));
        kernels::soft_threshold(v, strength * self.l1_ratio)
            / (1.0 + strength * (1.0 - self.l1_ratio))
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        self.scalar(j).subdiff_dist(b, grad)
    }
}

impl<W: Weights> Elementary for ElasticNet<W> {
    #[inline(always)]
    fn scalar(&self, j: usize) -> Scalar {
        let lambda = self.lambda * self.weights.weight(j);
        Scalar { l1: lambda * self.l1_ratio, l2: lambda * (1.0 - self.l1_ratio), ..Scalar::ZERO }
    }
}

derive_from_scalars!(ElasticNet<W>, W);

impl<W: Weights> Penalty for ElasticNet<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { self.weights.lineality() }
    }
    all_elementary_capabilities!();
}

/// The elastic net.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ElasticNetSpec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// Share of the absolute value: 1 is the lasso, 0 is ridge.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    l1_ratio: f64,
    /// One weight a feature, at least 0; a feature of weight 0 is unpenalised. Default: all 1.
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

fenchel_core::register_penalty!("elastic_net", ElasticNetSpec, {
    summary: "lasso plus ridge: sparse, and keeps correlated features together",
    formula: "lambda * sum_j w_j (l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2)",
    method: "prox: sign(v) max(|v| - step lambda w_j l1_ratio, 0) / (1 + step lambda w_j (1 - \
             l1_ratio)). Convex, strongly so for l1_ratio < 1",
    combines: "every loss; separable, so coordinate descent applies; duality gap",
    example: "lambda = 0.1\nl1_ratio = 0.5",
    source: "Zou & Hastie (2005), JRSS B 67(2)",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use crate::{L1, L2};
    use fenchel_core::{Prox, Space};
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        for l1_ratio in [0.0, 0.3, 1.0] {
            assert_laws(&ElasticNet::new(0.7, l1_ratio).unwrap(), &Space::numbered(5, 1));
        }
        assert_laws(&ElasticNet::new(1.3, 0.5).unwrap(), &Space::numbered(3, 2));
        assert_laws(&ElasticNet::new(0.0, 0.5).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        let net = ElasticNet::weighted(0.7, 0.5, weights).unwrap();
        assert_laws(&net, &Space::numbered(4, 1));
        assert_laws(&net, &Space::numbered(2, 2));
    }

    #[test]
    fn the_value_is_that_of_the_formula() {
        // 0.1 (2 (0.25 * 3 + 0.375 * 9) + 1 (0.25 * 1 + 0.375 * 1))
        let net = ElasticNet::weighted(0.1, 0.25, vec![2.0, 1.0]).unwrap();
        assert!((net.value(&[3.0, -1.0]) - 0.8875).abs() < 1e-15);
    }

    #[test]
    fn the_ends_are_ridge_and_the_lasso() {
        let v = [3.0, -0.2, 0.9, -7.0];
        let prox = |penalty: &dyn Prox| {
            let mut out = [0.0; 4];
            penalty.prox(&v, 0.6, &mut out);
            out
        };
        let lasso = prox(&ElasticNet::new(0.8, 1.0).unwrap());
        assert_eq!(lasso, prox(&L1::new(0.8).unwrap()));
        let ridge = prox(&ElasticNet::new(0.8, 0.0).unwrap());
        assert_eq!(ridge, prox(&L2::new(0.8).unwrap()));
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = ElasticNet::new(1.0, 1.5).unwrap_err().to_string();
        assert_eq!(message, "`l1_ratio` must be between 0 and 1, got 1.5");
        assert!(ElasticNet::new(-1.0, 0.5).unwrap_err().to_string().contains("`lambda`"));
        let message = ElasticNet::weighted(1.0, 0.5, vec![-1.0]).unwrap_err().to_string();
        assert!(message.contains("`weights[0]`"), "{message}");
    }

    #[test]
    fn files_default_to_equal_shares() {
        let space = Space::numbered(2, 1);
        let value = |table: &str| build(table, &space).unwrap().value(&[2.0, -4.0]);
        assert_eq!(value(r#"{"type": "elastic_net"}"#), 0.5 * 6.0 + 0.25 * 20.0);
        let weighted = r#"{"type": "elastic_net", "l1_ratio": 1, "weights": [0, 3]}"#;
        assert_eq!(value(weighted), 12.0);
        let message = build(r#"{"type": "elastic_net", "l1_ratio": -0.1}"#, &space).unwrap_err();
        assert_eq!(message, "`l1_ratio` must be between 0 and 1, got -0.1");
    }
}
