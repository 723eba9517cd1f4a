//! Penalties and what they can do.

use std::ffi::{c_char, c_void};

use crate::{Card, Error, Space, table};

/// `fenchel_penalty_type`: a type of penalty.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct PenaltyType {
    pub size: usize,
    pub card: *const Card,
    pub create: Option<
        unsafe extern "C" fn(
            parameters: *const c_char,
            length: usize,
            space: *const Space,
            penalty: *mut *mut c_void,
            error: *mut Error,
        ) -> i32,
    >,
    pub destroy: Option<unsafe extern "C" fn(penalty: *mut c_void)>,
    pub value: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            beta: *const f64,
            length: usize,
            value: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub convexity: Option<unsafe extern "C" fn(penalty: *const c_void, modulus: *mut f64) -> i32>,
    pub capability: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            id: *const c_char,
            revision: u32,
        ) -> *const c_void,
    >,
}
table!(PenaltyType);

/// `fenchel_prox`: the prox.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Prox {
    pub size: usize,
    pub prox: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            v: *const f64,
            length: usize,
            step: f64,
            out: *mut f64,
            value: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Prox, c"fenchel.penalty.prox");

/// `fenchel_separable`: a sum over single coefficients.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Separable {
    pub size: usize,
    pub values: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            first: usize,
            count: usize,
            b: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub proxes: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            first: usize,
            count: usize,
            v: *const f64,
            steps: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub subdiff_dists: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            first: usize,
            count: usize,
            b: *const f64,
            grad: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub prox_at:
        Option<unsafe extern "C" fn(penalty: *const c_void, j: usize, v: f64, step: f64) -> f64>,
}
table!(Separable, c"fenchel.penalty.separable");

/// `fenchel_blocks`: a sum over blocks of features.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Blocks {
    pub size: usize,
    pub groups: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            starts: *mut *const usize,
            members: *mut *const usize,
            count: *mut usize,
            error: *mut Error,
        ) -> i32,
    >,
    pub values: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            first: usize,
            count: usize,
            b: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub proxes: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            first: usize,
            count: usize,
            v: *const f64,
            steps: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub subdiff_dists: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            first: usize,
            count: usize,
            b: *const f64,
            grad: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Blocks, c"fenchel.penalty.blocks");

/// `fenchel_subdifferential`: the distance to the subdifferential.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Subdifferential {
    pub size: usize,
    pub subdiff_dist: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            beta: *const f64,
            grad: *const f64,
            length: usize,
            distance: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Subdifferential, c"fenchel.penalty.subdifferential");

/// `fenchel_conjugate`: the conjugate of a convex penalty.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Conjugate {
    pub size: usize,
    pub conjugate: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            u: *const f64,
            length: usize,
            value: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub dual_scale: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            u: *const f64,
            length: usize,
            scale: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Conjugate, c"fenchel.penalty.conjugate");

/// `fenchel_dual_norm`: the dual of a penalty that is a norm.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DualNorm {
    pub size: usize,
    pub dual_norm: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            u: *const f64,
            length: usize,
            norm: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(DualNorm, c"fenchel.penalty.dual_norm");

/// `fenchel_zero_threshold`: where a path begins.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ZeroThreshold {
    pub size: usize,
    pub zero_threshold: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            grad: *const f64,
            length: usize,
            scale: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(ZeroThreshold, c"fenchel.penalty.zero_threshold");

/// `fenchel_elementary`: coefficients as `l1 |b| + l2/2 b^2` on an interval.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Elementary {
    pub size: usize,
    pub scalars: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            first: usize,
            count: usize,
            l1: *mut f64,
            l2: *mut f64,
            lower: *mut f64,
            upper: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Elementary, c"fenchel.penalty.elementary");

/// `fenchel_lineality`: directions along which the penalty is constant.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Lineality {
    pub size: usize,
    pub kind: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            kind: *mut i32,
            count: *mut usize,
            error: *mut Error,
        ) -> i32,
    >,
    pub coordinates: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            out: *mut usize,
            count: usize,
            error: *mut Error,
        ) -> i32,
    >,
    pub basis: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            out: *mut f64,
            length: usize,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Lineality, c"fenchel.penalty.lineality");

/// `fenchel_scaled`: the same penalty at another strength.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Scaled {
    pub size: usize,
    pub scaled: Option<
        unsafe extern "C" fn(
            penalty: *const c_void,
            scale: f64,
            out: *mut *mut c_void,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Scaled, c"fenchel.penalty.scaled");
