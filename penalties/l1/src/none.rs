//! No penalty.

use fenchel_core::{
    BuildPenalty, Context, Convexity, Elementary, Error, Lineality, Penalty, Scalar, Separable,
};

use crate::elementary::{all_elementary_capabilities, derive_from_scalars};

/// No penalty: `Omega = 0`.
/// ```text
/// Ω(β)            = 0
/// prox_{tΩ}(v)    = v
/// dist(−g, ∂Ω(β)) = |g|
/// Ω*(u)           = 0 if u = 0, else ∞
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoPenalty;

impl Separable for NoPenalty {
    fn value_at(&self, _j: usize, _b: f64) -> f64 {
        0.0
    }
    #[inline(always)]
    fn prox_at(&self, _j: usize, v: f64, _step: f64) -> f64 {
        v
    }
    fn subdiff_dist_at(&self, _j: usize, _b: f64, grad: f64) -> f64 {
        grad.abs()
    }
}

impl Elementary for NoPenalty {
    #[inline(always)]
    fn scalar(&self, _j: usize) -> Scalar {
        Scalar::ZERO
    }
}

derive_from_scalars!(NoPenalty);

impl Penalty for NoPenalty {
    fn value(&self, _beta: &[f64]) -> f64 {
        0.0
    }
    fn scaled(&self, _scale: f64) -> Box<dyn Penalty> {
        Box::new(*self)
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        Lineality::Everything
    }
    all_elementary_capabilities!();
}

/// No penalty.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoneSpec {}

impl BuildPenalty for NoneSpec {
    fn build_penalty(&self, _context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(NoPenalty))
    }
}

fenchel_core::register_penalty!("none", NoneSpec, {
    summary: "no penalty: maximum likelihood or least squares",
    formula: "0",
    method: "prox: v itself. Convex; every coefficient is free",
    combines: "every loss; the minimum need not be unique or exist where p > n or classes separate",
    example: "",
    source: "-",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&NoPenalty, &Space::numbered(5, 1));
        assert_laws(&NoPenalty, &Space::numbered(3, 2));
    }

    #[test]
    fn only_zero_is_a_subgradient() {
        let conjugate = NoPenalty.as_conjugate().unwrap();
        assert_eq!(conjugate.conjugate(&[0.0, 0.0]), 0.0);
        assert_eq!(conjugate.conjugate(&[0.0, 1e-9]), f64::INFINITY);
        assert_eq!(NoPenalty.as_zero_threshold().unwrap().zero_threshold(&[0.0, 0.1]), None);
    }

    #[test]
    fn files_take_no_parameter() {
        let space = Space::numbered(2, 1);
        assert!(build(r#"{"type": "none"}"#, &space).is_ok());
        let message = build(r#"{"type": "none", "lambda": 1}"#, &space).unwrap_err();
        assert!(message.contains("unknown field `lambda`"), "{message}");
    }
}
