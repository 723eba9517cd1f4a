//! From the `[data]` section to a data set in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fenchel_core::{Matrix, Names, ResponseKind, Samples};
use serde::{Deserialize, Serialize};

use super::config::DataConfig;
use super::design::{Encoded, Encoding, encode, level_name};
use super::error::DataError;
use super::files::Files;
use super::lines::Lines;
use super::magnitude;
use super::parts::Parts;
use super::rows::kept_rows;

/// What a fit works on.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The design, n x p, before centring and scaling.
    pub matrix: Arc<Matrix>,
    /// The name of each column of the design.
    pub feature_names: Names,
    /// Responses, weights (mean 1) and subjects.
    pub samples: Samples,
    /// What is added to the linear predictor: the offset plus the logarithm of the exposure.
    pub offset: Option<Vec<f64>>,
    /// Class labels in sorted order, where the response is one of classes.
    pub classes: Option<Vec<String>>,
    /// The names of the response columns; time and event for survival.
    pub response_names: Vec<String>,
    /// SHA-256 of the data file's bytes, in hexadecimal; of the digests, where there are several.
    pub sha256: String,
    /// How text columns and missing cells were treated.
    pub encoding: Vec<Encoding>,
    /// The subject of each sample, numbered from 0 in sorted order.
    pub subject: Option<Vec<u32>>,
    /// What screening said of the features that were kept.
    pub screened: Option<Screened>,
    /// The rows of the file that are kept, from 0, ascending.
    pub rows_kept: Vec<usize>,
    /// Where each sample's response stands, for errors that a loss finds later.
    places: Option<Places>,
    path: PathBuf,
    columns: BTreeMap<String, Vec<f64>>,
}

/// What is known of features that were chosen among others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Screened {
    /// How many there were.
    pub features: usize,
    /// The mutual information of each that was kept with the response, in nats.
    pub information: Vec<f64>,
}

/// What is asked of the data beside its features.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    /// The kind of response that the loss reads.
    pub response: ResponseKind,
    /// Columns that are named elsewhere in the problem file (fold numbers): read as numbers, no
    /// features.
    pub columns: &'a [String],
}

impl From<ResponseKind> for Needs<'static> {
    fn from(response: ResponseKind) -> Self {
        Self { response, columns: &[] }
    }
}

/// Where the cells of one column stand: lines, or rows where the file has none.
#[derive(Debug, Clone)]
struct Places {
    path: PathBuf,
    column: String,
    lines: Option<Lines>,
}

impl Dataset {
    /// The data file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// An error about the response of one sample, at its place in the file; `None` without a
    /// response.
    pub fn response_error(&self, sample: usize, message: impl Into<String>) -> Option<DataError> {
        let places = self.places.as_ref()?;
        let mut error = DataError::new(&places.path, message).in_column(&places.column);
        let row = self.rows_kept.get(sample).copied();
        match &places.lines {
            Some(lines) => error.line = row.map(|row| lines.get(row)),
            None => error.row = row.map(|row| row as u64 + 1),
        }
        Some(error)
    }

    /// An error about a column of the design, by its name; `None` where there is no such column.
    pub fn feature_error(&self, feature: usize, fault: &str) -> Option<DataError> {
        let name = self.feature_names.get(feature)?;
        let message = format!("column \"{name}\" {fault}");
        let help = "name the columns that are to be used in `features` of [data]";
        Some(DataError::new(&self.path, message).help(help))
    }

    /// The same samples with these columns of the design alone, in this order.
    pub fn with_features(&self, kept: &[usize], screened: Screened) -> Self {
        let names: Vec<&str> = kept.iter().map(|&j| &self.feature_names[j]).collect();
        let remains = |encoding: &Encoding| match encoding {
            Encoding::OneHot { column, levels } => levels
                .iter()
                .skip(1)
                .any(|level| names.contains(&level_name(column, level).as_str())),
            Encoding::Mean { column, .. } => names.contains(&column.as_str()),
        };
        Self {
            matrix: Arc::new(self.matrix.select_cols(kept)),
            encoding: self.encoding.iter().filter(|encoding| remains(encoding)).cloned().collect(),
            feature_names: names.iter().collect(),
            screened: Some(screened),
            ..self.clone()
        }
    }

    /// The numbers of a column that [`Needs::columns`] asked for, one a sample.
    ///
    /// Errors: it was not asked for.
    pub fn column(&self, name: &str) -> Result<Vec<f64>, DataError> {
        self.columns.get(name).cloned().ok_or_else(|| {
            DataError::new(&self.path, format!("column \"{name}\" has not been read"))
        })
    }
}

/// Reads the data of a problem file in the directory `base`.
///
/// Errors: [`DataError`] for each way in which files, columns and cells can be at fault; a single
/// sample is none.
pub fn load<'a>(
    config: &DataConfig,
    base: &Path,
    needs: impl Into<Needs<'a>>,
) -> Result<Dataset, DataError> {
    let needs = needs.into();
    let files = Files::open(config, base)?;
    let parts = Parts::find(config, &files, &needs)?;
    let features = parts.features(config, files.main())?;
    let rows = kept_rows(config, files.main(), &parts, features.as_deref())?;

    let response = parts.response.build(files.main(), needs.response, &rows)?;
    let weights = parts.weights(&rows)?;
    let offset = parts.offset(&rows)?;
    let subject =
        parts.subject.as_ref().map(|part| part.classes(&rows)).transpose()?.map(|c| c.class);
    let mut columns = BTreeMap::new();
    for part in &parts.kept {
        columns.insert(part.name.clone(), part.numbers(&rows)?);
    }
    let response_names = parts.response.names();
    let places = parts.response.parts().first().map(|part| Places {
        path: part.table.path().to_path_buf(),
        column: part.name.clone(),
        lines: part.table.lines().cloned(),
    });
    let (path, sha256) = (files.main().path().to_path_buf(), files.sha256());

    let wrong = |error: fenchel_core::Error| DataError::new(&path, error.to_string());
    let mut samples = Samples::new(response, weights).map_err(wrong)?;
    if let Some(subject) = &subject {
        samples = samples.with_subject(subject.clone()).map_err(wrong)?;
    }
    let classes = samples.classes().ok().map(|(_, labels)| labels.to_vec());

    let Encoded { matrix, names, encoding } = match features {
        Some(features) => encode(config, files.into_main(), features, &rows)?,
        None => Encoded {
            matrix: Matrix::identity(rows.len()),
            names: rows.iter().map(|i| (i + 1).to_string()).collect(),
            encoding: Vec::new(),
        },
    };
    let dataset = Dataset {
        matrix: Arc::new(matrix),
        feature_names: names,
        samples,
        offset,
        classes,
        response_names,
        sha256,
        encoding,
        subject,
        screened: None,
        rows_kept: rows,
        places,
        path,
        columns,
    };
    magnitude::check(&dataset)?;
    Ok(dataset)
}
