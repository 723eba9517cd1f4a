//! A loss of a plugin that is bound to data.

use std::fmt;
use std::sync::Arc;

use fenchel_core::{Curvature, DataFit, Error, FitConjugate, FitProx, OwnParameters, SmoothFit};
use fenchel_plugin_abi as abi;

use super::Functions;
use super::functions::Value;
use super::own::ForeignOwn;
use super::smooth::{ForeignCurvature, ForeignSmooth};
use crate::calls;
use crate::object::Object;
use crate::output::Allowed;
use crate::plugin::Entries;

/// The most numbers that a linear predictor may have; beyond it, `outputs` was nonsense.
const MOST_NUMBERS: usize = 1 << 40;

/// A fit with its numbers of samples, outputs and own parameters.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) object: Arc<Object>,
    pub(super) samples: usize,
    pub(super) outputs: usize,
    pub(super) own: usize,
}

impl Bound {
    /// Entries of the linear predictor.
    pub(super) fn length(&self) -> usize {
        self.samples * self.outputs
    }

    /// What the entries of something shaped like the linear predictor are called.
    pub(super) fn entries(&self) -> Entries {
        Entries(if self.outputs == 1 { "sample" } else { "entry" }, 0)
    }

    /// Panics unless these are what a function of the fit takes.
    pub(super) fn check(&self, eta: &[f64], own: &[f64]) {
        assert!(eta.len() == self.length() && own.len() == self.own);
    }
}

pub(super) struct ForeignFit {
    bound: Bound,
    value: Value,
    takes_intercept: bool,
    own: Option<ForeignOwn>,
    smooth: Option<ForeignSmooth>,
    curvature: Option<ForeignCurvature>,
    conjugate: Option<Conjugate>,
    prox: Option<Prox>,
}

impl ForeignFit {
    /// Asks the fit what it is and can do.
    ///
    /// Errors: answers that cannot be; they are written down as faults too.
    pub(super) fn new(
        object: Object,
        functions: &Functions,
        samples: usize,
    ) -> Result<Self, Error> {
        let plugin = object.plugin.clone();
        let inside = plugin.enter(&calls::OUTPUTS);
        // SAFETY: a function of the object.
        #[allow(unsafe_code)]
        let outputs = unsafe { (functions.outputs)(object.get()) };
        drop(inside);
        let length = samples.checked_mul(outputs).and_then(|length| length.checked_mul(outputs));
        if outputs == 0 || length.is_none_or(|length| length > MOST_NUMBERS) {
            let what = format!("returned {outputs}, expected the number of columns of eta");
            return Err(plugin.broken(&calls::OUTPUTS, what));
        }
        let takes_intercept = functions.takes_intercept.is_none_or(|takes| {
            let _inside = plugin.enter(&calls::TAKES_INTERCEPT);
            // SAFETY: a function of the object.
            #[allow(unsafe_code)]
            let takes = unsafe { takes(object.get()) };
            takes != 0
        });
        let offers = functions.fit_capability;
        let mut bound = Bound { object: Arc::new(object), samples, outputs, own: 0 };
        let object = bound.object.clone();
        let own = match object.capability::<abi::Own>(offers)? {
            Some(table) => ForeignOwn::new(object.clone(), table)?,
            None => None,
        };
        bound.own = own.as_ref().map_or(0, ForeignOwn::count);
        let smooth = match object.capability::<abi::Smooth>(offers)? {
            Some(table) => Some(ForeignSmooth::new(bound.clone(), table)?),
            None => None,
        };
        let curvature = match object.capability::<abi::Curvature>(offers)? {
            Some(table) => Some(ForeignCurvature::new(bound.clone(), table)?),
            None => None,
        };
        let conjugate = object.capability::<abi::FitConjugate>(offers)?;
        let prox = object.capability::<abi::FitProx>(offers)?;
        Ok(Self {
            value: functions.value,
            takes_intercept,
            own,
            smooth,
            curvature,
            conjugate: conjugate.map(|table| Conjugate { bound: bound.clone(), table }),
            prox: prox.map(|table| Prox { bound: bound.clone(), table }),
            bound,
        })
    }
}

impl fmt::Debug for ForeignFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bound { object, samples, outputs, .. } = &self.bound;
        write!(f, "{} on {samples} samples, {outputs} outputs", object.plugin.name())
    }
}

impl DataFit for ForeignFit {
    fn samples(&self) -> usize {
        self.bound.samples
    }

    fn outputs(&self) -> usize {
        self.bound.outputs
    }

    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        self.bound.check(eta, own);
        let object = &self.bound.object;
        let inputs = [eta, own];
        let value = object.plugin.number(&calls::VALUE, Allowed::Value, &inputs, |out, error| {
            // SAFETY: a function of the object; `eta` and `own` have their lengths.
            #[allow(unsafe_code)]
            unsafe {
                (self.value)(object.get(), eta.as_ptr(), own.as_ptr(), out, error)
            }
        });
        value.unwrap_or(f64::INFINITY)
    }

    fn takes_intercept(&self) -> bool {
        self.takes_intercept
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        self.own.as_ref().map(|own| own as &dyn OwnParameters)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        self.smooth.as_ref().map(|smooth| smooth as &dyn SmoothFit)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        self.curvature.as_ref().map(|curvature| curvature as &dyn Curvature)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        self.conjugate.as_ref().map(|conjugate| conjugate as &dyn FitConjugate)
    }
    fn as_prox(&self) -> Option<&dyn FitProx> {
        self.prox.as_ref().map(|prox| prox as &dyn FitProx)
    }
}

struct Conjugate {
    bound: Bound,
    table: abi::FitConjugate,
}

impl FitConjugate for Conjugate {
    fn conjugate(&self, u: &[f64]) -> f64 {
        assert_eq!(u.len(), self.bound.length());
        let conjugate = self.table.conjugate.expect("checked when it was asked for");
        let object = &self.bound.object;
        let value = object.plugin.number(&calls::CONJUGATE, Allowed::Value, &[u], |out, error| {
            // SAFETY: a function of the object; `u` has the length of the linear predictor.
            #[allow(unsafe_code)]
            unsafe {
                conjugate(object.get(), u.as_ptr(), out, error)
            }
        });
        value.unwrap_or(f64::INFINITY)
    }
}

struct Prox {
    bound: Bound,
    table: abi::FitProx,
}

impl FitProx for Prox {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) {
        assert!(v.len() == self.bound.length() && out.len() == v.len());
        let prox = self.table.prox.expect("checked when it was asked for");
        let object = &self.bound.object;
        let kind = (self.bound.entries(), Allowed::Finite);
        object.plugin.fill(&calls::PROX, kind, &[v, &[step]], out, |out, error| {
            // SAFETY: a function of the object; `v` has the length of the linear predictor, and
            // `out` has room for as much.
            #[allow(unsafe_code)]
            unsafe {
                prox(object.get(), v.as_ptr(), step, out, error)
            }
        });
    }
}
