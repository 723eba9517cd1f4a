//! Losses, before and after they have seen data, and what they can do.

use std::ffi::{c_char, c_void};

use crate::{Card, Error, table};

/// `fenchel_samples`: responses and weights.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Samples {
    pub size: usize,
    pub samples: usize,
    pub kind: i32,
    pub values: *const f64,
    pub columns: usize,
    pub classes: *const u32,
    pub labels: *const *const c_char,
    pub class_count: usize,
    pub time: *const f64,
    pub event: *const u8,
    pub weights: *const f64,
    pub subjects: *const u32,
}
table!(Samples);

/// `fenchel_fit_type`: what a loss does once it is bound to data.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FitType {
    pub size: usize,
    pub destroy: Option<unsafe extern "C" fn(fit: *mut c_void)>,
    pub outputs: Option<unsafe extern "C" fn(fit: *const c_void) -> usize>,
    pub takes_intercept: Option<unsafe extern "C" fn(fit: *const c_void) -> i32>,
    pub value: Option<
        unsafe extern "C" fn(
            fit: *const c_void,
            eta: *const f64,
            own: *const f64,
            value: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub capability: Option<
        unsafe extern "C" fn(fit: *const c_void, id: *const c_char, revision: u32) -> *const c_void,
    >,
}
table!(FitType);

/// `fenchel_loss_type`: a type of loss.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct LossType {
    pub size: usize,
    pub card: *const Card,
    pub create: Option<
        unsafe extern "C" fn(
            parameters: *const c_char,
            length: usize,
            loss: *mut *mut c_void,
            error: *mut Error,
        ) -> i32,
    >,
    pub destroy: Option<unsafe extern "C" fn(loss: *mut c_void)>,
    pub reads: Option<unsafe extern "C" fn(loss: *const c_void) -> i32>,
    pub bind: Option<
        unsafe extern "C" fn(
            loss: *const c_void,
            samples: *const Samples,
            fit: *mut *mut c_void,
            error: *mut Error,
        ) -> i32,
    >,
    pub fit: *const FitType,
    pub capability: Option<
        unsafe extern "C" fn(
            loss: *const c_void,
            id: *const c_char,
            revision: u32,
        ) -> *const c_void,
    >,
}
table!(LossType);

/// `fenchel_predictor`: predictions.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Predictor {
    pub size: usize,
    pub columns: Option<unsafe extern "C" fn(loss: *const c_void, outputs: usize) -> usize>,
    pub response: Option<
        unsafe extern "C" fn(
            loss: *const c_void,
            eta: *const f64,
            samples: usize,
            outputs: usize,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub classes: Option<
        unsafe extern "C" fn(
            loss: *const c_void,
            eta: *const f64,
            samples: usize,
            outputs: usize,
            out: *mut u32,
            error: *mut Error,
        ) -> i32,
    >,
    pub deviance: Option<
        unsafe extern "C" fn(
            loss: *const c_void,
            eta: *const f64,
            samples: usize,
            outputs: usize,
            data: *const Samples,
            deviance: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Predictor, c"fenchel.loss.predictor");

/// `fenchel_smooth`: first derivatives of a fit.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Smooth {
    pub size: usize,
    pub gradient: Option<
        unsafe extern "C" fn(
            fit: *const c_void,
            eta: *const f64,
            own: *const f64,
            grad_eta: *mut f64,
            grad_own: *mut f64,
            value: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub hessian_bound: Option<unsafe extern "C" fn(fit: *const c_void) -> f64>,
}
table!(Smooth, c"fenchel.fit.smooth");

/// `fenchel_curvature`: second derivatives of a fit.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Curvature {
    pub size: usize,
    pub form: Option<unsafe extern "C" fn(fit: *const c_void) -> i32>,
    pub curvature: Option<
        unsafe extern "C" fn(
            fit: *const c_void,
            eta: *const f64,
            own: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Curvature, c"fenchel.fit.curvature");

/// `fenchel_fit_conjugate`: the conjugate of a fit.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FitConjugate {
    pub size: usize,
    pub conjugate: Option<
        unsafe extern "C" fn(
            fit: *const c_void,
            u: *const f64,
            value: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(FitConjugate, c"fenchel.fit.conjugate");

/// `fenchel_fit_prox`: the prox of a fit.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FitProx {
    pub size: usize,
    pub prox: Option<
        unsafe extern "C" fn(
            fit: *const c_void,
            v: *const f64,
            step: f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(FitProx, c"fenchel.fit.prox");

/// `fenchel_own`: a loss's own parameters.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Own {
    pub size: usize,
    pub count: Option<unsafe extern "C" fn(fit: *const c_void) -> usize>,
    pub start:
        Option<unsafe extern "C" fn(fit: *const c_void, out: *mut f64, error: *mut Error) -> i32>,
    pub intercepts: Option<unsafe extern "C" fn(fit: *const c_void) -> usize>,
    pub intercept: Option<
        unsafe extern "C" fn(
            fit: *const c_void,
            own: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
    pub extras: Option<unsafe extern "C" fn(fit: *const c_void) -> usize>,
    pub extra_name: Option<
        unsafe extern "C" fn(fit: *const c_void, i: usize, length: *mut usize) -> *const c_char,
    >,
    pub extra: Option<
        unsafe extern "C" fn(
            fit: *const c_void,
            i: usize,
            own: *const f64,
            out: *mut f64,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Own, c"fenchel.fit.own");
