use std::fmt::Write;

use serde_json::Value;

use super::common::Bench;

const PROBLEM: &str = "\
[data]
file = \"d.csv\"
response = \"y\"
features = [\"kind\", \"none\", \"bent\", \"a,b\", \"straight\"]

[screen]
top = 2

[loss]
type = \"quadratic\"

[penalty]
type = \"l1\"
lambda = 0.01
";

/// `y` is the square of `bent` plus `straight`; `kind` is text that says nothing, `none` is noise.
fn bench(problem: &str) -> Bench {
    let mut state = 4321u64;
    let mut normal = || {
        let mut sum = -6.0;
        for _ in 0..12 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            sum += (state >> 11) as f64 / (1u64 << 53) as f64;
        }
        sum
    };
    let mut text = "kind,none,bent,\"a,b\",straight,y,label,w\n".to_string();
    for i in 0..300 {
        let (none, bent, ab, straight): (f64, f64, f64, f64) =
            (normal(), normal(), normal(), normal());
        let y = bent * bent + straight + 0.1 * normal();
        let (kind, label) = (["u", "v"][i % 2], if y > 1.0 { "high" } else { "low" });
        let w = 1 + i % 2;
        writeln!(text, "{kind},{none},{bent},{ab},{straight},{y},{label},{w}").unwrap();
    }
    Bench::new(&[("p.toml", problem.as_bytes()), ("d.csv", text.as_bytes())])
}

fn names(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn a_ranking_is_printed_as_a_table_as_json_and_written_as_csv() {
    let bench = bench(PROBLEM);
    let run = bench.run(&["screen", "p.toml"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 3, "as [screen] says:\n{}", run.stdout);
    let run = bench.run(&["screen", "p.toml", "--top", "5", "--json"]);
    let ranking: Value = serde_json::from_str(&run.stdout).unwrap();
    let features = ranking["features"].as_array().unwrap();
    assert_eq!((features.len(), &ranking["method"]), (5, &Value::from("kde")));
    let mut best = [&features[0]["feature"], &features[1]["feature"]].map(|f| f.as_str().unwrap());
    best.sort_unstable();
    assert_eq!(best, ["bent", "straight"]);
    // The kernel of the file, and of the command line.
    for run in [
        bench.run(&["screen", "p.toml", "--json", "--set", "screen.kernel=gaussian"]),
        bench.run(&["screen", "p.toml", "--json", "--kernel", "gaussian"]),
    ] {
        let gaussian: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(gaussian["kernel"], "gaussian");
        let mut found = [0, 1].map(|k| gaussian["features"][k]["feature"].as_str().unwrap());
        found.sort_unstable();
        assert_eq!(found, best);
        let score = |ranking: &Value| ranking["features"][0]["information"].as_f64().unwrap();
        let (a, b) = (score(&ranking), score(&gaussian));
        assert!(a != b && (a - b).abs() < 0.05, "{a} and {b}");
    }
    let run = bench.run(&["screen", "p.toml", "--top", "5", "-o", "r.csv"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert!(bench.read("r.csv").contains(",\"a,b\","));
    // Correlation does not see the square.
    let run = bench.run(&["screen", "p.toml", "--method", "pearson", "--json"]);
    let ranking: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(ranking["features"][0]["feature"], "straight");
}

#[test]
fn a_data_file_is_ranked_by_a_response_of_numbers_or_labels() {
    let bench = bench(PROBLEM);
    let best = |args: &[&str]| {
        let run = bench.run(&[&["screen", "d.csv", "--json", "--top", "2"], args].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let ranking: Value = serde_json::from_str(&run.stdout).unwrap();
        ranking["features"][0]["feature"].as_str().unwrap().to_string()
    };
    assert_eq!(best(&["--response", "label", "--classes"]), "y");
    // Columns of text enter as indicators, and this one was made from y.
    assert_eq!(best(&["--response", "y", "--bandwidth", "scott"]), "label=low");
    for (args, words) in [
        (&["screen", "d.csv"][..], "--response COLUMN"),
        (&["screen", "d.csv", "--response", "label"], "--classes"),
        (&["screen", "d.csv", "--response", "why"], "why"),
        (&["screen", "p.toml", "--response", "y"], "names its response itself"),
        (&["screen", "p.toml", "--multiplier", "0"], "`multiplier` must be"),
        (&["screen", "p.toml", "--clump", "1"], "--top"),
    ] {
        let run = bench.run(args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.stdout);
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn a_fit_uses_what_was_kept_says_so_and_predicts() {
    let bench = bench(PROBLEM);
    let run = bench.run(&["fit", "p.toml", "-o", "r.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
    assert_eq!(names(&result["data"]["feature_names"]), ["bent", "straight"]);
    assert_eq!(result["data"]["screened"]["features"], 5);
    assert_eq!(result["data"]["screened"]["information"].as_array().unwrap().len(), 2);
    assert_eq!(result["problem"]["screen"]["method"], "kde");
    assert!(run.stdout.contains("2 features"), "{}", run.stdout);
    // The text column was not kept, so new data need not have it.
    bench.write("new.csv", "straight,bent\n1,0\n2,0\n");
    let run = bench.run(&["predict", "r.json", "new.csv"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let one = bench.run(&["fit", "p.toml", "-o", "s.json", "--threads", "1"]);
    assert_eq!(one.code, Some(0));
    let again: Value = serde_json::from_str(&bench.read("s.json")).unwrap();
    assert_eq!(result["coefficients"], again["coefficients"]);
    assert_eq!(result["data"], again["data"]);
}

#[test]
fn bad_keys_and_what_has_no_single_response_are_refused() {
    for (change, words) in [
        (("top = 2", "top = 0"), "`top` must be at least 1"),
        (("top = 2", "tops = 2"), "unknown field `tops`"),
        (("top = 2", "top = 2\nmethod = \"knn\""), "expected one of `kde`, `binning`, `pearson`"),
        (("top = 2", "top = 2\nkernel = \"box\""), "expected `epanechnikov` or `gaussian`"),
        (("top = 2", "top = 2\nclump = -1"), "`clump` must be at least 0"),
        (("response = \"y\"", "response = [\"y\", \"w\"]"), "several are named"),
        (("file = \"d.csv\"", "file = \"d.csv\"\nweights = \"w\""), "have `weights`"),
    ] {
        let bench = bench(&PROBLEM.replace(change.0, change.1));
        let run = bench.run(&["fit", "p.toml"]);
        assert_eq!(run.code, Some(2), "{change:?}: {}", run.stdout);
        assert!(run.stderr.contains(words), "{change:?}: {}", run.stderr);
    }
}
