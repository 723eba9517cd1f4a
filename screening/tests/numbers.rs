//! Known numbers of the estimators, and input of every kind.

#![allow(missing_docs)]

use fenchel_core::{DenseMatrix, Matrix, SparseMatrix};
use fenchel_laws::Random;
use fenchel_screening::{
    Bandwidth, FEWEST_SAMPLES, Kernel, Method, Settings, Target, clump, linfoot, ranking, scores,
};

fn dense(n: usize, columns: &[Vec<f64>]) -> Matrix {
    Matrix::Dense(DenseMatrix::new(n, columns.len(), columns.concat()).unwrap())
}

fn by(method: Method) -> Settings {
    Settings { method, ..Settings::default() }
}

/// Every estimator, and kernel densities by both kernels.
fn all() -> [Settings; 4] {
    let gaussian = Settings { kernel: Kernel::Gaussian, ..Settings::default() };
    [by(Method::Kde), gaussian, by(Method::Binning), by(Method::Pearson)]
}

fn one(x: &[f64], y: Target<'_>, settings: &Settings) -> f64 {
    scores(&dense(x.len(), &[x.to_vec()]), y, settings).unwrap()[0]
}

/// Normal pairs with correlation rho, ten seeds.
#[test]
fn normal_pairs_have_the_information_of_the_table() {
    let table = [
        (0.0f64, 0.073, 0.018),
        (0.3, 0.126, 0.064),
        (0.6, 0.267, 0.210),
        (0.8, 0.514, 0.424),
        (0.95, 1.02, 0.78),
    ];
    for (rho, binning, kde) in table {
        let mut sums = [0.0; 4];
        for seed in 0..10 {
            let mut random = Random::new(1000 + seed);
            let x = random.normals(1000, 1.0);
            let rest = (1.0 - rho * rho).sqrt();
            let y: Vec<f64> = x.iter().map(|x| rho * x + rest * random.normal()).collect();
            for (sum, settings) in sums.iter_mut().zip(all()) {
                *sum += one(&x, Target::Numbers(&y), &settings) / 10.0;
            }
        }
        let [by_density, by_gaussian, by_bins, by_correlation] = sums;
        assert!((by_bins - binning).abs() < 0.03, "binning at {rho}: {by_bins}");
        assert!((by_density - kde).abs() < 0.03, "kde at {rho}: {by_density}");
        assert!((by_gaussian - kde).abs() < 0.03, "gaussian at {rho}: {by_gaussian}");
        let exact = -0.5 * (1.0 - rho * rho).ln();
        assert!((by_correlation - exact).abs() < 0.03, "pearson at {rho}: {by_correlation}");
    }
}

#[test]
fn a_square_is_found_by_information_and_not_by_correlation() {
    let mut first = [0; 3];
    for seed in 0..10 {
        let mut random = Random::new(seed);
        let columns: Vec<Vec<f64>> = (0..60).map(|_| random.normals(500, 1.0)).collect();
        let y: Vec<f64> = columns[0].iter().map(|x| x * x + 0.3 * random.normal()).collect();
        let matrix = dense(500, &columns);
        for (k, method) in [Method::Kde, Method::Binning, Method::Pearson].into_iter().enumerate() {
            let scores = scores(&matrix, Target::Numbers(&y), &by(method)).unwrap();
            first[k] += usize::from(ranking(&scores)[0] == 0);
        }
    }
    assert_eq!(first[..2], [10, 10]);
    assert!(first[2] <= 6, "correlation finds it {} times", first[2]);
}

/// Shifted normals: the information of their mixture, by integration.
#[test]
fn classes_are_told_by_their_densities() {
    let mut random = Random::new(3);
    let classes: Vec<u32> = (0..3000).map(|i| i % 2).collect();
    let x: Vec<f64> = classes.iter().map(|c| 2.0 * f64::from(*c) + random.normal()).collect();
    // ln 2 - E ln(1 + exp(-2 - 2 z)) for a distance of 2: 0.3360.
    for settings in &all()[..3] {
        let seen = one(&x, Target::Classes(&classes), settings);
        assert!((seen - 0.336).abs() < 0.03, "{settings:?}: {seen}");
        // Numbers 0 and 1 are the same classes, and the roles can be changed.
        let numbers: Vec<f64> = classes.iter().map(|c| f64::from(*c)).collect();
        assert_eq!(one(&x, Target::Numbers(&numbers), settings), seen);
        let other = one(&numbers, Target::Numbers(&x), settings);
        assert!((other - seen).abs() < 1e-12);
    }
    let known = one(&x, Target::Classes(&classes), &by(Method::Pearson));
    assert!((known - 0.5 * 2f64.ln()).abs() < 0.03, "{known}"); // r^2 = 1 / 2
}

