//! The example plugin through its entry: types, refusals, and answers equal to those of the types
//! behind it.

#![allow(missing_docs, unsafe_code)]

mod common;

use common::{Loss, Penalty, Space, call, names, numeric, penalty_type, text};
use fenchel_example_rust::{AsymmetricL1, ExclusiveLasso, LogCosh, fenchel_plugin_v1 as PLUGIN};
use fenchel_plugin::abi;
use fenchel_plugin::{
    Blocks, Bound, Conjugate, Design, Groups, Loss as _, Matrix, Penalty as _, Prox as _, Response,
    Samples, Separable as _, Subdifferential as _, ZeroThreshold as _,
};

const V: [f64; 6] = [3.0, 0.1, -0.2, -4.0, 0.0, 1.5];

fn asymmetric(outputs: usize) -> Penalty {
    let space = Space::new(&["a", "b", "c", "d", "e", "f"][..6 / outputs], outputs);
    let json = r#"{"lambda":0.5,"up":1.0,"down":3.0}"#;
    Penalty::create(&PLUGIN, "asymmetric_l1", json, &space).unwrap()
}

#[test]
fn the_entry_says_what_the_library_is() {
    assert_eq!((PLUGIN.size, PLUGIN.magic), (size_of::<abi::Plugin>(), abi::MAGIC));
    assert_eq!((PLUGIN.abi, PLUGIN.flags), (abi::ABI, 0));
    assert_eq!(text(PLUGIN.name), "fenchel-example-rust");
    assert_eq!(text(PLUGIN.version), env!("CARGO_PKG_VERSION"));
    let (penalties, losses) = names(&PLUGIN);
    assert_eq!(penalties, ["asymmetric_l1", "exclusive_lasso"]);
    assert_eq!(losses, ["log_cosh"]);
}

#[test]
fn cards_carry_the_schema_that_the_derive_gives() {
    // SAFETY: cards live as long as the library.
    let card = unsafe { *penalty_type(&PLUGIN, "asymmetric_l1").card };
    assert_eq!(text(card.example), "lambda = 0.1\nup = 1.0\ndown = 3.0");
    let schema: serde_json::Value = serde_json::from_str(&text(card.schema)).unwrap();
    assert_eq!(schema["properties"]["lambda"]["default"], 1.0);
    assert_eq!(schema["properties"]["down"]["minimum"], 0.0);
    assert_eq!(schema["properties"]["weights"]["items"]["minimum"], 0.0);
}

#[test]
fn a_separable_penalty_answers_as_its_type_does() {
    let (foreign, own) = (asymmetric(1), AsymmetricL1::new(0.5, 1.0, 3.0).unwrap());
    assert_eq!(foreign.value(&V).unwrap(), own.value(&V));
    let mut out = [f64::NAN; 6];
    let value = own.prox(&V, 0.7, &mut out);
    assert_eq!(foreign.prox(&V, 0.7).unwrap(), (out.to_vec(), value));
    let part = foreign.capability::<abi::Separable>().unwrap();
    let (steps, mut got) = ([0.7; 6], [f64::NAN; 6]);
    for first in [0, 2] {
        let count = 6 - first;
        let at = |part: &[f64; 6]| part[first..].as_ptr();
        // SAFETY: a live object and arrays of the length that is passed, here and below.
        call(|error| unsafe {
            part.proxes.unwrap()(
                foreign.raw,
                first,
                count,
                at(&V),
                steps.as_ptr(),
                got.as_mut_ptr(),
                error,
            )
        })
        .unwrap();
        assert_eq!(got[..count], out[first..]);
        call(|error| unsafe {
            part.values.unwrap()(foreign.raw, first, count, at(&V), got.as_mut_ptr(), error)
        })
        .unwrap();
        assert!((0..count).all(|i| got[i] == own.value_at(first + i, V[first + i])));
        call(|error| unsafe {
            part.subdiff_dists.unwrap()(
                foreign.raw,
                first,
                count,
                at(&V),
                at(&out),
                got.as_mut_ptr(),
                error,
            )
        })
        .unwrap();
        assert!((first..6).all(|j| got[j - first] == own.subdiff_dist_at(j, V[j], out[j])));
    }
    // SAFETY: as above.
    let at = |j: usize| unsafe { part.prox_at.unwrap()(foreign.raw, j, V[j], 0.7) };
    assert!((0..6).all(|j| at(j) == out[j]));
}

