//! The cumulative logit bound to data: as a loss of one predictor a threshold, and as a loss of
//! `eta` with the thresholds as parameters of its own.

use fenchel_core::{
    Curvature, CurvatureForm, DataFit, FitConjugate, OwnParameters, OwnReport, SmoothFit,
    Thresholds,
};

use crate::classes::Classes;
use crate::interval::{Interval, conjugate};

/// `-log P(y)` with `P(y <= k) = sigma(z_k)` for q predictors a sample, `+inf` where the two around
/// its class are out of order.
#[derive(Debug)]
pub(crate) struct OrderedFit {
    classes: Classes,
    /// Number of thresholds, `q`.
    thresholds: usize,
}

impl OrderedFit {
    pub fn new(classes: Classes) -> Self {
        Self { thresholds: classes.count - 1, classes }
    }

    /// The interval of a sample of class `y`, where its predictors are `at(0), ..., at(q - 1)`.
    fn interval(&self, y: usize, at: impl Fn(usize) -> f64) -> Interval {
        let a = if y < self.thresholds { at(y) } else { f64::INFINITY };
        let b = if y > 0 { at(y - 1) } else { f64::NEG_INFINITY };
        Interval::new(a, b)
    }

    /// Samples of positive weight, with class and share.
    fn counted(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        let pairs = self.classes.class.iter().zip(&self.classes.shares).enumerate();
        pairs
            .filter(|(_, (_, share))| **share > 0.0)
            .map(|(i, (y, share))| (i, *y as usize, *share))
    }

    /// The loss for predictors `at(i, k)`, and `visit(sample, class, share, interval)` for every
    /// sample up to the first at which it is infinite.
    fn total(
        &self,
        at: impl Fn(usize, usize) -> f64,
        mut visit: impl FnMut(usize, usize, f64, &Interval),
    ) -> f64 {
        let mut total = 0.0;
        for (i, y, share) in self.counted() {
            let interval = self.interval(y, |k| at(i, k));
            total += share * interval.value();
            if total.is_nan() || total == f64::INFINITY {
                return f64::INFINITY;
            }
            visit(i, y, share, &interval);
        }
        total
    }

    /// `visit(threshold, derivative)` for those around class `y`.
    fn derivatives(
        &self,
        y: usize,
        share: f64,
        interval: &Interval,
        mut visit: impl FnMut(usize, f64),
    ) {
        let (upper, lower) = interval.derivatives();
        if y < self.thresholds {
            visit(y, share * upper);
        }
        if y > 0 {
            visit(y - 1, share * lower);
        }
    }

    fn samples(&self) -> usize {
        self.classes.samples()
    }

    /// Twice minus the log-likelihood of rows that may be out of order: a class that has no
    /// probability counts as the rounding unit, as a single row would else decide alone.
    pub fn deviance(&self, z: &[f64]) -> f64 {
        let n = self.samples();
        let term = |(i, y, share): (usize, usize, f64)| {
            let value = self.interval(y, |k| z[i + n * k]).value();
            2.0 * share * if value.is_finite() { value } else { -f64::EPSILON.ln() }
        };
        self.counted().map(term).sum()
    }
}

impl DataFit for OrderedFit {
    fn samples(&self) -> usize {
        self.classes.samples()
    }
    fn outputs(&self) -> usize {
        self.thresholds
    }
    fn value(&self, z: &[f64], _own: &[f64]) -> f64 {
        let n = self.samples();
        self.total(|i, k| z[i + n * k], |_, _, _, _| ())
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        Some(self)
    }
}

impl SmoothFit for OrderedFit {
    fn gradient(&self, z: &[f64], _own: &[f64], grad: &mut [f64], _: &mut [f64]) -> f64 {
        let n = self.samples();
        grad.fill(0.0);
        let at = |i: usize, k: usize| z[i + n * k];
        self.total(at, |i, y, share, interval| {
            self.derivatives(y, share, interval, |k, d| grad[i + n * k] = d);
        })
    }
    /// It grows without bound as two predictors meet.
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}

