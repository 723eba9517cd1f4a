//! How problem files name maths. A *spec* is what the file says, unchecked; building it against the
//! [`Space`] of coefficients gives the checked object. Only specs are deserialised.
//!
//! A composite keeps its children [`Raw`] and has them resolved, so that a type which exists only
//! at run time (a plugin's) fits inside a built-in one.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::groups::Groups;
use crate::layers::{Layer, Side};
use crate::loss::Loss;
use crate::penalty::Penalty;
use crate::{Error, Space};

/// A table of the problem file that has a `type`, not yet read further.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Raw(pub serde_json::Map<String, serde_json::Value>);

/// What a penalty's table says, under its `type`.
#[typetag::deserialize(tag = "type")]
pub trait PenaltySpec: Debug {
    /// Checks the parameters against the coefficients and builds the penalty.
    fn build(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error>;
}

/// What a loss's table says, under its `type`.
#[typetag::deserialize(tag = "type")]
pub trait LossSpec: Debug {
    /// Checks the hyperparameters and builds the loss.
    fn build(&self) -> Result<Box<dyn Loss>, Error>;
}

/// What a spec may ask for while it is built.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The coefficients that the penalty will act on.
    pub space: &'a Space,
    /// Whoever knows all types and may open files.
    pub resolve: &'a dyn Resolve,
}

/// Services of the roof: the registry of types, and side files.
pub trait Resolve {
    /// Builds a nested penalty.
    fn penalty(&self, raw: &Raw, space: &Space) -> Result<Box<dyn Penalty>, Error>;
    /// The cells of one column of a table file, as text.
    fn table_column(&self, file: &str, column: &str) -> Result<Vec<String>, Error>;
    /// The numbers of a matrix file, row by row, with the number of columns.
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error>;
}

/// How a file names groups of features.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(
    untagged,
    expecting = "expected lists of features, { size = ... }, { column = ..., file = ... } or { units = ... }"
)]
pub enum GroupsSpec {
    /// Lists of feature names or zero-based indices.
    Lists(Vec<Vec<FeatureRef>>),
    /// Equal groups of consecutive features.
    Size(SizeSpec),
    /// A column of a table with one row a feature: equal cells are one group.
    Column(ColumnSpec),
    /// One group for each unit of a network.
    Units(UnitsSpec),
}

/// `{ units = "outgoing" }`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitsSpec {
    /// Whether the weights that lead to a unit are a group, or those that come from it.
    pub units: Side,
}

/// `{ size = 5 }`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeSpec {
    /// Features in each group.
    pub size: usize,
}

/// `{ column = "group", file = "groups.csv" }`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Name of the column.
    pub column: String,
    /// The table, relative to the problem file.
    pub file: String,
}

/// A feature by name or by zero-based index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "expected the name of a feature or its zero-based index")]
pub enum FeatureRef {
    /// Zero-based.
    Index(usize),
    /// As the data names it.
    Name(String),
}

impl FeatureRef {
    /// The zero-based index. Errors: where there is no such feature.
    pub fn index(&self, space: &Space) -> Result<usize, Error> {
        match self {
            Self::Index(j) if *j < space.features() => Ok(*j),
            Self::Index(j) => Err(Error::parameter(
                "feature index",
                format!("below {}, as indices count from 0", space.features()),
                j,
            )),
            Self::Name(name) => space.index(name),
        }
    }
}

impl GroupsSpec {
    /// The partition. Errors: overlaps, gaps, unknown features, a size that does not divide p, a
    /// table with another number of rows.
    pub fn build(&self, context: &Context<'_>) -> Result<Groups, Error> {
        let space = context.space;
        let lists = match self {
            Self::Size(spec) => return Groups::consecutive(space.features(), spec.size),
            Self::Lists(lists) => lists
                .iter()
                .enumerate()
                .map(|(g, list)| {
                    list.iter()
                        .enumerate()
                        .map(|(m, f)| f.index(space).map_err(|e| e.at(format!("[{g}][{m}]"))))
                        .collect()
                })
                .collect::<Result<Vec<Vec<usize>>, Error>>()?,
            Self::Units(_) if space.layers().is_empty() => {
                return Err(Error::Unsupported(
                    "`units` groups the weights of a network by the units that they connect, and the \
                     coefficients here are no such weights"
                        .into(),
                ));
            }
            Self::Units(spec) => {
                return Layer::groups(space.layers(), space.features(), spec.units);
            }
            Self::Column(spec) => {
                let cells = context.resolve.table_column(&spec.file, &spec.column)?;
                Error::check_length(&spec.column, cells.len(), space.features())?;
                let mut lists: Vec<(String, Vec<usize>)> = Vec::new();
                let mut seen = std::collections::HashMap::new();
                for (j, cell) in cells.into_iter().enumerate() {
                    let g = *seen.entry(cell.clone()).or_insert_with(|| {
                        lists.push((cell, Vec::new()));
                        lists.len() - 1
                    });
                    lists[g].1.push(j);
                }
                lists.into_iter().map(|(_, members)| members).collect()
            }
        };
        Groups::new(space.features(), &lists, |j| space.names()[j].clone())
    }
}

/// Per-feature weights, expanded to one a coefficient (p K); `None` stays `None` for ones.
///
/// Errors: another number of weights than features; a negative or non-finite one.
pub fn feature_weights(weights: Option<&[f64]>, space: &Space) -> Result<Option<Vec<f64>>, Error> {
    let Some(weights) = weights else { return Ok(None) };
    Error::check_length("weights", weights.len(), space.features())?;
    for (j, &w) in weights.iter().enumerate() {
        Error::check_non_negative(&format!("weights[{j}]"), w)?;
    }
    Ok(Some(weights.repeat(space.outputs())))
}

/// The default of every `lambda`.
pub fn one() -> f64 {
    1.0
}
