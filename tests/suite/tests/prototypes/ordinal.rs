//! Thresholds as parameters of the loss, reported in place of the intercept: the cumulative logit
//! with one column of coefficients for all thresholds, or one a threshold (then under PRESTO).

use fenchel_core::{
    Bound, DataFit, Design, Error, LinearModel, Loss, Objective, OwnParameters, OwnReport, Penalty,
    Problem, Response, ResponseKind, Samples, Smooth, SmoothFit, Workspace, certify,
};
use fenchel_laws::Random;

use crate::chain::Presto;
use crate::tools::{L1, assert_close, dense, normal_design, proximal_gradient, total};

/// `P(y <= k) = sigma(alpha_k + eta_k)`, `k = 0 .. q`; with `parallel` one `eta` for every `k`.
/// `+inf` unless `alpha_k + eta_k` increases in `k` for every sample.
#[derive(Debug)]
struct CumulativeLogit {
    parallel: bool,
}

#[derive(Debug)]
struct Fit {
    class: Vec<u32>,
    shares: Vec<f64>, // w_i / n
    thresholds: usize,
    parallel: bool,
}

impl Loss for CumulativeLogit {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Classes
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let (class, labels) = samples.classes()?;
        let n = samples.len();
        for (c, label) in labels.iter().enumerate() {
            if !(0..n).any(|i| class[i] as usize == c && samples.weight(i) > 0.0) {
                return Err(Error::Data(format!("no sample is in class \"{label}\"")));
            }
        }
        Ok(Bound::Eta(Box::new(Fit {
            class: class.to_vec(),
            shares: (0..n).map(|i| samples.weight(i) / n as f64).collect(),
            thresholds: labels.len() - 1,
            parallel: self.parallel,
        })))
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn log_sigmoid(z: f64) -> f64 {
    z.min(0.0) - (-z.abs()).exp().ln_1p()
}

impl Fit {
    /// Minus the log-probability of sample `i`, and its derivatives in the two predictors around
    /// its class: `(threshold, derivative)`.
    fn sample(&self, eta: &[f64], own: &[f64], i: usize) -> (f64, [Option<(usize, f64)>; 2]) {
        let (n, q, y) = (self.class.len(), self.thresholds, self.class[i] as usize);
        let at = |k: usize| own[k] + eta[if self.parallel { i } else { i + n * k }];
        if (1..q).any(|k| at(k) <= at(k - 1)) {
            return (f64::INFINITY, [None, None]);
        }
        match (y, y == q) {
            (0, _) => (-log_sigmoid(at(0)), [Some((0, -sigmoid(-at(0)))), None]),
            (_, true) => {
                let b = at(q - 1);
                (-log_sigmoid(-b), [Some((q - 1, sigmoid(b))), None])
            }
            _ => {
                let (a, b) = (at(y), at(y - 1));
                let delta = a - b;
                let value = -(log_sigmoid(a) + log_sigmoid(-b) + (-(-delta).exp_m1()).ln());
                let tail = 1.0 / delta.exp_m1();
                (value, [Some((y, -(sigmoid(-a) + tail))), Some((y - 1, sigmoid(b) + tail))])
            }
        }
    }
}

impl DataFit for Fit {
    fn samples(&self) -> usize {
        self.class.len()
    }
    fn outputs(&self) -> usize {
        if self.parallel { 1 } else { self.thresholds }
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        let counted = (0..self.class.len()).filter(|&i| self.shares[i] > 0.0);
        counted.map(|i| self.shares[i] * self.sample(eta, own, i).0).sum()
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

impl OwnParameters for Fit {
    /// The logits of the cumulative frequencies: the optimum at `eta = 0`.
    fn start(&self) -> Vec<f64> {
        let below = |k: usize| {
            let inside = (0..self.class.len()).filter(|&i| self.class[i] as usize <= k);
            inside.map(|i| self.shares[i]).sum::<f64>()
        };
        (0..self.thresholds).map(|k| (below(k) / (1.0 - below(k))).ln()).collect()
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        OwnReport { intercept: Some(own.to_vec()), extra: Vec::new() }
    }
}

impl SmoothFit for Fit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        let value = self.value(eta, own);
        if !value.is_finite() {
            return value;
        }
        grad.fill(0.0);
        grad_own.fill(0.0);
        let n = self.class.len();
        for (i, share) in self.shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            for (k, d) in self.sample(eta, own, i).1.into_iter().flatten() {
                grad[if self.parallel { i } else { i + n * k }] += share * d;
                grad_own[k] += share * d;
            }
        }
        value
    }
    /// The Hessian grows without bound as two thresholds meet.
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}

fn model(design: &Design, class: Vec<u32>, parallel: bool) -> LinearModel {
    let labels = ["1", "2", "3"].map(String::from).to_vec();
    let samples = Samples::new(Response::Classes { class, labels }, None).unwrap();
    let loss = CumulativeLogit { parallel };
    let Bound::Eta(fit) = loss.bind(&samples, design).unwrap() else { panic!("eta") };
    LinearModel::new(design.clone(), fit, None, true).unwrap()
}

