//! Proximal Newton: minimise the weighted least-squares model of the loss plus the penalty, then
//! search along the line.
//!
//! The model is minimised by (block) coordinate descent over a working set where the penalty
//! separates, else by accelerated proximal gradient on the Gram matrix. Where a sample couples the
//! columns of its predictor, and where the loss has thresholds, the model has blocks of curvature.
//! Where the penalty is constant, Newton's step in all parameters is at hand wherever a certificate is.
//!
//! Needs: a loss with gradient and curvature; a penalty that separates over coefficients or blocks,
//! or, where the curvature is diagonal, one that has a joint prox and few coefficients.
//! Source: Lee, Sun & Saunders (2014), SIAM J. Optim. 24(3), algorithm 1; step acceptance (2.23).

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::certificate::Certifier;
use fenchel_core::{CertificateKind, Lineality, Problem, Snapshot};

use super::correction::Correction;
use super::coupled::Descent;
use super::gram::GramModel;
use crate::bridge::FitState;
use crate::coordinate::{Engine, SHARE, Units, WorkingSet};

mod care;
mod free;
mod method;
mod search;
mod step;

use care::Care;
pub(crate) use method::ProxNewtonMethod;

/// Steps on one working set at most, and the share of the last certificate that another must beat.
const STEPS: usize = 10;
const PAYS: f64 = 0.7;

/// Products with so many columns cost less than the loss does.
const FEW: usize = 64;

/// A whole step that was to gain more than so many times the tolerance is followed by another one
/// before a certificate is asked for: a model solved to a tenth leaves about its square of the gain.
const FAR: f64 = 100.0;

/// The least share of a step that is worth another, and that the radius within which the model is trusted
/// shrinks to.
const LEAST: f64 = 0.1;

#[derive(Debug, Default)]
struct ProxNewton {
    engine: Engine,
    coupled: Descent,
    gram: GramModel,
    working: WorkingSet,
    certifier: Certifier,
    /// Whether steps are Newton's in all parameters, and whether their curvature is that of all samples.
    free: bool,
    whole: bool,
    /// Whether a certificate came too early.
    failed: bool,
    /// How far a sample's predictor may move in a step, by the model of that sample alone.
    radius: f64,
    care: Care,
    correction: Correction,
    /// Largest relative certificate that counts as solved, and about the one where the next step begins.
    tol: f64,
    relative: f64,
    eta: Vec<f64>,
    grad_eta: Vec<f64>,
    grad_own: Vec<f64>,
    /// The loss at `start`, where that is already the start of the next step.
    expanded: Option<f64>,
    start: Snapshot,
    /// The loss's own parameters, and the penalty, at `start`.
    start_own: Vec<f64>,
    start_penalty: f64,
    /// The change of `eta` along the step.
    change: Vec<f64>,
    step: Vec<f64>,
    trial: Vec<f64>,
}

impl<'p> Solver<Problem<'p>, FitState> for ProxNewton {
    fn name(&self) -> &str {
        "prox_newton"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let beta = &mut state.params[..p.shape().coefficients()];
        if let Some(prox) = p.penalty.as_prox()
            && !p.penalty.value(beta).is_finite()
        {
            // The line search compares with the start, which a prox moves into the domain.
            let outside = beta.to_vec();
            prox.prox(&outside, 1.0, beta);
        }
        self.working.begin(p.penalty);
        self.care = Care::default();
        self.free = p.penalty.lineality() == Lineality::Everything;
        self.certifier.suffice(self.tol);
        if !self.free {
            state.certificate = self.certifier.begin(p, &state.params, self.tol);
        }
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        let before = Snapshot::of(&state.params);
        self.expanded = None;
        if self.free {
            self.free = self.free_steps(&p, &mut state.params);
            state.certificate = match self.free {
                true => self.certifier.certify_after(&p, &state.params),
                false => self.certifier.certify(&p, &state.params),
            };
            if self.free || state.certificate.relative <= self.tol {
                // Once may be bad luck.
                self.whole |= self.failed;
                self.failed = true;
                state.stalled = before.equals(&state.params);
                return Ok((state, None));
            }
        }
        let units = Units::of(p.penalty);
        let shape = p.shape();
        let mut largest = units.as_ref().map_or(0.0, |units| {
            let (beta, gradient) = (shape.split(&state.params).0, self.certifier.gradient());
            self.working.renew(units, shape.features, beta, gradient)
        });
        let whole = self.working.complete && self.working.features().len() == shape.features;
        let inside = self.working.features().len();
        // A certificate of the working set costs about as much as one of all.
        let few = shape.features - inside <= inside + FEW;
        let mut reached = f64::INFINITY;
        let mut certificate = None;
        self.relative = state.certificate.relative;
        for _ in 0..STEPS {
            let step = self.newton_step(&p, units.as_ref(), largest, &mut state.params)?;
            certificate = None;
            let Some(units) = &units else { break };
            if !self.working.complete {
                break;
            }
            let far = self.far(&p);
            let in_values = state.certificate.kind == CertificateKind::DualityGap;
            if in_values && step.share == 1.0 && step.gain > far && step.gain.is_finite() {
                let before = largest;
                largest = self.violation(&p, units, &state.params)?;
                self.relative *= (largest / before).powi(2);
                continue;
            }
            if few {
                break;
            }
            let features = self.working.features();
            let now = self.certifier.certify_over(&p, &state.params, features);
            certificate = Some(now);
            self.relative = now.relative;
            if now.relative <= SHARE * self.tol || now.relative >= PAYS * reached {
                break;
            }
            reached = now.relative;
            let beta = shape.split(&state.params).0;
            largest = self.working.largest(units, beta, self.certifier.gradient());
        }

        state.stalled = before.equals(&state.params);
        state.certificate = match certificate.filter(|_| whole) {
            Some(certificate) => certificate,
            None => self.certifier.certify(&p, &state.params),
        };
        Ok((state, None))
    }
}
