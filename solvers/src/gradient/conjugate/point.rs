//! The forward-backward residual of a composite problem at a point, and its envelope.

use fenchel_core::{Problem, Prox, Smooth, Workspace, kernels};

/// A problem with the capabilities that the residual asks for.
#[derive(Clone, Copy)]
pub(super) struct Composite<'p> {
    pub problem: Problem<'p>,
    pub smooth: &'p dyn Smooth,
    pub prox: &'p dyn Prox,
}

/// `x` with `p(x) = prox_{t Omega}(x - t grad f(x))` (a plain step in the free parameters) and
/// ```text
/// G(x) = (x - p(x)) / t,        E(x) = f(x) + <grad f(x), p - x> + ||p - x||^2 / (2 t) + Omega(p).
/// ```
/// `E` is the forward-backward envelope: `F(p(x)) <= E(x) <= F(x)` where `t` is short enough.
#[derive(Debug, Clone, Default)]
pub(super) struct Point {
    pub x: Vec<f64>,
    /// `p(x)`.
    pub next: Vec<f64>,
    /// `G(x)`.
    pub residual: Vec<f64>,
    /// `E(x)`.
    pub envelope: f64,
    grad: Vec<f64>,
    value: f64,
    penalty: f64,
    linear: f64,
    square: f64,
}

impl Point {
    /// Evaluates everything at `x`. `false` where the objective or its gradient is not finite.
    pub fn evaluate(&mut self, of: Composite<'_>, step: f64, work: &mut Workspace) -> bool {
        for buffer in [&mut self.grad, &mut self.next, &mut self.residual] {
            buffer.resize(self.x.len(), 0.0);
        }
        self.value = of.smooth.value_gradient(&self.x, &mut self.grad, work);
        self.value.is_finite() && self.project(of, step)
    }

    /// The same where the gradient is known and the step size has changed.
    pub fn project(&mut self, of: Composite<'_>, step: f64) -> bool {
        let coefficients = of.problem.shape().coefficients();
        let forward = &mut self.residual;
        for ((v, x), g) in forward.iter_mut().zip(&self.x).zip(&self.grad) {
            *v = x - step * g;
        }
        let (beta, free) = self.next.split_at_mut(coefficients);
        self.penalty = of.prox.prox(&forward[..coefficients], step, beta);
        free.copy_from_slice(&forward[coefficients..]);
        let (mut linear, mut square) = (0.0, 0.0);
        for (((r, x), p), g) in
            self.residual.iter_mut().zip(&self.x).zip(&self.next).zip(&self.grad)
        {
            let back = x - p;
            linear -= g * back;
            square += back * back;
            *r = back / step;
        }
        // In the free parameters nothing has to be lost to rounding in the difference.
        self.residual[coefficients..].copy_from_slice(&self.grad[coefficients..]);
        (self.linear, self.square) = (linear, square);
        self.envelope = self.value + linear + square / (2.0 * step) + self.penalty;
        self.envelope.is_finite() && square.is_finite()
    }

    /// Whether `f(p) <= f(x) + <grad f(x), p - x> + share ||p - x||^2 / (2 t)`. Where the difference of
    /// values drowns in rounding, that of gradients is asked: `<grad f(p) - grad f(x), p - x>` is at most
    /// `share ||p - x||^2 / t`, which is the same of a quadratic. `spare` is overwritten.
    pub fn is_bounded(
        &self,
        of: Composite<'_>,
        step: f64,
        share: f64,
        (spare, work): (&mut Vec<f64>, &mut Workspace),
    ) -> bool {
        let bend = share * self.square / step;
        if 0.5 * bend > 1e-10 * self.scale() {
            let moved = of.problem.objective.value(&self.next, work);
            return moved.is_finite() && moved <= self.value + self.linear + 0.5 * bend;
        }
        spare.resize(self.x.len(), 0.0);
        let moved = of.smooth.value_gradient(&self.next, spare, work);
        let mut curved = 0.0;
        for (((new, old), p), x) in spare.iter().zip(&self.grad).zip(&self.next).zip(&self.x) {
            curved += (new - old) * (p - x);
        }
        moved.is_finite() && curved <= bend
    }

    /// The size of the numbers that the envelope is a sum of: its rounding is some units of these.
    pub fn scale(&self) -> f64 {
        self.value.abs() + self.linear.abs() + self.penalty.abs()
    }

    /// `||G||^2`.
    pub fn size(&self) -> f64 {
        kernels::dot(&self.residual, &self.residual)
    }
}
