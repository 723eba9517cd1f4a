//! A prox and a subdifferential of the whole penalty.

use std::sync::Arc;

use fenchel_core::{Prox, Subdifferential};
use fenchel_plugin_abi as abi;

use crate::calls;
use crate::object::Object;
use crate::output::{Allowed, UNWRITTEN};
use crate::plugin::Entries;

/// The noun of nearly every output of a penalty.
pub(super) const COEFFICIENTS: Entries = Entries("coefficient", 0);

pub(super) struct OwnProx {
    object: Arc<Object>,
    table: abi::Prox,
    length: usize,
}

impl OwnProx {
    pub(super) fn new(object: Arc<Object>, table: abi::Prox, length: usize) -> Self {
        Self { object, table, length }
    }
}

impl Prox for OwnProx {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        assert!(v.len() == self.length && out.len() == self.length);
        let plugin = &self.object.plugin;
        let prox = self.table.prox.expect("checked when it was asked for");
        let mut value = UNWRITTEN;
        let kind = (COEFFICIENTS, Allowed::Finite);
        let written = plugin.fill(&calls::PROX, kind, &[v, &[step]], out, |out, error| {
            // SAFETY: a function of the object; `v` has its length, `out` has room for as much.
            #[allow(unsafe_code)]
            unsafe {
                prox(self.object.get(), v.as_ptr(), v.len(), step, out, &mut value, error)
            }
        });
        if !written {
            return f64::NAN;
        }
        plugin.judge(&calls::PROX, Allowed::Value, &[v, &[step]], value).unwrap_or(f64::NAN)
    }
}

pub(super) struct OwnSubdifferential {
    object: Arc<Object>,
    table: abi::Subdifferential,
    length: usize,
}

impl OwnSubdifferential {
    pub(super) fn new(object: Arc<Object>, table: abi::Subdifferential, length: usize) -> Self {
        Self { object, table, length }
    }
}

impl Subdifferential for OwnSubdifferential {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        assert!(beta.len() == self.length && grad.len() == self.length);
        let dist = self.table.subdiff_dist.expect("checked when it was asked for");
        let call = &calls::SUBDIFF_DIST;
        let inputs = [beta, grad];
        let dist = self.object.plugin.number(call, Allowed::Distance, &inputs, |out, error| {
            // SAFETY: a function of the object; both inputs have its length.
            #[allow(unsafe_code)]
            unsafe {
                dist(self.object.get(), beta.as_ptr(), grad.as_ptr(), beta.len(), out, error)
            }
        });
        dist.unwrap_or(f64::INFINITY)
    }
}
