//! Proximal Newton: minimise the weighted least-squares model of the loss plus the penalty, then
//! search along the line.
//!
//! The model is minimised by (block) coordinate descent over a working set where the penalty
//! separates, else by accelerated proximal gradient on the Gram matrix. Where a sample couples the
//! columns of its predictor, and where the loss has thresholds, the model has blocks of curvature.
//! Where the penalty is constant, Newton's step in all parameters is at hand wherever a certificate is.
//!
//! Needs: a loss with gradient and curvature; a penalty that separates over coefficients or blocks,
//! or, where the curvature is diagonal, one that has a joint prox and few coefficients.
//! Source: Lee, Sun & Saunders (2014), SIAM J. Optim. 24(3), algorithm 1; step acceptance (2.23).

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::certificate::Certifier;
use fenchel_core::{
    CertificateKind, Convexity, Lineality, LinearModel, Problem, Separable, Shape, kernels,
};

use super::correction::Correction;
use super::coupled::{Descent, Start};
use super::gram::GramModel;
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::coordinate::{Engine, Inner, SHARE, Units, WorkingSet};
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// Epochs of coordinate descent on one model at most.
const EPOCHS: usize = 100;

/// The inner tolerance, relative to the largest violation: a step costs little more than an epoch.
const INNER: f64 = 0.1;

/// Steps on one working set at most, and the share of the last certificate that another must beat.
const STEPS: usize = 10;
const PAYS: f64 = 0.7;

/// Products with so many columns cost less than the loss does.
const FEW: usize = 64;

/// A whole step that was to gain more than so many times the tolerance is followed by another one
/// before a certificate is asked for: a model solved to [`INNER`] leaves about its square of the gain.
const FAR: f64 = 100.0;

/// By what the radius within which the model is trusted grows after a whole step, and the least share
/// of a step that it shrinks to.
const GROWTH: f64 = 2.0;
const LEAST: f64 = 0.1;

/// A residual of the model in which rounding may be taken for a step, as where a loss is flat to second
/// order: the change of the predictor is then computed from the coefficients.
const LARGE: f64 = 1e4;

/// Largest number of coefficients for which the Gram matrix is formed.
const LARGEST_GRAM: usize = 2000;

#[derive(Debug, Default)]
struct ProxNewton {
    engine: Engine,
    coupled: Descent,
    gram: GramModel,
    working: WorkingSet,
    certifier: Certifier,
    /// Whether steps are Newton's in all parameters.
    free: bool,
    /// How far a sample's predictor may move in a step, by the model of that sample alone.
    radius: f64,
    correction: Correction,
    /// Largest relative certificate that counts as solved.
    tol: f64,
    eta: Vec<f64>,
    grad_eta: Vec<f64>,
    grad_own: Vec<f64>,
    /// The loss at `start`, where that is already the start of the next step.
    expanded: Option<f64>,
    /// The gradient in the coefficients of the working set, between steps without a certificate.
    gradient: Vec<f64>,
    start: Vec<f64>,
    /// The change of `eta` along the step; before that, the model's residual.
    change: Vec<f64>,
    step: Vec<f64>,
    trial: Vec<f64>,
}

