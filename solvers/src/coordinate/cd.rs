//! Coordinate descent and block coordinate descent for a quadratic loss, over a working set.
//!
//! One iteration: choose the working set by the distance to the subdifferential, descend on it with
//! Anderson extrapolation, compute the certificate (one pass over the data). Once no violator is
//! left out of the working set, it is brought to its end by the certificate of the problem
//! restricted to it, so that the pass over all of the data is not spent on a half-solved one.
//!
//! Needs: a loss with constant curvature; a penalty that is separable, or separable by blocks.
//! Source: Friedman, Hastie & Tibshirani (2010), J. Stat. Softw. 33(1); working sets as in
//! Bertrand et al. (2022), NeurIPS (skglm), section 2.

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::certificate::Certifier;
use fenchel_core::{Convexity, CurvatureForm, LinearModel, Problem, Snapshot};

use super::engine::{Engine, Inner};
use super::units::Units;
use super::working_set::WorkingSet;
use crate::bridge::{FitState, run_and_return};
use crate::card::register_solver;
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// Epochs on one working set at most.
const EPOCHS: usize = 200;

/// The inner tolerance, relative to the largest violation of the outer iteration.
const INNER: f64 = 0.1;

/// Descents on one working set at most.
const ROUNDS: usize = 20;

/// The share of the tolerance to which a working set is solved.
pub(crate) const SHARE: f64 = 0.5;

#[derive(Debug)]
struct CoordinateDescent {
    name: &'static str,
    engine: Engine,
    working: WorkingSet,
    certifier: Certifier,
    /// Largest relative certificate that counts as solved.
    tol: f64,
    eta: Vec<f64>,
    grad_eta: Vec<f64>,
}

impl CoordinateDescent {
    fn new(name: &'static str, tol: f64, engine: Engine) -> Self {
        Self {
            name,
            tol,
            engine,
            working: WorkingSet::default(),
            certifier: Certifier::bounding(),
            eta: Vec::new(),
            grad_eta: Vec::new(),
        }
    }
}

impl<'p> Solver<Problem<'p>, FitState> for CoordinateDescent {
    fn name(&self) -> &str {
        self.name
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        state.certificate = self.certifier.begin(p, &state.params, self.tol);
        self.working.begin(p.penalty);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        let (model, units) = parts(&p);
        let (shape, smooth) =
            (p.shape(), model.fit.as_smooth().expect("quadratic losses are smooth"));
        let before = Snapshot::of(&state.params);

        let (beta, gradient) = (shape.split(&state.params).0, self.certifier.gradient());
        let mut largest = self.working.renew(&units, shape.features, beta, gradient);

        model.eta(&state.params, &mut self.eta);
        self.grad_eta.resize(self.eta.len(), 0.0);
        smooth.gradient(&self.eta, &[], &mut self.grad_eta, &mut []);
        self.engine.model.set(&*model.fit, &self.eta, &[], &self.grad_eta);
        let convex = p.penalty.convexity() == Convexity::Convex;
        let mut reached = f64::INFINITY;
        self.engine.visits = 0;
        for _ in 0..ROUNDS {
            let (beta, intercepts, _) = shape.split_mut(&mut state.params);
            let complete = self.working.complete;
            let (tol, hasten) = (INNER * largest, true);
            let inner = Inner { tol, epochs: EPOCHS, convex, hasten, complete, ends: true };
            let working = &self.working.units;
            self.engine.descend(&units, &model.design, working, beta, intercepts, inner);
            // Another pass over all of the data, once as much was spent since the last one.
            if !self.working.complete || self.engine.visits >= shape.coefficients() {
                break;
            }
            let certificate =
                self.certifier.certify_over(&p, &state.params, self.working.features());
            if certificate.relative <= SHARE * self.tol || certificate.relative >= reached {
                break;
            }
            reached = certificate.relative;
            let beta = shape.split(&state.params).0;
            largest = self.working.largest(&units, beta, self.certifier.gradient());
        }

        state.stalled = before.equals(&state.params);
        state.certificate = self.certifier.certify(&p, &state.params);
        Ok((state, None))
    }
}

