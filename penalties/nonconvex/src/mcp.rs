//! The minimax concave penalty.

use fenchel_core::{
    BuildPenalty, Context, ConvexConcave, Convexity, Error, Lineality, Penalty, PerCoefficient,
    Prox, Separable, Subdifferential, Uniform, Weights, ZeroThreshold, feature_weights, kernels,
};

use crate::concave::{
    absolute_prox, absolute_value, distance_at_zero, largest_ratio, weakly_convex,
};

/// The minimax concave penalty (MCP). With `λⱼ = λwⱼ`:
/// ```text
/// Ωⱼ(b)          = λⱼ|b| − b²/(2γ)  if |b| ≤ γλⱼ,  else γλⱼ²/2
/// prox_{tΩⱼ}(v)  = t < γ:  0                                if |v| ≤ tλⱼ,
///                          sign(v) (|v| − tλⱼ)/(1 − t/γ)    if |v| ≤ γλⱼ,  else v
///                  t ≥ γ:  0  if |v| ≤ λⱼ √(γt),  else v
/// dist(−g, ∂Ωⱼ)  = max(|g| − λⱼ, 0) at 0,  else |g + sign(b) max(λⱼ − |b|/γ, 0)|
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column; `lambda` and `gamma` are scalars, `w`
///   has one weight a coefficient, all 1 for [`Uniform`]. A coefficient of weight 0 is unpenalised.
/// - For `t ≥ γ` the prox objective is concave on `[0, γλⱼ]`, so only 0 and `v` can minimise it;
///   the threshold is where they tie, and there 0 is taken.
/// - Scaling multiplies λ and keeps γ. Weakly convex with constant 1/γ.
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0 and
///   `gamma` is finite and greater than 1.
/// - Source: Zhang (2010), Ann. Stat. 38(2), eq. 2.3; prox for t < γ in Breheny & Huang (2011),
///   Ann. Appl. Stat. 5(1), eq. 2.4.
#[derive(Debug, Clone, PartialEq)]
pub struct Mcp<W = Uniform> {
    lambda: f64, // finite, at least 0
    gamma: f64,  // finite, greater than 1
    weights: W,
}

impl Mcp {
    /// The same weight for every coefficient.
    pub fn new(lambda: f64, gamma: f64) -> Result<Self, Error> {
        Self::checked(lambda, gamma, Uniform)
    }
}

impl Mcp<PerCoefficient> {
    /// One weight a coefficient, p K of them; a factor of lambda.
    pub fn weighted(lambda: f64, gamma: f64, weights: Vec<f64>) -> Result<Self, Error> {
        Self::checked(lambda, gamma, PerCoefficient::new(weights)?)
    }
}

impl<W: Weights> Mcp<W> {
    fn checked(lambda: f64, gamma: f64, weights: W) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, gamma: Error::check_above("gamma", gamma, 1.0)?, weights })
    }

    #[inline(always)]
    fn lambda_at(&self, j: usize) -> f64 {
        self.lambda * self.weights.weight(j)
    }
}

impl<W: Weights> Separable for Mcp<W> {
    #[inline(always)]
    fn value_at(&self, j: usize, b: f64) -> f64 {
        let (lambda, gamma, size) = (self.lambda_at(j), self.gamma, b.abs());
        if size <= gamma * lambda {
            size * (lambda - size * (0.5 / gamma))
        } else {
            0.5 * gamma * lambda * lambda
        }
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let (lambda, gamma) = (self.lambda_at(j), self.gamma);
        // Choices rather than branches, so that many are made at once. The hard threshold is a firm
        // one that is flat at once.
        let hard = step >= gamma;
        let cut = if hard { lambda * (gamma * step).sqrt() } else { step * lambda };
        let flat = if hard { cut } else { gamma * lambda };
        let quotient = if hard { 1.0 } else { 1.0 - step / gamma };
        let firm = kernels::soft_threshold(v, cut) / quotient;
        // Just below step = gamma the quotient is of rounding errors, but the flat part bounds it;
        // unlike `clamp`, this passes NaN on.
        let firm = if firm > flat { flat } else { firm };
        let firm = if firm < -flat { -flat } else { firm };
        if v.abs() > flat { v } else { firm }
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let lambda = self.lambda_at(j);
        if b == 0.0 {
            return distance_at_zero(grad, lambda);
        }
        (grad + b.signum() * (lambda - b.abs() / self.gamma).max(0.0)).abs()
    }
}

impl<W: Weights> ZeroThreshold for Mcp<W> {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        largest_ratio(grad, |j| self.lambda_at(j))
    }
}

/// `h(b) = λⱼ|b|` and `c(b) = −b²/(2γ)` if `|b| ≤ γλⱼ`, else `γλⱼ²/2 − λⱼ|b|`.
impl<W: Weights> ConvexConcave for Mcp<W> {
    fn convex_value(&self, beta: &[f64]) -> f64 {
        absolute_value(beta, |j| self.lambda_at(j))
    }
    fn convex_prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        absolute_prox(v, step, |j| self.lambda_at(j), out)
    }
    fn add_concave_gradient(&self, beta: &[f64], grad: &mut [f64]) -> f64 {
        let mut value = 0.0;
        for (j, (b, g)) in beta.iter().zip(grad).enumerate() {
            let (lambda, size) = (self.lambda_at(j), b.abs());
            let slope = lambda.min(size / self.gamma);
            *g -= slope.copysign(*b);
            // Half the slope up to the knot, all of it beyond.
            let knot = size.min(self.gamma * lambda);
            value -= slope * (size - 0.5 * knot);
        }
        value
    }
    fn concave_lipschitz(&self) -> f64 {
        if self.lineality() == Lineality::Everything { 0.0 } else { 1.0 / self.gamma }
    }
}