#[test]
fn classes_against_classes_are_counted() {
    let a: Vec<f64> = (0..60).map(|i| f64::from(i % 3)).collect();
    let b: Vec<u32> = (0..60).map(|i| u32::from(i % 3 == 0)).collect();
    let third = 1.0 / 3.0f64;
    let exact = -(third * third.ln() + (1.0 - third) * (1.0 - third).ln());
    for method in [Method::Kde, Method::Binning] {
        assert!((one(&a, Target::Classes(&b), &by(method)) - exact).abs() < 1e-12);
    }
}

#[test]
fn bandwidths_are_real_and_shift_and_scale_change_nothing() {
    let mut random = Random::new(5);
    let x = random.normals(800, 1.0);
    let y: Vec<f64> = x.iter().map(|x| 0.8 * x + 0.6 * random.normal()).collect();
    let at = |settings: &Settings| one(&x, Target::Numbers(&y), settings);
    let plain = Settings::default();
    let wide = at(&Settings { multiplier: 3.0, ..plain });
    let scott = at(&Settings { bandwidth: Bandwidth::Scott, ..plain });
    assert!(wide < 0.5 * at(&plain) && scott > at(&plain), "{wide} {scott}");
    let moved: Vec<f64> = x.iter().map(|x| 1e6 - 1e-4 * x).collect();
    for settings in all() {
        let (here, there) =
            (one(&x, Target::Numbers(&y), &settings), one(&moved, Target::Numbers(&y), &settings));
        assert!((here - there).abs() < 1e-3 * here, "{settings:?}: {here} and {there}");
    }
}

#[test]
fn constants_ties_and_exact_relations_are_survived() {
    let y: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 40)).collect();
    let mut spike = vec![0.0; 40];
    spike[3] = 5.0;
    let mut outlier = y.clone();
    outlier[0] = 1e12;
    let columns = vec![vec![2.5; 40], y.clone(), spike, outlier];
    let matrix = dense(40, &columns);
    for settings in all() {
        let seen = scores(&matrix, Target::Numbers(&y), &settings).unwrap();
        assert!(seen.iter().all(|i| i.is_finite() && *i >= 0.0), "{settings:?}: {seen:?}");
        assert_eq!(seen[0], 0.0, "a constant tells nothing");
        assert!(ranking(&seen)[0] == 1, "{settings:?}: {seen:?}");
    }
    assert_eq!(ranking(&[1.0, 2.0, 2.0, 0.5]), [1, 2, 0, 3]);
    assert!((linfoot(-0.5 * 0.75f64.ln()) - 0.5).abs() < 1e-15);
}

/// A grid from one end of the values to the other would leave the rest a single cell.
#[test]
fn a_far_outlier_takes_no_cells_from_the_rest() {
    let mut random = Random::new(12);
    let x = random.normals(600, 1.0);
    let mut y: Vec<f64> = x.iter().map(|x| 0.9 * x + 0.4 * random.normal()).collect();
    for settings in &all()[..2] {
        let plain = one(&x, Target::Numbers(&y), settings);
        let (mut far, at) = (x.clone(), 17);
        for place in [1e3, -1e9] {
            far[at] = place;
            // A sample with a place of its own tells that much more, and the quartiles move a little.
            let seen = one(&far, Target::Numbers(&y), settings);
            assert!((seen - plain).abs() < 0.03, "{settings:?}: {seen} for {plain}");
        }
    }
    y[3] = 1e300;
    assert!(all().iter().all(|settings| one(&x, Target::Numbers(&y), settings).is_finite()));
}

#[test]
fn few_samples_are_enough_for_no_error() {
    for n in FEWEST_SAMPLES..12 {
        let mut random = Random::new(n as u64);
        let matrix = dense(n, &[random.normals(n, 1.0)]);
        let y = random.normals(n, 1.0);
        let classes: Vec<u32> = (0..n as u32).map(|i| i % 2).collect();
        for settings in all() {
            for target in [Target::Numbers(&y), Target::Classes(&classes)] {
                let seen = scores(&matrix, target, &settings).unwrap()[0];
                assert!(seen.is_finite() && seen >= 0.0);
            }
        }
    }
}

