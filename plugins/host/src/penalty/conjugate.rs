//! Conjugates and path starts: the plugin's own, or derived from a dual norm.

use std::sync::Arc;

use fenchel_core::{Conjugate, ZeroThreshold};
use fenchel_plugin_abi as abi;

use super::functions::OfVector;
use crate::calls::{self, Call};
use crate::object::Object;
use crate::output::Allowed;

/// A relative excess over the domain that still counts as inside, as for every conjugate.
const SLACK: f64 = 1e-12;

pub(super) struct OwnConjugate {
    object: Arc<Object>,
    table: abi::Conjugate,
    length: usize,
}

impl OwnConjugate {
    pub(super) fn new(object: Arc<Object>, table: abi::Conjugate, length: usize) -> Self {
        Self { object, table, length }
    }
}

impl Conjugate for OwnConjugate {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let value = (self.table.conjugate, self.length);
        number(&self.object, value, (&calls::CONJUGATE, Allowed::Value), u).unwrap_or(f64::INFINITY)
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let scale = (self.table.dual_scale, self.length);
        number(&self.object, scale, (&calls::DUAL_SCALE, Allowed::Fraction), u).unwrap_or(f64::NAN)
    }
}

/// For a norm, `Omega*` is the indicator of the unit ball of the dual norm, and `-grad` is in
/// `s dOmega(0)` where the dual norm of `grad` is at most `s`.
pub(super) struct FromDualNorm {
    object: Arc<Object>,
    table: abi::DualNorm,
    length: usize,
}

impl FromDualNorm {
    pub(super) fn new(object: Arc<Object>, table: abi::DualNorm, length: usize) -> Self {
        Self { object, table, length }
    }

    fn norm(&self, u: &[f64]) -> f64 {
        let norm = (self.table.dual_norm, self.length);
        number(&self.object, norm, (&calls::DUAL_NORM, Allowed::Distance), u).unwrap_or(f64::NAN)
    }
}

impl Conjugate for FromDualNorm {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.norm(u) <= 1.0 + SLACK { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        match self.norm(u) {
            norm if norm <= 1.0 => 1.0,
            norm => 1.0 / norm,
        }
    }
}

impl ZeroThreshold for FromDualNorm {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        Some(self.norm(grad)).filter(|norm| norm.is_finite())
    }
}

pub(super) struct OwnThreshold {
    object: Arc<Object>,
    table: abi::ZeroThreshold,
    length: usize,
}

impl OwnThreshold {
    pub(super) fn new(object: Arc<Object>, table: abi::ZeroThreshold, length: usize) -> Self {
        Self { object, table, length }
    }
}

impl ZeroThreshold for OwnThreshold {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let scale = (self.table.zero_threshold, self.length);
        number(&self.object, scale, (&calls::ZERO_THRESHOLD, Allowed::Distance), grad)
            .filter(|scale| scale.is_finite())
    }
}

fn number(
    object: &Object,
    (function, length): (Option<OfVector>, usize),
    (call, allowed): (&'static Call, Allowed),
    u: &[f64],
) -> Option<f64> {
    assert_eq!(u.len(), length, "a vector of the space that the penalty was built for");
    let function = function.expect("checked when it was asked for");
    object.plugin.number(call, allowed, &[u], |out, error| {
        // SAFETY: a function of the object; `u` has its length.
        #[allow(unsafe_code)]
        unsafe {
            function(object.get(), u.as_ptr(), u.len(), out, error)
        }
    })
}
