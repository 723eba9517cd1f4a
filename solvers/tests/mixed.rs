//! The q-Gaussian mixed-effects model, solved by proximal conjugate gradients.

mod common;
#[path = "common/mixed.rs"]
mod mixed;

use mixed::*;

#[test]
fn heavy_tails_cost_the_gaussian_model_more_than_half_of_its_precision() {
    // 12 of the seeds of the study (benches/mixed.rs, docs/robust.md).
    let runs: Vec<[Estimate; 2]> = (0..12)
        .map(|seed| {
            let data = simulated(seed, Some(2.5));
            [estimate(&data, Some(1.0), Some(1.0)), estimate(&data, None, Some(1.0))]
        })
        .collect();
    let [gls, ours] = [0, 1].map(|k| mean(runs.iter().map(|run| run[k].error)));
    let of = |name: &'static str| median(runs.iter().map(move |run| run[1].of(name).unwrap()));
    assert!(ours < 0.6 * gls, "{ours} against {gls}");
    assert!((1.8..3.2).contains(&of("df")), "{}", of("df"));
    assert!((0.85..1.15).contains(&of("sigma").powi(2)), "{}", of("sigma"));
}

#[test]
fn on_gaussian_data_nothing_is_lost_and_m_runs_to_its_bound() {
    let runs: Vec<[Estimate; 2]> = (0..12)
        .map(|seed| {
            let data = simulated(seed, None);
            [estimate(&data, Some(1.0), Some(1.0)), estimate(&data, None, Some(1.0))]
        })
        .collect();
    let [gls, ours] = [0, 1].map(|k| mean(runs.iter().map(|run| run[k].error)));
    assert!((ours - gls).abs() < 0.02 * gls, "{ours} against {gls}");
    // The bound is reached, or, as the score is as likely to be on the other side, not quite.
    let at_bound = runs.iter().filter(|run| run[1].of("df_at_bound").is_some()).count();
    assert!(at_bound >= 3, "{at_bound}");
    assert!(runs.iter().all(|run| run[1].of("df").unwrap() > 8.0));
}

#[test]
fn one_subject_gives_generalised_least_squares_whatever_q() {
    let (matrix, samples) = simulated(3, Some(2.5));
    let one = samples.with_subject(vec![0; SUBJECTS * EACH]).unwrap();
    let fit = |q| estimate(&(matrix.clone(), one.clone()), q, Some(1.0));
    let (gaussian, heavy, free) = (fit(Some(1.0)), fit(Some(1.6)), fit(None));
    for other in [&heavy, &free] {
        for (a, b) in gaussian.theta.iter().zip(&other.theta) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }
    // Nothing tells q of one vector: the likelihood falls towards the Gaussian one.
    assert_eq!(free.of("df_at_bound"), Some(1e4));
    let (a, b) = (gaussian.of("sigma").unwrap(), heavy.of("sigma").unwrap());
    assert!((a - b).abs() < 1e-6 * a, "sigma^2 is Q / n for every q: {a} {b}");
}

/// The majoriser of the likelihood: weighted generalised least squares, then the scale in closed form.
#[test]
fn the_estimate_is_a_fixed_point_of_expectation_and_maximisation() {
    let data = simulated(5, Some(2.5));
    let (matrix, samples) = &data;
    let found = estimate(&data, None, Some(1.0));
    let (m, square) = (found.of("df").unwrap(), found.of("sigma").unwrap().powi(2));
    let y = samples.number().unwrap();
    let mut r = y.to_vec();
    for (j, theta) in found.theta.iter().enumerate() {
        matrix.column(j).axpy(-theta, &mut r);
    }
    // Psi^-1 = I - 11' / (1 + 5) of a subject.
    let (mut scale, mut weighted) = (0.0, vec![0.0; r.len()]);
    for (r, weighted) in r.chunks(EACH).zip(weighted.chunks_mut(EACH)) {
        let sum: f64 = r.iter().sum();
        let q = r.iter().map(|r| r * r).sum::<f64>() - sum * sum / 6.0;
        scale += (m + 5.0) / (m + q / square) * q;
        for (out, r) in weighted.iter_mut().zip(r) {
            *out = (m + 5.0) / (m * square + q) * (r - sum / 6.0);
        }
    }
    let n = r.len() as f64;
    assert!((scale / n - square).abs() < 1e-6 * square, "{} {square}", scale / n);
    for j in 0..FEATURES {
        assert!(matrix.column(j).dot(&weighted).abs() / n < 1e-7);
    }
}

#[test]
fn with_the_variance_estimated_too_every_seed_converges() {
    // Among them one (21) at which the residual shrinks uphill.
    let ratios: Vec<f64> = (0..40)
        .map(|seed| estimate(&simulated(seed, Some(2.5)), None, None).of("tau").unwrap())
        .collect();
    let middle = median(ratios.into_iter());
    assert!((0.8..1.3).contains(&middle), "{middle}");
}