fn solve(
    name: &'static str,
    problem: &Problem<'_>,
    start: Vec<f64>,
    control: &mut Control<'_>,
) -> Result<Outcome, Error> {
    let mut engine: Engine = control.kept.take().unwrap_or_default();
    engine.begin(&parts(problem).0.design);
    let solver = CoordinateDescent::new(name, control.tol, engine);
    let (outcome, solver) = run_and_return(problem, solver, start, control)?;
    control.kept.put(solver.engine);
    Ok(outcome)
}

fn parts<'a>(problem: &Problem<'a>) -> (&'a LinearModel, Units<'a>) {
    let model = problem.objective.as_linear().expect("`supports` asked for a linear model");
    (model, Units::of(problem.penalty).expect("`supports` asked for a separable penalty"))
}

/// What both methods ask of the loss.
fn quadratic_loss(problem: &Problem<'_>) -> Result<(), Missing> {
    let missing = |capability| Missing { part: "loss", capability };
    let model = problem.objective.as_linear().ok_or(missing("a linear predictor"))?;
    let curvature = model.fit.as_curvature().ok_or(missing("a curvature"))?;
    if curvature.form() != CurvatureForm::Constant || model.fit.as_smooth().is_none() {
        return Err(missing("a constant curvature (a quadratic loss)"));
    }
    if model.fit.as_own().is_some() {
        return Err(missing("freedom from parameters of its own"));
    }
    Ok(())
}

register_solver!("cd", {
    summary: "coordinate descent over a working set, with Anderson extrapolation",
    formula: "b_j <- prox_{Omega_j / L_j}(b_j - grad_j / L_j),  L_j = sum_i h_i x_ij^2",
    method: "choose the working set by subdifferential distance; epochs on it; one pass over the data for the certificate",
    combines: "a quadratic loss, any number of outputs; a separable penalty, convex or not",
    source: "Friedman, Hastie & Tibshirani (2010), J. Stat. Softw. 33(1); Bertrand et al. (2022), NeurIPS; Bertrand & Massias (2021), AISTATS",
});

/// `cd` as the roof sees it.
pub(crate) struct CdMethod;

impl Method for CdMethod {
    fn name(&self) -> &'static str {
        "cd"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        quadratic_loss(problem)?;
        problem
            .penalty
            .as_separable()
            .map(|_| ())
            .ok_or(Missing { part: "penalty", capability: "a separable form" })
    }

    fn suits(&self, _problem: &Problem<'_>) -> Suitability {
        Suitability {
            rank: 100,
            reason: "the loss is quadratic and the penalty separates over coefficients".into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        solve("cd", problem, start, control)
    }
}

register_solver!("block_cd", {
    summary: "block coordinate descent over a working set of groups",
    formula: "b_g <- prox_{Omega_g / L_g}(b_g - grad_g / L_g),  L_g >= ||X_g' H X_g||_2",
    method: "one proximal gradient step a block, with the block's own curvature bound",
    combines: "a quadratic loss, any number of outputs; a penalty that separates over blocks of features",
    source: "Qin, Scheinberg & Goldfarb (2013), Math. Program. Comput. 5(2), algorithm BCD with block step sizes",
});

/// `block_cd` as the roof sees it.
pub(crate) struct BlockCdMethod;

impl Method for BlockCdMethod {
    fn name(&self) -> &'static str {
        "block_cd"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        quadratic_loss(problem)?;
        problem
            .penalty
            .as_blocks()
            .map(|_| ())
            .ok_or(Missing { part: "penalty", capability: "a form that separates over blocks" })
    }

    fn suits(&self, _problem: &Problem<'_>) -> Suitability {
        Suitability {
            rank: 95,
            reason: "the loss is quadratic and the penalty separates over blocks of features"
                .into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        solve("block_cd", problem, start, control)
    }
}
