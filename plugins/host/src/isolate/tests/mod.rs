//! The child is this very test program, which serves types of the families and types with flaws.

mod deaths;
mod garbled;
mod laws;
mod stock;
mod sweeps;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use fenchel_core::{Context, Error, Kind, Loss, Penalty, Raw, Resolve, Space};

use super::child::Child;
use super::{introduce, process, server};
use crate::fault::{Fault, Faults};
use crate::library::Library;

/// What [`Served::start`] starts: no test of its own.
#[test]
#[ignore = "a child of the other tests"]
fn child() {
    server::serve(stock::open).expect("started by a test");
    std::process::exit(0);
}

/// A child with the types in [`stock`].
struct Served {
    library: Library,
    faults: Arc<Faults>,
    id: u32,
}

impl Served {
    fn start() -> Self {
        Self::start_until(None, Duration::ZERO)
    }

    /// With a time limit, and how long a call may go on beyond it.
    fn start_until(deadline: Option<Instant>, grace: Duration) -> Self {
        let faults = Faults::new(Arc::new(AtomicBool::new(false)));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "isolate::tests::child", "--ignored", "--nocapture"]);
        command.stderr(Stdio::null());
        let image = File::open("/dev/null").unwrap();
        let (process, channel) = process::start(command, &image).unwrap();
        let child = Child::new(channel, process, faults.clone(), deadline).with_grace(grace);
        let id = child.process().unwrap();
        let library = introduce(child, Path::new("/stock"), "0".repeat(64)).unwrap();
        Self { library, faults, id }
    }

    fn penalty(&self, table: &str, space: &Space) -> Result<Box<dyn Penalty>, Error> {
        let raw: Raw = serde_json::from_str(table).unwrap();
        let it = self.find(Kind::Penalty, &raw);
        it.build_penalty(&raw, &Context { space, resolve: &Files })
    }

    fn loss(&self, table: &str) -> Box<dyn Loss> {
        let raw: Raw = serde_json::from_str(table).unwrap();
        self.find(Kind::Loss, &raw).build_loss(&raw).unwrap()
    }

    fn find(&self, kind: Kind, raw: &Raw) -> &crate::PluginType {
        let name = raw.0["type"].as_str().unwrap();
        self.library.types.iter().find(|it| it.kind == kind && it.card.name == name).unwrap()
    }

    fn fault(&self) -> Fault {
        self.faults.first().expect("a fault was written down")
    }

    /// Whether there is still such a process, if only as a zombie.
    fn is_there(&self) -> bool {
        Path::new(&format!("/proc/{}", self.id)).exists()
    }
}

/// The same type in this process.
fn here(table: &str, space: &Space) -> Box<dyn Penalty> {
    let spec: Box<dyn fenchel_core::PenaltySpec> = serde_json::from_str(table).unwrap();
    spec.build(&Context { space, resolve: &Files }).unwrap()
}

struct Files;

impl Resolve for Files {
    fn penalty(&self, _: &Raw, _: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("no nested penalties here".into()))
    }
    fn table_column(&self, file: &str, column: &str) -> Result<Vec<String>, Error> {
        match (file, column) {
            ("groups.csv", "group") => Ok(["a", "b", "a", "b"].map(String::from).to_vec()),
            _ => Err(Error::Data(format!("there is no \"{column}\" in \"{file}\""))),
        }
    }
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        Err(Error::Data(format!("there is no \"{file}\"")))
    }
}

/// `count` numbers in (-1, 1).
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
