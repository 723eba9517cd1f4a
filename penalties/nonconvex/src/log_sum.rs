//! The logarithm of the magnitudes.

use fenchel_core::{
    BuildPenalty, Context, ConvexConcave, Convexity, Error, Lineality, Penalty, PerCoefficient,
    Prox, Separable, Subdifferential, Uniform, Weights, ZeroThreshold, feature_weights,
};

use crate::concave::{
    absolute_prox, absolute_value, distance_at_zero, largest_ratio, weakly_convex,
};

/// The log-sum penalty. With `λⱼ = λwⱼ`:
/// ```text
/// Ωⱼ(b)          = λⱼ ln(1 + |b|/ε)
/// prox_{tΩⱼ}(v)  = sign(v) r,  r = (|v| − ε + √((|v| + ε)² − 4tλⱼ))/2, where r is real, positive and
///                  better than 0 (certain for tλⱼ ≤ ε²),  else 0
/// dist(−g, ∂Ωⱼ)  = max(|g| − λⱼ/ε, 0) at 0,  else |g + sign(b) λⱼ/(|b| + ε)|
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda` and `epsilon` are scalars, `w`
///   has one weight a coefficient, all 1 for [`Uniform`]. A coefficient of weight 0 is unpenalised.
/// - r is the larger stationary point of the prox objective on `b > 0`, the only minimum there; where
///   it ties with 0, 0 is taken.
/// - Scaling multiplies λ and keeps ε. Weakly convex with constant `max λⱼ/ε²`.
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0 and
///   `epsilon` is finite and greater than 0.
/// - Source: Candès, Wakin & Boyd (2008), J. Fourier Anal. Appl. 14, eq. 2.3; prox in Gong et al.
///   (2013), ICML, table 2.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSum<W = Uniform> {
    lambda: f64,  // finite, at least 0
    epsilon: f64, // finite, greater than 0
    weights: W,
    largest: f64, // of the weights
}

impl LogSum {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64, epsilon: f64) -> Result<Self, Error> {
        Self::checked(lambda, epsilon, Uniform, 1.0)
    }
}

impl LogSum<PerCoefficient> {
    /// One weight a coefficient, p K of them; a factor of lambda.
    pub fn weighted(lambda: f64, epsilon: f64, weights: Vec<f64>) -> Result<Self, Error> {
        let largest = weights.iter().copied().fold(0.0, f64::max);
        Self::checked(lambda, epsilon, PerCoefficient::new(weights)?, largest)
    }
}

impl<W: Weights> LogSum<W> {
    fn checked(lambda: f64, epsilon: f64, weights: W, largest: f64) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        let epsilon = Error::check_above("epsilon", epsilon, 0.0)?;
        Ok(Self { lambda, epsilon, weights, largest })
    }

    #[inline(always)]
    fn lambda_at(&self, j: usize) -> f64 {
        self.lambda * self.weights.weight(j)
    }

    /// The slope at zero.
    fn slope_at(&self, j: usize) -> f64 {
        self.lambda_at(j) / self.epsilon
    }

    /// The largest curvature, which is at zero.
    fn bend(&self) -> f64 {
        self.lambda * self.largest / self.epsilon / self.epsilon
    }
}

impl<W: Weights> Separable for LogSum<W> {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.lambda_at(j) * (b.abs() / self.epsilon).ln_1p()
    }
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let (level, epsilon, size) = (step * self.lambda_at(j), self.epsilon, v.abs());
        if level == 0.0 {
            return v;
        }
        // Without the square of v, which overflows first.
        let edge = 2.0 * level.sqrt();
        let below = size + epsilon - edge;
        if below < 0.0 {
            return 0.0; // the objective rises from 0 on
        }
        if size <= epsilon && size * epsilon <= level {
            return 0.0; // so does it if neither root is positive
        }
        let root = below.sqrt() * (size + epsilon + edge).sqrt();
        let stationary = if size > epsilon {
            0.5 * (size - epsilon + root)
        } else {
            // The same, without the difference of numbers that are all but equal.
            2.0 * (size * epsilon - level) / (epsilon - size + root)
        };
        let rise = level * (stationary / epsilon).ln_1p();
        if rise >= stationary * (size - 0.5 * stationary) {
            return 0.0;
        }
        stationary.copysign(v)
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        if b == 0.0 {
            return distance_at_zero(grad, self.slope_at(j));
        }
        (grad + b.signum() * (self.lambda_at(j) / (b.abs() + self.epsilon))).abs()
    }
}

impl<W: Weights> ZeroThreshold for LogSum<W> {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        largest_ratio(grad, |j| self.slope_at(j))
    }
}

/// `h(b) = λⱼ|b|/ε` and `c(b) = λⱼ (ln(1 + |b|/ε) − |b|/ε)`.
impl<W: Weights> ConvexConcave for LogSum<W> {
    fn convex_value(&self, beta: &[f64]) -> f64 {
        absolute_value(beta, |j| self.slope_at(j))
    }
    fn convex_prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        absolute_prox(v, step, |j| self.slope_at(j), out)
    }
    fn add_concave_gradient(&self, beta: &[f64], grad: &mut [f64]) -> f64 {
        let mut value = 0.0;
        for (j, (b, g)) in beta.iter().zip(grad).enumerate() {
            let ratio = b.abs() / self.epsilon;
            // The share of the slope that is lost on the way, 1 at infinity.
            let lost = if ratio.is_infinite() { 1.0 } else { ratio / (1.0 + ratio) };
            *g -= (self.slope_at(j) * lost).copysign(*b);
            value += self.lambda_at(j) * (ratio.ln_1p() - ratio);
        }
        value
    }
    fn concave_lipschitz(&self) -> f64 {
        self.bend()
    }
}

impl<W: Weights> Penalty for LogSum<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        weakly_convex(self.bend(), &self.lineality())
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

/// The log-sum penalty.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogSumSpec {
    /// Strength of the penalty; the slope at zero is lambda over epsilon.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// The size of coefficients from which the logarithm bends. Greater than 0; small values are close
    /// to counting the nonzeros, large ones to the lasso.
    #[serde(default = "fenchel_core::one")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    epsilon: f64,
    /// One weight a feature, at least 0, a factor of lambda; a feature of weight 0 is unpenalised.
    /// Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

impl BuildPenalty for LogSumSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(LogSum::new(self.lambda, self.epsilon)?),
            Some(weights) => Box::new(LogSum::weighted(self.lambda, self.epsilon, weights)?),
        })
    }
}

fenchel_core::register_penalty!("log_sum", LogSumSpec, {
    summary: "logarithm of the magnitudes: the larger a coefficient, the less it is shrunk",
    formula: "sum_j lambda_j ln(1 + |b_j| / epsilon), with lambda_j = lambda w_j",
    method: "prox: the larger root of a quadratic equation, or 0 where that is better; always a \
             global minimiser. Weakly convex, max lambda_j / epsilon^2",
    combines: "every loss; separable; certified by stationarity, so a fit may be a local minimum",
    example: "lambda = 0.1\nepsilon = 0.5",
    source: "Candes, Wakin & Boyd (2008), J. Fourier Anal. Appl. 14; prox: Gong et al. (2013), ICML",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&LogSum::new(0.7, 1.0).unwrap(), &Space::numbered(5, 1));
        assert_laws(&LogSum::new(1.3, 0.4).unwrap(), &Space::numbered(3, 2));
        assert_laws(&LogSum::new(0.2, 10.0).unwrap(), &Space::numbered(2, 1));
        assert_laws(&LogSum::new(0.0, 3.0).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        assert_laws(&LogSum::weighted(0.7, 0.8, weights.clone()).unwrap(), &Space::numbered(4, 1));
        assert_laws(&LogSum::weighted(0.7, 0.8, weights).unwrap(), &Space::numbered(2, 2));
        assert_laws(&LogSum::weighted(0.7, 3.0, vec![0.0; 3]).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn the_prox_is_the_best_of_a_fine_grid() {
        for (lambda, epsilon, step) in
            [(1.0, 1.0, 0.5), (1.0, 1.0, 1.0), (1.0, 0.5, 2.0), (3.0, 0.1, 1.0), (0.2, 5.0, 40.0)]
        {
            let penalty = LogSum::new(lambda, epsilon).unwrap();
            let objective =
                |b: f64, v: f64| penalty.value_at(0, b) + (b - v) * (b - v) / (2.0 * step);
            for v in (0..200).map(|i| 0.05 * f64::from(i)) {
                let at = penalty.prox_at(0, v, step);
                let best = (0..=4000)
                    .map(|i| objective(v * f64::from(i) / 4000.0, v))
                    .fold(f64::INFINITY, f64::min);
                let got = objective(at, v);
                assert!(got <= best + 1e-12 * best.abs(), "{lambda} {epsilon} {step} {v}: {at}");
                assert_eq!(penalty.prox_at(0, -v, step), -at);
            }
        }
    }

    #[test]
    fn the_prox_solves_the_quadratic_equation() {
        // (3 - 1 + sqrt(16 - 12)) / 2 = 2: 3 / (2 + 1) + 2 - 3 = 0, and 3 ln 3 < 2 * (3 - 1).
        let penalty = LogSum::new(3.0, 1.0).unwrap();
        assert!((penalty.prox_at(0, 3.0, 1.0) - 2.0).abs() < 1e-14);
        // No root; and one that is worse than 0.
        assert_eq!(penalty.prox_at(0, 2.0, 1.0), 0.0);
        assert_eq!(penalty.prox_at(0, 2.5, 1.0), 0.0);
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = LogSum::new(1.0, 0.0).unwrap_err().to_string();
        assert_eq!(message, "`epsilon` must be finite and greater than 0, got 0");
        assert!(LogSum::new(-1.0, 3.0).unwrap_err().to_string().contains("`lambda`"));
        let space = Space::numbered(2, 2);
        let message = build(r#"{"type": "log_sum", "weights": [1]}"#, &space).unwrap_err();
        assert!(message.contains("expected 2"), "{message}");
    }
}
