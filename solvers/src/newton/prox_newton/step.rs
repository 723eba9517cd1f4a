//! A step over the working set.

use argmin::core::Error;
use fenchel_core::{Convexity, LinearModel, Problem, Separable, Shape, kernels};

use super::search::Step;
use super::{LEAST, ProxNewton};
use crate::coordinate::{Inner, Units};
use crate::newton::coupled::Start;

/// Epochs of coordinate descent on one model at most.
const EPOCHS: usize = 100;

/// The inner tolerance, relative to the largest violation: a step costs little more than an epoch.
const INNER: f64 = 0.1;

/// The same where the model only finds the support, on which a better one follows.
const ROUGH: f64 = 0.3;

/// By what the radius within which the model is trusted grows after a whole step.
const GROWTH: f64 = 2.0;

/// The share of the violation which is enough that steps under curvatures of before are to leave at most.
const LEFT: f64 = 0.1;

/// A residual of the model in which rounding may be taken for a step, as where a loss is flat to second
/// order: the change of the predictor is then computed from the coefficients.
const LARGE: f64 = 1e4;

/// Whether the columns of the predictor need one model: where a sample couples them, or where the
/// loss has thresholds of its own.
pub(super) fn is_coupled(model: &LinearModel) -> bool {
    let curvature = model.fit.as_curvature();
    model.fit.as_own().is_some() || curvature.is_some_and(|c| c.form().is_coupled())
}

impl ProxNewton {
    /// One step of Newton's method over the working set.
    pub(super) fn newton_step(
        &mut self,
        p: &Problem<'_>,
        units: Option<&Units<'_>>,
        largest: f64,
        params: &mut [f64],
    ) -> Result<Step, Error> {
        let model = p.objective.as_linear().expect("`supports` asked for a linear model");
        let value = match self.expanded.take() {
            Some(value) => value,
            None => self.expand(p, model, params)?,
        };
        let corrects = self.corrects(p, model, units);
        let inner = Inner {
            tol: self.care.begin(largest)
                * if corrects { ROUGH } else { INNER }
                * largest.max(1e-300),
            epochs: EPOCHS,
            convex: p.penalty.convexity() == Convexity::Convex,
            hasten: !corrects,
            complete: self.working.complete,
            ends: self.care.holds(),
        };
        match units {
            Some(units) if is_coupled(model) => {
                self.descend_coupled(p, model, units, params, inner);
            }
            _ => {
                let (eta, grad) = (&self.eta, &self.grad_eta);
                let near = if self.care.holds() { self.near() } else { 0.0 };
                self.engine.model.set_within(&*model.fit, eta, grad, self.radius, near);
                match units {
                    Some(units) => {
                        let (beta, intercepts, _) = p.shape().split_mut(params);
                        let working = &self.working.units;
                        let (engine, design) = (&mut self.engine, &model.design);
                        let epochs =
                            engine.descend(units, design, working, beta, intercepts, inner);
                        self.care.end(epochs);
                        if self.engine.model.farthest(&self.grad_eta) > LARGE {
                            self.change_from_params(model, &p.shape(), params);
                        } else {
                            self.engine.model.change(&self.grad_eta, &mut self.change);
                        }
                    }
                    None => self.minimise_gram(p, model, params),
                }
            }
        }
        let decrease = self.slope(p, params);
        let step = self.search(p, model, value, decrease, params);
        let share = step.share;
        if share == 1.0 {
            self.radius *= GROWTH;
        } else {
            let moved = kernels::max_abs(&self.change);
            if moved > 0.0 {
                self.radius = share.max(LEAST) * moved;
            }
        }
        if let Some(Units::Coordinates(penalty)) = units
            && corrects
        {
            self.correct(p, model, *penalty, params)?;
        }
        Ok(step)
    }

    /// The share of all curvatures by which they may have changed and be held: what pays, or what is enough for the
    /// tolerance, as the certificate falls with the square of the violation.
    fn near(&self) -> f64 {
        let enough = LEFT * (self.tol / self.relative).sqrt();
        self.engine.near(enough)
    }

    /// The largest violation on the working set, outside of which there is none, at the start of the
    /// next step.
    pub(super) fn violation(
        &mut self,
        p: &Problem<'_>,
        units: &Units<'_>,
        params: &[f64],
    ) -> Result<f64, Error> {
        let model = p.objective.as_linear().expect("`supports` asked for a linear model");
        self.expanded = Some(if self.trial_is_exact(p, model, units) {
            self.go_on(p, model, params)?
        } else {
            self.expand(p, model, params)?
        });
        let beta = p.shape().split(params).0;
        let features = self.working.features();
        let gradient = self.certifier.gradient_over(&model.design, features, &self.grad_eta);
        Ok(self.working.largest(units, beta, gradient))
    }

    /// Whether the curvature only bounds a Hessian that is known by products, so that a step of Newton's
    /// method proper on the support follows one on the model.
    fn corrects(&self, p: &Problem<'_>, model: &LinearModel, units: Option<&Units<'_>>) -> bool {
        self.working.complete
            && matches!(units, Some(Units::Coordinates(_)))
            && model.fit.as_curvature().is_some_and(|c| c.as_product().is_some())
            && model.fit.as_own().is_none()
            && p.penalty.convexity() == Convexity::Convex
    }

    /// That step.
    fn correct(
        &mut self,
        p: &Problem<'_>,
        model: &LinearModel,
        penalty: &dyn Separable,
        params: &mut [f64],
    ) -> Result<(), Error> {
        let value = self.expand(p, model, params)?;
        let (eta, grad_eta) = (&self.eta, &self.grad_eta);
        self.engine.model.set(&*model.fit, eta, &[], grad_eta);
        let (bound, shape) = (&self.engine.model, p.shape());
        let at = (eta.as_slice(), grad_eta.as_slice());
        if self.correction.step(penalty, model, bound, at, (&shape, &mut *params)) {
            self.change_from_params(model, &shape, params);
            let decrease = self.slope(p, params);
            self.search(p, model, value, decrease, params);
        }
        Ok(())
    }

