//! A penalty of all coefficients at once, through the singular values of B (p x K).

use fenchel_core::{Conjugate, Convexity, Lineality, Penalty, Prox, Space};
use nalgebra::{DMatrix, DVector};

/// `lambda sum_i sigma_i(B)`.
#[derive(Debug, Clone)]
pub struct Nuclear {
    pub lambda: f64,
    pub features: usize,
    pub outputs: usize,
}

impl Nuclear {
    /// NaN where an entry is not finite, which the decomposition does not survive.
    fn singular_values(&self, beta: &[f64]) -> DVector<f64> {
        if !beta.iter().all(|b| b.is_finite()) {
            return DVector::from_element(1, f64::NAN);
        }
        DMatrix::from_column_slice(self.features, self.outputs, beta).singular_values()
    }
}

impl Penalty for Nuclear {
    fn value(&self, beta: &[f64]) -> f64 {
        self.lambda * self.singular_values(beta).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..*self })
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
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
}

impl Prox for Nuclear {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        if !v.iter().all(|v| v.is_finite()) {
            out.fill(f64::NAN);
            return f64::NAN;
        }
        let mut svd = DMatrix::from_column_slice(self.features, self.outputs, v).svd(true, true);
        svd.singular_values.apply(|s| *s = (*s - step * self.lambda).max(0.0));
        let value = self.lambda * svd.singular_values.sum();
        out.copy_from_slice(svd.recompose().expect("both factors were computed").as_slice());
        value
    }
}

impl Conjugate for Nuclear {
    /// 0 where the largest singular value is at most lambda.
    fn conjugate(&self, u: &[f64]) -> f64 {
        let top = self.singular_values(u).max();
        if top <= self.lambda * (1.0 + 1e-12) { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let top = self.singular_values(u).max();
        if top <= self.lambda { 1.0 } else { self.lambda / top }
    }
}

#[test]
fn a_spectral_penalty_obeys_the_laws() {
    for (features, outputs) in [(4, 2), (2, 3)] {
        let penalty = Nuclear { lambda: 0.8, features, outputs };
        fenchel_laws::penalty::assert_laws(&penalty, &Space::numbered(features, outputs));
    }
}
