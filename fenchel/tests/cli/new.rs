//! `fenchel new`: projects that build as they are, or no project at all.

use std::path::Path;
use std::process::Command;

use super::common::Bench;

const EVERY_WARNING: &str = "CFLAGS=-O2 -Wall -Wextra -Werror -pedantic";

/// Runs a tool in a folder; what it says is the panic's message.
#[track_caller]
fn succeeds(tool: &str, args: &[&str], folder: &Path) -> String {
    let output = Command::new(tool).args(args).current_dir(folder).output();
    let output = output.unwrap_or_else(|e| panic!("{tool} cannot be run: {e}"));
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{tool} {args:?}: {said}");
    said
}

#[test]
fn a_project_in_c_builds_without_a_warning() {
    for kind in ["penalty", "loss"] {
        let bench = Bench::new(&[]);
        let run = bench.run(&["new", kind, "my_type", "--lang", "c"]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        for step in ["cd my_type", "make", "plugin check libmy_type.so", "plugin trust", "fit"] {
            assert!(run.stdout.contains(step), "no {step} in {}", run.stdout);
        }
        let said = succeeds("make", &[EVERY_WARNING], &bench.path("my_type"));
        assert!(!said.contains("warning"), "{said}");
        assert!(bench.path("my_type/libmy_type.so").is_file(), "{said}");
        assert_eq!(bench.names(), ["my_type"]);
    }
}

#[test]
fn the_command_of_the_readme_builds_the_same_library() {
    let bench = Bench::new(&[]);
    assert_eq!(bench.run(&["new", "loss", "my_loss", "--lang", "c"]).code, Some(0));
    let readme = bench.read("my_loss/README.md");
    let (_, command) = readme.split_once("# or: ").expect("the README says how else");
    let command = command.lines().next().unwrap();
    succeeds("sh", &["-c", command], &bench.path("my_loss"));
    assert!(bench.path("my_loss/libmy_loss.so").is_file(), "{command}");
}

#[test]
fn names_are_filled_in_wherever_they_stand() {
    for lang in ["c", "rust"] {
        for kind in ["penalty", "loss"] {
            let bench = Bench::new(&[]);
            let run = bench.run(&["new", kind, "my_type", "--lang", lang, "-o", "here"]);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            let mut named = 0;
            for path in files(&bench.path("here")) {
                let name = path.to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                for hole in ["{{name}}", "{{Name}}", "{{version}}"] {
                    assert!(!name.contains(hole) && !text.contains(hole), "{hole} in {name}");
                }
                named += usize::from(text.contains("my_type"));
            }
            assert!(named >= 3, "{lang} {kind}: the name stands in {named} files");
        }
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn bad_names_are_refused_with_better_ones_and_leave_nothing_behind() {
    let bench = Bench::new(&[]);
    for (name, reason) in [
        ("My-Penalty", "`my_penalty` would do"),
        ("l1", "a built-in penalty"),
        ("struct", "kept by Rust or C"),
        ("../up", "`up` would do"),
        ("", "is no name"),
    ] {
        for lang in ["c", "rust"] {
            let run = bench.run(&["new", "penalty", name, "--lang", lang]);
            assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{name}");
            assert!(run.stderr.contains(reason), "{}", run.stderr);
        }
    }
    assert!(bench.names().is_empty(), "{:?}", bench.names());
}

#[test]
fn what_is_there_already_is_left_alone() {
    let bench = Bench::new(&[("taken", b"mine")]);
    for args in [
        ["new", "penalty", "taken", "--lang", "c"].as_slice(),
        &["new", "loss", "other", "--lang", "c", "-o", "taken"],
        &["new", "loss", "other", "--lang", "c", "-o", "taken/below"],
        &["new", "loss", "other", "--lang", "c", "-o", "no/such/folder"],
    ] {
        let run = bench.run(args);
        assert_eq!(run.code, Some(2), "{args:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
    assert_eq!((bench.names(), bench.read("taken")), (vec!["taken".to_string()], "mine".into()));
}
