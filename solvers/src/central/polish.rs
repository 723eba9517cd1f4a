//! Proximal gradient in a diagonal metric with momentum, from a point that is nearly solved to a
//! certificate. The problem need not be convex: momentum is given up where the objective rises.

use fenchel_core::{CentralPath, Problem, Scalar, Smooth, Workspace};

use crate::gradient::Momentum;

/// Iterations between measurements of the metric.
const MEASURE_EVERY: u64 = 100;
const MOST_HALVINGS: usize = 60;
/// Relative differences of values that may be rounding: a barrier enters with a large weight.
const ROUNDING: f64 = 1e-10;

#[derive(Debug, Default)]
pub(super) struct Polish {
    iteration: u64,
    /// Relative to the metric.
    step: f64,
    metric: Vec<f64>,
    grad: Vec<f64>,
    /// The gradient at the next point, where values do not tell enough.
    ahead: Vec<f64>,
    z: Vec<f64>,
    next: Vec<f64>,
    /// The objective and the penalty at the current point.
    value: f64,
    momentum: Momentum,
}

impl Polish {
    /// Begins at `params`; whether the objective is finite there.
    pub fn begin(
        &mut self,
        problem: &Problem<'_>,
        parts: &[Scalar],
        params: &[f64],
        work: &mut Workspace,
    ) -> bool {
        self.z = params.to_vec();
        for buffer in [&mut self.metric, &mut self.grad, &mut self.next] {
            buffer.resize(params.len(), 1.0);
        }
        self.step = 1.0;
        self.value = problem.objective.value(params, work) + total(parts, params);
        self.value.is_finite()
    }

    /// One step; whether it changed anything.
    pub fn step(
        &mut self,
        (problem, smooth, path): (&Problem<'_>, &dyn Smooth, &dyn CentralPath),
        parts: &[Scalar],
        params: &mut Vec<f64>,
        work: &mut Workspace,
    ) -> bool {
        if self.iteration.is_multiple_of(MEASURE_EVERY) {
            path.metric(params, &mut self.metric, work);
            self.step = (4.0 * self.step).min(1.0);
        }
        self.iteration += 1;
        let found = self.forward_backward((problem, smooth), parts, work);
        let slack = ROUNDING * (1.0 + self.value.abs());
        if found.is_none_or(|value| value > self.value + slack) {
            let restarted = !self.momentum.is_at_rest() || self.z != *params;
            self.momentum = Momentum::default();
            self.z.clone_from(params);
            return restarted;
        }
        self.value = found.unwrap_or(self.value);
        let uphill = self.is_uphill(params);
        std::mem::swap(params, &mut self.next);
        let changed = *params != self.next;
        self.momentum.extrapolate(uphill, params, &self.next, &mut self.z);
        changed || self.z != *params
    }

    /// Writes the prox step from `z` to `next`, as long as the quadratic upper bound allows.
    fn forward_backward(
        &mut self,
        (problem, smooth): (&Problem<'_>, &dyn Smooth),
        parts: &[Scalar],
        work: &mut Workspace,
    ) -> Option<f64> {
        let value = smooth.value_gradient(&self.z, &mut self.grad, work);
        if !value.is_finite() {
            return None;
        }
        for _ in 0..MOST_HALVINGS {
            let (mut linear, mut square) = (0.0, 0.0);
            for i in 0..self.z.len() {
                let step = self.step / self.metric[i];
                let part = parts.get(i).copied().unwrap_or(Scalar::ZERO);
                let next = part.prox(self.z[i] - step * self.grad[i], step);
                let moved = next - self.z[i];
                linear += self.grad[i] * moved;
                square += self.metric[i] * moved * moved;
                self.next[i] = next;
            }
            let moved = problem.objective.value(&self.next, work);
            let above = moved - (value + linear + square / (2.0 * self.step));
            let clear = above <= -ROUNDING * (1.0 + value.abs());
            let unclear = above <= ROUNDING * (1.0 + value.abs());
            let fits = clear || (unclear && self.is_flat_enough(smooth, square, work));
            if moved.is_finite() && fits {
                return Some(moved + total(parts, &self.next));
            }
            self.step *= 0.5;
        }
        None
    }

    /// The upper bound by gradients, `<g(next) - g(z), d> <= ||d||^2 / step`, where values drown in
    /// rounding.
    fn is_flat_enough(&mut self, smooth: &dyn Smooth, square: f64, work: &mut Workspace) -> bool {
        self.ahead.resize(self.next.len(), 0.0);
        if !smooth.value_gradient(&self.next, &mut self.ahead, work).is_finite() {
            return false;
        }
        let slopes = self.ahead.iter().zip(&self.grad);
        let moves = self.next.iter().zip(&self.z);
        let bend: f64 = slopes.zip(moves).map(|((h, g), (x, z))| (h - g) * (x - z)).sum();
        bend <= square / self.step
    }

    /// Whether momentum points uphill, in the metric.
    fn is_uphill(&self, last: &[f64]) -> bool {
        let points = self.z.iter().zip(&self.next).zip(last).zip(&self.metric);
        points.map(|(((z, x), y), metric)| metric * (z - x) * (x - y)).sum::<f64>() > 0.0
    }
}

fn total(parts: &[Scalar], params: &[f64]) -> f64 {
    parts.iter().zip(params).map(|(part, b)| part.value(*b)).sum()
}
