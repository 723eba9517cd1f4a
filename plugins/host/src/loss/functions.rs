//! The functions that every type of loss has.

use std::ffi::{c_char, c_void};

use fenchel_plugin_abi as abi;

use crate::object::{Destroy, Offers};

/// The functions of a [`LossType`](abi::LossType) and of its fits; but for the last three, all there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    pub(super) create: Create,
    pub(super) destroy: Destroy,
    pub(super) reads: unsafe extern "C" fn(*const c_void) -> i32,
    pub(super) bind: Bind,
    pub(super) destroy_fit: Destroy,
    pub(super) outputs: unsafe extern "C" fn(*const c_void) -> usize,
    pub(super) value: Value,
    pub(super) capability: Option<Offers>,
    pub(super) fit_capability: Option<Offers>,
    pub(super) takes_intercept: Option<unsafe extern "C" fn(*const c_void) -> i32>,
}

type Create = unsafe extern "C" fn(*const c_char, usize, *mut *mut c_void, *mut abi::Error) -> i32;

type Bind = unsafe extern "C" fn(
    *const c_void,
    *const abi::Samples,
    *mut *mut c_void,
    *mut abi::Error,
) -> i32;

/// A function of a linear predictor and own parameters that writes numbers.
pub(super) type Value =
    unsafe extern "C" fn(*const c_void, *const f64, *const f64, *mut f64, *mut abi::Error) -> i32;

impl Functions {
    /// `None` where one is absent that has to be there.
    pub(crate) fn of(table: &abi::LossType, fit: &abi::FitType) -> Option<Self> {
        Some(Self {
            create: table.create?,
            destroy: table.destroy?,
            reads: table.reads?,
            bind: table.bind?,
            destroy_fit: fit.destroy?,
            outputs: fit.outputs?,
            value: fit.value?,
            capability: table.capability,
            fit_capability: fit.capability,
            takes_intercept: fit.takes_intercept,
        })
    }
}
