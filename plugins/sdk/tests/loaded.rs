//! The example libraries, loaded by the host: laws through the boundary, and answers of the twins
//! equal to those of the built-in types, bit for bit.

#![allow(missing_docs)]

use std::path::PathBuf;
use std::sync::Arc;

use fenchel_laws::Random;
use fenchel_loss_glm::Logistic;
use fenchel_loss_location::Quadratic;
use fenchel_plugin::{
    Bound, Context, DataFit, Design, Error, Kind, Loss, Matrix, Penalty, PenaltySpec, Raw, Resolve,
    Response, Samples, Space,
};
use fenchel_plugin_host::{Faults, Image, Library, PluginType, open};
use serde_json::{Value, json};
// Linked for what they register.
use {fenchel_penalty_l1 as _, fenchel_penalty_nonconvex as _};

/// Features and outputs: one and several columns, and more than one batch of coefficients.
const SHAPES: [(usize, usize); 3] = [(6, 1), (4, 2), (1500, 2)];

/// A library that cargo built for this test, as its crate is among the dependencies.
fn library(name: &str) -> (Library, Arc<Faults>) {
    let test = std::env::current_exe().unwrap();
    let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let path: PathBuf = test.parent().unwrap().join(file);
    let faults = Faults::new(Arc::default());
    let library = Image::read(&path).and_then(|image| open(image, &faults));
    (library.unwrap_or_else(|e| panic!("{e}")), faults)
}

struct NoFiles;

impl Resolve for NoFiles {
    fn penalty(&self, _raw: &Raw, _space: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("no nested penalties here".into()))
    }
    fn table_column(&self, file: &str, _column: &str) -> Result<Vec<String>, Error> {
        Err(Error::Data(format!("no file {file} here")))
    }
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        Err(Error::Data(format!("no file {file} here")))
    }
}

fn raw(value: Value) -> Raw {
    match value {
        Value::Object(table) => Raw(table),
        other => panic!("not a table: {other}"),
    }
}

