//! A whole problem, `F(params) = objective(params) + penalty(beta)`, as a solver receives it.

use crate::certificate::Baseline;
use crate::objective::{Objective, Shape, Workspace};
use crate::penalty::Penalty;

/// An objective and a penalty, with the values at zero coefficients that tolerances refer to.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// The loss, over all parameters.
    pub objective: &'a dyn Objective,
    /// The penalty, over the coefficients.
    pub penalty: &'a dyn Penalty,
    /// What "relative" refers to.
    pub baseline: Baseline,
}

impl Problem<'_> {
    /// The sizes of the parameters.
    pub fn shape(&self) -> Shape {
        self.objective.shape()
    }

    /// `(objective, penalty)` at `params`.
    pub fn values(&self, params: &[f64], work: &mut Workspace) -> (f64, f64) {
        let beta = &params[..self.shape().coefficients()];
        (self.objective.value(params, work), self.penalty.value(beta))
    }
}
