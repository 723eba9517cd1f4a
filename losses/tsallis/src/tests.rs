use fenchel_core::{
    Bound, DataFit, DenseMatrix, Design, Error, FeatureRef, Loss, Matrix, Predictor, Response,
    Samples, SmoothFit, Space,
};
use fenchel_laws::Random;

use crate::{Effect, Tsallis};

fn design(n: usize, p: usize, seed: u64) -> Design {
    let values = Random::new(seed).normals(n * p, 1.0);
    Design::new(Matrix::Dense(DenseMatrix::new(n, p, values).unwrap()))
}

fn samples(y: &[f64], subject: Option<&[u32]>, weights: Option<&[f64]>) -> Samples {
    let response = Response::Numeric { values: y.to_vec(), columns: 1 };
    let samples = Samples::new(response, weights.map(<[f64]>::to_vec)).unwrap();
    match subject {
        Some(subject) => samples.with_subject(subject.to_vec()).unwrap(),
        None => samples,
    }
}

fn bound(loss: &Tsallis, samples: &Samples, design: &Design) -> Box<dyn DataFit> {
    match loss.bind(samples, design) {
        Ok(Bound::Eta(fit)) => fit,
        other => panic!("{:?}", other.err()),
    }
}

fn refused(loss: &Tsallis, samples: &Samples, design: &Design) -> Error {
    loss.bind(samples, design).err().expect("it is refused")
}

fn intercept(loss: Tsallis, tau: Option<f64>) -> Tsallis {
    loss.with_random(vec![Effect::Intercept], tau.map(|tau| vec![tau]), false).unwrap()
}

fn slopes(loss: Tsallis, correlated: bool) -> Tsallis {
    let effects = vec![Effect::Intercept, Effect::Slope(FeatureRef::Index(1))];
    loss.with_random(effects, None, correlated).unwrap()
}

#[test]
fn obeys_the_laws_however_it_is_set_up() {
    for q in [None, Some(1.0), Some(1.0 + 1e-9), Some(1.3), Some(2.0), Some(2.9)] {
        for sigma in [None, Some(0.7)] {
            let loss = || Tsallis::new(q, sigma).unwrap();
            fenchel_laws::loss::assert_laws(&loss());
            fenchel_laws::loss::assert_laws(&intercept(loss(), None));
            fenchel_laws::loss::assert_laws(&intercept(loss(), Some(1.7)));
            fenchel_laws::loss::assert_laws(&slopes(loss(), false));
            fenchel_laws::loss::assert_laws(&slopes(loss(), true));
        }
    }
}

#[test]
fn given_slopes_obey_the_laws_but_for_a_deviance_that_needs_the_data() {
    let effects = vec![Effect::Slope(FeatureRef::Index(2)), Effect::Intercept];
    for q in [1.0, 1.6] {
        let loss = Tsallis::new(Some(q), Some(1.2)).unwrap();
        let loss = loss.with_random(effects.clone(), Some(vec![0.4, 0.0]), false).unwrap();
        fenchel_laws::loss::assert_laws_except(&loss, &["the_deviance_is_twice_the_loss"]);
    }
}

#[test]
fn likelihood_and_index_are_those_of_the_fixture() {
    // m = 3, n_g = 4, sigma^2 = 1.5, Q = 6.
    let y = [1.0, -1.0, 2.0, 0.0];
    let loss = Tsallis::new(Some(1.5), Some(1.5f64.sqrt())).unwrap();
    let fit = bound(&loss, &samples(&y, Some(&[0; 4]), None), &design(4, 1, 1));
    assert!((4.0 * fit.value(&[0.0; 4], &[]) - 6.941401236624241).abs() < 1e-13);
    let joint: f64 = 1.0 + 2.0 / (3.0 + 4.0);
    assert!((joint - 9.0 / 7.0).abs() < 1e-15);
}

