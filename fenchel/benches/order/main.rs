//! What a fit maps of the program. `cargo bench -p fenchel --bench order` builds it, runs small fits of all
//! kinds under valgrind, and prints how many functions each of them runs and in how much of the code they lie;
//! with `-- --record` it writes `fenchel/build/order.ld`, by which the linker puts them next to each other.
//!
//! Record after a new compiler, and where figures have grown.

#![allow(missing_docs, clippy::print_stdout)]

#[path = "../common/mod.rs"]
#[allow(dead_code)] // No times are taken here.
mod common;
mod problems;
mod program;
mod script;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::succeed;
use program::Program;

/// What the system maps around a page that is touched.
const WINDOW: u64 = 1 << 16;

fn main() {
    // `cargo test --benches` only asks whether this builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = Program::build(&folder.path().join("map"));
    let mut runs = Vec::new();
    println!("| fit | functions | MB of them | MB mapped |\n|---|---|---|---|");
    for problem in problems::write(folder.path()) {
        let run = functions(&program.file, &problem, folder.path());
        let name = problem.file_stem().expect("a file").to_string_lossy().into_owned();
        print(&name, &program, &run);
        runs.push(run);
    }
    if std::env::args().any(|argument| argument == "--record") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/order.ld");
        fs::write(&file, script::of(&program, &runs)).expect("the script is writable");
    }
}

/// The names of the functions that a fit runs.
fn functions(program: &Path, problem: &Path, scratch: &Path) -> HashSet<String> {
    let (profile, result) = (scratch.join("profile"), scratch.join("result.json"));
    succeed(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--demangle=no"])
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .arg(program)
            .arg("fit")
            .arg(problem)
            .arg("-o")
            .arg(result)
            .args(["--quiet", "--threads", "2"]),
    );
    let text = fs::read_to_string(profile).expect("callgrind writes a profile");
    // `fn=(id) name` where a name comes first, `fn=(id)` from then on; `cfn` is a function that is called.
    let mut names = HashMap::new();
    let mut run = HashSet::new();
    for line in text.lines() {
        let Some((kind @ ("fn" | "cfn"), function)) = line.split_once('=') else { continue };
        let (id, name) = function.split_once(' ').unwrap_or((function, ""));
        if !name.is_empty() {
            names.insert(id, name);
        }
        if kind == "fn" {
            run.insert(id);
        }
    }
    run.iter().filter_map(|id| names.get(id)).map(|name| (*name).to_owned()).collect()
}

fn print(name: &str, program: &Program, run: &HashSet<String>) {
    let mut windows = HashSet::new();
    let (mut count, mut bytes) = (0, 0);
    for section in program.sections.iter().filter(|section| run.contains(section.function())) {
        count += 1;
        bytes += section.size;
        windows.extend(section.begin / WINDOW..=(section.begin + section.size.max(1) - 1) / WINDOW);
    }
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!("| {name} | {count} | {:.2} | {:.2} |", mb(bytes), mb(windows.len() as u64 * WINDOW));
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}
