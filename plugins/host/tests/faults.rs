//! Penalties that break their promises are found out and named, and nothing is lost by it.

mod support;

use fenchel_core::{DenseMatrix, Design, Matrix, Penalty, Space, Sweep, SweepReport};
use support::{Loaded, load};

const B: [f64; 3] = [2.0, -3.0, 0.5];

fn space() -> Space {
    Space::numbered(3, 1)
}

fn l1(defines: &[&str]) -> (Loaded, Box<dyn Penalty>) {
    let loaded = load("l1", defines).unwrap();
    let penalty = loaded.penalty(r#"{"lambda": 0.5}"#, &space()).unwrap();
    loaded.assert_no_fault();
    (loaded, penalty)
}

fn without_name(loaded: &Loaded) -> String {
    let fault = loaded.fault();
    let (name, what) = fault.split_once("): ").expect("the plugin is named");
    assert!(name.starts_with("plugin `") && name.ends_with("_c 1.0"), "{name}");
    what.to_string()
}

/// The fault that `use_it` provokes in an l1 penalty with this macro.
#[track_caller]
fn fault(define: &str, use_it: impl Fn(&dyn Penalty)) -> String {
    let (loaded, penalty) = l1(&[define]);
    use_it(&*penalty);
    without_name(&loaded)
}

fn prox(penalty: &dyn Penalty) {
    let mut out = [0.0; 3];
    let value = penalty.as_prox().unwrap().prox(&B, 1.0, &mut out);
    assert!(value.is_nan() && out.iter().all(|b| b.is_nan()));
}

#[test]
fn faults_name_type_library_and_function() {
    let (loaded, penalty) = l1(&["IN_VALUE=*out=NAN"]);
    assert_eq!(penalty.value(&B), f64::INFINITY);
    assert_eq!(loaded.fault(), "plugin `l1_c` (l1_in_c 1.0): value returned NaN");
}

#[test]
fn outputs_that_are_wrong_are_told_apart() {
    assert_eq!(fault("IN_PROXES=out[1]=NAN", prox), "proxes returned NaN for coefficient 1");
    assert_eq!(fault("IN_PROXES=out[2]=INFINITY", prox), "proxes returned inf for coefficient 2");
    assert_eq!(
        fault("IN_PROXES=out[count]=0", prox),
        "proxes wrote beyond the end of its output, which has room for 3 numbers"
    );
    let dists = |penalty: &dyn Penalty| {
        penalty.as_separable().unwrap().subdiff_dist_range(0, &B, &B, &mut [0.0; 3]);
    };
    assert_eq!(
        fault("IN_DISTS=out[0]=-1", dists),
        "subdiff_dists returned -1 for coefficient 0, expected at least 0"
    );
    assert_eq!(
        fault("IN_VALUES=out[2]=NAN", |penalty| {
            penalty.as_prox().unwrap().prox(&B, 1.0, &mut [0.0; 3]);
        }),
        "values returned NaN for coefficient 2"
    );
}

#[test]
fn a_function_that_writes_nothing_is_found_out() {
    let (loaded, penalty) = l1(&["LAZY", "PROXES=lazy"]);
    prox(&*penalty);
    assert_eq!(without_name(&loaded), "proxes left coefficient 0 unwritten");
}

#[test]
fn a_status_that_is_not_ok_is_a_fault_with_the_plugins_words() {
    let failed = |status: &str, words: &str| {
        let define = format!("IN_PROXES=return fenchel_fail(error,{status},NULL,\"{words}\")");
        fault(&define, prox)
    };
    assert_eq!(failed("FENCHEL_FAILED", "out of memory"), "proxes failed: out of memory");
    assert_eq!(failed("FENCHEL_PANIC", "index 3 of 2"), "proxes panicked: index 3 of 2");
    assert_eq!(failed("FENCHEL_INVALID", "\\xff"), "proxes failed: \u{fffd}");
    assert_eq!(failed("99", ""), "proxes returned the unknown status 99");
    assert_eq!(fault("IN_PROXES=return FENCHEL_FAILED", prox), "proxes failed: it gave no reason");
}

#[test]
fn what_comes_from_nan_is_not_the_plugins_fault() {
    let (loaded, penalty) = l1(&[]);
    let v = [f64::NAN, 1.0, 2.0];
    let mut out = [0.0; 3];
    penalty.as_prox().unwrap().prox(&v, 1.0, &mut out);
    assert!(out[0].is_nan() && out[1..] == [0.5, 1.5]);
    assert!(penalty.value(&v).is_nan());
    let (report, _) = epoch(&*penalty, f64::NAN);
    assert_eq!(report.largest_step, f64::INFINITY);
    loaded.assert_no_fault();
}

/// One epoch from zero, whose residual holds `first`.
fn epoch(penalty: &dyn Penalty, first: f64) -> (SweepReport, [f64; 3]) {
    let x = vec![1.0, 0.5, 0.0, 0.0, 1.0, 0.5, 0.5, 0.0, 1.0];
    let design = Design::new(Matrix::Dense(DenseMatrix::new(3, 3, x).unwrap()));
    let mut beta = [0.0; 3];
    let mut residual = [first, 20.0, 30.0];
    let sum = residual.iter().sum();
    let report = penalty.as_separable().unwrap().sweep(&mut Sweep {
        design: &design,
        columns: None,
        copies: None,
        curvature: None,
        uniform: 1.0,
        intercept: false,
        beta: &mut beta,
        intercepts: &mut [],
        residual: &mut residual,
        shift: &mut [0.0],
        weighted_sum: &mut [sum],
        total: &[3.0],
        stored_sums: &[1.5; 3],
        working: &[2, 0, 1],
        lipschitz: &[1.25; 3],
        offsets: &[],
        grams: None,
        scratch: &mut [],
    });
    (report, beta)
}

#[test]
fn an_epoch_names_the_first_coefficient_that_a_prox_broke() {
    for (answer, text) in [("NAN", "NaN"), ("-INFINITY", "-inf")] {
        let define = format!("IN_PROX_AT=if(j==0)x={answer}");
        let (loaded, penalty) = l1(&[&define]);
        let (report, beta) = epoch(&*penalty, 10.0);
        assert!(report.largest_step.is_infinite() && beta[2].is_finite() && !beta[0].is_finite());
        assert_eq!(without_name(&loaded), format!("prox_at returned {text} for coefficient 0"));
    }
    let (loaded, penalty) = l1(&["BATCHED_ONLY", "IN_PROXES=if(first==0)out[0]=NAN"]);
    epoch(&*penalty, 10.0);
    assert_eq!(without_name(&loaded), "proxes returned NaN for coefficient 0");
    let (loaded, penalty) = l1(&["IN_PROX_AT=if(j==1)x=NAN"]);
    assert!(penalty.as_separable().unwrap().prox_at(1, 3.0, 1.0).is_nan());
    assert_eq!(without_name(&loaded), "prox_at returned NaN for coefficient 1");
}

#[test]
fn conjugates_and_thresholds_are_looked_at() {
    let fails = |define: &str| {
        fault(define, |penalty| {
            let conjugate = penalty.as_conjugate().unwrap();
            assert_eq!(conjugate.conjugate(&B), f64::INFINITY);
            assert!(conjugate.dual_scale(&B).is_nan());
            assert_eq!(penalty.as_zero_threshold().unwrap().zero_threshold(&B), None);
        })
    };
    assert_eq!(fails("IN_NORM=*norm=NAN"), "dual_norm returned NaN, expected at least 0");
    assert_eq!(fails("IN_NORM=*norm=-2"), "dual_norm returned -2, expected at least 0");
}

#[test]
fn scalars_are_looked_at_when_they_are_needed() {
    let fails = |define: &str| {
        let (loaded, penalty) = l1(&["ELEMENTARY", define]);
        assert_eq!(penalty.as_elementary().unwrap().scalar(0), fenchel_core::Scalar::ZERO);
        without_name(&loaded)
    };
    assert_eq!(
        fails("IN_SCALARS=l1[1]=NAN"),
        "scalars returned NaN for coefficient 1, expected at least 0"
    );
    assert!(
        fails("IN_SCALARS=lower[2]=1")
            .starts_with("scalars gave coefficient 2 l1 = 0.5, l2 = 0 on [1, inf]")
    );
    assert!(fails("IN_SCALARS=upper[3]=1").contains("room for 3 numbers"));
}

/// The fault of a penalty that cannot be made, which its error repeats.
#[track_caller]
fn unmade(source: &str, define: &str, parameters: &str) -> String {
    let loaded = load(source, &[define]).unwrap();
    let error = loaded.penalty(parameters, &space()).unwrap_err();
    assert_eq!(error.to_string(), loaded.fault());
    without_name(&loaded)
}

#[test]
fn penalties_that_cannot_be_are_not_made() {
    let made = |define: &str| unmade("l1", define, "{}");
    assert_eq!(made("IN_CREATE=*out=NULL"), "create said OK but made no penalty");
    assert_eq!(
        made("IN_CREATE=return fenchel_fail(error,FENCHEL_FAILED,\"lambda\",\"no memory\")"),
        "create failed: no memory"
    );
    assert_eq!(made("IN_CREATE=return -5"), "create returned the unknown status -5");
    assert_eq!(
        made("IN_CONVEXITY=return 5"),
        "convexity returned 5, expected FENCHEL_CONVEX or its like (0 to 2)"
    );
    for modulus in ["0", "-1", "NaN", "inf"] {
        let number = modulus.replace("NaN", "NAN").replace("inf", "INFINITY");
        assert_eq!(
            made(&format!("IN_CONVEXITY=*modulus={number};return FENCHEL_WEAKLY_CONVEX")),
            format!("convexity gave the modulus {modulus}, expected a finite number above 0")
        );
    }
    assert_eq!(
        made("IN_CONVEXITY=return FENCHEL_NONCONVEX"),
        "capability offers a conjugate or a dual norm of a penalty that is not convex"
    );
    assert_eq!(
        made("PROXES=NULL"),
        "capability offers fenchel.penalty.separable, but `proxes` is NULL"
    );
    assert_eq!(
        made("SEPARABLE_SIZE=16"),
        "capability offers fenchel.penalty.separable, but its `size` is 16, which ends before \
         `proxes`"
    );
}

#[test]
fn lineality_spaces_that_cannot_be_are_refused() {
    let made = |hook: &str| unmade("l1", hook, "{}");
    assert_eq!(
        made("IN_KIND=*kind=7"),
        "lineality is of kind 7, expected FENCHEL_TRIVIAL or its like"
    );
    assert_eq!(made("IN_KIND=*kind=1;*count=4"), "lineality gave 4 directions of 3 coefficients");
    assert_eq!(made("IN_KIND=*kind=2;*count=1"), "lineality has no `basis`");
    let two = |write: &str| {
        let loaded =
            load("l1", &["IN_KIND=*kind=1;*count=2", &format!("IN_COORDINATES={write}")]).unwrap();
        match loaded.penalty("{}", &space()) {
            Ok(penalty) => format!("{:?}", penalty.lineality()),
            Err(_) => without_name(&loaded),
        }
    };
    assert_eq!(two(""), "Coordinates([0, 1])");
    assert_eq!(two("out[1]=3"), "lineality gave the index 3, expected below 3");
    assert_eq!(two("out[0]=1"), "lineality gave the index 1 after 1: expected ascending");
    assert_eq!(two("out[2]=2"), "lineality wrote beyond the end of its output");
    let made = |hook: &str| unmade("ridge", hook, "{}");
    assert_eq!(made("IN_BASIS=out[2]=INFINITY"), "lineality returned inf for coefficient 2");
    assert_eq!(made("IN_BASIS=memset(out,0,24)"), "lineality gave the direction 0, which is zero");
    assert!(made("IN_BASIS=out[3]=1").starts_with("lineality wrote beyond the end"));
}

#[test]
fn groups_that_are_no_partition_are_refused() {
    let made =
        |hook: &str| unmade("group", &format!("IN_GROUPS={hook}"), r#"{"groups": [[0, 1], [2]]}"#);
    assert_eq!(
        made("group->members[2]=1"),
        "groups gave no partition of the features: groups overlap: feature \"2\" is in group 1 and \
         in group 2"
    );
    assert_eq!(
        made("group->members[2]=9"),
        "groups gave no partition of the features: group 2 names feature 10, but there are 3 \
         features"
    );
    assert_eq!(
        made("group->members[0]=1;group->members[1]=0"),
        "groups gave the members of group 0 in no ascending order"
    );
    assert_eq!(
        made("group->starts[2]=2"),
        "groups gave groups from 0 to 2, expected from 0 to 3, the number of features"
    );
    assert_eq!(made("group->starts[1]=0"), "groups gave group 0 no member");
    assert_eq!(made("group->count=0"), "groups gave 0 groups of 3 features");
    assert_eq!(made("group->count=1u<<30"), "groups gave 1073741824 groups of 3 features");
    assert_eq!(
        made("return fenchel_fail(error,FENCHEL_FAILED,NULL,\"lost them\")"),
        "groups failed: lost them"
    );
}

#[test]
fn blocks_that_are_wrong_are_named() {
    let fault = |hook: &str, use_it: &dyn Fn(&dyn Penalty)| {
        let loaded = load("group", &[hook]).unwrap();
        let penalty = loaded.penalty(r#"{"groups": [[0, 1], [2]]}"#, &space()).unwrap();
        use_it(&*penalty);
        without_name(&loaded)
    };
    let one = |penalty: &dyn Penalty| {
        let mut out = [0.0; 2];
        penalty.as_blocks().unwrap().prox_block(0, &[2.0, 3.0], 1.0, &mut out);
        assert!(out.iter().all(|b| b.is_nan()));
    };
    assert_eq!(fault("IN_PROXES=out[1]=NAN", &one), "proxes returned NaN for coefficient 1");
    assert!(fault("IN_PROXES=out[size]=1", &one).contains("room for 2 numbers"));
    assert_eq!(
        fault("IN_PROXES=out[0]=first+i==1?NAN:0", &prox),
        "proxes returned NaN for coefficient 2"
    );
    assert_eq!(
        fault("IN_DISTS=out[1]=NAN", &|penalty| {
            penalty.as_subdifferential().unwrap().subdiff_dist(&B, &B);
        }),
        "subdiff_dists returned NaN for block 1, expected at least 0"
    );
}

#[test]
fn a_whole_prox_and_distance_are_looked_at() {
    let fault = |hook: &str| {
        let loaded = load("ridge", &[hook]).unwrap();
        let penalty = loaded.penalty("{}", &space()).unwrap();
        penalty.as_prox().unwrap().prox(&B, 1.0, &mut [0.0; 3]);
        penalty.as_subdifferential().unwrap().subdiff_dist(&B, &B);
        penalty.scaled(2.0).value(&B);
        without_name(&loaded)
    };
    assert_eq!(fault("IN_PROX=out[1]=NAN"), "prox returned NaN for coefficient 1");
    assert_eq!(fault("IN_PROX=*value=NAN"), "prox returned NaN");
    assert_eq!(
        fault("IN_PROX=out[3]=0").split(',').next(),
        Some("prox wrote beyond the end of its output")
    );
    assert_eq!(fault("IN_DIST=*distance=-1"), "subdiff_dist returned -1, expected at least 0");
    assert_eq!(fault("IN_SCALED=*out=NULL"), "scaled said OK but made no penalty");
}

#[test]
fn a_scale_that_create_refuses_is_a_fault() {
    let refuses = "IN_CREATE=if(l1->lambda>1)return fenchel_fail(error,FENCHEL_INVALID,\"lambda\",\"too strong\")";
    let (loaded, penalty) = l1(&[refuses]);
    assert_eq!(penalty.scaled(4.0).value(&B), penalty.value(&B));
    assert_eq!(
        without_name(&loaded),
        "create refused lambda = 2.0: plugin `l1_c` (l1_in_c 1.0): too strong"
    );
}

#[test]
fn parameters_that_a_plugin_refuses_are_the_users_fault() {
    let refuses =
        "IN_CREATE=return fenchel_fail(error,FENCHEL_INVALID,\"weights[1]\",\"must be even\")";
    let loaded = load("l1", &[refuses]).unwrap();
    let error = loaded.penalty("{}", &space()).unwrap_err();
    assert_eq!(error.to_string(), "plugin `l1_c` (l1_in_c 1.0): must be even");
    let fenchel_core::Error::At { path, source } = error else { panic!("a path") };
    assert_eq!(path, "weights[1]");
    assert!(matches!(*source, fenchel_core::Error::Data(_)));
    let unfit = "IN_CREATE=return fenchel_fail(error,FENCHEL_UNSUPPORTED,NULL,\"one output only\")";
    let other = load("l1", &[unfit]).unwrap();
    let error = other.penalty("{}", &space()).unwrap_err();
    assert!(matches!(error, fenchel_core::Error::Unsupported(_)));
    for loaded in [loaded, other] {
        loaded.assert_no_fault();
    }
}

#[test]
fn groups_that_a_file_gets_wrong_are_told_as_for_built_in_penalties() {
    let group = load("group", &[]).unwrap();
    let error = |groups: &str| {
        let parameters = format!(r#"{{"groups": {groups}}}"#);
        let mut error = &group.penalty(&parameters, &space()).unwrap_err();
        let mut path = String::new();
        while let fenchel_core::Error::At { path: key, source } = error {
            path.push_str(key);
            error = source;
        }
        (path, error.to_string())
    };
    let (path, text) = error(r#"[["1", "2"], ["33"]]"#);
    assert_eq!(
        (path.as_str(), text.as_str()),
        ("groups[1][0]", "unknown feature \"33\": did you mean \"3\"?")
    );
    let (path, text) = error(r#"{"size": 2}"#);
    assert_eq!(
        (path.as_str(), text.as_str()),
        ("groups", "`size` must be a divisor of the number of features, 3, got 2")
    );
    let (path, text) = error("7");
    assert!(path == "groups" && text.contains("expected lists of features"), "{text}");
    let (_, text) = error(r#"{"file": "absent.csv", "column": "a"}"#);
    assert_eq!(text, "there is no \"a\" in \"absent.csv\"");
    group.assert_no_fault();
}
