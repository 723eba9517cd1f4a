//! Good penalties of plugins behave like built-in ones.

mod support;

use fenchel_core::{
    DenseMatrix, Design, Lineality, Matrix, Separable, Space, Sweep, SweepReport, kernels,
};
use fenchel_laws::Random;
use fenchel_laws::penalty::assert_laws;
use support::load;

#[test]
fn a_separable_penalty_with_a_dual_norm_obeys_the_laws() {
    for defines in [&[][..], &["BATCHED_ONLY"], &["ELEMENTARY"]] {
        let l1 = load("l1", defines).unwrap();
        for (parameters, p, outputs) in
            [(r#"{"lambda": 0.7}"#, 5, 1), ("{}", 3, 2), (r#"{"lambda": 0}"#, 3, 1)]
        {
            let space = Space::numbered(p, outputs);
            let penalty = l1.penalty(parameters, &space).unwrap();
            assert!(penalty.as_separable().is_some() && penalty.as_conjugate().is_some());
            assert_eq!(penalty.as_elementary().is_some(), defines == ["ELEMENTARY"]);
            assert_laws(&*penalty, &space);
        }
        l1.assert_no_fault();
    }
}

#[test]
fn a_penalty_on_blocks_obeys_the_laws() {
    let group = load("group", &[]).unwrap();
    for (groups, p, outputs) in [
        (r#"[["1", 3], [1, "3"]]"#, 4, 1),
        (r#"{"size": 2}"#, 4, 2),
        (r#"{"file": "groups.csv", "column": "group"}"#, 4, 1),
    ] {
        let space = Space::numbered(p, outputs);
        let parameters = format!(r#"{{"lambda": 0.8, "groups": {groups}}}"#);
        let penalty = group.penalty(&parameters, &space).unwrap();
        assert!(penalty.as_blocks().is_some() && penalty.as_prox().is_some());
        assert_laws(&*penalty, &space);
    }
    group.assert_no_fault();
}

#[test]
fn a_penalty_with_a_whole_prox_and_a_basis_obeys_the_laws() {
    let ridge = load("ridge", &[]).unwrap();
    let space = Space::numbered(5, 1);
    let penalty = ridge.penalty(r#"{"lambda": 0.6}"#, &space).unwrap();
    assert_eq!(penalty.lineality(), Lineality::Basis(vec![vec![1.0; 5]]));
    assert_laws(&*penalty, &space);
    ridge.assert_no_fault();
}

/// The same penalty in Rust.
struct Twin(f64);

impl Separable for Twin {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        self.0 * b.abs()
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        kernels::soft_threshold(v, step * self.0)
    }
    fn subdiff_dist_at(&self, _j: usize, _b: f64, _grad: f64) -> f64 {
        unreachable!("an epoch asks for proxes only")
    }
}

/// Ten epochs of least squares; the coefficients and the last report.
fn epochs(penalty: &dyn Separable) -> (Vec<f64>, SweepReport) {
    let (n, p) = (40, 60);
    let x = Random::new(5).normals(n * p, 1.0);
    let squares: Vec<f64> =
        x.chunks(n).map(|column| column.iter().map(|x| x * x).sum::<f64>() / n as f64).collect();
    let design = Design::new(Matrix::Dense(DenseMatrix::new(n, p, x).unwrap()));
    let mut beta = vec![0.0; p];
    let mut residual = Random::new(6).normals(n, 2.0);
    let working: Vec<usize> = (0..p).collect();
    let mut report = SweepReport::default();
    for _ in 0..10 {
        report = penalty.sweep(&mut Sweep {
            design: &design,
            columns: None,
            copies: None,
            curvature: None,
            uniform: 1.0 / n as f64,
            intercept: false,
            beta: &mut beta,
            intercepts: &mut [],
            residual: &mut residual,
            shift: &mut [0.0],
            weighted_sum: &mut [0.0],
            total: &[1.0],
            stored_sums: &vec![0.0; p],
            working: &working,
            lipschitz: &squares,
            offsets: &[],
            grams: None,
            scratch: &mut [],
        });
    }
    (beta, report)
}

#[test]
fn epochs_give_the_same_bits_as_those_of_a_twin_in_rust() {
    let (beta, report) = epochs(&Twin(0.3));
    assert!(beta.iter().any(|&b| b != 0.0) && beta.contains(&0.0) && report.largest_step > 0.0);
    for defines in [&[][..], &["BATCHED_ONLY"]] {
        let l1 = load("l1", defines).unwrap();
        let penalty = l1.penalty(r#"{"lambda": 0.3}"#, &Space::numbered(60, 1)).unwrap();
        let (same, also) = epochs(penalty.as_separable().unwrap());
        let bits = |numbers: &[f64]| numbers.iter().map(|b| b.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&same), bits(&beta));
        assert_eq!(also, report);
        l1.assert_no_fault();
    }
}

#[test]
fn batches_give_what_single_calls_give() {
    let l1 = load("l1", &[]).unwrap();
    let p = 3000; // several batches, the last one short
    let penalty = l1.penalty(r#"{"lambda": 0.5}"#, &Space::numbered(p, 1)).unwrap();
    let (v, grad) = (Random::new(1).normals(p, 1.0), Random::new(2).normals(p, 1.0));
    let separable = penalty.as_separable().unwrap();
    let mut out = vec![0.0; p];
    let value = penalty.as_prox().unwrap().prox(&v, 0.7, &mut out);
    assert!(out.iter().enumerate().all(|(j, &b)| b == separable.prox_at(j, v[j], 0.7)));
    assert_eq!(value, out.iter().enumerate().map(|(j, &b)| separable.value_at(j, b)).sum::<f64>());
    let mut dists = vec![0.0; p];
    separable.subdiff_dist_range(0, &out, &grad, &mut dists);
    assert!((0..p).all(|j| dists[j] == separable.subdiff_dist_at(j, out[j], grad[j])));
    let mut range = vec![0.0; p - 700];
    separable.subdiff_dist_range(700, &out[700..], &grad[700..], &mut range);
    assert_eq!(range, dists[700..]);
    let top = penalty.as_subdifferential().unwrap().subdiff_dist(&out, &grad);
    assert_eq!(top, dists.iter().copied().fold(0.0, f64::max));
    l1.assert_no_fault();
}

#[test]
fn scaling_multiplies_lambda_and_keeps_side_files() {
    let group = load("group", &[]).unwrap();
    let space = Space::numbered(4, 1);
    let parameters = r#"{"groups": {"file": "groups.csv", "column": "group"}}"#;
    let penalty = group.penalty(parameters, &space).unwrap();
    // Groups {1, 3} and {2, 4}: 5 + 13.
    let beta = [3.0, 5.0, 4.0, 12.0];
    assert_eq!(penalty.value(&beta), 18.0);
    let twice = penalty.scaled(4.0).scaled(0.5);
    assert_eq!(twice.value(&beta), 36.0);
    assert_eq!(format!("{twice:?}").matches("\"lambda\":2.0").count(), 1, "{twice:?}");
    group.assert_no_fault();
}

#[test]
fn objects_outlive_what_they_were_made_from() {
    let penalty = {
        let l1 = load("l1", &[]).unwrap();
        l1.penalty("{}", &Space::numbered(2, 1)).unwrap().scaled(2.0)
    };
    let threads: Vec<_> = (0..4)
        .map(|i| {
            let penalty = penalty.scaled(f64::from(i));
            std::thread::spawn(move || penalty.value(&[1.0, -2.0]))
        })
        .collect();
    let values: Vec<f64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(values, [0.0, 6.0, 12.0, 18.0]);
}