impl Curvature for OrderedFit {
    fn form(&self) -> CurvatureForm {
        CurvatureForm::Tridiagonal
    }
    fn curvature(&self, z: &[f64], _own: &[f64], out: &mut [f64]) {
        let n = self.samples();
        out.fill(0.0);
        let (diagonal, beside) = out.split_at_mut(n * self.thresholds);
        for (i, y, share) in self.counted() {
            let (upper, lower, between) = self.interval(y, |k| z[i + n * k]).second_derivatives();
            if y < self.thresholds {
                diagonal[i + n * y] = share * upper;
            }
            if y > 0 {
                diagonal[i + n * (y - 1)] = share * lower;
            }
            if y > 0 && y < self.thresholds {
                beside[i + n * (y - 1)] = share * between;
            }
        }
    }
}

impl FitConjugate for OrderedFit {
    /// Only the predictors around a sample's class have a dual.
    fn conjugate(&self, u: &[f64]) -> f64 {
        let (n, q) = (self.samples(), self.thresholds);
        let mut total = 0.0;
        for (i, (y, share)) in self.classes.class.iter().zip(&self.classes.shares).enumerate() {
            let y = if *share > 0.0 { *y as usize } else { q + 1 };
            if (0..q).any(|k| k != y && k + 1 != y && u[i + n * k] != 0.0) {
                return f64::INFINITY;
            }
            if *share > 0.0 {
                let upper = if y < q { u[i + n * y] / share } else { 0.0 };
                let lower = if y > 0 { u[i + n * (y - 1)] / share } else { 0.0 };
                total += share * conjugate(upper, lower);
            }
        }
        total
    }
}

/// The same with `z_k = own_k + eta_k`, or `own_k + eta` for one column of `eta`.
#[derive(Debug)]
pub(crate) struct ThresholdFit {
    ordered: OrderedFit,
    parallel: bool,
}

impl ThresholdFit {
    pub fn new(classes: Classes, parallel: bool) -> Self {
        Self { ordered: OrderedFit::new(classes), parallel }
    }

    /// Where predictor `k` of sample `i` finds its part of `eta`.
    fn place(&self, i: usize, k: usize) -> usize {
        if self.parallel { i } else { i + self.ordered.samples() * k }
    }
}

impl DataFit for ThresholdFit {
    fn samples(&self) -> usize {
        self.ordered.samples()
    }
    fn outputs(&self) -> usize {
        if self.parallel { 1 } else { self.ordered.thresholds }
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        self.ordered.total(|i, k| eta[self.place(i, k)] + own[k], |_, _, _, _| ())
    }
    fn takes_intercept(&self) -> bool {
        false
    }
    fn is_convex(&self) -> bool {
        true
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        Some(self)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
}

impl OwnParameters for ThresholdFit {
    /// The logits of the cumulative frequencies: the optimum at `eta = 0`.
    fn start(&self) -> Vec<f64> {
        let weights = self.ordered.classes.weights();
        let logit = |k: usize| {
            let (below, above) = weights.split_at(k + 1);
            (below.iter().sum::<f64>() / above.iter().sum::<f64>()).ln()
        };
        (0..self.ordered.thresholds).map(logit).collect()
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        OwnReport { intercept: Some(own.to_vec()), extra: Vec::new() }
    }
    fn as_thresholds(&self) -> Option<Thresholds<'_>> {
        Some(Thresholds { fit: &self.ordered })
    }
}

impl SmoothFit for ThresholdFit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        grad.fill(0.0);
        grad_own.fill(0.0);
        let at = |i: usize, k: usize| eta[self.place(i, k)] + own[k];
        self.ordered.total(at, |i, y, share, interval| {
            if self.parallel {
                grad[i] = share * interval.shift_derivative();
            }
            self.ordered.derivatives(y, share, interval, |k, d| {
                grad_own[k] += d;
                if !self.parallel {
                    grad[self.place(i, k)] = d;
                }
            });
        })
    }
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}