fn offered<'a>(library: &'a Library, kind: Kind, name: &str) -> &'a PluginType {
    let found = library.types.iter().find(|t| t.kind == kind && t.card.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn build(kind: &PluginType, table: Value, space: &Space) -> Box<dyn Penalty> {
    let context = Context { space, resolve: &NoFiles };
    kind.build_penalty(&raw(table), &context).unwrap()
}

#[test]
fn penalties_obey_the_laws_through_the_boundary() {
    let (library, faults) = library("fenchel_example_rust");
    let asymmetric = offered(&library, Kind::Penalty, "asymmetric_l1");
    let exclusive = offered(&library, Kind::Penalty, "exclusive_lasso");
    for (features, outputs) in [(6, 1), (4, 2)] {
        let space = Space::numbered(features, outputs);
        let mut weights = vec![1.5; features];
        weights[1] = 0.0;
        for (kind, table) in [
            (asymmetric, json!({ "lambda": 0.7, "up": 1, "down": 3 })),
            (asymmetric, json!({ "lambda": 0.7, "down": 0.5, "weights": weights })),
            (exclusive, json!({ "lambda": 0.6, "groups": { "size": 2 } })),
            (exclusive, json!({ "lambda": 0, "groups": { "size": features } })),
        ] {
            fenchel_laws::penalty::assert_laws(&*build(kind, table, &space), &space);
        }
    }
    assert_eq!(faults.first(), None);
}

#[test]
fn refusals_reach_the_host_with_their_place() {
    let (library, _) = library("fenchel_example_rust");
    let space = Space::numbered(4, 1);
    let context = Context { space: &space, resolve: &NoFiles };
    let refused = |name: &str, table: Value| {
        offered(&library, Kind::Penalty, name).build_penalty(&raw(table), &context).unwrap_err()
    };
    let place = |error: &Error| match error {
        Error::At { path, .. } => path.clone(),
        other => panic!("{other:?} has no place"),
    };
    let error = refused("exclusive_lasso", json!({ "groups": [["1", "2"], ["3", "x"]] }));
    assert_eq!(place(&error), "groups[1][1]");
    assert!(error.to_string().contains("unknown feature \"x\""), "{error}");
    let error = refused("exclusive_lasso", json!({ "groups": { "column": "g", "file": "g.csv" } }));
    assert!(error.to_string().contains("no file g.csv here"), "{error}");
    let error = refused("asymmetric_l1", json!({ "weights": [1, 1] }));
    assert_eq!(place(&error), "weights");
    assert!(error.to_string().contains("has length 2, expected 4"), "{error}");
}

#[test]
fn twins_of_penalties_give_the_bits_of_the_built_in_types() {
    let (library, faults) = library("fenchel_example_twin_rust");
    for (features, outputs) in SHAPES {
        let space = Space::numbered(features, outputs);
        let mut weights = Random::new(3).normals(features, 1.0);
        weights.iter_mut().for_each(|w| *w = w.abs());
        weights[2] = 0.0;
        for (name, parameters) in [
            ("l1", json!({ "lambda": 0.7 })),
            ("l1", json!({ "lambda": 0.7, "weights": weights })),
            ("elastic_net", json!({ "lambda": 0.7, "l1_ratio": 0.3 })),
            ("elastic_net", json!({ "l1_ratio": 1, "weights": weights })),
            ("mcp", json!({ "lambda": 0.7, "gamma": 2.5, "weights": weights })),
        ] {
            let twin = offered(&library, Kind::Penalty, &format!("{name}_rust"));
            let foreign = build(twin, parameters.clone(), &space);
            let mut table = parameters;
            table["type"] = name.into();
            let spec: Box<dyn PenaltySpec> = serde_json::from_value(table).unwrap();
            let own = spec.build(&Context { space: &space, resolve: &NoFiles }).unwrap();
            same(&*foreign, &*own, space.len());
            same(&*foreign.scaled(0.3), &*own.scaled(0.3), space.len());
        }
    }
    assert_eq!(faults.first(), None);
}

#[track_caller]
fn same_numbers(theirs: &[f64], ours: &[f64]) {
    let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    if let Some(j) = (0..ours.len()).find(|&j| bits(theirs)[j] != bits(ours)[j]) {
        panic!("coefficient {j} of {}: {:?}, expected {:?}", ours.len(), theirs[j], ours[j]);
    }
}

/// Everything that a separable penalty says, at points with zeros and ties.
#[track_caller]
fn same(foreign: &dyn Penalty, own: &dyn Penalty, n: usize) {
    let mut random = Random::new(4);
    let mut point = || {
        let mut point = random.normals(n, 1.5);
        point.iter_mut().step_by(3).for_each(|b| *b = b.round());
        point
    };
    assert_eq!(foreign.convexity(), own.convexity());
    assert_eq!(foreign.lineality(), own.lineality());
    for step in [1e-3, 0.5, 3.0] {
        let (v, grad) = (point(), point());
        assert_eq!(foreign.value(&v), own.value(&v));
        let (mut ours, mut theirs) = (vec![f64::NAN; n], vec![f64::NAN; n]);
        let (f, o) = (foreign.as_prox().unwrap(), own.as_prox().unwrap());
        assert_eq!(f.prox(&v, step, &mut theirs), o.prox(&v, step, &mut ours));
        same_numbers(&theirs, &ours);
        let (f, o) = (foreign.as_subdifferential().unwrap(), own.as_subdifferential().unwrap());
        assert_eq!(f.subdiff_dist(&ours, &grad), o.subdiff_dist(&ours, &grad));
        let (f, o) = (foreign.as_separable().unwrap(), own.as_separable().unwrap());
        f.subdiff_dist_range(0, &v, &grad, &mut theirs);
        o.subdiff_dist_range(0, &v, &grad, &mut ours);
        same_numbers(&theirs, &ours);
        for j in [0, n / 2, n - 1] {
            assert_eq!(f.value_at(j, v[j]), o.value_at(j, v[j]));
            assert_eq!(f.prox_at(j, v[j], step), o.prox_at(j, v[j], step));
            assert_eq!(f.subdiff_dist_at(j, v[j], grad[j]), o.subdiff_dist_at(j, v[j], grad[j]));
        }
        let (f, o) = (foreign.as_zero_threshold().unwrap(), own.as_zero_threshold().unwrap());
        assert_eq!(f.zero_threshold(&grad), o.zero_threshold(&grad));
        assert_eq!(foreign.as_conjugate().is_some(), own.as_conjugate().is_some());
        if let (Some(f), Some(o)) = (foreign.as_conjugate(), own.as_conjugate()) {
            assert_eq!(f.conjugate(&grad), o.conjugate(&grad));
            assert_eq!(f.dual_scale(&grad), o.dual_scale(&grad));
        }
        assert_eq!(foreign.as_elementary().is_some(), own.as_elementary().is_some());
        if let (Some(f), Some(o)) = (foreign.as_elementary(), own.as_elementary()) {
            assert!([0, n / 2, n - 1].iter().all(|&j| f.scalar(j) == o.scalar(j)));
        }
    }
}

#[test]
fn losses_obey_the_laws_through_the_boundary() {
    for (name, types) in [
        ("fenchel_example_rust", &["log_cosh"][..]),
        ("fenchel_example_twin_rust", &["quadratic_rust", "logistic_rust"]),
    ] {
        let (library, faults) = library(name);
        for name in types {
            let loss = offered(&library, Kind::Loss, name).build_loss(&raw(json!({}))).unwrap();
            fenchel_laws::loss::assert_laws(&*loss);
        }
        assert_eq!(faults.first(), None);
    }
}

#[test]
fn twins_of_losses_give_the_bits_of_the_built_in_types() {
    const N: usize = 101;
    let (library, faults) = library("fenchel_example_twin_rust");
    let numbers = Response::Numeric { values: Random::new(5).normals(2 * N, 1.0), columns: 2 };
    let class = (0..N).map(|i| u32::from(i % 3 == 0)).collect();
    let classes = Response::Classes { class, labels: vec!["no".into(), "yes".into()] };
    let own: [(&str, &dyn Loss, Response); 2] = [
        ("quadratic_rust", &Quadratic::new(), numbers),
        ("logistic_rust", &Logistic::new(), classes),
    ];
    let weights: Vec<f64> = Random::new(6).normals(N, 1.0).iter().map(|w| w.abs()).collect();
    for (name, own, response) in own {
        let foreign = offered(&library, Kind::Loss, name).build_loss(&raw(json!({}))).unwrap();
        for weights in [None, Some(weights.clone())] {
            let samples = Samples::new(response.clone(), weights).unwrap();
            let (foreign_fit, own_fit) = (bound(&*foreign, &samples), bound(own, &samples));
            same_fit(&*foreign_fit, &*own_fit);
            let eta = Random::new(7).normals(N * own_fit.outputs(), 1.0);
            let (f, o) = (foreign.as_predictor().unwrap(), own.as_predictor().unwrap());
            let outputs = own_fit.outputs();
            assert_eq!(f.response(&eta, outputs), o.response(&eta, outputs));
            assert_eq!(f.class(&eta, outputs), o.class(&eta, outputs));
            assert_eq!(f.deviance(&eta, outputs, &samples), o.deviance(&eta, outputs, &samples));
        }
    }
    assert_eq!(faults.first(), None);
}

fn bound(loss: &dyn Loss, samples: &Samples) -> Box<dyn DataFit> {
    match loss.bind(samples, &Design::new(Matrix::identity(samples.len()))) {
        Ok(Bound::Eta(fit)) => fit,
        Ok(Bound::Direct(_)) => panic!("an objective of its own"),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn same_fit(foreign: &dyn DataFit, own: &dyn DataFit) {
    let length = own.samples() * own.outputs();
    assert_eq!((foreign.samples(), foreign.outputs()), (own.samples(), own.outputs()));
    assert_eq!(foreign.takes_intercept(), own.takes_intercept());
    let eta = Random::new(8).normals(length, 2.0);
    assert_eq!(foreign.value(&eta, &[]), own.value(&eta, &[]));
    let (mut theirs, mut ours) = (vec![f64::NAN; length], vec![f64::NAN; length]);
    let (f, o) = (foreign.as_smooth().unwrap(), own.as_smooth().unwrap());
    assert_eq!(f.hessian_bound(), o.hessian_bound());
    let values = f.gradient(&eta, &[], &mut theirs, &mut []);
    assert_eq!(values, o.gradient(&eta, &[], &mut ours, &mut []));
    same_numbers(&theirs, &ours);
    let (f, o) = (foreign.as_conjugate().unwrap(), own.as_conjugate().unwrap());
    assert_eq!(f.conjugate(&theirs), o.conjugate(&ours));
    let (f, o) = (foreign.as_curvature().unwrap(), own.as_curvature().unwrap());
    assert_eq!(f.form(), o.form());
    f.curvature(&eta, &[], &mut theirs);
    o.curvature(&eta, &[], &mut ours);
    same_numbers(&theirs, &ours);
    let (f, o) = (foreign.as_prox().unwrap(), own.as_prox().unwrap());
    f.prox(&eta, 0.7, &mut theirs);
    o.prox(&eta, 0.7, &mut ours);
    same_numbers(&theirs, &ours);
}

#[test]
fn what_a_bad_type_did_is_written_down_with_its_message() {
    let (library, faults) = library("fenchel_example_bad_rust");
    let space = Space::numbered(2, 1);
    let penalty = |name: &str| {
        build(offered(&library, Kind::Penalty, name), json!({ "lambda": 0.5 }), &space)
    };
    let fault = |words: &[&str]| {
        let fault = faults.take().expect("a fault").to_string();
        for word in words.iter().chain(&["fenchel-example-bad-rust"]) {
            assert!(fault.contains(word), "no {word} in {fault}");
        }
    };
    let beta = [2.0, 0.0];
    assert!(!penalty("panic_in_value").value(&beta).is_finite());
    fault(&["panic_in_value", "the value of 2 went wrong"]);
    let mut out = [0.0; 2];
    penalty("panic_in_prox").as_prox().unwrap().prox(&beta, 1.0, &mut out);
    fault(&["panic_in_prox", "the prox of coefficient 0 went wrong"]);
    penalty("nan_prox").as_prox().unwrap().prox(&beta, 1.0, &mut out);
    fault(&["nan_prox", "NaN"]);
    drop(penalty("panic_in_scaled").scaled(2.0));
    fault(&["panic_in_scaled", "scaling by 2 went wrong"]);
    drop(penalty("panic_in_drop"));
    assert_eq!(faults.first(), None);
    let create = offered(&library, Kind::Penalty, "panic_in_create");
    let context = Context { space: &space, resolve: &NoFiles };
    let error = create.build_penalty(&raw(json!({})), &context).unwrap_err();
    assert!(format!("{error} {:?}", faults.first()).contains("creating went wrong"), "{error}");
}
