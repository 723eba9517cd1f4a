//! Minimises the local model plus the penalty over a working set, by epochs of (block) coordinate
//! descent with Anderson extrapolation.

use fenchel_core::{Design, Sweep};

use super::anderson::Anderson;
use super::model::Model;
use super::units::{Units, shifted_axpy};

/// Buffers of the inner solve, and the model that it moves.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    /// The model; its residual is true for the point on return.
    pub model: Model,
    lipschitz: Vec<f64>,
    sums: Vec<f64>,
    offsets: Vec<usize>,
    scratch: Vec<f64>,
    support: Vec<usize>,
    anderson: Anderson,
    saved: Option<Saved>,
}

/// A point to return to where an extrapolation does not pay.
#[derive(Debug, Default)]
struct Saved {
    beta: Vec<f64>,
    intercepts: Vec<f64>,
    residual: Vec<f64>,
    shift: Vec<f64>,
    weighted_sum: Vec<f64>,
}

/// When the inner solve may stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inner {
    /// Largest `curvature * |step|` of an epoch that counts as solved.
    pub tol: f64,
    /// Most epochs.
    pub epochs: usize,
    /// Whether the penalty is convex, so that the extrapolated objective may be compared.
    pub extrapolate: bool,
}

impl Engine {
    /// Runs epochs over `working`; returns the size of the first and the last epoch's largest step.
    pub fn descend(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        beta: &mut [f64],
        intercepts: &mut [f64],
        inner: Inner,
    ) -> (f64, f64) {
        self.prepare(units, design, working, beta.len());
        // A step along a coordinate takes the intercept along; there may be none to take.
        self.model.settle(intercepts);
        let (mut first, mut last) = (0.0, 0.0);
        for epoch in 0..inner.epochs {
            let report = self.epoch(units, design, working, beta, intercepts);
            last = report;
            if epoch == 0 {
                first = report;
            }
            if last <= inner.tol {
                break;
            }
            if inner.extrapolate {
                let iterate = self.support.iter().map(|&f| beta[f]);
                if let Some(point) = self.anderson.push(iterate) {
                    self.jump(units, design, working, beta, intercepts, &point);
                }
            }
        }
        (first, last)
    }

    /// Curvature bounds and column sums of the working set.
    fn prepare(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        coefficients: usize,
    ) {
        self.lipschitz.clear();
        self.sums.clear();
        self.offsets.clear();
        self.support.clear();
        self.anderson.clear();
        for &unit in working {
            self.offsets.push(self.sums.len());
            let bound = units.moments(unit, design, &self.model, &mut self.sums);
            self.lipschitz.push(bound);
            units.coefficients(unit, coefficients, &mut self.support);
        }
        self.scratch.resize(units.scratch(self.model.outputs()), 0.0);
    }

    fn epoch(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        beta: &mut [f64],
        intercepts: &mut [f64],
    ) -> f64 {
        let uniform = self.model.uniform();
        let (mut residual, mut shift, mut weighted_sum) = self.model.take_point();
        let report = units.sweep(&mut Sweep {
            design,
            columns: None,
            curvature: self.model.curvatures(),
            uniform,
            intercept: !intercepts.is_empty(),
            beta,
            intercepts,
            residual: &mut residual,
            shift: &mut shift,
            weighted_sum: &mut weighted_sum,
            total: self.model.totals(),
            stored_sums: &self.sums,
            working,
            lipschitz: &self.lipschitz,
            offsets: &self.offsets,
            scratch: &mut self.scratch,
        });
        self.model.put_point(residual, shift, weighted_sum);
        report.largest_step
    }

    /// Moves to the extrapolated point if the objective of the model falls.
    fn jump(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        beta: &mut [f64],
        intercepts: &mut [f64],
        point: &[f64],
    ) {
        let before = self.model.value() + units.value(working, beta);
        let mut saved = self.saved.take().unwrap_or_default();
        saved.beta.clear();
        saved.beta.extend(self.support.iter().map(|&f| beta[f]));
        saved.intercepts.clear();
        saved.intercepts.extend_from_slice(intercepts);
        saved.residual.clone_from(&self.model.residual);
        saved.shift.clone_from(&self.model.shift);
        saved.weighted_sum.clone_from(&self.model.weighted_sum);

        let (n, p) = (design.samples(), design.features());
        for (&flat, &target) in self.support.iter().zip(point) {
            let step = target - beta[flat];
            if step != 0.0 {
                let (j, k) = (flat % p, flat / p);
                let stored = &mut self.model.residual[k * n..(k + 1) * n];
                shifted_axpy(design, j, -step, stored, &mut self.model.shift[k]);
                beta[flat] = target;
            }
        }
        self.model.refresh_sums();
        self.model.settle(intercepts);
        let after = self.model.value() + units.value(working, beta);
        if after.is_nan() || after >= before {
            for (&flat, &old) in self.support.iter().zip(&saved.beta) {
                beta[flat] = old;
            }
            intercepts.copy_from_slice(&saved.intercepts);
            self.model.residual.clone_from(&saved.residual);
            self.model.shift.clone_from(&saved.shift);
            self.model.weighted_sum.clone_from(&saved.weighted_sum);
        }
        self.saved = Some(saved);
    }
}
