//! The alternating direction method of multipliers for
//! `min f(z_0) + sum_k Omega_k(z_k)`, `z_0 = offset + b0 + X b`, `z_k = D_k b`.
//!
//! The loss and every term enter through their prox alone, so that a sum with no joint prox, a
//! linear operator and a nonsmooth loss are all ordinary. The least-squares system is factorised
//! once, as the penalty parameter only scales it.
//!
//! Needs: a loss with a prox in the linear predictor; terms that are convex and have a prox.
//! Source: Boyd et al. (2011), Found. Trends Mach. Learn. 3(1), sections 3.4 and 7.1; relaxation
//! 1.6 and residual balancing as there.

use argmin::core::{Error, KV, Problem as Counted, Solver, State};
use fenchel_core::certificate::Certifier;
use fenchel_core::{Convexity, LinearModel, Problem, Term, kernels};

use super::system::System;
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// Over-relaxation.
const RELAXATION: f64 = 1.6;

/// Iterations between certificates, which may need a joint prox by iteration.
const CERTIFY_EVERY: u64 = 20;

/// Largest system that is formed and factorised.
const LARGEST_SYSTEM: usize = 3000;

#[derive(Debug, Default)]
struct Admm {
    system: Option<System>,
    certifier: Certifier,
    /// Penalty parameter of the terms; the loss's is `rho / n`.
    rho: f64,
    x: Vec<f64>,
    /// Splits: the linear predictor first, then one a term.
    z: Vec<Vec<f64>>,
    /// Scaled multipliers of the splits.
    u: Vec<Vec<f64>>,
}

/// The terms of a penalty: its own, or the penalty as a single one.
fn terms<'a>(problem: &Problem<'a>) -> Vec<Term<'a>> {
    match problem.penalty.as_terms() {
        Some(terms) => terms.terms(),
        None => vec![Term { penalty: problem.penalty, operator: None }],
    }
}