impl<'p> Solver<Problem<'p>, FitState> for ProxNewton {
    fn name(&self) -> &str {
        "prox_newton"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let beta = &mut state.params[..p.shape().coefficients()];
        if let Some(prox) = p.penalty.as_prox()
            && !p.penalty.value(beta).is_finite()
        {
            // The line search compares with the start, which a prox moves into the domain.
            let outside = beta.to_vec();
            prox.prox(&outside, 1.0, beta);
        }
        self.certifier.bound(p.penalty);
        self.working.begin(p.penalty);
        self.free = p.penalty.lineality() == Lineality::Everything;
        if !self.free {
            state.certificate = self.certifier.certify(p, &state.params);
        }
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        let before = state.params.clone();
        self.expanded = None;
        if self.free {
            self.free = self.free_steps(&p, &mut state.params)?;
            state.certificate = match self.free {
                true => self.certifier.certify_after(&p, &state.params),
                false => self.certifier.certify(&p, &state.params),
            };
            if self.free || state.certificate.relative <= self.tol {
                state.stalled = state.params == before;
                return Ok((state, None));
            }
        }
        let units = Units::of(p.penalty);
        let shape = p.shape();
        let mut largest = units.as_ref().map_or(0.0, |units| {
            let (beta, gradient) = (shape.split(&before).0, self.certifier.gradient());
            self.working.renew(units, shape.features, beta, gradient)
        });
        let whole = self.working.complete && self.working.features.len() == shape.features;
        let inside = self.working.features.len();
        // A certificate of the working set costs about as much as one of all.
        let few = shape.features - inside <= inside + FEW;
        let mut reached = f64::INFINITY;
        let mut certificate = None;
        for _ in 0..STEPS {
            let step = self.newton_step(&p, units.as_ref(), largest, &mut state.params)?;
            certificate = None;
            let Some(units) = &units else { break };
            if !self.working.complete {
                break;
            }
            let far = self.far(&p);
            let in_values = state.certificate.kind == CertificateKind::DualityGap;
            if in_values && step.share == 1.0 && step.gain > far && step.gain.is_finite() {
                largest = self.violation(&p, units, &state.params)?;
                continue;
            }
            if few {
                break;
            }
            let features = &self.working.features;
            let now = self.certifier.certify_over(&p, &state.params, features);
            certificate = Some(now);
            if now.relative <= SHARE * self.tol || now.relative >= PAYS * reached {
                break;
            }
            reached = now.relative;
            let beta = shape.split(&state.params).0;
            largest = self.working.largest(units, beta, self.certifier.gradient());
        }

        state.stalled = state.params == before;
        state.certificate = match certificate.filter(|_| whole) {
            Some(certificate) => certificate,
            None => self.certifier.certify(&p, &state.params),
        };
        Ok((state, None))
    }
}

/// A step of Newton's method.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// How much of it the line search took, 0 for none.
    share: f64,
    /// By how much it was to bring the objective down, to first order.
    gain: f64,
}

/// Whether the columns of the predictor need one model: where a sample couples them, or where the
/// loss has thresholds of its own.
fn is_coupled(model: &LinearModel) -> bool {
    let curvature = model.fit.as_curvature();
    model.fit.as_own().is_some() || curvature.is_some_and(|c| c.form().is_coupled())
}

impl ProxNewton {
    /// Newton's steps in all parameters, until one gains so little that a certificate may show the rest
    /// to be in tolerance; false where there is none, or next to nothing left of one.
    fn free_steps(&mut self, p: &Problem<'_>, params: &mut [f64]) -> Result<bool, Error> {
        let model = p.objective.as_linear().expect("`supports` asked for a linear model");
        let shape = p.shape();
        // No gain of a first step says what comes next.
        let mut before = 0.0;
        for _ in 0..STEPS {
            let Some(free) = self.certifier.free_step(p, params) else { return Ok(false) };
            self.start.clear();
            self.start.extend_from_slice(params);
            model.eta(params, &mut self.eta);
            kernels::axpy(1.0, &free.along, params);
            self.change_from_params(model, &shape, params);
            let step = self.search(p, model, free.loss, -free.decrease, params);
            if step.share < LEAST {
                return Ok(false);
            }
            if step.share < 1.0 {
                before = 0.0;
                continue;
            }
            // Gains fall quadratically: the next relates to the square of this one as this one does to
            // that of the one before.
            let next = step.gain * (step.gain / before) * (step.gain / before);
            before = step.gain;
            if step.gain <= self.far(p) || next <= self.far(p) / FAR {
                return Ok(true);
            }
        }
        Ok(true)
    }

    /// A gain after which a certificate is not worth while yet.
    fn far(&self, p: &Problem<'_>) -> f64 {
        FAR * self.tol * p.baseline.objective.max(1.0)
    }

