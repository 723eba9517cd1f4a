//! The machine's C and C++ compilers, with every warning an error.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler that an environment variable names, or the usual one.
pub fn compiler(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.into())
}

/// A path below this crate.
pub fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// Builds `target` from `source`; what the compiler says is the panic's message.
#[track_caller]
pub fn compile(compiler: &str, arguments: &[&str], source: &Path, target: &Path) {
    let output = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic"])
        .args(arguments)
        .arg("-I")
        .arg(folder("../include"))
        .arg(source)
        .arg("-o")
        .arg(target)
        .arg("-lm")
        .output()
        .unwrap_or_else(|e| panic!("the compiler \"{compiler}\" cannot be run: {e}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
