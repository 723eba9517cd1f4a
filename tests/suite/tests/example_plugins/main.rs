//! The plugins in C and C++ that are shown as examples, and the templates in C, obey every law that
//! built-in types obey.

#![allow(missing_docs)]

#[path = "../common/plugins.rs"]
mod plugins;

use std::path::PathBuf;

use fenchel_core::{Bound, Design, Lineality, Loss, Matrix, Response, Samples, Space};
use fenchel_laws::{loss, penalty};
use fenchel_loss_location::Quadratic;
use plugins::{Loaded, compile, repository};
use serde_json::json;

fn example(name: &str, sources: &[&str]) -> Loaded {
    let sources: Vec<PathBuf> =
        sources.iter().map(|s| repository(&format!("plugins/examples/{s}"))).collect();
    Loaded::new(&compile(name, &sources, &[]))
}

fn in_c(name: &str) -> Loaded {
    example(name, &["c/plugin.c", "c/berhu.c", "c/expectile.c"])
}

/// A template with its holes filled as `fenchel new` does.
fn template(kind: &str) -> Loaded {
    let text =
        std::fs::read_to_string(repository(&format!("plugins/templates/c/{kind}/{{{{name}}}}.c")));
    let name = format!("my_{kind}");
    let text = text.unwrap().replace("{{name}}", &name).replace("{{Name}}", "MyType");
    let source = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.c"));
    std::fs::write(&source, text).unwrap();
    Loaded::new(&compile(&name, &[source], &[]))
}

#[test]
fn berhu_obeys_the_laws() {
    let plugin = in_c("berhu_laws");
    let mut checked = 0;
    for (table, features, outputs) in [
        (json!({}), 5, 1),
        (json!({ "lambda": 0.7, "delta": 0.5 }), 6, 1),
        (json!({ "lambda": 1.3, "delta": 3 }), 3, 2),
        (json!({ "lambda": 0.7, "delta": 0.2, "weights": [0.5, 0, 2, 1] }), 4, 1),
        (json!({ "lambda": 0.7, "weights": [0.5, 0] }), 2, 2),
        (json!({ "lambda": 0.7, "weights": [0, 0, 0] }), 3, 1),
        (json!({ "lambda": 0 }), 3, 1),
    ] {
        let space = Space::numbered(features, outputs);
        penalty::assert_laws(&*plugin.penalty(table, &space).unwrap(), &space);
        checked += 1;
    }
    assert_eq!(checked, 7);
    plugin.assert_faultless();
}

#[test]
fn berhu_says_what_is_wrong_with_its_parameters() {
    let plugin = in_c("berhu_parameters");
    let refused = |table, words: &[&str]| {
        let error = plugin.penalty(table, &Space::numbered(3, 1)).unwrap_err();
        let said = format!("{error} ({error:?})");
        for word in words {
            assert!(said.contains(word), "no {word} in {said}");
        }
    };
    refused(json!({ "delta": 0 }), &["delta", "greater than 0"]);
    refused(json!({ "weights": [1, 2] }), &["weights", "3, not 2"]);
    refused(json!({ "weights": [1, -2, 1] }), &["weights[1]", "at least 0"]);
    refused(json!({ "weights": "all" }), &["weights", "a list"]);
    refused(json!({ "detla": 1 }), &["detla"]);
    plugin.assert_faultless();
}

#[test]
fn berhu_is_free_where_a_feature_has_no_weight() {
    let plugin = in_c("berhu_lineality");
    let space = Space::numbered(3, 2);
    let lineality = |table| plugin.penalty(table, &space).unwrap().lineality();
    assert_eq!(lineality(json!({})), Lineality::Trivial);
    let some = json!({ "weights": [0, 1, 0] });
    assert_eq!(lineality(some), Lineality::Coordinates(vec![0, 2, 3, 5]));
    assert_eq!(lineality(json!({ "weights": [0, 0, 0] })), Lineality::Everything);
    assert_eq!(lineality(json!({ "lambda": 0 })), Lineality::Everything);
}

