//! A loss that couples samples, sorts them when it is bound, and takes no intercept.

use fenchel_core::{
    Bound, Curvature, CurvatureForm, DataFit, Design, Error, LinearModel, Loss, Objective, Problem,
    Response, ResponseKind, Samples, SmoothFit, certify,
};
use fenchel_laws::Random;

use crate::tools::{L1, normal_design, proximal_gradient};

/// Minus the log partial likelihood with Breslow's treatment of ties,
/// `(1/n) sum_{i: event} w_i (log sum_{j: t_j >= t_i} w_j exp(eta_j) - eta_i)`.
#[derive(Debug)]
struct Cox;

#[derive(Debug)]
struct Fit {
    weights: Vec<f64>,
    event: Vec<bool>,
    /// Samples by descending time, and where each run of equal times ends.
    order: Vec<usize>,
    ends: Vec<usize>,
}

impl Loss for Cox {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Survival
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let (time, event) = samples.survival()?;
        let n = samples.len();
        if let Some(i) = (0..n).find(|&i| !(time[i].is_finite() && time[i] >= 0.0)) {
            let expected = "finite and at least 0".into();
            return Err(Error::Domain { what: "time", sample: i, got: time[i], expected });
        }
        if !event.contains(&true) {
            return Err(Error::Data("no sample has an event".into()));
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| time[b].total_cmp(&time[a]));
        let ends = (1..=n).filter(|&r| r == n || time[order[r]] != time[order[r - 1]]).collect();
        let weights = (0..n).map(|i| samples.weight(i)).collect();
        Ok(Bound::Eta(Box::new(Fit { weights, event: event.to_vec(), order, ends })))
    }
}

impl Fit {
    /// Calls `visit(run, risk)` for each run of tied samples, latest first, with the weighted sum of
    /// `exp(eta - top)` over all samples at risk.
    fn runs(&self, eta: &[f64], top: f64, mut visit: impl FnMut(&[usize], f64)) {
        let (mut start, mut risk) = (0, 0.0);
        for &end in &self.ends {
            let run = &self.order[start..end];
            risk += run.iter().map(|&i| self.weights[i] * (eta[i] - top).exp()).sum::<f64>();
            visit(run, risk);
            start = end;
        }
    }

    fn events<'a>(&'a self, run: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        run.iter().copied().filter(|&i| self.event[i] && self.weights[i] > 0.0)
    }
}

fn top(eta: &[f64]) -> f64 {
    eta.iter().fold(f64::NEG_INFINITY, |top, e| top.max(*e))
}

impl DataFit for Fit {
    fn samples(&self) -> usize {
        self.event.len()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn takes_intercept(&self) -> bool {
        false
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        let (top, mut total) = (top(eta), 0.0);
        self.runs(eta, top, |run, risk| {
            for i in self.events(run) {
                total += self.weights[i] * (risk.ln() + top - eta[i]);
            }
        });
        total / eta.len() as f64
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        Some(self)
    }
}

impl Fit {
    /// Writes `w_j exp(eta_j) sum_{events i: t_i <= t_j} w_i / risk_i / n`, which is the positive
    /// part of the gradient and a diagonal that bounds the Hessian; one pass down, one up.
    fn expected_events(&self, eta: &[f64], out: &mut [f64]) {
        let (n, top) = (eta.len() as f64, top(eta));
        let mut hazards = Vec::with_capacity(self.ends.len());
        self.runs(eta, top, |run, risk| {
            hazards.push(self.events(run).map(|i| self.weights[i] / risk).sum::<f64>());
        });
        let mut cumulative = 0.0;
        for (r, hazard) in hazards.iter().enumerate().rev() {
            cumulative += hazard;
            let start = if r == 0 { 0 } else { self.ends[r - 1] };
            for &j in &self.order[start..self.ends[r]] {
                out[j] = self.weights[j] * (eta[j] - top).exp() * cumulative / n;
            }
        }
    }
}

impl SmoothFit for Fit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], _: &mut [f64]) -> f64 {
        self.expected_events(eta, grad);
        for (j, g) in grad.iter_mut().enumerate() {
            *g -= if self.event[j] { self.weights[j] / eta.len() as f64 } else { 0.0 };
        }
        self.value(eta, own)
    }
    /// Each event adds the Hessian of a log-sum-exp, at most 1/2.
    fn hessian_bound(&self) -> Option<f64> {
        let n = self.event.len();
        Some(0.5 * self.events(&self.order).map(|i| self.weights[i]).sum::<f64>() / n as f64)
    }
}

impl Curvature for Fit {
    fn form(&self) -> CurvatureForm {
        CurvatureForm::Approximate
    }
    fn curvature(&self, eta: &[f64], _own: &[f64], out: &mut [f64]) {
        self.expected_events(eta, out);
    }
}

fn data(n: usize) -> Samples {
    let mut random = Random::new(8);
    let time = (0..n).map(|_| (6.0 * random.uniform()).ceil()).collect();
    let event = (0..n).map(|_| random.uniform() < 0.7).collect();
    let weights = (0..n).map(|_| 0.1 + random.uniform()).collect();
    Samples::new(Response::Survival { time, event }, Some(weights)).unwrap()
}

#[test]
fn cox_obeys_the_laws() {
    fenchel_laws::loss::assert_laws(&Cox);
}

#[test]
fn cumulative_sums_agree_with_the_double_sum_of_the_definition() {
    let n = 30;
    let samples = data(n);
    let design = normal_design(n, 3, 9);
    let Bound::Eta(fit) = Cox.bind(&samples, &design).unwrap() else { panic!("no eta") };
    let eta = Random::new(10).normals(n, 2.0);
    let (time, event) = samples.survival().unwrap();
    let mut naive = 0.0;
    for i in (0..n).filter(|&i| event[i]) {
        let risk: f64 =
            (0..n).filter(|&j| time[j] >= time[i]).map(|j| samples.weight(j) * eta[j].exp()).sum();
        naive += samples.weight(i) * (risk.ln() - eta[i]) / n as f64;
    }
    assert!((fit.value(&eta, &[]) - naive).abs() < 1e-12);
    // A common shift of eta, however large, changes nothing: that is why there is no intercept.
    let shifted: Vec<f64> = eta.iter().map(|e| e + 900.0).collect();
    assert!((fit.value(&shifted, &[]) - naive).abs() < 1e-11);
}

#[test]
fn the_model_drops_the_intercept_and_the_fit_is_stationary() {
    let n = 30;
    let design = normal_design(n, 3, 9);
    let Bound::Eta(fit) = Cox.bind(&data(n), &design).unwrap() else { panic!("no eta") };
    let model = LinearModel::new(design, fit, None, true).unwrap();
    assert_eq!(model.shape().len(), 3);
    let penalty = L1(0.01);
    let problem = Problem { objective: &model, penalty: &penalty, baseline: Default::default() };
    let best = proximal_gradient(&problem, model.start(), 3000);
    assert!(best.iter().any(|b| *b != 0.0) && certify(&problem, &best).value < 1e-8);
}
