//! Risk sets: who is still under observation when an event happens. They are nested, so that sums
//! over all of them take one pass from the latest time down, and sums over the events that a sample
//! lived to see one pass back up.
//!
//! Exponentials are taken relative to the largest `eta` of the risk set at hand, which grows as the
//! set does: neither a common shift of `eta` nor a wide range of it overflows, and no risk set
//! vanishes beside an earlier one.

use fenchel_core::Samples;
use fenchel_core::functions::exp;
use fenchel_core::kernels::widest;

use crate::Ties;

/// The samples of positive weight, sorted by time.
#[derive(Debug)]
pub(crate) struct RiskSets {
    /// Number of samples, those without weight included.
    pub samples: usize,
    /// Samples of positive weight, latest first; among equal times the censored ones first.
    order: Vec<usize>,
    /// Their weights, in that order.
    weights: Vec<f64>,
    /// Runs of equal times, latest first.
    pub runs: Vec<Run>,
}

/// Samples with one time, as a range of the order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    start: usize,
    /// Where the events begin; the censored come before.
    first_event: usize,
    end: usize,
    /// How many sums over the risk set the events are compared with: one by Breslow, one an event
    /// by Efron, none without events.
    pub steps: usize,
    /// Weight of the events over `steps` and the number of samples.
    pub share: f64,
}

impl Run {
    /// The part of the tied events' own risk that step `k` leaves out.
    pub fn left_out(&self, k: usize) -> f64 {
        k as f64 / self.steps as f64
    }

    /// Weight of the events over the number of samples.
    pub fn events(&self) -> f64 {
        self.share * self.steps as f64
    }
}

/// `sum w exp(eta - top)` over a risk set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Risk {
    /// The largest `eta` in the set.
    pub top: f64,
    /// `exp` of the largest `eta` of the set before, less `top`.
    shrunk: f64,
    /// The sum without the events at this very time, and over these.
    sums: Sums,
}

/// Sums over a risk set, perhaps of each sample times a factor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sums {
    /// Without the events at this very time.
    rest: f64,
    /// Over the events at this very time.
    tied: f64,
}

impl Sums {
    /// The sum that step `k` of `run` compares with.
    pub fn at_step(self, run: &Run, k: usize) -> f64 {
        self.rest + (1.0 - run.left_out(k)) * self.tied
    }
}

impl Risk {
    /// The sum that step `k` of `run` compares with.
    pub fn at_step(&self, run: &Run, k: usize) -> f64 {
        self.sums.at_step(run, k)
    }
}

/// All risk sets at one `eta`, latest first: what takes exponentials, and so is done once.
#[derive(Debug)]
pub(crate) struct Risks {
    /// `w exp(eta - top)` of each sample in the order, with the `top` of its run.
    each: Vec<f64>,
    /// Risk sets, run by run.
    pub sets: Vec<Risk>,
}

/// What the events of one time add to the hazard of the samples at risk, times `exp(top)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hazard {
    /// Of every sample at risk.
    pub all: f64,
    /// How much less of the events themselves.
    pub spared: f64,
}

impl RiskSets {
    /// Sorts the samples.
    pub fn new(samples: &Samples, time: &[f64], event: &[bool], ties: Ties) -> Self {
        let n = samples.len();
        let mut order: Vec<usize> = (0..n).filter(|&i| samples.weight(i) > 0.0).collect();
        order.sort_by(|&a, &b| time[b].total_cmp(&time[a]).then(event[a].cmp(&event[b])));
        let (mut runs, mut start) = (Vec::new(), 0);
        for run in order.chunk_by(|&a, &b| time[a] == time[b]) {
            let (end, censored) = (start + run.len(), run.iter().take_while(|&&i| !event[i]));
            let first_event = start + censored.count();
            let events = end - first_event;
            let weight: f64 = order[first_event..end].iter().map(|&i| samples.weight(i)).sum();
            let steps = match ties {
                Ties::Breslow => events.min(1),
                Ties::Efron => events,
            };
            let share = if steps == 0 { 0.0 } else { weight / steps as f64 / n as f64 };
            runs.push(Run { start, first_event, end, steps, share });
            start = end;
        }
        let weights = order.iter().map(|&i| samples.weight(i)).collect();
        Self { samples: n, order, weights, runs }
    }

