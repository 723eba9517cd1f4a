//! The step of Newton's method proper on the support, where the curvature of a loss only bounds its
//! Hessian and the Hessian is known by products, as for Cox's model: descent on the bound finds the
//! support, and comes to the minimum on it at a linear rate only.

use fenchel_core::{LinearModel, Separable, Shape};

use crate::coordinate::{At, Model, SupportCg, column_moments};

/// The buffers of such steps.
#[derive(Debug, Default)]
pub(crate) struct Correction {
    conjugate: SupportCg,
    support: Vec<usize>,
    lipschitz: Vec<f64>,
    end: Vec<f64>,
    shifts: Vec<f64>,
}

impl Correction {
    /// Moves `params` to the end of a whole step from them, where `bound` is the model of the loss at
    /// `eta` and `grad_eta` its gradient; false where there is none.
    pub fn step(
        &mut self,
        penalty: &dyn Separable,
        model: &LinearModel,
        bound: &Model,
        (eta, grad_eta): (&[f64], &[f64]),
        (shape, params): (&Shape, &mut [f64]),
    ) -> bool {
        let product = model.fit.as_curvature().and_then(|curvature| curvature.as_product());
        let Some(product) = product else { return false };
        let (beta, intercepts, _) = shape.split_mut(params);
        self.support.clear();
        self.lipschitz.clear();
        for (flat, _) in beta.iter().enumerate().filter(|(_, b)| **b != 0.0) {
            let (j, k) = (flat % shape.features, flat / shape.features);
            let moments = column_moments(&model.design, j, bound.weights(k), bound.total(k));
            self.support.push(flat);
            self.lipschitz.push(moments.1);
        }
        let at = At {
            support: &self.support,
            lipschitz: &self.lipschitz,
            beta,
            grad_eta,
            totals: if intercepts.is_empty() { &[] } else { bound.totals() },
            copies: None,
        };
        let mut hessian = product.at(eta, &[]);
        let (end, shifts) = (&mut self.end, &mut self.shifts);
        let found = self.conjugate.run(penalty, &model.design, &mut hessian, at, end, shifts);
        if found {
            self.support.iter().zip(&*end).for_each(|(&flat, end)| beta[flat] = *end);
            intercepts.iter_mut().zip(&*shifts).for_each(|(b0, step)| *b0 += step);
        }
        found
    }
}
