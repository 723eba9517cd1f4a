//! Accelerated proximal gradient, `min f(x) + Omega(x)`, with backtracking and adaptive restart.
//!
//! Needs: a gradient of the objective, a prox of the penalty; no design. Nonconvex problems run
//! without momentum, as plain proximal gradient, which descends in every step.
//!
//! Where the penalty can be restricted, most of the work is done on a growing set of coefficients.
//!
//! Source: Beck & Teboulle (2009), SIAM J. Imaging Sci. 2(1), section 4; restart by the gradient
//! scheme of O'Donoghue & Candes (2015), Found. Comput. Math. 15, section 3.2.

use argmin::core::{Error, KV, Problem as Counted, Solver, State};
use fenchel_core::certificate::Certifier;
use fenchel_core::{Convexity, Problem};

use super::narrow::{Narrow, restriction};
use super::step::{Momentum, ProximalStep, uphill};
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::method::{Control, Method, Missing, Outcome, Status, Suitability};

/// Iterations between certificates: each costs about one iteration.
const CERTIFY_EVERY: u64 = 10;

#[derive(Debug, Default)]
struct Fista {
    step: ProximalStep,
    certifier: Certifier,
    z: Vec<f64>,
    next: Vec<f64>,
    momentum: Momentum,
    convex: bool,
}

impl<'p> Solver<Problem<'p>, FitState> for Fista {
    fn name(&self) -> &str {
        "fista"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let smooth = p.objective.as_smooth().expect("`supports` asked for a gradient");
        self.step = ProximalStep::new(p, smooth);
        self.convex = p.penalty.convexity() == Convexity::Convex
            && p.objective.as_linear().is_some_and(|model| model.fit.is_convex());
        self.momentum = Momentum::default();
        self.z.clone_from(&state.params);
        self.next.clone_from(&state.params);
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
        let prox = p.penalty.as_prox().expect("`supports` asked for a prox");
        let stepped = self.step.take(&p, smooth, prox, &self.z, &mut self.next);
        if stepped.is_none_or(|s| !(s.smooth + s.penalty).is_finite()) {
            if !self.momentum.is_at_rest() {
                // Momentum left the domain: go on from the last point without it.
                self.momentum = Momentum::default();
                self.z.clone_from(&state.params);
                return Ok((state, None));
            }
            anyhow::bail!("the objective is not finite where the solver stands, at any step size");
        }
        let restart = uphill(&self.z, &self.next, &state.params);
        let last = std::mem::replace(&mut state.params, std::mem::take(&mut self.next));
        let restart = restart || !self.convex;
        self.momentum.extrapolate(restart, &state.params, &last, &mut self.z);
        state.stalled = state.params == last && self.z == state.params;
        self.next = last;
        if state.stalled
            || (state.get_iter() + 1).is_multiple_of(CERTIFY_EVERY)
            || state.get_iter() < 3
        {
            state.certificate = self.certifier.certify(&p, &state.params);
        }
        Ok((state, None))
    }
}

register_solver!("fista", {
    summary: "accelerated proximal gradient with backtracking and adaptive restart",
    formula: "x <- prox_{t Omega}(z - t grad f(z)),  z <- x + momentum (x - x_last)",
    method: "needs a gradient and a prox and nothing else; runs without momentum where the problem is not convex",
    combines: "any smooth objective, with a design or without; any penalty with a joint prox",
    source: "Beck & Teboulle (2009), SIAM J. Imaging Sci. 2(1); O'Donoghue & Candes (2015), Found. Comput. Math. 15",
});

/// `fista` as the roof sees it.
pub(crate) struct FistaMethod;

impl Method for FistaMethod {
    fn name(&self) -> &'static str {
        "fista"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        problem.objective.as_smooth().ok_or(Missing { part: "loss", capability: "a gradient" })?;
        problem.penalty.as_prox().ok_or(Missing { part: "penalty", capability: "a joint prox" })?;
        Ok(())
    }

    fn suits(&self, _problem: &Problem<'_>) -> Suitability {
        Suitability {
            rank: 50,
            reason: "the loss has a gradient and the penalty a prox, and nothing more is known"
                .into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        if restriction(problem).is_none() {
            return run(problem, Fista::default(), start, control);
        }
        let narrow = run(problem, Narrow::default(), start, control)?;
        if narrow.status != Status::MaxIter || narrow.iterations >= control.max_iter {
            return Ok(narrow);
        }
        // What is left concerns most coefficients.
        let all = control.max_iter;
        control.max_iter = all - narrow.iterations;
        let outcome = run(problem, Fista::default(), narrow.params, control);
        control.max_iter = all;
        let outcome = outcome?;
        Ok(Outcome { iterations: narrow.iterations + outcome.iterations, ..outcome })
    }
}