    /// One step of Newton's method over the working set.
    fn newton_step(
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
        let inner = Inner {
            tol: INNER * largest.max(1e-300),
            epochs: EPOCHS,
            extrapolate: p.penalty.convexity() == Convexity::Convex,
            complete: self.working.complete,
        };
        match units {
            Some(units) if is_coupled(model) => {
                self.descend_coupled(p, model, units, params, inner);
            }
            _ => {
                let (eta, grad) = (&self.eta, &self.grad_eta);
                self.engine.model.set_within(&*model.fit, eta, &[], grad, self.radius);
                self.change.clone_from(&self.engine.model.residual);
                match units {
                    Some(units) => {
                        let (beta, intercepts, _) = p.shape().split_mut(params);
                        let working = &self.working.units;
                        self.engine.descend(units, &model.design, working, beta, intercepts, inner);
                    }
                    None => self.minimise_gram(p, model, params),
                }
                if kernels::max_abs(&self.change) > LARGE {
                    self.change_from_params(model, &p.shape(), params);
                } else {
                    self.change_from_residual(model.fit.samples());
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
        if self.working.complete
            && let Some(Units::Coordinates(penalty)) = units
        {
            self.correct(p, model, *penalty, params)?;
        }
        Ok(step)
    }

    /// The largest violation on the working set, outside of which there is none, at the start of the
    /// next step.
    fn violation(
        &mut self,
        p: &Problem<'_>,
        units: &Units<'_>,
        params: &[f64],
    ) -> Result<f64, Error> {
        let model = p.objective.as_linear().expect("`supports` asked for a linear model");
        self.expanded = Some(self.expand(p, model, params)?);
        let beta = p.shape().split(params).0;
        self.gradient.resize(beta.len(), 0.0);
        model.design.mul_t_over(&self.working.features, &self.grad_eta, &mut self.gradient);
        Ok(self.working.largest(units, beta, &self.gradient))
    }

    /// Where the curvature only bounds a Hessian that is known by products, a step of Newton's method
    /// proper on the support.
    fn correct(
        &mut self,
        p: &Problem<'_>,
        model: &LinearModel,
        penalty: &dyn Separable,
        params: &mut [f64],
    ) -> Result<(), Error> {
        let known = model.fit.as_curvature().is_some_and(|c| c.as_product().is_some());
        let own = model.fit.as_own().is_some();
        if !known || own || p.penalty.convexity() != Convexity::Convex {
            return Ok(());
        }
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

    /// Takes `params` for the start of a step, with `eta`, the gradient and the value of the loss.
    fn expand(
        &mut self,
        p: &Problem<'_>,
        model: &LinearModel,
        params: &[f64],
    ) -> Result<f64, Error> {
        let smooth = model.fit.as_smooth().expect("`supports` asked for a gradient");
        self.start.clear();
        self.start.extend_from_slice(params);
        model.eta(&self.start, &mut self.eta);
        self.grad_eta.resize(self.eta.len(), 0.0);
        let own = p.shape().split(&self.start).2;
        self.grad_own.resize(own.len(), 0.0);
        let value = smooth.gradient(&self.eta, own, &mut self.grad_eta, &mut self.grad_own);
        if !value.is_finite() {
            anyhow::bail!("the loss is not finite where the solver stands");
        }
        Ok(value)
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
            own: shape.split(&self.start).2,
            grad_eta: &self.grad_eta,
            grad_own: &self.grad_own,
        };
        self.coupled.run(&start, units, &self.working.units, beta, free, inner);
        self.change_from_params(model, &shape, params);
    }

    /// The change of `eta` from `start` to `params`.
    fn change_from_params(&mut self, model: &LinearModel, shape: &Shape, params: &[f64]) {
        let n = model.fit.samples();
        self.step.clear();
        self.step.extend(params.iter().zip(&self.start).map(|(new, old)| new - old));
        let (step, intercepts, _) = shape.split(&self.step);
        self.change.resize(self.eta.len(), 0.0);
        model.design.mul(step, &mut self.change);
        for (change, step) in self.change.chunks_mut(n).zip(intercepts) {
            change.iter_mut().for_each(|c| *c += step);
        }
    }

    /// Minimises the model on the Gram matrix, and moves its residual along.
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
        kernels::axpy(-1.0, &change, &mut local.residual);
    }

    /// The change of `eta` is the fall of the residual.
    fn change_from_residual(&mut self, n: usize) {
        let local = &self.engine.model;
        for (k, &shift) in local.shift.iter().enumerate() {
            let after = &local.residual[k * n..(k + 1) * n];
            for (r, after) in self.change[k * n..(k + 1) * n].iter_mut().zip(after) {
                *r -= after + shift;
            }
        }
    }

    /// The change of the loss from `start` to `params`, to first order.
    fn slope(&self, problem: &Problem<'_>, params: &[f64]) -> f64 {
        let shape = problem.shape();
        let moved = shape.split(params).2.iter().zip(shape.split(&self.start).2);
        let along_own: f64 = moved.zip(&self.grad_own).map(|((new, old), g)| g * (new - old)).sum();
        kernels::dot(&self.grad_eta, &self.change) + along_own
    }

    /// Shortens the step from `start` to `params` until `F` falls enough, where the loss is `value` at
    /// `start` and changes by `slope` to first order.
    fn search(
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
        let old_penalty = problem.penalty.value(&self.start[..coefficients]);
        let full_penalty = problem.penalty.value(&params[..coefficients]);
        let decrease = slope + full_penalty - old_penalty;
        let target = params.to_vec();
        self.trial.resize(self.eta.len(), 0.0);
        let mut step = 1.0;
        for _ in 0..60 {
            for ((t, e), c) in self.trial.iter_mut().zip(&self.eta).zip(change) {
                *t = e + step * c;
            }
            for ((x, old), new) in params.iter_mut().zip(&self.start).zip(&target) {
                *x = if step == 1.0 { *new } else { old + step * (new - old) };
            }
            let moved = model.fit.value(&self.trial, shape.split(params).2)
                + problem.penalty.value(&params[..coefficients]);
            let slack = 1e-14 * (value.abs() + old_penalty.abs());
            if moved <= value + old_penalty + 1e-4 * step * decrease.min(0.0) + slack {
                return Step { share: step, gain: -decrease };
            }
            step *= 0.5;
        }
        params.copy_from_slice(&self.start);
        Step { share: 0.0, gain: -decrease }
    }
}

register_solver!("prox_newton", {
    summary: "proximal Newton with coordinate descent, or the Gram matrix, on the local model",
    formula: "min_b  sum_i h_i (z_i - b0 - x_i b)^2 / 2 + Omega(b),  then a line search",
    method: "weighted least squares at the current point, a working set, backtracking on F",
    combines: "a loss with gradient and curvature, diagonal or in blocks, thresholds too; a penalty that separates over coefficients or blocks, or (diagonal curvature) a convex one with a prox and at most 2000 features",
    source: "Lee, Sun & Saunders (2014), SIAM J. Optim. 24(3), algorithm 1",
});

/// `prox_newton` as the roof sees it.
pub(crate) struct ProxNewtonMethod;

impl Method for ProxNewtonMethod {
    fn name(&self) -> &'static str {
        "prox_newton"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        let loss = |capability| Missing { part: "loss", capability };
        let penalty = |capability| Missing { part: "penalty", capability };
        let model = problem.objective.as_linear().ok_or(loss("a linear predictor"))?;
        model.fit.as_smooth().ok_or(loss("a gradient"))?;
        let seen = match model.fit.as_own() {
            None => &*model.fit,
            // Thresholds are the intercepts of a predictor that may have no others.
            Some(own) => match own.as_thresholds().filter(|_| !model.intercept) {
                Some(thresholds) => thresholds.fit,
                None => return Err(loss("freedom from parameters of its own but thresholds")),
            },
        };
        let curvature = seen.as_curvature().ok_or(loss("a curvature"))?;
        if Units::of(problem.penalty).is_some() {
            return Ok(());
        }
        if is_coupled(model) || curvature.form().is_coupled() {
            return Err(penalty("a form that separates over coefficients or blocks"));
        }
        problem
            .penalty
            .as_prox()
            .ok_or(penalty("a form that separates over coefficients or blocks, or a joint prox"))?;
        if problem.penalty.convexity() != Convexity::Convex {
            return Err(penalty("convexity, or a form that separates"));
        }
        if problem.shape().features > LARGEST_GRAM {
            return Err(penalty(
                "a form that separates (it has none, and there are more than 2000 features)",
            ));
        }
        Ok(())
    }

    fn suits(&self, problem: &Problem<'_>) -> Suitability {
        let model = problem.objective.as_linear().expect("`supports` asked for a linear model");
        if Units::of(problem.penalty).is_some() {
            let blocks =
                if is_coupled(model) { "curvature in blocks" } else { "diagonal curvature" };
            let reason = format!("the loss has a {blocks} and the penalty separates");
            return Suitability { rank: 90, reason };
        }
        // Forming the Gram matrix pays where it is smaller than the data.
        let small = 2 * problem.shape().features <= model.fit.samples();
        Suitability {
            rank: if small { 60 } else { 40 },
            reason:
                "the loss has a curvature, and with few features the penalty's prox is cheap on \
                     the Gram matrix"
                    .into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        let solver =
            ProxNewton { tol: control.tol, radius: f64::INFINITY, ..ProxNewton::default() };
        run(problem, solver, start, control)
    }
}