    /// The censored of a run, as `(sample, weight)`.
    pub fn censored(&self, run: &Run) -> impl Iterator<Item = (usize, f64)> {
        self.range(run.start, run.first_event)
    }

    /// The events of a run, as `(sample, weight)`.
    pub fn events(&self, run: &Run) -> impl Iterator<Item = (usize, f64)> {
        self.range(run.first_event, run.end)
    }

    fn range(&self, start: usize, end: usize) -> impl Iterator<Item = (usize, f64)> {
        self.order[start..end].iter().copied().zip(self.weights[start..end].iter().copied())
    }

    /// The risk sets at `eta`.
    pub fn at(&self, eta: &[f64]) -> Risks {
        let mut each: Vec<f64> = self.order.iter().map(|&i| eta[i]).collect();
        let (mut top, mut sets) = (f64::NEG_INFINITY, Vec::with_capacity(self.runs.len()));
        for run in &self.runs {
            let part = &mut each[run.start..run.end];
            let highest = part.iter().fold(top, |top, eta| top.max(*eta));
            let shrunk = if highest > top { (top - highest).exp() } else { 1.0 };
            top = highest;
            part.iter_mut().for_each(|eta| *eta -= top);
            sets.push(Risk { top, shrunk, sums: Sums { rest: 0.0, tied: 0.0 } });
        }
        let (parts, weights) = (each.as_mut_slice(), self.weights.as_slice());
        widest(
            #[inline(always)]
            || parts.iter_mut().zip(weights).for_each(|(part, w)| *part = w * exp(*part)),
        );
        let mut before = 0.0;
        for (run, set) in self.runs.iter().zip(&mut sets) {
            before *= set.shrunk;
            let add = |sum: f64, risk: &f64| sum + risk;
            let rest = each[run.start..run.first_event].iter().fold(before, add);
            let tied = each[run.first_event..run.end].iter().fold(0.0, add);
            set.sums = Sums { rest, tied };
            before = rest + tied;
        }
        Risks { each, sets }
    }

    /// Calls `visit` with every run, its risk, and the sums of each sample times its `factor` (one a
    /// sample), latest first.
    pub fn descend(&self, risks: &Risks, factor: &[f64], mut visit: impl FnMut(&Run, &Risk, Sums)) {
        let mut before = 0.0;
        for (run, set) in self.runs.iter().zip(&risks.sets) {
            let over = |start: usize, end: usize, sum: f64| {
                let parts = risks.each[start..end].iter().zip(&self.order[start..end]);
                parts.fold(sum, |sum, (risk, &i)| sum + risk * factor[i])
            };
            let rest = over(run.start, run.first_event, before * set.shrunk);
            let tied = over(run.first_event, run.end, 0.0);
            visit(run, set, Sums { rest, tied });
            before = rest + tied;
        }
    }

    /// Calls `write(j, w_j exp(eta_j) hazard)` for every sample of positive weight, with the sum of
    /// the hazards up to its own time; `hazards` are latest first.
    pub fn ascend(&self, risks: &Risks, hazards: &[Hazard], mut write: impl FnMut(usize, f64)) {
        // From one set to the one before it, whose largest `eta` is smaller.
        let (mut sum, mut shrunk) = (0.0, 1.0);
        for ((run, set), hazard) in self.runs.iter().zip(&risks.sets).zip(hazards).rev() {
            sum = sum * shrunk + hazard.all;
            shrunk = set.shrunk;
            let mut part = |start: usize, end: usize, sum: f64| {
                let parts = risks.each[start..end].iter().zip(&self.order[start..end]);
                parts.for_each(|(risk, &i)| write(i, risk * sum));
            };
            part(run.start, run.first_event, sum);
            part(run.first_event, run.end, sum - hazard.spared);
        }
    }
}
