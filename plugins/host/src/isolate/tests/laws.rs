//! What holds for a type holds for it in another process, and its answers are the same to the bit.

use fenchel_core::{
    Bound, Convexity, DenseMatrix, Design, Error, Matrix, Response, Samples, Space,
};
use fenchel_laws::{loss, penalty};

use super::{Files, Served, here, numbers};
use fenchel_core::Resolve;

#[test]
fn penalties_in_a_child_obey_the_laws() {
    let served = Served::start();
    let tables = [
        (r#"{"type": "l1", "lambda": 0.7}"#, 5, 1),
        (r#"{"type": "l1", "weights": [0.5, 0, 2]}"#, 3, 2),
        (r#"{"type": "slope", "q": 0.3}"#, 4, 1),
        (r#"{"type": "group_lasso", "groups": {"size": 2}}"#, 4, 2),
        (r#"{"type": "fused", "lambda": 0.5}"#, 5, 1),
    ];
    for (table, p, outputs) in tables {
        let space = Space::numbered(p, outputs);
        penalty::assert_laws(&*served.penalty(table, &space).unwrap(), &space);
    }
    assert_eq!(served.faults.first(), None);
}

#[test]
fn losses_in_a_child_obey_the_laws() {
    let served = Served::start();
    let tables = [
        r#"{"type": "quadratic"}"#,
        r#"{"type": "logistic"}"#,
        r#"{"type": "poisson"}"#,
        r#"{"type": "huber", "delta": 0.8}"#,
        r#"{"type": "scale"}"#,
    ];
    for table in tables {
        loss::assert_laws(&*served.loss(table));
    }
    assert_eq!(served.faults.first(), None);
}

#[test]
fn whole_vectors_are_answered_to_the_bit() {
    let served = Served::start();
    for (table, p) in [
        (r#"{"type": "elastic_net", "l1_ratio": 0.3}"#, 50_000),
        (r#"{"type": "group_lasso", "groups": {"size": 5}}"#, 1000),
    ] {
        let space = Space::numbered(p, 1);
        let (there, here) = (served.penalty(table, &space).unwrap(), here(table, &space));
        let (there, here) = (there.scaled(0.4), here.scaled(0.4));
        let dense = numbers(1, p);
        let sparse: Vec<f64> =
            dense.iter().enumerate().map(|(j, x)| if j % 9 == 4 { *x } else { 0.0 }).collect();
        let grad = numbers(2, p);
        for beta in [&dense, &sparse] {
            assert_eq!(there.value(beta), here.value(beta));
            let (mut a, mut b) = (vec![0.0; p], vec![0.0; p]);
            let prox = |of: &dyn fenchel_core::Penalty, out: &mut [f64]| {
                of.as_prox().unwrap().prox(beta, 0.3, out)
            };
            assert_eq!(prox(&*there, &mut a), prox(&*here, &mut b));
            assert_eq!(a, b);
            let dist = |of: &dyn fenchel_core::Penalty| {
                of.as_subdifferential().unwrap().subdiff_dist(beta, &grad)
            };
            assert_eq!(dist(&*there), dist(&*here));
            match (there.as_separable(), here.as_separable()) {
                (Some(there), Some(here)) => {
                    let some: Vec<usize> = (0..p).step_by(3).rev().collect();
                    let (v, steps) = (numbers(3, some.len()), vec![0.7; some.len()]);
                    let mut each = [v.clone(), v.clone()];
                    there.prox_each(&some, &v, &steps, &mut each[0]);
                    here.prox_each(&some, &v, &steps, &mut each[1]);
                    assert_eq!(each[0], each[1]);
                    there.subdiff_dist_range(0, beta, &grad, &mut a);
                    here.subdiff_dist_range(0, beta, &grad, &mut b);
                    assert_eq!(a, b);
                    let (first, rest) = (p / 3, p - p / 3);
                    a.truncate(rest);
                    there.subdiff_dist_range(first, &beta[first..], &grad[first..], &mut a);
                    b.drain(..first);
                }
                _ => {
                    let (there, here) = (there.as_blocks().unwrap(), here.as_blocks().unwrap());
                    a.truncate(p / 5);
                    b.truncate(p / 5);
                    there.subdiff_dists_blocks(beta, &grad, &mut a);
                    here.subdiff_dists_blocks(beta, &grad, &mut b);
                }
            }
            assert_eq!(a, b);
        }
    }
}

#[test]
fn side_files_and_names_are_asked_of_the_parent() {
    let served = Served::start();
    let names = ["age", "sex", "bmi", "bp"].map(String::from).to_vec();
    let space = Space::new(names, 1);
    let groups = |spec: &str| {
        let table = format!(r#"{{"type": "group_lasso", "groups": {spec}}}"#);
        served.penalty(&table, &space)
    };
    let by_name = groups(r#"[["bp", "age"], ["sex", "bmi"]]"#).unwrap();
    assert_eq!(by_name.as_blocks().unwrap().groups().members(0), [0, 3]);
    let by_file = groups(r#"{"column": "group", "file": "groups.csv"}"#).unwrap();
    assert_eq!(by_file.as_blocks().unwrap().groups().members(0), [0, 2]);
    let absent = groups(r#"{"column": "absent", "file": "groups.csv"}"#).unwrap_err();
    let expected = Files.table_column("groups.csv", "absent").unwrap_err();
    assert_eq!(absent.innermost(), &expected);
    let unknown = groups(r#"[["bpp", "age"], ["sex", "bmi"]]"#).unwrap_err();
    assert!(matches!(unknown.innermost(), Error::Unknown { kind: "feature", .. }));
    assert!(unknown.to_string().contains("did you mean \"bp\"?"), "{unknown}");
    assert_eq!(served.faults.first(), None);
}

#[test]
fn a_loss_is_bound_to_weighted_samples_to_the_bit() {
    let served = Served::start();
    let n = 301;
    let class = (0..n).map(|i| u32::from(i % 3 == 0)).collect();
    let labels = vec!["no".to_string(), "yes".into()];
    let weights = numbers(5, n).iter().map(|w| 1.5 + w).collect();
    let samples = Samples::new(Response::Classes { class, labels }, Some(weights)).unwrap();
    let design = Design::new(Matrix::Dense(DenseMatrix::new(n, 0, vec![]).unwrap()));
    let bind = |loss: &dyn fenchel_core::Loss| match loss.bind(&samples, &design) {
        Ok(Bound::Eta(fit)) => fit,
        _ => panic!("logistic losses bind to two classes"),
    };
    let there = bind(&*served.loss(r#"{"type": "logistic"}"#));
    let here = bind(&fenchel_loss_glm::Logistic::new());
    let eta = numbers(6, n);
    let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
    let value = there.as_smooth().unwrap().gradient(&eta, &[], &mut a, &mut []);
    assert_eq!(value, here.as_smooth().unwrap().gradient(&eta, &[], &mut b, &mut []));
    assert_eq!(a, b);
    there.as_curvature().unwrap().curvature(&eta, &[], &mut a);
    here.as_curvature().unwrap().curvature(&eta, &[], &mut b);
    assert_eq!(a, b);
    assert_eq!(
        there.as_conjugate().unwrap().conjugate(&a),
        here.as_conjugate().unwrap().conjugate(&b)
    );
}

#[test]
fn parameters_of_a_losss_own_are_reported() {
    let served = Served::start();
    let samples =
        Samples::new(Response::Numeric { values: vec![1.0, 2.0], columns: 1 }, None).unwrap();
    let design = Design::new(Matrix::identity(2));
    let Ok(Bound::Eta(fit)) = served.loss(r#"{"type": "scale"}"#).bind(&samples, &design) else {
        panic!("numbers are what it reads")
    };
    let own = fit.as_own().unwrap();
    assert_eq!(own.start(), [0.0]);
    assert_eq!(own.report(&[0.0]).extra, [("scale".to_string(), vec![1.0])]);
}

#[test]
fn what_is_known_from_the_start_is_as_the_child_says() {
    let served = Served::start();
    let flawed = served.penalty(r#"{"type": "flawed"}"#, &Space::numbered(2, 1)).unwrap();
    assert_eq!(flawed.convexity(), Convexity::WeaklyConvex(0.25));
    assert!(flawed.as_conjugate().is_none() && flawed.as_blocks().is_none());
    let card = served.library.types.iter().find(|it| it.card.name == "l1").unwrap().card;
    assert_eq!(
        card.schema(),
        fenchel_core::cards(fenchel_core::Kind::Penalty)
            .into_iter()
            .find(|card| card.name == "l1")
            .unwrap()
            .schema()
    );
}