impl<W: Weights> Penalty for Mcp<W> {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        weakly_convex(1.0 / self.gamma, &self.lineality())
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

/// The minimax concave penalty.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct McpSpec {
    /// Strength of the penalty: the slope at zero.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// Concavity: the penalty is flat beyond gamma lambda. Greater than 1; large values approach
    /// the lasso.
    #[serde(default = "three")]
    #[schemars(extend("exclusiveMinimum" = 1.0))]
    gamma: f64,
    /// One weight a feature, at least 0, a factor of lambda; a feature of weight 0 is unpenalised.
    /// Default: all 1.
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

fenchel_core::register_penalty!("mcp", McpSpec, {
    summary: "minimax concave penalty: sparse like the lasso, but leaves large coefficients unshrunk",
    formula: "sum_j lambda_j |b_j| - b_j^2 / (2 gamma) for |b_j| <= gamma lambda_j, else gamma \
              lambda_j^2 / 2, with lambda_j = lambda w_j",
    method: "prox: firm thresholding for step < gamma, hard thresholding at lambda_j sqrt(gamma \
             step) from there on; always a global minimiser. Weakly convex, 1/gamma",
    combines: "every loss; separable; certified by stationarity, so a fit may be a local minimum",
    example: "lambda = 0.1\ngamma = 3.0",
    source: "Zhang (2010), Ann. Stat. 38(2)",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&Mcp::new(0.7, 3.0).unwrap(), &Space::numbered(5, 1));
        assert_laws(&Mcp::new(1.3, 1.05).unwrap(), &Space::numbered(3, 2));
        assert_laws(&Mcp::new(0.2, 40.0).unwrap(), &Space::numbered(2, 1));
        assert_laws(&Mcp::new(0.0, 3.0).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn obeys_the_laws_with_weights() {
        let weights = vec![0.5, 0.0, 2.0, 1.0];
        assert_laws(&Mcp::weighted(0.7, 3.0, weights.clone()).unwrap(), &Space::numbered(4, 1));
        assert_laws(&Mcp::weighted(0.7, 3.0, weights).unwrap(), &Space::numbered(2, 2));
        assert_laws(&Mcp::weighted(0.7, 3.0, vec![0.0; 3]).unwrap(), &Space::numbered(3, 1));
    }

    #[test]
    fn the_value_rises_and_then_is_flat() {
        let mcp = Mcp::new(2.0, 3.0).unwrap();
        assert_eq!(mcp.value(&[0.0, 3.0]), 6.0 - 1.5);
        assert_eq!(mcp.value(&[6.0, -100.0]), 6.0 + 6.0);
    }

    #[test]
    fn the_prox_is_firm_thresholding_below_the_limit() {
        let mcp = Mcp::new(1.0, 2.0).unwrap();
        let prox = |v: f64| mcp.prox_at(0, v, 1.0);
        assert_eq!([prox(1.0), prox(-1.5), prox(2.0), prox(2.5)], [0.0, -1.0, 2.0, 2.5]);
    }

    #[test]
    fn the_prox_is_global_beyond_the_limit() {
        // step = 8, gamma = 2: the tie is at |v| = sqrt(16) lambda, far above gamma lambda.
        let mcp = Mcp::new(1.0, 2.0).unwrap();
        let prox = |v: f64| mcp.prox_at(0, v, 8.0);
        assert_eq!([prox(3.0), prox(4.0), prox(-4.001)], [0.0, 0.0, -4.001]);
    }

    #[test]
    fn the_convexity_is_that_of_the_weights() {
        assert_eq!(Mcp::new(1.0, 4.0).unwrap().convexity(), Convexity::WeaklyConvex(0.25));
        assert_eq!(Mcp::new(0.0, 4.0).unwrap().convexity(), Convexity::Convex);
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = Mcp::new(1.0, 1.0).unwrap_err().to_string();
        assert_eq!(message, "`gamma` must be finite and greater than 1, got 1");
        assert!(Mcp::new(-1.0, 3.0).unwrap_err().to_string().contains("`lambda`"));
        let message = Mcp::weighted(1.0, 3.0, vec![1.0, -1.0]).unwrap_err().to_string();
        assert!(message.contains("`weights[1]`"), "{message}");
    }

    #[test]
    fn files_give_one_weight_a_feature() {
        let space = Space::numbered(2, 2);
        let table = r#"{"type": "mcp", "weights": [1, 2]}"#;
        let value = build(table, &space).unwrap().value(&[50.0, 0.0, 0.0, -50.0]);
        assert!((value - 0.5 * 3.0 * (1.0 + 4.0)).abs() < 1e-14);
        let message = |table: &str| build(table, &space).unwrap_err();
        assert_eq!(
            message(r#"{"type": "mcp", "gamma": 1}"#),
            "`gamma` must be finite and greater than 1, got 1"
        );
        assert!(message(r#"{"type": "mcp", "weights": [1]}"#).contains("expected 2"));
    }
}
