//! The line search.

use fenchel_core::{LinearModel, Problem, kernels};

use super::ProxNewton;

/// The share of a fall to first order that is enough.
pub(super) const ENOUGH: f64 = 1e-4;

/// What rounding may add to values, relative to their size.
pub(super) const ROUNDING: f64 = 1e-14;

/// A step of Newton's method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// How much of it the line search took, 0 for none.
    pub share: f64,
    /// By how much it was to bring the objective down, to first order.
    pub gain: f64,
}

impl ProxNewton {
    /// The change of the loss from `start` to `params`, to first order.
    pub(super) fn slope(&self, problem: &Problem<'_>, params: &[f64]) -> f64 {
        let shape = problem.shape();
        let moved = shape.split(params).2.iter().zip(&self.start_own);
        let along_own: f64 = moved.zip(&self.grad_own).map(|((new, old), g)| g * (new - old)).sum();
        kernels::dot(&self.grad_eta, &self.change) + along_own
    }

    /// Shortens the step from `start` to `params` until `F` falls enough, where the loss is `value` at
    /// `start` and changes by `slope` to first order.
    pub(super) fn search(
        &mut self,
        problem: &Problem<'_>,
        model: &LinearModel,
        value: f64,
        slope: f64,
        params: &mut [f64],
    ) -> Step {
        let shape = problem.shape();
        let coefficients = shape.coefficients();
        let change = &self.change;
        let old_penalty = self.start_penalty;
        let full_penalty = problem.penalty.value(&params[..coefficients]);
        let decrease = slope + full_penalty - old_penalty;
        self.trial.resize(self.eta.len(), 0.0);
        let mut step = 1.0;
        for _ in 0..60 {
            for ((t, e), c) in self.trial.iter_mut().zip(&self.eta).zip(change) {
                *t = e + step * c;
            }
            if step < 1.0 {
                self.start.approach(params);
            }
            let moved = model.fit.value(&self.trial, shape.split(params).2)
                + problem.penalty.value(&params[..coefficients]);
            let slack = ROUNDING * (value.abs() + old_penalty.abs());
            if moved <= value + old_penalty + ENOUGH * step * decrease.min(0.0) + slack {
                return Step { share: step, gain: -decrease };
            }
            step *= 0.5;
        }
        self.start.write(params);
        Step { share: 0.0, gain: -decrease }
    }
}
