//! The model at zero coefficients, and the scale at which a path begins.
//!
//! Two points: `zero`, where every coefficient is 0 and only intercepts and the loss's own
//! parameters are fitted (what "relative" refers to in a certificate), and `start`, where the
//! coefficients along the penalty's lineality space are fitted as well. At `start` the gradient is
//! orthogonal to what the penalty leaves free, so that some scale may make it a solution.

use std::borrow::Cow;

use fenchel_core::{
    Baseline, Certifier, LinearModel, Objective, Penalty, Problem, Snapshot, Workspace,
    dual::{fit_free, intercept_columns},
    kernels::{max_abs, norm2, sum},
    worst,
};

use super::free::{Directions, EtaFunction, ParamFunction, to_params};
use super::newton::minimize;

/// The stationarity at zero, relative to the loss's gradient, below which it is rounding.
const ROUNDING: f64 = 1e-11;

/// Free directions beyond which they are not fitted, so that a path needs its first scale given.
const MOST_DIRECTIONS: usize = 1000;

/// Null models of one objective under one penalty, at any scale.
#[derive(Debug, Clone)]
pub(super) struct Null {
    /// Zero coefficients, all else fitted.
    pub(super) zero: Snapshot,
    /// Zero but for the penalty's lineality space, all else fitted; `None` where that is the same.
    along: Option<Snapshot>,
    /// A dual point at `start`, where the loss has a prox in place of a gradient.
    pub dual: Option<Vec<f64>>,
    /// The smallest scale at which `start` is a solution, where the penalty and the loss can tell.
    pub threshold: Option<f64>,
    /// The loss at `zero`.
    loss: f64,
    /// The gradient at `zero`, where there is one, until it is known what "relative" refers to.
    gradient: Option<Vec<f64>>,
    /// What "relative" refers to, scale by scale.
    baselines: Vec<Baseline>,
    /// A stationarity that is zero but for rounding.
    rounding: f64,
}

impl Null {
    pub(super) fn of(objective: &dyn Objective, penalty: &dyn Penalty) -> Self {
        if let Some(start) = objective.random_start() {
            return Self::at(objective, start);
        }
        let nothing = Directions::none();
        let origin = objective.start();
        let directions =
            Directions::of(&penalty.lineality()).filter(|free| free.len() <= MOST_DIRECTIONS);
        if let Some(null) = Self::by_prox(objective, penalty, directions.as_ref()) {
            return null;
        }
        // Of another objective the gradient itself.
        let other = objective.as_linear().is_none().then(|| Evaluated::at(objective, &origin));
        let other = other.flatten().map_or(0.0, |at| at.size(None));
        let at_origin = Slope::at(objective, &origin);
        let zero = match at_origin.as_ref().is_some_and(|at| at.is_flat) {
            true => origin,
            false => fitted(objective, &nothing, origin),
        };
        let at_zero = Evaluated::at(objective, &zero);
        let sizes = at_zero.as_ref().map_or(other, |at| at.size(at_origin.as_ref()).max(other));
        let along = directions
            .as_ref()
            .filter(|free| free.len() > 0 && objective.as_smooth().is_some())
            .map(|free| fitted(objective, free, zero.clone()))
            .filter(|along| *along != zero);
        let threshold = directions.and_then(|free| {
            let coefficients = objective.shape().coefficients();
            match &at_zero {
                Some(at) if along.is_none() => {
                    threshold(penalty, &free, &at.gradient[..coefficients])
                }
                _ => {
                    let at = Evaluated::at(objective, along.as_ref().unwrap_or(&zero))?;
                    threshold(penalty, &free, &at.gradient[..coefficients])
                }
            }
        });
        let (loss, gradient) = match at_zero {
            Some(at) => (at.value, Some(at.gradient)),
            None => (objective.value(&zero, &mut Workspace::default()), None),
        };
        let (zero, along) = (Snapshot::of(&zero), along.map(|along| Snapshot::of(&along)));
        let (rounding, baselines) = (ROUNDING * sizes, Vec::new());
        Self { zero, along, dual: None, threshold, loss, gradient, baselines, rounding }
    }

