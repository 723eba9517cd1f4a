//! Which column plays which part, and which are features.

use std::collections::HashMap;

use fenchel_core::ResponseKind;

use super::config::{ColumnRef, DataConfig, DesignConfig, ResponseConfig};
use super::dataset::Needs;
use super::error::DataError;
use super::files::Files;
use super::part::Part;
use super::response::ResponseParts;
use super::table::Table;

/// The columns that are no features.
pub(super) struct Parts<'t> {
    pub(super) response: ResponseParts<'t>,
    pub(super) subject: Option<Part<'t>>,
    /// Columns that something outside `[data]` names.
    pub(super) kept: Vec<Part<'t>>,
    weights: Option<Part<'t>>,
    offset: Option<Part<'t>>,
    exposure: Option<Part<'t>>,
    /// What each column of the data file is called for, where it is no feature.
    taken: HashMap<usize, &'static str>,
}

impl<'t> Parts<'t> {
    /// Finds the columns. Errors: a column that does not exist.
    pub(super) fn find(
        config: &DataConfig,
        files: &'t Files,
        needs: &Needs<'_>,
    ) -> Result<Self, DataError> {
        let mut finder = Finder { files, taken: HashMap::new() };
        let response = finder.response(config, needs.response)?;
        let weights = finder.optional(config.weights.as_ref(), "the weights")?;
        let offset = finder.optional(config.offset.as_ref(), "the offset")?;
        let exposure = finder.optional(config.exposure.as_ref(), "the exposure")?;
        let subject = finder.optional(config.subject.as_ref(), "the subject")?;
        let mut kept = Vec::new();
        for name in needs.columns {
            kept.push(finder.one(&ColumnRef::Column(name.clone()), "used elsewhere")?);
        }
        Ok(Self { response, subject, kept, weights, offset, exposure, taken: finder.taken })
    }

    /// Every column in it.
    pub(super) fn all(&self) -> Vec<&Part<'t>> {
        let single = [&self.weights, &self.offset, &self.exposure, &self.subject];
        let mut parts = self.response.parts();
        parts.extend(single.into_iter().flatten());
        parts.extend(&self.kept);
        parts
    }

    /// The feature columns; `None` for the identity design.
    ///
    /// Errors: an empty list, an unknown name, a name twice, a column with another part; or no
    /// column is left.
    pub(super) fn features(
        &self,
        config: &DataConfig,
        table: &Table,
    ) -> Result<Option<Vec<usize>>, DataError> {
        let error = |message: String| DataError::new(table.path(), message);
        let identity = "design = \"identity\" gives each row a coefficient of its own";
        if config.design == Some(DesignConfig::Identity) {
            return match config.features {
                None => Ok(None),
                Some(_) => {
                    Err(error("`features` and design = \"identity\" exclude each other".into()))
                }
            };
        }
        let Some(names) = &config.features else {
            let features: Vec<usize> =
                (0..table.names().len()).filter(|j| !self.taken.contains_key(j)).collect();
            return if features.is_empty() {
                Err(error("no column is left to be a feature".into()).help(identity))
            } else {
                Ok(Some(features))
            };
        };
        if names.is_empty() {
            return Err(error("`features` is empty".into())
                .help(format!("leave it out to use every column; {identity}")));
        }
        let mut seen = vec![false; table.names().len()];
        let mut features = Vec::with_capacity(names.len());
        for name in names {
            let j = table.find(name)?;
            if let Some(part) = self.taken.get(&j) {
                return Err(table.error_in(name, format!("this is {part}: it cannot be a feature")));
            }
            if std::mem::replace(&mut seen[j], true) {
                return Err(table.error_in(name, "`features` names it twice"));
            }
            features.push(j);
        }
        Ok(Some(features))
    }

    /// The weights. Errors: a negative one, or all are 0.
    pub(super) fn weights(&self, rows: &[usize]) -> Result<Option<Vec<f64>>, DataError> {
        let Some(part) = &self.weights else { return Ok(None) };
        let weights = part.numbers(rows)?;
        if let Some(at) = weights.iter().position(|&w| w < 0.0) {
            let message = format!("expected a weight of at least 0, got {}", weights[at]);
            return Err(part.error(rows[at], message));
        }
        if weights.iter().all(|&w| w == 0.0) {
            return Err(part.error_in("all weights are 0"));
        }
        Ok(Some(weights))
    }

    /// The offset, as [`offset`].
    pub(super) fn offset(&self, rows: &[usize]) -> Result<Option<Vec<f64>>, DataError> {
        offset(self.offset.as_ref(), self.exposure.as_ref(), rows)
    }
}

/// The offset plus the logarithm of the exposure. Errors: an exposure that is not positive.
pub(super) fn offset(
    offset: Option<&Part<'_>>,
    exposure: Option<&Part<'_>>,
    rows: &[usize],
) -> Result<Option<Vec<f64>>, DataError> {
    let offset = offset.map(|part| part.numbers(rows)).transpose()?;
    let Some(part) = exposure else { return Ok(offset) };
    let exposure = part.numbers(rows)?;
    if let Some(at) = exposure.iter().position(|&x| x <= 0.0) {
        let message = format!("expected an exposure greater than 0, got {}", exposure[at]);
        return Err(part.error(rows[at], message));
    }
    let mut sum = offset.unwrap_or_else(|| vec![0.0; rows.len()]);
    sum.iter_mut().zip(&exposure).for_each(|(sum, x)| *sum += x.ln());
    Ok(Some(sum))
}

struct Finder<'t> {
    files: &'t Files,
    taken: HashMap<usize, &'static str>,
}

impl<'t> Finder<'t> {
    fn one(&mut self, column: &ColumnRef, part: &'static str) -> Result<Part<'t>, DataError> {
        let (found, j) = self.files.column(column)?;
        if let Some(j) = j {
            self.taken.insert(j, part);
        }
        Ok(found)
    }

    fn optional(
        &mut self,
        column: Option<&ColumnRef>,
        part: &'static str,
    ) -> Result<Option<Part<'t>>, DataError> {
        column.map(|column| self.one(column, part)).transpose()
    }

    fn response(
        &mut self,
        config: &DataConfig,
        kind: ResponseKind,
    ) -> Result<ResponseParts<'t>, DataError> {
        let mut named = |name: &String| self.one(&ColumnRef::Column(name.clone()), "the response");
        let response = match &config.response {
            Some(ResponseConfig::Column(name)) => ResponseParts::Columns(vec![named(name)?]),
            Some(ResponseConfig::Columns(names)) if names.is_empty() => {
                return Err(DataError::new(self.files.main().path(), "`response` is empty"));
            }
            Some(ResponseConfig::Columns(names)) => {
                ResponseParts::Columns(names.iter().map(named).collect::<Result<_, _>>()?)
            }
            Some(ResponseConfig::Survival(survival)) => ResponseParts::Survival {
                time: self.one(&survival.time, "the survival time")?,
                event: self.one(&survival.event, "the event indicator")?,
            },
            Some(ResponseConfig::File(file)) => ResponseParts::Columns(self.files.columns(file)?),
            None => match &self.files.main().labels {
                Some(labels) => {
                    ResponseParts::Columns(vec![Part::of_labels(self.files.main(), labels)])
                }
                None => ResponseParts::None,
            },
        };
        // A loss without a response leaves its columns out of the features, and reads none.
        Ok(if kind == ResponseKind::Nothing { ResponseParts::None } else { response })
    }
}
