//! The result file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fenchel_core::{CertificateKind, Names};
use fenchel_solvers::Status;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{Metric, Rule};
use super::layout::Lines;
use super::read::read_bytes;
use crate::Error;
use crate::data::{Encoding, Screened};
use crate::plugins::PluginRecord;

/// What `fit` writes. Numbers that are not finite are `null`, as JSON has no word for them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResultFile {
    /// Version that wrote the file.
    pub fenchel: String,
    /// The problem file as solved, defaults filled in.
    pub problem: Value,
    /// Why the solver ended.
    pub status: Status,
    /// Loss plus penalty.
    pub objective: Option<f64>,
    /// The normalised loss.
    pub loss: Option<f64>,
    /// The penalty.
    pub penalty: Option<f64>,
    /// How far from optimal.
    pub certificate: CertificateRecord,
    /// Name of the solver.
    pub solver: String,
    /// Outer iterations.
    pub iterations: u64,
    /// Wall time.
    pub seconds: f64,
    /// What was fitted to.
    pub data: DataRecord,
    /// The scale of the penalty, where there is a path.
    pub lambda: Option<f64>,
    /// One a column of the coefficients.
    pub intercept: Vec<f64>,
    /// On the original scale.
    pub coefficients: Coefficients,
    /// The points of a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<PointRecord>>,
    /// Cross-validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cv: Option<CvRecord>,
    /// The libraries that had a part in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginRecord>,
    /// What only this loss or solver knows.
    #[serde(default)]
    pub extra: Map<String, Value>,
}

/// A certificate, as a result file holds it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CertificateRecord {
    /// What is measured.
    pub kind: CertificateKind,
    /// The gap or distance.
    pub value: Option<f64>,
    /// Relative to the problem's scale.
    pub relative: Option<f64>,
}

/// What a result file says of the data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DataRecord {
    /// Samples that entered.
    pub samples: usize,
    /// Features, after the encoding of text columns.
    pub features: usize,
    /// Columns of the coefficients.
    pub outputs: usize,
    /// Names of the features.
    pub feature_names: Names,
    /// Names of the response columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_names: Vec<String>,
    /// Labels of the classes, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Of the data file.
    pub sha256: String,
    /// How columns became features, for prediction.
    #[serde(default)]
    pub encoding: Vec<Encoding>,
    /// What screening said of the features, where it chose them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screened: Option<Screened>,
}

/// The nonzero entries of a p x K matrix.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// `[p, K]`.
    pub shape: [usize; 2],
    /// Features, from 0.
    pub rows: Vec<usize>,
    /// Outputs, from 0.
    pub cols: Vec<usize>,
    /// The entries.
    pub values: Vec<f64>,
}

/// One point of a path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PointRecord {
    /// The scale.
    pub lambda: f64,
    /// Loss plus penalty.
    pub objective: Option<f64>,
    /// The normalised loss.
    pub loss: Option<f64>,
    /// The penalty.
    pub penalty: Option<f64>,
    /// Nonzero coefficients.
    pub nonzeros: usize,
    /// Why the solver ended.
    pub status: Status,
    /// How far from optimal.
    pub certificate: CertificateRecord,
    /// Outer iterations.
    pub iterations: u64,
    /// One a column of the coefficients.
    pub intercept: Vec<f64>,
    /// On the original scale.
    pub coefficients: Coefficients,
    /// What only this loss knows.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// What cross-validation found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CvRecord {
    /// How the scale was chosen.
    pub rule: Rule,
    /// What was measured.
    pub metric: Metric,
    /// The scale chosen.
    pub lambda: f64,
    /// Mean over folds, one a scale.
    pub mean: Vec<Option<f64>>,
    /// Standard error of the mean, one a scale.
    pub se: Vec<Option<f64>>,
    /// One list a fold, with one entry a scale.
    pub folds: Vec<Vec<Option<f64>>>,
    /// The features that each fold's model had, where folds screened them anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screened: Option<Vec<Vec<String>>>,
}

/// The number, where it is finite.
pub(crate) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

impl From<fenchel_core::Certificate> for CertificateRecord {
    fn from(c: fenchel_core::Certificate) -> Self {
        Self { kind: c.kind, value: finite(c.value), relative: finite(c.relative) }
    }
}

