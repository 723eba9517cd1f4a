//! Distances to stationarity, where there is no dual.

use super::{Certificate, CertificateKind, Certifier, certificate};
use crate::penalty::Convexity;
use crate::products::Reach;
use crate::{Problem, joint, kernels, worst};

impl Certifier {
    /// The distance to stationarity; `None` where the penalty does not know its subdifferential or
    /// the objective has no gradient.
    pub fn stationarity(&mut self, problem: &Problem<'_>, params: &[f64]) -> Option<Certificate> {
        let subdifferential = problem.penalty.as_subdifferential()?;
        let free = self.full_gradient(problem, params, true)?;
        let beta = &params[..self.gradient.len()];
        let value = worst(free, subdifferential.subdiff_dist(beta, &self.gradient));
        Some(certificate(problem, CertificateKind::Stationarity, value))
    }

    /// The fixed-point residual of a proximal gradient step; `None` without prox or gradient. A sum
    /// with no joint prox has it computed from its terms' (see [`joint`]).
    pub fn prox_residual(&mut self, problem: &Problem<'_>, params: &[f64]) -> Option<Certificate> {
        let free = self.full_gradient(problem, params, false)?;
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

    /// Fills `gradient`, where entries of no account may be `bounded`, and returns the largest entry of the gradient
    /// in the free parameters.
    fn full_gradient(
        &mut self,
        problem: &Problem<'_>,
        params: &[f64],
        bounded: bool,
    ) -> Option<f64> {
        let smooth = problem.objective.as_smooth()?;
        let shape = problem.shape();
        self.gradient.resize(shape.len(), 0.0);
        let value = match problem.objective.as_linear() {
            Some(model) => {
                let over = self.over.take();
                let reach = match over.as_deref() {
                    over if bounded => self.reach(problem, over, shape.split(params).0),
                    over => over.map_or(Reach::All, Reach::Over),
                };
                let (gradient, work) = (&mut self.gradient, &mut self.work);
                let value = model.value_gradient_within(reach, params, gradient, work);
                self.over = over;
                value?
            }
            None => smooth.value_gradient(params, &mut self.gradient, &mut self.work),
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