/// `-log` of the density of a multivariate t, with Gamma functions of half integers from products.
fn multivariate_t(r: &[f64], scale: &nalgebra::DMatrix<f64>, m: u32) -> f64 {
    let n = r.len();
    let log_gamma_of_half = |twice: u32| -> f64 {
        let first = if twice.is_multiple_of(2) { 0.0 } else { 0.5 * std::f64::consts::PI.ln() };
        let from = if twice.is_multiple_of(2) { 2 } else { 1 };
        first + (from..twice).step_by(2).map(|t| (0.5 * f64::from(t)).ln()).sum::<f64>()
    };
    let m_f = f64::from(m);
    let cholesky = scale.clone().cholesky().unwrap();
    let r = nalgebra::DVector::from_row_slice(r);
    let square = r.dot(&cholesky.solve(&r));
    log_gamma_of_half(m) - log_gamma_of_half(m + n as u32)
        + 0.5 * n as f64 * (m_f * std::f64::consts::PI).ln()
        + 0.5 * cholesky.ln_determinant()
        + 0.5 * (m_f + n as f64) * (1.0 + square / m_f).ln()
}

#[test]
fn the_density_is_a_multivariate_t() {
    let subject: Vec<u32> = [0, 1, 0, 2, 1, 0, 3, 3, 2, 0, 3, 3].to_vec();
    let n = subject.len();
    let (y, eta) = (Random::new(2).normals(n, 1.5), Random::new(3).normals(n, 0.7));
    let design = design(n, 3, 4);
    let (sigma, tau) = (1.3, [0.8, 0.35]);
    for m in [1, 2, 5, 40] {
        let q = 1.0 + 2.0 / (f64::from(m) + 1.0);
        let loss = Tsallis::new(Some(q), Some(sigma)).unwrap();
        let effects = vec![Effect::Intercept, Effect::Slope(FeatureRef::Index(1))];
        let loss = loss.with_random(effects, Some(tau.to_vec()), false).unwrap();
        let fit = bound(&loss, &samples(&y, Some(&subject), None), &design);
        let mut slope = vec![0.0; n];
        design.column_axpy(1, 1.0, &mut slope);
        let mut expected = 0.0;
        for g in 0..4 {
            let members: Vec<usize> = (0..n).filter(|&i| subject[i] == g).collect();
            let scale = nalgebra::DMatrix::from_fn(members.len(), members.len(), |a, b| {
                let shared = tau[0] + tau[1] * slope[members[a]] * slope[members[b]];
                sigma * sigma * (shared + if a == b { 1.0 } else { 0.0 })
            });
            let r: Vec<f64> = members.iter().map(|&i| y[i] - eta[i]).collect();
            expected += multivariate_t(&r, &scale, m);
        }
        let value = n as f64 * fit.value(&eta, &[]);
        assert!((value - expected).abs() < 1e-12 * expected.abs(), "{m}: {value} {expected}");
    }
}

#[test]
fn q_of_1_is_the_gaussian_model_exactly_and_the_limit_is_continuous() {
    let n = 9;
    let subject: Vec<u32> = (0..n as u32).map(|i| i % 4).collect();
    let (y, eta) = (Random::new(5).normals(n, 1.0), Random::new(6).normals(n, 1.0));
    let (samples, design) = (samples(&y, Some(&subject), None), design(n, 1, 7));
    let (sigma, tau) = (0.7f64, 1.9);
    let covariance = nalgebra::DMatrix::from_fn(n, n, |i, j| {
        let shared = if subject[i] == subject[j] { tau } else { 0.0 };
        sigma * sigma * (shared + if i == j { 1.0 } else { 0.0 })
    });
    let r = nalgebra::DVector::from_fn(n, |i, _| y[i] - eta[i]);
    let cholesky = covariance.cholesky().unwrap();
    let twice = n as f64 * (2.0 * std::f64::consts::PI).ln()
        + cholesky.ln_determinant()
        + r.dot(&cholesky.solve(&r));
    let expected = 0.5 * twice / n as f64;
    let at = |q: f64| {
        let loss = intercept(Tsallis::new(Some(q), Some(sigma)).unwrap(), Some(tau));
        let fit = bound(&loss, &samples, &design);
        let mut grad = vec![0.0; n];
        let smooth: &dyn SmoothFit = fit.as_smooth().unwrap();
        let value = smooth.gradient(&eta, &[], &mut grad, &mut []);
        (value, grad)
    };
    let (value, grad) = at(1.0);
    assert!((value - expected).abs() < 1e-14, "{value} {expected}");
    for (q, tolerance) in [(1.0 + 1e-15, 1e-14), (1.0 + 1e-10, 1e-8), (1.0 + 1e-6, 1e-4)] {
        let (near, near_grad) = at(q);
        assert!((near - value).abs() <= tolerance, "{q}: {near} {value}");
        let apart = grad.iter().zip(&near_grad).fold(0.0f64, |top, (a, b)| top.max((a - b).abs()));
        assert!(apart <= tolerance, "{q}: {apart}");
    }
}

