//! How far a point is from optimal, computed from the point alone.
//!
//! 1. **Duality gap**, where the loss and the penalty have conjugates. With `G = grad f(eta)` as
//!    dual candidate, made orthogonal to every unpenalised direction and scaled by `s` into the
//!    domain of `Omega*`, weak duality gives
//!    `gap = f(eta) + Omega(B) + f*(s G) - s <G, offset> + Omega*(-s X'G) >= F(B) - min F`.
//!    A loss with a prox in place of a gradient has its candidate from the solver, or from the
//!    prox at `eta` where there is none (see [`crate::dual`]).
//! 2. **Stationarity**, the distance of `-grad` to the subdifferential, where there is no dual.
//! 3. **Prox residual** `||b - prox_t(b - t grad)||_inf / t`, where even that is unknown.

use serde::{Deserialize, Serialize};

use crate::objective::{LinearModel, Workspace};
use crate::products::Reach;
use crate::thresholds::Pairs;
use crate::{Design, Problem};

mod free_step;
mod gap;
mod pairs;
mod stationarity;

pub use free_step::FreeStep;

/// Unpenalised directions beyond which the dual point is not projected (the projection solves a
/// dense system of this size) and stationarity is certified instead.
const MOST_FREE_DIRECTIONS: usize = 512;

/// What a certificate measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateKind {
    /// Primal minus dual value: an upper bound on the distance of `F` to its minimum.
    DualityGap,
    /// Distance of the negative gradient to the subdifferential.
    Stationarity,
    /// Fixed-point residual of a proximal gradient step.
    ProxResidual,
}

/// How far a point is from optimal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// What is measured.
    pub kind: CertificateKind,
    /// The gap or distance.
    pub value: f64,
    /// The same relative to the problem's scale; solved means at most the tolerance.
    pub relative: f64,
}

/// The values at zero coefficients that "relative" refers to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// `|F|` at zero coefficients.
    pub objective: f64,
    /// Stationarity at zero coefficients.
    pub stationarity: f64,
    /// Prox residual at zero coefficients.
    pub prox_residual: f64,
}

impl Default for Baseline {
    /// Absolute measures: every reference is below the floor.
    fn default() -> Self {
        Self { objective: 0.0, stationarity: 0.0, prox_residual: 0.0 }
    }
}

impl Baseline {
    /// The references for a problem, from a point with zero coefficients whose intercepts and own
    /// parameters are fitted.
    pub fn at_zero(problem: &Problem<'_>, zero: &[f64]) -> Self {
        let mut certifier = Certifier::default();
        let problem = Problem { baseline: Self::default(), ..*problem };
        let (loss, penalty) = problem.values(zero, &mut certifier.work);
        let or_zero =
            |c: Option<Certificate>| c.map(|c| c.value).filter(|v| v.is_finite()).unwrap_or(0.0);
        Self {
            // Zero may be outside the penalty's domain; then measures are absolute.
            objective: Some((loss + penalty).abs()).filter(|v| v.is_finite()).unwrap_or(0.0),
            stationarity: or_zero(certifier.stationarity(&problem, zero)),
            prox_residual: or_zero(certifier.prox_residual(&problem, zero)),
        }
    }

    fn relative(&self, kind: CertificateKind, value: f64) -> f64 {
        let or_absolute = |reference: f64| if reference > 0.0 { reference } else { 1.0 };
        match kind {
            CertificateKind::DualityGap => value / self.objective.max(1.0),
            CertificateKind::Stationarity => value / or_absolute(self.stationarity),
            CertificateKind::ProxResidual => value / or_absolute(self.prox_residual),
        }
    }
}

/// The certificate of `params`, from scratch.
pub fn certify(problem: &Problem<'_>, params: &[f64]) -> Certificate {
    Certifier::default().certify(problem, params)
}

/// As [`certify`], with a dual candidate (n x K) beside the parameters, as solvers of losses without
/// gradient hand it over. It need not be feasible, nor is it trusted: see [`crate::dual`].
pub fn certify_with(
    problem: &Problem<'_>,
    params: &[f64],
    candidate: Option<&[f64]>,
) -> Certificate {
    certify_within(problem, params, candidate, 0.0)
}

/// The same, where a relative measure of `enough` will do: no better one is sought then.
pub fn certify_within(
    problem: &Problem<'_>,
    params: &[f64],
    candidate: Option<&[f64]>,
    enough: f64,
) -> Certificate {
    let mut certifier = Certifier::bounding();
    certifier.suffice(enough);
    certifier.certify_with(problem, params, candidate)
}