/// Six samples of the specification of PRESTO, for which numbers are known.
fn fixture() -> (Design, Vec<u32>) {
    let x = [1.0, 0.0, 1.0, -1.0, 0.5, 0.0, 0.0, 1.0, 1.0, 0.5, -1.0, 0.0];
    (dense(6, 2, x.to_vec()), vec![0, 1, 2, 0, 1, 2])
}

#[test]
fn both_forms_obey_the_laws() {
    for parallel in [true, false] {
        fenchel_laws::loss::assert_laws(&CumulativeLogit { parallel });
    }
}

#[test]
fn likelihood_and_gradient_are_those_of_the_fixture() {
    let (design, class) = fixture();
    let model = model(&design, class, false);
    assert_eq!((model.shape().outputs, model.shape().intercepts, model.shape().own), (2, 0, 2));
    let params = [0.4, -0.3, 0.6, -0.3, -0.5, 1.0];
    let mut gradient = vec![0.0; 6];
    let value = model.value_gradient(&params, &mut gradient, &mut Workspace::default());
    assert_close(&[-6.0 * value], &[-7.078059389490601], 1e-12);
    let expected =
        [-0.5922808872, 0.526115365, -0.5753590001, -0.5877578043, -0.0844587, -0.4769124512];
    let scores: Vec<f64> = gradient.iter().map(|g| -6.0 * g).collect();
    assert_close(&scores, &expected, 1e-7);
}

#[test]
fn presto_on_the_fixture_has_the_known_optimum() {
    let (design, class) = fixture();
    let design = Design::standardized(design.matrix().clone(), None);
    let model = model(&design, class, false);
    let penalty = Presto { lambda: 0.05, features: 2 };
    let problem = Problem { objective: &model, penalty: &penalty, baseline: Default::default() };
    let best = proximal_gradient(&problem, model.start(), 5000);
    assert!((total(&problem, &best) - 1.060033482304401).abs() < 1e-10);
    let psi: Vec<f64> = vec![best[0], best[1], best[2] - best[0], best[3] - best[1]];
    assert_close(&psi, &[-0.3828668007, 0.0, -0.2651440412, -0.2453613389], 1e-6);
    assert_close(&best[4..], &[-0.6958815185, 0.7506443188], 1e-6);
    // Above lambda_max the start is the solution; just below it is not.
    for (lambda, moves) in [(0.1606, false), (0.1604, true)] {
        let penalty = Presto { lambda, features: 2 };
        let problem =
            Problem { objective: &model, penalty: &penalty, baseline: Default::default() };
        let best = proximal_gradient(&problem, model.start(), 2000);
        assert_eq!(best[..4].iter().any(|b| *b != 0.0), moves, "lambda {lambda}");
    }
}

#[test]
fn thresholds_stand_in_for_the_intercept_and_parallel_slopes_are_the_limit() {
    let n = 60;
    let design = normal_design(n, 2, 51);
    let mut random = Random::new(52);
    let mut eta = vec![0.0; n];
    design.column_axpy(0, 1.5, &mut eta);
    let class = eta.iter().map(|e| {
        let u = random.uniform();
        u32::from(u > sigmoid(-1.0 + e)) + u32::from(u > sigmoid(1.0 + e))
    });
    let class: Vec<u32> = class.collect();
    let parallel = model(&design, class.clone(), true);
    assert_eq!((parallel.shape().outputs, parallel.shape().intercepts), (1, 0));
    let penalty = L1(0.01);
    let problem = Problem { objective: &parallel, penalty: &penalty, baseline: Default::default() };
    let best = proximal_gradient(&problem, parallel.start(), 5000);
    assert!(certify(&problem, &best).value < 1e-7);
    let report = parallel.report(&best).intercept.expect("thresholds");
    assert!(report[0] < report[1] && best[0] > 0.5);

    // Differences between columns made dear, the first column priced as above: the same model.
    let columns = model(&design, class, false);
    #[derive(Debug)]
    struct Parallel;
    impl Penalty for Parallel {
        fn value(&self, beta: &[f64]) -> f64 {
            if beta[..2] == beta[2..] {
                0.01 * (beta[0].abs() + beta[1].abs())
            } else {
                f64::INFINITY
            }
        }
        fn scaled(&self, _scale: f64) -> Box<dyn Penalty> {
            Box::new(Self)
        }
        fn convexity(&self) -> fenchel_core::Convexity {
            fenchel_core::Convexity::Convex
        }
        fn lineality(&self) -> fenchel_core::Lineality {
            fenchel_core::Lineality::Trivial
        }
    }
    let params = [best[0], best[1], best[0], best[1], best[2], best[3]];
    let whole = Problem { objective: &columns, penalty: &Parallel, baseline: Default::default() };
    assert!((total(&whole, &params) - total(&problem, &best)).abs() < 1e-13);
}
