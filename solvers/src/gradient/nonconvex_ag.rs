//! Accelerated gradient for nonconvex composite problems, `min f(x) + c(x) + h(x)`: `f` smooth, the penalty
//! `h + c` with `h` convex and proxable and `c` concave and smooth.
//!
//! ```text
//! w = 0.99 / L,  x = x_ag,  a = 1
//! a    <- 2 / (1 + sqrt(1 + 4 / a^2))                 damping = "optimal"
//! x_md <- (1 - a) x_ag + a x
//! x    <- prox_{(w/a) h}(x - (w/a) grad (f + c)(x_md))
//! x_ag <- prox_{w h}(x_md - w grad (f + c)(x_md))
//! ```
//!
//! `damping = "ghadimi_lan"` is the setting of Ghadimi & Lan for nonconvex problems: `w = 1/(2L)`,
//! `a = 2/(k + 1)`, and `k w / 2` in place of `w/a`. The momentum is forgotten (`restart`) where it points
//! uphill (`"gradient"`), where the points `x_md` slow down (`"speed"`), or never (`"none"`).
//!
//! L is that of `f + c`: the larger of both where `f` is convex, as they curve in opposite directions.
//! It is an estimate, and is raised whenever two successive gradients differ by more. Where `f` has no
//! global one, the step is halved until the quadratic bound holds.
//!
//! Needs: a gradient; a penalty that is convex with a prox, or that knows its convex and concave parts.
//!
//! Source: Ghadimi & Lan (2016), Math. Program. 156, algorithm 1 and section 2; Yang, Asgharian & Bhatnagar (2024),
//! Stat. Comput. 34 (arXiv 2009.10629), the damping; restarts of O'Donoghue & Candes (2015), Found. Comput. Math. 15, section 3.2,
//! and Su, Boyd & Candes (2016), JMLR 17, section 5.

use argmin::core::{Error, KV, Problem as Counted, Solver, State};
use fenchel_core::certificate::Certifier;
use fenchel_core::{ConvexConcave, Convexity, Penalty, Problem, Prox, Workspace};

use super::step::uphill;
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::method::{Control, Damping, Method, Missing, Outcome, Restart, Suitability};

/// Iterations between certificates: each costs about one iteration.
const CERTIFY_EVERY: u64 = 10;

/// Iterations between two restarts by speed.
const SPEED_RESTARTS_EVERY: u64 = 3;

/// The penalty as the iteration sees it.
enum Parts<'a> {
    Both(&'a dyn ConvexConcave),
    Convex(&'a dyn Prox),
}

impl<'a> Parts<'a> {
    fn of(penalty: &'a dyn Penalty) -> Option<Self> {
        let convex = || penalty.as_prox().filter(|_| penalty.convexity() == Convexity::Convex);
        penalty.as_convex_concave().map(Self::Both).or_else(|| convex().map(Self::Convex))
    }

    fn lipschitz(&self) -> f64 {
        match self {
            Self::Both(parts) => parts.concave_lipschitz(),
            Self::Convex(_) => 0.0,
        }
    }

    /// Adds the gradient of the concave part and returns its value.
    fn add_gradient(&self, beta: &[f64], grad: &mut [f64]) -> f64 {
        match self {
            Self::Both(parts) => parts.add_concave_gradient(beta, grad),
            Self::Convex(_) => 0.0,
        }
    }

    /// The prox of the convex part.
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) {
        match self {
            Self::Both(parts) => parts.convex_prox(v, step, out),
            Self::Convex(prox) => prox.prox(v, step, out),
        };
    }
}

#[derive(Debug, Default)]
struct NonconvexAg {
    restart: Restart,
    damping: Damping,
    certifier: Certifier,
    work: Workspace,
    /// The Lipschitz constant of the smooth part as far as known.
    lipschitz: f64,
    /// Whether that is a global one; else every step is tried.
    global: bool,
    /// `a`, and the number of iterations since the last restart.
    weight: f64,
    since: u64,
    x: Vec<f64>,
    md: Vec<f64>,
    md_last: Vec<f64>,
    grad: Vec<f64>,
    grad_last: Vec<f64>,
    buffer: Vec<f64>,
    next: Vec<f64>,
    /// The length of the last move of `x_md`.
    speed: f64,
}