#[test]
fn q_of_1_and_sigma_of_1_without_effects_is_the_quadratic_loss() {
    let (n, weights) = (8, [1.0, 2.0, 0.0, 0.5, 0.5, 1.5, 1.0, 1.5]);
    let (y, eta) = (Random::new(8).normals(n, 2.0), Random::new(9).normals(n, 1.0));
    let loss = Tsallis::new(Some(1.0), Some(1.0)).unwrap();
    // Subjects make no difference then, nor do weights that differ inside one.
    let samples = samples(&y, Some(&[0, 0, 0, 0, 1, 1, 1, 1]), Some(&weights));
    let fit = bound(&loss, &samples, &design(n, 1, 10));
    let mut grad = vec![0.0; n];
    let value = fit.as_smooth().unwrap().gradient(&eta, &[], &mut grad, &mut []);
    let square = |i: usize| weights[i] * (y[i] - eta[i]).powi(2);
    let quadratic = 0.5 * (0..n).map(square).sum::<f64>() / n as f64;
    let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
    assert!((value - quadratic - constant).abs() < 1e-15);
    for i in 0..n {
        assert!((grad[i] - weights[i] * (eta[i] - y[i]) / n as f64).abs() < 1e-16);
    }
    let deviance = loss.deviance(&eta, 1, &samples).unwrap();
    assert!((deviance - 2.0 * quadratic).abs() < 1e-14);
    assert!(fit.is_convex() && fit.as_own().is_none());
}

#[test]
fn estimates_are_carried_to_other_samples_in_units_of_neither() {
    let (n, subject) = (12, (0..12u32).map(|i| i / 3).collect::<Vec<u32>>());
    let (y, eta) = (Random::new(11).normals(n, 1.0), Random::new(12).normals(n, 1.0));
    let large: Vec<f64> = y.iter().map(|y| 5.0 * y + 2.0).collect();
    let design = design(n, 3, 13);
    for correlated in [false, true] {
        let loss = slopes(Tsallis::new(None, None).unwrap(), correlated);
        let here = bound(&loss, &samples(&y, Some(&subject), None), &design);
        let there = bound(&loss, &samples(&large, Some(&subject), None), &design);
        let (here_own, there_own) = (here.as_own().unwrap(), there.as_own().unwrap());
        let mut own = here_own.start();
        own.iter_mut().zip([0.3, -0.1, 0.2, -0.4, 0.1]).for_each(|(own, by)| *own += by);
        let carried = there_own.adopt(&here_own.portable(&own));
        let (before, after) = (here_own.report(&own), there_own.report(&carried));
        for ((name, a), (_, b)) in before.extra.iter().zip(&after.extra) {
            let same = a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * a.abs());
            assert!(same && a.len() == b.len(), "{name}: {a:?} {b:?}");
        }
        // The same loss as if the samples had been there from the start.
        let back = here_own.adopt(&there_own.portable(&carried));
        assert!((here.value(&eta, &back) - here.value(&eta, &own)).abs() < 1e-13);
        assert!(loss.scores_by_loss());
    }
}

#[test]
fn what_is_wrong_is_named() {
    for q in [0.9, 3.0, f64::NAN, f64::INFINITY] {
        assert!(Tsallis::new(Some(q), None).unwrap_err().to_string().contains("below 3"));
    }
    for sigma in [0.0, -1.0, f64::NAN] {
        assert!(Tsallis::new(None, Some(sigma)).is_err());
    }
    let loss = || Tsallis::new(None, None).unwrap();
    let twice = vec![Effect::Intercept, Effect::Intercept];
    let error = loss().with_random(twice, None, false).unwrap_err();
    assert!(error.to_string().contains("random[1]"), "{error}");
    let one = vec![Effect::Intercept];
    assert!(loss().with_random(one.clone(), Some(vec![-1.0]), false).is_err());
    assert!(loss().with_random(one.clone(), Some(vec![1.0, 1.0]), false).is_err());
    assert!(loss().with_random(one, Some(vec![1.0]), true).is_err());

    let (y, design) = ([1.0, 2.0, 4.0, 3.0], design(4, 2, 14));
    let error = refused(&intercept(loss(), None), &samples(&y, None, None), &design);
    assert!(error.to_string().contains("`subject` in [data]"), "{error}");
    let uneven = samples(&y, Some(&[0, 0, 1, 1]), Some(&[1.0, 2.0, 1.0, 1.0]));
    let error = refused(&loss(), &uneven, &design);
    assert!(error.to_string().contains("samples 0 and 1 are of one subject"), "{error}");
    let even = samples(&y, Some(&[0, 0, 1, 1]), Some(&[1.0, 1.0, 2.0, 2.0]));
    bound(&loss(), &even, &design);
    let slope = |feature| vec![Effect::Slope(feature)];
    let far = loss().with_random(slope(FeatureRef::Index(2)), None, false).unwrap();
    let grouped = samples(&y, Some(&[0, 0, 1, 1]), None);
    assert!(refused(&far, &grouped, &design).to_string().contains("below 2"));
}

