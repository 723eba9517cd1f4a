//! `fenchel predict`: predictions of a fitted model for new data.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fenchel_core::{Kind, Raw};

use super::job::plain_data_error;
use super::{Done, output};
use crate::data::{DataConfig, load_for_prediction};
use crate::drive::{self, PredictionKind};
use crate::file::{Coefficients, Output, ResultFile};
use crate::plugins::{self, Opening, Wanted};
use crate::{Error, registry};

/// Predictions for new data, columns matched by name
#[derive(Debug, Args)]
pub(super) struct Predict {
    /// The result of a fit
    result: PathBuf,
    /// The new data
    data: PathBuf,
    /// Where the predictions go, .csv, .tsv or .json; standard output without it, or with `-`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What is predicted [default: response, or link where the loss has nothing else]
    #[arg(long, value_enum)]
    kind: Option<PredictedKind>,
    /// Point of the path, from 0 [default: the point that the result chose]
    #[arg(long, value_name = "I")]
    at: Option<usize>,
    /// Load this library, which has to be trusted, in place of the one that the result names
    #[arg(long = "plugin", value_name = "LIBRARY")]
    plugins: Vec<PathBuf>,
    /// Run libraries in processes of their own, as is done where the fit did
    #[arg(long)]
    isolate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PredictedKind {
    /// The linear predictor
    Link,
    /// Mean responses, or the probabilities of the classes
    Response,
    /// Classes
    Class,
}

/// Text form of the predictions.
#[derive(Debug, Clone, Copy)]
enum Format {
    Separated(char),
    Json,
}

/// Columns of text cells; for JSON the cells are JSON already.
struct Table {
    names: Vec<String>,
    columns: Vec<Vec<String>>,
}

impl Predict {
    pub(super) fn run(&self) -> Done {
        let to_stdout = self.output.as_deref().is_none_or(|path| path.as_os_str() == "-");
        let path = self.output.as_deref().filter(|_| !to_stdout);
        let format = path.map_or(Ok(Format::Separated(',')), format)?;
        let file = path.map(Output::prepare).transpose()?;
        let result = ResultFile::read(&self.result)?;
        let table = self.predict(&result, format)?;
        plugins::kept()?;
        let text = match format {
            Format::Separated(separator) => table.separated(separator),
            Format::Json => table.json(),
        };
        match &file {
            Some(file) => file.write(&text)?,
            None => output::print(&text)?,
        }
        Ok(0)
    }

    fn predict(&self, result: &ResultFile, format: Format) -> Result<Table, Error> {
        let (intercept, sparse) = self.point(result)?;
        let shown = self.result.display().to_string();
        let wrong = |message: String| Error::input(message).in_file(shown.clone());
        let broken = |e: String| wrong(format!("not a result file: {e}"));
        let [features, outputs] = sparse.shape;
        let names = &result.data.feature_names;
        let dense = sparse.to_dense().map_err(broken)?;
        let coefficients = drive::Coefficients::from_dense(features, outputs, &dense);
        let mut config: DataConfig = section(result, "data").map_err(broken)?;
        if result.data.screened.is_some() {
            // As if the file had named those that were chosen.
            config.features = Some(names.to_vec());
        }
        let raw: Raw = section(result, "loss").map_err(broken)?;
        self.load(result, &raw)?;
        let loss = registry::build_loss(&raw).map_err(|e| wrong(e.to_string()))?;
        if names.len() != features && loss.as_forward().is_none() {
            let count = names.len();
            return Err(broken(format!("{count} feature names for {features} features")));
        }
        let base = self.result.parent().unwrap_or(Path::new(""));
        let new = load_for_prediction(&self.data, &config, base, names, &result.data.encoding)
            .map_err(|e| plain_data_error(&e))?;
        let offset = new.offset.as_deref();
        let (eta, columns) =
            drive::predictor(&*loss, &new.matrix, offset, intercept, &coefficients)
                .map_err(|e| wrong(e.to_string()))?;
        let kind = match self.kind {
            Some(PredictedKind::Link) => PredictionKind::Link,
            Some(PredictedKind::Response) => PredictionKind::Response,
            Some(PredictedKind::Class) => PredictionKind::Class,
            None if loss.as_predictor().is_some() => PredictionKind::Response,
            None => PredictionKind::Link,
        };
        let predicted = drive::predict(&*loss, &eta, columns, kind)
            .map_err(|e| Error::input(e.to_string()).in_file(shown.clone()))?;
        if kind != PredictionKind::Link
            && let Some(caveat) = loss.as_predictor().and_then(|p| p.caveat(&eta, columns))
        {
            output::complain(&format!("note: {caveat}"));
        }
        let rows = new.rows.max(1);
        let cells: Vec<Vec<String>> = match (kind, &result.data.classes) {
            (PredictionKind::Class, Some(labels)) => {
                vec![predicted.values.iter().map(|&c| label(labels, c as usize, format)).collect()]
            }
            _ => predicted
                .values
                .chunks(rows)
                .map(|column| column.iter().map(|&x| number(x, format)).collect())
                .collect(),
        };
        Ok(Table { names: header(result, kind, predicted.columns), columns: cells })
    }

