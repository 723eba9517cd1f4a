//! Value and derivatives of the partial likelihood, each a pass down the risk sets and one back up.

use fenchel_core::{
    Curvature, CurvatureForm, DataFit, FitConjugate, HessianProduct, Product, SmoothFit,
};

use crate::risk::{Hazard, Risk, RiskSets, Risks, Run};

/// Cox's loss bound to times, events and weights.
#[derive(Debug)]
pub(crate) struct CoxFit {
    pub sets: RiskSets,
}

impl CoxFit {
    /// `sum_{events up to t_j} (1 - what a tied event is spared) share / risk`, as hazards.
    fn hazards(&self, risks: &Risks) -> Vec<Hazard> {
        let hazard = |(run, risk): (&Run, &Risk)| {
            let (mut all, mut spared) = (0.0, 0.0);
            for k in 0..run.steps {
                let part = run.share / risk.at_step(run, k);
                all += part;
                spared += run.left_out(k) * part;
            }
            Hazard { all, spared }
        };
        self.sets.runs.iter().zip(&risks.sets).map(hazard).collect()
    }

    /// Writes the expected number of events of each sample, `w_j exp(eta_j) hazard_j / n`: the
    /// positive part of the gradient, and a diagonal that bounds the Hessian.
    fn expected_events(&self, risks: &Risks, out: &mut [f64]) {
        out.fill(0.0);
        self.sets.ascend(risks, &self.hazards(risks), |j, expected| out[j] = expected);
    }

    fn value_at(&self, eta: &[f64], risks: &Risks) -> f64 {
        let n = self.sets.samples as f64;
        let mut total = 0.0;
        for (run, risk) in self.sets.runs.iter().zip(&risks.sets) {
            let logarithms: f64 = (0..run.steps).map(|k| risk.at_step(run, k).ln()).sum();
            let below: f64 = self.sets.events(run).map(|(i, w)| w * (risk.top - eta[i])).sum();
            total += run.share * logarithms + below / n;
        }
        if total.is_nan() { f64::INFINITY } else { total }
    }
}

impl DataFit for CoxFit {
    fn samples(&self) -> usize {
        self.sets.samples
    }
    fn outputs(&self) -> usize {
        1
    }
    fn takes_intercept(&self) -> bool {
        false
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        self.value_at(eta, &self.sets.at(eta))
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        Some(self)
    }
}

impl SmoothFit for CoxFit {
    fn gradient(&self, eta: &[f64], _own: &[f64], grad: &mut [f64], _: &mut [f64]) -> f64 {
        let risks = self.sets.at(eta);
        self.expected_events(&risks, grad);
        let n = self.sets.samples as f64;
        for run in &self.sets.runs {
            self.sets.events(run).for_each(|(i, w)| grad[i] -= w / n);
        }
        self.value_at(eta, &risks)
    }

    /// Every event adds the Hessian of a log-sum-exp, whose eigenvalues are at most 1/2.
    fn hessian_bound(&self) -> Option<f64> {
        Some(0.5 * self.sets.runs.iter().map(|run| run.events()).sum::<f64>())
    }
}

impl Curvature for CoxFit {
    fn form(&self) -> CurvatureForm {
        CurvatureForm::Approximate
    }
    fn curvature(&self, eta: &[f64], _own: &[f64], out: &mut [f64]) {
        self.expected_events(&self.sets.at(eta), out);
    }
    fn as_product(&self) -> Option<&dyn HessianProduct> {
        Some(self)
    }
}

impl HessianProduct for CoxFit {
    fn product(&self, eta: &[f64], own: &[f64], v: &[f64], out: &mut [f64]) {
        self.at(eta, own)(v, out);
    }

    /// Over the steps of all risk sets, `share w_j exp(eta_j) / risk (v_j - mean of v at risk)`.
    fn at<'a>(&'a self, eta: &'a [f64], _own: &'a [f64]) -> Product<'a> {
        let risks = self.sets.at(eta);
        let mut expected = vec![0.0; eta.len()];
        self.expected_events(&risks, &mut expected);
        let mut means = Vec::with_capacity(self.sets.runs.len());
        Box::new(move |v, out| {
            means.clear();
            self.sets.descend(&risks, v, |run, risk, weighted| {
                let (mut all, mut spared) = (0.0, 0.0);
                for k in 0..run.steps {
                    let sum = risk.at_step(run, k);
                    let part = run.share * weighted.at_step(run, k) / sum / sum;
                    all += part;
                    spared += run.left_out(k) * part;
                }
                means.push(Hazard { all, spared });
            });
            for ((out, v), expected) in out.iter_mut().zip(v).zip(&expected) {
                *out = expected * v;
            }
            self.sets.ascend(&risks, &means, |j, mean| out[j] -= mean);
        })
    }
}
