//! Risk sets: who is still under observation when an event happens. They are nested, so that sums
//! over all of them take one pass from the latest time down, and sums over the events that a sample
//! lived to see one pass back up.
//!
//! Exponentials are taken relative to the largest `eta` of the risk set at hand, which grows as the
//! set does: neither a common shift of `eta` nor a wide range of it overflows, and no risk set
//! vanishes beside an earlier one.

use fenchel_core::Samples;

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
    /// The sum without the events at this very time.
    pub rest: f64,
    /// The sum over the events at this very time.
    pub tied: f64,
    /// As `rest` and `tied`, each sample times its factor.
    pub weighted: [f64; 2],
}

impl Risk {
    /// The sum that step `k` of `run` compares with.
    pub fn at_step(&self, run: &Run, k: usize) -> f64 {
        self.rest + (1.0 - run.left_out(k)) * self.tied
    }

    /// The same with factors.
    pub fn weighted_at_step(&self, run: &Run, k: usize) -> f64 {
        self.weighted[0] + (1.0 - run.left_out(k)) * self.weighted[1]
    }
}

/// What the events of one time add to the hazard of the samples at risk, times `exp(top)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hazard {
    /// The largest `eta` in the risk set.
    pub top: f64,
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

    /// Calls `visit` with every run and its risk, latest first; `factor` is that of `weighted`.
    pub fn descend(
        &self,
        eta: &[f64],
        factor: impl Fn(usize) -> f64,
        mut visit: impl FnMut(&Run, Risk),
    ) {
        let (mut top, mut sums) = (f64::NEG_INFINITY, [0.0; 2]);
        for run in &self.runs {
            let highest = self.range(run.start, run.end).fold(top, |top, (i, _)| top.max(eta[i]));
            if highest > top {
                sums = sums.map(|sum| sum * (top - highest).exp());
                top = highest;
            }
            let add = |sums: [f64; 2], (i, w): (usize, f64)| {
                let risk = w * (eta[i] - top).exp();
                [sums[0] + risk, sums[1] + risk * factor(i)]
            };
            let rest = self.censored(run).fold(sums, add);
            let tied = self.events(run).fold([0.0; 2], add);
            let weighted = [rest[1], tied[1]];
            visit(run, Risk { top, rest: rest[0], tied: tied[0], weighted });
            sums = [rest[0] + tied[0], rest[1] + tied[1]];
        }
    }

    /// Calls `write(j, w_j exp(eta_j) hazard)` for every sample of positive weight, with the sum of
    /// the hazards up to its own time; `hazards` are latest first.
    pub fn ascend(&self, eta: &[f64], hazards: &[Hazard], mut write: impl FnMut(usize, f64)) {
        let (mut top, mut sum) = (f64::INFINITY, 0.0);
        for (run, hazard) in self.runs.iter().zip(hazards).rev() {
            sum = sum * (hazard.top - top).exp() + hazard.all;
            top = hazard.top;
            for (i, w) in self.censored(run) {
                write(i, w * (eta[i] - top).exp() * sum);
            }
            for (i, w) in self.events(run) {
                write(i, w * (eta[i] - top).exp() * (sum - hazard.spared));
            }
        }
    }
}
