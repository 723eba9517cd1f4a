//! A loss that is not smooth: a value and a prox, no gradient.

use fenchel_core::elementwise::{Elementwise, ElementwiseFit, ElementwiseProx};
use fenchel_core::{
    Bound, DataFit, Design, Error, FitProx, LinearModel, Loss, Objective, Problem, Response,
    ResponseKind, Samples, certify,
};

use crate::tools::{L1, normal_design};

/// The pinball loss `tau r_+ + (1 - tau) (-r)_+`, `r = y - eta`.
#[derive(Debug, Clone, Copy)]
struct Quantile {
    tau: f64,
}

impl Elementwise for Quantile {
    fn value(&self, y: f64, eta: f64) -> f64 {
        let r = y - eta;
        (self.tau * r).max((self.tau - 1.0) * r)
    }
    fn saturated(&self, _y: f64) -> f64 {
        0.0
    }
    fn as_prox(fit: &ElementwiseFit<Self>) -> Option<&dyn FitProx> {
        Some(fit)
    }
}

impl ElementwiseProx for Quantile {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        // Unlike `clamp`, this does not panic at NaN.
        y.max(v - step * (1.0 - self.tau)).min(v + step * self.tau)
    }
}

impl Loss for Quantile {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let y = samples.number()?;
        fenchel_core::elementwise::check_responses(y, samples.len(), |_| true, "finite")?;
        Ok(Bound::Eta(Box::new(ElementwiseFit::new(*self, y.to_vec(), samples)?)))
    }
}

fn bound(y: &[f64], tau: f64) -> Box<dyn DataFit> {
    let samples = Samples::new(Response::Numeric { values: y.to_vec(), columns: 1 }, None).unwrap();
    match (Quantile { tau }).bind(&samples, &normal_design(y.len(), 2, 1)) {
        Ok(Bound::Eta(fit)) => fit,
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn the_quantile_loss_obeys_the_laws() {
    for tau in [0.1, 0.5, 0.9] {
        fenchel_laws::loss::assert_laws(&Quantile { tau });
    }
}

#[test]
fn no_capability_is_pretended() {
    let fit = bound(&[1.0, 2.0], 0.5);
    assert!(fit.as_smooth().is_none() && fit.as_curvature().is_none());
    assert!(fit.as_prox().is_some());
    let model = LinearModel::new(normal_design(2, 2, 1), fit, None, true).unwrap();
    assert!(model.as_smooth().is_none());
    // With neither gradient nor conjugate there is no certificate, and it says so.
    let penalty = L1(0.1);
    let problem = Problem { objective: &model, penalty: &penalty, baseline: Default::default() };
    assert_eq!(certify(&problem, &model.start()).value, f64::INFINITY);
}

#[test]
fn the_proximal_point_method_finds_the_sample_quantile() {
    // min over a common eta: alternate the prox of the loss with the mean (ADMM, one consensus).
    let y = [0.3, -1.0, 4.0, 2.5, 0.9, 7.0, 1.4];
    let fit = bound(&y, 0.25);
    let prox = fit.as_prox().unwrap();
    let (mut z, mut dual, mut mean) = (vec![0.0; 7], vec![0.0; 7], 0.0);
    for _ in 0..2000 {
        let v: Vec<f64> = dual.iter().map(|d| mean - d).collect();
        prox.prox(&v, 2.0, &mut z);
        mean = z.iter().zip(&dual).map(|(z, d)| z + d).sum::<f64>() / 7.0;
        dual.iter_mut().zip(&z).for_each(|(d, z)| *d += z - mean);
    }
    // 7 * 0.25 = 1.75: the second smallest.
    assert!((mean - 0.3).abs() < 1e-6, "{mean}");
}
