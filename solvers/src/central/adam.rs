//! Adam within one stage of a central path: `mu (f + Omega) + h_s`, with the penalty's subgradient.

use fenchel_core::{CentralPath, Scalar, Stage, Workspace};

/// Step size at the start of a stage.
///
/// The published schedule is ten times as slow and looks ten times as late for a tenth of the change; it
/// ends in graphs of the same quality after four times the iterations.
const RATE: f64 = 3e-3;
/// Step size below which a stage is over.
const LEAST_RATE: f64 = 1e-16;
/// Decay of the first and the second moment.
const DECAY: (f64, f64) = (0.99, 0.999);
/// Iterations between comparisons of the value.
const CHECK_EVERY: u64 = 100;
/// Relative change between two comparisons that ends a stage.
const CHANGE: f64 = 1e-5;
/// Reach of the domain up to which a step that leaves it restarts the stage in a wider one.
const NARROW: f64 = 0.9;
const WIDENED: f64 = 0.1;

/// One stage under way.
#[derive(Debug, Default)]
pub(super) struct Adam {
    stage: Option<Stage>,
    rate: f64,
    iteration: u64,
    last: Option<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    grad: Vec<f64>,
    direction: Vec<f64>,
    /// Where the stage began.
    origin: Vec<f64>,
    /// The last point inside the domain.
    previous: Vec<f64>,
}

impl Adam {
    /// Begins a stage at `params`.
    pub fn begin(&mut self, stage: Stage, params: &[f64]) {
        self.rate = RATE;
        self.origin.clear();
        self.origin.extend_from_slice(params);
        self.restart(stage);
    }

    fn restart(&mut self, stage: Stage) {
        let length = self.origin.len();
        for buffer in [&mut self.first, &mut self.second, &mut self.grad, &mut self.direction] {
            buffer.clear();
            buffer.resize(length, 0.0);
        }
        self.previous.clone_from(&self.origin);
        (self.stage, self.iteration, self.last) = (Some(stage), 0, None);
    }

    /// One step; whether the stage is over. `parts` is the penalty, one a coefficient.
    pub fn step(
        &mut self,
        path: &dyn CentralPath,
        parts: &[Scalar],
        params: &mut [f64],
        work: &mut Workspace,
    ) -> bool {
        let stage = self.stage.expect("a stage begins before its first step");
        let value = path.gradient_at(&stage, params, &mut self.grad, work);
        if !value.is_finite() {
            return self.step_back(stage, parts, params);
        }
        let settled = self.has_settled(stage.mu, value, parts, params);
        self.iteration += 1;
        let exponent = i32::try_from(self.iteration).unwrap_or(i32::MAX);
        let unbiased = (1.0 - DECAY.0.powi(exponent), 1.0 - DECAY.1.powi(exponent));
        for (g, (part, b)) in self.grad.iter_mut().zip(parts.iter().zip(&*params)) {
            let sign = if *b == 0.0 { 0.0 } else { b.signum() };
            *g += stage.mu * (part.l1 * sign + part.l2 * b);
        }
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((m, v), (d, g)) in moments.zip(self.direction.iter_mut().zip(&self.grad)) {
            *m = DECAY.0 * *m + (1.0 - DECAY.0) * g;
            *v = DECAY.1 * *v + (1.0 - DECAY.1) * g * g;
            *d = (*m / unbiased.0) / ((*v / unbiased.1).sqrt() + 1e-8);
        }
        self.previous.copy_from_slice(params);
        self.advance(parts, params);
        settled || self.iteration >= stage.iterations
    }

    fn advance(&self, parts: &[Scalar], params: &mut [f64]) {
        for ((b, from), d) in params.iter_mut().zip(&self.previous).zip(&self.direction) {
            *b = from - self.rate * d;
        }
        for (b, part) in params.iter_mut().zip(parts) {
            *b = b.clamp(part.lower, part.upper);
        }
    }

    fn has_settled(&mut self, mu: f64, value: f64, parts: &[Scalar], params: &[f64]) -> bool {
        if self.iteration == 0 || !self.iteration.is_multiple_of(CHECK_EVERY) {
            return false;
        }
        let penalty: f64 = parts.iter().zip(params).map(|(part, b)| part.value(*b)).sum();
        let value = value + mu * penalty;
        let last = self.last.replace(value);
        last.is_some_and(|last| (last - value).abs() <= CHANGE * last.abs())
    }

    /// After a step out of the domain: a shorter one, or the stage again in a wider domain.
    fn step_back(&mut self, stage: Stage, parts: &[Scalar], params: &mut [f64]) -> bool {
        self.rate *= 0.5;
        if self.iteration == 0 || stage.shift <= NARROW {
            params.copy_from_slice(&self.origin);
            self.restart(Stage { shift: stage.shift + WIDENED, ..stage });
        } else if self.rate > LEAST_RATE {
            self.advance(parts, params);
        }
        if self.rate > LEAST_RATE {
            return false;
        }
        params.copy_from_slice(&self.previous);
        true
    }
}