    /// Loads what the command line names and, where the loss is not built in, what the result was
    /// made with. A penalty has no part in predictions.
    ///
    /// Errors: a library that is not trusted or does not load, or is not what it was.
    fn load(&self, result: &ResultFile, loss: &Raw) -> Result<(), Error> {
        let isolated = self.isolate || result.plugins.iter().any(|record| record.isolated);
        let opening = Opening { isolated, ..Opening::default() };
        let named: Vec<Wanted> = self.plugins.iter().map(|path| Wanted::option(path)).collect();
        plugins::load(&named, opening)?;
        let name = loss.0.get("type").and_then(|name| name.as_str()).unwrap_or_default();
        if registry::card(Kind::Loss, name).is_some() {
            return Ok(());
        }
        let shown = self.result.display().to_string();
        plugins::load_recorded(&result.plugins, &shown, opening)
    }

    /// Intercepts and coefficients of the chosen point.
    fn point<'a>(&self, result: &'a ResultFile) -> Result<(&'a [f64], &'a Coefficients), Error> {
        let Some(at) = self.at else { return Ok((&result.intercept, &result.coefficients)) };
        let points = result.path.as_deref().unwrap_or_default();
        let point = points.get(at).ok_or_else(|| {
            let count = points.len();
            let have = if count == 0 {
                "the result has no path".into()
            } else {
                format!("the path has {count} points, counted from 0")
            };
            Error::input(format!("--at {at}: {have}")).in_file(self.result.display().to_string())
        })?;
        Ok((&point.intercept, &point.coefficients))
    }
}

fn section<T: serde::de::DeserializeOwned>(result: &ResultFile, name: &str) -> Result<T, String> {
    let value = result.problem.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|e| format!("problem.{name}: {e}"))
}

fn format(path: &Path) -> Result<Format, Error> {
    match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("csv") | None => Ok(Format::Separated(',')),
        Some("tsv") => Ok(Format::Separated('\t')),
        Some("json") => Ok(Format::Json),
        Some(other) => Err(Error::input(format!(
            "predictions are written as .csv, .tsv or .json, got .{other}"
        ))
        .in_file(path.display().to_string())),
    }
}

/// Names of the predicted columns: of the classes, of the responses, or `prediction`.
fn header(result: &ResultFile, kind: PredictionKind, columns: usize) -> Vec<String> {
    let data = &result.data;
    match (&data.classes, kind) {
        (Some(labels), PredictionKind::Response) if labels.len() == columns => labels.clone(),
        _ if columns == 1 => vec!["prediction".into()],
        _ if data.response_names.len() == columns => data.response_names.clone(),
        _ => (1..=columns).map(|k| format!("prediction_{k}")).collect(),
    }
}

/// A number as it reads back exactly; for JSON `null` where it is not finite.
fn number(x: f64, format: Format) -> String {
    match format {
        Format::Json if !x.is_finite() => "null".into(),
        _ => x.to_string(),
    }
}

fn label(labels: &[String], class: usize, format: Format) -> String {
    let label = labels.get(class).cloned().unwrap_or_else(|| class.to_string());
    match format {
        Format::Json => serde_json::Value::from(label).to_string(),
        Format::Separated(separator) => quoted(&label, separator),
    }
}

/// A cell, in quotes where it needs them.
fn quoted(cell: &str, separator: char) -> String {
    if cell.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.into()
    }
}

impl Table {
    fn separated(&self, separator: char) -> String {
        let names: Vec<String> = self.names.iter().map(|n| quoted(n, separator)).collect();
        let mut text = names.join(&separator.to_string());
        text.push('\n');
        let rows = self.columns.first().map_or(0, Vec::len);
        for i in 0..rows {
            for (k, column) in self.columns.iter().enumerate() {
                if k > 0 {
                    text.push(separator);
                }
                text.push_str(&column[i]);
            }
            text.push('\n');
        }
        text
    }

    fn json(&self) -> String {
        let columns: Vec<String> = self
            .names
            .iter()
            .zip(&self.columns)
            .map(|(name, cells)| {
                format!("  {}: [{}]", serde_json::Value::from(name.as_str()), cells.join(", "))
            })
            .collect();
        format!("{{\n{}\n}}\n", columns.join(",\n"))
    }
}
