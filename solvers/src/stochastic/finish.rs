//! Accelerated proximal gradient that descends in every step, convex or not: momentum is dropped
//! wherever it leads up.
//!
//! Source: Li & Lin (2015), NeurIPS, algorithm 1 (the monotone scheme), with a restart in place of the
//! second prox of each step; the plain step that follows a restart descends by backtracking.

use fenchel_core::{Convexity, Problem};

use crate::gradient::{Momentum, ProximalStep, Stepped, uphill};

/// How much longer a step is tried than the last.
const LONGER: f64 = 1.1;

#[derive(Debug, Default)]
pub(crate) struct Finish {
    step: ProximalStep,
    momentum: Momentum,
    z: Vec<f64>,
    next: Vec<f64>,
    value: f64,
    longest: f64,
}

impl Finish {
    /// `value` is the objective with the penalty at `params`.
    pub fn begin(&mut self, problem: &Problem<'_>, params: &[f64], value: f64) {
        let smooth = problem.objective.as_smooth().expect("`supports` asked for a gradient");
        self.step = ProximalStep::new(problem, smooth);
        self.longest = match problem.penalty.convexity() {
            Convexity::WeaklyConvex(rho) => 0.9 / rho,
            _ => f64::INFINITY,
        };
        self.momentum = Momentum::default();
        self.z.clear();
        self.z.extend_from_slice(params);
        self.next.resize(params.len(), 0.0);
        self.value = value;
    }

    /// One step; `false` where rounding leaves nothing to gain.
    pub fn step(&mut self, problem: &Problem<'_>, params: &mut Vec<f64>) -> bool {
        let smooth = problem.objective.as_smooth().expect("`supports` asked for a gradient");
        let prox = problem.penalty.as_prox().expect("`supports` asked for a prox");
        self.step.step = (LONGER * self.step.step).min(self.longest);
        let mut stepped = self.step.take(problem, smooth, prox, &self.z, &mut self.next);
        let rises = |value: f64, s: Option<f64>| s.is_none_or(|s| s > value || s.is_nan());
        let total = |stepped: &Option<Stepped>| stepped.as_ref().map(|s| s.smooth + s.penalty);
        if rises(self.value, total(&stepped)) && !self.momentum.is_at_rest() {
            self.momentum = Momentum::default();
            self.z.clone_from(params);
            stepped = self.step.take(problem, smooth, prox, &self.z, &mut self.next);
        }
        let Some(value) = total(&stepped).filter(|value| value.is_finite()) else { return false };
        // A plain step descends but for rounding.
        self.value = value;
        let restart = uphill(&self.z, &self.next, params);
        std::mem::swap(params, &mut self.next);
        self.momentum.extrapolate(restart, params, &self.next, &mut self.z);
        *params != self.next || self.z != *params
    }
}
