//! The lasso's penalty.

use fenchel_core::{
    BuildPenalty, Context, Convexity, Elementary, Error, Lineality, Penalty, PerCoefficient,
    Scalar, Separable, Uniform, Weights, feature_weights, kernels,
};

use crate::elementary::{all_elementary_capabilities, derive_from_scalars};

/// The ℓ₁ penalty of the lasso.
/// ```text
/// Ω(β)                = λ Σⱼ wⱼ |βⱼ|
/// prox_{tΩ}(v)ⱼ       = sign(vⱼ) max(|vⱼ| − tλwⱼ, 0)
/// dist(−gⱼ, ∂Ωⱼ(βⱼ))  = max(|gⱼ| − λwⱼ, 0)  if βⱼ = 0,  else |gⱼ + λwⱼ sign(βⱼ)|
/// Ω*(u)               = 0 if |uⱼ| ≤ λwⱼ for all j, else ∞
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda` is a scalar, `w` has one
///   weight a coefficient, all 1 for [`Uniform`]. A coefficient of weight 0 is unpenalised.
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0.
/// - Source: Tibshirani (1996), JRSS B 58(1); weights in Zou (2006), JASA 101(476), eq. 4; prox in
///   Parikh & Boyd (2014), §6.5.2.
#[derive(Debug, Clone, PartialEq)]
pub struct L1<W = Uniform> {
    lambda: f64, // finite, at least 0
    weights: W,
}

impl L1 {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64) -> Result<Self, Error> {
        Ok(Self { lambda: Error::check_non_negative("lambda", lambda)?, weights: Uniform })
    }
}

impl L1<PerCoefficient> {
    /// One weight a coefficient, p K of them.
    pub fn weighted(lambda: f64, weights: Vec<f64>) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, weights: PerCoefficient::new(weights)? })
    }
}

impl<W: Weights> Separable for L1<W> {
    #[inline(always)]
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.lambda * self.weights.weight(j) * b.abs()
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        kernels::soft_threshold(v, step * (self.lambda * self.weights.weight(j)))
    }
    #[inline(always)]
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let lambda = self.lambda * self.weights.weight(j);
        // Without branches, as it is asked of all coefficients at once.
        let at_zero = if grad.abs() <= lambda { 0.0 } else { grad.abs() - lambda };
        let elsewhere = (grad + lambda * b.signum()).abs();
        if b == 0.0 { at_zero } else { elsewhere }
    }
}

impl<W: Weights> Elementary for L1<W> {
    #[inline(always)]
    fn scalar(&self, j: usize) -> Scalar {
        Scalar { l1: self.lambda * self.weights.weight(j), ..Scalar::ZERO }
    }
}

derive_from_scalars!(L1<W>, W);

impl<W: Weights> Penalty for L1<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        let sum: f64 = beta.iter().enumerate().map(|(j, b)| self.weights.weight(j) * b.abs()).sum();
        self.lambda * sum
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, weights: self.weights.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { self.weights.lineality() }
    }
    all_elementary_capabilities!();
}

/// The lasso's penalty.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct L1Spec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// One weight a feature, at least 0; a feature of weight 0 is unpenalised. Default: all 1.
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

fenchel_core::register_penalty!("l1", L1Spec, {
    summary: "the lasso: shrinks coefficients and sets many of them to zero",
    formula: "lambda * sum_j w_j |b_j|",
    method: "prox: sign(v) max(|v| - step lambda w_j, 0), coefficient by coefficient. Convex",
    combines: "every loss; separable, so coordinate descent applies; duality gap",
    example: "lambda = 0.1",
    source: "Tibshirani (1996), JRSS B 58(1)",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::{Prox, Space, Subdifferential};
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&L1::new(0.7).unwrap(), &Space::numbered(5, 1));
        assert_laws(&L1::new(1.3).unwrap(), &Space::numbered(3, 2));
        assert_laws(&L1::new(0.0).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        assert_laws(&L1::weighted(0.7, weights.clone()).unwrap(), &Space::numbered(4, 1));
        assert_laws(&L1::weighted(0.7, weights).unwrap(), &Space::numbered(2, 2));
        assert_laws(&L1::weighted(0.7, vec![0.0; 3]).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn the_prox_is_soft_thresholding() {
        let mut out = [f64::NAN; 4];
        let value = L1::new(0.5).unwrap().prox(&[3.0, -1.0, -2.5, 0.0], 2.0, &mut out);
        assert_eq!(out, [2.0, 0.0, -1.5, 0.0]);
        assert_eq!(value, 1.75);
    }

    #[test]
    fn the_distance_is_the_kkt_violation() {
        let l1 = L1::weighted(2.0, vec![1.0, 0.5, 0.0]).unwrap();
        assert_eq!(l1.subdiff_dist(&[0.0, 0.0, 0.0], &[1.5, -0.9, 0.0]), 0.0);
        assert_eq!(l1.subdiff_dist(&[0.0, 0.0, 0.0], &[1.5, -1.25, 0.0]), 0.25);
        assert_eq!(l1.subdiff_dist(&[-1.0, 0.0, 4.0], &[2.0, 0.0, 0.125]), 0.125);
    }

    #[test]
    fn zero_solves_from_the_largest_ratio_on() {
        let l1 = L1::weighted(2.0, vec![1.0, 0.5]).unwrap();
        let threshold = l1.as_zero_threshold().unwrap();
        assert_eq!(threshold.zero_threshold(&[-3.0, 2.0]), Some(2.0));
    }

    #[test]
    fn bad_parameters_are_named() {
        let text = |e: Error| e.to_string();
        assert_eq!(
            text(L1::new(-1.0).unwrap_err()),
            "`lambda` must be finite and at least 0, got -1"
        );
        assert_eq!(
            text(L1::weighted(1.0, vec![1.0, f64::NAN]).unwrap_err()),
            "`weights[1]` must be finite and at least 0, got NaN"
        );
    }

    #[test]
    fn files_give_one_weight_a_feature() {
        let space = Space::numbered(2, 2);
        let beta = [1.0, -2.0, 3.0, 4.0];
        let value = |table: &str| build(table, &space).unwrap().value(&beta);
        assert_eq!(value(r#"{"type": "l1"}"#), 10.0);
        assert_eq!(value(r#"{"type": "l1", "lambda": 0.5, "weights": [1, 0.25]}"#), 2.75);
        let message = |table: &str| build(table, &space).unwrap_err();
        assert_eq!(
            message(r#"{"type": "l1", "weights": [1, 1, 1]}"#),
            "`weights` has length 3, expected 2"
        );
        assert!(message(r#"{"type": "l1", "weights": [1, -1]}"#).contains("`weights[1]`"));
        assert!(message(r#"{"type": "l1", "lamda": 1}"#).contains("unknown field `lamda`"));
    }
}