impl<'p> Solver<Problem<'p>, FitState> for NonconvexAg {
    fn name(&self) -> &str {
        "nonconvex_ag"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let smooth = p.objective.as_smooth().expect("`supports` asked for a gradient");
        let concave = Parts::of(p.penalty).expect("`supports` asked for the parts").lipschitz();
        let loss = smooth.lipschitz().filter(|l| l.is_finite());
        let convex = p.objective.as_linear().is_some_and(|model| model.fit.is_convex());
        self.global = loss.is_some();
        self.lipschitz = match loss {
            Some(loss) if convex => loss.max(concave),
            Some(loss) => loss + concave,
            None => concave.max(1.0),
        };
        if self.lipschitz == 0.0 {
            self.lipschitz = 1.0; // nothing curves, and any step will do
        }
        let n = state.params.len();
        for buffer in [&mut self.md, &mut self.grad, &mut self.buffer, &mut self.next] {
            buffer.resize(n, 0.0);
        }
        self.begin(&state.params);
        state.certificate = self.certifier.certify(p, &state.params);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        let smooth = p.objective.as_smooth().expect("`supports` asked for a gradient");
        let parts = Parts::of(p.penalty).expect("`supports` asked for the parts");
        let coefficients = p.shape().coefficients();

        self.since += 1;
        let a = match self.damping {
            Damping::Optimal => 2.0 / (1.0 + (1.0 + 4.0 / (self.weight * self.weight)).sqrt()),
            Damping::GhadimiLan => 2.0 / (self.since as f64 + 1.0),
        };
        self.weight = a;
        for ((md, ag), x) in self.md.iter_mut().zip(&state.params).zip(&self.x) {
            *md = (1.0 - a) * ag + a * x;
        }
        let mut value = smooth.value_gradient(&self.md, &mut self.grad, &mut self.work);
        if !value.is_finite() {
            return self.give_up_momentum(state);
        }
        let (beta, grad) = (&self.md[..coefficients], &mut self.grad[..coefficients]);
        value += parts.add_gradient(beta, grad);
        self.raise_lipschitz();

        let step = match self.global {
            true => self.step_size(),
            false => match self.backtrack(&p, &parts, value) {
                Some(step) => step,
                None => return self.give_up_momentum(state),
            },
        };
        let long = match self.damping {
            Damping::Optimal => step / a,
            Damping::GhadimiLan => 0.5 * step * self.since as f64,
        };
        self.short(&parts, coefficients, step);
        self.long(&parts, coefficients, long);

        let slower = self.slower();
        let restart = match self.restart {
            Restart::Gradient => uphill(&self.md, &self.next, &state.params),
            Restart::Speed => slower && self.since >= SPEED_RESTARTS_EVERY,
            Restart::None => false,
        };
        let unchanged = state.params == self.next;
        std::mem::swap(&mut state.params, &mut self.next);
        if restart {
            self.begin(&state.params);
        }
        state.stalled = unchanged && self.x == state.params;
        if state.stalled
            || (state.get_iter() + 1).is_multiple_of(CERTIFY_EVERY)
            || state.get_iter() < 3
        {
            state.certificate = self.certifier.certify(&p, &state.params);
        }
        Ok((state, None))
    }
}

impl NonconvexAg {
    /// Forgets the momentum: everything begins at `x_ag`.
    fn begin(&mut self, ag: &[f64]) {
        self.x.clear();
        self.x.extend_from_slice(ag);
        self.weight = 1.0;
        self.since = 0;
    }

    fn step_size(&self) -> f64 {
        match self.damping {
            Damping::Optimal => 0.99 / self.lipschitz,
            Damping::GhadimiLan => 0.5 / self.lipschitz,
        }
    }

    /// Momentum left the domain: goes on from the last point without it.
    fn give_up_momentum(&mut self, state: FitState) -> Result<(FitState, Option<KV>), Error> {
        if self.x == state.params {
            anyhow::bail!("the objective is not finite where the solver stands, at any step size");
        }
        self.begin(&state.params);
        Ok((state, None))
    }

    /// Takes down the last point and gradient, and raises the constant where they changed by more than
    /// it allows.
    fn raise_lipschitz(&mut self) {
        if self.global && self.grad_last.len() == self.grad.len() {
            let apart = |a: &[f64], b: &[f64]| {
                a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
            };
            let moved = apart(&self.md, &self.md_last);
            let size = fenchel_core::kernels::norm2(&self.md);
            // Differences of nearly equal points are rounding.
            if moved > 1e-7 * size {
                let seen = apart(&self.grad, &self.grad_last) / moved;
                if seen > self.lipschitz {
                    self.lipschitz = 1.01 * seen;
                }
            }
        }
        self.grad_last.clone_from(&self.grad);
    }

