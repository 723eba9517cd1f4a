//! {{name}}: a penalty on single coefficients, as a plugin of fenchel.

use fenchel_plugin::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Separable,
    Subdifferential, ZeroThreshold, kernels,
};

fenchel_plugin::export_plugin!();

/// As it stands this is the lasso; write your own formula here, and below what follows from it.
/// ```text
/// Omega(b)            = lambda sum_j |b_j|
/// prox_{t Omega}(v)_j = sign(v_j) max(|v_j| - t lambda, 0)
/// dist(-g_j, dOmega)  = max(|g_j| - lambda, 0)  if b_j = 0,  else |g_j + lambda sign(b_j)|
/// Omega*(u)           = 0 if |u_j| <= lambda for all j, else +inf
/// ```
/// - Shapes: p x K coefficients, column by column; `lambda` is a scalar.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0.
/// - Source: paper and equation.
#[derive(Debug, Clone)]
pub struct {{Name}} {
    lambda: f64, // finite, at least 0
}

impl {{Name}} {
    /// Checks the parameters; the only way in.
    pub fn new(lambda: f64) -> Result<Self, Error> {
        Ok(Self { lambda: Error::check_non_negative("lambda", lambda)? })
    }
}

/// Coefficient by coefficient. `Prox` and `Subdifferential` follow from it.
impl Separable for {{Name}} {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        self.lambda * b.abs()
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        kernels::soft_threshold(v, step * self.lambda)
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        match b {
            0.0 if grad.abs() <= self.lambda => 0.0,
            0.0 => grad.abs() - self.lambda,
            _ => (grad + self.lambda * b.signum()).abs(),
        }
    }
}

/// Gives duality gaps. Convex penalties only.
impl Conjugate for {{Name}} {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let inside = kernels::max_abs(u) <= self.lambda * (1.0 + 1e-12);
        if inside { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let largest = kernels::max_abs(u);
        if largest <= self.lambda { 1.0 } else { self.lambda / largest }
    }
}

/// Gives paths their beginning.
impl ZeroThreshold for {{Name}} {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let largest = kernels::max_abs(grad);
        match (largest, self.lambda) {
            (0.0, _) => Some(0.0),
            (_, 0.0) => None,
            (largest, lambda) => Some(largest / lambda),
        }
    }
}

impl Penalty for {{Name}} {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    /// The directions along which the penalty is constant.
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
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

/// What a problem file says. Bounds and defaults are checked and filled in by fenchel.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
}

impl BuildPenalty for Spec {
    fn build_penalty(&self, _context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new({{Name}}::new(self.lambda)?))
    }
}

fenchel_plugin::register_penalty!("{{name}}", Spec, {
    summary: "one sentence on what the penalty is for",
    formula: "lambda * sum_j |b_j|",
    method: "prox: sign(v) max(|v| - step lambda, 0), coefficient by coefficient. Convex",
    combines: "every loss; separable, so coordinate descent applies; duality gap",
    example: "lambda = 0.1",
    source: "paper and equation",
});
