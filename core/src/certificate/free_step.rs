//! Newton's step in all parameters, from what certificates are made of.

use super::{Certificate, Certifier, MOST_FREE_DIRECTIONS};
use crate::curvature::CurvatureForm;
use crate::directions::Directions;
use crate::linalg::cholesky_solve;
use crate::penalty::{Convexity, Lineality};
use crate::{Problem, kernels};

/// Newton's step in all parameters, see [`Certifier::free_step`].
#[derive(Debug, Clone)]
pub struct FreeStep {
    /// The loss before it.
    pub loss: f64,
    /// By how much it is to fall, to first order.
    pub decrease: f64,
    /// The share of the samples whose curvature stood for that of all.
    pub share: f64,
    /// The step, laid out like the parameters.
    pub along: Vec<f64>,
}

impl Certifier {
    /// Newton's step from `params` in all parameters, where the penalty is constant and the loss convex
    /// and curved. It is what the dual point of the certificate there is moved by, at a third of the price.
    /// With `partly`, some of the samples stand for all in the curvature, where they are many.
    pub fn free_step(
        &mut self,
        problem: &Problem<'_>,
        params: &[f64],
        partly: bool,
    ) -> Option<FreeStep> {
        self.partly = partly;
        let step = self.newton_step(problem, params);
        self.partly = false;
        step
    }

    fn newton_step(&mut self, problem: &Problem<'_>, params: &[f64]) -> Option<FreeStep> {
        let model = problem.objective.as_linear()?;
        let thresholds = model.fit.as_own().map(|own| own.as_thresholds());
        let fit = match thresholds {
            None => &*model.fit,
            Some(thresholds) => thresholds?.fit,
        };
        let curvature = fit.as_curvature().filter(|_| fit.as_smooth().is_some())?;
        let approximate = curvature.form() == CurvatureForm::Approximate;
        let shape = problem.shape();
        if problem.penalty.convexity() != Convexity::Convex
            || problem.penalty.lineality() != Lineality::Everything
            || !model.fit.is_convex()
            || approximate && curvature.as_product().is_none()
            || shape.len() > MOST_FREE_DIRECTIONS
        {
            return None;
        }
        let directions = Directions::new(model, &Lineality::Everything);
        let mut gradient = Vec::with_capacity(shape.len());
        let loss = match thresholds.flatten().and_then(|seen| seen.neighbours) {
            Some(neighbours) => {
                let loss = self.expand_pairs(model, neighbours, params, true)?;
                self.products_of_pairs(neighbours, &directions, &mut gradient);
                self.gram = self.gram_of_pairs(neighbours, &directions);
                loss
            }
            None => {
                let loss = self.expand(model, thresholds.flatten(), params);
                if !loss.is_finite() {
                    return None;
                }
                directions.apply_t(&self.work.grad_eta, &mut gradient, &mut self.narrow);
                self.gram = self.curve(fit, &directions);
                loss
            }
        };
        let mut along = gradient.clone();
        cholesky_solve(&mut self.gram.clone(), shape.len(), &mut along)?;
        let decrease = kernels::dot(&gradient, &along);
        along.iter_mut().for_each(|t| *t = -*t);
        // Intercepts or thresholds are the first of the directions, and the last of the parameters.
        along.rotate_left(directions.whole());
        let part = directions.subset().filter(|_| self.partly);
        let share = part.map_or(1.0, |part| part.rows().len() as f64 / model.fit.samples() as f64);
        decrease.is_finite().then_some(FreeStep { loss, decrease, share, along })
    }

    /// The certificate after such a step, which takes the curvature from where that began: near enough
    /// for a dual point once steps are short. Where it is not, the certificate as ever.
    pub fn certify_after(&mut self, problem: &Problem<'_>, params: &[f64]) -> Certificate {
        self.reuse = true;
        let gap = self.duality_gap(problem, params);
        self.reuse = false;
        gap.unwrap_or_else(|| self.certify(problem, params))
    }
}
