//! The design: numeric columns as they are, text columns one-hot, missing cells filled.

use fenchel_core::{Column, DenseMatrix, Matrix};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::{Categorical, DataConfig, Missing};
use super::error::{DataError, shown};
use super::part::Part;
use super::sparse;
use super::table::{Body, Table};

/// How a column of the file became columns of the design, where it is not simply one of them; what
/// prediction needs to treat new data alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Encoding {
    /// A text column: one 0/1 column `column=level` for each level but the first.
    OneHot {
        /// The column of the file.
        column: String,
        /// The levels, in text order; the first has no column.
        levels: Vec<String>,
    },
    /// A numeric column whose missing cells are replaced.
    Mean {
        /// The column of the file.
        column: String,
        /// What replaces them.
        mean: f64,
    },
}

/// A design with the names of its columns.
pub(super) struct Encoded {
    pub(super) matrix: Matrix,
    pub(super) names: Vec<String>,
    pub(super) encoding: Vec<Encoding>,
}

/// A text column may have this many levels at any number of rows.
const FEW_LEVELS: usize = 20;

/// The design of the columns `features` and the rows `rows`.
///
/// Errors: an infinite cell, a text column under `categorical = "error"` or with a level for almost
/// every row, a column without a single cell, two columns of one name.
pub(super) fn encode(
    config: &DataConfig,
    table: Table,
    features: &[usize],
    rows: &[usize],
) -> Result<Encoded, DataError> {
    let encoded = match &table.body {
        Body::Sparse(_) => sparse_design(config, &table, features, rows)?,
        Body::Columns(_) => dense_design(config, &table, features, rows)?,
    };
    let mut names: Vec<&str> = encoded.names.iter().map(String::as_str).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!("two features would be called \"{}\"", twice[0]);
        return Err(DataError::new(table.path(), message).help("rename a column"));
    }
    if names.is_empty() {
        return Err(DataError::new(
            table.path(),
            "no feature is left: each text column has one level",
        ));
    }
    Ok(encoded)
}

fn dense_design(
    config: &DataConfig,
    table: &Table,
    features: &[usize],
    rows: &[usize],
) -> Result<Encoded, DataError> {
    let mut values = Vec::with_capacity(features.len() * rows.len());
    let (mut names, mut encoding) = (Vec::new(), Vec::new());
    for &j in features {
        let part = Part::of_column(table, j);
        if part.is_text() {
            let levels = one_hot(config, &part, rows, &mut values)?;
            names.extend(levels[1..].iter().map(|level| level_name(&part.name, level)));
            encoding.push(Encoding::OneHot { column: part.name, levels });
            continue;
        }
        let start = values.len();
        let column = stray_or_numbers(&part)?;
        values.extend(rows.iter().map(|&i| column[i]));
        if let Some(at) = values[start..].iter().position(|x| x.is_infinite()) {
            let message = format!("expected a finite number, got {}", values[start + at]);
            return Err(part.error(rows[at], message));
        }
        if config.missing == Missing::Mean {
            let mean = mean(values[start..].iter().copied(), 0)
                .ok_or_else(|| part.error_in("every cell is missing: there is no mean"))?;
            values[start..].iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = mean);
            encoding.push(Encoding::Mean { column: part.name.clone(), mean });
        }
        names.push(part.name);
    }
    let matrix = DenseMatrix::new(rows.len(), names.len(), values);
    let matrix = matrix.expect("each name has one value a row");
    Ok(Encoded { matrix: Matrix::Dense(matrix), names, encoding })
}

/// Appends the 0/1 columns of a text column; returns its levels.
fn one_hot(
    config: &DataConfig,
    part: &Part<'_>,
    rows: &[usize],
    values: &mut Vec<f64>,
) -> Result<Vec<String>, DataError> {
    if config.categorical == Categorical::Error {
        let got = shown(&part.text(rows[0]).unwrap_or_default());
        return Err(part
            .error(rows[0], format!("expected a number, got {got}"))
            .help("categorical = \"one-hot\" turns text columns into 0/1 columns"));
    }
    let classes = part.classes(rows)?;
    let count = classes.labels.len();
    if count > FEW_LEVELS && count > rows.len() / 2 {
        let message = format!("text with {count} different values in {} rows", rows.len());
        return Err(part
            .error_in(message)
            .help("a column that tells rows apart is no feature: leave it out of `features`"));
    }
    for level in 1..count as u32 {
        values.extend(classes.class.iter().map(|&class| f64::from(u8::from(class == level))));
    }
    Ok(classes.labels)
}

/// The numbers of a column that is meant to be numeric.
fn stray_or_numbers<'p>(part: &'p Part<'_>) -> Result<&'p [f64], DataError> {
    part.numbers_or_nan().map_err(|error| match (&error.help, error.line) {
        (None, Some(_)) => error.help(
            "most cells of the column are numbers; a missing cell is written as nothing or NA",
        ),
        _ => error,
    })
}

fn sparse_design(
    config: &DataConfig,
    table: &Table,
    features: &[usize],
    rows: &[usize],
) -> Result<Encoded, DataError> {
    let Body::Sparse(matrix) = &table.body else {
        unreachable!("the caller has looked");
    };
    let names: Vec<String> = features.iter().map(|&j| table.names()[j].clone()).collect();
    let mut selected = matrix.select_cols(features);
    if rows.len() < matrix.rows() {
        selected = selected.select_rows(rows);
    }
    let mut fill = vec![None; names.len()];
    for (j, name) in names.iter().enumerate() {
        let Column::Sparse(indices, values) = selected.column(j) else { continue };
        if let Some(at) = values.iter().position(|x| x.is_infinite()) {
            let message = format!("expected a finite number, got {}", values[at]);
            return Err(table.error_at(rows[indices[at] as usize], name, message));
        }
        if config.missing == Missing::Mean && values.iter().any(|x| x.is_nan()) {
            let mean = mean(values.iter().copied(), rows.len() - values.len());
            fill[j] = Some(mean.ok_or_else(|| table.error_in(name, "every cell is missing"))?);
        }
    }
    if fill.iter().any(Option::is_some) {
        selected = sparse::fill_missing(&selected, &fill);
    }
    let encoding = names
        .iter()
        .zip(&fill)
        .filter_map(|(name, fill)| fill.map(|mean| Encoding::Mean { column: name.clone(), mean }));
    let encoding = encoding.collect();
    Ok(Encoded { matrix: selected, names, encoding })
}

/// The name of a one-hot column.
pub(super) fn level_name(column: &str, level: &str) -> String {
    format!("{column}={level}")
}

/// The mean of the numbers that are not NaN and of `zeros` zeros; `None` of nothing.
fn mean(values: impl Iterator<Item = f64>, zeros: usize) -> Option<f64> {
    let (sum, count) =
        values.filter(|x| !x.is_nan()).fold((0.0, zeros), |(sum, count), x| (sum + x, count + 1));
    (count > 0).then(|| sum / count as f64)
}
