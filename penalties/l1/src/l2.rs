//! Ridge.

use fenchel_core::{
    BuildPenalty, Context, Convexity, Elementary, Error, Lineality, Penalty, PerCoefficient,
    Scalar, Separable, Uniform, Weights, feature_weights,
};

use crate::elementary::{all_elementary_capabilities, derive_from_scalars};

/// The squared ℓ₂ penalty of ridge regression.
/// ```text
/// Ω(β)                = λ/2 Σⱼ wⱼ βⱼ²
/// prox_{tΩ}(v)ⱼ       = vⱼ / (1 + tλwⱼ)
/// dist(−gⱼ, ∂Ωⱼ(βⱼ))  = |gⱼ + λwⱼ βⱼ|
/// Ω*(u)               = Σⱼ uⱼ² / (2λwⱼ),  ∞ where uⱼ ≠ 0 = λwⱼ
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda` is a scalar, `w` has one
///   weight a coefficient, all 1 for [`Uniform`]. A coefficient of weight 0 is unpenalised.
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0.
/// - Source: Hoerl & Kennard (1970), Technometrics 12(1).
#[derive(Debug, Clone, PartialEq)]
pub struct L2<W = Uniform> {
    lambda: f64, // finite, at least 0
    weights: W,
}

impl L2 {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64) -> Result<Self, Error> {
        Ok(Self { lambda: Error::check_non_negative("lambda", lambda)?, weights: Uniform })
    }
}

impl L2<PerCoefficient> {
    /// One weight a coefficient, p K of them.
    pub fn weighted(lambda: f64, weights: Vec<f64>) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, weights: PerCoefficient::new(weights)? })
    }
}

impl<W: Weights> Separable for L2<W> {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        0.5 * self.lambda * self.weights.weight(j) * b * b
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        v / (1.0 + step * (self.lambda * self.weights.weight(j)))
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        (grad + self.lambda * self.weights.weight(j) * b).abs()
    }
}

impl<W: Weights> Elementary for L2<W> {
    #[inline(always)]
    fn scalar(&self, j: usize) -> Scalar {
        Scalar { l2: self.lambda * self.weights.weight(j), ..Scalar::ZERO }
    }
}

derive_from_scalars!(L2<W>, W);

impl<W: Weights> Penalty for L2<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        let sum: f64 = beta.iter().enumerate().map(|(j, b)| self.weights.weight(j) * b * b).sum();
        0.5 * self.lambda * sum
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

/// Ridge.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct L2Spec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// One weight a feature, at least 0; a feature of weight 0 is unpenalised. Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

impl BuildPenalty for L2Spec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(L2::new(self.lambda)?),
            Some(weights) => Box::new(L2::weighted(self.lambda, weights)?),
        })
    }
}

fenchel_core::register_penalty!("l2", L2Spec, {
    summary: "ridge: shrinks coefficients and sets none to zero",
    formula: "lambda/2 * sum_j w_j b_j^2",
    method: "prox: v / (1 + step lambda w_j), coefficient by coefficient. Strongly convex",
    combines: "every loss; separable, so coordinate descent applies; duality gap; a path needs \
               [path] max, as no finite lambda makes every coefficient zero",
    example: "lambda = 0.1",
    source: "Hoerl & Kennard (1970), Technometrics 12(1)",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::{Prox, Space};
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&L2::new(0.7).unwrap(), &Space::numbered(5, 1));
        assert_laws(&L2::new(1.3).unwrap(), &Space::numbered(3, 2));
        assert_laws(&L2::new(0.0).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        assert_laws(&L2::weighted(0.7, weights.clone()).unwrap(), &Space::numbered(4, 1));
        assert_laws(&L2::weighted(0.7, weights).unwrap(), &Space::numbered(2, 2));
    }

    #[test]
    fn the_prox_divides() {
        let mut out = [f64::NAN; 2];
        let value = L2::weighted(0.5, vec![1.0, 6.0]).unwrap().prox(&[3.0, -8.0], 1.0, &mut out);
        assert_eq!(out, [2.0, -2.0]);
        assert_eq!(value, 0.25 * (4.0 + 24.0));
    }

    #[test]
    fn the_conjugate_is_the_square_over_twice_lambda() {
        let l2 = L2::new(2.0).unwrap();
        assert_eq!(l2.as_conjugate().unwrap().conjugate(&[2.0, -4.0]), 5.0);
        assert_eq!(l2.as_zero_threshold().unwrap().zero_threshold(&[1.0, 0.0]), None);
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = L2::new(f64::INFINITY).unwrap_err().to_string();
        assert_eq!(message, "`lambda` must be finite and at least 0, got inf");
        assert!(L2::weighted(1.0, vec![-0.5]).unwrap_err().to_string().contains("`weights[0]`"));
    }

    #[test]
    fn files_give_one_weight_a_feature() {
        let space = Space::numbered(2, 2);
        let beta = [1.0, -2.0, 3.0, 4.0];
        let value = |table: &str| build(table, &space).unwrap().value(&beta);
        assert_eq!(value(r#"{"type": "l2"}"#), 15.0);
        assert_eq!(value(r#"{"type": "l2", "lambda": 0.5, "weights": [1, 0.25]}"#), 3.75);
        assert!(build(r#"{"type": "l2", "lambda": -1}"#, &space).unwrap_err().contains("`lambda`"));
    }
}
