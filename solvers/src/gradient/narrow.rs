//! Accelerated proximal gradient over a growing set of coefficients, for penalties that do not
//! separate but can be restricted. Far from the solution a prox step on all coefficients says which
//! ones will matter; between two such looks nothing of the size of the whole design is touched.

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::certificate::Certifier;
use fenchel_core::{
    Baseline, Convexity, Design, LinearModel, Objective, Problem, Restrict, Shape, Smooth,
    Workspace, kernels,
};

use super::step::{Momentum, ProximalStep, uphill};
use crate::bridge::FitState;

/// Steps on one set at most.
const STEPS: usize = 2000;

/// The share of the first step's length at which a set is solved well enough.
const SOLVED: f64 = 1e-2;

/// Coefficients to begin with, and to add at least where so many want to move.
const FIRST: usize = 128;

/// The restriction, where one is known and fewer coefficients than there are may be enough.
pub(super) fn restriction<'a>(
    problem: &Problem<'a>,
) -> Option<(&'a LinearModel, &'a dyn Restrict)> {
    let model = problem.objective.as_linear()?;
    let restrict = problem.penalty.as_restrict()?;
    let shape = problem.shape();
    let fits = shape.outputs == 1 && shape.own == 0 && shape.features > 4 * FIRST;
    let convex = problem.penalty.convexity() == Convexity::Convex && model.fit.is_convex();
    (fits && convex && model.fit.as_smooth().is_some()).then_some((model, restrict))
}

#[derive(Debug, Default)]
pub(super) struct Narrow {
    set: Vec<usize>,
    chosen: Vec<bool>,
    certifier: Certifier,
    forward: Vec<f64>,
    next: Vec<f64>,
}

impl<'p> Solver<Problem<'p>, FitState> for Narrow {
    fn name(&self) -> &str {
        "fista"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        self.chosen = vec![false; p.shape().features];
        state.certificate = self.certifier.certify(p, &state.params);
        Ok((state, None))
    }

    /// Stalls where the set is that of most coefficients, or nothing moves: all of them are next.
    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        let (model, restrict) = restriction(&p).expect("asked for before");
        self.grow(&p, model, &state.params);
        if self.set.is_empty() || 2 * self.set.len() > p.shape().features {
            state.stalled = true;
            return Ok((state, None));
        }
        let part = Part::new(model, &self.set);
        let penalty = restrict.restricted(&self.set);
        let inner = Problem { objective: &part, penalty: &*penalty, baseline: Baseline::default() };
        let before: Vec<f64> = self.set.iter().map(|&j| state.params[j]).collect();
        let free = &state.params[p.shape().features..];
        let mut params = [before.as_slice(), free].concat();
        let moved = descend(&inner, &mut params);
        for (&j, b) in self.set.iter().zip(&params) {
            state.params[j] = *b;
        }
        state.params[p.shape().features..].copy_from_slice(&params[self.set.len()..]);
        state.stalled = !moved;
        state.certificate = self.certifier.certify(&p, &state.params);
        Ok((state, None))
    }
}

impl Narrow {
    /// Adds the coefficients that a prox step would move most from zero.
    fn grow(&mut self, problem: &Problem<'_>, model: &LinearModel, params: &[f64]) {
        let prox = problem.penalty.as_prox().expect("`supports` asked for a prox");
        let (beta, gradient) = (&params[..self.chosen.len()], self.certifier.gradient());
        if gradient.len() < beta.len() {
            return;
        }
        let step = self.reach(model);
        self.forward.clear();
        self.forward.extend(beta.iter().zip(gradient).map(|(b, g)| b - step * g));
        self.next.resize(beta.len(), 0.0);
        prox.prox(&self.forward, step, &mut self.next);
        for (j, b) in beta.iter().enumerate().filter(|(_, b)| **b != 0.0) {
            debug_assert!(b.is_finite());
            if !std::mem::replace(&mut self.chosen[j], true) {
                self.set.push(j);
            }
        }
        let mut wanted: Vec<usize> =
            (0..beta.len()).filter(|&j| !self.chosen[j] && self.next[j] != 0.0).collect();
        wanted.sort_by(|&a, &b| self.next[b].abs().total_cmp(&self.next[a].abs()));
        wanted.truncate(FIRST.max(self.set.len() / 2));
        for j in wanted {
            self.chosen[j] = true;
            self.set.push(j);
        }
    }

