//! `lambda sum_i |b_i - b_(i-1)|` over all 6 coefficients: the lasso behind a difference operator.

use fenchel_core::{Convexity, Lineality, Operator, Penalty, Term, Terms};

use crate::lasso::Lasso;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flaw {
    None,
    TermTwice,
    AdjointOfTheOtherSign,
    NormBoundHalved,
    LinealityTwice,
    LinealityForgotten,
}

#[derive(Debug)]
pub struct Chain {
    lasso: Box<dyn Penalty>,
    flaw: Flaw,
    differences: Differences,
    scale: f64,
}

#[derive(Debug)]
struct Differences {
    flaw: Flaw,
}

impl Chain {
    pub fn new(flaw: Flaw) -> Self {
        let lasso = Box::new(Lasso::without_weights());
        Self { lasso, flaw, differences: Differences { flaw }, scale: 1.0 }
    }
}

impl Operator for Differences {
    fn rows(&self) -> usize {
        5
    }
    fn mul(&self, beta: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(beta.windows(2)).for_each(|(out, b)| *out = b[1] - b[0]);
    }
    fn mul_t(&self, u: &[f64], out: &mut [f64]) {
        let sign = if self.flaw == Flaw::AdjointOfTheOtherSign { -1.0 } else { 1.0 };
        out.fill(0.0);
        for (i, u) in u.iter().enumerate() {
            out[i] -= sign * u;
            out[i + 1] += sign * u;
        }
    }
    fn norm_bound(&self) -> f64 {
        if self.flaw == Flaw::NormBoundHalved { 2.0 } else { 4.0 }
    }
}

impl Terms for Chain {
    fn terms(&self) -> Vec<Term<'_>> {
        let term = Term { penalty: &*self.lasso, operator: Some(&self.differences) };
        if self.flaw == Flaw::TermTwice { vec![term, term] } else { vec![term] }
    }
}

impl Penalty for Chain {
    fn value(&self, beta: &[f64]) -> f64 {
        let mut image = [0.0; 5];
        self.differences.mul(beta, &mut image);
        self.lasso.value(&image)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let lasso = self.lasso.scaled(scale);
        Box::new(Self { lasso, scale: scale * self.scale, ..Self::new(self.flaw) })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        match self.flaw {
            Flaw::LinealityForgotten => Lineality::Trivial,
            Flaw::LinealityTwice => Lineality::Basis(vec![vec![1.0; 6], vec![2.0; 6]]),
            _ => Lineality::Basis(vec![vec![1.0; 6]]),
        }
    }
    fn as_terms(&self) -> Option<&dyn Terms> {
        Some(self)
    }
}
