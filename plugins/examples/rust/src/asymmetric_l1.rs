//! The lasso's penalty with a slope of its own on either side of zero.

use fenchel_plugin::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, PerCoefficient, Prox,
    Separable, Subdifferential, Uniform, Weights, ZeroThreshold, feature_weights,
};

/// The asymmetric lasso: positive and negative coefficients cost differently, as where a sign is
/// expected but not certain. With `aⱼ = λwⱼ up` and `cⱼ = λwⱼ down`:
/// ```text
/// Ω(β)                = Σⱼ aⱼ max(βⱼ, 0) + cⱼ max(−βⱼ, 0)
/// prox_{tΩ}(v)ⱼ       = v − t aⱼ  if v > t aⱼ,   v + t cⱼ  if v < −t cⱼ,   else 0
/// dist(−gⱼ, ∂Ωⱼ(βⱼ))  = max(−gⱼ − aⱼ, gⱼ − cⱼ, 0) at 0,  |gⱼ + aⱼ| above,  |gⱼ − cⱼ| below
/// Ω*(u)               = 0 if −cⱼ ≤ uⱼ ≤ aⱼ for all j, else ∞
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda`, `up` and `down` are scalars,
///   `w` has one weight a coefficient. A coefficient of weight 0 is unpenalised.
/// - Errors: [`Error::Parameter`] unless all of them are finite and at least 0.
/// - Source: the check function of Koenker & Bassett (1978), Econometrica 46(1), as a penalty.
#[derive(Debug, Clone, PartialEq)]
pub struct AsymmetricL1<W = Uniform> {
    up: f64,   // times lambda; finite, at least 0
    down: f64, // times lambda; finite, at least 0
    weights: W,
}

impl AsymmetricL1 {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64, up: f64, down: f64) -> Result<Self, Error> {
        Self::checked(lambda, up, down, Uniform)
    }
}

impl AsymmetricL1<PerCoefficient> {
    /// One weight a coefficient, p K of them.
    pub fn weighted(lambda: f64, up: f64, down: f64, weights: Vec<f64>) -> Result<Self, Error> {
        Self::checked(lambda, up, down, PerCoefficient::new(weights)?)
    }
}

impl<W: Weights> AsymmetricL1<W> {
    fn checked(lambda: f64, up: f64, down: f64, weights: W) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        let up = lambda * Error::check_non_negative("up", up)?;
        let down = lambda * Error::check_non_negative("down", down)?;
        Ok(Self { up, down, weights })
    }

    /// `(aⱼ, cⱼ)`.
    #[inline(always)]
    fn slopes(&self, j: usize) -> (f64, f64) {
        let weight = self.weights.weight(j);
        (self.up * weight, self.down * weight)
    }

    /// The slope that `uⱼ` has to stay below, and how large `uⱼ` is.
    fn bound(&self, j: usize, u: f64) -> (f64, f64) {
        let (up, down) = self.slopes(j);
        (if u > 0.0 { up } else { down }, u.abs())
    }
}

impl<W: Weights> Separable for AsymmetricL1<W> {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        let (up, down) = self.slopes(j);
        if b > 0.0 { up * b } else { down * -b }
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let (up, down) = self.slopes(j);
        // Written so that NaN comes out as NaN.
        if -step * down <= v && v <= step * up {
            0.0
        } else if v > 0.0 {
            v - step * up
        } else {
            v + step * down
        }
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let (up, down) = self.slopes(j);
        match b {
            0.0 if -down <= -grad && -grad <= up => 0.0,
            0.0 if grad < 0.0 => -grad - up,
            0.0 => grad - down,
            _ if b > 0.0 => (grad + up).abs(),
            _ => (grad - down).abs(),
        }
    }
}

impl<W: Weights> Conjugate for AsymmetricL1<W> {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let inside = u.iter().enumerate().all(|(j, u)| {
            let (bound, size) = self.bound(j, *u);
            size <= bound * (1.0 + 1e-12)
        });
        if inside { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        u.iter().enumerate().fold(1.0, |least: f64, (j, u)| {
            let (bound, size) = self.bound(j, *u);
            if size <= bound { least } else { least.min(bound / size) }
        })
    }
}

impl<W: Weights> ZeroThreshold for AsymmetricL1<W> {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        grad.iter().enumerate().try_fold(0.0, |top: f64, (j, grad)| match self.bound(j, -grad) {
            (_, 0.0) => Some(top),
            (0.0, _) => None,
            (bound, size) => Some(top.max(size / bound)),
        })
    }
}

impl<W: Weights> Penalty for AsymmetricL1<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let (up, down) = (scale * self.up, scale * self.down);
        Box::new(Self { up, down, weights: self.weights.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        // A slope on one side only is no line along which the penalty is constant.
        if self.up == 0.0 && self.down == 0.0 {
            Lineality::Everything
        } else {
            self.weights.lineality()
        }
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
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        Some(self)
    }
}

/// The asymmetric lasso.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct AsymmetricL1Spec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// Slope above zero, a factor of lambda.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    up: f64,
    /// Slope below zero, a factor of lambda.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    down: f64,
    /// One weight a feature, at least 0; a feature of weight 0 is unpenalised. Default: all 1.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
}

impl BuildPenalty for AsymmetricL1Spec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let Self { lambda, up, down, .. } = *self;
        Ok(match feature_weights(self.weights.as_deref(), context.space)? {
            None => Box::new(AsymmetricL1::new(lambda, up, down)?),
            Some(weights) => Box::new(AsymmetricL1::weighted(lambda, up, down, weights)?),
        })
    }
}

fenchel_plugin::register_penalty!("asymmetric_l1", AsymmetricL1Spec, {
    summary: "a lasso whose price depends on the sign, for coefficients that should have one",
    formula: "lambda * sum_j w_j (up max(b_j, 0) + down max(-b_j, 0))",
    method: "prox: v - step lambda w_j up above, v + step lambda w_j down below, 0 between. Convex",
    combines: "every loss; separable, so coordinate descent applies; duality gap",
    example: "lambda = 0.1\nup = 1.0\ndown = 3.0",
    source: "the check function of Koenker & Bassett (1978), Econometrica 46(1), as a penalty",
});

#[cfg(test)]
mod tests {
    use super::*;
    use fenchel_laws::penalty::assert_laws;
    use fenchel_plugin::Space;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&AsymmetricL1::new(0.7, 1.0, 3.0).unwrap(), &Space::numbered(5, 1));
        assert_laws(&AsymmetricL1::new(1.3, 0.5, 0.0).unwrap(), &Space::numbered(3, 2));
        assert_laws(&AsymmetricL1::new(0.0, 1.0, 1.0).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        let penalty = AsymmetricL1::weighted(0.7, 2.0, 0.5, weights).unwrap();
        assert_laws(&penalty, &Space::numbered(4, 1));
        assert_laws(&penalty, &Space::numbered(2, 2));
    }

    #[test]
    fn the_prox_shifts_by_the_slope_of_its_side() {
        let penalty = AsymmetricL1::new(0.5, 2.0, 4.0).unwrap();
        let mut out = [f64::NAN; 5];
        // Slopes 1 and 2, step 2: above 2 less 2, below -4 more 4.
        let value = penalty.prox(&[3.0, 1.5, -3.5, -5.0, 0.0], 2.0, &mut out);
        assert_eq!(out, [1.0, 0.0, 0.0, -1.0, 0.0]);
        assert_eq!(value, 1.0 + 2.0);
    }

    #[test]
    fn zero_solves_from_the_largest_ratio_on() {
        let penalty = AsymmetricL1::new(1.0, 2.0, 0.5).unwrap();
        assert_eq!(penalty.zero_threshold(&[-3.0, 1.0]), Some(2.0));
        let free = AsymmetricL1::new(1.0, 2.0, 0.0).unwrap();
        assert_eq!(free.zero_threshold(&[-3.0, 0.0]), Some(1.5));
        assert_eq!(free.zero_threshold(&[-3.0, 1.0]), None);
    }

    #[test]
    fn bad_parameters_are_named() {
        let text = AsymmetricL1::new(1.0, -1.0, 1.0).unwrap_err().to_string();
        assert_eq!(text, "`up` must be finite and at least 0, got -1");
    }
}
