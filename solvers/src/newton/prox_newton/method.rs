//! `prox_newton` as the roof sees it.

use argmin::core::Error;
use fenchel_core::{Certifier, Convexity, Problem};

use super::ProxNewton;
use super::step::is_coupled;
use crate::bridge::run_and_return;
use crate::card::register_solver;
use crate::coordinate::{Engine, Units};
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// Largest number of coefficients for which the Gram matrix is formed.
const LARGEST_GRAM: usize = 2000;

register_solver!("prox_newton", {
    summary: "proximal Newton with coordinate descent, or the Gram matrix, on the local model",
    formula: "min_b  sum_i h_i (z_i - b0 - x_i b)^2 / 2 + Omega(b),  then a line search",
    method: "weighted least squares at the current point, a working set, backtracking on F",
    combines: "a loss with gradient and curvature, diagonal or in blocks, thresholds too; a penalty that separates over coefficients or blocks, or (diagonal curvature) a convex one with a prox and at most 2000 features",
    source: "Lee, Sun & Saunders (2014), SIAM J. Optim. 24(3), algorithm 1",
});

/// `prox_newton` as the roof sees it.
pub(crate) struct ProxNewtonMethod;

impl Method for ProxNewtonMethod {
    fn name(&self) -> &'static str {
        "prox_newton"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        let loss = |capability| Missing { part: "loss", capability };
        let penalty = |capability| Missing { part: "penalty", capability };
        let model = problem.objective.as_linear().ok_or(loss("a linear predictor"))?;
        model.fit.as_smooth().ok_or(loss("a gradient"))?;
        let seen = match model.fit.as_own() {
            None => &*model.fit,
            // Thresholds are the intercepts of a predictor that may have no others.
            Some(own) => match own.as_thresholds().filter(|_| !model.intercept) {
                Some(thresholds) => thresholds.fit,
                None => return Err(loss("freedom from parameters of its own but thresholds")),
            },
        };
        let curvature = seen.as_curvature().ok_or(loss("a curvature"))?;
        if Units::of(problem.penalty).is_some() {
            return Ok(());
        }
        if is_coupled(model) || curvature.form().is_coupled() {
            return Err(penalty("a form that separates over coefficients or blocks"));
        }
        problem
            .penalty
            .as_prox()
            .ok_or(penalty("a form that separates over coefficients or blocks, or a joint prox"))?;
        if problem.penalty.convexity() != Convexity::Convex {
            return Err(penalty("convexity, or a form that separates"));
        }
        if problem.shape().features > LARGEST_GRAM {
            return Err(penalty(
                "a form that separates (it has none, and there are more than 2000 features)",
            ));
        }
        Ok(())
    }

    fn suits(&self, problem: &Problem<'_>) -> Suitability {
        let model = problem.objective.as_linear().expect("`supports` asked for a linear model");
        if Units::of(problem.penalty).is_some() {
            let blocks =
                if is_coupled(model) { "curvature in blocks" } else { "diagonal curvature" };
            let reason = format!("the loss has a {blocks} and the penalty separates");
            return Suitability { rank: 90, reason };
        }
        // Forming the Gram matrix pays where it is smaller than the data.
        let small = 2 * problem.shape().features <= model.fit.samples();
        Suitability {
            rank: if small { 60 } else { 40 },
            reason:
                "the loss has a curvature, and with few features the penalty's prox is cheap on \
                     the Gram matrix"
                    .into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        let model = problem.objective.as_linear().expect("`supports` asked for a linear model");
        let mut engine: Engine = control.kept.take().unwrap_or_default();
        engine.begin(&model.design);
        let solver = ProxNewton {
            engine,
            tol: control.tol,
            radius: f64::INFINITY,
            certifier: Certifier::bounding(),
            ..ProxNewton::default()
        };
        let (outcome, solver) = run_and_return(problem, solver, start, control)?;
        control.kept.put(solver.engine);
        Ok(outcome)
    }
}
