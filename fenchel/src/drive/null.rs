//! The model at zero coefficients, and the scale at which a path begins.
//!
//! Two points: `zero`, where every coefficient is 0 and only intercepts and the loss's own
//! parameters are fitted (what "relative" refers to in a certificate), and `start`, where the
//! coefficients along the penalty's lineality space are fitted as well. At `start` the gradient is
//! orthogonal to what the penalty leaves free, so that some scale may make it a solution.

use fenchel_core::{
    Baseline, Objective, Penalty, Problem, Workspace, kernels::max_abs,
};

use super::free::{Directions, EtaFunction, ParamFunction, to_params};
use super::newton::minimize;

/// The stationarity at zero, relative to the loss's gradient, below which it is rounding.
const ROUNDING: f64 = 1e-11;

/// Null models of one objective under one penalty.
#[derive(Debug, Clone)]
pub(super) struct Null {
    /// Zero coefficients, all else fitted.
    pub zero: Vec<f64>,
    /// Zero but for the penalty's lineality space, all else fitted.
    pub start: Vec<f64>,
    /// The smallest scale at which `start` is a solution, where the penalty and the loss can tell.
    pub threshold: Option<f64>,
}

impl Null {
    pub(super) fn of(objective: &dyn Objective, penalty: &dyn Penalty) -> Self {
        let nothing = Directions::none();
        let zero = fitted(objective, &nothing, objective.start());
        let directions = Directions::of(&penalty.lineality());
        let start = match &directions {
            Some(directions) if directions.len() > 0 && objective.as_smooth().is_some() => {
                fitted(objective, directions, zero.clone())
            }
            _ => zero.clone(),
        };
        let threshold = directions.and_then(|free| threshold(objective, penalty, &free, &start));
        Self { zero, start, threshold }
    }

    /// What "relative" refers to under `penalty`.
    pub(super) fn baseline(&self, objective: &dyn Objective, penalty: &dyn Penalty) -> Baseline {
        let problem = Problem { objective, penalty, baseline: Baseline::default() };
        let mut baseline = Baseline::at_zero(&problem, &self.zero);
        if !baseline.objective.is_finite() {
            // Zero is outside the penalty's domain: the loss there is what is left to refer to.
            let loss = objective.value(&self.zero, &mut Workspace::default()).abs();
            baseline.objective = if loss.is_finite() { loss } else { 0.0 };
        }
        // A reference that is zero but for rounding would make any distance look infinite.
        let rounding = ROUNDING
            * gradient_size(objective, &self.zero).max(gradient_size(objective, &objective.start()));
        for reference in [&mut baseline.stationarity, &mut baseline.prox_residual] {
            if *reference <= rounding {
                *reference = 0.0;
            }
        }
        baseline
    }
}

/// The largest entry of the gradient, 0 where there is none.
fn gradient_size(objective: &dyn Objective, params: &[f64]) -> f64 {
    let Some(smooth) = objective.as_smooth() else { return 0.0 };
    let mut grad = vec![0.0; params.len()];
    let value = smooth.value_gradient(params, &mut grad, &mut Workspace::default());
    let top = max_abs(&grad);
    if value.is_finite() && top.is_finite() { top } else { 0.0 }
}

/// Fits the free parameters, beginning at `from`.
fn fitted(objective: &dyn Objective, directions: &Directions, from: Vec<f64>) -> Vec<f64> {
    let shape = objective.shape();
    if shape.len() == shape.coefficients() && directions.len() == 0 {
        return from;
    }
    let Some(smooth) = objective.as_smooth() else { return by_sections(objective, from) };
    let mut t = vec![0.0; directions.len()];
    t.extend_from_slice(&from[shape.coefficients()..]);
    // Columns of eta are worth their memory while they are few.
    let t = match objective.as_linear() {
        Some(model) if t.len() <= 256 => minimize(&mut EtaFunction::new(model, directions), t),
        _ => {
            let work = Workspace::default();
            let grad = Vec::new();
            minimize(&mut ParamFunction { objective, smooth, directions, work, grad }, t)
        }
    };
    to_params(directions, shape, &t)
}

/// The smallest scale that keeps the coefficients at `start`.
fn threshold(
    objective: &dyn Objective,
    penalty: &dyn Penalty,
    free: &Directions,
    start: &[f64],
) -> Option<f64> {
    let rule = penalty.as_zero_threshold()?;
    let smooth = objective.as_smooth()?;
    let mut grad = vec![0.0; start.len()];
    let value = smooth.value_gradient(start, &mut grad, &mut Workspace::default());
    grad.truncate(objective.shape().coefficients());
    let top = max_abs(&grad);
    if !value.is_finite() || !top.is_finite() {
        return None;
    }
    free.project_out(&mut grad);
    rule.zero_threshold(&grad).filter(|scale| scale.is_finite())
}

/// Golden sections over one free parameter after the other, for a loss without gradient. Such a
/// loss is convex in each; several rounds settle parameters that depend on one another.
fn by_sections(objective: &dyn Objective, mut params: Vec<f64>) -> Vec<f64> {
    let first = objective.shape().coefficients();
    let mut work = Workspace::default();
    let free = params.len() - first;
    let rounds = if free > 1 { 10 } else { 1 };
    for _ in 0..rounds {
        for j in first..params.len() {
            let mut at = params.clone();
            params[j] = golden(params[j], |t| {
                at[j] = t;
                objective.value(&at, &mut work)
            });
        }
    }
    params
}

/// A minimiser of a convex function of one number, bracketed from `start` by doubling.
fn golden(start: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let mut best = (start, f(start));
    let (mut low, mut high) = (start - 1.0, start + 1.0);
    for (end, sign) in [(&mut low, -1.0), (&mut high, 1.0)] {
        let mut length = 1.0;
        let mut inner = best.1;
        loop {
            let value = f(*end);
            if value.is_nan() || value >= inner || length > 1e15 {
                break;
            }
            inner = value;
            length *= 2.0;
            *end = start + sign * length;
        }
    }
    let ratio = 0.5 * (5.0f64.sqrt() - 1.0);
    for _ in 0..200 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        let (at_a, at_b) = (f(a), f(b));
        for candidate in [(a, at_a), (b, at_b)] {
            if candidate.1 < best.1 {
                best = candidate;
            }
        }
        if at_a <= at_b {
            high = b;
        } else {
            low = a;
        }
        if high - low <= 1e-14 * (1.0 + low.abs().max(high.abs())) {
            break;
        }
    }
    best.0
}
