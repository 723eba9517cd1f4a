//! The cumulative logit bound to data: as a loss of one predictor a threshold, and as a loss of
//! `eta` with the thresholds as parameters of its own.

use fenchel_core::{
    Curvature, CurvatureForm, DataFit, FitConjugate, OwnParameters, OwnReport, SmoothFit,
    Thresholds,
};

use crate::classes::Classes;
use crate::interval::Interval;
use crate::intervals::{Intervals, Sample};

/// Ends whose formulas are harmless, for samples without weight.
const NEUTRAL: (f64, f64) = (1.0, -1.0);

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

    /// The ends of a sample of class `y` where its predictors are `at(0), ..., at(q - 1)`. Both are
    /// read, as a branch on the class is one that is not foreseen.
    #[inline(always)]
    fn ends(&self, y: usize, at: impl Fn(usize) -> f64) -> (f64, f64) {
        let (upper, lower) = (at(y.min(self.thresholds - 1)), at(y.max(1) - 1));
        (
            if y < self.thresholds { upper } else { f64::INFINITY },
            if y > 0 { lower } else { f64::NEG_INFINITY },
        )
    }

    /// The loss for samples with these ends, `ends(sample, class)`: the sum of what `part` makes of
    /// stretches of samples, up to the first at which it is infinite.
    fn total(
        &self,
        ends: impl Fn(usize, usize) -> (f64, f64),
        mut part: impl FnMut(&mut Intervals) -> f64,
    ) -> f64 {
        let (mut total, mut intervals) = (0.0, Intervals::new());
        for begin in Intervals::begins(self.samples()) {
            intervals.gather(begin, &self.classes, NEUTRAL, &ends);
            total += part(&mut intervals);
            if total.is_nan() || total == f64::INFINITY {
                return f64::INFINITY;
            }
        }
        total
    }

    /// The same for predictors `z`.
    fn total_at(&self, z: &[f64], part: impl FnMut(&mut Intervals) -> f64) -> f64 {
        let n = self.samples();
        self.total(|i, y| self.ends(y, |k| z[i + n * k]), part)
    }

    fn samples(&self) -> usize {
        self.classes.samples()
    }

    /// Twice minus the log-likelihood of rows that may be out of order: a class that has no
    /// probability counts as the rounding unit, as a single row would else decide alone.
    pub fn deviance(&self, z: &[f64]) -> f64 {
        let n = self.samples();
        let samples = self.classes.class.iter().zip(&self.classes.shares).enumerate();
        let term = |(i, (y, share)): (usize, (&u32, &f64))| {
            let (a, b) = self.ends(*y as usize, |k| z[i + n * k]);
            let value = Interval::new(a, b).value();
            2.0 * share * if value.is_finite() { value } else { -f64::EPSILON.ln() }
        };
        samples.filter(|(_, (_, share))| **share > 0.0).map(term).sum()
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
        self.total_at(z, Intervals::value)
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
        self.total_at(z, |intervals| {
            let value = intervals.gradient();
            intervals.each(&self.classes, |Sample { i, class: y, derivatives }| {
                let [upper, lower, _] = derivatives;
                if y < self.thresholds {
                    grad[i + n * y] = upper;
                }
                if y > 0 {
                    grad[i + n * (y - 1)] = lower;
                }
            });
            value
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
        let mut intervals = Intervals::new();
        for begin in Intervals::begins(n) {
            let ends = |i: usize, y: usize| self.ends(y, |k| z[i + n * k]);
            intervals.gather(begin, &self.classes, NEUTRAL, ends);
            intervals.curvature();
            intervals.each(&self.classes, |Sample { i, class: y, derivatives }| {
                let [upper, lower, between] = derivatives;
                if y < self.thresholds {
                    diagonal[i + n * y] = upper;
                }
                if y > 0 {
                    diagonal[i + n * (y - 1)] = lower;
                }
                if y > 0 && y < self.thresholds {
                    beside[i + n * (y - 1)] = between;
                }
            });
        }
    }
}

impl FitConjugate for OrderedFit {
    /// Only the predictors around a sample's class have a dual.
    fn conjugate(&self, u: &[f64]) -> f64 {
        let (n, q) = (self.samples(), self.thresholds);
        for (k, u) in u.chunks_exact(n).enumerate() {
            let misplaced = |u: f64, y: usize, share: f64| {
                (u != 0.0) & (((y != k) & (y != k + 1)) | (share <= 0.0))
            };
            let pairs = u.iter().zip(&self.classes.class).zip(&self.classes.shares);
            // All of them, as a loop without an early end is one over several samples at a time.
            if pairs.fold(false, |any, ((u, y), share)| any | misplaced(*u, *y as usize, *share)) {
                return f64::INFINITY;
            }
        }
        let (mut total, mut intervals) = (0.0, Intervals::new());
        for begin in Intervals::begins(n) {
            let duals = |i: usize, y: usize| {
                let share = self.classes.shares[i];
                let (upper, lower) = self.ends(y, |k| u[i + n * k] / share);
                (if y < q { upper } else { 0.0 }, if y > 0 { lower } else { 0.0 })
            };
            intervals.gather(begin, &self.classes, (0.0, 0.0), duals);
            total += intervals.conjugate();
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

    /// The loss, by stretches of samples.
    fn total(&self, eta: &[f64], own: &[f64], part: impl FnMut(&mut Intervals) -> f64) -> f64 {
        if !self.parallel {
            let ends =
                |i: usize, y: usize| self.ordered.ends(y, |k| eta[self.place(i, k)] + own[k]);
            return self.ordered.total(ends, part);
        }
        // A class finds its ends at its number and one further.
        let mut ends = vec![f64::NEG_INFINITY];
        ends.extend_from_slice(own);
        ends.push(f64::INFINITY);
        self.ordered.total(|i, y| (eta[i] + ends[y + 1], eta[i] + ends[y]), part)
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
        self.total(eta, own, Intervals::value)
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
        let thresholds = self.ordered.thresholds;
        self.total(eta, own, |intervals| {
            let value = intervals.gradient();
            intervals.each(&self.ordered.classes, |Sample { i, class: y, derivatives }| {
                let [upper, lower, shift] = derivatives;
                if self.parallel {
                    grad[i] = shift;
                }
                let mut add = |k: usize, d: f64| {
                    grad_own[k] += d;
                    if !self.parallel {
                        grad[self.place(i, k)] = d;
                    }
                };
                if y < thresholds {
                    add(y, upper);
                }
                if y > 0 {
                    add(y - 1, lower);
                }
            });
            value
        })
    }
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}
