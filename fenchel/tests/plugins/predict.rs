//! Predictions with a loss of a library: the one that the result was made with, and no other.

use crate::bench::{PATH, assert_plugin_at_fault, built, fit, problem, rust, trust};
use crate::common::Bench;

/// A fit with `log_cosh` in `r.json`.
fn fitted(options: &[&str]) -> Bench {
    let bench = rust();
    let run = fit(&bench, &problem("log_cosh", "l1", PATH), options);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    bench
}

#[test]
fn the_recorded_library_is_loaded() {
    for options in [&[][..], &["--isolate"]] {
        let bench = fitted(options);
        let run = bench.run(&["predict", "r.json", "d.csv"]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert_eq!(run.stdout.lines().count(), 9, "{}", run.stdout);
        let link = bench.run(&["predict", "r.json", "d.csv", "--kind", "link"]);
        assert_eq!(link.stdout, run.stdout);
    }
}

#[test]
fn one_that_changed_since_is_refused_even_where_it_is_trusted() {
    let bench = fitted(&[]);
    let mut bytes = std::fs::read(bench.path("p.so")).unwrap();
    bytes.push(0);
    bench.write("p.so", bytes);
    trust(&bench, "p.so");
    let run = bench.run(&["predict", "r.json", "d.csv"]);
    assert_plugin_at_fault(&run, &["p.so", "no longer", "SHA-256", "--plugin"]);
    // Whoever names it means it.
    let run = bench.run(&["predict", "r.json", "d.csv", "--plugin", "p.so"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn one_that_is_gone_can_be_given() {
    let bench = fitted(&[]);
    std::fs::remove_file(bench.path("p.so")).unwrap();
    let run = bench.run(&["predict", "r.json", "d.csv"]);
    assert_plugin_at_fault(&run, &["p.so", "--plugin"]);
    // Its bytes are pinned, wherever they are.
    let moved = built("fenchel_example_rust");
    let run = bench.run(&["predict", "r.json", "d.csv", "--plugin", moved.to_str().unwrap()]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn trust_is_asked_for_again() {
    let bench = fitted(&[]);
    std::fs::remove_file(bench.path("config/fenchel/trusted.json")).unwrap();
    let run = bench.run(&["predict", "r.json", "d.csv"]);
    assert_plugin_at_fault(&run, &["p.so", "fenchel plugin trust"]);
}

#[test]
fn a_penalty_of_a_library_has_no_part_in_predictions() {
    let bench = rust();
    let run = fit(&bench, &problem("quadratic", "asymmetric_l1", ""), &[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    std::fs::remove_file(bench.path("p.so")).unwrap();
    let run = bench.run(&["predict", "r.json", "d.csv"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}