impl Admm {
    /// The images of `x`: the linear predictor, and `D_k b` for every term.
    fn images(&self, model: &LinearModel, terms: &[Term<'_>], x: &[f64]) -> Vec<Vec<f64>> {
        let beta = &x[..x.len() - if model.intercept { model.fit.outputs() } else { 0 }];
        let mut eta = Vec::new();
        model.eta(x, &mut eta);
        let mut images = vec![eta];
        images.extend(terms.iter().map(|term| match term.operator {
            None => beta.to_vec(),
            Some(d) => {
                let mut image = vec![0.0; d.rows()];
                d.mul(beta, &mut image);
                image
            }
        }));
        images
    }

    /// `argmin_x ||A x - (z_0 - u_0 - offset)||^2 / n + sum_k ||D_k x - (z_k - u_k)||^2`.
    fn least_squares(&mut self, model: &LinearModel, terms: &[Term<'_>]) {
        let n = model.fit.samples();
        let outputs = model.fit.outputs();
        let intercepts = if model.intercept { outputs } else { 0 };
        let coefficients = self.x.len() - intercepts;
        let mut target: Vec<f64> =
            self.z[0].iter().zip(&self.u[0]).map(|(z, u)| (z - u) / n as f64).collect();
        if let Some(offset) = &model.offset {
            kernels::axpy(-1.0 / n as f64, offset, &mut target);
        }
        let system = self.system.as_ref().expect("`init` factorised it");
        let mut right: Vec<f64> = self.x.iter().map(|x| system.proximal * x).collect();
        let mut back = vec![0.0; coefficients];
        model.design.mul_t(&target, &mut back);
        kernels::axpy(1.0, &back, &mut right[..coefficients]);
        for (right, target) in right[coefficients..].iter_mut().zip(target.chunks(n)) {
            *right += kernels::sum(target);
        }
        for (term, (z, u)) in terms.iter().zip(self.z[1..].iter().zip(&self.u[1..])) {
            let difference: Vec<f64> = z.iter().zip(u).map(|(z, u)| z - u).collect();
            match term.operator {
                None => back.copy_from_slice(&difference),
                Some(d) => d.mul_t(&difference, &mut back),
            }
            kernels::axpy(1.0, &back, &mut right[..coefficients]);
        }
        system.solve(&mut right);
        self.x = right;
    }

    /// One iteration; returns the norms of the primal and dual residuals.
    fn iterate(&mut self, model: &LinearModel, terms: &[Term<'_>]) -> (f64, f64) {
        let n = model.fit.samples() as f64;
        self.least_squares(model, terms);
        let images = self.images(model, terms, &self.x);
        let (mut primal, mut dual) = (0.0, 0.0);
        for (k, image) in images.iter().enumerate() {
            let weight = if k == 0 { 1.0 / n } else { 1.0 };
            let (z, u) = (&mut self.z[k], &mut self.u[k]);
            let relaxed: Vec<f64> = image
                .iter()
                .zip(&*z)
                .map(|(image, z)| RELAXATION * image + (1.0 - RELAXATION) * z)
                .collect();
            let v: Vec<f64> = relaxed.iter().zip(&*u).map(|(r, u)| r + u).collect();
            let old = z.clone();
            if k == 0 {
                let prox = model.fit.as_prox().expect("`supports` asked for the loss's prox");
                prox.prox(&v, n / self.rho, z);
            } else {
                let prox = terms[k - 1].penalty.as_prox().expect("`supports` asked for every prox");
                prox.prox(&v, 1.0 / self.rho, z);
            }
            for (((u, v), z), (old, image)) in
                u.iter_mut().zip(&v).zip(&*z).zip(old.iter().zip(image))
            {
                *u = v - z;
                primal += weight * (image - z) * (image - z);
                dual += weight * (z - old) * (z - old);
            }
        }
        (primal.sqrt(), self.rho * dual.sqrt())
    }

    /// The best of the points that the splits propose for the coefficients: those of a prox are
    /// exactly sparse, or exactly inside a constraint.
    fn candidate(&self, problem: &Problem<'_>, terms: &[Term<'_>]) -> Vec<f64> {
        let mut work = fenchel_core::Workspace::default();
        let mut best = self.x.clone();
        let (loss, penalty) = problem.values(&best, &mut work);
        let mut value = loss + penalty;
        for (term, z) in terms.iter().zip(&self.z[1..]) {
            if term.operator.is_none() {
                let mut point = self.x.clone();
                point[..z.len()].copy_from_slice(z);
                let (loss, penalty) = problem.values(&point, &mut work);
                // Ties within what a certificate can see go to the exact point of a prox.
                if value.is_nan() || loss + penalty <= value + 1e-9 * value.abs() {
                    value = loss + penalty;
                    best = point;
                }
            }
        }
        best
    }
}

impl<'p> Solver<Problem<'p>, FitState> for Admm {
    fn name(&self) -> &str {
        "admm"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let model = p.objective.as_linear().expect("`supports` asked for a linear model");
        let terms = terms(p);
        self.system = System::new(model, &terms, p.shape());
        anyhow::ensure!(self.system.is_some(), "the normal equations are not finite");
        self.rho = 1.0;
        self.x.clone_from(&state.params);
        self.z = self.images(model, &terms, &self.x);
        self.u = self.z.iter().map(|z| vec![0.0; z.len()]).collect();
        state.certificate = self.certifier.certify(p, &state.params);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        let model = p.objective.as_linear().expect("`supports` asked for a linear model");
        let terms = terms(&p);
        let (primal, dual) = self.iterate(model, &terms);
        let iteration = state.get_iter() + 1;
        // Balancing early on only, as a changing parameter forfeits the proof of convergence.
        if iteration.is_multiple_of(10) && iteration <= 2000 {
            let factor = if primal > 5.0 * dual {
                2.0
            } else if dual > 5.0 * primal {
                0.5
            } else {
                1.0
            };
            self.rho *= factor;
            self.u.iter_mut().flatten().for_each(|u| *u /= factor);
        }
        if iteration.is_multiple_of(CERTIFY_EVERY) {
            state.params = self.candidate(&p, &terms);
            // The multiplier of the linear predictor's split, unscaled.
            let share = self.rho / model.fit.samples() as f64;
            let dual: Vec<f64> = self.u[0].iter().map(|u| share * u).collect();
            state.certificate = self.certifier.certify_with(&p, &state.params, Some(&dual));
            state.dual = Some(dual);
        }
        Ok((state, None))
    }
}

register_solver!("admm", {
    summary: "alternating direction method of multipliers over the loss and the terms of a sum",
    formula: "min f(z_0) + sum_k Omega_k(z_k)  subject to  z_0 = offset + b0 + X b,  z_k = D_k b",
    method: "one factorised least-squares solve and one prox a piece; over-relaxed, residuals balanced",
    combines: "a loss with a prox in the linear predictor; convex terms with a prox each, also behind linear operators; at most 3000 coefficients",
    source: "Boyd et al. (2011), Found. Trends Mach. Learn. 3(1)",
});

/// `admm` as the roof sees it.
pub(crate) struct AdmmMethod;

impl Method for AdmmMethod {
    fn name(&self) -> &'static str {
        "admm"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        let loss = |capability| Missing { part: "loss", capability };
        let penalty = |capability| Missing { part: "penalty", capability };
        let model = problem.objective.as_linear().ok_or(loss("a linear predictor"))?;
        model.fit.as_prox().ok_or(loss("a prox in the linear predictor"))?;
        if model.fit.as_own().is_some() {
            return Err(loss("freedom from parameters of its own"));
        }
        for term in terms(problem) {
            if term.penalty.as_prox().is_none() {
                return Err(penalty("a prox, or terms that each have one"));
            }
            if term.penalty.convexity() != Convexity::Convex {
                return Err(penalty("convexity"));
            }
        }
        if problem.shape().len() > LARGEST_SYSTEM {
            return Err(penalty("a joint prox (splitting it takes at most 3000 coefficients)"));
        }
        Ok(())
    }

    fn suits(&self, _problem: &Problem<'_>) -> Suitability {
        Suitability {
            rank: 30,
            reason: "the penalty is a sum of terms that have a prox each but none together".into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        run(problem, Admm::default(), start, control)
    }
}
