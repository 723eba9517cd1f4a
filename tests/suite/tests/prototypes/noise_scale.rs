//! A loss with a parameter of its own: the noise scale of a Gaussian, estimated jointly with the
//! coefficients in the concomitant form, which is convex in both.

use fenchel_core::{
    Bound, CertificateKind, DataFit, Design, Error, LinearModel, Loss, Objective, OwnParameters,
    OwnReport, Problem, Response, ResponseKind, Samples, SmoothFit, Workspace, certify,
};
use fenchel_laws::Random;

use crate::tools::{L1, normal_design, proximal_gradient, total};

/// `(1/n) sum_i w_i ((y_i - eta_i)^2 / (2 sigma) + sigma / 2)`, `+inf` unless `sigma > 0`.
/// Source: Owen (2007), Contemporary Mathematics 443; Ndiaye et al. (2017), eq. 1.
#[derive(Debug)]
struct Concomitant;

#[derive(Debug)]
struct Fit {
    y: Vec<f64>,
    shares: Vec<f64>, // w_i / n
}

impl Loss for Concomitant {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let y = samples.number()?;
        let n = samples.len();
        fenchel_core::elementwise::check_responses(y, n, |_| true, "finite")?;
        let shares = (0..n).map(|i| samples.weight(i) / n as f64).collect();
        Ok(Bound::Eta(Box::new(Fit { y: y.to_vec(), shares })))
    }
}

impl Fit {
    fn mean_square(&self, eta: &[f64]) -> f64 {
        let square = |((y, e), s): ((&f64, &f64), &f64)| s * (y - e) * (y - e);
        self.y.iter().zip(eta).zip(&self.shares).map(square).sum()
    }
}

impl DataFit for Fit {
    fn samples(&self) -> usize {
        self.y.len()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        match own[0] {
            sigma if sigma > 0.0 => 0.5 * self.mean_square(eta) / sigma + 0.5 * sigma,
            _ => f64::INFINITY,
        }
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        Some(self)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
}

impl OwnParameters for Fit {
    fn start(&self) -> Vec<f64> {
        let square = self.mean_square(&vec![0.0; self.y.len()]);
        vec![if square > 0.0 { square.sqrt() } else { 1.0 }]
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        OwnReport { intercept: None, extra: vec![("noise_scale".into(), own.to_vec())] }
    }
}

impl SmoothFit for Fit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        let (sigma, value) = (own[0], self.value(eta, own));
        if value.is_finite() {
            for (i, g) in grad.iter_mut().enumerate() {
                *g = self.shares[i] * (eta[i] - self.y[i]) / sigma;
            }
            grad_own[0] = 0.5 - 0.5 * self.mean_square(eta) / (sigma * sigma);
        }
        value
    }
    /// None that holds for every sigma.
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}

#[test]
fn a_loss_with_a_noise_scale_obeys_the_laws() {
    fenchel_laws::loss::assert_laws(&Concomitant);
}

#[test]
fn the_estimated_scale_is_the_residual_deviation_and_carries_the_objective() {
    let (n, p) = (50, 4);
    let design = normal_design(n, p, 41);
    let mut y = Random::new(42).normals(n, 0.7);
    design.column_axpy(1, 2.0, &mut y);
    let samples = Samples::new(Response::Numeric { values: y.clone(), columns: 1 }, None).unwrap();
    let Bound::Eta(fit) = Concomitant.bind(&samples, &design).unwrap() else { panic!("eta") };
    let model = LinearModel::new(design, fit, None, true).unwrap();
    assert_eq!(model.shape().own, 1);
    let penalty = L1(0.1);
    let problem = Problem { objective: &model, penalty: &penalty, baseline: Default::default() };
    let best = proximal_gradient(&problem, model.start(), 3000);

    let mut eta = Vec::new();
    model.eta(&best, &mut eta);
    let square: f64 = y.iter().zip(&eta).map(|(y, e)| (y - e) * (y - e)).sum::<f64>() / n as f64;
    let sigma = best[p + 1];
    assert!((sigma - square.sqrt()).abs() < 1e-7, "{sigma}");
    // At the best scale the loss is sigma itself.
    let (loss, _) = problem.values(&best, &mut Workspace::default());
    assert!((loss - sigma).abs() < 1e-7);
    assert_eq!(model.report(&best).extra[0], ("noise_scale".to_string(), vec![sigma]));
    // There is no dual in eta alone, so stationarity is what certifies; in sigma too.
    let certificate = certify(&problem, &best);
    assert_eq!(certificate.kind, CertificateKind::Stationarity);
    assert!(certificate.value < 1e-6, "{certificate:?}");
    let mut outside = best.clone();
    outside[p + 1] = -1.0;
    assert_eq!(total(&problem, &outside), f64::INFINITY);
    assert_eq!(certify(&problem, &outside).value, f64::INFINITY);
}