#[test]
fn bad_input_is_named() {
    let y = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
    let matrix = |x: [f64; 6]| dense(6, &[x.to_vec()]);
    let message = |matrix: &Matrix, target: Target<'_>, settings: &Settings| {
        scores(matrix, target, settings).unwrap_err().to_string()
    };
    let good = matrix([0.0, 1.0, 2.0, 5.0, 3.0, 4.0]);
    let plain = Settings::default();
    let nan = matrix([0.0, 1.0, f64::NAN, 5.0, 3.0, 4.0]);
    assert_eq!(
        message(&nan, Target::Numbers(&y), &plain),
        "NaN at sample 2 of column 0 is not finite"
    );
    let mut broken = y;
    broken[1] = f64::INFINITY;
    assert!(message(&good, Target::Numbers(&broken), &plain).contains("response inf at sample 1"));
    assert!(message(&good, Target::Numbers(&[1.0; 6]), &plain).contains("constant"));
    assert!(message(&good, Target::Classes(&[3; 6]), &plain).contains("constant"));
    assert!(message(&good, Target::Numbers(&y[..5]), &plain).contains("length 5, expected 6"));
    let few = dense(4, &[vec![1.0, 2.0, 3.0, 4.0]]);
    assert!(message(&few, Target::Numbers(&y[..4]), &plain).contains("at least 5 samples"));
    let three = [0, 1, 2, 0, 1, 2];
    assert!(message(&good, Target::Classes(&three), &by(Method::Pearson)).contains("has 3"));
    let none = Settings { multiplier: 0.0, ..plain };
    assert!(message(&good, Target::Numbers(&y), &none).contains("`multiplier`"));
    assert!(clump(&good, &[0], 1, -1.0, &plain).unwrap_err().to_string().contains("`clump`"));
}

#[test]
fn sparse_columns_are_those_with_their_zeros() {
    let mut random = Random::new(8);
    let columns: Vec<Vec<f64>> = (0..4)
        .map(|_| {
            let z = random.normals(90, 1.0);
            z.iter().map(|z| if *z > 0.3 { *z } else { 0.0 }).collect()
        })
        .collect();
    let y: Vec<f64> = columns[2].iter().map(|x| x + 0.1 * random.normal()).collect();
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for column in &columns {
        for (i, x) in column.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            indices.push(i as u32);
            values.push(*x);
        }
        starts.push(indices.len());
    }
    let sparse = Matrix::Sparse(SparseMatrix::new(90, 4, starts, indices, values).unwrap());
    for settings in all() {
        let of = |matrix| scores(matrix, Target::Numbers(&y), &settings).unwrap();
        assert_eq!(of(&sparse), of(&dense(90, &columns)));
    }
}

#[test]
fn clumping_keeps_the_better_of_two_that_say_the_same() {
    let mut random = Random::new(9);
    let (a, b) = (random.normals(400, 1.0), random.normals(400, 1.0));
    let twin: Vec<f64> = a.iter().map(|a| a + 0.02 * random.normal()).collect();
    let y: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 2.0 * a + b + 0.1 * random.normal()).collect();
    let matrix = dense(400, &[b, twin, a, random.normals(400, 1.0)]);
    let settings = Settings::default();
    let order = ranking(&scores(&matrix, Target::Numbers(&y), &settings).unwrap());
    assert_eq!(order[3], 3);
    let kept = clump(&matrix, &order, 2, 0.5, &settings).unwrap();
    assert_eq!(kept, [order[0], 0], "one of the twins, then b");
    assert_eq!(clump(&matrix, &order, 3, 50.0, &settings).unwrap(), order[..3]);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut random = Random::new(10);
    let columns: Vec<Vec<f64>> = (0..40).map(|_| random.normals(150, 1.0)).collect();
    let y = random.normals(150, 1.0);
    let matrix = dense(150, &columns);
    for settings in all() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| scores(&matrix, Target::Numbers(&y), &settings).unwrap())
        };
        let bits = |scores: Vec<f64>| scores.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(with(1)), bits(with(3)));
    }
}
