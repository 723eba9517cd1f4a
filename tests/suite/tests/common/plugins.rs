//! Plugins in C and C++, compiled as their users would, and loaded.

#![allow(dead_code, reason = "each test program uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fenchel_core::{Context, Error, Kind, Loss, Penalty, Raw, Resolve, Space};
use fenchel_plugin_host::{Faults, Image, Library, LoadError, PluginType, open};
use serde_json::Value;

/// A file of the repository.
pub fn repository(name: &str) -> PathBuf {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = above.find(|folder| folder.join("Cargo.lock").is_file());
    root.expect("the lock file is at the root").join(name)
}

/// Compiles the sources, which are in one language, to a library. Every warning is an error.
#[track_caller]
pub fn compile(name: &str, sources: &[PathBuf], flags: &[&str]) -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lib{name}.so"));
    let cpp = sources.iter().any(|source| source.extension().is_some_and(|e| e == "cpp"));
    let (variable, default, standard) =
        if cpp { ("CXX", "c++", "-std=c++17") } else { ("CC", "cc", "-std=c11") };
    let compiler = std::env::var(variable).unwrap_or_else(|_| default.into());
    let output = Command::new(&compiler)
        .args([standard, "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .args(["-fPIC", "-shared", "-fvisibility=hidden"])
        .args(flags)
        .arg("-I")
        .arg(repository("plugins/include"))
        .args(sources)
        .arg("-lm")
        .arg("-o")
        .arg(&library)
        .output()
        .unwrap_or_else(|e| panic!("the compiler \"{compiler}\" cannot be run: {e}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// A library, and what its types did wrong.
pub struct Loaded {
    pub library: Library,
    pub faults: Arc<Faults>,
}

impl Loaded {
    #[track_caller]
    pub fn new(path: &Path) -> Self {
        Self::open(path).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let faults = Faults::new(Arc::new(AtomicBool::new(false)));
        let library = open(Image::read(path)?, &faults)?;
        Ok(Self { library, faults })
    }

    fn kind(&self, kind: Kind) -> &PluginType {
        self.library.types.iter().find(|t| t.kind == kind).expect("there is such a type")
    }

    /// The library's first penalty, with parameters as JSON.
    pub fn penalty(&self, table: Value, space: &Space) -> Result<Box<dyn Penalty>, Error> {
        let context = Context { space, resolve: &NoFiles };
        self.kind(Kind::Penalty).build_penalty(&raw(table), &context)
    }

    /// The library's first loss, with parameters as JSON.
    pub fn loss(&self, table: Value) -> Result<Box<dyn Loss>, Error> {
        self.kind(Kind::Loss).build_loss(&raw(table))
    }

    /// Nothing was written down against the library.
    #[track_caller]
    pub fn assert_faultless(&self) {
        assert_eq!(self.faults.first(), None);
    }
}

fn raw(table: Value) -> Raw {
    match table {
        Value::Object(table) => Raw(table),
        other => panic!("not a table: {other}"),
    }
}

/// These penalties read no file and hold no other.
struct NoFiles;

impl Resolve for NoFiles {
    fn penalty(&self, _raw: &Raw, _space: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("no penalty inside another".into()))
    }
    fn table_column(&self, file: &str, _column: &str) -> Result<Vec<String>, Error> {
        Err(Error::Data(format!("there is no {file}")))
    }
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        Err(Error::Data(format!("there is no {file}")))
    }
}
