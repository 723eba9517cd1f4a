//! The reader of parameters for C, `fenchel_json.h`: a C program checks it, and memory checkers
//! watch it read damaged texts that end where their memory ends.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{compile, compiler, folder};

const SANITIZE: &str = "-fsanitize=address,undefined";

/// Builds the program in a way of its own and runs it.
#[track_caller]
fn passes(compiler: &str, arguments: &[&str], name: &str) {
    let program = target(name);
    compile(compiler, arguments, &folder("tests/json.c"), &program);
    run(&program);
}

#[track_caller]
fn run(program: &Path) {
    let output = Command::new(program).output().expect("a program just built runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&said));
}

fn target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn parameters_are_read_as_c99_c11_and_cpp17_without_a_warning() {
    passes(&compiler("CC", "cc"), &["-std=c99", "-O2"], "json-c99");
    passes(&compiler("CC", "cc"), &["-std=c11"], "json-c11");
    passes(&compiler("CXX", "c++"), &["-std=c++17", "-O2", "-x", "c++"], "json-cpp17");
}

#[test]
fn no_byte_behind_a_damaged_text_is_read() {
    let cc = compiler("CC", "cc");
    // Some compilers come without the sanitizers' libraries.
    let probe = target("sanitizers.c");
    std::fs::write(&probe, "int main(void) { return 0; }\n").unwrap();
    let mut build = Command::new(&cc);
    build.arg(SANITIZE).arg(&probe).arg("-o").arg(target("sanitizers"));
    if !build.output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {cc} has no sanitizers");
        return;
    }
    let flags = ["-std=c11", "-g", "-O1", SANITIZE, "-fno-sanitize-recover=all"];
    passes(&cc, &flags, "json-sanitized");
}