    /// The step that a single coefficient takes to its optimum, with columns of common length.
    fn reach(&self, model: &LinearModel) -> f64 {
        let bound = model.fit.as_smooth().and_then(|smooth| smooth.hessian_bound());
        let square = model.design.column_square(0, None);
        let curvature = bound.unwrap_or(1.0 / model.fit.samples() as f64) * square;
        if curvature > 0.0 { 1.0 / curvature } else { 1.0 }
    }
}

/// Accelerated proximal gradient until the steps are short; whether it moved at all.
fn descend(problem: &Problem<'_>, params: &mut Vec<f64>) -> bool {
    let smooth = problem.objective.as_smooth().expect("the part of a smooth model is smooth");
    let Some(prox) = problem.penalty.as_prox() else { return false };
    let mut step = ProximalStep::new(problem, smooth);
    let (mut momentum, mut z, mut next) = (Momentum::default(), params.clone(), params.clone());
    let (mut longest, mut moved) = (0.0, false);
    for _ in 0..STEPS {
        let stepped = step.take(problem, smooth, prox, &z, &mut next);
        if stepped.is_none_or(|s| !(s.smooth + s.penalty).is_finite()) {
            if momentum.is_at_rest() {
                return moved;
            }
            momentum = Momentum::default();
            z.clone_from(params);
            continue;
        }
        let length = z.iter().zip(&next).map(|(z, x)| (z - x) * (z - x)).sum::<f64>().sqrt();
        let length = length / step.step;
        longest = if length > longest { length } else { longest };
        let restart = uphill(&z, &next, params);
        std::mem::swap(params, &mut next);
        moved |= *params != next;
        momentum.extrapolate(restart, params, &next, &mut z);
        if length <= SOLVED * longest {
            break;
        }
    }
    moved
}

/// A linear model of some of its features.
#[derive(Debug)]
struct Part<'a> {
    model: &'a LinearModel,
    design: Design,
}

impl<'a> Part<'a> {
    fn new(model: &'a LinearModel, set: &[usize]) -> Self {
        let whole = &model.design;
        let (centre, scale) = set.iter().map(|&j| (whole.centre(j), whole.scale(j))).unzip();
        let matrix = whole.matrix().select_cols(set);
        let design = Design::with_centre_and_scale(matrix, centre, scale)
            .expect("one number a column that was selected");
        Self { model, design }
    }

    fn eta(&self, params: &[f64], eta: &mut Vec<f64>) {
        let (beta, intercept) = params.split_at(self.design.features());
        eta.resize(self.design.samples(), 0.0);
        self.design.mul(beta, eta);
        if let Some(offset) = &self.model.offset {
            kernels::axpy(1.0, offset, eta);
        }
        if let [b0] = intercept {
            eta.iter_mut().for_each(|e| *e += b0);
        }
    }
}

impl Objective for Part<'_> {
    fn shape(&self) -> Shape {
        Shape { features: self.design.features(), ..self.model.shape() }
    }
    fn start(&self) -> Vec<f64> {
        vec![0.0; self.shape().len()]
    }
    fn value(&self, params: &[f64], work: &mut Workspace) -> f64 {
        self.eta(params, &mut work.eta);
        self.model.fit.value(&work.eta, &[])
    }
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        self.model.fit.as_smooth().map(|_| self as &dyn Smooth)
    }
}

impl Smooth for Part<'_> {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64 {
        self.eta(params, &mut work.eta);
        work.grad_eta.resize(work.eta.len(), 0.0);
        let fit = self.model.fit.as_smooth().expect("`as_smooth` asked the loss first");
        let value = fit.gradient(&work.eta, &[], &mut work.grad_eta, &mut []);
        let (grad, free) = grad.split_at_mut(self.design.features());
        self.design.mul_t(&work.grad_eta, grad);
        free.fill(kernels::sum(&work.grad_eta));
        value
    }

    fn lipschitz(&self) -> Option<f64> {
        let bound = self.model.fit.as_smooth()?.hessian_bound()?;
        Some(bound * self.model.spectral_estimate(&self.design))
    }
}
