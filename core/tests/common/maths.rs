//! Two losses and a penalty: core names none of its own.

use fenchel_core::elementwise::{
    Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseSmooth, SmoothCurved,
};
use fenchel_core::{
    Conjugate, Convexity, Elementary, FitConjugate, Lineality, Penalty, Prox, Scalar, Separable,
    Subdifferential,
};

/// `(y - eta)^2 / 2`.
#[derive(Debug)]
pub struct Half;

/// `log(1 + exp(eta)) - y eta`.
#[derive(Debug)]
pub struct Logit;

macro_rules! smooth_and_convex {
    ($($loss:ty),*) => {$(
        impl Elementwise for $loss {
            fn value(&self, y: f64, eta: f64) -> f64 {
                self.value_derivative(y, eta).0
            }
            fn saturated(&self, _y: f64) -> f64 {
                0.0
            }
            fn as_smooth(fit: &ElementwiseFit<Self>) -> Option<&dyn SmoothCurved> {
                Some(fit)
            }
            fn as_conjugate(fit: &ElementwiseFit<Self>) -> Option<&dyn FitConjugate> {
                Some(fit)
            }
        }
    )*};
}
smooth_and_convex!(Half, Logit);

impl ElementwiseSmooth for Half {
    const QUADRATIC: bool = true;
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        (0.5 * (eta - y) * (eta - y), eta - y)
    }
    fn second_derivative(&self, _y: f64, _eta: f64) -> f64 {
        1.0
    }
    fn second_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

impl ElementwiseConjugate for Half {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        u * y + 0.5 * u * u
    }
}

impl ElementwiseSmooth for Logit {
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        let value = eta.max(0.0) + (-eta.abs()).exp().ln_1p() - y * eta;
        (value, 1.0 / (1.0 + (-eta).exp()) - y)
    }
    fn second_derivative(&self, _y: f64, eta: f64) -> f64 {
        1.0 / ((1.0 + eta.exp()) * (1.0 + (-eta).exp()))
    }
    fn second_bound(&self) -> Option<f64> {
        Some(0.25)
    }
}

impl ElementwiseConjugate for Logit {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        let q = u + y;
        if !(-1e-12..=1.0 + 1e-12).contains(&q) {
            return f64::INFINITY;
        }
        [q, 1.0 - q].iter().map(|q| if *q > 0.0 { q * q.ln() } else { 0.0 }).sum()
    }
}

/// `l1 |b_j| + l2/2 b_j^2` on every coefficient but the free ones.
#[derive(Debug, Clone)]
pub struct Elastic {
    parts: Vec<Scalar>,
    free: Vec<usize>,
}

impl Elastic {
    pub fn new(p: usize, l1: f64, l2: f64, free: &[usize]) -> Self {
        let part = |j| match free.contains(&j) {
            true => Scalar::ZERO,
            false => Scalar { l1, l2, ..Scalar::ZERO },
        };
        Self { parts: (0..p).map(part).collect(), free: free.to_vec() }
    }
}

impl Penalty for Elastic {
    fn value(&self, beta: &[f64]) -> f64 {
        self.parts.iter().zip(beta).map(|(part, b)| part.value(*b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let scaled = |s: &Scalar| Scalar { l1: scale * s.l1, l2: scale * s.l2, ..*s };
        Box::new(Self { parts: self.parts.iter().map(scaled).collect(), free: self.free.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        match self.free.len() {
            0 => Lineality::Trivial,
            free if free == self.parts.len() => Lineality::Everything,
            _ => Lineality::Coordinates(self.free.clone()),
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
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        Some(self)
    }
}

impl Separable for Elastic {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.parts[j].value(b)
    }
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        self.parts[j].prox(v, step)
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        self.parts[j].subdiff_dist(b, grad)
    }
}

impl Conjugate for Elastic {
    fn conjugate(&self, u: &[f64]) -> f64 {
        self.parts.iter().zip(u).map(|(part, u)| part.conjugate(*u)).sum()
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        self.parts.iter().zip(u).fold(1.0, |s, (part, u)| s.min(part.dual_scale(*u)))
    }
}

impl Elementary for Elastic {
    fn scalar(&self, j: usize) -> Scalar {
        self.parts[j]
    }
}
