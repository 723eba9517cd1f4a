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

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::curvature::CurvatureForm;
use crate::directions::Directions;
use crate::dual::{minimise_envelope, natural_step, root_mean_square};
use crate::linalg::cholesky_solve;
use crate::loss::{DataFit, FitConjugate};
use crate::objective::{LinearModel, Objective, Workspace};
use crate::penalty::{Conjugate, Convexity, Lineality, Penalty};
use crate::products::NEAR;
use crate::{Problem, joint, kernels, worst};

/// Unpenalised directions beyond which the dual point is not projected (the projection solves a
/// dense system of this size) and stationarity is certified instead.
const MOST_FREE_DIRECTIONS: usize = 512;

/// Cosine between the dual point and an unpenalised direction that counts as a right angle.
const ORTHOGONAL: f64 = 1e-9;

/// Share of the natural step of a proximal step on the dual that has no candidate to stay close to.
const WITHOUT_CANDIDATE: f64 = 1e-4;

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
    Certifier::bounding(problem.penalty).certify_with(problem, params, candidate)
}

/// Computes certificates and keeps the buffers, and the gradient, in between.
#[derive(Debug, Clone, Default)]
pub struct Certifier {
    work: Workspace,
    gradient: Vec<f64>,
    curvature: Vec<f64>,
    scratch: Vec<f64>,
    /// The predictor that own parameters widen.
    wide: Vec<f64>,
    /// The dual point in `eta`, where that is narrower.
    narrow: Vec<f64>,
    /// The features that the problem is restricted to.
    over: Option<Vec<usize>>,
    /// The penalty under which entries of the gradient are only bounded.
    near: Option<Arc<dyn Penalty>>,
}

impl Certifier {
    /// One that multiplies only the columns that may be of account: entries of the gradient that are
    /// certain to lie in the subdifferential at zero of [`NEAR`] times the penalty are what they were at
    /// an earlier point. They make no difference to certificates, nor to what violates optimality.
    pub fn bounding(penalty: &dyn Penalty) -> Self {
        let mut certifier = Self::default();
        certifier.bound(penalty);
        certifier
    }