/// Computes certificates and keeps the buffers, and the gradient, in between.
#[derive(Debug, Clone, Default)]
pub struct Certifier {
    work: Workspace,
    gradient: Vec<f64>,
    curvature: Vec<f64>,
    scratch: Vec<f64>,
    /// The predictor of the coefficients, where own parameters widen it.
    eta: Vec<f64>,
    /// A product with a Hessian that is known by products.
    curved: Vec<f64>,
    /// Derivatives by the ends that samples see, where that is all they see.
    pairs: Pairs,
    /// `A'HA` of the last free step, whose `H` is in `curvature` or `pairs`, and whether the next certificate is
    /// to make do with them.
    gram: Vec<f64>,
    reuse: bool,
    /// Whether some of the samples stand for all in a curvature along all parameters, and their part of it.
    partly: bool,
    part: Vec<f64>,
    /// The relative measure at which a certificate need not be the best one.
    enough: f64,
    /// The dual point in `eta`, where that is narrower.
    narrow: Vec<f64>,
    /// The features that the problem is restricted to.
    over: Option<Vec<usize>>,
    /// Whether entries of the gradient that are of no account are only bounded, and whether it is made of what
    /// is expected of all.
    bounding: bool,
    expecting: bool,
}

impl Certifier {
    /// One that, under a separable penalty, multiplies only the columns that may be of account: entries of the
    /// gradient that are certain to lie in the subdifferential at zero are what products at earlier points
    /// lead to expect. They make no difference to certificates, nor to what violates optimality.
    pub fn bounding() -> Self {
        Self { bounding: true, ..Self::default() }
    }

    /// The certificate of a point at which a solver begins, if it is at most `tol`; else one that may be made of
    /// what products at earlier points lead to expect of this one's, as is the gradient then. Along a path no
    /// column is multiplied for it.
    pub fn begin(&mut self, problem: &Problem<'_>, params: &[f64], tol: f64) -> Certificate {
        let model = problem.objective.as_linear();
        self.expecting = model.is_some_and(LinearModel::expects);
        let expected = self.certify(problem, params);
        match std::mem::take(&mut self.expecting) && expected.relative <= tol {
            true => self.certify(problem, params),
            false => expected,
        }
    }

    /// A certificate of at most this relative measure will do: with it at hand, no better one is sought.
    pub fn suffice(&mut self, relative: f64) {
        self.enough = relative;
    }

    /// The best certificate that the problem has at `params`.
    pub fn certify(&mut self, problem: &Problem<'_>, params: &[f64]) -> Certificate {
        self.certify_with(problem, params, None)
    }

    /// The same with a dual candidate; see [`certify_with`].
    pub fn certify_with(
        &mut self,
        problem: &Problem<'_>,
        params: &[f64],
        candidate: Option<&[f64]>,
    ) -> Certificate {
        self.duality_gap_with(problem, params, candidate)
            .or_else(|| self.stationarity(problem, params))
            .or_else(|| self.prox_residual(problem, params))
            .unwrap_or(Certificate {
                kind: CertificateKind::Stationarity,
                value: f64::INFINITY,
                relative: f64::INFINITY,
            })
    }

    /// The certificate of the problem restricted to `features`, at a point whose other coefficients
    /// are zero and would not gain from leaving it: no column but theirs is touched. The gradient is
    /// zero elsewhere afterwards, but along unpenalised coordinates. Of an objective that is no linear model, the whole certificate.
    ///
    /// Solvers bring a working set to its end by it before they pass over all of the data.
    pub fn certify_over(
        &mut self,
        problem: &Problem<'_>,
        params: &[f64],
        features: &[usize],
    ) -> Certificate {
        let mut over = self.over.take().unwrap_or_default();
        over.clear();
        over.extend_from_slice(features);
        self.over = Some(over);
        let certificate = self.certify(problem, params);
        self.over = None;
        certificate
    }

    /// The entries of the gradient that certificates at the coefficients `beta` are made of, of all features or
    /// of those in `over`.
    fn reach<'a>(
        &self,
        problem: &Problem<'a>,
        over: Option<&'a [usize]>,
        beta: &'a [f64],
    ) -> Reach<'a> {
        match (over, problem.penalty.as_separable()) {
            (Some(features), _) => Reach::Over(features),
            (None, Some(penalty)) if self.expecting => Reach::Expected(penalty, beta),
            (None, Some(penalty)) if self.bounding => Reach::Bounded(penalty, beta),
            _ => Reach::All,
        }
    }

    /// The gradient in the coefficients (p K) at the last point certified. For a duality gap it is
    /// that of the dual point made orthogonal to the unpenalised directions, but along unpenalised
    /// coordinates the loss's own, so that a solver sees what is left to gain there.
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// Another gradient in its place: that over some features, and zero elsewhere, where the one in the predictor
    /// is `grad_eta`.
    pub fn gradient_over(
        &mut self,
        design: &Design,
        features: &[usize],
        grad_eta: &[f64],
    ) -> &[f64] {
        let outputs = grad_eta.len() / design.samples().max(1);
        self.gradient.resize(design.features() * outputs, 0.0);
        design.mul_t_over(features, grad_eta, &mut self.gradient);
        &self.gradient
    }
}

fn certificate(problem: &Problem<'_>, kind: CertificateKind, value: f64) -> Certificate {
    Certificate { kind, value, relative: problem.baseline.relative(kind, value) }
}
