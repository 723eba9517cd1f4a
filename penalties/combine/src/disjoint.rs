//! Sums of penalties no two of which depend on the same coefficient.

use std::sync::Arc;

use fenchel_core::{
    Conjugate, Convexity, Lineality, Penalty, Prox, Separable, Subdifferential, Term, Terms,
    ZeroThreshold, worst,
};

use crate::subspace;
use crate::sum::sum_of;

/// `sum_t Omega_t` on disjoint supports, every term with a prox.
#[derive(Debug)]
pub(crate) struct DisjointSum {
    parts: Arc<Parts>,
    coordinatewise: Coordinatewise,
}

/// The terms, and which of them owns each coefficient.
#[derive(Debug)]
struct Parts {
    terms: Vec<Box<dyn Penalty>>,
    owner: Vec<Option<usize>>,
}

/// The same sum where every term is separable; its own type, as all that is separable has the prox
/// of its parts.
#[derive(Debug)]
struct Coordinatewise(Arc<Parts>);

impl DisjointSum {
    /// Gives the terms back where two of them share a coefficient, or one has no prox. A term does
    /// not depend on the coordinates in its lineality space.
    pub(crate) fn new(
        terms: Vec<Box<dyn Penalty>>,
        coefficients: usize,
    ) -> Result<Self, Vec<Box<dyn Penalty>>> {
        let mut owner = vec![None; coefficients];
        for (t, term) in terms.iter().enumerate() {
            if term.as_prox().is_none() {
                return Err(terms);
            }
            let free = subspace::free_coordinates(&term.lineality(), coefficients);
            for (owner, _) in owner.iter_mut().zip(free).filter(|(_, free)| !free) {
                if owner.replace(t).is_some() {
                    return Err(terms);
                }
            }
        }
        let parts = Arc::new(Parts { terms, owner });
        Ok(Self { parts: Arc::clone(&parts), coordinatewise: Coordinatewise(parts) })
    }

    fn all(&self, offers: impl Fn(&dyn Penalty) -> bool) -> bool {
        self.parts.terms.iter().all(|term| offers(&**term))
    }
}

impl Parts {
    /// `x` on the support of term `t`, and zero elsewhere.
    fn masked(&self, t: usize, x: &[f64]) -> Vec<f64> {
        let own = |(owner, x): (&Option<usize>, &f64)| if *owner == Some(t) { *x } else { 0.0 };
        self.owner.iter().zip(x).map(own).collect()
    }

    /// The largest `|x_j|` over coefficients that no term depends on.
    fn unowned(&self, x: &[f64]) -> f64 {
        let free = self.owner.iter().zip(x).filter(|(owner, _)| owner.is_none());
        free.fold(0.0, |top, (_, x)| worst(top, x.abs()))
    }
}

impl Penalty for DisjointSum {
    fn value(&self, beta: &[f64]) -> f64 {
        self.parts.terms.iter().map(|term| term.value(beta)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let terms = self.parts.terms.iter().map(|term| term.scaled(scale)).collect();
        sum_of(terms, self.parts.owner.len())
    }
    fn convexity(&self) -> Convexity {
        self.parts.terms.iter().fold(Convexity::Convex, |sum, term| match (sum, term.convexity()) {
            (Convexity::Nonconvex, _) | (_, Convexity::Nonconvex) => Convexity::Nonconvex,
            (Convexity::WeaklyConvex(a), Convexity::WeaklyConvex(b)) => {
                Convexity::WeaklyConvex(a.max(b))
            }
            (Convexity::Convex, other) | (other, Convexity::Convex) => other,
        })
    }
    fn lineality(&self) -> Lineality {
        let n = self.parts.owner.len();
        let free = (0..n).filter(|&j| self.parts.owner[j].is_none()).collect();
        let mut basis = Vec::new();
        for (t, term) in self.parts.terms.iter().enumerate() {
            if let Lineality::Basis(directions) = term.lineality() {
                let own = directions.iter().map(|d| self.parts.masked(t, d));
                basis.extend(own.filter(|d| d.iter().any(|d| *d != 0.0)));
            }
        }
        subspace::with_coordinates(basis, free, n)
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        self.all(|term| term.as_separable().is_some()).then_some(&self.coordinatewise)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        self.all(|term| term.as_subdifferential().is_some()).then_some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        self.all(|term| term.as_conjugate().is_some()).then_some(self)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        self.all(|term| term.as_zero_threshold().is_some()).then_some(self)
    }
    fn as_terms(&self) -> Option<&dyn Terms> {
        Some(self)
    }
}

impl Prox for DisjointSum {
    /// Each in turn: a prox leaves alone what its penalty does not depend on.
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let mut from = v.to_vec();
        let mut value = 0.0;
        for term in &self.parts.terms {
            value += term.as_prox().expect("every term has a prox").prox(&from, step, out);
            from.copy_from_slice(out);
        }
        value
    }
}

impl Coordinatewise {
    fn part(&self, j: usize) -> Option<&dyn Separable> {
        let term = &self.0.terms[self.0.owner[j]?];
        Some(term.as_separable().expect("every term is separable"))
    }
}

impl Separable for Coordinatewise {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.part(j).map_or(0.0, |part| part.value_at(j, b))
    }
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        self.part(j).map_or(v, |part| part.prox_at(j, v, step))
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        self.part(j).map_or(grad.abs(), |part| part.subdiff_dist_at(j, b, grad))
    }
}

impl Subdifferential for DisjointSum {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let parts = self.parts.terms.iter().enumerate();
        parts.fold(self.parts.unowned(grad), |top, (t, term)| {
            let part = term.as_subdifferential().expect("every term has a subdifferential");
            worst(top, part.subdiff_dist(beta, &self.parts.masked(t, grad)))
        })
    }
}

impl DisjointSum {
    fn conjugates(&self) -> impl Iterator<Item = (usize, &dyn Conjugate)> {
        let terms = self.parts.terms.iter().enumerate();
        terms.map(|(t, term)| (t, term.as_conjugate().expect("every term has a conjugate")))
    }
}

impl Conjugate for DisjointSum {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if !subspace::negligible(self.parts.unowned(u), u) {
            return f64::INFINITY;
        }
        self.conjugates().map(|(t, part)| part.conjugate(&self.parts.masked(t, u))).sum()
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        if !subspace::negligible(self.parts.unowned(u), u) {
            return 0.0;
        }
        let scales = self.conjugates().map(|(t, part)| part.dual_scale(&self.parts.masked(t, u)));
        scales.fold(1.0, f64::min)
    }
}

impl ZeroThreshold for DisjointSum {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        if !subspace::negligible(self.parts.unowned(grad), grad) {
            return None;
        }
        self.parts.terms.iter().enumerate().try_fold(0.0f64, |top, (t, term)| {
            let part = term.as_zero_threshold().expect("every term has a zero threshold");
            Some(top.max(part.zero_threshold(&self.parts.masked(t, grad))?))
        })
    }
}

impl Terms for DisjointSum {
    fn terms(&self) -> Vec<Term<'_>> {
        self.parts.terms.iter().map(|term| Term { penalty: &**term, operator: None }).collect()
    }
}
