//! Types of a library are named like any other: nested, with parameters that are checked, and with
//! one name once.

use crate::bench::{
    PATH, assert_plugin_at_fault, bad, bench, compile, fit, problem, result, rust, trust,
};
use crate::common::Bench;

/// The twin in C of the built-in `l1`, as `p.so`.
fn twin() -> Bench {
    let bench = bench();
    compile(&bench, "p.so", "plugins/examples/twins/l1.c", &[]);
    trust(&bench, "p.so");
    bench
}

/// Objective and coefficients of a problem whose penalty is this.
#[track_caller]
fn solved(bench: &Bench, penalty: &str) -> (f64, serde_json::Value) {
    let problem = format!(
        "[data]\nfile = \"d.csv\"\nresponse = \"y\"\n[loss]\ntype = \"quadratic\"\n\
         [solver]\ntol = 1e-10\n[penalty]\n{penalty}\n"
    );
    let run = fit(bench, &problem, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let result = result(bench);
    assert!(result["certificate"]["relative"].as_f64().unwrap() <= 1e-10);
    (result["objective"].as_f64().unwrap(), result["plugins"].clone())
}

/// A matrix of one row, as NPY.
fn row(values: &[f64]) -> Vec<u8> {
    let shape =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': (1, {}), }}", values.len());
    let head = format!("{shape:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

#[test]
fn types_nest_in_sums_parts_and_operators_like_built_in_ones() {
    let bench = twin();
    bench.write("d.npy", row(&[1.0, -1.0]));
    for nested in [
        "type = \"sum\"\nterms = [{ type = \"L1\", lambda = 0.3 }, { type = \"nonnegative\" }]",
        "type = \"on\"\nfeatures = [\"b\"]\npenalty = { type = \"L1\", lambda = 0.3 }",
        "type = \"linear\"\noperator = { file = \"d.npy\" }\npenalty = { type = \"L1\", lambda = 0.3 }",
        "type = \"sum\"\nterms = [{ type = \"on\", features = [\"a\"], penalty = { type = \"L1\", \
         lambda = 0.2 } }, { type = \"l2\", lambda = 0.1 }]",
    ] {
        let (twin, plugins) = solved(&bench, &nested.replace("L1", "l1_c"));
        let (built_in, none) = solved(&bench, &nested.replace("L1", "l1"));
        assert!((twin - built_in).abs() <= 1e-9 * built_in, "{twin} for {built_in}: {nested}");
        assert_eq!(plugins[0]["name"], "fenchel-twin-c", "{plugins}");
        assert!(none.is_null());
    }
}

#[test]
fn parameters_that_are_wrong_have_line_and_column() {
    let bench = twin();
    let refused = |penalty: &str, words: &[&str]| {
        let text = problem("quadratic", "l1_c", "").replace("lambda = 0.1", penalty);
        let run = fit(&bench, &text, &[]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "no \"{word}\" in {}", run.stderr);
        }
        assert!(!bench.path("r.json").exists());
    };
    refused("lambda = -1", &["p.toml:10:", "lambda", "at least 0"]);
    refused("lambda = \"much\"", &["p.toml:10:", "lambda", "number"]);
    refused("lamda = 1", &["p.toml:10:", "lamda", "did you mean `lambda`?"]);
    bench.write("p.toml", problem("quadratic", "l1_cc", ""));
    let run = bench.run(&["fit", "p.toml", "--plugin", "p.so"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("unknown penalty \"l1_cc\": did you mean \"l1_c\"?"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_a_rust_plugin_refuses_has_its_place_too() {
    let bench = rust();
    let text = problem("quadratic", "asymmetric_l1", "").replace("lambda = 0.1", "lambda = -2");
    let run = fit(&bench, &text, &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("p.toml:10:"), "{}", run.stderr);
}

#[test]
fn two_libraries_with_one_name_are_refused_and_both_named() {
    let bench = bench();
    for name in ["clash_a", "clash_b"] {
        let library = format!("{name}.so");
        compile(&bench, &library, &format!("tests/suite/plugins/{name}.c"), &[]);
        trust(&bench, &library);
    }
    let load = "[plugins]\nload = [\"clash_a.so\", \"clash_b.so\"]\n";
    bench.write("p.toml", problem("quadratic", "clash", load));
    let run = bench.run(&["fit", "p.toml"]);
    assert_plugin_at_fault(&run, &["\"clash\"", "clash-a", "clash-b", "p.toml:12"]);
    // One library that is named twice is one library.
    let twice = "[plugins]\nload = [\"clash_a.so\", \"./clash_a.so\"]\n";
    bench.write("p.toml", problem("quadratic", "clash", twice));
    assert_eq!(bench.run(&["fit", "p.toml"]).code, Some(0));
}

#[test]
fn a_built_in_name_cannot_be_taken() {
    let bench = bench();
    compile(&bench, "p.so", "tests/suite/plugins/shadow.c", &[]);
    let run = bench.run(&["plugin", "trust", "p.so"]);
    assert_plugin_at_fault(&run, &["\"l1\"", "built-in", "shadow"]);
    assert!(!bench.path("config/fenchel/trusted.json").exists());
}

#[test]
fn a_library_without_types_changes_nothing() {
    let bench = bad("empty");
    let run = fit(&bench, &problem("quadratic", "l1", PATH), &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}
