//! What every bound loss does.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_void};

use fenchel_plugin_abi as abi;

use super::bound::BoundLoss;
use super::{derivatives, own};
use crate::boundary::{asks_for, caught, dropped};
use crate::report::guarded;

pub(super) static FIT: abi::FitType = abi::FitType {
    size: size_of::<abi::FitType>(),
    destroy: Some(destroy),
    outputs: Some(outputs),
    takes_intercept: Some(takes_intercept),
    value: Some(value),
    capability: Some(capability),
};

unsafe extern "C" fn destroy(fit: *mut c_void) {
    // SAFETY: made by `bind`, and given back once.
    dropped(unsafe { Box::<BoundLoss>::from_raw(fit.cast()) });
}

unsafe extern "C" fn outputs(fit: *const c_void) -> usize {
    // SAFETY: the header's promises for `outputs`.
    unsafe { BoundLoss::at(fit) }.outputs
}

unsafe extern "C" fn takes_intercept(fit: *const c_void) -> i32 {
    // SAFETY: the header's promises for `takes_intercept`.
    unsafe { BoundLoss::at(fit) }.takes_intercept.into()
}

unsafe extern "C" fn value(
    fit: *const c_void,
    eta: *const f64,
    own: *const f64,
    value: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `value`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    unsafe {
        let (eta, own) = (bound.eta(eta), bound.own(own));
        guarded(error, || {
            value.write(bound.fit.value(eta, own));
            Ok(())
        })
    }
}

unsafe extern "C" fn capability(
    fit: *const c_void,
    id: *const c_char,
    revision: u32,
) -> *const c_void {
    // SAFETY: the header's promises for `capability`.
    let bound = unsafe { BoundLoss::at(fit) };
    let fit = &bound.fit;
    macro_rules! first_of {
        ($($table:expr, $kind:ty, $offered:expr;)*) => {
            $(
                // SAFETY: `id` is a text, by the header's promise.
                if unsafe { asks_for::<$kind>(id, revision) } {
                    // A panic while it is asked for is an answer too: it cannot do that.
                    let offered = caught(|| $offered).unwrap_or(false);
                    let table: &'static $kind = &$table;
                    return if offered { std::ptr::from_ref(table).cast() } else { std::ptr::null() };
                }
            )*
            std::ptr::null()
        };
    }
    first_of! {
        derivatives::SMOOTH, abi::Smooth, fit.as_smooth().is_some();
        derivatives::CURVATURE, abi::Curvature, fit.as_curvature().is_some();
        derivatives::CONJUGATE, abi::FitConjugate, fit.as_conjugate().is_some();
        derivatives::PROX, abi::FitProx, fit.as_prox().is_some();
        own::OWN, abi::Own, fit.as_own().is_some();
    }
}
