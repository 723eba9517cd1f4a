//! The functions that every type of penalty has.

use std::ffi::{c_char, c_void};

use fenchel_plugin_abi as abi;

use crate::object::{Destroy, Offers};

/// The functions of a [`PenaltyType`](abi::PenaltyType), all there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    pub(super) create: Create,
    pub(super) destroy: Destroy,
    pub(super) value: OfVector,
    pub(super) convexity: Convexity,
    pub(super) capability: Offers,
}

/// A function of a vector that writes one number.
pub(super) type OfVector =
    unsafe extern "C" fn(*const c_void, *const f64, usize, *mut f64, *mut abi::Error) -> i32;

type Create = unsafe extern "C" fn(
    *const c_char,
    usize,
    *const abi::Space,
    *mut *mut c_void,
    *mut abi::Error,
) -> i32;

type Convexity = unsafe extern "C" fn(*const c_void, *mut f64) -> i32;

impl Functions {
    /// `None` where one is absent.
    pub(crate) fn of(table: &abi::PenaltyType) -> Option<Self> {
        Some(Self {
            create: table.create?,
            destroy: table.destroy?,
            value: table.value?,
            convexity: table.convexity?,
            capability: table.capability?,
        })
    }
}
