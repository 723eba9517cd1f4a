//! Adam within one stage of a central path: `mu (f + Omega) + h_s`, with the penalty's subgradient.

use fenchel_core::{CentralPath, Scalar, Stage, Workspace};

/// Step size at the start of a stage.
///
/// The published schedule is a seventeenth of it and looks ten times as late for a change of 1e-6; it ends in
/// graphs of the same quality after five to seven times the iterations. Twice this rate does not.
const RATE: f64 = 5e-3;
/// Step size below which a stage is over.
const LEAST_RATE: f64 = 1e-16;
/// Decay of the first and the second moment.
const DECAY: (f64, f64) = (0.99, 0.999);
/// Iterations between comparisons of the value.
const CHECK_EVERY: u64 = 100;
/// Relative change between two comparisons that ends a stage on the way, and the last one.
const CHANGE: (f64, f64) = (1e-4, 1e-5);
/// Reach of the domain up to which a step that leaves it restarts the stage in a wider one.
const NARROW: f64 = 0.9;
const WIDENED: f64 = 0.1;

/// One stage under way.
#[derive(Debug, Default)]
pub(super) struct Adam {
    stage: Option<Stage>,
    change: f64,
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
    /// The penalty: `l1 |b| + l2 b^2 / 2`, one of each a coefficient.
    l1: Vec<f64>,
    l2: Vec<f64>,
}

impl Adam {
    /// Begins a stage, the last one or not, at `params`. `parts` is the penalty, one a coefficient.
    pub fn begin(&mut self, stage: Stage, is_last: bool, parts: &[Scalar], params: &[f64]) {
        self.rate = RATE;
        self.change = if is_last { CHANGE.1 } else { CHANGE.0 };
        self.l1 = parts.iter().map(|part| part.l1).collect();
        self.l2 = parts.iter().map(|part| part.l2).collect();
        // Intercepts and own parameters have none.
        self.l1.resize(params.len(), 0.0);
        self.l2.resize(params.len(), 0.0);
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

    /// One step; whether the stage is over. `parts` as [`begin`](Self::begin) had it.
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
        let step = Step {
            params,
            previous: &mut self.previous,
            first: &mut self.first,
            second: &mut self.second,
            direction: &mut self.direction,
            grad: &self.grad,
            l1: &self.l1,
            l2: &self.l2,
            mu: stage.mu,
            rate: self.rate,
            correction: (1.0 / unbiased.0, 1.0 / unbiased.1),
        };
        pulp::Arch::new().dispatch(step);
        restrict(parts, params);
        settled || self.iteration >= stage.iterations
    }

    fn advance(&self, parts: &[Scalar], params: &mut [f64]) {
        for ((b, from), d) in params.iter_mut().zip(&self.previous).zip(&self.direction) {
            *b = from - self.rate * d;
        }
        restrict(parts, params);
    }

    fn has_settled(&mut self, mu: f64, value: f64, parts: &[Scalar], params: &[f64]) -> bool {
        if self.iteration == 0 || !self.iteration.is_multiple_of(CHECK_EVERY) {
            return false;
        }
        let penalty: f64 = parts.iter().zip(params).map(|(part, b)| part.value(*b)).sum();
        let value = value + mu * penalty;
        let Some(last) = self.last.replace(value) else { return false };
        if value > last {
            // Steps that go to and fro across a valley would do so to the end.
            self.rate *= 0.5;
        }
        (last - value).abs() <= self.change * last.abs()
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

/// The coefficients into their intervals.
fn restrict(parts: &[Scalar], params: &mut [f64]) {
    for (b, part) in params.iter_mut().zip(parts) {
        *b = b.clamp(part.lower, part.upper);
    }
}

/// The moments and the point after one step: a pass over all buffers, compiled for wide vectors as well.
struct Step<'a> {
    params: &'a mut [f64],
    previous: &'a mut [f64],
    first: &'a mut [f64],
    second: &'a mut [f64],
    direction: &'a mut [f64],
    grad: &'a [f64],
    l1: &'a [f64],
    l2: &'a [f64],
    mu: f64,
    rate: f64,
    /// What the moments are multiplied by, as they began at 0.
    correction: (f64, f64),
}

impl pulp::NullaryFnOnce for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { mu, rate, correction, .. } = self;
        let n = self.params.len();
        let (params, previous) = (&mut self.params[..n], &mut self.previous[..n]);
        let (first, second) = (&mut self.first[..n], &mut self.second[..n]);
        let (direction, grad) = (&mut self.direction[..n], &self.grad[..n]);
        let (l1, l2) = (&self.l1[..n], &self.l2[..n]);
        for i in 0..n {
            let b = params[i];
            let sign = if b == 0.0 { 0.0 } else { 1f64.copysign(b) };
            let g = grad[i] + mu * (l1[i] * sign + l2[i] * b);
            let m = DECAY.0 * first[i] + (1.0 - DECAY.0) * g;
            let v = DECAY.1 * second[i] + (1.0 - DECAY.1) * g * g;
            let d = m * correction.0 / ((v * correction.1).sqrt() + 1e-8);
            (first[i], second[i], direction[i], previous[i]) = (m, v, d, b);
            params[i] = b - rate * d;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(x - 0.3)^2 / 2` without a barrier.
    struct Parabola;

    impl CentralPath for Parabola {
        fn stages(&self) -> &[Stage] {
            &[Stage { mu: 1.0, shift: 1.0, iterations: 70_000 }]
        }
        fn gradient_at(&self, _: &Stage, x: &[f64], grad: &mut [f64], _: &mut Workspace) -> f64 {
            grad[0] = x[0] - 0.3;
            0.5 * grad[0] * grad[0]
        }
        fn metric(&self, _: &[f64], out: &mut [f64], _: &mut Workspace) {
            out.fill(1.0);
        }
    }

    #[test]
    fn steps_to_and_fro_across_a_kink_become_short_until_the_stage_settles() {
        let parts = [Scalar { l1: 1.0, ..Scalar::ZERO }];
        let (mut x, mut work) = ([1.0], Workspace::default());
        let mut adam = Adam::default();
        adam.begin(Parabola.stages()[0], true, &parts, &x);
        let steps = (1..).find(|_| adam.step(&Parabola, &parts, &mut x, &mut work)).unwrap();
        assert!(steps < 10_000, "{steps} steps, and then at {}", x[0]);
        assert!(x[0].abs() < 1e-4, "{}", x[0]);
    }
}
