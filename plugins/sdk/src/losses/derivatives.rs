//! Derivatives, conjugate and prox of a bound loss.
#![allow(unsafe_code)]

use std::ffi::c_void;

use fenchel_plugin_abi as abi;

use super::bound::BoundLoss;
use crate::boundary::output;
use crate::report::{Failure, guarded};

pub(super) static SMOOTH: abi::Smooth = abi::Smooth {
    size: size_of::<abi::Smooth>(),
    gradient: Some(gradient),
    hessian_bound: Some(hessian_bound),
};

pub(super) static CURVATURE: abi::Curvature = abi::Curvature {
    size: size_of::<abi::Curvature>(),
    form: Some(form),
    curvature: Some(curvature),
};

pub(super) static CONJUGATE: abi::FitConjugate =
    abi::FitConjugate { size: size_of::<abi::FitConjugate>(), conjugate: Some(conjugate) };

pub(super) static PROX: abi::FitProx =
    abi::FitProx { size: size_of::<abi::FitProx>(), prox: Some(prox) };

unsafe extern "C" fn gradient(
    fit: *const c_void,
    eta: *const f64,
    own: *const f64,
    grad_eta: *mut f64,
    grad_own: *mut f64,
    value: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `gradient`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    unsafe {
        let (eta, own) = (bound.eta(eta), bound.own(own));
        let (grad_eta, grad_own) = (output(grad_eta, eta.len()), output(grad_own, own.len()));
        guarded(error, || {
            let part = bound.fit.as_smooth().ok_or_else(|| lacks("gradient"))?;
            value.write(part.gradient(eta, own, grad_eta, grad_own));
            Ok(())
        })
    }
}

unsafe extern "C" fn hessian_bound(fit: *const c_void) -> f64 {
    // SAFETY: the header's promises for `hessian_bound`.
    unsafe { BoundLoss::at(fit) }.hessian_bound
}

unsafe extern "C" fn form(fit: *const c_void) -> i32 {
    // SAFETY: the header's promises for `form`.
    unsafe { BoundLoss::at(fit) }.form
}

unsafe extern "C" fn curvature(
    fit: *const c_void,
    eta: *const f64,
    own: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `curvature`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    unsafe {
        let (eta, own) = (bound.eta(eta), bound.own(own));
        let out = output(out, bound.curvatures);
        guarded(error, || {
            let part = bound.fit.as_curvature().ok_or_else(|| lacks("curvature"))?;
            part.curvature(eta, own, out);
            Ok(())
        })
    }
}

unsafe extern "C" fn conjugate(
    fit: *const c_void,
    u: *const f64,
    value: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `conjugate`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    unsafe {
        let u = bound.eta(u);
        guarded(error, || {
            let part = bound.fit.as_conjugate().ok_or_else(|| lacks("conjugate"))?;
            value.write(part.conjugate(u));
            Ok(())
        })
    }
}

unsafe extern "C" fn prox(
    fit: *const c_void,
    v: *const f64,
    step: f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `prox`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    unsafe {
        let (v, out) = (bound.eta(v), output(out, bound.length));
        guarded(error, || {
            bound.fit.as_prox().ok_or_else(|| lacks("prox"))?.prox(v, step, out);
            Ok(())
        })
    }
}

fn lacks(what: &str) -> Failure {
    Failure::Broken(format!("the loss has no {what}"))
}
