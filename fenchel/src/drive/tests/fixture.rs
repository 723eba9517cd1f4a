//! Jobs from a table and two specs.

use std::path::Path;

use fenchel_core::{Context, Error, LossSpec, PenaltySpec, Raw, Resolve, Space};
use serde_json::{Value, json};

use crate::data;
use crate::drive::{Job, Silent, Solution, run};
use crate::file::config::{CvConfig, ModelConfig, PathConfig, SolverConfig};

/// Penalties without children or side files.
struct Alone;

impl Resolve for Alone {
    fn penalty(&self, _raw: &Raw, _space: &Space) -> Result<Box<dyn fenchel_core::Penalty>, Error> {
        Err(Error::Unsupported("no nested penalties here".into()))
    }
    fn table_column(&self, _file: &str, _column: &str) -> Result<Vec<String>, Error> {
        Err(Error::Unsupported("no files here".into()))
    }
    fn matrix(&self, _file: &str) -> Result<(Vec<f64>, usize), Error> {
        Err(Error::Unsupported("no files here".into()))
    }
}

/// Columns with their names, one number a sample.
pub(super) type Table = Vec<(&'static str, Vec<f64>)>;

/// Numbers in [-1, 1] that look random and are the same everywhere.
pub(super) fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// `n` samples of three features on different scales, `y` linear in the first two.
pub(super) fn linear(n: usize) -> Table {
    let (a, b, c, e) = (noise(n, 1), noise(n, 2), noise(n, 3), noise(n, 4));
    let a: Vec<f64> = a.iter().map(|a| 5.0 + 3.0 * a).collect();
    let b: Vec<f64> = b.iter().map(|b| 0.1 * b - 2.0).collect();
    let y = (0..n).map(|i| 1.5 + 0.7 * a[i] - 4.0 * b[i] + 0.3 * e[i]).collect();
    vec![("a", a), ("b", b), ("c", c), ("y", y)]
}

/// The same features with labels 0 and 1.
pub(super) fn binary(n: usize) -> Table {
    let mut table = linear(n);
    let e = noise(n, 9);
    let label = |i: usize| f64::from(u8::from(0.5 * (table[0].1[i] - 5.0) + e[i] > 0.2));
    let y = (0..n).map(label).collect();
    table[3].1 = y;
    table
}

/// A job on a table whose response is `y`; `data` holds further keys of `[data]`.
pub(super) fn job_with(table: &Table, data: Value, loss: Value, penalty: Value) -> Job {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    let mut text = names.join(",");
    for i in 0..table[0].1.len() {
        text.push('\n');
        let cells: Vec<String> = table.iter().map(|(_, v)| format!("{:?}", v[i])).collect();
        text.push_str(&cells.join(","));
    }
    std::fs::write(folder.path().join("table.csv"), text).unwrap();
    let mut config = json!({ "file": "table.csv", "response": "y" });
    for (key, value) in data.as_object().unwrap() {
        config[key] = value.clone();
    }
    let loss_spec: Box<dyn LossSpec> = serde_json::from_value(loss.clone()).unwrap();
    let built = loss_spec.build().unwrap();
    let config = serde_json::from_value(config).unwrap();
    let columns = if names.contains(&"fold") { vec!["fold".to_string()] } else { vec![] };
    let needs = data::Needs { response: built.reads(), columns: &columns };
    let dataset = data::load(&config, folder.path(), needs).unwrap();
    let description = format!("{loss} {penalty}");
    Job {
        dataset,
        candidates: None,
        loss: built,
        penalty: Box::new(move |space| {
            let spec: Box<dyn PenaltySpec> = serde_json::from_value(penalty.clone()).unwrap();
            spec.build(&Context { space, resolve: &Alone })
        }),
        model: ModelConfig::default(),
        solver: SolverConfig { tol: 1e-10, ..SolverConfig::default() },
        path: None,
        cv: None,
        lambda: None,
        base: Path::new(".").into(),
        description,
        threads: 1,
        deadline: None,
        interrupt: None,
        faults: None,
    }
}

pub(super) fn job(table: &Table, loss: Value, penalty: Value) -> Job {
    job_with(table, json!({}), loss, penalty)
}

pub(super) fn quadratic() -> Value {
    json!({ "type": "quadratic" })
}

pub(super) fn l1(lambda: f64) -> Value {
    json!({ "type": "l1", "lambda": lambda })
}

pub(super) fn on_path(mut job: Job, points: usize, min_ratio: f64) -> Job {
    job.path = Some(PathConfig { points, min_ratio, ..PathConfig::default() });
    job
}

pub(super) fn with_cv(mut job: Job, cv: CvConfig) -> Job {
    job.cv = Some(cv);
    job
}

pub(super) fn solved(job: &Job) -> Solution {
    run(job, &Silent, None).unwrap()
}

pub(super) fn message(job: &Job) -> String {
    run(job, &Silent, None).unwrap_err().to_string()
}

#[track_caller]
pub(super) fn close(a: &[f64], b: &[f64], tol: f64) {
    assert_eq!(a.len(), b.len(), "{a:?} and {b:?}");
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= tol * y.abs().max(1.0), "{a:?} and {b:?}");
    }
}
