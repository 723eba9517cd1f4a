//! The absolute value up to a cap.

use fenchel_core::{
    BuildPenalty, Context, Convexity, Error, Lineality, Penalty, PerCoefficient, Prox, Separable,
    Subdifferential, Uniform, Weights, ZeroThreshold, feature_weights, kernels,
};

use crate::concave::{distance_at_zero, largest_ratio};

/// The capped absolute value. With `λⱼ = λwⱼ` and `S` the soft threshold:
/// ```text
/// Ωⱼ(b)          = λⱼ min(|b|, θ)
/// prox_{tΩⱼ}(v)  = S(v, tλⱼ)  if |v| ≤ θ + tλⱼ/2 and tλⱼ ≤ 2θ,  or |v| ≤ √(2tλⱼθ) and tλⱼ > 2θ,
///                  else v
/// dist(−g, ∂Ωⱼ)  = max(|g| − λⱼ, 0) at 0,  |g + sign(b) λⱼ| below θ,  |g| above,
///                  the smaller of both at θ
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda` and `theta` are scalars, `w`
///   has one weight a coefficient, all 1 for [`Uniform`]. A coefficient of weight 0 is unpenalised.
/// - The prox is the better of the minimisers below θ and above; the thresholds are where they tie,
///   and there the smaller is taken. No minimiser lies at θ, a concave kink, so that the penalty is
///   not weakly convex; the subdifferential there is the limiting one.
/// - Scaling multiplies λ and keeps θ.
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0 and
///   `theta` is finite and greater than 0.
/// - Source: Zhang (2010), JMLR 11, "Analysis of multi-stage convex relaxation for sparse
///   regularization"; prox as in Gong et al. (2013), ICML, table 2.
#[derive(Debug, Clone, PartialEq)]
pub struct CappedL1<W = Uniform> {
    lambda: f64, // finite, at least 0
    theta: f64,  // finite, greater than 0
    weights: W,
}

impl CappedL1 {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64, theta: f64) -> Result<Self, Error> {
        Self::checked(lambda, theta, Uniform)
    }
}

impl CappedL1<PerCoefficient> {
    /// One weight a coefficient, p K of them; a factor of lambda.
    pub fn weighted(lambda: f64, theta: f64, weights: Vec<f64>) -> Result<Self, Error> {
        Self::checked(lambda, theta, PerCoefficient::new(weights)?)
    }
}

impl<W: Weights> CappedL1<W> {
    fn checked(lambda: f64, theta: f64, weights: W) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, theta: Error::check_above("theta", theta, 0.0)?, weights })
    }

    #[inline(always)]
    fn lambda_at(&self, j: usize) -> f64 {
        self.lambda * self.weights.weight(j)
    }
}

impl<W: Weights> Separable for CappedL1<W> {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        let size = b.abs();
        // Unlike `min`, this passes NaN on.
        self.lambda_at(j) * if size > self.theta { self.theta } else { size }
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let cut = step * self.lambda_at(j);
        let tie = if cut <= 2.0 * self.theta {
            self.theta + 0.5 * cut
        } else {
            2f64.sqrt() * cut.sqrt() * self.theta.sqrt()
        };
        if v.abs() <= tie { kernels::soft_threshold(v, cut) } else { v }
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let (lambda, size) = (self.lambda_at(j), b.abs());
        if b == 0.0 {
            return distance_at_zero(grad, lambda);
        }
        let below = (grad + b.signum() * lambda).abs();
        if size < self.theta {
            below
        } else if size > self.theta {
            grad.abs()
        } else {
            // Neither side at a NaN.
            if below < grad.abs() { below } else { grad.abs() + 0.0 * b }
        }
    }
}

impl<W: Weights> ZeroThreshold for CappedL1<W> {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        largest_ratio(grad, |j| self.lambda_at(j))
    }
}

impl<W: Weights> Penalty for CappedL1<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        match self.lineality() {
            Lineality::Everything => Convexity::Convex,
            _ => Convexity::Nonconvex,
        }
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { self.weights.lineality() }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        Some(self)
    }
}

/// The capped absolute value.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CappedL1Spec {
    /// Strength of the penalty: the slope below theta.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// The magnitude beyond which a coefficient costs no more. Greater than 0.
    #[serde(default = "fenchel_core::one")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    theta: f64,
    /// One weight a feature, at least 0, a factor of lambda; a feature of weight 0 is unpenalised.
    /// Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

impl BuildPenalty for CappedL1Spec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(CappedL1::new(self.lambda, self.theta)?),
            Some(weights) => Box::new(CappedL1::weighted(self.lambda, self.theta, weights)?),
        })
    }
}

fenchel_core::register_penalty!("capped_l1", CappedL1Spec, {
    summary: "lasso up to a magnitude, constant beyond: large coefficients are not shrunk at all",
    formula: "sum_j lambda_j min(|b_j|, theta), with lambda_j = lambda w_j",
    method: "prox: the soft threshold or the point itself, whichever is better; always a global \
             minimiser. Not weakly convex, as it has a concave kink at theta",
    combines: "every loss; separable; certified by stationarity, so a fit may be a local minimum",
    example: "lambda = 0.1\ntheta = 0.5",
    source: "Zhang (2010), JMLR 11; prox: Gong et al. (2013), ICML",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&CappedL1::new(0.7, 1.0).unwrap(), &Space::numbered(5, 1));
        assert_laws(&CappedL1::new(1.3, 0.1).unwrap(), &Space::numbered(3, 2));
        assert_laws(&CappedL1::new(0.2, 10.0).unwrap(), &Space::numbered(2, 1));
        assert_laws(&CappedL1::new(0.0, 3.0).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        let space = Space::numbered(4, 1);
        assert_laws(&CappedL1::weighted(0.7, 0.8, weights.clone()).unwrap(), &space);
        assert_laws(&CappedL1::weighted(0.7, 0.8, weights).unwrap(), &Space::numbered(2, 2));
        assert_laws(&CappedL1::weighted(0.7, 3.0, vec![0.0; 3]).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn the_prox_is_the_best_of_a_fine_grid() {
        for (lambda, theta, step) in [(1.0, 1.0, 0.5), (1.0, 1.0, 3.0), (2.0, 0.1, 5.0)] {
            let penalty = CappedL1::new(lambda, theta).unwrap();
            let objective =
                |b: f64, v: f64| penalty.value_at(0, b) + (b - v) * (b - v) / (2.0 * step);
            for v in (0..200).map(|i| 0.03 * f64::from(i)) {
                let at = penalty.prox_at(0, v, step);
                let best = (0..=4000)
                    .map(|i| objective(v * f64::from(i) / 4000.0, v))
                    .fold(f64::INFINITY, f64::min);
                let got = objective(at, v);
                assert!(got <= best + 1e-12 * best.abs(), "{lambda} {theta} {step} {v}: {at}");
                assert_eq!(penalty.prox_at(0, -v, step), -at);
            }
        }
    }

    #[test]
    fn the_prox_is_soft_up_to_the_tie_and_nothing_beyond() {
        let penalty = CappedL1::new(1.0, 2.0).unwrap();
        let prox = |v: f64, step: f64| penalty.prox_at(0, v, step);
        // The tie is at 2 + 1/2, and at sqrt(2 * 16 * 2) = 8, where only 0 is left below.
        assert_eq!([prox(0.5, 1.0), prox(-2.5, 1.0), prox(2.6, 1.0)], [0.0, -1.5, 2.6]);
        assert_eq!([prox(7.99, 16.0), prox(-8.01, 16.0)], [0.0, -8.01]);
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = CappedL1::new(1.0, 0.0).unwrap_err().to_string();
        assert_eq!(message, "`theta` must be finite and greater than 0, got 0");
        assert!(CappedL1::new(-1.0, 3.0).unwrap_err().to_string().contains("`lambda`"));
        let space = Space::numbered(2, 2);
        let message = build(r#"{"type": "capped_l1", "weights": [1]}"#, &space).unwrap_err();
        assert!(message.contains("expected 2"), "{message}");
    }
}
