//! A variance component: samples of one subject share a random intercept, so the loss couples
//! samples through `Samples::subject`, and its own parameters are two scales.
//!
//! Own parameters are free for every solver, so a variance that may be 0 is parametrised such that
//! the boundary is an interior stationary point: `tau` enters as `tau^2`, sigma as its logarithm.

use fenchel_core::{
    Bound, DataFit, Design, Error, LinearModel, Loss, Objective, OwnParameters, OwnReport, Problem,
    Response, ResponseKind, Samples, SmoothFit, certify,
};
use fenchel_laws::Random;
use nalgebra::{DMatrix, DVector};

use crate::tools::{L1, normal_design, proximal_gradient};

/// Minus the log-likelihood over n of `y = eta + b_subject + e`, less `log(2 pi) / 2`, with
/// `b ~ N(0, tau^2)`, `e ~ N(0, sigma^2)`; own parameters `(log sigma, tau)`.
#[derive(Debug)]
struct RandomIntercept;

#[derive(Debug)]
struct Fit {
    y: Vec<f64>,
    members: Vec<Vec<usize>>,
}

impl Loss for RandomIntercept {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let y = samples.number()?;
        fenchel_core::elementwise::check_responses(y, samples.len(), |_| true, "finite")?;
        let subject = samples
            .subject()
            .ok_or_else(|| Error::Data("a random intercept needs a subject column".into()))?;
        if samples.weights().is_some() {
            let message = "sample weights have no meaning beside correlated samples";
            return Err(Error::Unsupported(message.into()));
        }
        let mut members: std::collections::BTreeMap<u32, Vec<usize>> = Default::default();
        subject.iter().enumerate().for_each(|(i, s)| members.entry(*s).or_default().push(i));
        Ok(Bound::Eta(Box::new(Fit { y: y.to_vec(), members: members.into_values().collect() })))
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
        let (noise, between) = ((2.0 * own[0]).exp(), own[1] * own[1]);
        let mut total = 0.0;
        for group in &self.members {
            let size = group.len() as f64;
            let (sum, square) = self.moments(group, eta);
            let all = noise + size * between;
            total += (size - 1.0) * 2.0 * own[0] + all.ln();
            total += (square - between * sum * sum / all) / noise;
        }
        0.5 * total / self.y.len() as f64
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        Some(self)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
}

impl Fit {
    /// Sum and sum of squares of a subject's residuals.
    fn moments(&self, group: &[usize], eta: &[f64]) -> (f64, f64) {
        group.iter().map(|&i| self.y[i] - eta[i]).fold((0.0, 0.0), |m, r| (m.0 + r, m.1 + r * r))
    }
}

impl OwnParameters for Fit {
    fn start(&self) -> Vec<f64> {
        let n = self.y.len() as f64;
        let square = self.y.iter().map(|y| y * y).sum::<f64>() / n;
        let half = if square > 0.0 { (0.5 * square).sqrt() } else { 1.0 };
        vec![half.ln(), half]
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        let variances = vec![own[1] * own[1], (2.0 * own[0]).exp()];
        OwnReport { intercept: None, extra: vec![("variance_components".into(), variances)] }
    }
}

impl SmoothFit for Fit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        let n = self.y.len() as f64;
        let (noise, between) = ((2.0 * own[0]).exp(), own[1] * own[1]);
        let (mut in_noise, mut in_between) = (0.0, 0.0);
        for group in &self.members {
            let size = group.len() as f64;
            let (sum, square) = self.moments(group, eta);
            let all = noise + size * between;
            for &i in group {
                grad[i] = -((self.y[i] - eta[i]) - between * sum / all) / (noise * n);
            }
            // Along the constant vector the variance is `all`, across it `noise`.
            let (along, across) = (sum * sum / size, square - sum * sum / size);
            in_noise += (size - 1.0) / noise - across / (noise * noise);
            in_noise += 1.0 / all - along / (all * all);
            in_between += size / all - size * along / (all * all);
        }
        grad_own[0] = 0.5 * in_noise * 2.0 * noise / n;
        grad_own[1] = 0.5 * in_between * 2.0 * own[1] / n;
        self.value(eta, own)
    }
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}

fn bound(y: &[f64], subject: Vec<u32>, design: &Design) -> Box<dyn DataFit> {
    let response = Response::Numeric { values: y.to_vec(), columns: 1 };
    let samples = Samples::new(response, None).unwrap().with_subject(subject).unwrap();
    match RandomIntercept.bind(&samples, design) {
        Ok(Bound::Eta(fit)) => fit,
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_variance_component_obeys_the_laws_that_know_no_weights() {
    let report = fenchel_laws::loss::check_all(&RandomIntercept);
    assert!(report.holds(), "{report}");
    let weights = report.outcome("weights_equal_repetition");
    assert_eq!(weights, Some(&fenchel_laws::Outcome::NotApplicable));
}

#[test]
fn the_likelihood_is_that_of_the_dense_covariance() {
    let n = 9;
    let subject: Vec<u32> = (0..n as u32).map(|i| i % 4).collect();
    let y = Random::new(61).normals(n, 1.0);
    let eta = Random::new(62).normals(n, 1.0);
    let fit = bound(&y, subject.clone(), &normal_design(n, 1, 63));
    let own = [-0.3, 0.8];
    let v = DMatrix::from_fn(n, n, |i, j| {
        let shared = if subject[i] == subject[j] { 0.64 } else { 0.0 };
        shared + if i == j { (-0.6f64).exp() } else { 0.0 }
    });
    let r = DVector::from_fn(n, |i, _| y[i] - eta[i]);
    let cholesky = v.cholesky().unwrap();
    let expected = 0.5 * (cholesky.ln_determinant() + r.dot(&cholesky.solve(&r))) / n as f64;
    assert!((fit.value(&eta, &own) - expected).abs() < 1e-13);
}

#[test]
fn a_variance_at_its_boundary_is_certified_as_stationary() {
    let n = 40;
    let design = normal_design(n, 2, 64);
    let subject: Vec<u32> = (0..n as u32).map(|i| i / 4).collect();
    for between in [0.0, 1.5] {
        let mut random = Random::new(65);
        let effects = random.normals(10, between);
        let mut y = random.normals(n, 0.5);
        y.iter_mut().zip(&subject).for_each(|(y, s)| *y += effects[*s as usize]);
        if between == 0.0 {
            // Residuals that cancel within each subject: the likelihood is largest at tau = 0.
            y.chunks_mut(2).for_each(|pair| pair[1] = -pair[0]);
        }
        let fit = bound(&y, subject.clone(), &design);
        let model = LinearModel::new(design.clone(), fit, None, true).unwrap();
        let penalty = L1(0.05);
        let problem =
            Problem { objective: &model, penalty: &penalty, baseline: Default::default() };
        let best = proximal_gradient(&problem, model.start(), 20_000);
        let certificate = certify(&problem, &best);
        assert!(certificate.value < 1e-6, "between {between}: {certificate:?}, {best:?}");
        let variances = &model.report(&best).extra[0].1;
        if between == 0.0 {
            assert!(variances[0] < 1e-6, "{variances:?}");
        } else {
            assert!(variances[0] > 0.5 && (0.1..0.6).contains(&variances[1]), "{variances:?}");
        }
    }
}
