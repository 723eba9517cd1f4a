//! The cumulative logit bound to data, as a loss of one predictor a threshold.

use fenchel_core::{Curvature, CurvatureForm, DataFit, FitConjugate, SmoothFit};

use crate::classes::Classes;
use crate::interval::Interval;
use crate::intervals::{Intervals, Sample};

/// Ends whose formulas are harmless, for samples without weight.
const NEUTRAL: (f64, f64) = (1.0, -1.0);

/// `-log P(y)` with `P(y <= k) = sigma(z_k)` for q predictors a sample, `+inf` where the two around
/// its class are out of order.
#[derive(Debug)]
pub(crate) struct OrderedFit {
    pub classes: Classes,
    /// Number of thresholds, `q`.
    pub thresholds: usize,
}

impl OrderedFit {
    pub fn new(classes: Classes) -> Self {
        Self { thresholds: classes.count - 1, classes }
    }

    /// The ends of a sample of class `y` where its predictors are `at(0), ..., at(q - 1)`. Both are
    /// read, as a branch on the class is one that is not foreseen.
    #[inline(always)]
    pub fn ends(&self, y: usize, at: impl Fn(usize) -> f64) -> (f64, f64) {
        let (upper, lower) = (at(y.min(self.thresholds - 1)), at(y.max(1) - 1));
        (
            if y < self.thresholds { upper } else { f64::INFINITY },
            if y > 0 { lower } else { f64::NEG_INFINITY },
        )
    }

    /// The loss for samples with these ends, `ends(sample, class)`: the sum of what `part` makes of
    /// stretches of samples, up to the first at which it is infinite.
    pub fn total(
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
