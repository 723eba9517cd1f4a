//! The duality gap.

use super::{Certificate, CertificateKind, Certifier, MOST_FREE_DIRECTIONS, certificate};
use crate::curvature::CurvatureForm;
use crate::directions::Directions;
use crate::dual::{minimise_envelope, natural_step, root_mean_square};
use crate::linalg::cholesky_solve;
use crate::loss::{DataFit, FitConjugate};
use crate::objective::{LinearModel, Objective};
use crate::penalty::{Conjugate, Convexity, Lineality};
use crate::thresholds::Thresholds;
use crate::{Problem, kernels, worst};

/// Cosine between the dual point and an unpenalised direction that counts as a right angle.
pub(super) const ORTHOGONAL: f64 = 1e-9;

/// The same where there is no more to gain than rounding.
pub(super) const EXACT: f64 = 1e-14;

/// Share of the natural step of a proximal step on the dual that has no candidate to stay close to.
const WITHOUT_CANDIDATE: f64 = 1e-4;

impl Certifier {
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
        // A dual point that moved at some of the samples only is as feasible, if not as good.
        if self.enough > 0.0 && !self.reuse && self.has_part(problem) {
            self.partly = true;
            let gap = self.gap(problem, params, candidate);
            self.partly = false;
            if gap.is_some_and(|gap| gap.relative <= self.enough) {
                return gap;
            }
        }
        self.gap(problem, params, candidate)
    }

    /// Whether some of the samples may stand for all.
    fn has_part(&self, problem: &Problem<'_>) -> bool {
        problem.penalty.lineality() == Lineality::Everything
            && problem.objective.as_linear().is_some_and(|model| model.subset().is_some())
    }

    fn gap(
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
        if let Some(neighbours) = thresholds.flatten().and_then(|seen| seen.neighbours) {
            return self.gap_of_pairs(problem, model, neighbours, &lineality, params);
        }
        let beta = shape.split(params).0;
        let loss = self.expand(model, thresholds.flatten(), params);
        if !loss.is_finite() {
            return None;
        }
        let mut free = Vec::new();
        if fit.as_smooth().is_some() {
            free = self.orthogonalize(model, fit, &lineality)?;
        } else {
            self.repair(model, &lineality, loss, candidate)?;
        }
        self.gradient.resize(shape.coefficients(), 0.0);
        if lineality != Lineality::Everything {
            let mut gradient = std::mem::take(&mut self.gradient);
            let over = self.over.take();
            let reach = self.reach(problem, over.as_deref(), beta);
            model.mul_t_within(reach, self.dual_in_eta(model), &mut gradient);
            (self.gradient, self.over) = (gradient, over);
        }
        let value = loss + problem.penalty.value(beta);
        let (scale, omega) = self.penalty_bound(&lineality, penalty)?;
        let bound = omega + self.loss_bound(model, conjugate, scale);
        free.into_iter().for_each(|(j, g)| self.gradient[j] = g);
        let gap = worst(0.0, value + bound);
        gap.is_finite().then(|| certificate(problem, CertificateKind::DualityGap, gap))
    }

    /// Fills `work.eta`, the predictor of the loss without own parameters, and the gradient in it where
    /// there is one. Returns the loss.
    pub(super) fn expand(
        &mut self,
        model: &LinearModel,
        thresholds: Option<Thresholds<'_>>,
        params: &[f64],
    ) -> f64 {
        let (eta, grad_eta) = (&mut self.work.eta, &mut self.work.grad_eta);
        let fit = match thresholds {
            None => {
                let loss = model.gradient_in_eta(params, eta, grad_eta, &mut []);
                if let Some(loss) = loss {
                    return loss;
                }
                model.eta(params, eta);
                &*model.fit
            }
            Some(thresholds) => {
                model.eta(params, &mut self.eta);
                thresholds.predictor(&self.eta, model.shape().split(params).2, eta);
                thresholds.fit
            }
        };
        grad_eta.resize(eta.len(), 0.0);
        match fit.as_smooth() {
            Some(smooth) => smooth.gradient(eta, &[], grad_eta, &mut []),
            None => fit.value(eta, &[]),
        }
    }

    /// Fills `curvature` with that of the loss at `work.eta`, which is lost, unless its Hessian is known
    /// by products, and returns `A'HA` for the directions `A`.
    pub(super) fn curve(&mut self, fit: &dyn DataFit, directions: &Directions<'_>) -> Vec<f64> {
        let (n, outputs) = (fit.samples(), fit.outputs());
        let curvature = fit.as_curvature();
        let eta = &self.work.eta;
        if let Some(product) = curvature.and_then(|c| c.as_product()) {
            return directions.gram(None, &mut *product.at(eta, &[]), &mut self.curved);
        }
        let form = curvature.map_or(CurvatureForm::Diagonal, |c| c.form());
        self.curvature.resize(form.length(n, outputs), 0.0);
        match curvature {
            Some(curvature) => curvature.curvature(eta, &[], &mut self.curvature),
            None => self.curvature.fill(1.0),
        }
        if let Some(part) = directions.subset().filter(|_| self.partly)
            && form != CurvatureForm::RankOne
        {
            let diagonal: Vec<&[f64]> = self.curvature.chunks(n).take(outputs).collect();
            if let Some(times) = part.times(&diagonal) {
                self.part.clear();
                part.cut(n, &mut self.curvature, times, &mut self.part);
                let (h, count) = (&self.part, part.rows().len());
                let mut multiply = |a: &[f64], out: &mut [f64]| form.multiply(count, h, a, out);
                let directions = directions.over(&part.design);
                return directions.gram(Some((form, h)), &mut multiply, &mut self.curved);
            }
        }
        let h = &self.curvature;
        let mut multiply = |a: &[f64], out: &mut [f64]| form.multiply(n, h, a, out);
        // The predictor is no longer needed.
        directions.gram(Some((form, h)), &mut multiply, &mut self.work.eta)
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

    /// The `s` by which the dual point in `gradient` comes into the domain of `Omega*`, and
    /// `Omega*(-s X'G)`.
    pub(super) fn penalty_bound(
        &mut self,
        lineality: &Lineality,
        penalty: &dyn Conjugate,
    ) -> Option<(f64, f64)> {
        let u = &mut self.scratch;
        // What is orthogonal up to rounding is made so exactly, as the conjugate is infinite else.
        match lineality {
            // Where nothing is, the gradient itself is at hand, and the memory of a copy is saved.
            Lineality::Trivial => return scaled_conjugate(penalty, &mut self.gradient),
            Lineality::Everything => {
                u.clear();
                u.resize(self.gradient.len(), 0.0);
            }
            Lineality::Coordinates(coordinates) => {
                u.clone_from(&self.gradient);
                coordinates.iter().for_each(|&j| u[j] = 0.0);
            }
            Lineality::Basis(basis) => {
                u.clone_from(&self.gradient);
                remove_components(basis, u);
            }
        }
        scaled_conjugate(penalty, u)
    }

    /// `f*(s G) - s <G, offset>`.
    fn loss_bound(&mut self, model: &LinearModel, fit: &dyn FitConjugate, scale: f64) -> f64 {
        self.work.grad_eta.iter_mut().for_each(|g| *g *= scale);
        let along = |offset: &Vec<f64>| kernels::dot(self.dual_in_eta(model), offset);
        let offset = model.offset.as_ref().map_or(0.0, along);
        fit.conjugate(&self.work.grad_eta) - offset
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
    /// domain of `f*`. Returns the gradient along unpenalised coordinates as it was before, with their
    /// flat indices.
    fn orthogonalize(
        &mut self,
        model: &LinearModel,
        fit: &dyn DataFit,
        lineality: &Lineality,
    ) -> Option<Vec<(usize, f64)>> {
        let (n, outputs) = (fit.samples(), fit.outputs());
        let directions = Directions::new(model, lineality);
        let m = directions.len();
        if m == 0 {
            return Some(Vec::new());
        }
        let mut right = Vec::with_capacity(m);
        directions.apply_t(&self.work.grad_eta, &mut right, &mut self.narrow);
        let along =
            directions.coefficients().iter().copied().zip(right[directions.whole()..].iter());
        let free = along.map(|(flat, g)| (flat, *g)).collect();
        let norms = directions.norms();
        if directions.within(&right, &norms, kernels::norm2(&self.work.grad_eta), EXACT) {
            return Some(free);
        }
        let curvature = fit.as_curvature();
        let product = curvature.and_then(|c| c.as_product());
        let is_kept = self.reuse && product.is_none() && self.gram.len() == m * m;
        let gram = match is_kept {
            true => std::mem::take(&mut self.gram),
            false => self.curve(fit, &directions),
        };
        let form = curvature.map_or(CurvatureForm::Diagonal, |c| c.form());
        let (curved, dual) = (&mut self.curved, &mut self.work.grad_eta);
        // Twice if need be: the second pass removes what rounding left in the first.
        for _ in 0..2 {
            cholesky_solve(&mut gram.clone(), m, &mut right)?;
            match product {
                Some(hessian) => {
                    self.scratch.resize(n * outputs, 0.0);
                    directions.apply(&right, &mut self.scratch, &mut self.narrow);
                    hessian.product(&self.work.eta, &[], &self.scratch, curved);
                    kernels::axpy(-1.0, curved, dual);
                }
                None => {
                    directions.apply(&right, &mut self.work.eta, &mut self.narrow);
                    form.add_product(n, &self.curvature, -1.0, &self.work.eta, dual);
                }
            }
            directions.apply_t(dual, &mut right, &mut self.narrow);
            if directions.within(&right, &norms, kernels::norm2(dual), EXACT) {
                return Some(free);
            }
        }
        // Where the curvature vanishes along a direction, nothing was moved: no dual point then.
        directions.within(&right, &norms, kernels::norm2(dual), ORTHOGONAL).then_some(free)
    }
}

/// The `s` by which `-gradient` comes into the domain of `Omega*`, and `Omega*(-s gradient)`; the gradient is
/// as it was afterwards, but for rounding by less than two units in the last place.
fn scaled_conjugate(penalty: &dyn Conjugate, gradient: &mut [f64]) -> Option<(f64, f64)> {
    scale_by(-1.0, gradient);
    let scale = penalty.dual_scale(gradient);
    if scale.is_nan() || scale <= 0.0 {
        scale_by(-1.0, gradient);
        return None;
    }
    if scale < f64::MIN_POSITIVE.sqrt() {
        // What would be lost on the way to numbers so small.
        let small: Vec<f64> = gradient.iter().map(|u| scale * u).collect();
        scale_by(-1.0, gradient);
        return Some((scale, penalty.conjugate(&small)));
    }
    if scale != 1.0 {
        scale_by(scale, gradient);
    }
    let conjugate = penalty.conjugate(gradient);
    scale_by(-1.0 / scale, gradient);
    Some((scale, conjugate))
}

fn scale_by(factor: f64, v: &mut [f64]) {
    v.iter_mut().for_each(|v| *v *= factor);
}

fn directions(lineality: &Lineality, coefficients: usize) -> usize {
    match lineality {
        Lineality::Trivial => 0,
        Lineality::Coordinates(coordinates) => coordinates.len(),
        Lineality::Basis(basis) => basis.len(),
        Lineality::Everything => coefficients,
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

#[cfg(test)]
mod tests {
    use super::scaled_conjugate;
    use crate::penalty::Conjugate;

    /// Of `0.5 |b|` for a coefficient, and infinite below 0.
    struct Half;

    impl Conjugate for Half {
        fn conjugate(&self, u: &[f64]) -> f64 {
            if u.iter().all(|u| *u <= 0.5 * (1.0 + 1e-12)) { 0.0 } else { f64::INFINITY }
        }
        fn dual_scale(&self, u: &[f64]) -> f64 {
            (0.5 / u.iter().copied().fold(0.0, f64::max)).min(1.0)
        }
    }

    #[test]
    fn the_gradient_is_scaled_into_the_domain_and_back() {
        for (worst, scale) in [(-0.3, 1.0), (-4.0, 0.125), (-1e-9, 1.0), (-2e300, 2.5e-301)] {
            let gradient = [worst, 7.0, 0.0, -1e-12 * worst, 1.0 / 3.0];
            let mut there = gradient;
            assert_eq!(scaled_conjugate(&Half, &mut there), Some((scale, 0.0)));
            for (there, before) in there.iter().zip(&gradient) {
                assert!((there - before).abs() <= 2.0 * f64::EPSILON * before.abs());
            }
        }
        let mut outside = [-f64::INFINITY, 1.0];
        assert_eq!(scaled_conjugate(&Half, &mut outside), None);
        assert_eq!(outside, [-f64::INFINITY, 1.0]);
    }
}