    /// Zero but for the penalty's lineality space, all else fitted.
    pub(super) fn start(&self) -> &Snapshot {
        self.along.as_ref().unwrap_or(&self.zero)
    }

    /// A point that stands in for zero coefficients, where these are a saddle point: it is what
    /// "relative" refers to, and no scale is known to lead nowhere.
    fn at(objective: &dyn Objective, start: Vec<f64>) -> Self {
        let loss = objective.value(&start, &mut Workspace::default());
        let gradient = Evaluated::at(objective, &start).map(|at| at.gradient);
        let rounding = ROUNDING * gradient.as_ref().map_or(0.0, |g| max_abs(g));
        let (zero, along) = (Snapshot::of(&start), None);
        let (dual, threshold, baselines) = Default::default();
        Self { zero, along, dual, threshold, loss, gradient, baselines, rounding }
    }

    /// For a linear model whose loss has a prox in place of a gradient: the optimal dual point
    /// stands in for the gradient. Where that is not unique (ties), the threshold is one at which
    /// zero is a solution, if perhaps not the smallest.
    fn by_prox(
        objective: &dyn Objective,
        penalty: &dyn Penalty,
        directions: Option<&Directions>,
    ) -> Option<Self> {
        let model = objective.as_linear().filter(|model| model.fit.as_smooth().is_none())?;
        model.fit.as_prox()?.as_entrywise()?;
        if model.fit.as_own().is_some() {
            return None;
        }
        let shape = objective.shape();
        let mut offset = Vec::new();
        model.eta(&vec![0.0; shape.len()], &mut offset);
        let fit = |directions: &Directions| {
            let fit = fit_free(model, &offset, &eta_columns(model, directions))?;
            Some((to_params(directions, shape, &fit.along), fit.dual))
        };
        let nothing = Directions::none();
        let (zero, zero_dual) = fit(&nothing)?;
        let (along, dual) = match directions {
            Some(free) if free.len() > 0 => fit(free).map(|(along, dual)| (Some(along), dual))?,
            _ => (None, zero_dual),
        };
        let threshold = directions.and_then(|free| {
            let mut grad = vec![0.0; shape.coefficients()];
            model.mul_t(&dual, &mut grad);
            threshold(penalty, free, &grad)
        });
        let loss = objective.value(&zero, &mut Workspace::default());
        let (zero, along) = (Snapshot::of(&zero), along.map(|along| Snapshot::of(&along)));
        let (gradient, baselines, rounding) = Default::default();
        let dual = Some(dual);
        Some(Self { zero, along, dual, threshold, loss, gradient, baselines, rounding })
    }

    /// Finds out what "relative" refers to under `penalty` at each of `scales`, and forgets the gradient, which
    /// serves nothing else and is as long as the coefficients.
    pub(super) fn refer(
        &mut self,
        objective: &dyn Objective,
        penalty: &dyn Penalty,
        scales: &[f64],
    ) {
        let at = |&scale: &f64| self.baseline(objective, penalty.scaled(scale).as_ref());
        self.baselines = scales.iter().map(at).collect();
        self.gradient = None;
    }

    /// What "relative" refers to at scale `i` of those.
    pub(super) fn reference(&self, i: usize) -> Baseline {
        self.baselines[i]
    }

    /// What "relative" refers to under `penalty`: [`Baseline::at_zero`], from the gradient that is
    /// at hand. Where zero is outside the penalty's domain, the loss alone is referred to; and a
    /// distance that is zero but for rounding is zero, as it would make any other look infinite.
    fn baseline(&self, objective: &dyn Objective, penalty: &dyn Penalty) -> Baseline {
        let coefficients = objective.shape().coefficients();
        let zero = self.zero.to_vec();
        let (beta, value) = (&zero[..coefficients], penalty.value(&zero[..coefficients]));
        let value = if value.is_finite() { self.loss + value } else { self.loss };
        let mut baseline = Baseline { objective: value.abs(), ..Baseline::default() };
        if !baseline.objective.is_finite() {
            baseline.objective = 0.0;
        }
        match (penalty.as_subdifferential(), &self.gradient) {
            (Some(subdifferential), Some(gradient)) => {
                let (grad, free) = gradient.split_at(coefficients);
                let distance = worst(max_abs(free), subdifferential.subdiff_dist(beta, grad));
                baseline.stationarity = self.unless_rounding(distance);
            }
            (None, Some(_)) => {
                let problem = Problem { objective, penalty, baseline: Baseline::default() };
                let residual = Certifier::default().prox_residual(&problem, &zero);
                baseline.prox_residual = self.unless_rounding(residual.map_or(0.0, |c| c.value));
            }
            (_, None) => {}
        }
        baseline
    }

