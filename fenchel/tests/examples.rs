//! Every problem file in `examples/` is solved by the binary to its tolerance, and gives the same
//! result again, whatever the number of threads.

#![allow(missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every example, sorted by name.
fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}

/// The result of a run, as bytes without the line that tells the seconds.
fn fit(example: &Path, threads: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_fenchel"))
        .args(["fit", "--quiet", "--threads", threads, "-o", "-"])
        .arg(example)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{}: {said}", example.display());
    assert!(said.is_empty(), "{}: {said}", example.display());
    let text = String::from_utf8(run.stdout).unwrap();
    let timed = text.lines().filter(|line| line.trim_start().starts_with("\"seconds\":")).count();
    assert_eq!(timed, 1, "{}: `seconds` stands on {timed} lines", example.display());
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("\"seconds\":"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// That a result, or a point of its path, is solved.
fn assert_solved(point: &Value, tol: f64, place: &str) {
    assert_eq!(point["status"], "converged", "{place}");
    let certificate = point["certificate"]["relative"].as_f64();
    assert!(certificate.is_some_and(|c| (0.0..=tol).contains(&c)), "{place}: {certificate:?}");
    let number = |key: &str| point[key].as_f64().unwrap_or_else(|| panic!("{place}: no {key}"));
    let sum = number("loss") + number("penalty");
    assert!((number("objective") - sum).abs() <= 1e-12 * sum.abs(), "{place}: {point}");
}

#[test]
fn every_example_is_solved_to_its_tolerance() {
    let examples = examples();
    assert!(examples.len() >= 8, "only {} examples", examples.len());
    for example in examples {
        let place = example.display().to_string();
        let result: Value = serde_json::from_str(&fit(&example, "1")).unwrap();
        let tol = result["problem"]["solver"]["tol"].as_f64().unwrap();
        assert_solved(&result, tol, &place);
        let values = result["coefficients"]["values"].as_array().unwrap();
        assert!(!values.is_empty(), "{place}: every coefficient is zero");
        let wanted = &result["problem"]["path"];
        let path = result["path"].as_array().map_or(&[][..], Vec::as_slice);
        if wanted.is_object() {
            assert_eq!(wanted["points"].as_u64(), Some(path.len() as u64), "{place}");
            assert_eq!(path[0]["nonzeros"], 0, "{place}: the path does not start at zero");
        }
        for (i, point) in path.iter().enumerate() {
            assert_solved(point, tol, &format!("{place}, point {i}"));
        }
        if result["problem"]["cv"].is_object() {
            let chosen = result["cv"]["lambda"].as_f64();
            assert_eq!(chosen, result["lambda"].as_f64(), "{place}: another scale was refitted");
            let mean = result["cv"]["mean"].as_array().unwrap();
            assert_eq!(mean.len(), path.len(), "{place}");
            assert!(mean.iter().all(Value::is_number), "{place}: {mean:?}");
        }
    }
}

#[test]
fn every_example_gives_the_same_bytes_again() {
    for example in examples() {
        let once = fit(&example, "1");
        let again = fit(&example, "1");
        assert!(once == again, "{}: a second run differs", example.display());
        let wide = fit(&example, "2");
        assert!(once == wide, "{}: two threads give another result", example.display());
    }
}
