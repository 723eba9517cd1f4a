//! The `[data]` section of a problem file, as it is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the samples come from and which columns play which part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The data file, relative to the problem file. The extension says how it is read: .csv, .tsv,
    /// .parquet, .npy, .npz, .svm or .libsvm, .mtx. An identity design may leave it out where the
    /// response is a file of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The response: a column name; a list of names for several outputs; `{ time, event }` for
    /// survival; `{ file }` for a file beside a matrix file. Left out with svmlight: the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseConfig>,
    /// The feature columns, in this order. Default: every column that is not named elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// Sample weights, at least 0; rescaled to mean 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<ColumnRef>,
    /// A column that is added to the linear predictor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<ColumnRef>,
    /// A positive column whose logarithm is added to the linear predictor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<ColumnRef>,
    /// The subject (cluster) of each sample, for mixed effects and grouped folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<ColumnRef>,
    /// "identity": no feature columns, x is the identity, one coefficient a row (signals).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<DesignConfig>,
    /// How text columns enter.
    #[serde(default)]
    pub categorical: Categorical,
    /// What happens to missing cells.
    #[serde(default)]
    pub missing: Missing,
    /// Names for the columns of a file that has none (.npy, .npz, .mtx, svmlight), one a line.
    /// Default: 1 to p.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_names: Option<String>,
}

impl DataConfig {
    /// The file that tells the number of samples: the data file, or for an identity design without
    /// one the response's. `None` where there is neither.
    pub fn main_file(&self) -> Option<&str> {
        match (&self.response, self.design) {
            _ if !self.file.is_empty() => Some(&self.file),
            (Some(ResponseConfig::File(response)), Some(DesignConfig::Identity)) => {
                Some(&response.file)
            }
            _ => None,
        }
    }
}

/// The response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a column name, a list of column names, { time = ..., event = ... } or { file = ... }"
)]
pub enum ResponseConfig {
    /// One column.
    Column(String),
    /// Several columns, one an output.
    Columns(Vec<String>),
    /// Survival times with event indicators.
    Survival(SurvivalConfig),
    /// A file of its own.
    File(FileColumn),
}

/// Survival times with event indicators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurvivalConfig {
    /// Time of the event or of censoring, at least 0.
    pub time: ColumnRef,
    /// 1 (or true) where the event was seen, 0 (or false) where the sample was censored.
    pub event: ColumnRef,
}

/// A column of the data file, or of a file of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a column name or { file = ... }")]
pub enum ColumnRef {
    /// A column of the data file.
    Column(String),
    /// A file of its own.
    File(FileColumn),
}

/// A file with as many rows as the data file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileColumn {
    /// The file, relative to the problem file.
    pub file: String,
    /// The column, where the file has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// A design that is not made of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DesignConfig {
    /// The identity: one coefficient a row.
    Identity,
}

/// How text columns enter the design.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Categorical {
    /// One 0/1 column for each level but the first in text order, named `column=level`.
    #[default]
    OneHot,
    /// Not at all.
    Error,
}

/// What happens to missing cells: empty, `NA`, `NaN`, `nan` or `null` in text files, null in Parquet,
/// NaN in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The first one is an error.
    #[default]
    Error,
    /// A row with a missing cell in any column in use is left out.
    Drop,
    /// A missing feature is replaced by the mean of the column's other cells. A missing response,
    /// weight, offset or text cell is an error.
    Mean,
}

impl DataConfig {
    /// The section with a file and nothing else.
    pub fn new(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            response: None,
            features: None,
            weights: None,
            offset: None,
            exposure: None,
            subject: None,
            design: None,
            categorical: Categorical::default(),
            missing: Missing::default(),
            feature_names: None,
        }
    }
}

impl From<&str> for ColumnRef {
    fn from(name: &str) -> Self {
        Self::Column(name.into())
    }
}