    fn unless_rounding(&self, distance: f64) -> f64 {
        if distance.is_finite() && distance > self.rounding { distance } else { 0.0 }
    }
}

/// The gradient of a linear model in its predictor, without a look at the design.
struct Slope {
    norm: f64,
    /// Whether the gradient in the free parameters is zero but for the rounding of the sums that it is made of.
    is_flat: bool,
}

impl Slope {
    fn at(objective: &dyn Objective, params: &[f64]) -> Option<Self> {
        let model = objective.as_linear()?;
        let (shape, n) = (model.shape(), model.fit.samples());
        let (mut eta, mut grad_eta, mut own) = (Vec::new(), Vec::new(), vec![0.0; shape.own]);
        let value = model.gradient_in_eta(params, &mut eta, &mut grad_eta, &mut own)?;
        let norm = norm2(&grad_eta);
        if !value.is_finite() || !norm.is_finite() {
            return None;
        }
        let intercepts = grad_eta.chunks(n.max(1)).take(shape.intercepts).map(sum);
        let free = intercepts.fold(max_abs(&own), |free, g| worst(free, g.abs()));
        // What n terms lose when they are summed, as a rule.
        let terms: f64 = grad_eta.iter().map(|g| g.abs()).sum();
        let is_flat = free <= (n as f64).sqrt() * f64::EPSILON * terms;
        Some(Self { norm, is_flat })
    }
}

/// An objective at a point, where it has a gradient and that is finite.
struct Evaluated {
    value: f64,
    gradient: Vec<f64>,
    /// The norm of the gradient in the linear predictor, where there is one.
    norm: f64,
}

impl Evaluated {
    fn at(objective: &dyn Objective, params: &[f64]) -> Option<Self> {
        let smooth = objective.as_smooth()?;
        let mut gradient = vec![0.0; params.len()];
        let mut work = Workspace::default();
        let value = smooth.value_gradient(params, &mut gradient, &mut work);
        if !value.is_finite() || !max_abs(&gradient).is_finite() {
            return None;
        }
        Some(Self { value, gradient, norm: norm2(&work.grad_eta) })
    }

    /// The largest entry of the gradient, or about the one at the origin where that is the larger.
    fn size(&self, origin: Option<&Slope>) -> f64 {
        let longer = origin.map_or(1.0, |origin| origin.norm / self.norm);
        max_abs(&self.gradient) * if longer > 1.0 && longer.is_finite() { longer } else { 1.0 }
    }
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

/// The smallest scale that keeps the coefficients at `start`, where the gradient is `grad`.
fn threshold(penalty: &dyn Penalty, free: &Directions, grad: &[f64]) -> Option<f64> {
    let rule = penalty.as_zero_threshold()?;
    let mut rest = Cow::Borrowed(grad);
    if free.len() > 0 {
        free.project_out(rest.to_mut());
    }
    rule.zero_threshold(&rest).filter(|scale| scale.is_finite())
}

/// The change of `eta` (n x K) along each direction, then along each intercept.
fn eta_columns(model: &LinearModel, directions: &Directions) -> Vec<Vec<f64>> {
    let (n, shape) = (model.fit.samples(), model.shape());
    let mut t = vec![0.0; directions.len()];
    let mut beta = vec![0.0; shape.coefficients()];
    let mut columns = Vec::new();
    for along in 0..directions.len() {
        t[along] = 1.0;
        directions.expand(&t, &mut beta);
        t[along] = 0.0;
        let mut column = vec![0.0; n * shape.outputs];
        model.design.mul(&beta, &mut column);
        columns.push(column);
    }
    columns.extend(intercept_columns(model));
    columns
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
