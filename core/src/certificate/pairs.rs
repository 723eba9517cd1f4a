//! Certificates and Newton's steps of a loss of which each sample sees two thresholds at most: what is
//! said of `n x L` numbers elsewhere is said of two a sample here.

use super::gap::{EXACT, ORTHOGONAL};
use super::{Certificate, CertificateKind, Certifier, certificate};
use crate::directions::Directions;
use crate::linalg::cholesky_solve;
use crate::objective::{LinearModel, Objective};
use crate::penalty::Lineality;
use crate::thresholds::Neighbours;
use crate::{Problem, kernels, worst};

impl Certifier {
    /// Fills `work.eta` and `pairs`, curvature included or left as it is, and returns the loss where it
    /// is finite.
    pub(super) fn expand_pairs(
        &mut self,
        model: &LinearModel,
        neighbours: &dyn Neighbours,
        params: &[f64],
        curved: bool,
    ) -> Option<f64> {
        model.eta(params, &mut self.work.eta);
        self.pairs.resize(self.work.eta.len());
        let own = model.shape().split(params).2;
        let loss = neighbours.expand(&self.work.eta, own, curved, &mut self.pairs);
        loss.is_finite().then_some(loss)
    }

    /// `out <- A'G` for the dual point in `pairs`.
    pub(super) fn products_of_pairs(
        &self,
        neighbours: &dyn Neighbours,
        directions: &Directions<'_>,
        out: &mut Vec<f64>,
    ) {
        out.clear();
        self.pairs.sums(neighbours.classes(), directions.whole(), out);
        directions.products(&self.pairs.along, out);
    }

    /// `A'HA` for the curvature in `pairs`.
    pub(super) fn gram_of_pairs(
        &mut self,
        neighbours: &dyn Neighbours,
        directions: &Directions<'_>,
    ) -> Vec<f64> {
        let (classes, thresholds) = (neighbours.classes(), directions.whole());
        let rows = [self.pairs.row_upper.as_slice(), &self.pairs.row_lower];
        if let Some(part) = directions.subset().filter(|_| self.partly)
            && let Some(times) = part.times(&rows)
        {
            let cut = self.pairs.cut(part, times);
            let classes: Vec<u32> = part.rows().iter().map(|&i| classes[i]).collect();
            let total = cut.total(&classes, thresholds);
            cut.cross(&classes, thresholds, &mut self.curved);
            return directions.over(&part.design).shared_gram(&total, &mut self.curved);
        }
        let total = self.pairs.total(classes, thresholds);
        if directions.len() == thresholds {
            return total;
        }
        self.pairs.cross(classes, thresholds, &mut self.curved);
        directions.shared_gram(&total, &mut self.curved)
    }

    /// The duality gap; the problem was found to have one.
    pub(super) fn gap_of_pairs(
        &mut self,
        problem: &Problem<'_>,
        model: &LinearModel,
        neighbours: &dyn Neighbours,
        lineality: &Lineality,
        params: &[f64],
    ) -> Option<Certificate> {
        let (penalty, shape) = (problem.penalty.as_conjugate()?, problem.shape());
        let beta = shape.split(params).0;
        let is_kept = self.reuse && !self.gram.is_empty();
        let loss = self.expand_pairs(model, neighbours, params, !is_kept)?;
        let free = self.orthogonalize_pairs(model, neighbours, lineality, is_kept)?;
        self.gradient.resize(shape.coefficients(), 0.0);
        if *lineality != Lineality::Everything {
            let reach = self.reach(problem, self.over.as_deref(), beta);
            model.mul_t_within(reach, &self.pairs.along, &mut self.gradient);
        }
        let value = loss + problem.penalty.value(beta);
        let (scale, omega) = self.penalty_bound(lineality, penalty)?;
        let along = |offset: &Vec<f64>| scale * kernels::dot(&self.pairs.along, offset);
        let offset = model.offset.as_ref().map_or(0.0, along);
        let conjugate = neighbours.conjugate(&self.pairs.upper, &self.pairs.lower, scale);
        free.into_iter().for_each(|(j, g)| self.gradient[j] = g);
        let gap = worst(0.0, value + (conjugate - offset + omega));
        gap.is_finite().then(|| certificate(problem, CertificateKind::DualityGap, gap))
    }

    /// Makes the dual point in `pairs` orthogonal to thresholds and unpenalised directions, as
    /// `orthogonalize` does.
    fn orthogonalize_pairs(
        &mut self,
        model: &LinearModel,
        neighbours: &dyn Neighbours,
        lineality: &Lineality,
        is_kept: bool,
    ) -> Option<Vec<(usize, f64)>> {
        let directions = Directions::new(model, lineality);
        let (m, whole) = (directions.len(), directions.whole());
        let mut right = Vec::with_capacity(m);
        self.products_of_pairs(neighbours, &directions, &mut right);
        let along = directions.coefficients().iter().copied().zip(right[whole..].iter());
        let free = along.map(|(flat, g)| (flat, *g)).collect();
        let gram = match is_kept && self.gram.len() == m * m {
            true => std::mem::take(&mut self.gram),
            false => self.gram_of_pairs(neighbours, &directions),
        };
        let norms = directions.norms();
        let size = |u: &Self| kernels::norm2(&u.pairs.upper).hypot(kernels::norm2(&u.pairs.lower));
        // Twice if need be: the second pass removes what rounding left in the first.
        for _ in 0..2 {
            cholesky_solve(&mut gram.clone(), m, &mut right)?;
            directions.change(&right[whole..], &mut self.narrow);
            self.pairs.step_back(neighbours.classes(), &self.narrow, &right[..whole]);
            self.products_of_pairs(neighbours, &directions, &mut right);
            if directions.within(&right, &norms, size(self), EXACT) {
                return Some(free);
            }
        }
        directions.within(&right, &norms, size(self), ORTHOGONAL).then_some(free)
    }
}
