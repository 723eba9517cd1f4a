//! Newton's steps in all parameters, where the penalty is constant.

use fenchel_core::{FreeStep, LinearModel, Problem, kernels};

use super::search::{ENOUGH, ROUNDING};
use super::{FAR, LEAST, ProxNewton, STEPS};

/// Steps that gain more than this share of what the one before gained take the curvature of all samples
/// from then on, in place of some.
const SLOW: f64 = 0.2;

impl ProxNewton {
    /// Newton's steps in all parameters, until one gains so little that a certificate may show the rest
    /// to be in tolerance; false where there is none, or next to nothing left of one.
    pub(super) fn free_steps(&mut self, p: &Problem<'_>, params: &mut [f64]) -> bool {
        let model = p.objective.as_linear().expect("`supports` asked for a linear model");
        // No gain of a first step says what comes next.
        let mut before = 0.0;
        // A whole step from `start` whose end is yet to be compared with that.
        let mut untried: Option<FreeStep> = None;
        for _ in 0..STEPS {
            let here = self.certifier.free_step(p, params, !self.whole);
            if let Some(step) = untried.take()
                && !here.as_ref().is_some_and(|here| {
                    let slack = ROUNDING * step.loss.abs();
                    here.loss <= step.loss - ENOUGH * step.decrease + slack
                })
            {
                (self.whole, before) = (true, 0.0);
                if self.shorten(p, model, &step, params) < LEAST {
                    return false;
                }
                continue;
            }
            let Some(step) = here else { return false };
            self.begin(p, params);
            kernels::axpy(1.0, &step.along, params);
            // Gains fall quadratically: the next relates to the square of this one as this one does to
            // that of the one before. A dual point that moves at a part of the samples is worse by as
            // much as that is smaller.
            let gain = step.decrease;
            let next = gain * (gain / before) * (gain / before);
            let far = self.far(p) * 2.0 / (1.0 + 1.0 / step.share);
            if gain <= far || next <= far / FAR {
                let share = self.shorten(p, model, &step, params);
                if share == 1.0 || share < LEAST {
                    return share == 1.0;
                }
                (self.whole, before) = (true, 0.0);
                continue;
            }
            self.whole |= before > 0.0 && gain > SLOW * before;
            before = gain;
            untried = Some(step);
        }
        untried.is_none_or(|step| self.shorten(p, model, &step, params) >= LEAST)
    }

    /// Shortens the whole step from `start` to `params` until the loss falls enough; returns what is
    /// left of it.
    fn shorten(
        &mut self,
        p: &Problem<'_>,
        model: &LinearModel,
        step: &FreeStep,
        params: &mut [f64],
    ) -> f64 {
        model.eta(&self.start.to_vec(), &mut self.eta);
        model.eta(params, &mut self.change);
        kernels::axpy(-1.0, &self.eta, &mut self.change);
        self.search(p, model, step.loss, -step.decrease, params).share
    }

    /// A gain after which a certificate is not worth while yet.
    pub(super) fn far(&self, p: &Problem<'_>) -> f64 {
        FAR * self.tol * p.baseline.objective.max(1.0)
    }
}