#[test]
fn what_a_penalty_says_of_the_whole_is_what_its_type_says() {
    let (foreign, own) = (asymmetric(2), AsymmetricL1::new(0.5, 1.0, 3.0).unwrap());
    let conjugate = foreign.capability::<abi::Conjugate>().unwrap();
    let subdifferential = foreign.capability::<abi::Subdifferential>().unwrap();
    let threshold = foreign.capability::<abi::ZeroThreshold>().unwrap();
    let mut got = [f64::NAN; 4];
    let [value, scale, distance, start] = &mut got;
    // SAFETY: a live object and arrays of the length that is passed.
    call(|e| unsafe { conjugate.conjugate.unwrap()(foreign.raw, V.as_ptr(), 6, value, e) })
        .unwrap();
    // SAFETY: as above.
    call(|e| unsafe { conjugate.dual_scale.unwrap()(foreign.raw, V.as_ptr(), 6, scale, e) })
        .unwrap();
    // SAFETY: as above.
    call(|e| unsafe {
        let (beta, grad) = (V.as_ptr(), [1.0; 6].as_ptr());
        subdifferential.subdiff_dist.unwrap()(foreign.raw, beta, grad, 6, distance, e)
    })
    .unwrap();
    // SAFETY: as above.
    call(|e| unsafe { threshold.zero_threshold.unwrap()(foreign.raw, V.as_ptr(), 6, start, e) })
        .unwrap();
    let expected = [
        own.conjugate(&V),
        own.dual_scale(&V),
        own.subdiff_dist(&V, &[1.0; 6]),
        own.zero_threshold(&V).unwrap(),
    ];
    assert_eq!(got, expected);
}

#[test]
fn blocks_travel_in_ranges() {
    let space = Space::new(&["a", "b", "c"], 2);
    let json = r#"{"lambda":0.5,"groups":[["c","a"],["b"]]}"#;
    let foreign = Penalty::create(&PLUGIN, "exclusive_lasso", json, &space).unwrap();
    let groups = Groups::new(3, &[vec![0, 2], vec![1]], |j| j.to_string()).unwrap();
    let own = ExclusiveLasso::new(0.5, groups).unwrap();
    let part = foreign.capability::<abi::Blocks>().unwrap();
    let (mut starts, mut members, mut count) = (std::ptr::null(), std::ptr::null(), 0);
    // SAFETY: a live object and arrays of the length that is passed, here and below.
    call(|error| unsafe {
        part.groups.unwrap()(foreign.raw, &mut starts, &mut members, &mut count, error)
    })
    .unwrap();
    assert_eq!(count, 2);
    // SAFETY: the penalty owns both arrays while it lives.
    unsafe {
        assert_eq!(std::slice::from_raw_parts(starts, 3), [0, 2, 3]);
        assert_eq!(std::slice::from_raw_parts(members, 3), [0, 2, 1]);
    }
    // Both blocks one after the other: four numbers of a and c, two of b.
    let (steps, mut got, mut out) = ([0.3, 0.9], [f64::NAN; 6], [f64::NAN; 6]);
    own.prox_block(0, &V[..4], 0.3, &mut out[..4]);
    own.prox_block(1, &V[4..], 0.9, &mut out[4..]);
    // SAFETY: as above.
    call(|error| unsafe {
        let (v, out) = (V.as_ptr(), got.as_mut_ptr());
        part.proxes.unwrap()(foreign.raw, 0, 2, v, steps.as_ptr(), out, error)
    })
    .unwrap();
    assert_eq!(got, out);
    // The second alone.
    // SAFETY: as above.
    call(|error| unsafe {
        part.values.unwrap()(foreign.raw, 1, 1, V[4..].as_ptr(), got.as_mut_ptr(), error)
    })
    .unwrap();
    assert_eq!(got[0], own.value_block(1, &V[4..]));
    // SAFETY: as above; the call is refused before it looks at an array.
    let refusal = call(|error| unsafe {
        part.values.unwrap()(foreign.raw, 1, 2, V.as_ptr(), got.as_mut_ptr(), error)
    });
    assert_eq!(refusal.unwrap_err().status, abi::FAILED);
}

