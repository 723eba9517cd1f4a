//! Objectives that are met by way of others: a barrier keeps the iterates inside a domain, and its
//! weight falls along a path.

use crate::objective::Workspace;

/// One stop on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Weight of the objective against the barrier, falling along the path, greater than 0.
    pub mu: f64,
    /// How far the domain of the barrier reaches, greater than 0; more is wider.
    pub shift: f64,
    /// Largest number of iterations that are worth while.
    pub iterations: u64,
}

/// An objective `f(x) + h_s(x) / mu` with a barrier `h_s >= 0` that is `+inf` outside a domain which
/// grows with `s`. The objective itself is the last stage; [`Smooth`](crate::Smooth) is its gradient.
pub trait CentralPath: Send + Sync {
    /// The stages, in order; at least one.
    fn stages(&self) -> &[Stage];

    /// Writes the gradient of `mu f + h_s` and returns its value; where that is `+inf`, `grad` is
    /// unspecified.
    fn gradient_at(
        &self,
        stage: &Stage,
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> f64;

    /// Writes a number greater than 0 for each parameter, of the size of the second derivative of the
    /// last stage in it: a metric for steps. `params` is inside the domain.
    fn metric(&self, params: &[f64], out: &mut [f64], work: &mut Workspace);
}
