//! Losses with parameters of their own, through the driver.

use fenchel_core::{
    Bound, DataFit, Design, Error, Loss, OwnParameters, OwnReport, ResponseKind, Samples, SmoothFit,
};
use fenchel_solvers::Status;
use serde_json::json;

use super::fixture::*;
use crate::drive::assemble::{Rows, assemble, original_scale};
use crate::drive::null::Null;
use crate::file::config::ModelConfig;

/// A normal log-likelihood with mean `t + eta` and variance `exp(2 s)`, whose own parameters are
/// `t`, which stands in for the intercept, and `s`.
#[derive(Debug)]
struct Normal;

#[derive(Debug)]
struct NormalFit(Vec<f64>);

impl Loss for Normal {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(NormalFit(samples.number()?.to_vec()))))
    }
}

impl DataFit for NormalFit {
    fn samples(&self) -> usize {
        self.0.len()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        self.gradient(eta, own, &mut vec![0.0; eta.len()], &mut [0.0; 2])
    }
    fn takes_intercept(&self) -> bool {
        false
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        Some(self)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
}

impl SmoothFit for NormalFit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        let (n, precision) = (self.0.len() as f64, (-2.0 * own[1]).exp());
        let mut square = 0.0;
        grad_own.fill(0.0);
        for ((y, eta), g) in self.0.iter().zip(eta).zip(grad) {
            let r = own[0] + eta - y;
            square += r * r * precision / n;
            *g = r * precision / n;
            grad_own[0] += *g;
        }
        grad_own[1] = 1.0 - square;
        0.5 * square + own[1]
    }
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}

impl OwnParameters for NormalFit {
    fn start(&self) -> Vec<f64> {
        vec![0.0, 0.0]
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        let extra = vec![("noise".to_string(), vec![own[1].exp()])];
        OwnReport { intercept: Some(vec![own[0]]), extra }
    }
}

#[test]
fn own_parameters_of_the_null_model_are_their_maximum_likelihood() {
    let table = linear(50);
    let job = job(&table, quadratic(), l1(1.0));
    let rows = Rows::all(&job.dataset);
    let objective = assemble(&Normal, &rows, &ModelConfig::default()).unwrap();
    let space = fenchel_core::Space::numbered(3, 1);
    let penalty = (job.penalty)(&space).unwrap();
    let null = Null::of(objective.as_ref(), penalty.as_ref());
    let y = &table[3].1;
    let mean = y.iter().sum::<f64>() / 50.0;
    let deviation = (y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 50.0).sqrt();
    close(&null.zero.to_vec(), &[0.0, 0.0, 0.0, mean, deviation.ln()], 1e-12);
}

/// Absolute errors: no gradient.
#[derive(Debug)]
struct Absolute;

#[derive(Debug)]
struct AbsoluteFit(Vec<f64>);

impl Loss for Absolute {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(AbsoluteFit(samples.number()?.to_vec()))))
    }
}

impl DataFit for AbsoluteFit {
    fn samples(&self) -> usize {
        self.0.len()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        self.0.iter().zip(eta).map(|(y, eta)| (y - eta).abs()).sum::<f64>() / self.0.len() as f64
    }
}

#[test]
fn the_null_model_without_a_gradient_is_the_median() {
    let table = linear(51);
    let job = job(&table, quadratic(), l1(1.0));
    let objective = assemble(&Absolute, &Rows::all(&job.dataset), &ModelConfig::default()).unwrap();
    let penalty = (job.penalty)(&fenchel_core::Space::numbered(3, 1)).unwrap();
    let null = Null::of(objective.as_ref(), penalty.as_ref());
    let mut y = table[3].1.clone();
    y.sort_by(f64::total_cmp);
    close(&null.zero.to_vec(), &[0.0, 0.0, 0.0, y[25]], 1e-12);
    assert_eq!(null.threshold, None);
}

#[test]
fn thresholds_come_back_to_the_original_scale() {
    let table = linear(50);
    let mut whole = job(&table, quadratic(), l1(0.05));
    whole.loss = Box::new(Normal);
    whole.solver.tol = 1e-8;
    let solution = solved(&whole);
    assert_eq!(solution.status, Status::Converged);
    assert_eq!(solution.extra[0].0, "noise");
    let noise = solution.extra[0].1[0];
    // At the optimum the residuals have mean 0 and mean square noise^2.
    let residual = |i: usize| {
        let fit: f64 = (0..3).map(|j| table[j].1[i] * solution.coefficients[j]).sum();
        table[3].1[i] - solution.intercept[0] - fit
    };
    let (mean, square) =
        (0..50).map(residual).fold((0.0, 0.0), |(m, s), r| (m + r / 50.0, s + r * r / 50.0));
    close(&[mean, square], &[0.0, noise * noise], 1e-6);
}

#[test]
fn one_shift_moves_every_threshold_of_a_shared_column() {
    let job = job(&linear(20), quadratic(), json!({ "type": "none" }));
    let rows = Rows::all(&job.dataset);
    let objective = assemble(&Normal, &rows, &ModelConfig::default()).unwrap();
    let model = objective.as_linear().unwrap();
    let params = [1.0, 0.0, 0.0, 2.0, 0.0];
    let estimate = original_scale(objective.as_ref(), &params);
    let slope = 1.0 / model.design.scale(0);
    close(&estimate.coefficients.dense(), &[slope, 0.0, 0.0], 1e-15);
    close(&estimate.intercept, &[2.0 - slope * model.design.centre(0)], 1e-14);
    assert!(model.design.centre(0) != 0.0);
}
