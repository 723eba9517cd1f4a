//! One proximal gradient step with backtracking, for any smooth objective and proximable penalty.

use fenchel_core::{Convexity, Problem, Prox, Smooth, Workspace};

/// A proximal gradient step in all parameters: prox on the coefficients, a plain gradient step on
/// the free ones.
#[derive(Debug, Default)]
pub(crate) struct ProximalStep {
    /// Step size; 0 before the first step.
    pub step: f64,
    grad: Vec<f64>,
    forward: Vec<f64>,
    work: Workspace,
}

/// What a step found.
pub(crate) struct Stepped {
    /// The smooth part at the new point.
    pub smooth: f64,
    /// The penalty at the new point.
    pub penalty: f64,
}

impl ProximalStep {
    /// Chooses the first step size: `1 / L` where a constant is known, else by trial; below the
    /// limit at which a weakly convex penalty keeps a unique prox.
    pub fn new(problem: &Problem<'_>, smooth: &dyn Smooth) -> Self {
        let step = smooth.lipschitz().filter(|l| *l > 0.0).map_or(1.0, |l| 1.0 / l);
        let step = match problem.penalty.convexity() {
            Convexity::WeaklyConvex(rho) => step.min(0.9 / rho),
            _ => step,
        };
        Self { step, ..Self::default() }
    }

    /// Writes `prox_{t Omega}(z - t grad f(z))` into `next`, halving `t` until the quadratic upper
    /// bound `f(next) <= f(z) + <grad, d> + ||d||^2 / (2 t)` holds. `None` where `f` is not finite
    /// at `z`, or no step size is small enough.
    pub fn take(
        &mut self,
        problem: &Problem<'_>,
        smooth: &dyn Smooth,
        prox: &dyn Prox,
        z: &[f64],
        next: &mut [f64],
    ) -> Option<Stepped> {
        let coefficients = problem.shape().coefficients();
        self.grad.resize(z.len(), 0.0);
        self.forward.resize(z.len(), 0.0);
        let value = smooth.value_gradient(z, &mut self.grad, &mut self.work);
        if !value.is_finite() {
            return None;
        }
        for _ in 0..200 {
            for ((v, z), g) in self.forward.iter_mut().zip(z).zip(&self.grad) {
                *v = z - self.step * g;
            }
            let (forward_beta, forward_free) = self.forward.split_at(coefficients);
            let (next_beta, next_free) = next.split_at_mut(coefficients);
            let penalty = prox.prox(forward_beta, self.step, next_beta);
            next_free.copy_from_slice(forward_free);
            let moved = problem.objective.value(next, &mut self.work);
            let (mut linear, mut square) = (0.0, 0.0);
            for ((new, z), g) in next.iter().zip(z).zip(&self.grad) {
                let d = new - z;
                linear += g * d;
                square += d * d;
            }
            let bound = value + linear + square / (2.0 * self.step);
            // Differences of nearly equal values drown in rounding near the solution.
            let slack = 1e-14 * (value.abs() + moved.abs() + linear.abs());
            if moved.is_finite() && moved <= bound + slack {
                return Some(Stepped { smooth: moved, penalty });
            }
            self.step *= 0.5;
        }
        None
    }
}

/// `sum (z_i - x_i)(x_i - y_i)`: positive where momentum points uphill (O'Donoghue & Candes 2015,
/// gradient scheme).
pub(crate) fn uphill(z: &[f64], next: &[f64], last: &[f64]) -> bool {
    let mut product = 0.0;
    for ((z, x), y) in z.iter().zip(next).zip(last) {
        product += (z - x) * (x - y);
    }
    product > 0.0
}

/// The momentum of accelerated proximal gradient: `z = x + (t_k - 1) / t_(k+1) (x - x_last)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Momentum {
    t: f64,
}

impl Default for Momentum {
    fn default() -> Self {
        Self { t: 1.0 }
    }
}

impl Momentum {
    /// Whether the next point is extrapolated by nothing.
    pub fn is_at_rest(self) -> bool {
        self.t <= 1.0
    }

    /// Writes the next extrapolated point to `z`: `x` itself on a `restart`.
    pub fn extrapolate(&mut self, restart: bool, x: &[f64], last: &[f64], z: &mut [f64]) {
        if restart {
            *self = Self::default();
            z.copy_from_slice(x);
            return;
        }
        let t = 0.5 * (1.0 + (1.0 + 4.0 * self.t * self.t).sqrt());
        let momentum = (self.t - 1.0) / t;
        self.t = t;
        for ((z, x), last) in z.iter_mut().zip(x).zip(last) {
            *z = x + momentum * (x - last);
        }
    }
}
