//! Derivatives of a bound loss.

use fenchel_core::{Curvature, CurvatureForm, Error, SmoothFit};
use fenchel_plugin_abi as abi;

use super::fit::Bound;
use crate::calls;
use crate::output::{Allowed, Output, UNWRITTEN};
use crate::plugin::Entries;

pub(super) struct ForeignSmooth {
    bound: Bound,
    table: abi::Smooth,
    hessian_bound: Option<f64>,
}

impl ForeignSmooth {
    /// Errors: a bound on the Hessian that is none.
    pub(super) fn new(bound: Bound, table: abi::Smooth) -> Result<Self, Error> {
        let hessian_bound = table.hessian_bound.expect("checked when it was asked for");
        let plugin = &bound.object.plugin;
        let inside = plugin.enter(&calls::HESSIAN_BOUND);
        // SAFETY: a function of the object.
        #[allow(unsafe_code)]
        let number = unsafe { hessian_bound(bound.object.get()) };
        drop(inside);
        if number < 0.0 || number.is_infinite() {
            let what = format!("returned {number}, expected a number at least 0, or NaN for none");
            return Err(plugin.broken(&calls::HESSIAN_BOUND, what));
        }
        let hessian_bound = Some(number).filter(|number| !number.is_nan());
        Ok(Self { bound, table, hessian_bound })
    }
}

impl SmoothFit for ForeignSmooth {
    fn gradient(
        &self,
        eta: &[f64],
        own: &[f64],
        grad_eta: &mut [f64],
        grad_own: &mut [f64],
    ) -> f64 {
        self.bound.check(eta, own);
        self.bound.check(grad_eta, grad_own);
        let gradient = self.table.gradient.expect("checked when it was asked for");
        let (object, call) = (&self.bound.object, &calls::GRADIENT);
        let plugin = &object.plugin;
        let mut outputs = [Output::new(grad_eta.len()), Output::new(grad_own.len())];
        let [of_eta, of_own] = outputs.each_mut().map(Output::as_mut_ptr);
        let mut value = UNWRITTEN;
        let written = plugin.attempt(call, |error| {
            // SAFETY: a function of the object; inputs have their lengths, outputs room for as much.
            #[allow(unsafe_code)]
            unsafe {
                let (eta, own) = (eta.as_ptr(), own.as_ptr());
                gradient(object.get(), eta, own, of_eta, of_own, &mut value, error)
            }
        });
        let inputs = [eta, own];
        let value = written.then(|| plugin.judge(call, Allowed::Value, &inputs, value)).flatten();
        let entries = [self.bound.entries(), Entries::Of("own parameter", 0)];
        // Outside the domain a gradient may be anything, but not longer than it is.
        let allowed = match value {
            Some(f64::INFINITY) => Allowed::Everything,
            _ => Allowed::Finite,
        };
        let mut fine = value.is_some();
        let targets = [&mut *grad_eta, &mut *grad_own];
        for ((output, target), entries) in outputs.iter().zip(targets).zip(entries) {
            fine = fine && plugin.settle(call, (entries, allowed), &inputs, output, target);
        }
        if !fine {
            grad_eta.fill(f64::NAN);
            grad_own.fill(f64::NAN);
        }
        value.filter(|_| fine).unwrap_or(f64::NAN)
    }

    fn hessian_bound(&self) -> Option<f64> {
        self.hessian_bound
    }
}

pub(super) struct ForeignCurvature {
    bound: Bound,
    table: abi::Curvature,
    form: CurvatureForm,
}

impl ForeignCurvature {
    /// Errors: a form that does not exist.
    pub(super) fn new(bound: Bound, table: abi::Curvature) -> Result<Self, Error> {
        let form = table.form.expect("checked when it was asked for");
        let plugin = &bound.object.plugin;
        let inside = plugin.enter(&calls::CURVATURE);
        // SAFETY: a function of the object.
        #[allow(unsafe_code)]
        let form = unsafe { form(bound.object.get()) };
        drop(inside);
        let form = match form {
            abi::CURVATURE_CONSTANT => CurvatureForm::Constant,
            abi::CURVATURE_DIAGONAL => CurvatureForm::Diagonal,
            abi::CURVATURE_BLOCKS => CurvatureForm::Blocks,
            abi::CURVATURE_APPROXIMATE => CurvatureForm::Approximate,
            abi::CURVATURE_RANK_ONE => CurvatureForm::RankOne,
            abi::CURVATURE_TRIDIAGONAL => CurvatureForm::Tridiagonal,
            other => {
                let what = format!(
                    "is of form {other}, expected FENCHEL_CURVATURE_CONSTANT or its like (0 to 5)"
                );
                return Err(plugin.broken(&calls::CURVATURE, what));
            }
        };
        Ok(Self { bound, table, form })
    }

    fn length(&self) -> usize {
        let (length, outputs) = (self.bound.length(), self.bound.outputs);
        self.form.length(length / outputs.max(1), outputs)
    }
}

impl Curvature for ForeignCurvature {
    fn form(&self) -> CurvatureForm {
        self.form
    }

    fn curvature(&self, eta: &[f64], own: &[f64], out: &mut [f64]) {
        self.bound.check(eta, own);
        assert_eq!(out.len(), self.length());
        let curvature = self.table.curvature.expect("checked when it was asked for");
        let object = &self.bound.object;
        let kind = (self.bound.entries(), Allowed::Finite);
        object.plugin.fill(&calls::CURVATURE, kind, &[eta, own], out, |out, error| {
            // SAFETY: a function of the object; inputs have their lengths, and `out` has the room
            // that the form asks for.
            #[allow(unsafe_code)]
            unsafe {
                curvature(object.get(), eta.as_ptr(), own.as_ptr(), out, error)
            }
        });
    }
}
