//! Coefficients at least zero.

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Elementary, Error, Lineality, Penalty, Prox,
    Scalar, Separable, Subdifferential, ZeroThreshold,
};

/// The indicator of the nonnegative orthant.
/// ```text
/// Ω(β)                = 0 if β ≥ 0, else ∞
/// prox_{tΩ}(v)ⱼ       = max(vⱼ, 0)
/// dist(−gⱼ, ∂Ωⱼ(βⱼ))  = max(−gⱼ, 0) if βⱼ = 0,  |gⱼ| if βⱼ > 0,  ∞ if βⱼ < 0
/// Ω*(u)               = 0 if u ≤ 0, else ∞
/// ```
/// - Shapes: `beta`, `v`, `out` are p × K, column by column.
/// - There is no lambda: scaling changes nothing.
/// - Source: Parikh & Boyd (2014), §6.2.3 (projection on an orthant).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nonnegative;

const ORTHANT: Scalar = Scalar { lower: 0.0, ..Scalar::ZERO };

impl Separable for Nonnegative {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        if b >= 0.0 { 0.0 } else { f64::INFINITY }
    }
    #[inline(always)]
    fn prox_at(&self, _j: usize, v: f64, _step: f64) -> f64 {
        if v > 0.0 { v } else { 0.0 }
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        ORTHANT.subdiff_dist(b, grad)
    }
}

impl Elementary for Nonnegative {
    fn scalar(&self, _j: usize) -> Scalar {
        ORTHANT
    }
}

impl Conjugate for Nonnegative {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if u.iter().all(|u| *u <= 0.0) { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        if u.iter().all(|u| *u <= 0.0) { 1.0 } else { 0.0 }
    }
}

impl ZeroThreshold for Nonnegative {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        grad.iter().all(|g| *g >= 0.0).then_some(0.0)
    }
}

impl Penalty for Nonnegative {
    fn value(&self, beta: &[f64]) -> f64 {
        if beta.iter().all(|b| *b >= 0.0) { 0.0 } else { f64::INFINITY }
    }
    fn scaled(&self, _scale: f64) -> Box<dyn Penalty> {
        Box::new(*self)
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
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
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        Some(self)
    }
}

/// Coefficients at least zero.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct NonnegativeSpec {}

impl BuildPenalty for NonnegativeSpec {
    fn build_penalty(&self, _context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(Nonnegative))
    }
}

fenchel_core::register_penalty!("nonnegative", NonnegativeSpec, {
    summary: "indicator: every coefficient is at least zero",
    formula: "0 if b >= 0, else infinity",
    method: "prox: max(v, 0), coefficient by coefficient. Convex",
    combines: "every loss; separable; in a sum with l1, l2 or elastic_net it keeps a closed-form \
               prox. Alone it has no scale, so a path does not change it",
    example: "",
    source: "Parikh & Boyd (2014), Proximal Algorithms, section 6.2.3",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        assert_laws(&Nonnegative, &Space::numbered(5, 1));
        assert_laws(&Nonnegative, &Space::numbered(3, 2));
    }

    #[test]
    fn the_prox_cuts_at_zero() {
        let mut out = [f64::NAN; 3];
        assert_eq!(Nonnegative.prox(&[-2.0, 0.0, 1.5], 3.0, &mut out), 0.0);
        assert_eq!(out, [0.0, 0.0, 1.5]);
    }

    #[test]
    fn the_distance_is_the_kkt_violation() {
        assert_eq!(Nonnegative.subdiff_dist(&[0.0, 2.0], &[5.0, 0.0]), 0.0);
        assert_eq!(Nonnegative.subdiff_dist(&[0.0, 2.0], &[-0.5, 0.25]), 0.5);
        assert_eq!(Nonnegative.subdiff_dist(&[-1e-9], &[0.0]), f64::INFINITY);
    }

    #[test]
    fn zero_solves_only_where_the_gradient_pushes_down() {
        assert_eq!(Nonnegative.zero_threshold(&[0.0, 3.0]), Some(0.0));
        assert_eq!(Nonnegative.zero_threshold(&[-1e-9, 3.0]), None);
    }

    #[test]
    fn files_take_no_parameter() {
        let space = Space::numbered(2, 1);
        let penalty = build(r#"{"type": "nonnegative"}"#, &space).unwrap();
        assert_eq!(penalty.value(&[1.0, -1e-12]), f64::INFINITY);
        let message = build(r#"{"type": "nonnegative", "lambda": 1}"#, &space).unwrap_err();
        assert!(message.contains("unknown field `lambda`"), "{message}");
    }
}
