//! Runs the real command in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A temporary folder with the files of one test.
pub struct Bench(tempfile::TempDir);

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Bench {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let bench = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, bytes) in files {
            bench.write(name, bytes);
        }
        bench
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("the folder is writable");
    }

    #[allow(dead_code, reason = "not every test program reads results")]
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the file is there")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fenchel"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        // What this user trusts is none of the tests' business.
        command.env("XDG_CONFIG_HOME", self.path("config")).env_remove("RUST_BACKTRACE");
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        let output = self.command(args).output().expect("the command starts");
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Names in the folder, sorted.
    #[allow(dead_code, reason = "not every test program looks around")]
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<String> = entries
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// A file of the repository.
#[allow(dead_code, reason = "not every test program reads the repository")]
pub fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}
