//! Weak duality, checked from outside: at any point the gap is at least the distance to the
//! minimum, and at the minimum it is about 0; with intercept, offset, weights, unpenalised
//! coefficients, centred columns, dense and sparse.

#[path = "common/data.rs"]
mod data;
#[path = "common/maths.rs"]
mod maths;

use data::{dense_and_sparse, noise};
use fenchel_core::elementwise::ElementwiseFit;
use fenchel_core::{
    Baseline, CertificateKind, Certifier, DataFit, DenseMatrix, Design, LinearModel, Matrix,
    Objective, Penalty, Problem, Prox, Response, Samples, Smooth, Workspace, certify,
};
use maths::{Elastic, Half, Logit};

const N: usize = 20;
const P: usize = 5;

type Bind = fn(&Samples) -> Box<dyn DataFit>;

const LOSSES: [(&str, Bind); 2] = [("quadratic", quadratic), ("logistic", logistic)];

fn quadratic(samples: &Samples) -> Box<dyn DataFit> {
    let y = noise(1, N).iter().map(|z| 1.0 + 2.0 * z).collect();
    Box::new(ElementwiseFit::new(Half, y, samples).unwrap())
}

fn logistic(samples: &Samples) -> Box<dyn DataFit> {
    let y = noise(1, N).iter().map(|z| f64::from(z + 0.2 > 0.0)).collect();
    Box::new(ElementwiseFit::new(Logit, y, samples).unwrap())
}

fn penalties() -> [(&'static str, Elastic); 4] {
    [
        ("lasso", Elastic::new(P, 0.05, 0.0, &[])),
        ("ridge", Elastic::new(P, 0.0, 0.1, &[])),
        ("elastic net with free coefficients", Elastic::new(P, 0.05, 0.02, &[0, 3])),
        ("nothing but free coefficients", Elastic::new(P, 0.0, 0.0, &[0, 1, 2, 3, 4])),
    ]
}

/// Calls `visit` for every combination of loss, penalty and kind of data.
fn for_each_problem(mut visit: impl FnMut(&str, &LinearModel, &Elastic)) {
    let (dense, sparse) = dense_and_sparse(N, P);
    for mask in 0..16 {
        let [intercept, weighted, with_offset, centred] = [1, 2, 4, 8].map(|bit| mask & bit != 0);
        let weights: Vec<f64> =
            (0..N).map(|i| if i == 3 { 0.0 } else { 0.5 + (i % 4) as f64 }).collect();
        let samples =
            Samples::new(Response::None { samples: N }, weighted.then_some(weights)).unwrap();
        let design = match centred {
            true => Design::standardized(sparse.clone(), samples.weights()),
            false => Design::new(dense.clone()),
        };
        for (loss, bind) in LOSSES {
            for (penalty_name, penalty) in penalties() {
                let offset = with_offset.then(|| noise(2, N));
                let fit = bind(&samples);
                let model = LinearModel::new(design.clone(), fit, offset, intercept).unwrap();
                let name = format!(
                    "{loss}, {penalty_name}, intercept {intercept}, weights {weighted}, \
                     offset {with_offset}, sparse and centred {centred}"
                );
                visit(&name, &model, &penalty);
            }
        }
    }
}

fn objective(model: &LinearModel, penalty: &Elastic, params: &[f64]) -> f64 {
    model.value(params, &mut Workspace::default()) + penalty.value(&params[..P])
}

/// A minimiser by accelerated proximal gradient with restarts, run far beyond need.
fn minimise(model: &LinearModel, penalty: &Elastic) -> Vec<f64> {
    let step = 1.0 / model.lipschitz().expect("both losses have a Hessian bound");
    let mut work = Workspace::default();
    let mut x = model.start();
    let (mut z, mut gradient, mut momentum) = (x.clone(), vec![0.0; x.len()], 1.0f64);
    for _ in 0..20_000 {
        model.value_gradient(&z, &mut gradient, &mut work);
        let mut next: Vec<f64> = z.iter().zip(&gradient).map(|(z, g)| z - step * g).collect();
        let forward = next[..P].to_vec();
        penalty.prox(&forward, step, &mut next[..P]);
        let uphill: f64 =
            z.iter().zip(&next).zip(&x).map(|((z, next), x)| (z - next) * (next - x)).sum();
        let following =
            if uphill > 0.0 { 1.0 } else { 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) };
        let ahead = if uphill > 0.0 { 0.0 } else { (momentum - 1.0) / following };
        z = next.iter().zip(&x).map(|(next, x)| next + ahead * (next - x)).collect();
        (x, momentum) = (next, following);
    }
    x
}

#[test]
fn the_gap_is_never_below_the_distance_to_the_minimum_and_vanishes_there() {
    for_each_problem(|name, model, penalty| {
        let baseline = Baseline::default();
        let problem = Problem { objective: model, penalty, baseline };
        let best = minimise(model, penalty);
        let least = objective(model, penalty, &best);
        let at_best = certify(&problem, &best);
        assert_eq!(at_best.kind, CertificateKind::DualityGap, "{name}");
        assert!(at_best.value <= 1e-9, "{name}: {at_best:?} at the minimum");

        let mut certifier = Certifier::default();
        let mut gaps = 0;
        for (trial, size) in
            [1e-4, 1e-2, 0.1, 0.5, 1.0, 3.0].into_iter().cycle().take(30).enumerate()
        {
            let away = noise(100 + trial as u64, best.len());
            let point: Vec<f64> = best.iter().zip(&away).map(|(b, z)| b + size * z).collect();
            let distance = objective(model, penalty, &point) - least;
            if let Some(gap) = certifier.duality_gap(&problem, &point) {
                gaps += 1;
                assert!(gap.value >= distance - 1e-11, "{name}: gap {} < {distance}", gap.value);
            }
            let afresh = certify(&problem, &point);
            assert_eq!(afresh, certifier.certify(&problem, &point), "{name}: buffers leak");
        }
        assert!(gaps >= 10, "{name}: {gaps} gaps of 30");
    });
}

