//! A loss bound to data, behind the pointer that the host holds.
#![allow(unsafe_code)]

use std::ffi::{CString, c_void};

use fenchel_core::{CurvatureForm, DataFit};
use fenchel_plugin_abi as abi;

use crate::boundary::input;
use crate::report::Failure;

/// A bound loss, with what does not change while it lives: asked for at `bind`, where an answer may
/// fail, so that functions that cannot fail need not run the author's code.
pub(super) struct BoundLoss {
    pub(super) fit: Box<dyn DataFit>,
    pub(super) outputs: usize,
    /// n K.
    pub(super) length: usize,
    pub(super) takes_intercept: bool,
    pub(super) hessian_bound: f64,
    pub(super) form: i32,
    /// Length of what the curvature writes.
    pub(super) curvatures: usize,
    pub(super) own: Own,
}

/// The shape of a loss's own parameters and of what it reports of them.
#[derive(Default)]
pub(super) struct Own {
    pub(super) start: Vec<f64>,
    pub(super) intercepts: usize,
    pub(super) extras: Vec<(CString, usize)>,
}

impl BoundLoss {
    pub(super) fn new(fit: Box<dyn DataFit>) -> Result<Self, Failure> {
        let (outputs, length) = (fit.outputs(), fit.samples() * fit.outputs());
        let form = fit.as_curvature().map_or(CurvatureForm::Diagonal, |part| part.form());
        let curvatures = form.length(fit.samples(), outputs);
        let form = match form {
            CurvatureForm::Constant => abi::CURVATURE_CONSTANT,
            CurvatureForm::Diagonal => abi::CURVATURE_DIAGONAL,
            CurvatureForm::Blocks => abi::CURVATURE_BLOCKS,
            CurvatureForm::Approximate => abi::CURVATURE_APPROXIMATE,
            CurvatureForm::RankOne => abi::CURVATURE_RANK_ONE,
            CurvatureForm::Tridiagonal => abi::CURVATURE_TRIDIAGONAL,
        };
        let mut own = Own::default();
        if let Some(part) = fit.as_own() {
            own.start = part.start();
            let report = part.report(&own.start);
            own.intercepts = report.intercept.map_or(0, |values| values.len());
            for (name, values) in report.extra {
                let c_name = CString::new(name.as_str());
                let c_name = c_name.map_err(|_| {
                    Failure::Broken(format!("the name {name:?} in its report holds a NUL"))
                })?;
                own.extras.push((c_name, values.len()));
            }
        }
        Ok(Self {
            outputs,
            length,
            takes_intercept: fit.takes_intercept(),
            hessian_bound: fit
                .as_smooth()
                .and_then(|part| part.hessian_bound())
                .unwrap_or(f64::NAN),
            form,
            curvatures,
            own,
            fit,
        })
    }

    /// # Safety
    /// `object` is from `bind`, and lives as long as the reference.
    pub(super) unsafe fn at<'a>(object: *const c_void) -> &'a Self {
        // SAFETY: the caller's promise.
        unsafe { &*object.cast() }
    }

    /// n K numbers of a linear predictor.
    ///
    /// # Safety
    /// That they are there while the slice lives.
    pub(super) unsafe fn eta<'a>(&self, numbers: *const f64) -> &'a [f64] {
        // SAFETY: the caller's promise.
        unsafe { input(numbers, self.length) }
    }

    /// The loss's own parameters.
    ///
    /// # Safety
    /// That they are there while the slice lives.
    pub(super) unsafe fn own<'a>(&self, numbers: *const f64) -> &'a [f64] {
        // SAFETY: the caller's promise.
        unsafe { input(numbers, self.own.start.len()) }
    }
}
