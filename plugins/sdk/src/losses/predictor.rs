//! Predictions.
#![allow(unsafe_code)]

use std::ffi::c_void;

use fenchel_core::Predictor;
use fenchel_plugin_abi as abi;

use super::{Object, samples};
use crate::boundary::{caught, input, output};
use crate::report::{Failure, guarded};

/// For losses that read numbers or times.
pub(super) static OF_NUMBERS: abi::Predictor = abi::Predictor {
    size: size_of::<abi::Predictor>(),
    columns: Some(columns),
    response: Some(response),
    classes: None,
    deviance: Some(deviance),
};

/// For losses that read labels.
pub(super) static OF_CLASSES: abi::Predictor =
    abi::Predictor { classes: Some(classes), ..OF_NUMBERS };

unsafe extern "C" fn columns(loss: *const c_void, outputs: usize) -> usize {
    // SAFETY: the header's promises for `columns`.
    let object = unsafe { Object::at(loss) };
    caught(|| part(object).map_or(0, |part| width(part, outputs))).unwrap_or(0)
}

unsafe extern "C" fn response(
    loss: *const c_void,
    eta: *const f64,
    samples: usize,
    outputs: usize,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `response`, here and below.
    let (object, eta) = unsafe { (Object::at(loss), input(eta, samples * outputs)) };
    unsafe {
        guarded(error, || {
            let part = part(object)?;
            let (values, _) = part.response(eta, outputs);
            copy(&values, samples * width(part, outputs), |length| output(out, length))
        })
    }
}

unsafe extern "C" fn classes(
    loss: *const c_void,
    eta: *const f64,
    samples: usize,
    outputs: usize,
    out: *mut u32,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `classes`, here and below.
    let (object, eta) = unsafe { (Object::at(loss), input(eta, samples * outputs)) };
    unsafe {
        guarded(error, || match part(object)?.class(eta, outputs) {
            Some(class) => copy(&class, samples, |length| output(out, length)),
            None => Err(Failure::Broken("it reads labels and predicts none".into())),
        })
    }
}

unsafe extern "C" fn deviance(
    loss: *const c_void,
    eta: *const f64,
    samples: usize,
    outputs: usize,
    data: *const abi::Samples,
    deviance: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `deviance`, here and below.
    let (object, eta) = unsafe { (Object::at(loss), input(eta, samples * outputs)) };
    unsafe {
        guarded(error, || {
            let data = samples::read(data)?;
            deviance.write(part(object)?.deviance(eta, outputs, &data)?);
            Ok(())
        })
    }
}

fn part(object: &Object) -> Result<&dyn Predictor, Failure> {
    object.loss.as_predictor().ok_or_else(|| Failure::Broken("the loss predicts nothing".into()))
}

/// Columns of the response: what one sample gives.
fn width(part: &dyn Predictor, outputs: usize) -> usize {
    part.response(&vec![0.0; outputs], outputs).0.len()
}

/// Copies as many values as the host has room for, and not one more or less.
fn copy<'a, T: Copy + 'a>(
    values: &[T],
    expected: usize,
    out: impl FnOnce(usize) -> &'a mut [T],
) -> Result<(), Failure> {
    if values.len() != expected {
        let what = format!("it predicted {} numbers instead of {expected}", values.len());
        return Err(Failure::Broken(what));
    }
    out(expected).copy_from_slice(values);
    Ok(())
}
