//! Sums of elementary penalties: everything stays in closed form, coefficient by coefficient.

use fenchel_core::{
    Conjugate, Convexity, Elementary, Lineality, Penalty, Prox, Scalar, Separable, Subdifferential,
    Term, Terms, ZeroThreshold,
};

use crate::sum::sum_of;

/// A penalty given by its [`Scalar`]s.
#[derive(Debug)]
pub(crate) struct ElementarySum {
    terms: Vec<Box<dyn Penalty>>,
    scalars: Vec<Scalar>,
}

impl ElementarySum {
    /// The sum of `terms`, which are all elementary.
    pub(crate) fn new(terms: Vec<Box<dyn Penalty>>, coefficients: usize) -> Self {
        let mut scalars = vec![Scalar::ZERO; coefficients];
        for term in &terms {
            let elementary = term.as_elementary().expect("every term is elementary");
            for (j, scalar) in scalars.iter_mut().enumerate() {
                *scalar = scalar.plus(elementary.scalar(j));
            }
        }
        Self { terms, scalars }
    }
}

impl Penalty for ElementarySum {
    fn value(&self, beta: &[f64]) -> f64 {
        self.scalars.iter().zip(beta).map(|(scalar, b)| scalar.value(*b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let terms: Vec<_> = self.terms.iter().map(|term| term.scaled(scale)).collect();
        if terms.iter().all(|term| term.as_elementary().is_some()) {
            return Box::new(Self::new(terms, self.scalars.len()));
        }
        sum_of(terms, self.scalars.len())
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        let flat: Vec<usize> =
            (0..self.scalars.len()).filter(|&j| self.scalars[j] == Scalar::ZERO).collect();
        match flat.len() {
            0 => Lineality::Trivial,
            n if n == self.scalars.len() => Lineality::Everything,
            _ => Lineality::Coordinates(flat),
        }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        Some(self)
    }
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        Some(self)
    }
    fn as_terms(&self) -> Option<&dyn Terms> {
        Some(self)
    }
}

impl Elementary for ElementarySum {
    fn scalar(&self, j: usize) -> Scalar {
        self.scalars[j]
    }
}

impl Separable for ElementarySum {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.scalars[j].value(b)
    }
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        self.scalars[j].prox(v, step)
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        self.scalars[j].subdiff_dist(b, grad)
    }
}

impl Conjugate for ElementarySum {
    fn conjugate(&self, u: &[f64]) -> f64 {
        self.scalars.iter().zip(u).map(|(scalar, u)| scalar.conjugate(*u)).sum()
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        self.scalars.iter().zip(u).map(|(scalar, u)| scalar.dual_scale(*u)).fold(1.0, f64::min)
    }
}

impl ZeroThreshold for ElementarySum {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        self.scalars
            .iter()
            .zip(grad)
            .try_fold(0.0f64, |top, (scalar, g)| Some(top.max(scalar.zero_threshold(*g)?)))
    }
}

impl Terms for ElementarySum {
    fn terms(&self) -> Vec<Term<'_>> {
        self.terms.iter().map(|term| Term { penalty: &**term, operator: None }).collect()
    }
}
