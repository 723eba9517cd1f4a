//! Distances to stationarity, where there is no dual.

use super::{Certificate, CertificateKind, Certifier, certificate};
use crate::penalty::{Convexity, Penalty};
use crate::{Problem, joint, kernels, worst};

impl Certifier {
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
