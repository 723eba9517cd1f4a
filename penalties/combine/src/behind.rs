//! The terms of a penalty behind an operator.

use std::sync::Arc;

use fenchel_core::{Operator, Penalty, Term};

/// The terms of `child(first beta)`: each term of the child behind `first`, and then behind its own
/// operator. A child with a prox is one term.
#[derive(Debug)]
pub(crate) struct TermsBehind {
    child: Arc<dyn Penalty>,
    operators: Vec<Arc<dyn Operator>>,
}

impl TermsBehind {
    pub(crate) fn new(child: Arc<dyn Penalty>, first: &Arc<dyn Operator>) -> Self {
        let operators = match child.as_terms().filter(|_| child.as_prox().is_none()) {
            None => vec![Arc::clone(first)],
            Some(terms) => (terms.terms().iter().enumerate())
                .map(|(index, term)| match term.operator {
                    None => Arc::clone(first),
                    Some(second) => Arc::new(Composition {
                        first: Arc::clone(first),
                        child: Arc::clone(&child),
                        index,
                        rows: second.rows(),
                        norm_bound: second.norm_bound() * first.norm_bound(),
                    }),
                })
                .collect(),
        };
        Self { child, operators }
    }

    pub(crate) fn terms(&self) -> Vec<Term<'_>> {
        let penalties = match self.child.as_terms().filter(|_| self.child.as_prox().is_none()) {
            None => vec![&*self.child],
            Some(terms) => terms.terms().iter().map(|term| term.penalty).collect(),
        };
        penalties
            .into_iter()
            .zip(&self.operators)
            .map(|(penalty, operator)| Term { penalty, operator: Some(&**operator) })
            .collect()
    }
}

/// `second first`, where `second` belongs to a term of the child and is looked up there.
#[derive(Debug)]
struct Composition {
    first: Arc<dyn Operator>,
    child: Arc<dyn Penalty>,
    index: usize,
    rows: usize,
    norm_bound: f64,
}

impl Composition {
    fn with_second<R>(&self, then: impl FnOnce(&dyn Operator) -> R) -> R {
        let terms = self.child.as_terms().expect("the child had terms when this was built").terms();
        then(terms[self.index].operator.expect("the term had an operator when this was built"))
    }
}

impl Operator for Composition {
    fn rows(&self) -> usize {
        self.rows
    }
    fn mul(&self, beta: &[f64], out: &mut [f64]) {
        let mut image = vec![0.0; self.first.rows()];
        self.first.mul(beta, &mut image);
        self.with_second(|second| second.mul(&image, out));
    }
    fn mul_t(&self, u: &[f64], out: &mut [f64]) {
        let mut image = vec![0.0; self.first.rows()];
        self.with_second(|second| second.mul_t(u, &mut image));
        self.first.mul_t(&image, out);
    }
    fn norm_bound(&self) -> f64 {
        self.norm_bound
    }
}
