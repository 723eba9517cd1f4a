//! Libraries that break their promises, in this process: each run ends with exit code 3, or with a
//! certificate that says so, names the plugin and what it did, and keeps what was finished.

use crate::bench::{
    PATH, assert_plugin_at_fault, bad, bad_rust, bench, compile, finished, fit, pin, problem,
    result,
};
use crate::common::Bench;

const ENTRY: &str = "plugins/host/tests/plugins/entry.c";
const L1: &str = "plugins/host/tests/plugins/l1.c";

/// A library that `trust` refuses with these words.
#[track_caller]
fn unloadable(define: &str, words: &[&str]) {
    let bench = bench();
    compile(&bench, "p.so", ENTRY, &[define]);
    for command in ["check", "trust"] {
        let run = bench.run(&["plugin", command, "p.so"]);
        assert_plugin_at_fault(&run, &["p.so"]);
        assert_plugin_at_fault(&run, words);
    }
    assert!(!bench.path("config/fenchel/trusted.json").exists());
}

#[test]
fn another_abi_is_refused() {
    unloadable("ABI=9", &["speaks plugin ABI 9", "speaks 1", "rebuild"]);
}

#[test]
fn a_struct_that_is_too_small_is_refused() {
    unloadable("TYPE_SIZE=32", &["penalty type 0", "`size` is 32", "`value`"]);
    unloadable("SIZE=24", &["`fenchel_plugin_v1`", "`size` is 24", "`name`"]);
}

#[test]
fn a_missing_function_is_refused() {
    unloadable("CREATE=NULL", &["penalty type 0", "`create` is NULL"]);
    unloadable("MISSING_SYMBOL", &["undefined symbol: nobody_has_this"]);
}

#[test]
fn a_null_pointer_is_refused() {
    unloadable("CARD=NULL", &["penalty type 0", "`card` is NULL"]);
    unloadable("SOURCE=NULL", &["`source` is NULL"]);
}

#[test]
fn what_is_no_plugin_is_refused() {
    unloadable("NO_ENTRY", &["not a fenchel plugin"]);
    let bench = bench();
    bench.write("p.so", "a,b\n1,2\n");
    assert_plugin_at_fault(&bench.run(&["plugin", "trust", "p.so"]), &["p.so", "not a library"]);
    assert_plugin_at_fault(&bench.run(&["plugin", "trust", "absent.so"]), &["absent.so"]);
    assert_plugin_at_fault(&bench.run(&["plugin", "trust", "."]), &["not a regular file"]);
}

/// A fit with a spoilt `l1` in C that ends for its sake.
#[track_caller]
fn spoilt(define: &str, more: &str, words: &[&str]) -> Bench {
    let bench = bench();
    compile(&bench, "p.so", L1, &[define]);
    pin(&bench, "p.so");
    let run = fit(&bench, &problem("quadratic", "l1_c", more), &[]);
    assert_plugin_at_fault(&run, &["plugin `l1_c` (l1_in_c 1.0)"]);
    assert_plugin_at_fault(&run, words);
    bench
}

#[test]
fn nan_and_infinity_end_the_run_after_the_finished_points() {
    let bench = bad("nan");
    let run = fit(&bench, &problem("quadratic", "nan_prox", PATH), &[]);
    assert_plugin_at_fault(&run, &["plugin `nan_prox` (nan_prox 1.0.0)", "prox", "NaN"]);
    assert_eq!(finished(&bench), 1);
    assert_eq!(result(&bench)["status"], "interrupted");
    let bench = spoilt("IN_PROX_AT=x=x==0?x:INFINITY", PATH, &["returned inf for coefficient"]);
    assert_eq!(finished(&bench), 1);
}

#[test]
fn an_output_that_is_too_long_ends_the_run() {
    let fista = format!("[solver]\ntype = \"fista\"\n{PATH}");
    let bench = spoilt("IN_PROXES=out[count]=0", &fista, &["wrote beyond the end of its output"]);
    assert_eq!(finished(&bench), 1);
}

#[test]
fn a_wrong_length_ends_the_run() {
    spoilt("IN_KIND=*kind=1;*count=99", PATH, &["lineality gave 99 directions"]);
}

#[test]
fn a_null_penalty_and_an_error_end_the_run() {
    spoilt("IN_CREATE=*out=NULL", "", &["create said OK but made no penalty"]);
    let fails = "IN_VALUE=return fenchel_fail(error,FENCHEL_FAILED,NULL,\"no idea\")";
    spoilt(fails, "", &["value failed: no idea"]);
}

#[test]
fn a_library_that_breaks_its_promises_at_once_is_not_trusted() {
    let bench = bench();
    compile(&bench, "p.so", L1, &["IN_CREATE=*out=NULL"]);
    let run = bench.run(&["plugin", "trust", "p.so"]);
    assert_plugin_at_fault(&run, &["create said OK but made no penalty"]);
    assert!(!bench.path("config/fenchel/trusted.json").exists());
}

#[test]
fn a_lie_ends_with_a_certificate_that_says_so() {
    let bench = bad("lie");
    let text = problem("quadratic", "lying", "\n[solver]\nmax_iter = 200\n");
    let run = fit(&bench, &text, &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let result = result(&bench);
    assert_eq!(result["status"], "max_iter");
    assert!(
        result["certificate"]["relative"].as_f64().unwrap() > 1e-3,
        "{}",
        result["certificate"]
    );
}

#[test]
fn a_panic_is_an_error_of_its_plugin() {
    let bench = bad_rust();
    for (penalty, words) in [
        ("panic_in_create", ["create", "creating went wrong"]),
        ("panic_in_value", ["value", "went wrong"]),
        ("panic_in_prox", ["prox", "went wrong"]),
        ("panic_in_scaled", ["scaled", "went wrong"]),
    ] {
        let _ = std::fs::remove_file(bench.path("r.json"));
        let run = fit(&bench, &problem("quadratic", penalty, PATH), &[]);
        assert_plugin_at_fault(&run, &[penalty]);
        assert_plugin_at_fault(&run, &words);
        // The library's own report is not printed beside the command's.
        assert!(!run.stderr.contains("thread"), "{}", run.stderr);
        if penalty == "panic_in_prox" {
            assert_eq!(finished(&bench), 1);
        }
    }
    for (loss, word) in
        [("panic_in_bind", "binding went wrong"), ("panic_in_gradient", "the gradient")]
    {
        let run = fit(&bench, &problem(loss, "l1", ""), &[]);
        assert_plugin_at_fault(&run, &[loss, word]);
    }
    let run = fit(&bench, &problem("nan_gradient", "l1", ""), &[]);
    assert_plugin_at_fault(&run, &["nan_gradient", "NaN"]);
}

#[test]
fn a_crash_names_plugin_function_and_signal() {
    for (name, penalty, signal) in
        [("segfault", "segfault", "SIGSEGV"), ("abort", "aborting", "SIGABRT")]
    {
        let bench = bad(name);
        let run = fit(&bench, &problem("quadratic", penalty, PATH), &[]);
        assert_plugin_at_fault(&run, &[penalty, signal]);
    }
}