    /// Takes `params` for the start of a step.
    pub(super) fn begin(&mut self, p: &Problem<'_>, params: &[f64]) {
        let (beta, _, own) = p.shape().split(params);
        self.start.take(params);
        self.start_own.clear();
        self.start_own.extend_from_slice(own);
        self.start_penalty = p.penalty.value(beta);
    }

    /// Takes `params` for the start of a step, with `eta`, the gradient and the value of the loss.
    fn expand(
        &mut self,
        p: &Problem<'_>,
        model: &LinearModel,
        params: &[f64],
    ) -> Result<f64, Error> {
        self.begin(p, params);
        self.grad_own.resize(p.shape().own, 0.0);
        let (eta, grad_eta) = (&mut self.eta, &mut self.grad_eta);
        let value = model
            .gradient_in_eta(params, eta, grad_eta, &mut self.grad_own)
            .expect("`supports` asked for a gradient");
        finite(value)
    }

    /// Whether the predictor that the line search arrived at by a whole step is that of the parameters, up to rounding:
    /// not where the change of it is that of copies in single precision, nor where another step came after it.
    fn trial_is_exact(&self, p: &Problem<'_>, model: &LinearModel, units: &Units<'_>) -> bool {
        !model.design.matrix().is_sparse()
            && !is_coupled(model)
            && !self.corrects(p, model, Some(units))
    }

    /// As [`ProxNewton::expand`] after a whole step, without a pass over the data. Certificates compute the predictor
    /// afresh.
    fn go_on(
        &mut self,
        p: &Problem<'_>,
        model: &LinearModel,
        params: &[f64],
    ) -> Result<f64, Error> {
        self.begin(p, params);
        std::mem::swap(&mut self.eta, &mut self.trial);
        let smooth = model.fit.as_smooth().expect("`supports` asked for a gradient");
        finite(smooth.gradient(&self.eta, &[], &mut self.grad_eta, &mut []))
    }

    /// Minimises the coupled model by descent, and takes down the change of `eta`.
    fn descend_coupled(
        &mut self,
        problem: &Problem<'_>,
        model: &LinearModel,
        units: &Units<'_>,
        params: &mut [f64],
        inner: Inner,
    ) {
        let shape = problem.shape();
        let (beta, free) = params.split_at_mut(shape.coefficients());
        let start = Start {
            model,
            eta: &self.eta,
            own: &self.start_own,
            grad_eta: &self.grad_eta,
            grad_own: &self.grad_own,
        };
        self.coupled.run(&start, units, &self.working.units, beta, free, inner);
        self.change_from_params(model, &shape, params);
    }

    /// The change of `eta` from `start` to `params`.
    pub(super) fn change_from_params(
        &mut self,
        model: &LinearModel,
        shape: &Shape,
        params: &[f64],
    ) {
        let n = model.fit.samples();
        self.step.resize(params.len(), 0.0);
        self.start.write(&mut self.step);
        self.step.iter_mut().zip(params).for_each(|(step, new)| *step = new - *step);
        let (step, intercepts, _) = shape.split(&self.step);
        self.change.resize(self.eta.len(), 0.0);
        model.design.mul(step, &mut self.change);
        for (change, step) in self.change.chunks_mut(n).zip(intercepts) {
            change.iter_mut().for_each(|c| *c += step);
        }
    }

    /// Minimises the model on the Gram matrix, and takes down the change of `eta`.
    fn minimise_gram(&mut self, problem: &Problem<'_>, model: &LinearModel, params: &mut [f64]) {
        let shape = problem.shape();
        let (beta, intercepts, _) = shape.split_mut(params);
        let prox = problem.penalty.as_prox().expect("`supports` asked for a prox");
        let n = model.fit.samples();
        let local = &mut self.engine.model;
        self.gram.form(&model.design, local, model.intercept);
        // The gradient of the profiled model: residuals less their weighted mean.
        let mut centred = self.grad_eta.clone();
        let mut newton = vec![0.0; intercepts.len()];
        for (k, b0) in newton.iter_mut().enumerate() {
            *b0 = local.weighted_sum[k] / local.total(k);
            for (i, g) in centred[k * n..(k + 1) * n].iter_mut().enumerate() {
                *g += *b0 * local.curvature(k).map_or(local.uniform(), |h| h[i]);
            }
        }
        let mut grad = vec![0.0; beta.len()];
        model.design.mul_t(&centred, &mut grad);
        let mut next = beta.to_vec();
        let tol = 1e-3 * self.gram.residual(prox, &grad, &next);
        let moved = self.gram.minimise(prox, &grad, &mut next, tol);
        let step: Vec<f64> = next.iter().zip(&*beta).map(|(new, old)| new - old).collect();
        let mut change = vec![0.0; n * shape.outputs];
        model.design.mul(&step, &mut change);
        beta.copy_from_slice(&next);
        for (k, b0) in intercepts.iter_mut().enumerate() {
            let step = newton[k] + moved[k] / local.total(k);
            *b0 += step;
            change[k * n..(k + 1) * n].iter_mut().for_each(|c| *c += step);
        }
        self.change = change;
    }
}

/// Errors: a loss that is not.
fn finite(loss: f64) -> Result<f64, Error> {
    if !loss.is_finite() {
        anyhow::bail!("the loss is not finite where the solver stands");
    }
    Ok(loss)
}
