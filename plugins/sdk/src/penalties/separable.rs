//! Penalties on single coefficients, many at a time but for coordinate descent.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fenchel_core::Separable;
use fenchel_plugin_abi as abi;

use super::object::Object;
use crate::boundary::{input, output};
use crate::panics;
use crate::report::{Failure, guarded};

pub(super) static SEPARABLE: abi::Separable = abi::Separable {
    size: size_of::<abi::Separable>(),
    values: Some(values),
    proxes: Some(proxes),
    subdiff_dists: Some(subdiff_dists),
    prox_at: Some(prox_at),
};

pub(super) static ELEMENTARY: abi::Elementary =
    abi::Elementary { size: size_of::<abi::Elementary>(), scalars: Some(scalars) };

unsafe extern "C" fn prox_at(penalty: *const c_void, j: usize, v: f64, step: f64) -> f64 {
    // SAFETY: the header's promises for `prox_at`.
    let Some(part) = (unsafe { Object::at(penalty) }).separable() else { return f64::NAN };
    // Not by way of `caught`: this is the one function in which nanoseconds count.
    match catch_unwind(AssertUnwindSafe(|| part.prox_at(j, v, step))) {
        Ok(b) => b,
        Err(panic) => {
            panics::keep(panic);
            f64::NAN
        }
    }
}

unsafe extern "C" fn values(
    penalty: *const c_void,
    first: usize,
    count: usize,
    b: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `values`, here and below.
    let (object, b) = unsafe { (Object::at(penalty), input(b, count)) };
    let out = unsafe { output(out, count) };
    unsafe {
        guarded(error, || {
            part(object)?.value_range(first, b, out);
            Ok(())
        })
    }
}

unsafe extern "C" fn proxes(
    penalty: *const c_void,
    first: usize,
    count: usize,
    v: *const f64,
    steps: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `proxes`, here and below.
    let (object, v, steps) = unsafe { (Object::at(penalty), input(v, count), input(steps, count)) };
    let out = unsafe { output(out, count) };
    unsafe {
        guarded(error, || {
            panics::resume_kept();
            part(object)?.prox_range(first, v, steps, out);
            Ok(())
        })
    }
}

unsafe extern "C" fn subdiff_dists(
    penalty: *const c_void,
    first: usize,
    count: usize,
    b: *const f64,
    grad: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `subdiff_dists`, here and below.
    let (object, b, grad) = unsafe { (Object::at(penalty), input(b, count), input(grad, count)) };
    let out = unsafe { output(out, count) };
    unsafe {
        guarded(error, || {
            part(object)?.subdiff_dist_range(first, b, grad, out);
            Ok(())
        })
    }
}

fn part(object: &Object) -> Result<&dyn Separable, Failure> {
    object.separable().ok_or_else(|| Failure::Broken("the penalty is not separable".into()))
}

unsafe extern "C" fn scalars(
    penalty: *const c_void,
    first: usize,
    count: usize,
    l1: *mut f64,
    l2: *mut f64,
    lower: *mut f64,
    upper: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `scalars`, here and below.
    let object = unsafe { Object::at(penalty) };
    let (l1, l2) = unsafe { (output(l1, count), output(l2, count)) };
    let (lower, upper) = unsafe { (output(lower, count), output(upper, count)) };
    unsafe {
        guarded(error, || {
            let elementary = object.penalty().as_elementary();
            let elementary =
                elementary.ok_or_else(|| Failure::Broken("the penalty has no scalars".into()))?;
            for i in 0..count {
                let scalar = elementary.scalar(first + i);
                (l1[i], l2[i]) = (scalar.l1, scalar.l2);
                (lower[i], upper[i]) = (scalar.lower, scalar.upper);
            }
            Ok(())
        })
    }
}