#[test]
fn stationarity_and_prox_residual_vanish_at_the_minimum_only() {
    for_each_problem(|name, model, penalty| {
        let problem = Problem { objective: model, penalty, baseline: Baseline::default() };
        let best = minimise(model, penalty);
        let away: Vec<f64> = best.iter().map(|b| b + 0.5).collect();
        let mut certifier = Certifier::default();
        for measure in [Certifier::stationarity, Certifier::prox_residual] {
            let at_best = measure(&mut certifier, &problem, &best).unwrap().value;
            let elsewhere = measure(&mut certifier, &problem, &away).unwrap().value;
            assert!(at_best < 1e-7 && elsewhere > 1e-3, "{name}: {at_best} and {elsewhere}");
        }
    });
}

#[test]
fn the_gap_is_relative_to_the_objective_at_zero() {
    for_each_problem(|name, model, penalty| {
        let mut problem = Problem { objective: model, penalty, baseline: Baseline::default() };
        problem.baseline = Baseline::at_zero(&problem, &model.start());
        let zero = objective(model, penalty, &model.start());
        let gap = certify(&problem, &minimise(model, penalty));
        assert_eq!(gap.relative, gap.value / zero.abs().max(1.0), "{name}");
    });
}

#[test]
fn a_certificate_over_all_features_is_the_whole_one_and_over_some_that_of_a_smaller_design() {
    for_each_problem(|name, model, penalty| {
        let problem = Problem { objective: model, penalty, baseline: Baseline::default() };
        let mut params = model.start();
        params[1] = 0.3;
        let mut certifier = Certifier::default();
        let whole = certifier.certify(&problem, &params);
        let gradient = certifier.gradient().to_vec();
        assert_eq!(certifier.certify_over(&problem, &params, &[0, 1, 2, 3, 4]), whole, "{name}");
        assert_eq!(certifier.gradient(), gradient, "{name}");
        let some = certifier.certify_over(&problem, &params, &[0, 1, 3]);
        assert!(some.value <= whole.value * (1.0 + 1e-12), "{name}: {some:?} {whole:?}");
        if !name.contains("nothing but free") {
            assert_eq!((certifier.gradient()[2], certifier.gradient()[4]), (0.0, 0.0), "{name}");
        }
        // The next one is whole again.
        assert_eq!(certifier.certify(&problem, &params), whole, "{name}");
    });
}

/// Along a path products are remembered, and a solver begins by what they lead to expect; what it takes for solved
/// is certified all the same.
#[test]
fn a_point_on_the_line_through_two_others_is_begun_with_as_expected() {
    let (n, p, active) = (80, 300, 8);
    let samples = Samples::new(Response::None { samples: n }, None).unwrap();
    let y = noise(3, n).iter().map(|z| 1.0 + 2.0 * z).collect();
    let fit: Box<dyn DataFit> = Box::new(ElementwiseFit::new(Half, y, &samples).unwrap());
    let matrix = DenseMatrix::new(n, p, noise(5, n * p)).unwrap();
    let model = LinearModel::new(Design::new(Matrix::Dense(matrix)), fit, None, false).unwrap();
    let penalty = Elastic::new(p, 0.3, 0.0, &[]);
    let problem = Problem { objective: &model, penalty: &penalty, baseline: Baseline::default() };
    let mut certifier = Certifier::bounding();
    let mut params = vec![0.0; p];
    let mut last = params.clone();
    for t in 0..12 {
        last.clone_from(&params);
        let moves = noise(10 + t, active);
        params.iter_mut().zip(moves).for_each(|(b, z)| *b += 0.02 + 0.01 * z);
        let exact = certify(&problem, &params).value;
        let gap = certifier.certify(&problem, &params).value;
        assert!((gap - exact).abs() <= 1e-12 * exact, "point {t}: {gap}, {exact}");
    }
    let ahead: Vec<f64> = params.iter().zip(&last).map(|(b, a)| 2.0 * b - a).collect();
    let mut whole = Certifier::default();
    let expected = certifier.begin(&problem, &ahead, 0.0);
    let gradient = certifier.gradient().to_vec();
    let exact = whole.certify(&problem, &ahead);
    assert!((expected.value / exact.value - 1.0).abs() < 1e-6, "{expected:?}, {exact:?}");
    for (g, e) in gradient[..active].iter().zip(whole.gradient()) {
        assert!((g - e).abs() < 1e-9, "{g}, {e}");
    }
    // Far from there nothing that is expected is right.
    let far: Vec<f64> = noise(8, p).iter().map(|z| 0.3 * z).collect();
    let expected = certifier.begin(&problem, &far, 0.0);
    let certified = certifier.begin(&problem, &far, f64::INFINITY);
    let exact = whole.certify(&problem, &far);
    assert!((expected.value / exact.value - 1.0).abs() > 1e-3, "{expected:?}, {exact:?}");
    assert!((certified.value / exact.value - 1.0).abs() < 1e-12, "{certified:?}, {exact:?}");
}
