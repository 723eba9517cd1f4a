//! Bad input, one row a way of being wrong: the exit code, and what the message must say. No row
//! may panic, write a result, or leave a temporary file behind.

mod cases;
#[path = "../common/mod.rs"]
mod common;

use common::Bench;

/// One way of being wrong.
pub struct Case {
    /// What is wrong.
    name: &'static str,
    /// Files in the folder; `p.toml` is the problem unless `args` says otherwise.
    files: Vec<(&'static str, Vec<u8>)>,
    /// Arguments; empty for `fit p.toml -o out.json`.
    args: Vec<&'static str>,
    /// Exit code.
    code: i32,
    /// Parts of standard error.
    expect: Vec<&'static str>,
}

#[test]
fn bad_input_is_met_with_a_place_and_a_reason() {
    let cases = cases::all();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{} failed\n\n{}", failures.len(), failures.join("\n\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let files: Vec<(&str, &[u8])> =
        case.files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let bench = Bench::new(&files);
    let before = bench.names();
    let args = if case.args.is_empty() {
        vec!["fit", "p.toml", "-o", "out.json"]
    } else {
        case.args.clone()
    };
    let run = bench.run(&args);
    let mut faults = Vec::new();
    if run.code != Some(case.code) {
        faults.push(format!("exit code {:?}, expected {}", run.code, case.code));
    }
    for part in &case.expect {
        if !run.stderr.contains(part) {
            faults.push(format!("no `{part}`"));
        }
    }
    if run.stderr.contains("panicked") || run.stderr.contains("RUST_BACKTRACE") {
        faults.push("a panic".into());
    }
    if !run.stdout.is_empty() {
        faults.push(format!("something on standard output: {}", run.stdout));
    }
    if bench.names() != before {
        faults.push(format!("files left behind: {:?}", bench.names()));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("{}: {}\n{}", case.name, faults.join("; "), run.stderr))
}