#[test]
fn expectile_obeys_the_laws() {
    let plugin = in_c("expectile_laws");
    for tau in [0.5, 0.8, 0.01] {
        loss::assert_laws(&*plugin.loss(json!({ "tau": tau })).unwrap());
    }
    assert!(plugin.loss(json!({ "tau": 1 })).is_err());
    plugin.assert_faultless();
}

fn value(loss: &dyn Loss, samples: &Samples, eta: &[f64]) -> f64 {
    match loss.bind(samples, &Design::new(Matrix::identity(samples.len()))).unwrap() {
        Bound::Eta(fit) => fit.value(eta, &[]),
        Bound::Direct(_) => panic!("no linear predictor"),
    }
}

#[test]
fn the_middle_expectile_is_the_mean() {
    let plugin = in_c("expectile_middle");
    let numbers = Response::Numeric { values: vec![1.0, -2.0, 0.5], columns: 1 };
    let samples = Samples::new(numbers, Some(vec![1.0, 2.0, 3.0])).unwrap();
    let eta = [0.25, 1.0, 4.0];
    let expectile = plugin.loss(json!({})).unwrap();
    let (got, mean) =
        (value(&*expectile, &samples, &eta), value(&Quadratic::new(), &samples, &eta));
    assert!((got - mean).abs() <= 1e-14 * mean, "{got} for {mean}");
}

#[test]
fn group_linf_obeys_the_laws() {
    let plugin = example("group_linf", &["cpp/group_linf.cpp"]);
    for (table, features, outputs) in [
        (json!({ "groups": { "size": 1 } }), 5, 1),
        (json!({ "lambda": 0.7, "groups": { "size": 3 } }), 6, 1),
        (json!({ "lambda": 0.4, "groups": [[0, 3], [1, 2, 4]] }), 5, 1),
        (json!({ "lambda": 1.3, "groups": { "size": 2 } }), 4, 2),
        (json!({ "lambda": 0, "groups": { "size": 2 } }), 4, 1),
    ] {
        let space = Space::numbered(features, outputs);
        let built = plugin.penalty(table, &space).unwrap();
        penalty::assert_laws(&*built, &space);
        assert!(built.as_blocks().is_some() && built.as_conjugate().is_some());
    }
    plugin.assert_faultless();
}

#[test]
fn group_linf_says_which_group_is_wrong() {
    let plugin = example("group_linf_groups", &["cpp/group_linf.cpp"]);
    let space = Space::numbered(3, 1);
    let error = |table| plugin.penalty(table, &space).unwrap_err().to_string();
    assert!(error(json!({ "groups": [[0, 1]] })).contains("\"3\" is in no group"));
    assert!(error(json!({})).contains("groups"));
}

#[test]
fn the_twin_of_l1_obeys_the_laws() {
    let plugin = example("l1_c", &["twins/l1.c"]);
    for (lambda, features, outputs) in [(1.0, 5, 1), (0.7, 3, 2), (0.0, 3, 1)] {
        let space = Space::numbered(features, outputs);
        let built = plugin.penalty(json!({ "lambda": lambda }), &space).unwrap();
        penalty::assert_laws(&*built, &space);
        assert!(built.as_elementary().is_none());
    }
    plugin.assert_faultless();
}

#[test]
fn the_templates_obey_the_laws() {
    let (of_penalty, of_loss) = (template("penalty"), template("loss"));
    for (lambda, features, outputs) in [(0.7, 5, 1), (1.3, 3, 2), (0.0, 3, 1)] {
        let space = Space::numbered(features, outputs);
        let built = of_penalty.penalty(json!({ "lambda": lambda }), &space).unwrap();
        penalty::assert_laws(&*built, &space);
    }
    for s in [1.0, 0.3] {
        loss::assert_laws(&*of_loss.loss(json!({ "s": s })).unwrap());
    }
    of_penalty.assert_faultless();
    of_loss.assert_faultless();
}
