//! Penalties: the functions that every one has, and what it can do beyond them.
#![allow(unsafe_code)]

mod blocks;
mod lineality;
mod object;
mod separable;
mod space;
mod whole;

use std::ffi::{c_char, c_void};

use fenchel_core::{BuildPenalty, Context, Convexity};
use fenchel_plugin_abi as abi;
use serde::de::DeserializeOwned;

use crate::boundary::{asks_for, caught, dropped, input};
use crate::parameters;
use crate::register::CreatePenalty;
use crate::report::guarded;

use object::Object;
use space::Host;

/// The functions of one type.
pub(crate) fn table(card: *const abi::Card, create: CreatePenalty) -> abi::PenaltyType {
    abi::PenaltyType {
        size: size_of::<abi::PenaltyType>(),
        card,
        create: Some(create),
        destroy: Some(destroy),
        value: Some(value),
        convexity: Some(convexity),
        capability: Some(capability),
    }
}

pub(crate) unsafe extern "C" fn create<S: BuildPenalty + DeserializeOwned>(
    parameters: *const c_char,
    length: usize,
    space: *const abi::Space,
    penalty: *mut *mut c_void,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `create`, here and below.
    let (json, host) = unsafe { (input(parameters.cast::<u8>(), length), Host::new(space)) };
    unsafe {
        guarded(error, || {
            let spec: S = parameters::read(json)?;
            let space = host.space();
            let built = spec.build_penalty(&Context { space: &space, resolve: &host })?;
            let object = Object::new(built, space.len(), space.outputs())?;
            penalty.write(object.into_raw());
            Ok(())
        })
    }
}

unsafe extern "C" fn destroy(penalty: *mut c_void) {
    // SAFETY: made by `into_raw`, and given back once.
    dropped(unsafe { Object::from_raw(penalty) });
}

unsafe extern "C" fn value(
    penalty: *const c_void,
    beta: *const f64,
    length: usize,
    value: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `value`, here and below.
    let (object, beta) = unsafe { (Object::at(penalty), input(beta, length)) };
    unsafe {
        guarded(error, || {
            value.write(object.penalty().value(beta));
            Ok(())
        })
    }
}

unsafe extern "C" fn convexity(penalty: *const c_void, modulus: *mut f64) -> i32 {
    // SAFETY: the header's promises for `convexity`, here and below.
    match unsafe { Object::at(penalty) }.convexity() {
        Convexity::Convex => abi::CONVEX,
        Convexity::WeaklyConvex(rho) => {
            unsafe { modulus.write(rho) };
            abi::WEAKLY_CONVEX
        }
        Convexity::Nonconvex => abi::NONCONVEX,
    }
}

unsafe extern "C" fn capability(
    penalty: *const c_void,
    id: *const c_char,
    revision: u32,
) -> *const c_void {
    // SAFETY: the header's promises for `capability`.
    let object = unsafe { Object::at(penalty) };
    let penalty = object.penalty();
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
        separable::SEPARABLE, abi::Separable, object.separable().is_some();
        blocks::BLOCKS, abi::Blocks, penalty.as_blocks().is_some();
        whole::PROX, abi::Prox, penalty.as_prox().is_some();
        whole::SUBDIFFERENTIAL, abi::Subdifferential, penalty.as_subdifferential().is_some();
        whole::CONJUGATE, abi::Conjugate, penalty.as_conjugate().is_some();
        whole::ZERO_THRESHOLD, abi::ZeroThreshold, penalty.as_zero_threshold().is_some();
        separable::ELEMENTARY, abi::Elementary, penalty.as_elementary().is_some();
        lineality::LINEALITY, abi::Lineality, true;
        object::SCALED, abi::Scaled, true;
    }
}
