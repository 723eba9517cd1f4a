//! The cumulative logit bound to data, as a loss of `eta` with the thresholds as parameters of its own.

use fenchel_core::{DataFit, Neighbours, OwnParameters, OwnReport, Pairs, SmoothFit, Thresholds};

use crate::classes::Classes;
use crate::intervals::{Intervals, Sample};
use crate::ordered::OrderedFit;
use crate::shared::Shared;

/// [`OrderedFit`] with `z_k = own_k + eta_k`, or `own_k + eta` for one column of `eta`.
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

    /// The loss at one point by what samples of a class share, where it is parallel and the point not far out.
    fn shared<'a>(&'a self, eta: &'a [f64], own: &[f64]) -> Option<Shared<'a>> {
        if self.parallel { Shared::new(&self.ordered.classes, eta, own) } else { None }
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
        match self.shared(eta, own) {
            Some(shared) => shared.value(),
            None => self.total(eta, own, Intervals::value),
        }
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
        let weights = &self.ordered.classes.weights;
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
        let neighbours = self.parallel.then_some(self as &dyn Neighbours);
        Some(Thresholds { fit: &self.ordered, neighbours })
    }
}

impl SmoothFit for ThresholdFit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        if let Some(shared) = self.shared(eta, own) {
            return shared.gradient(grad, grad_own);
        }
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

/// The parallel form.
impl Neighbours for ThresholdFit {
    fn classes(&self) -> &[u32] {
        &self.ordered.classes.class
    }

    fn expand(&self, eta: &[f64], own: &[f64], curved: bool, out: &mut Pairs) -> f64 {
        if let Some(shared) = self.shared(eta, own) {
            return if curved { shared.expand::<true>(out) } else { shared.expand::<false>(out) };
        }
        let Pairs { upper, lower, along, row_upper, row_lower, mixed } = out;
        for part in [&mut *upper, lower, along] {
            part.fill(0.0);
        }
        if curved {
            for part in [&mut *row_upper, row_lower, mixed] {
                part.fill(0.0);
            }
        }
        let classes = &self.ordered.classes;
        self.total(eta, own, |intervals| {
            let value = intervals.gradient();
            intervals.each(classes, |Sample { i, derivatives, .. }| {
                [upper[i], lower[i], along[i]] = derivatives;
            });
            if curved {
                intervals.curvature_by_rows();
                intervals.each(classes, |Sample { i, derivatives, .. }| {
                    [row_upper[i], row_lower[i], mixed[i]] = derivatives;
                });
            }
            value
        })
    }

    fn conjugate(&self, upper: &[f64], lower: &[f64], scale: f64) -> f64 {
        let classes = &self.ordered.classes;
        // All of them, as a loop without an early end is one over several samples at a time.
        let pairs = upper.iter().zip(lower).zip(&classes.shares);
        if pairs
            .fold(false, |any, ((a, b), share)| any | (*share <= 0.0) & ((*a != 0.0) | (*b != 0.0)))
        {
            return f64::INFINITY;
        }
        let (mut total, mut intervals) = (0.0, Intervals::new());
        for begin in Intervals::begins(upper.len()) {
            let duals = |i: usize, _: usize| {
                let times = scale / classes.shares[i];
                (upper[i] * times, lower[i] * times)
            };
            intervals.gather(begin, classes, (0.0, 0.0), duals);
            total += intervals.conjugate();
        }
        total
    }
}
