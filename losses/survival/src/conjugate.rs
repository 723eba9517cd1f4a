//! The convex conjugate of the partial likelihood. Each term `d log sum_R w exp(eta)` spreads the
//! mass `d` of its events over its risk set; the conjugate is the least entropy of such a spread
//! that gives sample `j` the mass `m_j = u_j + c_j`, where `c_j = w_j / n` for events, else 0. As
//! the risk sets are nested, the optimal spread follows from the masses one time after the other.
//!
//! Let `X_t` be the sum of `u` over the risk set at time `t`: the mass that it has of events before
//! `t`. With one term a time (`d_t` events),
//! ```text
//! f*(u) = sum_j m_j log(m_j / w_j) + sum_t [X_t log X_t - (X_t + d_t) log(X_t + d_t)]
//! ```
//! where `m >= 0`, `X >= 0` and `X` is 0 over all samples, else `+inf`. With Efron's steps
//! `k = 0 .. q` of mass `e = d_t / q`, the share `r` of the tied events in the risk at `t` solves
//! ```text
//! M = r (X_t + sum_k e (1 - k/q) / (1 - r k/q)),      M = sum of m over the tied events,
//! ```
//! and with `Y = X_t + sum_k e / (1 - r k/q)` the bracket becomes
//! ```text
//! X_t log X_t - (X_t + d_t - M) log Y + M log(r / M) - e sum_k log(1 - r k/q)
//! ```

use fenchel_core::FitConjugate;
use fenchel_core::elementwise::{DOMAIN_SLACK, increasing_root};

use crate::fit::CoxFit;
use crate::risk::Run;

/// What rounding may leave of sums over samples that are 0 in exact arithmetic, relative to the sum
/// of absolute values.
const SUM_SLACK: f64 = 1e-11;

impl FitConjugate for CoxFit {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let n = self.sets.samples as f64;
        let slack = SUM_SLACK * u.iter().map(|u| u.abs()).sum::<f64>();
        let (mut total, mut excess, mut weighted) = (0.0, 0.0, 0.0);
        for run in &self.sets.runs {
            for (i, w) in self.sets.censored(run) {
                if u[i].is_nan() || u[i] < 0.0 {
                    return f64::INFINITY;
                }
                total += x_ln(u[i], u[i] / w);
                excess += u[i];
                weighted += u[i].abs();
            }
            let mut tied = 0.0;
            for (i, w) in self.sets.events(run) {
                let mass = u[i] + w / n;
                if mass.is_nan() || mass < -DOMAIN_SLACK * w / n {
                    return f64::INFINITY;
                }
                total += x_ln(mass.max(0.0), mass / w);
                tied += mass.max(0.0);
                excess += u[i];
                weighted += u[i].abs();
            }
            if excess < -slack {
                return f64::INFINITY;
            }
            total += spread(run, excess.max(0.0), tied);
        }
        // Samples without weight have no part in the loss, and sums over all samples are 0.
        let elsewhere = u.iter().map(|u| u.abs()).sum::<f64>() - weighted;
        if excess > slack || elsewhere > slack { f64::INFINITY } else { total }
    }
}

/// What one run adds, with the mass `earlier` of events before and the mass `tied` of its own.
fn spread(run: &Run, earlier: f64, tied: f64) -> f64 {
    let (share, events) = (run.share, run.events());
    if run.steps <= 1 {
        // X log X - (X + d) log(X + d), written so that nothing cancels.
        let grown = if earlier > 0.0 { earlier * (events / earlier).ln_1p() } else { 0.0 };
        return -x_ln(events, earlier + events) - grown;
    }
    let tied = tied.min(earlier + events);
    let steps = || (0..run.steps).map(|k| run.left_out(k));
    let part = increasing_root(0.0, 1.0, tied / (earlier + events), |r| {
        let (mut sum, mut slope) = (earlier, earlier);
        for a in steps() {
            let left = 1.0 - r * a;
            sum += share * (1.0 - a) / left;
            slope += share * (1.0 - a) / (left * left);
        }
        (r * sum - tied, slope)
    });
    let others = earlier + steps().map(|a| share / (1.0 - part * a)).sum::<f64>();
    let logarithms: f64 = steps().map(|a| (-part * a).ln_1p()).sum();
    x_ln(earlier, earlier) - x_ln(earlier + events - tied, others) + x_ln(tied, part / tied)
        - share * logarithms
}

/// `x log y`, 0 where `x` is.
fn x_ln(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}
