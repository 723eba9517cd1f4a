//! The k-support norm.

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Space,
    Subdifferential, ZeroThreshold, kernels, worst,
};

use crate::ball;
use crate::envelope;

/// The k-support norm, whose unit ball is the convex hull of the vectors with at most k nonzeros and
/// Euclidean norm at most 1.
/// ```text
/// Omega(B)           = lambda ||B||_k^sp,    1/2 (||x||_k^sp)^2 = S_k(x), the envelope of `sef`
/// dual norm          : (||u||_k^sp)* = sqrt(sum of the k largest u_i^2)
/// prox_{t Omega}(v)  = 0  if the dual norm of v is at most c = t lambda,  else
///                      w(mu) = prox_{mu S_k}(v)  at the mu > 0 with (||v - w(mu)||_k^sp)* = c
/// Omega*(u)          = 0  if the dual norm of u is at most lambda,  else +inf
/// dOmega(x)          = lambda dS_k(x) / ||x||_k^sp  if x != 0,  else lambda times the dual unit ball
/// dist(-g, dOmega)   = the largest over coordinates if x != 0, else Euclidean (the norm of the prox)
/// ```
/// - Shapes: B is p x K; k counts over all p K coefficients, `1 <= k <= p K`.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0 and k in its bounds.
/// - `k = 1` is the l1 norm, `k = p K` the Euclidean norm.
/// - Source: Argyriou, Foygel & Srebro (2012), NIPS, sections 2 and 3. The prox there is that of the
///   squared norm; that of the norm is a projection on the dual ball away from it, `w = v - P(v)`.
#[derive(Debug, Clone)]
pub struct KSupport {
    lambda: f64,
    k: usize,
}

impl KSupport {
    /// Checks the parameters.
    pub fn new(lambda: f64, k: usize, space: &Space) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, k: envelope::check_level(k, space)? })
    }
}

impl Penalty for KSupport {
    fn value(&self, beta: &[f64]) -> f64 {
        if self.lambda == 0.0 { 0.0 } else { self.lambda * ball::norm(beta, self.k) }
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: self.lambda * scale, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
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

impl Prox for KSupport {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        if self.lambda == 0.0 {
            out.copy_from_slice(v);
            return 0.0;
        }
        self.lambda * ball::prox(v, self.k, step * self.lambda, out)
    }
}

impl Subdifferential for KSupport {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        if kernels::max_abs(beta) == 0.0 {
            // By Moreau, what is left of -grad beyond the dual ball is the prox of the norm.
            if grad.iter().any(|g| g.is_nan()) {
                return f64::INFINITY;
            }
            let mut rest = vec![0.0; grad.len()];
            ball::prox(grad, self.k, self.lambda, &mut rest);
            return kernels::norm2(&rest);
        }
        let slope = self.lambda / ball::norm(beta, self.k);
        let level = envelope::level(beta, self.k);
        beta.iter().zip(grad).fold(0.0, |top, (b, grad)| {
            let distance = if *b == 0.0 {
                (grad.abs() - slope * level).max(0.0)
            } else {
                (grad + slope * b.signum() * b.abs().max(level)).abs()
            };
            worst(top, if grad.is_nan() { f64::NAN } else { distance })
        })
    }
}

impl Conjugate for KSupport {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let inside = ball::dual_norm(u, self.k) <= self.lambda * (1.0 + 1e-12);
        if inside { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let norm = ball::dual_norm(u, self.k);
        if norm <= self.lambda { 1.0 } else { self.lambda / norm }
    }
}

impl ZeroThreshold for KSupport {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let norm = ball::dual_norm(grad, self.k);
        if norm == 0.0 {
            return Some(0.0);
        }
        (self.lambda > 0.0).then(|| norm / self.lambda)
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct KSupportSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// How many coefficients (of all outputs together) are meant to remain, at least 1.
    #[schemars(range(min = 1))]
    k: usize,
}

impl BuildPenalty for KSupportSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(KSupport::new(self.lambda, self.k, context.space)?))
    }
}

fenchel_core::register_penalty!("k_support", KSupportSpec, {
    summary: "k-support norm: its ball is the convex hull of vectors with k nonzeros and l2 norm 1",
    formula: "lambda * sqrt(min { sum_i b_i^2 / u_i : 0 <= u <= 1, sum u <= k })",
    method: "prox: a search for one number, each step a selection in O(p K); few steps, as pieces are solved whole",
    combines: "every smooth loss by proximal gradient; duality gap known, the dual norm is that of the k largest",
    example: "lambda = 0.1\nk = 2",
    source: "Argyriou, Foygel & Srebro (2012), NIPS, section 2",
});
