//! Several outputs that one sample couples: curvature in K x K blocks, a conjugate on the simplex.

use fenchel_core::{
    Bound, CertificateKind, Curvature, CurvatureForm, DataFit, Design, Error, FitConjugate,
    LinearModel, Loss, Objective, Predictor, Problem, Response, ResponseKind, Samples, SmoothFit,
    certify,
};

use crate::tools::{L1, normal_design, proximal_gradient};

/// `log sum_k exp(eta_k) - eta_y`, one column of `eta` a class.
#[derive(Debug)]
struct Multinomial;

#[derive(Debug)]
struct Fit {
    class: Vec<u32>,
    shares: Vec<f64>, // w_i / n
    outputs: usize,
}

/// `log sum exp` of row `i`, and the probabilities into `p`.
fn softmax(eta: &[f64], n: usize, i: usize, p: &mut [f64]) -> f64 {
    let top = (0..p.len()).fold(f64::NEG_INFINITY, |top, k| top.max(eta[i + n * k]));
    let mut sum = 0.0;
    for (k, p) in p.iter_mut().enumerate() {
        *p = (eta[i + n * k] - top).exp();
        sum += *p;
    }
    p.iter_mut().for_each(|p| *p /= sum);
    top + sum.ln()
}

impl Loss for Multinomial {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Classes
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let (class, labels) = samples.classes()?;
        let n = samples.len();
        Ok(Bound::Eta(Box::new(Fit {
            class: class.to_vec(),
            shares: (0..n).map(|i| samples.weight(i) / n as f64).collect(),
            outputs: labels.len(),
        })))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Multinomial {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        let n = eta.len() / outputs;
        let (mut all, mut p) = (vec![0.0; eta.len()], vec![0.0; outputs]);
        for i in 0..n {
            softmax(eta, n, i, &mut p);
            p.iter().enumerate().for_each(|(k, p)| all[i + n * k] = *p);
        }
        (all, outputs)
    }
    fn class(&self, eta: &[f64], outputs: usize) -> Option<Vec<u32>> {
        let n = eta.len() / outputs;
        let best = |i: usize| {
            (0..outputs).max_by(|a, b| eta[i + n * a].total_cmp(&eta[i + n * b])).unwrap_or(0)
        };
        Some((0..n).map(|i| best(i) as u32).collect())
    }
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        match self.bind(samples, &Design::new(fenchel_core::Matrix::identity(samples.len())))? {
            Bound::Eta(fit) => Ok(2.0 * fit.value(eta, &[])),
            Bound::Direct(_) => unreachable!("bound to a function of eta above"),
        }
    }
}

impl DataFit for Fit {
    fn samples(&self) -> usize {
        self.class.len()
    }
    fn outputs(&self) -> usize {
        self.outputs
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        let (n, mut p) = (self.class.len(), vec![0.0; self.outputs]);
        let mut of = |i: usize| softmax(eta, n, i, &mut p) - eta[i + n * self.class[i] as usize];
        (0..n).map(|i| self.shares[i] * of(i)).sum()
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

impl SmoothFit for Fit {
    fn gradient(&self, eta: &[f64], _: &[f64], grad: &mut [f64], _: &mut [f64]) -> f64 {
        let (n, mut p, mut total) = (self.class.len(), vec![0.0; self.outputs], 0.0);
        for i in 0..n {
            let y = self.class[i] as usize;
            total += self.shares[i] * (softmax(eta, n, i, &mut p) - eta[i + n * y]);
            p[y] -= 1.0;
            p.iter().enumerate().for_each(|(k, p)| grad[i + n * k] = self.shares[i] * p);
        }
        total
    }
    /// `||diag(p) - p p'|| <= 1/2`. Source: Boehning (1992).
    fn hessian_bound(&self) -> Option<f64> {
        Some(0.5 * self.shares.iter().fold(0.0, |top: f64, s| top.max(*s)))
    }
}

impl Curvature for Fit {
    fn form(&self) -> CurvatureForm {
        CurvatureForm::Blocks
    }
    fn curvature(&self, eta: &[f64], _own: &[f64], out: &mut [f64]) {
        let (n, outputs) = (self.class.len(), self.outputs);
        let mut p = vec![0.0; outputs];
        for i in 0..n {
            softmax(eta, n, i, &mut p);
            for (k, l) in (0..outputs).flat_map(|k| (0..outputs).map(move |l| (k, l))) {
                let diagonal = if k == l { p[k] } else { 0.0 };
                out[i + n * (k + outputs * l)] = self.shares[i] * (diagonal - p[k] * p[l]);
            }
        }
    }
}

impl FitConjugate for Fit {
    /// `sum_k q_k log q_k` on the simplex, `q = u / share + e_y`.
    fn conjugate(&self, u: &[f64]) -> f64 {
        let n = self.class.len();
        let mut total = 0.0;
        for (i, share) in self.shares.iter().enumerate() {
            let q = |k: usize| {
                u[i + n * k] / share + if self.class[i] as usize == k { 1.0 } else { 0.0 }
            };
            if *share == 0.0 {
                let zero = (0..self.outputs).all(|k| u[i + n * k] == 0.0);
                total += if zero { 0.0 } else { f64::INFINITY };
                continue;
            }
            let sum: f64 = (0..self.outputs).map(q).sum();
            if (sum - 1.0).abs() > 1e-12 || (0..self.outputs).any(|k| q(k) < -1e-12) {
                return f64::INFINITY;
            }
            let entropy = |q: f64| if q > 0.0 { q * q.ln() } else { 0.0 };
            total += share * (0..self.outputs).map(|k| entropy(q(k))).sum::<f64>();
        }
        total
    }
}

#[test]
fn multinomial_obeys_the_laws_with_blocks_of_curvature() {
    fenchel_laws::loss::assert_laws(&Multinomial);
}

#[test]
fn a_multinomial_lasso_is_certified_by_its_duality_gap() {
    let n = 40;
    let design = normal_design(n, 3, 5);
    let class = (0..n).map(|i| ((i * 7 + i / 5) % 3) as u32).collect();
    let labels = ["a", "b", "c"].map(String::from).to_vec();
    let samples = Samples::new(Response::Classes { class, labels }, None).unwrap();
    for intercept in [false, true] {
        let Bound::Eta(fit) = Multinomial.bind(&samples, &design).unwrap() else { panic!() };
        let model = LinearModel::new(design.clone(), fit, None, intercept).unwrap();
        let penalty = L1(0.02);
        let problem =
            Problem { objective: &model, penalty: &penalty, baseline: Default::default() };
        let best = proximal_gradient(&problem, model.start(), 4000);
        let certificate = certify(&problem, &best);
        assert_eq!(certificate.kind, CertificateKind::DualityGap, "intercept {intercept}");
        assert!(certificate.value < 1e-10, "intercept {intercept}: {certificate:?}");
    }
}