    /// Goes on as [`Certifier::bounding`] this penalty.
    pub fn bound(&mut self, penalty: &dyn Penalty) {
        self.near = penalty.as_separable().map(|_| penalty.scaled(NEAR).into());
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

    /// The gradient in the coefficients (p K) at the last point certified. For a duality gap it is
    /// that of the dual point made orthogonal to the unpenalised directions, but along unpenalised
    /// coordinates the loss's own, so that a solver sees what is left to gain there.
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// The duality gap; `None` without a convex dual, or where no feasible dual point was found.
    pub fn duality_gap(&mut self, problem: &Problem<'_>, params: &[f64]) -> Option<Certificate> {
        self.duality_gap_with(problem, params, None)
    }

    /// The same with a dual candidate, which a loss with a gradient has no use for.
    pub fn duality_gap_with(
        &mut self,
        problem: &Problem<'_>,
        params: &[f64],
        candidate: Option<&[f64]>,
    ) -> Option<Certificate> {
        let model = problem.objective.as_linear()?;
        let thresholds = model.fit.as_own().map(|own| own.as_thresholds());
        // The loss of the predictor in which it has no parameters of its own.
        let fit = match thresholds {
            None => &*model.fit,
            Some(thresholds) => thresholds?.fit,
        };
        let (conjugate, penalty) = (fit.as_conjugate()?, problem.penalty.as_conjugate()?);
        let shape = problem.shape();
        if problem.penalty.convexity() != Convexity::Convex {
            return None;
        }
        let lineality = problem.penalty.lineality();
        let unpenalised = shape.intercepts + shape.own;
        if directions(&lineality, shape.coefficients()) + unpenalised > MOST_FREE_DIRECTIONS {
            return None;
        }
        let (beta, _, own) = shape.split(params);
        model.eta(params, &mut self.work.eta);
        if let Some(thresholds) = thresholds.flatten() {
            thresholds.predictor(&self.work.eta, own, &mut self.wide);
            std::mem::swap(&mut self.work.eta, &mut self.wide);
        }
        self.work.grad_eta.resize(self.work.eta.len(), 0.0);
        let loss = match fit.as_smooth() {
            Some(smooth) => smooth.gradient(&self.work.eta, &[], &mut self.work.grad_eta, &mut []),
            None => fit.value(&self.work.eta, &[]),
        };
        if !loss.is_finite() {
            return None;
        }
        let mut free = Vec::new();
        if fit.as_smooth().is_some() {
            free = free_gradient(model, &lineality, self.dual_in_eta(model));
            self.orthogonalize(model, fit, &lineality)?;
        } else {
            self.repair(model, &lineality, loss, candidate)?;
        }
        self.gradient.resize(shape.coefficients(), 0.0);
        if lineality != Lineality::Everything {
            let mut gradient = std::mem::take(&mut self.gradient);
            let (over, near) = (self.over.take(), self.near.clone());
            let dual = self.dual_in_eta(model);
            match (&over, &near) {
                (None, None) => model.mul_t(dual, &mut gradient),
                (None, Some(near)) => model.mul_t_near(&**near, beta, dual, &mut gradient),
                (Some(features), _) => model.design.mul_t_over(features, dual, &mut gradient),
            }
            (self.gradient, self.over) = (gradient, over);
        }
        let value = loss + problem.penalty.value(beta);
        let bound = self.dual_bound(model, &lineality, conjugate, penalty)?;
        free.into_iter().for_each(|(j, g)| self.gradient[j] = g);
        let gap = worst(0.0, value + bound);
        gap.is_finite().then(|| certificate(problem, CertificateKind::DualityGap, gap))
    }

    /// The dual point as a gradient in `eta` (n x K).
    fn dual_in_eta(&mut self, model: &LinearModel) -> &[f64] {
        let own = model.fit.as_own().and_then(|own| own.as_thresholds());
        let length = model.fit.samples() * model.fit.outputs();
        let Some(thresholds) = own.filter(|_| self.work.grad_eta.len() != length) else {
            return &self.work.grad_eta;
        };
        self.narrow.resize(length, 0.0);
        thresholds.fold(&self.work.grad_eta, &mut self.narrow);
        &self.narrow
    }

    /// `f*(s G) - s <G, offset> + Omega*(-s X'G)`, the negative of the dual value.
    fn dual_bound(
        &mut self,
        model: &LinearModel,
        lineality: &Lineality,
        fit: &dyn FitConjugate,
        penalty: &dyn Conjugate,
    ) -> Option<f64> {
        let u = &mut self.scratch;
        u.clear();
        u.extend(self.gradient.iter().map(|g| -g));
        // What is orthogonal up to rounding is made so exactly, as the conjugate is infinite else.
        match lineality {
            Lineality::Trivial => {}
            Lineality::Everything => u.fill(0.0),
            Lineality::Coordinates(coordinates) => coordinates.iter().for_each(|&j| u[j] = 0.0),
            Lineality::Basis(basis) => remove_components(basis, u),
        }
        let scale = penalty.dual_scale(u);
        if scale.is_nan() || scale <= 0.0 {
            return None;
        }
        u.iter_mut().for_each(|u| *u *= scale);
        let omega = penalty.conjugate(u);
        self.work.grad_eta.iter_mut().for_each(|g| *g *= scale);
        let along = |offset: &Vec<f64>| kernels::dot(self.dual_in_eta(model), offset);
        let offset = model.offset.as_ref().map_or(0.0, along);
        Some(fit.conjugate(&self.work.grad_eta) - offset + omega)
    }

    /// Makes a dual point of a candidate by the loss's prox, see [`crate::dual`]. Without a candidate
    /// the step is so short that the point is all but a subgradient at `eta`.
    fn repair(
        &mut self,
        model: &LinearModel,
        lineality: &Lineality,
        loss: f64,
        candidate: Option<&[f64]>,
    ) -> Option<()> {
        let prox = model.fit.as_prox().filter(|_| model.shape().own == 0)?;
        let eta = &self.work.eta;
        // At an exact fit, rounding in `eta` is not to be mistaken for residuals.
        let step = natural_step(model, loss.abs().max(1e-3 * root_mean_square(eta)));
        let (step, mut centre) = match candidate.filter(|c| c.len() == eta.len()) {
            Some(candidate) => {
                (step, eta.iter().zip(candidate).map(|(e, c)| e + step * c).collect())
            }
            None => (WITHOUT_CANDIDATE * step, eta.clone()),
        };
        if centre.iter().any(|v: &f64| !v.is_finite()) {
            centre.clone_from(eta);
        }
        let directions = Directions::new(model, lineality);
        let columns = directions.columns();
        minimise_envelope(prox, &columns, &centre, step, &mut self.work.grad_eta)?;
        directions.orthogonal(&self.work.grad_eta, ORTHOGONAL).then_some(())
    }

    /// Makes the dual candidate orthogonal to the intercept and to every unpenalised direction:
    /// `G <- G - H A (A'HA)^-1 A'G` with the curvature `H` of the loss `fit` of the predictor, which
    /// is the change that a Newton step on those directions would make, and so stays inside the
    /// domain of `f*`.
    fn orthogonalize(
        &mut self,
        model: &LinearModel,
        fit: &dyn DataFit,
        lineality: &Lineality,
    ) -> Option<()> {
        let (n, outputs) = (fit.samples(), fit.outputs());
        let directions = Directions::new(model, lineality);
        let m = directions.len();
        if m == 0 {
            return Some(());
        }
        let curvature = fit.as_curvature();
        let product = curvature.and_then(|c| c.as_product());
        // A diagonal that only approximates is not asked for where the Hessian itself is at hand.
        let curvature = curvature.filter(|_| product.is_none());
        self.curvature.clear();
        let form = curvature.map_or(CurvatureForm::Diagonal, |c| c.form());
        self.curvature.resize(form.length(n, outputs), 1.0);
        if let Some(curvature) = curvature {
            curvature.curvature(&self.work.eta, &[], &mut self.curvature);
        }
        let (h, eta, dual) = (&self.curvature, &self.work.eta, &mut self.work.grad_eta);
        let mut times_curvature = |a: &[f64], out: &mut [f64]| match product {
            Some(hessian) => hessian.product(eta, &[], a, out),
            None => form.multiply(n, h, a, out),
        };
        let gram = directions.gram(product.is_none(), &mut times_curvature);
        let (moved, in_eta) = (&mut self.scratch, &mut self.narrow);
        moved.clear();
        moved.resize(n * outputs, 0.0);
        let (mut curved, mut right) = (vec![0.0; n * outputs], Vec::with_capacity(m));
        // Twice: the second pass removes what rounding left in the first.
        for _ in 0..2 {
            directions.apply_t(dual, &mut right, in_eta);
            cholesky_solve(&mut gram.clone(), m, &mut right)?;
            directions.apply(&right, moved, in_eta);
            times_curvature(moved, &mut curved);
            kernels::axpy(-1.0, &curved, dual);
        }
        // Where the curvature vanishes along a direction, nothing was moved: no dual point then.
        directions.orthogonal(dual, ORTHOGONAL).then_some(())
    }

    /// The distance to stationarity; `None` where the penalty does not know its subdifferential or
    /// the objective has no gradient.
    pub fn stationarity(&mut self, problem: &Problem<'_>, params: &[f64]) -> Option<Certificate> {
        let subdifferential = problem.penalty.as_subdifferential()?;
        let near = self.near.clone();
        let free = self.full_gradient(problem, params, near.as_deref())?;
        let beta = &params[..self.gradient.len()];
        let value = worst(free, subdifferential.subdiff_dist(beta, &self.gradient));
        Some(certificate(problem, CertificateKind::Stationarity, value))
    }

    /// The fixed-point residual of a proximal gradient step; `None` without prox or gradient. A sum
    /// with no joint prox has it computed from its terms' (see [`joint`]).
    pub fn prox_residual(&mut self, problem: &Problem<'_>, params: &[f64]) -> Option<Certificate> {
        let free = self.full_gradient(problem, params, None)?;
        let step = match problem.penalty.convexity() {
            Convexity::WeaklyConvex(rho) => (0.5 / rho).min(1.0),
            _ => 1.0,
        };
        let beta = &params[..self.gradient.len()];
        let forward: Vec<f64> =
            beta.iter().zip(&self.gradient).map(|(b, g)| b - step * g).collect();
        self.scratch.resize(beta.len(), 0.0);
        match problem.penalty.as_prox() {
            Some(prox) => {
                prox.prox(&forward, step, &mut self.scratch);
            }
            None => {
                let terms = problem.penalty.as_terms()?.terms();
                joint::prox(&terms, &forward, step, &mut self.scratch)?;
            }
        }
        let moved = beta
            .iter()
            .zip(&self.scratch)
            .fold(0.0, |top, (b, next)| worst(top, (b - next).abs() / step));
        Some(certificate(problem, CertificateKind::ProxResidual, worst(moved, free)))
    }

    /// Fills `gradient` and returns the largest entry of the gradient in the free parameters.
    fn full_gradient(
        &mut self,
        problem: &Problem<'_>,
        params: &[f64],
        near: Option<&dyn Penalty>,
    ) -> Option<f64> {
        let smooth = problem.objective.as_smooth()?;
        let shape = problem.shape();
        self.gradient.resize(shape.len(), 0.0);
        let (gradient, work) = (&mut self.gradient, &mut self.work);
        let value = match (problem.objective.as_linear(), &self.over, near) {
            (Some(model), Some(features), _) => {
                model.value_gradient_over(features, params, gradient, work)?
            }
            (Some(model), None, Some(near)) => {
                model.value_gradient_near(near, params, gradient, work)?
            }
            _ => smooth.value_gradient(params, gradient, work),
        };
        if !value.is_finite() {
            self.gradient.resize(shape.coefficients(), 0.0);
            return Some(f64::INFINITY);
        }
        let free = kernels::max_abs(&self.gradient[shape.coefficients()..]);
        self.gradient.truncate(shape.coefficients());
        Some(free)
    }
}

fn certificate(problem: &Problem<'_>, kind: CertificateKind, value: f64) -> Certificate {
    Certificate { kind, value, relative: problem.baseline.relative(kind, value) }
}

fn directions(lineality: &Lineality, coefficients: usize) -> usize {
    match lineality {
        Lineality::Trivial => 0,
        Lineality::Coordinates(coordinates) => coordinates.len(),
        Lineality::Basis(basis) => basis.len(),
        Lineality::Everything => coefficients,
    }
}

/// The gradient along the unpenalised coordinates, with their flat indices.
fn free_gradient(model: &LinearModel, lineality: &Lineality, dual: &[f64]) -> Vec<(usize, f64)> {
    let (n, p) = (model.fit.samples(), model.design.features());
    let along = |flat: usize| {
        let u = &dual[flat / p * n..][..n];
        (flat, model.design.column_dot(flat % p, u, kernels::sum(u)))
    };
    match lineality {
        Lineality::Coordinates(flat) => flat.iter().map(|&flat| along(flat)).collect(),
        Lineality::Everything => (0..p * model.fit.outputs()).map(along).collect(),
        Lineality::Trivial | Lineality::Basis(_) => Vec::new(),
    }
}

/// Removes from `u` its components in the span of `basis`.
fn remove_components(basis: &[Vec<f64>], u: &mut [f64]) {
    let m = basis.len();
    let mut gram: Vec<f64> =
        basis.iter().flat_map(|a| basis.iter().map(|b| kernels::dot(a, b))).collect();
    let mut right: Vec<f64> = basis.iter().map(|a| kernels::dot(a, u)).collect();
    if cholesky_solve(&mut gram, m, &mut right).is_some() {
        for (a, t) in basis.iter().zip(&right) {
            kernels::axpy(-t, a, u);
        }
    }
}
