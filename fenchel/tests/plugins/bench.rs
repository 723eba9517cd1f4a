//! A folder with data, a trust file of its own, and libraries that are compiled on the spot.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::{Bench, Run, repository};

/// Eight samples of two features.
const DATA: &str = "\
a,b,y
1,0.5,1
2,-1,3
3,2,2
4,0,5
5,1,4
6,-2,7
7,3,6
8,1.5,9
";

/// Three points; at the first all coefficients are zero, so that no prox is asked for.
pub const PATH: &str = "[path]\npoints = 3\nmin_ratio = 0.01\n";

/// A folder with `d.csv`.
pub fn bench() -> Bench {
    Bench::new(&[("d.csv", DATA.as_bytes())])
}

/// A problem with this loss and penalty, and more sections or keys of the penalty.
pub fn problem(loss: &str, penalty: &str, more: &str) -> String {
    format!(
        "[data]\nfile = \"d.csv\"\nresponse = \"y\"\n\n[loss]\ntype = \"{loss}\"\n\n\
         [penalty]\ntype = \"{penalty}\"\nlambda = 0.1\n{more}"
    )
}

/// Compiles a source in C, from the root of the repository, with these macros, to `name` in the
/// bench's folder.
#[track_caller]
pub fn compile(bench: &Bench, name: &str, source: &str, defines: &[&str]) {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let output = Command::new(&compiler)
        .args(["-std=c11", "-O1", "-D_GNU_SOURCE", "-fPIC", "-shared"])
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-I")
        .arg(repository("plugins/include"))
        .arg(repository(source))
        .args(["-lm", "-o"])
        .arg(bench.path(name))
        .output()
        .unwrap_or_else(|e| panic!("the compiler \"{compiler}\" cannot be run: {e}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// One of the libraries that break their promises, as `p.so`, trusted.
#[track_caller]
pub fn bad(name: &str) -> Bench {
    let bench = bench();
    compile(&bench, "p.so", &format!("tests/suite/plugins/{name}.c"), &[]);
    pin(&bench, "p.so");
    bench
}

/// A library that cargo built for these tests, as its crate is among their dependencies.
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    test.parent().expect("a program is in a folder").join(file)
}

/// The example in Rust as `p.so` of a new bench, trusted.
#[track_caller]
pub fn rust() -> Bench {
    let bench = bench();
    fs::copy(built("fenchel_example_rust"), bench.path("p.so")).expect("the library is there");
    trust(&bench, "p.so");
    bench
}

/// The library in Rust whose types break their promises, likewise.
pub fn bad_rust() -> Bench {
    let bench = bench();
    fs::copy(built("fenchel_example_bad_rust"), bench.path("p.so")).expect("the library is there");
    pin(&bench, "p.so");
    bench
}

/// Writes down by hand that a library is trusted whose types `trust` would stumble over.
pub fn pin(bench: &Bench, library: &str) {
    let folder = bench.path("config/fenchel");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).expect("a folder");
    let pin = json!({
        "path": fs::canonicalize(bench.path(library)).expect("the library is there"),
        "sha256": sha256(&bench.path(library)),
        "name": library, "version": "", "date": "2026-01-01T00:00:00Z", "types": [],
    });
    let file = json!({ "version": 1, "pins": [pin] });
    fs::write(folder.join("trusted.json"), file.to_string()).expect("a file");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(folder.join("trusted.json"), private).expect("our own file");
}

pub fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(fs::read(path).expect("the file is there"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
pub fn trust(bench: &Bench, library: &str) {
    let run = bench.run(&["plugin", "trust", library]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
}

/// Fits a problem with `p.so`; results go to `r.json`.
pub fn fit(bench: &Bench, problem: &str, options: &[&str]) -> Run {
    bench.write("p.toml", problem);
    let mut args = vec!["fit", "p.toml", "-o", "r.json", "--quiet", "--plugin", "p.so"];
    args.extend(options);
    bench.run(&args)
}

/// The run ended for a plugin's sake, and said these words.
#[track_caller]
pub fn assert_plugin_at_fault(run: &Run, words: &[&str]) {
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "no \"{word}\" in {}", run.stderr);
    }
    assert!(!run.stderr.contains("backtrace"), "{}", run.stderr);
}

/// The result file.
#[track_caller]
pub fn result(bench: &Bench) -> Value {
    serde_json::from_str(&bench.read("r.json")).expect("the result is JSON")
}

/// Scales of the finished points.
#[track_caller]
pub fn finished(bench: &Bench) -> usize {
    let result = result(bench);
    let points = result["path"].as_array().expect("there is a path");
    for point in points {
        assert_eq!(point["status"], "converged", "{point}");
    }
    points.len()
}

/// A path that no other call has.
pub fn fresh(folder: &Path) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    folder.join(format!("mark-{}", NUMBER.fetch_add(1, Ordering::Relaxed)))
}
