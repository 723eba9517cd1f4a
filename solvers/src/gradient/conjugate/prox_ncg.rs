//! Proximal nonlinear conjugate gradient, `min f(x) + Omega(x)`: the conjugate gradient method of
//! Hager and Zhang on the forward-backward residual `G` in place of a gradient.
//! ```text
//! d_0 = -s_0,   s_k = G(x_k),   x_{k+1} = x_k + a_k d_k  with  <G(x_{k+1}), d_k> = 0,   y = s_{k+1} - s_k
//! beta = <y - 2 d ||y||^2 / <d, y>, s_{k+1}> / <d, y>,     eta = -1 / (||d|| min(0.01, ||s_k||))
//! d_{k+1} = -s_{k+1} + max(beta, eta) d_k
//! ```
//! `G` is no gradient, so that its slope along `d` promises no descent. What does is the
//! forward-backward envelope `E`: a step is taken only if it lowers `E`, and `x <- p(x)`, a proximal
//! gradient step, which always does, in its place. So the method converges wherever proximal gradient
//! does, whether or not the problem is convex. The point reported is `p(x_k)`, which is sparse.
//!
//! Needs: a gradient of the objective, a prox of the penalty; no design.
//!
//! Source: Hager & Zhang (2005), SIAM J. Optim. 16(1), eq. 1.3-1.6; the residual in place of a
//! gradient: Yang, Asgharian & Greenwood (2025), manuscript on q-Gaussian likelihoods; the envelope
//! as a safeguard: Themelis, Stella & Patrinos (2018), SIAM J. Optim. 28(3), section 4.

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::certificate::Certifier;
use fenchel_core::{Convexity, Problem, Workspace, kernels};

use super::point::{Composite, Point};
use super::search::search;
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// Share of the reciprocal curvature that a step may be.
const SHARE: f64 = 0.95;

/// Hager and Zhang's bound on how far `beta` may be negative.
const ETA: f64 = 0.01;

/// Cosine between residual and direction below which the direction is given up.
const LEAST_COSINE: f64 = 1e-10;

/// Decrease of the envelope that a step has to bring, as a share of `t ||G||^2`.
const DECREASE: f64 = 1e-4;

/// Iterations after which a longer step is tried, at first and at most: doubled whenever it fails.
const PATIENCE: (u32, u32) = (5, 1000);

#[derive(Debug, Default)]
struct ProxNcg {
    step: f64,
    /// What the step may grow to.
    longest: f64,
    patience: u32,
    /// Iterations since a longer step was tried.
    since: u32,
    at: Point,
    /// The best point of the line search, and the one that is tried.
    best: Point,
    trial: Point,
    direction: Vec<f64>,
    /// The last step along a direction.
    along: Option<f64>,
    certifier: Certifier,
    spare: Vec<f64>,
    work: Workspace,
}

fn composite<'p>(problem: &Counted<Problem<'p>>) -> Composite<'p> {
    let problem = *problem.problem.as_ref().expect("the executor holds the problem");
    Composite {
        problem,
        smooth: problem.objective.as_smooth().expect("`supports` asked for a gradient"),
        prox: problem.penalty.as_prox().expect("`supports` asked for a prox"),
    }
}

impl<'p> Solver<Problem<'p>, FitState> for ProxNcg {
    fn name(&self) -> &str {
        "prox_ncg"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let of = composite(problem);
        let known = of.smooth.lipschitz().filter(|l| *l > 0.0).map(|l| SHARE / l);
        // Below the limit at which a weakly convex penalty keeps a unique prox.
        let unique = match of.problem.penalty.convexity() {
            Convexity::WeaklyConvex(rho) => 0.9 / rho,
            _ => f64::INFINITY,
        };
        self.longest = known.map_or(unique, |step| step.min(unique));
        self.step = self.longest.min(known.unwrap_or(1.0));
        (self.patience, self.since) = (PATIENCE.0, 0);
        self.at.x.clone_from(&state.params);
        self.best.x.clone_from(&state.params);
        self.trial.x.clone_from(&state.params);
        state.certificate = self.certifier.certify(&of.problem, &state.params);
        if self.at.evaluate(of, self.step, &mut self.work) {
            self.settle(of)?;
        } else {
            anyhow::bail!("the objective is not finite where the solver starts");
        }
        self.restart();
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let of = composite(problem);
        if self.advance(of) {
            let turned = self.turn();
            std::mem::swap(&mut self.at, &mut self.best);
            if self.settle(of)? || self.lengthen(of) || !turned {
                self.restart();
            }
        } else {
            state.stalled = self.at.next == self.at.x;
            self.trial.x.clone_from(&self.at.next);
            if !self.trial.evaluate(of, self.step, &mut self.work) {
                anyhow::bail!("the gradient is not finite where the solver stands");
            }
            std::mem::swap(&mut self.at, &mut self.trial);
            if !self.settle(of)? {
                self.lengthen(of);
            }
            self.restart();
        }
        state.params.clone_from(&self.at.next);
        state.certificate = self.certifier.certify(&of.problem, &state.params);
        Ok((state, None))
    }
}

impl ProxNcg {
    /// Halves the step until the quadratic bound holds between `x` and `p(x)`. Whether it had to.
    ///
    /// Errors: where no step is short enough.
    fn settle(&mut self, of: Composite<'_>) -> Result<bool, Error> {
        for halvings in 0..200 {
            if self.at.is_bounded(of, self.step, SHARE, (&mut self.spare, &mut self.work)) {
                return Ok(halvings > 0);
            }
            if halvings == 0 {
                self.give_up_growth();
            }
            self.step *= 0.5;
            self.at.project(of, self.step);
        }
        anyhow::bail!("the objective is not finite where the solver stands, at any step size")
    }

