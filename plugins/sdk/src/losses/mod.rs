//! Losses before they have seen data.
#![allow(unsafe_code)]

mod bound;
mod derivatives;
mod fit;
mod own;
mod predictor;
mod samples;

use std::ffi::{c_char, c_void};

use fenchel_core::{Bound, BuildLoss, DenseMatrix, Design, Error, Loss, Matrix, ResponseKind};
use fenchel_plugin_abi as abi;
use serde::de::DeserializeOwned;

use crate::boundary::{asks_for, caught, dropped, input};
use crate::parameters;
use crate::register::CreateLoss;
use crate::report::guarded;

use bound::BoundLoss;

/// A loss behind the pointer that the host holds, with the number of what it reads.
struct Object {
    loss: Box<dyn Loss>,
    reads: i32,
}

impl Object {
    /// # Safety
    /// `object` is from `create`, and lives as long as the reference.
    unsafe fn at<'a>(object: *const c_void) -> &'a Self {
        // SAFETY: the caller's promise.
        unsafe { &*object.cast() }
    }
}

/// The functions of one type.
pub(crate) fn table(card: *const abi::Card, create: CreateLoss) -> abi::LossType {
    abi::LossType {
        size: size_of::<abi::LossType>(),
        card,
        create: Some(create),
        destroy: Some(destroy),
        reads: Some(reads),
        bind: Some(bind),
        fit: &fit::FIT,
        capability: Some(capability),
    }
}

pub(crate) unsafe extern "C" fn create<S: BuildLoss + DeserializeOwned>(
    parameters: *const c_char,
    length: usize,
    loss: *mut *mut c_void,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `create`, here and below.
    let json = unsafe { input(parameters.cast::<u8>(), length) };
    unsafe {
        guarded(error, || {
            let spec: S = parameters::read(json)?;
            let built = spec.build_loss()?;
            let reads = number(built.reads())?;
            loss.write(Box::into_raw(Box::new(Object { loss: built, reads })).cast());
            Ok(())
        })
    }
}

fn number(kind: ResponseKind) -> Result<i32, Error> {
    Ok(match kind {
        ResponseKind::Number => abi::NUMBER,
        ResponseKind::Numbers => abi::NUMBERS,
        ResponseKind::TwoClasses => abi::TWO_CLASSES,
        ResponseKind::Classes => abi::CLASSES,
        ResponseKind::Survival => abi::SURVIVAL,
        ResponseKind::Nothing => {
            let message = "a plugin's loss cannot do without a response";
            return Err(Error::Unsupported(message.into()));
        }
    })
}

unsafe extern "C" fn destroy(loss: *mut c_void) {
    // SAFETY: made by `create`, and given back once.
    dropped(unsafe { Box::<Object>::from_raw(loss.cast()) });
}

unsafe extern "C" fn reads(loss: *const c_void) -> i32 {
    // SAFETY: the header's promises for `reads`.
    unsafe { Object::at(loss) }.reads
}

unsafe extern "C" fn bind(
    loss: *const c_void,
    samples: *const abi::Samples,
    fit: *mut *mut c_void,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `bind`, here and below.
    let object = unsafe { Object::at(loss) };
    unsafe {
        guarded(error, || {
            let samples = samples::read(samples)?;
            // The host keeps the design to itself: a function of the linear predictor needs none.
            let n = samples.len();
            let design = Design::new(Matrix::Dense(DenseMatrix::new(n, 0, Vec::new())?));
            let Bound::Eta(bound) = object.loss.bind(&samples, &design)? else {
                let message = "a plugin's loss cannot bind to an objective of its own";
                return Err(Error::Unsupported(message.into()).into());
            };
            fit.write(Box::into_raw(Box::new(BoundLoss::new(bound)?)).cast());
            Ok(())
        })
    }
}

unsafe extern "C" fn capability(
    loss: *const c_void,
    id: *const c_char,
    revision: u32,
) -> *const c_void {
    // SAFETY: the header's promises for `capability`, here and below.
    let object = unsafe { Object::at(loss) };
    let asked = unsafe { asks_for::<abi::Predictor>(id, revision) };
    if !asked || !caught(|| object.loss.as_predictor().is_some()).unwrap_or(false) {
        return std::ptr::null();
    }
    let classes = matches!(object.reads, abi::TWO_CLASSES | abi::CLASSES);
    let table = if classes { &predictor::OF_CLASSES } else { &predictor::OF_NUMBERS };
    std::ptr::from_ref(table).cast()
}
