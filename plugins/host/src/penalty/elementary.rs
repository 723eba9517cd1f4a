//! A penalty coefficient by coefficient, as four numbers each.

use std::sync::{Arc, OnceLock};

use fenchel_core::{Elementary, Scalar};
use fenchel_plugin_abi as abi;

use super::whole::COEFFICIENTS;
use crate::calls;
use crate::object::Object;
use crate::output::{Allowed, Output};

/// Asked for all of them at once, when the first one is needed: sums ask, and few others.
pub(super) struct ForeignElementary {
    object: Arc<Object>,
    table: abi::Elementary,
    length: usize,
    scalars: OnceLock<Vec<Scalar>>,
}

impl ForeignElementary {
    pub(super) fn new(object: Arc<Object>, table: abi::Elementary, length: usize) -> Self {
        Self { object, table, length, scalars: OnceLock::new() }
    }

    /// All scalars; zeros where the plugin's are none.
    fn ask(&self) -> Vec<Scalar> {
        let n = self.length;
        let scalars = self.table.scalars.expect("checked when it was asked for");
        let plugin = &self.object.plugin;
        let mut outputs = [(); 4].map(|()| Output::new(n));
        let [l1, l2, lower, upper] = outputs.each_mut().map(Output::as_mut_ptr);
        let written = plugin.attempt(&calls::SCALARS, |error| {
            // SAFETY: a function of the object; each output has room for `n` numbers.
            #[allow(unsafe_code)]
            unsafe {
                scalars(self.object.get(), 0, n, l1, l2, lower, upper, error)
            }
        });
        if !written {
            return vec![Scalar::ZERO; n];
        }
        // An end of an interval may be infinite, of either sign: it is looked at below.
        let weights = outputs[..2].iter().map(|output| (output, Allowed::Distance));
        let ends = outputs[2..].iter().map(|output| (output, Allowed::Number));
        for (output, allowed) in weights.chain(ends) {
            if let Some(flaw) = output.flaw(allowed) {
                plugin.report(&calls::SCALARS, flaw.text(COEFFICIENTS));
                return vec![Scalar::ZERO; n];
            }
        }
        let [l1, l2, lower, upper] = outputs.each_ref().map(Output::numbers);
        let scalar = |j: usize| Scalar { l1: l1[j], l2: l2[j], lower: lower[j], upper: upper[j] };
        let all: Vec<Scalar> = (0..n).map(scalar).collect();
        let proper =
            |s: &Scalar| s.l1.is_finite() && s.l2.is_finite() && s.lower <= 0.0 && s.upper >= 0.0;
        if let Some(j) = all.iter().position(|scalar| !proper(scalar)) {
            let Scalar { l1, l2, lower, upper } = all[j];
            let what = format!(
                "gave coefficient {j} l1 = {l1}, l2 = {l2} on [{lower}, {upper}], expected finite \
                 numbers and an interval that holds 0"
            );
            plugin.report(&calls::SCALARS, what);
            return vec![Scalar::ZERO; n];
        }
        all
    }
}

impl Elementary for ForeignElementary {
    fn scalar(&self, j: usize) -> Scalar {
        self.scalars.get_or_init(|| self.ask())[j]
    }
}
