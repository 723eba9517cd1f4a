//! Parameters that a loss estimates beside the coefficients.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_void};

use fenchel_core::OwnReport;
use fenchel_plugin_abi as abi;

use super::bound::BoundLoss;
use crate::boundary::output;
use crate::report::{Failure, guarded};

pub(super) static OWN: abi::Own = abi::Own {
    size: size_of::<abi::Own>(),
    count: Some(count),
    start: Some(start),
    intercepts: Some(intercepts),
    intercept: Some(intercept),
    extras: Some(extras),
    extra_name: Some(extra_name),
    extra: Some(extra),
};

unsafe extern "C" fn count(fit: *const c_void) -> usize {
    // SAFETY: the header's promises for `count`.
    unsafe { BoundLoss::at(fit) }.own.start.len()
}

unsafe extern "C" fn start(fit: *const c_void, out: *mut f64, _error: *mut abi::Error) -> i32 {
    // SAFETY: the header's promises for `start`.
    let start = unsafe { &BoundLoss::at(fit).own.start };
    unsafe { output(out, start.len()) }.copy_from_slice(start);
    abi::OK
}

unsafe extern "C" fn intercepts(fit: *const c_void) -> usize {
    // SAFETY: the header's promises for `intercepts`.
    unsafe { BoundLoss::at(fit) }.own.intercepts
}

unsafe extern "C" fn intercept(
    fit: *const c_void,
    own: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `intercept`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    unsafe {
        let (own, out) = (bound.own(own), output(out, bound.own.intercepts));
        guarded(error, || copy(&report(bound, own)?.intercept.unwrap_or_default(), out))
    }
}

unsafe extern "C" fn extras(fit: *const c_void) -> usize {
    // SAFETY: the header's promises for `extras`.
    unsafe { BoundLoss::at(fit) }.own.extras.len()
}

unsafe extern "C" fn extra_name(fit: *const c_void, i: usize, length: *mut usize) -> *const c_char {
    // SAFETY: the header's promises for `extra_name`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    let Some((name, values)) = bound.own.extras.get(i) else { return std::ptr::null() };
    unsafe { length.write(*values) };
    name.as_ptr()
}

unsafe extern "C" fn extra(
    fit: *const c_void,
    i: usize,
    own: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `extra`, here and below.
    let bound = unsafe { BoundLoss::at(fit) };
    let length = bound.own.extras.get(i).map_or(0, |(_, length)| *length);
    unsafe {
        let (own, out) = (bound.own(own), output(out, length));
        guarded(error, || match report(bound, own)?.extra.get(i) {
            Some((_, values)) => copy(values, out),
            None => Err(changed()),
        })
    }
}

fn report(bound: &BoundLoss, own: &[f64]) -> Result<OwnReport, Failure> {
    bound.fit.as_own().map(|part| part.report(own)).ok_or_else(changed)
}

fn copy(values: &[f64], out: &mut [f64]) -> Result<(), Failure> {
    if values.len() != out.len() {
        return Err(changed());
    }
    out.copy_from_slice(values);
    Ok(())
}

fn changed() -> Failure {
    Failure::Broken("its report has another shape than at the start".into())
}
