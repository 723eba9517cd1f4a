//! `fenchel graph`: the graph of a fitted model, and its distance to another.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fenchel_core::Names;
use fenchel_loss_graph::{Comparison, Edge, Pruning, acyclic};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::job::plain_data_error;
use super::{Done, output};
use crate::Error;
use crate::data::read_table;
use crate::file::{Coefficients, Output, ResultFile};

/// The acyclic graph of a fit with `loss = { type = "colide" }`, or its distance to another graph
#[derive(Debug, Args)]
pub(super) struct Graph {
    /// The result of a fit
    result: PathBuf,
    /// How the graph is written
    #[arg(long, value_enum, default_value_t = Format::Edges)]
    format: Format,
    /// Where it goes; standard output without it, or with `-`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Weights up to this size are no edges [default: as in the fit]
    #[arg(long, value_name = "SIZE", value_parser = threshold)]
    threshold: Option<f64>,
    /// Point of the path, from 0 [default: the point that the result chose]
    #[arg(long, value_name = "I")]
    at: Option<usize>,
    /// Compare with the graph of this table, which has the columns `from` and `to`, in place of
    /// writing the graph
    #[arg(long, value_name = "EDGES")]
    against: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CSV with the columns from, to and weight
    Edges,
    /// For Graphviz
    Dot,
}

/// A size: a number, at least 0.
fn threshold(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(size) if size >= 0.0 && size.is_finite() => Ok(size),
        _ => Err("expected a number, at least 0".into()),
    }
}

impl Graph {
    pub(super) fn run(&self) -> Done {
        let path = self.output.as_deref().filter(|path| path.as_os_str() != "-");
        let file = path.map(Output::prepare).transpose()?;
        let result = ResultFile::read(&self.result)?;
        let names = &result.data.feature_names;
        let edges = self.edges(&result)?;
        let text = match (&self.against, self.format) {
            (Some(reference), _) => comparison(&edges, &read_edges(reference, names)?),
            (None, Format::Edges) => list(&edges, names),
            (None, Format::Dot) => dot(&edges, names),
        };
        match &file {
            Some(file) => file.write(&text)?,
            None => output::print(&text)?,
        }
        Ok(0)
    }

    /// The edges as the fit reports them, or of its coefficients at another threshold.
    fn edges(&self, result: &ResultFile) -> Result<Vec<Edge>, Error> {
        let wrong =
            |message: String| Error::input(message).in_file(self.result.display().to_string());
        let (coefficients, extra) = self.point(result).map_err(&wrong)?;
        let d = result.data.feature_names.len();
        let loss = &result.problem["loss"];
        let Some(edges) = reported(extra).filter(|_| coefficients.shape == [d, d]) else {
            let loss = loss["type"].as_str().unwrap_or_default();
            return Err(wrong(format!(
                "the result has no graph: its loss is \"{loss}\", and `colide` estimates one"
            )));
        };
        if edges.iter().any(|edge| edge.from >= d || edge.to >= d) {
            return Err(wrong("not a result file: an edge of a node that is not there".into()));
        }
        match self.threshold {
            None => Ok(edges),
            Some(threshold) if loss["refit"] == Value::Bool(true) => {
                if loss["threshold"].as_f64().is_some_and(|of_the_fit| threshold < of_the_fit) {
                    return Err(Error::input(format!(
                        "--threshold {threshold}: this graph was fitted again above the threshold of \
                         the fit, {}; fit with a smaller `threshold` in [loss]",
                        loss["threshold"]
                    )));
                }
                Ok(edges.into_iter().filter(|edge| edge.weight.abs() > threshold).collect())
            }
            Some(threshold) => {
                let dense = coefficients
                    .to_dense()
                    .map_err(|e| wrong(format!("not a result file: {e}")))?;
                // A result of before this could be chosen has no such field.
                let pruning = Pruning::deserialize(&loss["pruning"]);
                Ok(acyclic(&dense, d, threshold, pruning.unwrap_or_default()))
            }
        }
    }