#[test]
fn features_are_found_by_name() {
    let space = Space::new(vec!["age".to_string(), "year".to_string()], 1);
    let slope = |name: &str| Effect::Slope(FeatureRef::Name(name.into()));
    let loss = Tsallis::new(None, None).unwrap();
    let named = loss.clone().with_random(vec![slope("year")], None, false).unwrap();
    let grouped = samples(&[1.0, 2.0, 4.0, 3.0], Some(&[0, 0, 1, 1]), None);
    let found = named.with_features(&space).unwrap().expect("a loss with features found");
    let at = bound(
        &loss.clone().with_random(vec![Effect::Slope(FeatureRef::Index(1))], None, false).unwrap(),
        &grouped,
        &design(4, 2, 15),
    );
    let Ok(Bound::Eta(fit)) = found.bind(&grouped, &design(4, 2, 15)) else { panic!("bound") };
    let own = fit.as_own().unwrap().start();
    assert_eq!(fit.value(&[0.0; 4], &own), at.value(&[0.0; 4], &own));
    let error = loss.with_random(vec![slope("yaer")], None, false).unwrap();
    let error = error.with_features(&space).unwrap_err();
    assert!(error.to_string().contains("did you mean \"year\""), "{error}");
}

#[test]
fn one_vector_cannot_tell_q() {
    // With sigma^2 = Q / n minus the log-likelihood falls towards the Gaussian one whatever the
    // data: n = 50, Q / n = 3.7.
    let (n, square) = (50, 3.7f64);
    let y = vec![square.sqrt(); n];
    let profile = |m: f64| {
        let loss = Tsallis::new(Some(1.0 + 2.0 / (m + 1.0)), Some(square.sqrt())).unwrap();
        let fit = bound(&loss, &samples(&y, Some(&vec![0; n]), None), &design(n, 1, 16));
        n as f64 * fit.value(&vec![0.0; n], &[])
    };
    let published = [(1.0, 105.77), (3.0, 105.14), (10.0, 104.56), (100.0, 103.86)];
    for (m, value) in published {
        assert!((profile(m) - value).abs() < 0.006, "{m}: {}", profile(m));
    }
    assert!((profile(1e4) - 103.658).abs() < 6e-4 && profile(1e4) > 103.655);
}

#[test]
fn the_weight_of_a_subject_is_its_repetition() {
    let (n, weights) = (6, [2.0, 2.0, 2.0, 1.0, 1.0, 1.0]);
    let (y, eta) = (Random::new(17).normals(n, 1.0), Random::new(18).normals(n, 1.0));
    let weighted = samples(&y, Some(&[0, 0, 0, 1, 1, 1]), Some(&weights));
    let rows = [0, 1, 2, 0, 1, 2, 3, 4, 5];
    let pick = |v: &[f64]| rows.iter().map(|&i| v[i]).collect::<Vec<f64>>();
    let repeated = samples(&pick(&y), Some(&[0, 0, 0, 1, 1, 1, 2, 2, 2]), None);
    let data = design(n, 2, 19);
    let more = Design::new(data.matrix().select_rows(&rows));
    let loss = slopes(Tsallis::new(None, None).unwrap(), true);
    let (one, two) = (bound(&loss, &weighted, &data), bound(&loss, &repeated, &more));
    let own = one.as_own().unwrap().start();
    let (a, b) = (one.value(&eta, &own), two.value(&pick(&eta), &own));
    assert!((a - b).abs() < 1e-13, "{a} {b}");
}
