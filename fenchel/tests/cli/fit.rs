use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::common::repository;
use super::{LASSO, bench};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn the_result_holds_what_the_contract_promises() {
    let bench = bench(LASSO);
    let run = bench.run(&["fit", "p.toml", "-o", "r.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stderr, "");
    assert!(run.stdout.contains("written"), "{}", run.stdout);
    let result = json(&bench.read("r.json"));
    assert_eq!(result["status"], "converged");
    assert_eq!(result["certificate"]["kind"], "duality_gap");
    assert!(result["certificate"]["relative"].as_f64().unwrap() <= 1e-7);
    assert_eq!(result["data"]["feature_names"], serde_json::json!(["a", "b"]));
    assert_eq!(result["data"]["samples"], 8);
    assert_eq!(result["data"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(result["coefficients"]["shape"], serde_json::json!([2, 1]));
    assert_eq!(result["lambda"], 0.1);
    assert_eq!(result["problem"]["solver"]["tol"], 1e-7);
    assert_eq!(result["problem"]["data"]["missing"], "error");
    let sum = result["loss"].as_f64().unwrap() + result["penalty"].as_f64().unwrap();
    assert!((result["objective"].as_f64().unwrap() - sum).abs() < 1e-14);
    assert_eq!(bench.names(), ["d.csv", "p.toml", "r.json"]);
}

#[test]
fn the_objective_is_that_of_the_coefficients_on_standardised_columns() {
    let bench = bench(LASSO);
    let result = json(&bench.run(&["fit", "p.toml", "-o", "-"]).stdout);
    let rows: Vec<Vec<f64>> = super::DATA
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().unwrap()).collect())
        .collect();
    let b0 = result["intercept"][0].as_f64().unwrap();
    let mut b = [0.0; 2];
    let entries = &result["coefficients"];
    for (row, value) in
        entries["rows"].as_array().unwrap().iter().zip(entries["values"].as_array().unwrap())
    {
        b[row.as_u64().unwrap() as usize] = value.as_f64().unwrap();
    }
    let n = rows.len() as f64;
    let residual = |r: &Vec<f64>| r[2] - b0 - r[0] * b[0] - r[1] * b[1];
    let loss = rows.iter().map(|r| residual(r).powi(2) / 2.0).sum::<f64>() / n;
    let deviation = |j: usize| {
        let mean = rows.iter().map(|r| r[j]).sum::<f64>() / n;
        (rows.iter().map(|r| (r[j] - mean).powi(2)).sum::<f64>() / n).sqrt()
    };
    let penalty = 0.1 * (b[0].abs() * deviation(0) + b[1].abs() * deviation(1));
    assert!((result["loss"].as_f64().unwrap() - loss).abs() < 1e-12);
    assert!((result["penalty"].as_f64().unwrap() - penalty).abs() < 1e-12);
}

#[test]
fn a_dash_prints_the_result_and_nothing_else() {
    let bench = bench(LASSO);
    let run = bench.run(&["fit", "p.toml", "-o", "-"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(json(&run.stdout)["solver"], json(&run.stdout)["solver"]);
    assert_eq!(bench.names(), ["d.csv", "p.toml"]);
}

#[test]
fn without_a_result_the_summary_lists_the_coefficients() {
    let run = bench(LASSO).run(&["fit", "p.toml"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for words in
        ["8 samples, 2 features", "quadratic", "l1, lambda = 0.1", "(intercept)", "converged"]
    {
        assert!(run.stdout.contains(words), "no {words} in {}", run.stdout);
    }
}

#[test]
fn quiet_says_nothing() {
    let bench = bench(LASSO);
    let run = bench.run(&["fit", "p.toml", "--quiet", "-o", "r.json"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn the_same_input_gives_the_same_bytes_but_for_the_seconds() {
    let bench = bench(&format!("{LASSO}[path]\npoints = 20\n[cv]\nfolds = 4\n"));
    let bytes = || {
        let run = bench.run(&["fit", "p.toml", "-o", "-", "--threads", "2"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let lines = run.stdout.lines().filter(|line| !line.contains("\"seconds\""));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn set_changes_the_problem_that_is_solved_and_reported() {
    let bench = bench(LASSO);
    let run = bench.run(&["fit", "p.toml", "-o", "-", "--set", "penalty.lambda=100"]);
    let result = json(&run.stdout);
    assert_eq!(result["problem"]["penalty"]["lambda"], 100);
    assert_eq!(result["coefficients"]["values"], serde_json::json!([]));
}

#[test]
fn a_path_reports_its_points_and_cross_validation_its_choice() {
    let bench = bench(&format!("{LASSO}[path]\npoints = 7\n[cv]\nfolds = 4\n"));
    let result = json(&bench.run(&["fit", "p.toml", "-o", "-"]).stdout);
    let path = result["path"].as_array().unwrap();
    assert_eq!(path.len(), 7);
    assert_eq!(path[0]["nonzeros"], 0);
    assert_eq!(result["cv"]["mean"].as_array().unwrap().len(), 7);
    assert_eq!(result["cv"]["folds"].as_array().unwrap().len(), 4);
    assert_eq!(result["cv"]["lambda"], result["lambda"]);
    let chosen = path.iter().find(|point| point["lambda"] == result["lambda"]).unwrap();
    assert_eq!(chosen["coefficients"], result["coefficients"]);
}

#[test]
fn a_limit_on_iterations_is_exit_code_1_with_a_result() {
    // A path has too little time at any speed of the machine.
    let bench = bench(&format!("{LASSO}[path]\npoints = 1000000\n"));
    let run = bench.run(&["fit", "p.toml", "-o", "r.json", "--time-limit", "0.3"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(json(&bench.read("r.json"))["status"], "time_limit");
}

#[test]
fn json_problems_are_solved_like_toml() {
    let bench = bench(LASSO);
    bench.write(
        "p.json",
        r#"{"data": {"file": "d.csv", "response": "y"}, "loss": {"type": "quadratic"},
            "penalty": {"lambda": 0.1, "type": "l1"}}"#,
    );
    let toml = json(&bench.run(&["fit", "p.toml", "-o", "-"]).stdout);
    let from_json = json(&bench.run(&["fit", "p.json", "-o", "-"]).stdout);
    assert_eq!(toml["coefficients"], from_json["coefficients"]);
}

#[test]
fn the_data_is_found_beside_the_problem_file() {
    let bench = bench(LASSO);
    std::fs::create_dir(bench.path("sub")).unwrap();
    std::fs::rename(bench.path("p.toml"), bench.path("sub/p.toml")).unwrap();
    std::fs::rename(bench.path("d.csv"), bench.path("sub/d.csv")).unwrap();
    assert_eq!(bench.run(&["fit", "sub/p.toml"]).code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    let bench = bench(LASSO);
    assert_eq!(bench.run(&["fit", "p.toml", "-o", "/dev/null"]).code, Some(0));
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_saves_a_checkpoint_and_the_points_so_far() {
    let bench = bench(&format!("{LASSO}[path]\npoints = 1000000\n"));
    let mut child = bench
        .command(&["fit", "p.toml", "-o", "r.json", "--checkpoint", "c.cbor"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let result = json(&bench.read("r.json"));
    assert_eq!(result["status"], "interrupted");
    let points = result["path"].as_array().unwrap().len();
    let resume = ["fit", "p.toml", "-o", "r2.json", "--resume", "c.cbor", "--time-limit", "1"];
    let run = bench.run(&resume);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let resumed = json(&bench.read("r2.json"))["path"].as_array().unwrap().len();
    assert!(resumed >= points, "{resumed} after {points}");
    let other = ["fit", "p.toml", "--resume", "c.cbor", "--set", "penalty.type=l2"];
    assert_eq!(bench.run(&other).code, Some(2));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let bench = bench(LASSO);
    let mut child =
        bench.command(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let bench = bench(LASSO);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = bench.command(&["fit", "p.toml", "-o", "-"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("cannot write to standard output"), "{stderr}");
}

#[test]
fn every_example_of_the_repository_is_valid() {
    let bench = bench(LASSO);
    let mut seen = 0;
    for entry in std::fs::read_dir(repository("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml" || e == "json") {
            let run = bench.run(&["check", path.to_str().unwrap()]);
            assert_eq!(run.code, Some(0), "{}: {}", path.display(), run.stderr);
            seen += 1;
        }
    }
    assert!(seen > 0);
}
