//! The libraries that break their promises do break them, each in the way that its first line says.
//! Those that would end this process are compiled only; the command meets them in its own tests.

#![allow(missing_docs)]

#[path = "../common/plugins.rs"]
mod plugins;

use std::collections::BTreeMap;
use std::path::PathBuf;

use fenchel_core::Space;
use fenchel_laws::{Outcome, Report, penalty};
use plugins::{Loaded, compile, repository};
use serde_json::json;

fn folder() -> PathBuf {
    repository("tests/suite/plugins")
}

/// Compiles `tests/suite/plugins/{name}.c`.
fn bad(name: &str) -> PathBuf {
    compile(&format!("bad_{name}"), &[folder().join(format!("{name}.c"))], &["-D_GNU_SOURCE"])
}

fn report(name: &str) -> Report {
    let plugin = Loaded::new(&bad(name));
    let space = Space::numbered(5, 1);
    let built = plugin.penalty(json!({ "lambda": 0.7 }), &space).unwrap();
    penalty::check_all(&*built, &space)
}

#[track_caller]
fn outcomes(report: &Report, violated: &[&str], held: &[&str]) {
    for law in violated {
        let outcome = report.outcome(law);
        assert!(matches!(outcome, Some(Outcome::Violated(_))), "{law} is not violated:\n{report}");
    }
    for law in held {
        assert_eq!(report.outcome(law), Some(&Outcome::Held), "{report}");
    }
}

#[test]
fn all_compile_without_a_warning() {
    let sources = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<String> = sources
        .filter(|path| path.extension().is_some_and(|e| e == "c"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(names.len() >= 15, "only {names:?}");
    for name in names {
        compile(&format!("all_{name}"), &[folder().join(format!("{name}.c"))], &["-D_GNU_SOURCE"]);
    }
}

#[test]
fn a_lie_is_in_the_prox_and_not_in_the_distance() {
    outcomes(
        &report("lie"),
        &["prox_minimises", "subdifferential_holds_prox_residuals"],
        &["distance_is_not_understated", "distance_agrees_with_slopes", "fenchel_young_inequality"],
    );
}

#[test]
fn a_moody_prox_answers_differently_each_time() {
    outcomes(&report("moody"), &["values_are_numbers"], &["fenchel_young_inequality"]);
}

#[test]
fn a_nan_is_written_down_with_the_plugin_and_the_call() {
    let plugin = Loaded::new(&bad("nan"));
    let built = plugin.penalty(json!({}), &Space::numbered(2, 1)).unwrap();
    assert!(built.as_separable().unwrap().prox_at(1, 3.0, 0.5).is_nan());
    let fault = plugin.faults.first().expect("it is written down");
    assert!(fault.plugin.contains("nan_prox") && fault.call.contains("prox"), "{fault}");
}

#[test]
fn another_abi_is_refused_with_both_numbers() {
    let path = bad("wrong_abi");
    let Err(error) = Loaded::open(&path) else { panic!("it was loaded") };
    let said = error.to_string();
    for words in ["wrong_abi", "99", "1"] {
        assert!(said.contains(words), "no {words} in {said}");
    }
}

#[test]
fn names_are_taken_twice_and_from_the_built_in_types() {
    let mut registered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in ["clash_a", "clash_b", "shadow"] {
        let plugin = Loaded::new(&bad(name));
        for offered in &plugin.library.types {
            let by = plugin.library.info.name.clone();
            registered.entry(offered.card.name.into()).or_default().push(by);
        }
    }
    assert_eq!(registered["clash"], ["clash-a", "clash-b"]);
    assert_eq!(registered["l1"], ["shadow"]);
}
