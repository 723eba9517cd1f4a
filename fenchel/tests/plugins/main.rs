//! Plugins and the real command: libraries in C, C++ and Rust, good ones and bad ones.

mod bench;
mod check;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod isolated;
#[path = "../../../tests/suite/tests/common/plugins.rs"]
mod libraries;
mod named;
mod predict;
mod shelf;
mod stuck;
mod trust;
mod untrust;

use std::path::PathBuf;

use common::{Bench, Run};
use serde_json::Value;

/// An empty folder, in which nothing is trusted.
fn empty() -> Bench {
    Bench::new(&[])
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The output of a command that has to succeed and to say nothing on standard error.
#[track_caller]
fn said(bench: &Bench, args: &[&str]) -> String {
    let run = bench.run(args);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
    run.stdout
}

/// The same, as JSON.
#[track_caller]
fn said_json(bench: &Bench, args: &[&str]) -> Value {
    json(&said(bench, args))
}

/// A command that has to fail with this code and these words.
#[track_caller]
fn refused(bench: &Bench, args: &[&str], code: i32, words: &[&str]) -> Run {
    let run = bench.run(args);
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{args:?}: {}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "no {word} in {}", run.stderr);
    }
    run
}

/// Compiles `tests/suite/plugins/{name}.c` into the folder, as `lib{name}.so`.
fn library(bench: &Bench, name: &str) -> String {
    let source = libraries::repository(&format!("tests/suite/plugins/{name}.c"));
    compiled(bench, name, &[source], &["-D_GNU_SOURCE"])
}

fn compiled(bench: &Bench, name: &str, sources: &[PathBuf], flags: &[&str]) -> String {
    // The folder's own name, as tests run beside one another.
    let folder = bench.path("").file_name().expect("a name").to_string_lossy().into_owned();
    let made = libraries::compile(&format!("{name}_{folder}"), sources, flags);
    let file = format!("lib{name}.so");
    std::fs::copy(&made, bench.path(&file)).expect("the folder is writable");
    std::fs::remove_file(&made).expect("it was made here");
    file
}

/// Compiles the examples in C, as one library.
fn in_c(bench: &Bench) -> String {
    let sources = ["plugin", "berhu", "expectile"];
    let file = |name| libraries::repository(&format!("plugins/examples/c/{name}.c"));
    compiled(bench, "c", &sources.map(file), &[])
}

/// Compiles the example in C++.
fn in_cpp(bench: &Bench) -> String {
    let source = libraries::repository("plugins/examples/cpp/group_linf.cpp");
    compiled(bench, "cpp", &[source], &[])
}

/// A library in Rust that cargo built for these tests, copied into the folder.
fn in_rust(bench: &Bench, name: &str) -> String {
    let file = format!("lib{name}.so");
    let built = bench::built(name);
    std::fs::copy(&built, bench.path(&file)).unwrap_or_else(|e| panic!("{}: {e}", built.display()));
    file
}