    fn point<'a>(
        &self,
        result: &'a ResultFile,
    ) -> Result<(&'a Coefficients, &'a Map<String, Value>), String> {
        let Some(at) = self.at else { return Ok((&result.coefficients, &result.extra)) };
        let points = result.path.as_deref().unwrap_or_default();
        let point = points.get(at).ok_or_else(|| {
            format!("--at {at}: the path has {} points, counted from 0", points.len())
        })?;
        Ok((&point.coefficients, &point.extra))
    }
}

/// The edges among what only the loss knows; `None` where there are none.
fn reported(extra: &Map<String, Value>) -> Option<Vec<Edge>> {
    let numbers = |key: &str| -> Option<Vec<f64>> {
        extra.get(key)?.as_array()?.iter().map(Value::as_f64).collect()
    };
    let (from, to, weight) = (numbers("edge_from")?, numbers("edge_to")?, numbers("edge_weight")?);
    let edges = from.iter().zip(&to).zip(&weight);
    let edge = |((&from, &to), &weight): ((&f64, &f64), &f64)| Edge {
        from: from as usize,
        to: to as usize,
        weight,
    };
    (from.len() == to.len() && to.len() == weight.len()).then(|| edges.map(edge).collect())
}

/// The edges of a table.
///
/// Errors: no such columns, a node that the graph does not have, an edge of a node on itself.
fn read_edges(path: &Path, names: &Names) -> Result<Vec<(usize, usize)>, Error> {
    // A graph without edges, as this command writes it too, is no table elsewhere.
    let is_header = |text: String| ["from,to,weight", "from,to"].contains(&text.trim());
    if std::fs::read_to_string(path).is_ok_and(is_header) {
        return Ok(Vec::new());
    }
    let (table, _) = read_table(path).map_err(|e| plain_data_error(&e))?;
    let column = |name: &str| table.column_text(name).map_err(|e| plain_data_error(&e));
    let node = |name: &str| {
        names.iter().position(|known| known == name).ok_or_else(|| {
            Error::input(format!("the graph has no node \"{name}\""))
                .in_file(path.display().to_string())
                .nearest(name, names.iter())
        })
    };
    let (from, to) = (column("from")?, column("to")?);
    let edge = |(from, to): (&String, &String)| match (node(from)?, node(to)?) {
        (i, j) if i == j => {
            let message = format!("an edge of \"{from}\" on itself: the graph of a fit has none");
            Err(Error::input(message).in_file(path.display().to_string()))
        }
        edge => Ok(edge),
    };
    from.iter().zip(&to).map(edge).collect()
}

fn comparison(edges: &[Edge], reference: &[(usize, usize)]) -> String {
    let edges: Vec<(usize, usize)> = edges.iter().map(|e| (e.from, e.to)).collect();
    let found = Comparison::new(&edges, reference);
    let rate = |rate: Option<f64>| rate.map_or("none".into(), |rate| format!("{rate:.4}"));
    let rows = [
        ("distance", found.distance.to_string()),
        ("edges", found.edges.to_string()),
        ("reference", found.reference.to_string()),
        ("correct", found.correct.to_string()),
        ("reversed", found.reversed.to_string()),
        ("extra", found.extra.to_string()),
        ("missing", found.missing.to_string()),
        ("true positive rate", rate(found.true_positive_rate())),
        ("false discovery rate", rate(found.false_discovery_rate())),
    ];
    output::columns(&rows.map(|(title, value)| vec![title.to_string(), value]))
}

fn list(edges: &[Edge], names: &Names) -> String {
    let cell = |node: usize| match &names[node] {
        name if name.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
        name => name.to_owned(),
    };
    let mut text = "from,to,weight\n".to_string();
    for edge in edges {
        let _ = writeln!(text, "{},{},{}", cell(edge.from), cell(edge.to), edge.weight);
    }
    text
}

fn dot(edges: &[Edge], names: &Names) -> String {
    let node = |name: &str| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = "digraph {\n".to_string();
    for name in names.iter() {
        let _ = writeln!(text, "  {};", node(name));
    }
    for edge in edges {
        let (from, to) = (node(&names[edge.from]), node(&names[edge.to]));
        let _ = writeln!(text, "  {from} -> {to} [label=\"{:.3}\"];", edge.weight);
    }
    text.push_str("}\n");
    text
}
