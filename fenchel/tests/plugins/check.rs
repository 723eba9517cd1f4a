//! `plugin check`: good libraries pass, and every way of being bad is a violation that names the type
//! and the law, whatever became of the process.

use serde_json::Value;

use super::common::Bench;
use super::{empty, in_c, in_cpp, in_rust, json, library, refused, said_json};

/// The report of a library that is at fault.
#[track_caller]
fn fails(bench: &Bench, args: &[&str]) -> Value {
    let run = bench.run(&[&["plugin", "check", "--json"], args].concat());
    assert_eq!(run.code, Some(3), "{args:?}: {} {}", run.stdout, run.stderr);
    let report = json(&run.stdout);
    assert_eq!(report["holds"], false);
    report
}

fn laws(of_type: &Value) -> &[Value] {
    of_type["laws"].as_array().expect("a list")
}

fn of_type<'a>(report: &'a Value, name: &str) -> &'a Value {
    let types = report["types"].as_array().expect("a list");
    types.iter().find(|each| each["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"))
}

/// What is said of a law of a type.
fn law<'a>(of_type: &'a Value, name: &str) -> &'a Value {
    laws(of_type).iter().find(|law| law["law"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn violated(of_type: &Value) -> Vec<&Value> {
    laws(of_type).iter().filter(|law| law["outcome"] == "violated").collect()
}

/// Every law is tried on every type, in many settings, and none is violated.
#[track_caller]
fn passes(bench: &Bench, library: &str, types: &[&str]) {
    let report = said_json(bench, &["plugin", "check", "--json", library]);
    assert_eq!((&report["holds"], &report["fault"]), (&true.into(), &Value::Null));
    assert_eq!(report["types"].as_array().unwrap().len(), types.len());
    for name in types {
        let of_type = of_type(&report, name);
        let least = if *name == "log_cosh" { 1 } else { 5 }; // it has no parameters
        assert!(of_type["cases"].as_u64().unwrap() >= least, "{name}: {}", of_type["cases"]);
        for law in laws(of_type) {
            let outcome = law["outcome"].as_str().unwrap();
            assert!(["held", "not applicable"].contains(&outcome), "{name}: {law}");
        }
        for everywhere in ["the_same_call_gives_the_same_bits", "threads_get_the_same_numbers"] {
            assert_eq!(law(of_type, everywhere)["cases"], of_type["cases"], "{name}");
        }
    }
}

#[test]
fn the_examples_in_c_obey_every_law_however_they_are_set_up() {
    let bench = empty();
    passes(&bench, &in_c(&bench), &["berhu", "expectile"]);
}

#[test]
fn the_example_in_cpp_obeys_every_law_however_it_is_set_up() {
    let bench = empty();
    passes(&bench, &in_cpp(&bench), &["group_linf"]);
}

#[test]
fn the_examples_in_rust_obey_every_law_however_they_are_set_up() {
    let bench = empty();
    let library = in_rust(&bench, "fenchel_example_rust");
    passes(&bench, &library, &["asymmetric_l1", "exclusive_lasso", "log_cosh"]);
}

#[test]
fn in_this_process_the_same_is_found() {
    let bench = empty();
    let library = library(&bench, "lie");
    let apart = fails(&bench, &[&library]);
    assert_eq!(fails(&bench, &["--in-process", &library]), apart);
}

/// Library and type, and what is said of the fault behind the violation that is told first.
const BAD: [(&str, &str, &str); 7] = [
    ("segfault", "segfault", "plugin `segfault` (segfault 1.0.0): proxes crashed with SIGSEGV"),
    ("abort", "aborting", "plugin `aborting` (aborting 1.0.0): value crashed with SIGABRT"),
    ("kill", "killer", "plugin `killer` (killer 1.0.0): ended the process with signal 9 (SIGKILL)"),
    ("exit", "leaving", "plugin `leaving` (leaving 1.0.0): ended the process with exit code 0"),
    ("loop", "looping", "plugin `looping` (looping 1.0.0): proxes did not return when the time"),
    ("loop_in_sweep", "looping_sweep", "(looping_sweep 1.0.0): prox_at did not return when the"),
    ("nan", "nan_prox", "plugin `nan_prox` (nan_prox 1.0.0): prox_at returned NaN for coefficient"),
];

#[test]
fn crashes_endless_loops_and_nan_are_violations_that_can_be_seen_again() {
    let bench = empty();
    for (file, name, words) in BAD {
        let library = library(&bench, file);
        let limit = if file.starts_with("loop") { "1" } else { "60" };
        let report = fails(&bench, &["--time-limit", limit, &library]);
        let found = violated(of_type(&report, name));
        let found = found.first().expect("something is violated");
        assert!(found["fault"].as_str().unwrap().contains(words), "{file}: {found}");
        assert!(report["fault"].as_str().unwrap().contains(words), "{file}: {}", report["fault"]);
        assert!(found["configuration"].as_str().unwrap().contains("lambda = "), "{file}: {found}");
        let again = found["reproduce"].as_str().unwrap();
        let again: Vec<&str> =
            again.strip_prefix("fenchel plugin check ").unwrap().split(' ').collect();
        assert!(again.contains(&"--law") && again.contains(&"--case"), "{again:?}");
        let report = fails(&bench, &[again.as_slice(), &["--time-limit", limit]].concat());
        let of_type = of_type(&report, name);
        assert_eq!(laws(of_type).len(), 1, "only the law that was asked for");
        assert_eq!(violated(of_type)[0]["case"], found["case"]);
        assert!(violated(of_type)[0]["fault"].as_str().unwrap().contains(words), "{of_type}");
    }
}

#[test]
fn lies_and_moods_are_violations_with_a_counterexample() {
    let bench = empty();
    for (file, name, broken, sound) in [
        ("lie", "lying", "prox_minimises", "distance_is_not_understated"),
        ("moody", "moody", "the_same_call_gives_the_same_bits", "fenchel_young_inequality"),
        ("shared", "shared", "threads_get_the_same_numbers", "prox_minimises"),
    ] {
        let library = library(&bench, file);
        let report = fails(&bench, &[&library]);
        let of_type = of_type(&report, name);
        let found = law(of_type, broken);
        assert_eq!(found["outcome"], "violated", "{found}");
        for key in ["input", "expected", "got", "reproduce", "configuration"] {
            assert!(!found[key].as_str().unwrap().is_empty(), "{file} has no {key}");
        }
        assert_eq!(law(of_type, sound)["outcome"], "held");
        let run = bench.run(&["plugin", "check", &library, "--type", name, "--law", broken]);
        assert_eq!(run.code, Some(3));
        for words in [name, broken, ": expected ", ", got ", "with:  lambda = ", "again: fenchel"] {
            assert!(run.stdout.contains(words), "no {words} in {}", run.stdout);
        }
    }
}

#[test]
fn numbers_behind_the_end_are_noticed() {
    let bench = empty();
    let report = fails(&bench, &[&library(&bench, "overrun")]);
    // What it writes over may be what the process needs to live.
    assert!(!violated(of_type(&report, "overrunning")).is_empty());
}

#[test]
fn what_one_type_does_keeps_no_other_from_being_checked() {
    let bench = empty();
    let library = in_rust(&bench, "fenchel_example_bad_rust");
    // A law that all are tried on in a moment.
    let law = ["--law", "nan_and_infinity_are_survived", "--time-limit", "2"];
    let report = fails(&bench, &[law.as_slice(), &[&library]].concat());
    let outcome = |name: &str| laws(of_type(&report, name))[0]["outcome"].as_str().unwrap();
    for name in ["panic_in_value", "panic_in_prox", "nan_prox", "endless_value", "endless_prox"] {
        assert_eq!(outcome(name), "violated", "{name}");
    }
    for name in ["panic_in_bind", "panic_in_gradient", "nan_gradient", "endless_gradient"] {
        assert_eq!(outcome(name), "violated", "{name}");
    }
    assert_eq!(outcome("lying_prox"), "held");
    assert_eq!(outcome("panic_in_create"), "not tried");
    for name in ["endless_value", "endless_prox", "endless_gradient"] {
        let got = laws(of_type(&report, name))[0]["got"].as_str().unwrap();
        assert!(got.contains("did not return") && got.contains(name), "{got}");
    }
}

#[test]
fn panics_where_no_law_looks_are_violations() {
    let bench = empty();
    let library = in_rust(&bench, "fenchel_example_bad_rust");
    for (name, law, words) in [
        ("panic_in_create", "the_example_can_be_built", "creating went wrong"),
        ("panic_in_scaled", "scales_multiply", "went wrong"),
    ] {
        let report = fails(&bench, &[&library, "--type", &format!("penalty:{name}")]);
        let of_type = of_type(&report, name);
        let found = laws(of_type).iter().find(|each| each["law"] == law).unwrap();
        assert_eq!(found["outcome"], "violated", "{name}: {found}");
        assert!(found["got"].as_str().unwrap().contains(words), "{found}");
        assert_eq!(report["types"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_library_that_does_not_survive_being_loaded_is_an_error() {
    let bench = empty();
    let crash = library(&bench, "crash_at_load");
    let words = [crash.as_str(), "loading crashed with SIGABRT"];
    refused(&bench, &["plugin", "check", &crash], 3, &words);
    let endless = library(&bench, "loop_at_load");
    let words = [endless.as_str(), "loading did not return when the time limit was over"];
    refused(&bench, &["plugin", "check", "--time-limit", "1", &endless], 3, &words);
}

#[test]
fn what_cannot_be_checked_is_an_error() {
    let bench = empty();
    let lie = library(&bench, "lie");
    let check = |args: &[&'static str]| [&["plugin", "check", "liblie.so"], args].concat();
    assert_eq!(lie, "liblie.so");
    refused(&bench, &check(&["--type", "lyin"]), 2, &["no type \"lyin\"", "did you mean `lying`?"]);
    refused(&bench, &check(&["--law", "prox_minimizes"]), 2, &["did you mean `prox_minimises`?"]);
    refused(&bench, &check(&["--case", "1"]), 2, &["--type"]);
    refused(&bench, &check(&["--type", "lying", "--case", "0"]), 2, &["at least 1"]);
    refused(&bench, &["plugin", "check", "absent.so"], 3, &["absent.so", "cannot read the file"]);
    for (file, words) in [
        ("empty", ["plugin empty", "offers no type"]),
        ("shadow", ["\"l1\"", "a built-in penalty"]),
        ("wrong_abi", ["wrong_abi", "99"]),
    ] {
        refused(&bench, &["plugin", "check", &library(&bench, file)], 3, &words);
    }
}
