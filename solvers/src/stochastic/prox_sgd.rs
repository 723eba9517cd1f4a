//! Proximal stochastic gradient, then accelerated proximal gradient to a certificate.
//!
//! ```text
//! v <- mu v + (1 - mu) grad f_batch(x),    x <- prox_{t Omega}(x - t v),    t falls by half a cosine
//! ```
//! Needs: an objective that is a sum over samples; a prox of the penalty. The direction is a mean of
//! gradients and not their sum, so that a fixed point under full batches is a stationary point of the
//! problem itself, whatever the momentum. An epoch that ends above the start is taken back and the
//! step halved. Stochastic steps end near a stationary point, not at one: full gradients follow.
//!
//! Source: Duchi & Singer (2009), JMLR 10 (forward-backward splitting with stochastic gradients); for
//! groups of weights of networks Refael, Arbel & Huleihel (2022), arXiv 2212.12921; the schedule of
//! Loshchilov & Hutter (2017), ICLR, without restarts.

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::{Certifier, Convexity, Problem, Workspace};

use super::Stochastic;
use super::draw::Draw;
use super::finish::Finish;
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::gradient::ProximalStep;
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// Epochs between certificates: each costs about one of them.
const CERTIFY_EVERY: u64 = 5;
/// Steps of the finish that count as one iteration.
const STEPS: usize = 10;

#[derive(Debug, Default)]
struct ProxSgd {
    options: Stochastic,
    draw: Draw,
    epoch: u64,
    step: f64,
    longest: f64,
    velocity: Vec<f64>,
    grad: Vec<f64>,
    forward: Vec<f64>,
    begun: Vec<f64>,
    /// The objective with the penalty at the start, and where the solver stands.
    first: f64,
    value: f64,
    finish: Finish,
    certifier: Certifier,
    work: Workspace,
}

impl ProxSgd {
    /// A step size that the backtracking of proximal gradient accepts at the start.
    fn trial(&mut self, problem: &Problem<'_>, params: &[f64]) -> f64 {
        let smooth = problem.objective.as_smooth().expect("`supports` asked for a gradient");
        let prox = problem.penalty.as_prox().expect("`supports` asked for a prox");
        let mut step = ProximalStep::new(problem, smooth);
        self.forward.resize(params.len(), 0.0);
        step.take(problem, smooth, prox, params, &mut self.forward);
        step.step
    }

    /// One pass over the samples; `false` where a number was not finite.
    fn pass(&mut self, problem: &Problem<'_>, params: &mut [f64]) -> bool {
        let sum = problem.objective.as_finite_sum().expect("`supports` asked for a sum");
        let prox = problem.penalty.as_prox().expect("`supports` asked for a prox");
        let Stochastic { epochs, batch, momentum, .. } = self.options;
        let (coefficients, n) = (problem.shape().coefficients(), sum.samples() as f64);
        let mut seen = 0.0;
        for batch in self.draw.shuffled().chunks(batch) {
            let done = (self.epoch as f64 + seen / n) / epochs as f64;
            let step = self.step * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
            seen += batch.len() as f64;
            if !sum.batch_gradient(batch, params, &mut self.grad, &mut self.work).is_finite() {
                return false;
            }
            for ((v, g), (f, x)) in self
                .velocity
                .iter_mut()
                .zip(&self.grad)
                .zip(self.forward.iter_mut().zip(params.iter()))
            {
                *v = momentum * *v + (1.0 - momentum) * g;
                *f = x - step * *v;
            }
            let (beta, free) = params.split_at_mut(coefficients);
            if step > 0.0 {
                prox.prox(&self.forward[..coefficients], step, beta);
            }
            free.copy_from_slice(&self.forward[coefficients..]);
        }
        params.iter().all(|x| x.is_finite())
    }
}

impl<'p> Solver<Problem<'p>, FitState> for ProxSgd {
    fn name(&self) -> &str {
        "prox_sgd"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let sum = p.objective.as_finite_sum().expect("`supports` asked for a sum");
        self.draw = Draw::new(self.options.seed, sum.samples());
        self.longest = match p.penalty.convexity() {
            Convexity::WeaklyConvex(rho) => 0.9 / rho,
            _ => f64::INFINITY,
        };
        let trial = self.options.step.unwrap_or_else(|| self.trial(p, &state.params));
        self.step = trial.min(self.longest);
        self.velocity = vec![0.0; state.params.len()];
        self.grad = vec![0.0; state.params.len()];
        self.forward = vec![0.0; state.params.len()];
        let (loss, penalty) = p.values(&state.params, &mut self.work);
        self.first = loss + penalty;
        self.value = self.first;
        if self.options.epochs == 0 {
            self.finish.begin(p, &state.params, self.value);
        }
        state.certificate = self.certifier.certify(p, &state.params);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        if self.epoch >= self.options.epochs {
            let going = (0..STEPS).all(|_| self.finish.step(&p, &mut state.params));
            state.certificate = self.certifier.certify(&p, &state.params);
            state.stalled = !going;
            return Ok((state, None));
        }
        self.begun.clone_from(&state.params);
        let finite = self.pass(&p, &mut state.params);
        let (loss, penalty) =
            if finite { p.values(&state.params, &mut self.work) } else { (f64::INFINITY, 0.0) };
        if loss + penalty <= self.first {
            self.value = loss + penalty;
        } else {
            state.params.clone_from(&self.begun);
            self.velocity.fill(0.0);
            self.step *= 0.5;
        }
        self.epoch += 1;
        if self.epoch == self.options.epochs {
            self.finish.begin(&p, &state.params, self.value);
        }
        if self.epoch == self.options.epochs || self.epoch.is_multiple_of(CERTIFY_EVERY) {
            state.certificate = self.certifier.certify(&p, &state.params);
        }
        Ok((state, None))
    }
}

register_solver!("prox_sgd", options: Stochastic, {
    summary: "proximal stochastic gradient with momentum, then accelerated proximal gradient to a certificate",
    formula: "v <- mu v + (1 - mu) grad f_batch(x),  x <- prox_{t Omega}(x - t v),  t = step (1 + cos(pi done)) / 2",
    method: "the first step by trial unless `step` says it; an epoch that ends above the start is taken back",
    combines: "losses that are sums over samples (mlp, elementwise losses, multinomial); any penalty with a joint prox",
    source: "Duchi & Singer (2009), JMLR 10; Refael, Arbel & Huleihel (2022), arXiv 2212.12921; Li & Lin (2015), NeurIPS",
});

/// `prox_sgd` as the roof sees it.
pub(crate) struct ProxSgdMethod;

impl Method for ProxSgdMethod {
    fn name(&self) -> &'static str {
        "prox_sgd"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        let of = |part, capability| Missing { part, capability };
        problem.objective.as_smooth().ok_or(of("loss", "a gradient"))?;
        problem.objective.as_finite_sum().ok_or(of("loss", "a sum over samples"))?;
        problem.penalty.as_prox().ok_or(of("penalty", "a joint prox"))?;
        Ok(())
    }

    fn suits(&self, problem: &Problem<'_>) -> Suitability {
        if problem.objective.random_start().is_some() {
            let reason =
                "the loss is a sum over samples with poor local minima, which noise helps past";
            return Suitability { rank: 90, reason: reason.into() };
        }
        Suitability { rank: 5, reason: "the loss is a sum over samples".into() }
    }

    fn options(&self) -> &'static [&'static str] {
        &["epochs", "batch", "momentum", "step", "seed"]
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        let solver = ProxSgd { options: control.options.stochastic, ..ProxSgd::default() };
        run(problem, solver, start, control)
    }
}
