//! Checkpoints: the points solved so far and where the current solves stand, so that a run that was
//! cut short goes on where it stopped. A checkpoint carries a fingerprint of problem and data, and
//! is of no use to any other. The file is CBOR, written beside its place and renamed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fenchel_solvers::Status;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fit::Solved;
use super::plan::Prepared;
use super::{Error, Job, Stage};

/// Format of the file; another one is refused.
const VERSION: u32 = 1;

/// Where checkpoints go to and come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckpointConfig {
    /// Where to save, if at all: always when a run is cut short, and from time to time.
    pub save: Option<PathBuf>,
    /// Time between saves while the run goes on; `None` to save only where it is cut short.
    pub every: Option<Duration>,
    /// A checkpoint to go on from.
    pub resume: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    version: u32,
    fingerprint: String,
    /// 0 for all samples, k + 1 for fold k left out.
    stages: BTreeMap<usize, StageState>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct StageState {
    finished: Vec<Saved>,
    current: Option<Saved>,
}

/// Parameters with their zeros left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Saved {
    len: usize,
    places: Vec<usize>,
    values: Vec<f64>,
    iterations: u64,
    status: Status,
    /// What the point is certified with, where the loss has no gradient.
    #[serde(default)]
    dual: Option<Vec<f64>>,
}

impl Saved {
    fn new(params: &[f64], dual: Option<&[f64]>, iterations: u64, status: Status) -> Self {
        // By bits, so that what is read back is what was there.
        let kept = |v: &f64| v.to_bits() != 0;
        let (places, values) =
            params.iter().enumerate().filter(|(_, v)| kept(v)).map(|(i, v)| (i, *v)).unzip();
        let dual = dual.map(<[f64]>::to_vec);
        Self { len: params.len(), places, values, iterations, status, dual }
    }

    fn of(solved: &Solved) -> Self {
        let dual = solved.dual.as_deref();
        Self::new(&solved.params, dual, solved.iterations, solved.status)
    }

    fn solved(&self) -> Option<Solved> {
        let mut params = vec![0.0; self.len];
        for (&i, v) in self.places.iter().zip(&self.values) {
            *params.get_mut(i)? = *v;
        }
        let (iterations, status) = (self.iterations, self.status);
        let dual = self.dual.clone();
        Some(Solved { params, iterations, status, certificate: None, dual })
    }
}

/// What a stage has from an earlier run.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    pub finished: Vec<Solved>,
    pub current: Option<Solved>,
}

/// The checkpoint of a run, shared by its stages.
#[derive(Debug)]
pub(super) struct Store {
    save: Option<PathBuf>,
    every: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    last: Instant,
    /// The first save that failed; told at the end, as a solve should not die of it.
    failure: Option<Error>,
}