    /// Halves the step until the quadratic bound of the smooth part holds at the new `x_ag`. `None` where
    /// no step is small enough.
    fn backtrack(&mut self, p: &Problem<'_>, parts: &Parts<'_>, value: f64) -> Option<f64> {
        let coefficients = p.shape().coefficients();
        for _ in 0..200 {
            let step = self.step_size();
            self.short(parts, coefficients, step);
            let mut moved = p.objective.value(&self.next, &mut self.work);
            self.buffer.fill(0.0);
            moved +=
                parts.add_gradient(&self.next[..coefficients], &mut self.buffer[..coefficients]);
            let (mut linear, mut square) = (0.0, 0.0);
            for ((new, md), g) in self.next.iter().zip(&self.md).zip(&self.grad) {
                linear += g * (new - md);
                square += (new - md) * (new - md);
            }
            let bound = value + linear + 0.5 * self.lipschitz * square;
            let slack = 1e-14 * (value.abs() + moved.abs() + linear.abs());
            if moved.is_finite() && moved <= bound + slack {
                return Some(step);
            }
            self.lipschitz *= 2.0;
        }
        None
    }

    /// `x_ag <- prox(x_md - step grad)`, into `next`; what is free takes a plain gradient step.
    fn short(&mut self, parts: &Parts<'_>, coefficients: usize, step: f64) {
        for ((v, md), g) in self.buffer.iter_mut().zip(&self.md).zip(&self.grad) {
            *v = md - step * g;
        }
        let (v, free) = self.buffer.split_at(coefficients);
        parts.prox(v, step, &mut self.next[..coefficients]);
        self.next[coefficients..].copy_from_slice(free);
    }

    /// `x <- prox(x - step grad)`.
    fn long(&mut self, parts: &Parts<'_>, coefficients: usize, step: f64) {
        for ((v, x), g) in self.buffer.iter_mut().zip(&self.x).zip(&self.grad) {
            *v = x - step * g;
        }
        let (v, free) = self.buffer.split_at(coefficients);
        parts.prox(v, step, &mut self.x[..coefficients]);
        self.x[coefficients..].copy_from_slice(free);
    }

    /// Whether `x_md` moved less far than the time before.
    fn slower(&mut self) -> bool {
        let (mut square, known) = (0.0, self.md_last.len() == self.md.len());
        for (now, before) in self.md.iter().zip(&self.md_last) {
            square += (now - before) * (now - before);
        }
        self.md_last.clone_from(&self.md);
        let slower = known && square < self.speed;
        self.speed = if known { square } else { 0.0 };
        slower
    }
}

register_solver!("nonconvex_ag", options: crate::method::NonconvexAgOptions, {
    summary: "accelerated gradient for nonconvex problems, on the convex and the concave part of the penalty",
    formula: "x_md <- (1 - a) x_ag + a x,  x <- prox_{(w/a) h}(x - (w/a) g),  x_ag <- prox_{w h}(x_md - w g),  \
              g the gradient of loss + concave part at x_md",
    method: "needs a gradient, and a penalty that is convex with a prox (l1) or knows its convex and its smooth \
             concave part (mcp, scad); keeps its momentum where fista has none",
    combines: "any smooth objective, with a design or without; penalties as above",
    source: "Ghadimi & Lan (2016), Math. Program. 156; Yang, Asgharian & Bhatnagar (2024), Stat. Comput. 34",
});

/// `nonconvex_ag` as the roof sees it.
pub(crate) struct NonconvexAgMethod;

impl Method for NonconvexAgMethod {
    fn name(&self) -> &'static str {
        "nonconvex_ag"
    }

    fn options(&self) -> &'static [&'static str] {
        &["restart", "damping"]
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        problem.objective.as_smooth().ok_or(Missing { part: "loss", capability: "a gradient" })?;
        Parts::of(problem.penalty).ok_or(Missing {
            part: "penalty",
            capability: "a convex part with a prox and a smooth concave part",
        })?;
        Ok(())
    }

    fn suits(&self, _problem: &Problem<'_>) -> Suitability {
        Suitability { rank: 45, reason: "the penalty knows its convex and its concave part".into() }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        let solver = NonconvexAg {
            restart: control.options.restart.unwrap_or_default(),
            damping: control.options.damping.unwrap_or_default(),
            ..NonconvexAg::default()
        };
        run(problem, solver, start, control)
    }
}
