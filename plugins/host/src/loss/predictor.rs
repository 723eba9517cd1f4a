//! Predictions of a loss of a plugin.

use std::sync::Arc;

use fenchel_core::{Error, Predictor, ResponseKind, Samples};
use fenchel_plugin_abi as abi;

use super::samples::{self, View};
use crate::calls;
use crate::object::Object;
use crate::output::{Allowed, UNWRITTEN};
use crate::plugin::Entries;
use crate::refusal;

/// The most columns that a response may have; beyond it, their number was nonsense.
const MOST_COLUMNS: usize = 1 << 24;

/// A class that no output holds before it is written.
const NO_CLASS: u32 = u32::MAX;

pub(super) struct ForeignPredictor {
    object: Arc<Object>,
    table: abi::Predictor,
    reads: ResponseKind,
}

impl ForeignPredictor {
    pub(super) fn new(object: Arc<Object>, table: abi::Predictor, reads: ResponseKind) -> Self {
        Self { object, table, reads }
    }

    /// Columns of the response; `None` where the plugin's number is nonsense.
    fn columns(&self, outputs: usize) -> Option<usize> {
        let columns = self.table.columns.expect("checked when it was asked for");
        let plugin = &self.object.plugin;
        let inside = plugin.enter(&calls::RESPONSE);
        // SAFETY: a function of the object.
        #[allow(unsafe_code)]
        let number = unsafe { columns(self.object.get(), outputs) };
        drop(inside);
        if number == 0 || number > MOST_COLUMNS {
            plugin.report(&calls::RESPONSE, format!("has {number} columns for {outputs} outputs"));
            return None;
        }
        Some(number)
    }
}

impl Predictor for ForeignPredictor {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        let n = eta.len() / outputs;
        let Some(columns) = self.columns(outputs) else { return (vec![f64::NAN; n], 1) };
        let response = self.table.response.expect("checked when it was asked for");
        let object = &self.object;
        let mut out = vec![0.0; n * columns];
        let entries = Entries(if columns == 1 { "sample" } else { "entry" }, 0);
        let kind = (entries, Allowed::Number);
        object.plugin.fill(&calls::RESPONSE, kind, &[eta], &mut out, |out, error| {
            // SAFETY: a function of the object; `eta` is n x outputs, and `out` has room for
            // n x columns.
            #[allow(unsafe_code)]
            unsafe {
                response(object.get(), eta.as_ptr(), n, outputs, out, error)
            }
        });
        (out, columns)
    }

    fn class(&self, eta: &[f64], outputs: usize) -> Option<Vec<u32>> {
        let classes = self.table.classes?;
        let (plugin, n) = (&self.object.plugin, eta.len() / outputs);
        // One more than there is room for, to see whether it is written.
        let mut out = vec![NO_CLASS; n + 1];
        let written = plugin.attempt(&calls::CLASSES, |error| {
            // SAFETY: a function of the object; `eta` is n x outputs, and `out` has room for n.
            #[allow(unsafe_code)]
            unsafe {
                classes(self.object.get(), eta.as_ptr(), n, outputs, out.as_mut_ptr(), error)
            }
        });
        if !written {
            return None;
        }
        let what = if out.pop() != Some(NO_CLASS) {
            format!("wrote beyond the end of its output, which has room for {n} numbers")
        } else if let Some(i) = out.iter().position(|&class| class == NO_CLASS) {
            format!("left sample {i} unwritten")
        } else {
            return Some(out);
        };
        plugin.report(&calls::CLASSES, what);
        None
    }

    fn deviance(&self, eta: &[f64], outputs: usize, samples: &Samples) -> Result<f64, Error> {
        let view = View::new(self.reads, samples)?;
        Error::check_length("eta", eta.len(), samples.len() * outputs)?;
        let deviance = self.table.deviance.expect("checked when it was asked for");
        let (plugin, call) = (&self.object.plugin, &calls::DEVIANCE);
        let mut number = UNWRITTEN;
        let inside = plugin.enter(call);
        let result = refusal::call(|error| {
            let n = samples.len();
            // SAFETY: a function of the object; `eta` is n x outputs, and the samples are there
            // until it returns.
            #[allow(unsafe_code)]
            unsafe {
                let object = self.object.get();
                deviance(object, eta.as_ptr(), n, outputs, view.table(), &mut number, error)
            }
        });
        drop(inside);
        result.map_err(|refusal| samples::refused(plugin, call, refusal, samples))?;
        let number = plugin.judge(call, Allowed::Value, &[eta], number);
        number.ok_or_else(|| plugin.broken(call, "returned no number"))
    }
}