impl Store {
    /// Reads the checkpoint to go on from, if there is one.
    ///
    /// Errors: [`Error::Checkpoint`] where it cannot be read, has another version, or belongs to
    /// another problem or other data.
    pub(super) fn open(
        config: Option<&CheckpointConfig>,
        job: &Job,
        prepared: &Prepared,
    ) -> Result<Self, Error> {
        let fingerprint = fingerprint(job, prepared);
        let config = config.cloned().unwrap_or_default();
        let stages = match &config.resume {
            Some(path) => read(path, &fingerprint)?.stages,
            None => BTreeMap::new(),
        };
        let file = File { version: VERSION, fingerprint, stages };
        let state = State { file, last: Instant::now(), failure: None };
        Ok(Self { save: config.save, every: config.every, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves whole stage states behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `stage` has from an earlier run; anything of another length is dropped.
    pub(super) fn earlier(&self, stage: Stage, len: usize) -> Earlier {
        let mut state = self.state();
        let Some(saved) = state.file.stages.get_mut(&number(stage)) else {
            return Earlier::default();
        };
        let fits = |s: &Saved| s.solved().filter(|solved| solved.params.len() == len);
        let finished: Vec<Solved> = saved.finished.iter().map_while(fits).collect();
        saved.finished.truncate(finished.len());
        Earlier { finished, current: saved.current.as_ref().and_then(fits) }
    }

    /// Notes a finished point.
    pub(super) fn finished(&self, stage: Stage, solved: &Solved) {
        if self.save.is_none() {
            return;
        }
        let saved = Saved::of(solved);
        let mut state = self.state();
        let entry = state.file.stages.entry(number(stage)).or_default();
        entry.finished.push(saved);
        entry.current = None;
        self.save_if_due(&mut state);
    }

    /// Notes where a solve stands, where a save is due.
    pub(super) fn underway(&self, stage: Stage, params: &[f64], iterations: u64) {
        if self.save.is_none() || self.every.is_none() {
            return;
        }
        let mut state = self.state();
        if self.is_due(&state) {
            let saved = Saved::new(params, None, iterations, Status::Interrupted);
            state.file.stages.entry(number(stage)).or_default().current = Some(saved);
            self.save_if_due(&mut state);
        }
    }

    /// Notes where a solve was cut short.
    pub(super) fn cut(&self, stage: Stage, solved: &Solved) {
        if self.save.is_some() {
            let saved = Saved::of(solved);
            self.state().file.stages.entry(number(stage)).or_default().current = Some(saved);
        }
    }

    /// Saves where a run was cut short.
    ///
    /// Errors: [`Error::Checkpoint`] where the file cannot be written, now or earlier.
    pub(super) fn close(&self, cut_short: bool) -> Result<(), Error> {
        let mut state = self.state();
        if let Some(path) = self.save.as_ref().filter(|_| cut_short) {
            return write(path, &state.file);
        }
        state.failure.take().map_or(Ok(()), Err)
    }

    fn is_due(&self, state: &State) -> bool {
        self.every.is_some_and(|every| state.last.elapsed() >= every)
    }

    fn save_if_due(&self, state: &mut State) {
        let Some(path) = self.save.as_ref().filter(|_| self.is_due(state)) else { return };
        let result = write(path, &state.file);
        state.last = Instant::now();
        if let Err(error) = result {
            state.failure.get_or_insert(error);
        }
    }
}

fn number(stage: Stage) -> usize {
    match stage {
        Stage::Full => 0,
        Stage::Fold { fold, .. } => fold + 1,
    }
}

/// SHA-256 of the problem, the data, the scales and the folds (which side files may determine).
fn fingerprint(job: &Job, prepared: &Prepared) -> String {
    let scales: Vec<u8> = prepared.scales.iter().flat_map(|s| s.to_le_bytes()).collect();
    let mut folds = format!("{:?}", prepared.assignment);
    for model in prepared.nested.iter().flatten() {
        let _ = write!(folds, "{:?}", model.columns);
    }
    let mut hash = Sha256::new();
    for part in
        [job.description.as_bytes(), job.dataset.sha256.as_bytes(), &scales, folds.as_bytes()]
    {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path, fingerprint: &str) -> Result<File, Error> {
    let fail = |message: String| Error::Checkpoint { path: path.into(), message };
    let open = fs::File::open(path).map_err(|e| fail(e.to_string()))?;
    let file: File = ciborium::from_reader(BufReader::new(open))
        .map_err(|e| fail(format!("not a checkpoint that this version reads: {e}")))?;
    if file.version != VERSION {
        return Err(fail(format!("format {}, expected {VERSION}", file.version)));
    }
    if file.fingerprint != fingerprint {
        return Err(fail(
            "it belongs to another problem or to other data: resume with the problem file and the \
             data that it was written for, or start anew"
                .into(),
        ));
    }
    Ok(file)
}

fn write(path: &Path, file: &File) -> Result<(), Error> {
    let fail = |message: String| Error::Checkpoint { path: path.into(), message };
    let mut name = path.file_name().map(|n| n.to_os_string()).unwrap_or_default();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let written = (|| -> Result<(), String> {
        let mut out = BufWriter::new(fs::File::create(&beside).map_err(|e| e.to_string())?);
        ciborium::into_writer(file, &mut out).map_err(|e| e.to_string())?;
        out.flush().map_err(|e| e.to_string())?;
        out.get_ref().sync_all().map_err(|e| e.to_string())?;
        fs::rename(&beside, path).map_err(|e| e.to_string())
    })();
    written.map_err(|message| {
        let _ = fs::remove_file(&beside); // perhaps never made
        fail(message)
    })
}