#[test]
fn refusals_name_the_parameter_and_say_why() {
    let space = Space::new(&["a", "b", "c"], 1);
    let refused = |name: &str, json: &str| match Penalty::create(&PLUGIN, name, json, &space) {
        Ok(_) => panic!("{json} is accepted"),
        Err(refusal) => (refusal.status, refusal.path, refusal.message),
    };
    let (status, path, message) = refused("asymmetric_l1", r#"{"lambda":1.0,"up":-1.0}"#);
    assert_eq!((status, path.as_str()), (abi::INVALID, "up"));
    assert_eq!(message, "`up` must be finite and at least 0, got -1");
    let (status, path, message) = refused("asymmetric_l1", r#"{"weights":[1,"x",1]}"#);
    assert_eq!((status, path.as_str()), (abi::INVALID, "weights[1]"));
    assert!(message.contains("expected f64") && !message.contains("column"), "{message}");
    let (_, path, _) = refused("asymmetric_l1", r#"{"weights":[1,-1,1]}"#);
    assert_eq!(path, "weights[1]");
    let (_, _, message) = refused("asymmetric_l1", r#"{"lamda":1}"#);
    assert!(message.contains("unknown field `lamda`"), "{message}");
    let (_, path, message) = refused("exclusive_lasso", r#"{"groups":[["a"],["b","x"]]}"#);
    assert_eq!(path, "groups[1][1]");
    assert!(message.contains("unknown feature \"x\""), "{message}");
    let (_, path, message) = refused("exclusive_lasso", r#"{"groups":[["a"],["b"]]}"#);
    assert!(path == "groups" && message.contains("\"c\" is in no group"), "{path}: {message}");
}

#[test]
fn names_are_asked_for_only_where_parameters_name_features() {
    let space = Space::new(&["a", "b", "c"], 1);
    let create = |json| Penalty::create(&PLUGIN, "exclusive_lasso", json, &space).unwrap();
    create(r#"{"groups":{"size":3}}"#);
    assert_eq!(space.asked.get(), 0);
    create(r#"{"groups":[["a","b"],["c"]]}"#);
    assert_eq!(space.asked.get(), 3);
}

#[test]
fn side_files_are_read_by_the_host() {
    let space = Space::new(&["a1", "b1", "a2"], 1);
    let create = |column: &str| {
        let json = format!(r#"{{"groups":{{"column":"{column}","file":"g.csv"}}}}"#);
        Penalty::create(&PLUGIN, "exclusive_lasso", &json, &space)
    };
    // Groups { a1, a2 } and { b1 }: (|1| + |2|)^2 / 2 + 4^2 / 2.
    assert_eq!(create("initial").unwrap().value(&[1.0, 4.0, -2.0]).unwrap(), 12.5);
    let Err(refusal) = create("final") else { panic!("a column that is not there") };
    assert_eq!((refusal.status, refusal.path.as_str()), (abi::INVALID, "groups"));
    assert_eq!(refusal.message, "there is no such column");
}

#[test]
fn what_is_not_offered_is_null() {
    let penalty = asymmetric(1);
    assert!(penalty.capability::<abi::Elementary>().is_none());
    assert!(penalty.capability::<abi::Blocks>().is_none());
    assert!(penalty.capability::<abi::DualNorm>().is_none());
    assert!(penalty.offers(c"fenchel.penalty.prox", 2).is_null());
    assert!(penalty.offers(c"fenchel.penalty.telepathy", 1).is_null());
    assert!(!penalty.offers(c"fenchel.penalty.prox", 1).is_null());
}

#[test]
fn scaling_multiplies_and_lineality_follows() {
    let penalty = asymmetric(1);
    let kind = |penalty: &Penalty| {
        let lineality = penalty.capability::<abi::Lineality>().unwrap();
        let (mut kind, mut count) = (-1, 0);
        // SAFETY: a live object.
        call(|error| unsafe { lineality.kind.unwrap()(penalty.raw, &mut kind, &mut count, error) })
            .unwrap();
        kind
    };
    let double = penalty.scaled(2.0).unwrap();
    assert_eq!(double.value(&V).unwrap(), 2.0 * penalty.value(&V).unwrap());
    assert_eq!(kind(&double), abi::TRIVIAL);
    assert_eq!(kind(&penalty.scaled(0.0).unwrap()), abi::EVERYTHING);
}

#[test]
fn unpenalised_coefficients_are_listed() {
    let space = Space::new(&["a", "b", "c"], 2);
    let json = r#"{"weights":[1,0,1]}"#;
    let penalty = Penalty::create(&PLUGIN, "asymmetric_l1", json, &space).unwrap();
    let lineality = penalty.capability::<abi::Lineality>().unwrap();
    let (mut kind, mut count, mut out) = (-1, 0, [usize::MAX; 2]);
    // SAFETY: a live object and an array of the length that is passed, here and below.
    call(|error| unsafe { lineality.kind.unwrap()(penalty.raw, &mut kind, &mut count, error) })
        .unwrap();
    assert_eq!((kind, count), (abi::COORDINATES, 2));
    // SAFETY: as above.
    call(|e| unsafe { lineality.coordinates.unwrap()(penalty.raw, out.as_mut_ptr(), 2, e) })
        .unwrap();
    assert_eq!(out, [1, 4]);
}

#[test]
fn a_loss_answers_as_its_type_does_also_with_weights() {
    let y = [0.5, -1.0, 2.0, 0.1, 7.0, -3.0];
    let eta = [0.4, 1.0, -2.0, 0.1, 6.0, 3.0];
    let response = Response::Numeric { values: y.to_vec(), columns: 2 };
    for weights in [None, Some(vec![0.3, 1.9, 0.1])] {
        // The host's samples are rescaled already, to a mean that is 1 but for rounding.
        let samples = Samples::new(response.clone(), weights).unwrap();
        let design = Design::new(Matrix::identity(3));
        let Ok(Bound::Eta(own)) = LogCosh::new().bind(&samples, &design) else { panic!() };
        let loss = Loss::create(&PLUGIN, "log_cosh").unwrap();
        let fit = loss.bind(&numeric(&y, 2, samples.weights())).unwrap();
        let mut grad = [f64::NAN; 6];
        let value = own.as_smooth().unwrap().gradient(&eta, &[], &mut grad, &mut []);
        assert_eq!(fit.gradient(&eta, &[]).unwrap(), (grad.to_vec(), value));
        let smooth = fit.capability::<abi::Smooth>().unwrap();
        // SAFETY: a live object.
        let bound = unsafe { smooth.hessian_bound.unwrap()(fit.raw) };
        assert_eq!(Some(bound), own.as_smooth().unwrap().hessian_bound());
        let curvature = fit.capability::<abi::Curvature>().unwrap();
        let (mut got, mut expected) = ([f64::NAN; 6], [f64::NAN; 6]);
        own.as_curvature().unwrap().curvature(&eta, &[], &mut expected);
        // SAFETY: a live object and arrays of n K numbers.
        call(|error| unsafe {
            let (own, out) = (std::ptr::null(), got.as_mut_ptr());
            curvature.curvature.unwrap()(fit.raw, eta.as_ptr(), own, out, error)
        })
        .unwrap();
        assert_eq!(got, expected);
        assert!(fit.capability::<abi::Own>().is_none());
    }
}

#[test]
fn a_response_outside_the_domain_is_named_by_its_sample() {
    let loss = Loss::create(&PLUGIN, "log_cosh").unwrap();
    let y = [0.5, f64::NAN, 2.0];
    let Err(refusal) = loss.bind(&numeric(&y, 1, None)) else { panic!("a NaN is accepted") };
    assert_eq!((refusal.status, refusal.sample), (abi::INVALID, 1));
    assert_eq!(refusal.message, "a finite number");
}

#[test]
fn predictions_have_the_columns_that_were_said() {
    let loss = Loss::create(&PLUGIN, "log_cosh").unwrap();
    let predictor = loss.predictor().unwrap();
    assert!(predictor.classes.is_none());
    // SAFETY: a live object.
    assert_eq!(unsafe { predictor.columns.unwrap()(loss.raw, 2) }, 2);
    let (eta, mut out, mut deviance) = ([1.0, 2.0, 3.0, 4.0], [f64::NAN; 4], f64::NAN);
    // SAFETY: a live object and arrays of samples x outputs numbers, here and below.
    call(|e| unsafe {
        predictor.response.unwrap()(loss.raw, eta.as_ptr(), 2, 2, out.as_mut_ptr(), e)
    })
    .unwrap();
    assert_eq!(out, eta);
    let data = numeric(&[0.0, 2.0, 3.0, 4.0], 2, None);
    // SAFETY: as above.
    call(|e| unsafe {
        predictor.deviance.unwrap()(loss.raw, eta.as_ptr(), 2, 2, &data, &mut deviance, e)
    })
    .unwrap();
    assert!((deviance - 1f64.cosh().ln()).abs() < 1e-15);
}

#[test]
fn messages_are_cut_between_characters() {
    let (table, space) = (penalty_type(&PLUGIN, "asymmetric_l1"), abi_space());
    let json = "{\"ü\":1}";
    let mut raw = std::ptr::null_mut();
    // "unknown field `ü`": the buffer ends inside the letter.
    // SAFETY: all pointers are to live objects of the right kind.
    let refusal = common::within(17, |error| unsafe {
        table.create.unwrap()(json.as_ptr().cast(), json.len(), &space, &mut raw, error)
    });
    assert_eq!(refusal.unwrap_err().message, "unknown field `");
}

fn abi_space() -> abi::Space {
    // SAFETY: all zero is a valid table.
    let mut space: abi::Space = unsafe { std::mem::zeroed() };
    (space.size, space.features, space.outputs) = (size_of::<abi::Space>(), 1, 1);
    space
}
