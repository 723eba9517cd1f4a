//! Nothing of a library runs before its bytes were trusted.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::bench::{
    PATH, assert_plugin_at_fault, bench, compile, fit, fresh, problem, result, sha256, trust,
};
use crate::common::{Bench, Run};

const MARKS: &str = "tests/suite/plugins/initialiser.c";

/// A run in which the library's initialiser leaves a mark; whether it did.
fn marked(bench: &Bench, args: &[&str]) -> (Run, bool) {
    let mark = fresh(&bench.path(""));
    let output = bench.command(args).env("FENCHEL_TEST_MARK", &mark).output().unwrap();
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    (run, mark.exists())
}

fn marking(path: &str) -> Bench {
    let bench = bench();
    compile(&bench, path, MARKS, &[]);
    let load = format!("[plugins]\nload = [\"{path}\"]\n");
    bench.write("p.toml", problem("quadratic", "initialiser", &load));
    bench
}

#[test]
fn an_untrusted_library_is_refused_before_its_initialiser_runs() {
    let bench = marking("p.so");
    for command in [&["fit", "p.toml"][..], &["check", "p.toml"], &["fit", "p.toml", "--isolate"]] {
        let (run, ran) = marked(&bench, command);
        assert_plugin_at_fault(&run, &["p.so", "p.toml:12", "fenchel plugin trust"]);
        assert!(!ran, "the initialiser ran in {command:?}");
    }
    // The mark is no blank: loading leaves it.
    let (run, ran) = marked(&bench, &["plugin", "trust", "p.so"]);
    assert!(run.code == Some(0) && ran, "{run:?}");
    let (run, ran) = marked(&bench, &["fit", "p.toml"]);
    assert!(run.code == Some(0) && ran, "{run:?}");
}

#[test]
fn a_changed_byte_is_refused_before_the_initialiser_runs() {
    let bench = marking("p.so");
    trust(&bench, "p.so");
    let mut bytes = fs::read(bench.path("p.so")).unwrap();
    let before = sha256(&bench.path("p.so"));
    bytes.push(0);
    bench.write("p.so", &bytes);
    let (run, ran) = marked(&bench, &["fit", "p.toml"]);
    let after = sha256(&bench.path("p.so"));
    assert_plugin_at_fault(&run, &["p.so", &before, &after]);
    assert!(!ran);
    // One bit in the midst, of the same length.
    let (middle, last) = (bytes.len() / 2, bytes.len() - 1);
    bytes.truncate(last);
    bytes[middle] ^= 1;
    bench.write("p.so", &bytes);
    let (run, ran) = marked(&bench, &["fit", "p.toml"]);
    assert_plugin_at_fault(&run, &["p.so"]);
    assert!(!ran);
}

#[test]
fn a_link_is_what_it_points_to() {
    let bench = marking("real.so");
    trust(&bench, "real.so");
    symlink("real.so", bench.path("link.so")).unwrap();
    let problem = problem("quadratic", "initialiser", "[plugins]\nload = [\"link.so\"]\n");
    bench.write("p.toml", problem);
    let run = bench.run(&["fit", "p.toml", "-o", "r.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let path = PathBuf::from(result(&bench)["plugins"][0]["path"].as_str().unwrap());
    assert_eq!(path, fs::canonicalize(bench.path("real.so")).unwrap());
    compile(&bench, "other.so", MARKS, &["LIBRARY=\"other\""]);
    fs::remove_file(bench.path("link.so")).unwrap();
    symlink("other.so", bench.path("link.so")).unwrap();
    let (run, ran) = marked(&bench, &["fit", "p.toml"]);
    assert_plugin_at_fault(&run, &["other.so", "fenchel plugin trust"]);
    assert!(!ran);
}

#[test]
fn the_trust_file_is_private_and_stays_so() {
    let bench = marking("p.so");
    trust(&bench, "p.so");
    let file = bench.path("config/fenchel/trusted.json");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let pins: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let pin = &pins["pins"][0];
    assert_eq!(pin["sha256"], sha256(&bench.path("p.so")));
    assert_eq!((&pin["name"], &pin["version"]), (&"initialiser".into(), &"1.0.0".into()));
    assert_eq!(pin["path"], fs::canonicalize(bench.path("p.so")).unwrap().to_str().unwrap());
    assert!(pin["date"].as_str().unwrap().starts_with("20"), "{pin}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).unwrap();
    let (run, ran) = marked(&bench, &["fit", "p.toml"]);
    assert_plugin_at_fault(&run, &["trusted.json", "chmod go-w"]);
    assert!(!ran);
}

#[test]
fn nothing_is_searched_for() {
    // Where the loader and the shell would look, and where the command runs.
    let bench = marking("p.so");
    trust(&bench, "p.so");
    fs::create_dir(bench.path("elsewhere")).unwrap();
    let file = bench.path("elsewhere/p.toml");
    fs::copy(bench.path("p.toml"), &file).unwrap();
    fs::copy(bench.path("d.csv"), bench.path("elsewhere/d.csv")).unwrap();
    let output = bench
        .command(&["fit", "elsewhere/p.toml"])
        .env("LD_LIBRARY_PATH", bench.path(""))
        .env("PATH", bench.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("elsewhere/p.so") && said.contains("No such file"), "{said}");
    // And a type of a trusted library that nobody names stays unknown, with a hint.
    bench.write("p.toml", problem("quadratic", "initialiser", ""));
    let (run, ran) = marked(&bench, &["fit", "p.toml"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("[plugins] load = ") && !ran, "{}", run.stderr);
}

#[test]
fn a_result_records_what_had_a_part_in_it() {
    let bench = marking("p.so");
    trust(&bench, "p.so");
    for (options, isolated) in [(&[][..], false), (&["--isolate"], true)] {
        let run = fit(&bench, &problem("quadratic", "initialiser", PATH), options);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let record = &result(&bench)["plugins"][0];
        assert_eq!(record["sha256"], sha256(&bench.path("p.so")));
        assert_eq!((&record["name"], &record["version"]), (&"initialiser".into(), &"1.0.0".into()));
        assert_eq!(record["isolated"], isolated);
    }
    // One that is loaded and has no part is not in the result.
    let run = fit(&bench, &problem("quadratic", "l1", ""), &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(result(&bench).get("plugins").is_none());
}
