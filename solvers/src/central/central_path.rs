//! Path following: Adam on `mu_t (f + Omega) + h_{s_t}` stage by stage, then proximal gradient on the
//! last stage to a certificate.
//!
//! Needs: an objective that is the end of a central path; a penalty that is a sum of absolute values
//! and squares on intervals. A step out of the barrier's domain is taken back and halved; a stage
//! that cannot stay inside begins again, more slowly and in a wider domain.
//!
//! Source: Bello, Aragam & Ravikumar (2022), NeurIPS, algorithm 1; step sizes and tests of
//! Saboksayr, Mateos & Tepper (2024), ICLR, and of their code. The last phase is not in either, whose
//! iterates come within a few step sizes of a stationary point and are not sparse.

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::{CentralPath, Certifier, Problem, Scalar, Smooth, Workspace};

use super::adam::Adam;
use super::polish::Polish;
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// Steps that count as one iteration; in the last phase a certificate follows.
const STEPS: usize = 10;
/// Iterations after which the last phase gives up.
const MOST_POLISHING: u64 = 5000;

#[derive(Debug, Default)]
struct Following {
    /// The stage under way; their number once all are over.
    stage: usize,
    adam: Adam,
    polish: Polish,
    polished: u64,
    parts: Vec<Scalar>,
    certifier: Certifier,
    work: Workspace,
}

impl Following {
    fn begin(&mut self, path: &dyn CentralPath, params: &[f64]) {
        let stages = path.stages();
        let is_last = self.stage + 1 == stages.len();
        self.adam.begin(stages[self.stage], is_last, &self.parts, params);
    }
}

fn capabilities<'p>(problem: &Problem<'p>) -> (&'p dyn CentralPath, &'p dyn Smooth) {
    let path = problem.objective.as_central_path().expect("`supports` asked for a central path");
    let smooth = problem.objective.as_smooth().expect("`supports` asked for a gradient");
    (path, smooth)
}

impl<'p> Solver<Problem<'p>, FitState> for Following {
    fn name(&self) -> &str {
        "central_path"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let penalty = p.penalty.as_elementary().expect("`supports` asked for elementary parts");
        self.parts = (0..p.shape().coefficients()).map(|j| penalty.scalar(j)).collect();
        self.begin(capabilities(p).0, &state.params);
        state.certificate = self.certifier.certify(p, &state.params);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let (path, smooth) = capabilities(p);
        if self.stage < path.stages().len() {
            let mut step = || self.adam.step(path, &self.parts, &mut state.params, &mut self.work);
            if (0..STEPS).any(|_| step()) {
                self.stage += 1;
                if self.stage < path.stages().len() {
                    self.begin(path, &state.params);
                } else {
                    // Outside the domain of the last stage there is nothing to go on from.
                    let begun = self.polish.begin(p, &self.parts, &state.params, &mut self.work);
                    state.stalled = !begun;
                }
            }
            return Ok((state, None));
        }
        self.polished += 1;
        let at = (p, smooth, path);
        let mut step = || self.polish.step(at, &self.parts, &mut state.params, &mut self.work);
        let stuck = (0..STEPS).any(|_| !step());
        state.stalled = stuck || self.polished >= MOST_POLISHING;
        state.certificate = self.certifier.certify(p, &state.params);
        Ok((state, None))
    }
}

register_solver!("central_path", {
    summary: "path following: Adam under a barrier whose weight falls, then proximal gradient to a certificate",
    formula: "min mu_t (f(x) + Omega(x)) + h_{s_t}(x),  t = 1 .. T,  each from the solution before",
    method: "a step out of the barrier's domain is taken back and halved; the last stage ends in proximal gradient in a diagonal metric",
    combines: "losses with a barrier of their own (colide); penalties made of |b| and b^2 on intervals (l1, l2, elastic_net, nonnegative, their sums)",
    source: "Bello, Aragam & Ravikumar (2022), NeurIPS; Saboksayr, Mateos & Tepper (2024), ICLR",
});

/// `central_path` as the roof sees it.
pub(crate) struct CentralPathMethod;

impl Method for CentralPathMethod {
    fn name(&self) -> &'static str {
        "central_path"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        let objective = problem.objective;
        let of = |part, capability| Missing { part, capability };
        objective.as_central_path().ok_or(of("loss", "a central path"))?;
        objective.as_smooth().ok_or(of("loss", "a gradient"))?;
        problem.penalty.as_elementary().ok_or(of("penalty", "absolute values and squares only"))?;
        Ok(())
    }

    fn suits(&self, _problem: &Problem<'_>) -> Suitability {
        Suitability {
            rank: 100,
            reason: "the loss has a barrier whose central path leads past poor local minima".into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        run(problem, Following::default(), start, control)
    }
}
