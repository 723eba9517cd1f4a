//! The design: numeric columns as they are, text columns one-hot, missing cells filled.

use fenchel_core::{Column, DenseMatrix, Matrix, Names};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::block;
use super::config::{Categorical, DataConfig, Missing};
use super::error::{DataError, shown};
use super::part::{Classes, Part};
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
    pub(super) names: Names,
    pub(super) encoding: Vec<Encoding>,
}

/// A text column may have this many levels at any number of rows.
const FEW_LEVELS: usize = 20;

/// The design of the columns `features` and the rows `rows`, in the memory of the table.
///
/// Errors: an infinite cell, a text column under `categorical = "error"` or with a level for almost
/// every row, a column without a single cell, two columns of one name.
pub(super) fn encode(
    config: &DataConfig,
    table: Table,
    features: Vec<usize>,
    rows: &[usize],
) -> Result<Encoded, DataError> {
    let path = table.path().to_path_buf();
    let encoded = match &table.body {
        Body::Sparse(_) => sparse_design(config, table, &features, rows)?,
        Body::Columns(_) => dense_design(config, table, &features, rows)?,
    };
    if let Some(twice) = encoded.names.repeated() {
        let message = format!("two features would be called \"{twice}\"");
        return Err(DataError::new(&path, message).help("rename a column"));
    }
    if encoded.names.is_empty() {
        return Err(DataError::new(&path, "no feature is left: each text column has one level"));
    }
    Ok(encoded)
}

/// What a column of the table becomes.
enum Feature {
    /// Itself: its place among the numbers, and what its missing cells are filled with.
    Numbers(usize, Option<f64>),
    /// 0/1 columns for all classes but the first.
    Classes(Classes),
}

fn dense_design(
    config: &DataConfig,
    table: Table,
    features: &[usize],
    rows: &[usize],
) -> Result<Encoded, DataError> {
    let mut plan = Vec::with_capacity(features.len());
    let (mut names, mut encoding) = (Vec::<String>::new(), Vec::new());
    for &j in features {
        let part = Part::of_column(&table, j);
        if part.is_text() {
            let classes = one_hot(config, &part, rows)?;
            names.extend(classes.labels[1..].iter().map(|level| level_name(&part.name, level)));
            encoding.push(Encoding::OneHot { column: part.name, levels: classes.labels.clone() });
            plan.push(Feature::Classes(classes));
            continue;
        }
        let column = stray_or_numbers(&part)?;
        if let Some(&at) = rows.iter().find(|&&i| column[i].is_infinite()) {
            return Err(part.error(at, format!("expected a finite number, got {}", column[at])));
        }
        let mut fill = None;
        if config.missing == Missing::Mean {
            let mean = mean(rows.iter().map(|&i| column[i]), 0)
                .ok_or_else(|| part.error_in("every cell is missing: there is no mean"))?;
            fill = Some(mean);
            encoding.push(Encoding::Mean { column: part.name.clone(), mean });
        }
        names.push(part.name);
        plan.push(Feature::Numbers(table.slot(j), fill));
    }
    let values = filled(table.into_numbers(), &plan, rows);
    let matrix = DenseMatrix::new(rows.len(), names.len(), values);
    let matrix = matrix.expect("each name has one value a row");
    Ok(Encoded { matrix: Matrix::Dense(matrix), names: names.into_iter().collect(), encoding })
}

/// The values of the design, made of the numbers of a table.
fn filled((mut values, of): (Vec<f64>, usize), plan: &[Feature], rows: &[usize]) -> Vec<f64> {
    let slots = plan.iter().filter_map(|feature| match feature {
        Feature::Numbers(slot, _) => Some(*slot),
        Feature::Classes(_) => None,
    });
    block::keep_columns(&mut values, of, &slots.collect::<Vec<_>>());
    block::keep_rows(&mut values, of, rows.iter().copied());
    let numeric: Vec<bool> = plan
        .iter()
        .flat_map(|feature| match feature {
            Feature::Numbers(..) => std::iter::repeat_n(true, 1),
            Feature::Classes(classes) => std::iter::repeat_n(false, classes.labels.len() - 1),
        })
        .collect();
    block::spread(&mut values, rows.len(), &numeric);
    let mut columns = values.chunks_exact_mut(rows.len());
    for feature in plan {
        match feature {
            Feature::Numbers(_, fill) => {
                let column = columns.next().unwrap_or_default();
                if let Some(fill) = fill {
                    column.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = *fill);
                }
            }
            Feature::Classes(classes) => {
                for level in 1..classes.labels.len() as u32 {
                    let column = columns.next().unwrap_or_default();
                    for (out, &class) in column.iter_mut().zip(&classes.class) {
                        *out = f64::from(u8::from(class == level));
                    }
                }
            }
        }
    }
    values
}

/// The levels of a text column.
fn one_hot(config: &DataConfig, part: &Part<'_>, rows: &[usize]) -> Result<Classes, DataError> {
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
    Ok(classes)
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
    mut table: Table,
    features: &[usize],
    rows: &[usize],
) -> Result<Encoded, DataError> {
    let mut matrix = table.take_sparse();
    sparse::keep_columns(&mut matrix, features);
    sparse::keep_rows(&mut matrix, rows);
    let names: Names = if features.len() == table.names().len() && features.is_sorted() {
        table.take_names()
    } else {
        features.iter().map(|&j| &table.names()[j]).collect()
    };
    let mut fill = vec![None; names.len()];
    for (j, fill) in fill.iter_mut().enumerate() {
        let Column::Sparse(indices, values) = matrix.column(j) else { continue };
        if let Some(at) = values.iter().position(|x| x.is_infinite()) {
            let message = format!("expected a finite number, got {}", values[at]);
            return Err(table.error_at(rows[indices.at(at)], &names[j], message));
        }
        if config.missing == Missing::Mean && values.iter().any(|x| x.is_nan()) {
            let mean = mean(values.iter().copied(), rows.len() - values.len());
            *fill = Some(mean.ok_or_else(|| table.error_in(&names[j], "every cell is missing"))?);
        }
    }
    if fill.iter().any(Option::is_some) {
        sparse::fill_missing(&mut matrix, &fill);
    }
    let encoding = fill.iter().enumerate().filter_map(|(j, fill)| {
        fill.map(|mean| Encoding::Mean { column: names[j].to_owned(), mean })
    });
    let encoding = encoding.collect();
    Ok(Encoded { matrix, names, encoding })
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
