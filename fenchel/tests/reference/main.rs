//! Solutions found by independent solvers, one JSON file a case, solved again by the binary.
//!
//! A case passes when the binary converges with a certificate of at most 1e-7, the objective
//! recomputed here from the returned coefficients by the formulas of the case is within 1e-6 of the
//! reference, and the objective reported is within 1e-8 of the recomputed one. Where the problem is
//! not convex, a local minimum up to 5 % above the reference passes.
//!
//! The cases stand in `../shared/data`, beside the repository: continuous integration must have
//! them, and elsewhere the test says that it was skipped.

#![allow(missing_docs)]

mod case;
mod formulas;
mod graph;

use std::path::{Path, PathBuf};
use std::process::Command;

use case::Case;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")
}

enum Verdict {
    Passed,
    /// The loss or penalty is not registered.
    Unknown,
    Failed(String),
}

fn solve(case: &Case, folder: &Path) -> Verdict {
    let problem = folder.join(format!("{}.toml", case.name));
    let result = folder.join(format!("{}.json", case.name));
    std::fs::write(&problem, case.problem(&data())).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_fenchel"))
        .args(["fit", "--quiet", "--threads", "1", "-o"])
        .args([&result, &problem])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    if run.status.code() == Some(2)
        && (said.contains("unknown loss") || said.contains("unknown penalty"))
    {
        return Verdict::Unknown;
    }
    if run.status.code() != Some(0) {
        return Verdict::Failed(format!("{}: {said}", run.status));
    }
    let result: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&result).unwrap()).unwrap();
    let value = formulas::objective(case, &result, &data());
    let reported = result["objective"].as_f64().unwrap();
    let certificate = result["certificate"]["relative"].as_f64().unwrap_or(f64::INFINITY);
    let off = (value - case.objective) / case.objective.abs().max(1.0);
    let local = case.nonconvex && value > case.objective && off <= 0.05;
    if result["status"] != "converged" || certificate > 1e-7 {
        Verdict::Failed(format!("status {}, certificate {certificate}", result["status"]))
    } else if (reported - value).abs() > 1e-8 * value.abs().max(1.0) {
        Verdict::Failed(format!("reports {reported}, but its coefficients give {value}"))
    } else if off.abs() > 1e-6 && !local {
        Verdict::Failed(format!("objective {value}, reference {}, off {off:e}", case.objective))
    } else {
        Verdict::Passed
    }
}

#[test]
fn the_references_are_reached() {
    let Ok(entries) = std::fs::read_dir(data().join("reference")) else {
        assert!(std::env::var_os("CI").is_none(), "the reference data must be there in CI");
        eprintln!("skipped: there is no reference data at {}", data().display());
        return;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let cases: Vec<Case> = files.iter().filter_map(|file| Case::read(file)).collect();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    let folder = tempfile::tempdir().unwrap();
    let (mut passed, mut unknown, mut failures) = (0, 0, Vec::new());
    for case in &cases {
        match solve(case, folder.path()) {
            Verdict::Passed => passed += 1,
            Verdict::Unknown => unknown += 1,
            Verdict::Failed(why) => failures.push(format!("{}: {why}", case.name)),
        }
    }
    eprintln!("{passed} reached, {unknown} of unknown type, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed >= 104, "only {passed} cases were solved");
}
