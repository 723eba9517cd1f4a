//! The simulation of the q-Gaussian mixed-effects model: 60 subjects of 5 samples, 8 features of which
//! three matter, and the noise of a subject multivariate t of m degrees of freedom and scale
//! `I + 11'`, or Gaussian.

#![allow(dead_code, missing_docs)]

use fenchel_core::{
    Bound, DenseMatrix, Design, LinearModel, Loss, Matrix, Objective, Problem, Response, Samples,
};
use fenchel_loss_tsallis::{Effect, Tsallis};
use fenchel_solvers::{Control, Status, method};

use crate::common::{Lasso, Shows, problem};

pub const SUBJECTS: usize = 60;
pub const EACH: usize = 5;
pub const FEATURES: usize = 8;
const THETA: [f64; FEATURES] = [2.0, -1.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];

/// SplitMix64 (Steele, Lea & Flood 2014), and what is drawn from it.
pub struct Random(pub u64);

impl Random {
    /// Uniform in (0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + 2f64.powi(-54)
    }
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }
    /// Gamma of this shape, at least 1 (Marsaglia & Tsang 2000, ACM TOMS 26(3)).
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}

/// A data set; Gaussian where there is no m.
pub fn simulated(seed: u64, m: Option<f64>) -> (Matrix, Samples) {
    let (n, mut random) = (SUBJECTS * EACH, Random(seed));
    let x: Vec<f64> = (0..n * FEATURES).map(|_| random.normal()).collect();
    let mut y = vec![0.0; n];
    for subject in y.chunks_mut(EACH) {
        let shared = random.normal();
        let stretch = m.map_or(1.0, |m| (0.5 * m / random.gamma(0.5 * m)).sqrt());
        subject.iter_mut().for_each(|y| *y = stretch * (shared + random.normal()));
    }
    for (theta, x) in THETA.iter().zip(x.chunks(n)) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y += theta * x);
    }
    let subject = (0..n).map(|i| (i / EACH) as u32).collect();
    let samples = Samples::new(Response::Numeric { values: y, columns: 1 }, None).unwrap();
    let matrix = DenseMatrix::new(n, FEATURES, x).unwrap();
    (Matrix::Dense(matrix), samples.with_subject(subject).unwrap())
}

/// An estimate, and what the loss reports of its own.
pub struct Estimate {
    /// `||theta - truth||^2`.
    pub error: f64,
    pub theta: Vec<f64>,
    pub extra: Vec<(String, Vec<f64>)>,
    pub iterations: u64,
}

impl Estimate {
    pub fn of(&self, name: &str) -> Option<f64> {
        self.extra.iter().find(|(known, _)| known == name).map(|(_, values)| values[0])
    }
}

/// Fits without intercept or penalty: q and the variance ratio given, or estimated; sigma estimated.
pub fn estimate(
    (matrix, samples): &(Matrix, Samples),
    q: Option<f64>,
    tau: Option<f64>,
) -> Estimate {
    let loss = Tsallis::new(q, None).unwrap();
    let tau = tau.map(|tau| vec![tau]);
    let loss = loss.with_random(vec![Effect::Intercept], tau, false).unwrap();
    let design = Design::new(matrix.clone());
    let Bound::Eta(fit) = loss.bind(samples, &design).unwrap() else { panic!("bound") };
    let model = LinearModel::new(design, fit, None, false).unwrap();
    let penalty = Lasso { lambda: 0.0, shows: Shows::Separable };
    let problem: Problem<'_> = problem(&model, &penalty);
    let mut control = Control { tol: 1e-8, ..Control::default() };
    let solver = method("prox_ncg").unwrap();
    let outcome = solver.solve(&problem, model.start(), &mut control).unwrap();
    assert_eq!(outcome.status, Status::Converged, "{:?}", outcome.certificate);
    let square = |(b, t): (&f64, &f64)| (b - t) * (b - t);
    Estimate {
        error: outcome.params.iter().zip(&THETA).map(square).sum(),
        theta: outcome.params[..FEATURES].to_vec(),
        extra: model.report(&outcome.params).extra,
        iterations: outcome.iterations,
    }
}

pub fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    0.5 * (values[half] + values[(values.len() - 1) / 2])
}
