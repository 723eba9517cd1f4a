//! Plugins compiled from C, and what is needed to build their types.
#![allow(dead_code)] // each test file uses a part

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use fenchel_core::{Context, Error, Kind, Loss, Penalty, Raw, Resolve, Space};
use fenchel_plugin_host::{Fault, Faults, Image, Library, LoadError, PluginType, open};

/// Compiles `tests/plugins/{source}.c` with these macros defined; the library's path.
pub fn compile(source: &str, defines: &[&str]) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{source}-{}-{number}.so", std::process::id());
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let output = Command::new(&compiler)
        .args(["-std=c11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"])
        // Fused operations would round otherwise than Rust does.
        .arg("-ffp-contract=off")
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-I")
        .arg(here.join("../include"))
        .arg(here.join(format!("tests/plugins/{source}.c")))
        .args(["-lm", "-o"])
        .arg(&library)
        .output()
        .unwrap_or_else(|e| panic!("the compiler \"{compiler}\" cannot be run: {e}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// A library in this process, and what its types do wrong.
pub struct Loaded {
    pub library: Library,
    pub faults: Arc<Faults>,
    pub stop: Arc<AtomicBool>,
}

/// Compiles, loads, and deletes the file, which is not needed any more.
pub fn load(source: &str, defines: &[&str]) -> Result<Loaded, LoadError> {
    let path = compile(source, defines);
    let image = Image::read(&path)?;
    std::fs::remove_file(&path).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let faults = Faults::new(stop.clone());
    Ok(Loaded { library: open(image, &faults)?, faults, stop })
}

/// Files that a test makes up.
#[derive(Default)]
pub struct Files;

impl Resolve for Files {
    fn penalty(&self, _raw: &Raw, _space: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("no nested penalties here".into()))
    }
    fn table_column(&self, file: &str, column: &str) -> Result<Vec<String>, Error> {
        match (file, column) {
            ("groups.csv", "group") => Ok(["a", "b", "a", "b"].map(String::from).to_vec()),
            _ => Err(Error::Data(format!("there is no \"{column}\" in \"{file}\""))),
        }
    }
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        match file {
            "weights.npy" => Ok((vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2)),
            _ => Err(Error::Data(format!("there is no \"{file}\""))),
        }
    }
}

impl Loaded {
    pub fn kind(&self, kind: Kind) -> &PluginType {
        self.library.types.iter().find(|t| t.kind == kind).expect("there is such a type")
    }

    pub fn penalty(&self, parameters: &str, space: &Space) -> Result<Box<dyn Penalty>, Error> {
        let raw: Raw = serde_json::from_str(parameters).unwrap();
        self.kind(Kind::Penalty).build_penalty(&raw, &Context { space, resolve: &Files })
    }

    pub fn loss(&self, parameters: &str) -> Result<Box<dyn Loss>, Error> {
        self.kind(Kind::Loss).build_loss(&serde_json::from_str(parameters).unwrap())
    }

    /// The first fault, as text.
    pub fn fault(&self) -> String {
        let fault: Fault = self.faults.first().expect("a fault was written down");
        assert!(self.stop.load(Ordering::Relaxed), "a fault asks the run to stop");
        fault.to_string()
    }

    pub fn assert_no_fault(&self) {
        assert_eq!(self.faults.first(), None);
    }
}
