//! The smoothly clipped absolute deviation.

use fenchel_core::{
    BuildPenalty, Context, ConvexConcave, Convexity, Error, Lineality, Penalty, PerCoefficient,
    Prox, Separable, Subdifferential, Uniform, Weights, ZeroThreshold, feature_weights, kernels,
};

use crate::concave::{
    absolute_prox, absolute_value, distance_at_zero, largest_ratio, weakly_convex,
};

/// The smoothly clipped absolute deviation (SCAD). With `λⱼ = λwⱼ` and `S` the soft threshold:
/// ```text
/// Ωⱼ(b)          = λⱼ|b|                                  if |b| ≤ λⱼ,
///                  (2γλⱼ|b| − b² − λⱼ²) / (2(γ − 1))      if |b| ≤ γλⱼ,  else λⱼ²(γ + 1)/2
/// prox_{tΩⱼ}(v)  = t < γ − 1:  S(v, tλⱼ)                              if |v| ≤ (1 + t)λⱼ,
///                              S((γ − 1)v, tγλⱼ) / (γ − 1 − t)        if |v| ≤ γλⱼ,  else v
///                  t ≥ γ − 1:  S(v, tλⱼ)  if |v| ≤ λⱼ (γ + 1 + t)/2 and t ≤ γ + 1,
///                                         or |v| ≤ λⱼ √(t(γ + 1)) and t > γ + 1,  else v
/// dist(−g, ∂Ωⱼ)  = max(|g| − λⱼ, 0) at 0,
///                  else |g + sign(b) min(λⱼ, max(γλⱼ − |b|, 0)/(γ − 1))|
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda` and `gamma` are scalars, `w`
///   has one weight a coefficient, all 1 for [`Uniform`]. A coefficient of weight 0 is unpenalised.
/// - For `t ≥ γ − 1` the prox objective is concave on `[λⱼ, γλⱼ]`, so only the minimisers on
///   `[0, λⱼ]` and beyond `γλⱼ` remain; the threshold is where they tie, and there the smaller is
///   taken.
/// - Scaling multiplies λ and keeps γ. Weakly convex with constant 1/(γ − 1).
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0 and
///   `gamma` is finite and greater than 2.
/// - Source: Fan & Li (2001), JASA 96(456), eq. 2.7 (its derivative) and 2.8 (the prox at t = 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Scad<W = Uniform> {
    lambda: f64, // finite, at least 0
    gamma: f64,  // finite, greater than 2
    weights: W,
}

impl Scad {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64, gamma: f64) -> Result<Self, Error> {
        Self::checked(lambda, gamma, Uniform)
    }
}

impl Scad<PerCoefficient> {
    /// One weight a coefficient, p K of them; a factor of lambda.
    pub fn weighted(lambda: f64, gamma: f64, weights: Vec<f64>) -> Result<Self, Error> {
        Self::checked(lambda, gamma, PerCoefficient::new(weights)?)
    }
}

impl<W: Weights> Scad<W> {
    fn checked(lambda: f64, gamma: f64, weights: W) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, gamma: Error::check_above("gamma", gamma, 2.0)?, weights })
    }

    #[inline(always)]
    fn lambda_at(&self, j: usize) -> f64 {
        self.lambda * self.weights.weight(j)
    }
}

impl<W: Weights> Separable for Scad<W> {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        let (lambda, gamma, size) = (self.lambda_at(j), self.gamma, b.abs());
        if size <= lambda {
            lambda * size
        } else if size <= gamma * lambda {
            // The formula, arranged so that no large squares cancel.
            let beyond = size - lambda;
            lambda * size - 0.5 * beyond * beyond / (gamma - 1.0)
        } else {
            0.5 * lambda * lambda * (gamma + 1.0)
        }
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let (lambda, gamma, size) = (self.lambda_at(j), self.gamma, v.abs());
        if step >= gamma - 1.0 {
            let tie = if step <= gamma + 1.0 {
                0.5 * (gamma + 1.0 + step)
            } else {
                (step * (gamma + 1.0)).sqrt()
            };
            let small = size <= lambda * tie;
            return if small { kernels::soft_threshold(v, step * lambda) } else { v };
        }
        if size <= (1.0 + step) * lambda {
            return kernels::soft_threshold(v, step * lambda);
        }
        let flat = gamma * lambda;
        if size > flat {
            return v;
        }
        // Just below step = gamma - 1 the quotient is of rounding errors, but the ends of the
        // concave part bound it.
        let size = ((gamma - 1.0) * size - step * flat) / (gamma - 1.0 - step);
        size.clamp(lambda, flat).copysign(v)
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let (lambda, gamma) = (self.lambda_at(j), self.gamma);
        if b == 0.0 {
            return distance_at_zero(grad, lambda);
        }
        let slope = lambda.min((gamma * lambda - b.abs()).max(0.0) / (gamma - 1.0));
        (grad + b.signum() * slope).abs()
    }
}

impl<W: Weights> ZeroThreshold for Scad<W> {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        largest_ratio(grad, |j| self.lambda_at(j))
    }
}

/// `h(b) = λⱼ|b|` and `c(b) = 0` if `|b| ≤ λⱼ`, `−(|b| − λⱼ)²/(2(γ − 1))` if `|b| ≤ γλⱼ`, else
/// `λⱼ²(γ + 1)/2 − λⱼ|b|`.
impl<W: Weights> ConvexConcave for Scad<W> {
    fn convex_value(&self, beta: &[f64]) -> f64 {
        absolute_value(beta, |j| self.lambda_at(j))
    }
    fn convex_prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        absolute_prox(v, step, |j| self.lambda_at(j), out)
    }
    fn add_concave_gradient(&self, beta: &[f64], grad: &mut [f64]) -> f64 {
        let mut value = 0.0;
        for (j, (b, g)) in beta.iter().zip(grad).enumerate() {
            let lambda = self.lambda_at(j);
            let beyond = (b.abs() - lambda).max(0.0);
            let slope = lambda.min(beyond / (self.gamma - 1.0));
            *g -= slope.copysign(*b);
            // Half the slope up to the second knot, all of it beyond.
            let knot = beyond.min((self.gamma - 1.0) * lambda);
            value -= slope * (beyond - 0.5 * knot);
        }
        value
    }
    fn concave_lipschitz(&self) -> f64 {
        if self.lineality() == Lineality::Everything { 0.0 } else { 1.0 / (self.gamma - 1.0) }
    }
}

impl<W: Weights> Penalty for Scad<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        weakly_convex(1.0 / (self.gamma - 1.0), &self.lineality())
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
    fn as_convex_concave(&self) -> Option<&dyn ConvexConcave> {
        Some(self)
    }
}

/// The smoothly clipped absolute deviation.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScadSpec {
    /// Strength of the penalty: the slope at zero.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// Concavity: the penalty is flat beyond gamma lambda. Greater than 2; large values approach
    /// the lasso.
    #[serde(default = "fan_and_li")]
    #[schemars(extend("exclusiveMinimum" = 2.0))]
    gamma: f64,
    /// One weight a feature, at least 0, a factor of lambda; a feature of weight 0 is unpenalised.
    /// Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

/// The value that Fan & Li recommend, from a Bayes risk.
fn fan_and_li() -> f64 {
    3.7
}

impl BuildPenalty for ScadSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(Scad::new(self.lambda, self.gamma)?),
            Some(weights) => Box::new(Scad::weighted(self.lambda, self.gamma, weights)?),
        })
    }
}

fenchel_core::register_penalty!("scad", ScadSpec, {
    summary: "smoothly clipped absolute deviation: the lasso near zero, flat for large coefficients",
    formula: "sum_j of lambda_j |b_j| for |b_j| <= lambda_j, (2 gamma lambda_j |b_j| - b_j^2 - \
              lambda_j^2) / (2 (gamma - 1)) up to gamma lambda_j, then lambda_j^2 (gamma + 1) / 2, \
              with lambda_j = lambda w_j",
    method: "prox: in closed form, the better of the candidates from step = gamma - 1 on; always a \
             global minimiser. Weakly convex, 1/(gamma - 1)",
    combines: "every loss; separable; certified by stationarity, so a fit may be a local minimum",
    example: "lambda = 0.1\ngamma = 3.7",
    source: "Fan & Li (2001), JASA 96(456)",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&Scad::new(0.7, 3.7).unwrap(), &Space::numbered(5, 1));
        assert_laws(&Scad::new(1.3, 2.05).unwrap(), &Space::numbered(3, 2));
        assert_laws(&Scad::new(0.2, 40.0).unwrap(), &Space::numbered(2, 1));
        assert_laws(&Scad::new(0.0, 3.0).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        assert_laws(&Scad::weighted(0.7, 3.7, weights.clone()).unwrap(), &Space::numbered(4, 1));
        assert_laws(&Scad::weighted(0.7, 3.7, weights).unwrap(), &Space::numbered(2, 2));
        assert_laws(&Scad::weighted(0.7, 3.7, vec![0.0; 3]).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn the_value_is_that_of_the_three_pieces() {
        let scad = Scad::new(2.0, 3.0).unwrap();
        // 2 * 1.5; (2*3*2*4 - 16 - 4) / 4; 4 * 4 / 2
        assert_eq!(scad.value(&[-1.5]), 3.0);
        assert_eq!(scad.value(&[4.0]), 7.0);
        assert_eq!(scad.value(&[-60.0]), 8.0);
    }

    #[test]
    fn the_prox_has_three_pieces_below_the_limit() {
        let scad = Scad::new(1.0, 4.0).unwrap();
        let prox = |v: f64| scad.prox_at(0, v, 1.0);
        // Middle piece at 3: (3 * 3 - 4) / 2.
        assert_eq!([prox(0.5), prox(-1.5), prox(3.0), prox(4.5)], [0.0, -0.5, 2.5, 4.5]);
    }

    #[test]
    fn the_prox_is_global_beyond_the_limit() {
        // gamma = 3: at step 3 the tie is at 3.5 lambda, between S(3.5, 3) = 0.5 and 3.5 itself;
        // at step 16 it is at 8 lambda, between 0 and 8.
        let scad = Scad::new(1.0, 3.0).unwrap();
        assert_eq!(scad.prox_at(0, 3.5, 3.0), 0.5);
        assert_eq!(scad.prox_at(0, 3.501, 3.0), 3.501);
        assert_eq!(scad.prox_at(0, -8.0, 16.0), 0.0);
        assert_eq!(scad.prox_at(0, -8.001, 16.0), -8.001);
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = Scad::new(1.0, 2.0).unwrap_err().to_string();
        assert_eq!(message, "`gamma` must be finite and greater than 2, got 2");
        assert!(Scad::new(-1.0, 3.0).unwrap_err().to_string().contains("`lambda`"));
        let message = Scad::weighted(1.0, 3.0, vec![-1.0]).unwrap_err().to_string();
        assert!(message.contains("`weights[0]`"), "{message}");
    }

    #[test]
    fn files_give_one_weight_a_feature() {
        let space = Space::numbered(2, 2);
        let table = r#"{"type": "scad", "weights": [1, 2]}"#;
        let value = build(table, &space).unwrap().value(&[50.0, 0.0, 0.0, -50.0]);
        assert!((value - 0.5 * 4.7 * (1.0 + 4.0)).abs() < 1e-14);
        let message = |table: &str| build(table, &space).unwrap_err();
        assert_eq!(
            message(r#"{"type": "scad", "gamma": 2}"#),
            "`gamma` must be finite and greater than 2, got 2"
        );
        assert!(message(r#"{"type": "scad", "weights": [1]}"#).contains("expected 2"));
    }
}