impl Coefficients {
    /// The nonzeros of `beta` (p x K, column by column).
    pub fn from_dense(beta: &[f64], features: usize, outputs: usize) -> Self {
        let mut sparse = Self { shape: [features, outputs], ..Self::default() };
        for row in 0..features {
            for col in 0..outputs {
                let value = beta[row + col * features];
                if value != 0.0 {
                    sparse.rows.push(row);
                    sparse.cols.push(col);
                    sparse.values.push(value);
                }
            }
        }
        sparse
    }

    /// The matrix p x K, column by column. Errors: indices outside the shape, uneven lists.
    pub fn to_dense(&self) -> Result<Vec<f64>, String> {
        let [features, outputs] = self.shape;
        if self.rows.len() != self.values.len() || self.cols.len() != self.values.len() {
            return Err("`rows`, `cols` and `values` have different lengths".into());
        }
        let mut beta = vec![0.0; features * outputs];
        for ((&row, &col), &value) in self.rows.iter().zip(&self.cols).zip(&self.values) {
            if row >= features || col >= outputs {
                return Err(format!("entry ({row}, {col}) is outside {features} x {outputs}"));
            }
            beta[row + col * features] = value;
        }
        Ok(beta)
    }
}

impl ResultFile {
    /// Reads a result file. Errors: absent, not JSON, not a result.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read_bytes(path, "result file")?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::input(format!("not a result file: {error}")).in_file(path.display().to_string())
        })
    }

    /// The file's text: one field a line, one point of a path a line.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, Lines::default());
        self.serialize(&mut serializer).expect("text keys, texts, numbers and lists");
        text.push(b'\n');
        String::from_utf8(text).expect("JSON is text")
    }
}

/// A file to be written whole or not at all: first to a temporary neighbour, then renamed.
#[derive(Debug)]
pub struct Output {
    shown: PathBuf,
    target: PathBuf,
}

impl Output {
    /// Makes sure that the file can be written, before anything is computed for it.
    ///
    /// Errors: the path is a directory, its folder is absent or not writable.
    pub fn prepare(path: &Path) -> Result<Self, Error> {
        // A link is written through, not replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let output = Self { shown: path.to_path_buf(), target };
        if output.target.is_dir() || path.as_os_str().is_empty() {
            return Err(output.fail("expected a file to write, got a directory"));
        }
        if output.special() {
            return Ok(output);
        }
        output.temporary().map_err(|e| output.unwritable(&e))?;
        Ok(output)
    }

    /// Writes the file. Errors: whatever the system says; nothing is left behind.
    pub fn write(&self, text: &str) -> Result<(), Error> {
        self.try_write(text).map_err(|e| self.unwritable(&e))
    }

    fn try_write(&self, text: &str) -> io::Result<()> {
        if self.special() {
            return File::options().write(true).open(&self.target)?.write_all(text.as_bytes());
        }
        let mut file = self.temporary()?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.target).map_err(|e| e.error)?;
        Ok(())
    }

    /// Whether the target is a device or a pipe, which is written to and never replaced.
    fn special(&self) -> bool {
        fs::metadata(&self.target).is_ok_and(|m| !m.is_file())
    }

    fn temporary(&self) -> io::Result<tempfile::NamedTempFile> {
        let folder = match self.target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".fenchel-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Less the umask, as for any new file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder)
    }

    fn unwritable(&self, error: &io::Error) -> Error {
        self.fail(&match error.kind() {
            io::ErrorKind::NotFound => "cannot write: the folder does not exist".into(),
            _ => format!("cannot write: {error}"),
        })
    }

    fn fail(&self, message: &str) -> Error {
        Error::input(message).in_file(self.shown.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_the_same_after_a_round_trip() {
        let beta = [0.0, 1.5, 0.0, -2.0, 0.0, 3.0];
        let sparse = Coefficients::from_dense(&beta, 3, 2);
        assert_eq!(
            (sparse.rows.as_slice(), sparse.cols.as_slice()),
            (&[0, 1, 2][..], &[1, 0, 1][..])
        );
        assert_eq!(sparse.to_dense().unwrap(), beta);
    }

    #[test]
    fn an_entry_outside_the_shape_is_refused() {
        let stray = Coefficients { shape: [1, 1], rows: vec![1], cols: vec![0], values: vec![1.0] };
        assert!(stray.to_dense().unwrap_err().contains("outside 1 x 1"));
    }

    #[test]
    fn an_output_replaces_the_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        fs::write(&path, "old").unwrap();
        let output = Output::prepare(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        output.write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_output_that_cannot_be_written_is_known_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Output::prepare(folder.path()).is_err());
        assert!(Output::prepare(&folder.path().join("absent/out.json")).is_err());
    }
}
