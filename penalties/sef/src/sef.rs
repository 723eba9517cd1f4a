//! The sparse envelope function as a penalty.

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Space,
    Subdifferential, ZeroThreshold, kernels, worst,
};

use crate::envelope;

/// The sparse envelope function: ridge on the k largest coefficients, squared l1 on the tail; the
/// convex envelope of ridge with at most k nonzeros.
/// ```text
/// Omega(B)          = lambda S_k(B),    S_k(x) = 1/2 min { sum x_i^2/u_i : 0 <= u <= 1, sum u <= k }
/// prox_{t Omega}(v) = sign(v) min( max(|v| - t lambda theta, 0), |v| / (1 + t lambda) ),
///                     sum_i clip(|v_i| / theta - t lambda, 0, 1) = k;   v / (1 + t lambda) if nnz(v) <= k
/// Omega*(u)         = 1/(2 lambda) sum of the k largest u_i^2
/// dOmega(x)_i       = lambda sign(x_i) max(|x_i|, tau) if x_i != 0, else [-lambda tau, lambda tau];
///                     tau: sum min(|x_i| / tau, 1) = k for nnz > k, min |x_i| != 0 for nnz = k, 0 below
/// ```
/// - Shapes: B is p x K; k counts over all p K coefficients, `1 <= k <= p K`.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0 and k in its bounds.
/// - Half the square of the k-support norm; `k = 1` is half the squared l1 norm, `k = p K` ridge.
///   The level k is reached only for `lambda` large enough: below, more coefficients are nonzero.
/// - Source: Beck & Refael (2022), J. Global Optim. 82; Argyriou, Foygel & Srebro (2012), section 2.
#[derive(Debug, Clone)]
pub struct Sef {
    lambda: f64,
    k: usize,
}

impl Sef {
    /// Checks the parameters.
    pub fn new(lambda: f64, k: usize, space: &Space) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, k: envelope::check_level(k, space)? })
    }
}

impl Penalty for Sef {
    fn value(&self, beta: &[f64]) -> f64 {
        if self.lambda == 0.0 { 0.0 } else { self.lambda * envelope::value(beta, self.k) }
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

impl Prox for Sef {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        if self.lambda == 0.0 {
            out.copy_from_slice(v);
            return 0.0;
        }
        self.lambda * envelope::prox(v, self.k, step * self.lambda, out)
    }
}

impl Subdifferential for Sef {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let level = envelope::level(beta, self.k);
        beta.iter().zip(grad).fold(0.0, |top, (b, grad)| {
            let distance = if *b == 0.0 {
                (grad.abs() - self.lambda * level).max(0.0)
            } else {
                (grad + self.lambda * b.signum() * b.abs().max(level)).abs()
            };
            worst(top, if grad.is_nan() { f64::NAN } else { distance })
        })
    }
}

impl Conjugate for Sef {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.lambda == 0.0 {
            return if kernels::max_abs(u) == 0.0 { 0.0 } else { f64::INFINITY };
        }
        envelope::top_squares(u, self.k) / (2.0 * self.lambda)
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        if self.lambda == 0.0 && kernels::max_abs(u) > 0.0 { 0.0 } else { 1.0 }
    }
}

impl ZeroThreshold for Sef {
    /// The penalty is differentiable at zero, so only a zero gradient makes zero a solution.
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        (kernels::max_abs(grad) == 0.0).then_some(0.0)
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct SefSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// How many coefficients (of all outputs together) are meant to remain, at least 1.
    #[schemars(range(min = 1))]
    k: usize,
}

impl BuildPenalty for SefSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(Sef::new(self.lambda, self.k, context.space)?))
    }
}

fenchel_core::register_penalty!("sef", SefSpec, {
    summary: "sparse envelope function: the convex envelope of ridge with at most k nonzeros",
    formula: "lambda * S_k(B), S_k(x) = 1/2 min { sum_i x_i^2 / u_i : 0 <= u <= 1, sum u <= k }",
    method: "prox: one root of a piecewise linear function by selection, O(p K) on every input",
    combines: "every smooth loss by proximal gradient; duality gap known; a path needs `max`",
    example: "lambda = 0.1\nk = 2",
    source: "Beck & Refael (2022), J. Global Optim. 82",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;

    fn penalty(lambda: f64, k: usize, space: &Space) -> Sef {
        Sef::new(lambda, k, space).unwrap()
    }

    #[test]
    fn lambda_zero_is_the_identity() {
        let penalty = penalty(0.0, 1, &Space::numbered(3, 1));
        let mut out = [0.0; 3];
        assert_eq!(penalty.prox(&[1.0, -2.0, 0.5], 3.0, &mut out), 0.0);
        assert_eq!(out, [1.0, -2.0, 0.5]);
        assert_eq!(penalty.lineality(), Lineality::Everything);
        assert_eq!(penalty.dual_scale(&[1.0, 0.0, 0.0]), 0.0);
        assert_eq!(penalty.conjugate(&[0.0; 3]), 0.0);
    }

    #[test]
    fn the_conjugate_sums_the_largest_squares() {
        let penalty = penalty(2.0, 2, &Space::numbered(2, 2));
        assert_eq!(penalty.conjugate(&[1.0, -3.0, 2.0, 0.5]), (9.0 + 4.0) / 4.0);
    }

    #[test]
    fn the_distance_knows_the_three_cases_of_the_support() {
        let penalty = penalty(2.0, 2, &Space::numbered(4, 1));
        // One nonzero, fewer than k: differentiable, gradient lambda x.
        assert_eq!(penalty.subdiff_dist(&[3.0, 0.0, 0.0, 0.0], &[-6.0, 0.5, 0.0, 0.0]), 0.5);
        // As many as k: the others may be as large as the least of the support.
        assert_eq!(penalty.subdiff_dist(&[3.0, 1.0, 0.0, 0.0], &[-6.0, -2.0, 2.0, -2.5]), 0.5);
        // More than k: tau = (1 + 1) / (2 - 1) = 2.
        assert_eq!(penalty.subdiff_dist(&[3.0, 1.0, -1.0, 0.0], &[-6.0, -4.0, 4.0, 4.25]), 0.25);
    }

    #[test]
    fn laws_hold() {
        for (features, outputs) in [(6, 1), (3, 2), (1, 1)] {
            let space = Space::numbered(features, outputs);
            for k in [1, 2, 3, 6].into_iter().filter(|k| *k <= space.len()) {
                for lambda in [0.1, 1.0, 5.0] {
                    fenchel_laws::penalty::assert_laws(&penalty(lambda, k, &space), &space);
                }
            }
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        let space = Space::numbered(3, 2);
        let build = |json: &str| build(json, &space);
        assert!(build(r#"{"type":"sef","k":6}"#).is_ok());
        let error = build(r#"{"type":"sef","k":7}"#).unwrap_err();
        assert_eq!(error, "`k` must be between 1 and the number of coefficients, 6, got 7");
        assert!(build(r#"{"type":"sef","k":0}"#).unwrap_err().contains("got 0"));
        assert!(build(r#"{"type":"sef"}"#).unwrap_err().contains("missing field `k`"));
        assert!(build(r#"{"type":"sef","k":1,"lambda":-2}"#).unwrap_err().contains("`lambda`"));
    }
}
