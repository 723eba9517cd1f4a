//! What a penalty does with all coefficients at once.
#![allow(unsafe_code)]

use std::ffi::c_void;

use fenchel_plugin_abi as abi;

use super::object::Object;
use crate::boundary::{input, output};
use crate::report::{Failure, guarded};

pub(super) static PROX: abi::Prox = abi::Prox { size: size_of::<abi::Prox>(), prox: Some(prox) };

pub(super) static SUBDIFFERENTIAL: abi::Subdifferential = abi::Subdifferential {
    size: size_of::<abi::Subdifferential>(),
    subdiff_dist: Some(subdiff_dist),
};

pub(super) static CONJUGATE: abi::Conjugate = abi::Conjugate {
    size: size_of::<abi::Conjugate>(),
    conjugate: Some(conjugate),
    dual_scale: Some(dual_scale),
};

pub(super) static ZERO_THRESHOLD: abi::ZeroThreshold = abi::ZeroThreshold {
    size: size_of::<abi::ZeroThreshold>(),
    zero_threshold: Some(zero_threshold),
};

unsafe extern "C" fn prox(
    penalty: *const c_void,
    v: *const f64,
    length: usize,
    step: f64,
    out: *mut f64,
    value: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `prox`, here and below.
    let (object, v) = unsafe { (Object::at(penalty), input(v, length)) };
    let out = unsafe { output(out, length) };
    unsafe {
        guarded(error, || {
            let prox = object.penalty().as_prox().ok_or_else(|| lacks("prox"))?;
            value.write(prox.prox(v, step, out));
            Ok(())
        })
    }
}

unsafe extern "C" fn subdiff_dist(
    penalty: *const c_void,
    beta: *const f64,
    grad: *const f64,
    length: usize,
    distance: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `subdiff_dist`, here and below.
    let object = unsafe { Object::at(penalty) };
    let (beta, grad) = unsafe { (input(beta, length), input(grad, length)) };
    unsafe {
        guarded(error, || {
            let part = object.penalty().as_subdifferential();
            let part = part.ok_or_else(|| lacks("subdifferential"))?;
            distance.write(part.subdiff_dist(beta, grad));
            Ok(())
        })
    }
}

unsafe extern "C" fn conjugate(
    penalty: *const c_void,
    u: *const f64,
    length: usize,
    value: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `conjugate`, here and below.
    let (object, u) = unsafe { (Object::at(penalty), input(u, length)) };
    unsafe {
        guarded(error, || {
            let part = object.penalty().as_conjugate().ok_or_else(|| lacks("conjugate"))?;
            value.write(part.conjugate(u));
            Ok(())
        })
    }
}

unsafe extern "C" fn dual_scale(
    penalty: *const c_void,
    u: *const f64,
    length: usize,
    scale: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `dual_scale`, here and below.
    let (object, u) = unsafe { (Object::at(penalty), input(u, length)) };
    unsafe {
        guarded(error, || {
            let part = object.penalty().as_conjugate().ok_or_else(|| lacks("conjugate"))?;
            scale.write(part.dual_scale(u));
            Ok(())
        })
    }
}

unsafe extern "C" fn zero_threshold(
    penalty: *const c_void,
    grad: *const f64,
    length: usize,
    scale: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `zero_threshold`, here and below.
    let (object, grad) = unsafe { (Object::at(penalty), input(grad, length)) };
    unsafe {
        guarded(error, || {
            let part = object.penalty().as_zero_threshold();
            let part = part.ok_or_else(|| lacks("zero threshold"))?;
            scale.write(part.zero_threshold(grad).unwrap_or(f64::INFINITY));
            Ok(())
        })
    }
}

fn lacks(what: &str) -> Failure {
    Failure::Broken(format!("the penalty has no {what}"))
}
