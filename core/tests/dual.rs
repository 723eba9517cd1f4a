//! A loss with a prox in place of a gradient: null models and dual points.

#[path = "common/data.rs"]
mod data;
#[allow(dead_code)]
#[path = "common/maths.rs"]
mod maths;

use data::{dense_and_sparse, noise};
use fenchel_core::dual::{fit_free, intercept_columns, search};
use fenchel_core::elementwise::{
    Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx,
};
use fenchel_core::{
    Baseline, CertificateKind, Design, FitConjugate, FitProx, LinearModel, Problem, Response,
    Samples, certify, certify_with, kernels,
};
use maths::Elastic;

const N: usize = 20;
const P: usize = 5;

/// The check loss.
#[derive(Debug)]
struct Check(f64);

impl Elementwise for Check {
    fn value(&self, y: f64, eta: f64) -> f64 {
        (self.0 * (y - eta)).max((self.0 - 1.0) * (y - eta))
    }
    fn saturated(&self, _y: f64) -> f64 {
        0.0
    }
    fn as_conjugate(fit: &ElementwiseFit<Self>) -> Option<&dyn FitConjugate> {
        Some(fit)
    }
    fn as_prox(fit: &ElementwiseFit<Self>) -> Option<&dyn FitProx> {
        Some(fit)
    }
}

impl ElementwiseConjugate for Check {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        let slack = 1e-12;
        if u >= -self.0 - slack && u <= 1.0 - self.0 + slack { u * y } else { f64::INFINITY }
    }
}

impl ElementwiseProx for Check {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        y.max(v - step * (1.0 - self.0)).min(v + step * self.0)
    }
    fn envelope_derivative(&self, y: f64, v: f64, step: f64) -> f64 {
        ((v - y) / step).clamp(-self.0, 1.0 - self.0)
    }
}

fn model(tau: f64, y: Vec<f64>, weights: Option<Vec<f64>>) -> LinearModel {
    let samples = Samples::new(Response::None { samples: N }, weights).unwrap();
    let design = Design::standardized(dense_and_sparse(N, P).0, samples.weights());
    let fit = ElementwiseFit::new(Check(tau), y, &samples).unwrap();
    LinearModel::new(design, Box::new(fit), None, true).unwrap()
}

fn responses() -> [Vec<f64>; 3] {
    let smooth = noise(1, N);
    let ties = smooth.iter().map(|y| (3.0 * y).round()).collect();
    let far = smooth.iter().map(|y| 1e5 + 40.0 * y).collect();
    [smooth, ties, far]
}

#[test]
fn the_null_model_is_a_sample_quantile_with_a_dual_point() {
    for y in responses() {
        for tau in [0.1, 0.5, 0.77] {
            let model = model(tau, y.clone(), None);
            let columns = intercept_columns(&model);
            let fit = fit_free(&model, &[0.0; N], &columns).unwrap();
            let value = |b0: f64| model.fit.value(&[b0; N], &[]);
            let least = y.iter().map(|y| value(*y)).fold(f64::INFINITY, f64::min);
            let reached = value(fit.along[0]);
            assert!(reached <= least + 1e-12 * (1.0 + least), "{reached} above {least}");
            assert!(kernels::sum(&fit.dual).abs() < 1e-13);
            let gap = reached + model.fit.as_conjugate().unwrap().conjugate(&fit.dual);
            assert!(gap.abs() < 1e-11 * (1.0 + kernels::max_abs(&y)), "{gap:e} at {tau}");
        }
    }
}

#[test]
fn the_null_model_is_certified_from_its_threshold_on() {
    let weights: Vec<f64> =
        (0..N).map(|i| if i == 3 { 0.0 } else { 1.0 + (i % 3) as f64 }).collect();
    for y in responses() {
        for (tau, weights) in [(0.3, None), (0.5, None), (0.9, Some(weights.clone()))] {
            let model = model(tau, y.clone(), weights);
            let fit = fit_free(&model, &[0.0; N], &intercept_columns(&model)).unwrap();
            let mut params = vec![0.0; P + 1];
            params[P] = fit.along[0];
            let mut grad = vec![0.0; P];
            model.design.mul_t(&fit.dual, &mut grad);
            let top = kernels::max_abs(&grad);
            for (share, with) in [(1.0, true), (1.5, true), (0.5, true), (10.0, false)] {
                // Far from zero, the short step without a candidate drowns in rounding.
                if !with && kernels::max_abs(&y) > 1e3 {
                    continue;
                }
                let penalty = Elastic::new(P, share * top, 0.0, &[]);
                let baseline = Baseline::default();
                let problem = Problem { objective: &model, penalty: &penalty, baseline };
                let found = match with {
                    true => certify_with(&problem, &params, Some(&fit.dual)),
                    false => certify(&problem, &params),
                };
                assert_eq!(found.kind, CertificateKind::DualityGap);
                let size = 1.0 + kernels::max_abs(&y);
                if share >= 1.0 {
                    // Without a candidate the step is short, and rounding weighs more.
                    let least = if with { 1e-11 } else { 1e-9 };
                    assert!(found.value <= least * size, "{found:?} at {share}, {tau}");
                } else {
                    assert!(found.value > 1e-3, "{found:?} at {share}");
                }
            }
        }
    }
}

#[test]
fn a_search_ends_where_the_slope_is_small() {
    let kinked = |a: f64| if a < 3.0 { -2.0 + 0.1 * a } else { -1.7 + 5.0 * (a - 3.0) };
    assert!(kinked(search(-2.0, 0.01, kinked)).abs() <= 0.02);
    let far = |a: f64| 1e-9 * a - 1.0;
    assert!(far(search(-1.0, 0.1, far)).abs() <= 0.1);
    assert!(search(-1.0, 0.1, |_| f64::NAN) >= 0.0);
}