    /// Doubles the step from time to time, where the quadratic bound holds for twice the step: curvature
    /// may have been left behind. A longer step lowers the envelope. Whether it did.
    fn lengthen(&mut self, of: Composite<'_>) -> bool {
        self.since += 1;
        if self.since < self.patience || 2.0 * self.step > self.longest {
            return false;
        }
        let longer = 2.0 * self.step;
        let holds = self.at.project(of, longer)
            && self.at.is_bounded(of, longer, SHARE, (&mut self.spare, &mut self.work));
        if holds {
            (self.step, self.since) = (longer, 0);
        } else {
            self.at.project(of, self.step);
            self.give_up_growth();
        }
        holds
    }

    fn give_up_growth(&mut self) {
        self.patience = (2 * self.patience).min(PATIENCE.1);
        self.since = 0;
    }

    /// `d <- -s`.
    fn restart(&mut self) {
        self.direction.clear();
        self.direction.extend(self.at.residual.iter().map(|s| -s));
        self.along = None;
    }

    /// Searches along the direction; whether `best` is a point that lowers the envelope.
    fn advance(&mut self, of: Composite<'_>) -> bool {
        let Self { step, at, best, trial, direction, along, work, .. } = self;
        let slope = kernels::dot(&at.residual, direction);
        if slope.is_nan() || slope >= 0.0 {
            return false;
        }
        let size = at.size();
        // Where the decrease asked for drowns in rounding, residuals tell what is lower; elsewhere
        // they do not, as those of a nonconvex problem may shrink uphill.
        let (rounding, asked) = (1e-14 * at.scale(), DECREASE * *step * size);
        let (mut least, mut taken) = (f64::INFINITY, None);
        search(along.unwrap_or(*step), slope, |a| {
            for ((x, from), d) in trial.x.iter_mut().zip(&at.x).zip(direction.iter()) {
                *x = from + a * d;
            }
            if !trial.evaluate(of, *step, work) || trial.envelope > at.envelope + rounding {
                return None;
            }
            let phi = kernels::dot(&trial.residual, direction);
            let lower = trial.envelope <= at.envelope - asked;
            let smaller = asked <= rounding && trial.size() < 0.999 * size;
            if phi.abs() < least && (lower || smaller) {
                (least, taken) = (phi.abs(), Some(a));
                std::mem::swap(trial, best);
            }
            Some(phi)
        });
        *along = taken;
        taken.is_some()
    }

    /// The next direction, from the residuals at `at` and `best`. `false` where it should be given
    /// up for the residual itself.
    fn turn(&mut self) -> bool {
        let (old, new, d) = (&self.at.residual, &self.best.residual, &mut self.direction);
        let (mut dy, mut yy, mut ys, mut ds, mut dd) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for ((old, new), d) in old.iter().zip(new).zip(d.iter()) {
            let y = new - old;
            dy += d * y;
            yy += y * y;
            ys += y * new;
            ds += d * new;
            dd += d * d;
        }
        if dy <= 0.0 || dd == 0.0 {
            return false;
        }
        let beta = (ys - 2.0 * yy / dy * ds) / dy;
        let least = -1.0 / (dd.sqrt() * ETA.min(self.at.size().sqrt()));
        let beta = beta.max(least);
        let (mut slope, mut square) = (0.0, 0.0);
        for (d, new) in d.iter_mut().zip(new) {
            *d = beta * *d - new;
            slope += *d * new;
            square += *d * *d;
        }
        slope < -LEAST_COSINE * self.best.size().sqrt() * square.sqrt()
    }
}

register_solver!("prox_ncg", {
    summary: "proximal nonlinear conjugate gradient: Hager and Zhang's directions on the forward-backward residual",
    formula: "x <- x + a d,  d <- -G(x) + beta d,  G(x) = (x - prox_{t Omega}(x - t grad f(x))) / t",
    method: "a root of <G(x + a d), d> along each direction by Brent's method; a proximal gradient step where that does not lower the forward-backward envelope",
    combines: "any smooth objective, convex or not, with a design or without; any penalty with a joint prox",
    source: "Hager & Zhang (2005), SIAM J. Optim. 16(1); Themelis, Stella & Patrinos (2018), SIAM J. Optim. 28(3)",
});

/// `prox_ncg` as the roof sees it.
pub(crate) struct ProxNcgMethod;

impl Method for ProxNcgMethod {
    fn name(&self) -> &'static str {
        "prox_ncg"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        problem.objective.as_smooth().ok_or(Missing { part: "loss", capability: "a gradient" })?;
        problem.penalty.as_prox().ok_or(Missing { part: "penalty", capability: "a joint prox" })?;
        Ok(())
    }

    fn suits(&self, problem: &Problem<'_>) -> Suitability {
        let convex = problem.objective.as_linear().is_some_and(|model| model.fit.is_convex());
        let (rank, reason) = match problem.penalty.convexity() {
            // There fista has no momentum, and takes ten times as many gradients.
            Convexity::Convex if !convex => (
                55,
                "the loss has a gradient, is not known to be convex, and the penalty has a prox",
            ),
            _ => {
                (45, "the loss has a gradient and the penalty a prox, if with more work than fista")
            }
        };
        Suitability { rank, reason: reason.into() }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        run(problem, ProxNcg::default(), start, control)
    }
}
