//! Missing cells: which rows are kept.

use fenchel_core::{Column, Matrix};

use super::config::{DataConfig, Missing};
use super::error::DataError;
use super::part::Part;
use super::parts::Parts;
use super::table::{Body, Table};

/// The rows that a fit uses, ascending: all but those with a missing cell under `missing = "drop"`.
///
/// Errors: a missing cell under `missing = "error"`; under `"mean"`, one that is no numeric feature;
/// no row is left.
pub(super) fn kept_rows(
    config: &DataConfig,
    table: &Table,
    parts: &Parts<'_>,
    features: Option<&[usize]>,
) -> Result<Vec<usize>, DataError> {
    let mut scan = Scan { rows: vec![false; table.rows()], cells: 0, first: None };
    for part in parts.all() {
        scan.add(part.missing_rows(), || (part.table, part.name.clone()));
    }
    for &j in features.unwrap_or_default() {
        if config.missing != Missing::Mean || !is_numeric(table, j) {
            scan.add(missing_rows(table, j), || (table, table.names()[j].to_owned()));
        }
    }
    let Some((row, (at, name))) = &scan.first else {
        return Ok((0..table.rows()).collect());
    };
    let others = match scan.cells {
        1 => "the cell is missing".into(),
        2 => "the cell is missing, and so is 1 other in the columns in use".into(),
        n => format!("the cell is missing, and so are {} others in the columns in use", n - 1),
    };
    match config.missing {
        Missing::Error => Err(at.error_at(*row, name, others).help(
            "missing = \"drop\" leaves out rows with missing cells, missing = \"mean\" fills \
             numeric features with their mean",
        )),
        Missing::Mean => Err(at.error_at(*row, name, others).help(
            "missing = \"mean\" fills numeric features only; missing = \"drop\" leaves out the row",
        )),
        Missing::Drop => {
            let kept: Vec<usize> = (0..table.rows()).filter(|&i| !scan.rows[i]).collect();
            if kept.is_empty() {
                return Err(DataError::new(table.path(), "every row has a missing cell")
                    .help("name fewer `features`, or choose missing = \"mean\""));
            }
            Ok(kept)
        }
    }
}

struct Scan<'t> {
    rows: Vec<bool>,
    cells: usize,
    first: Option<(usize, (&'t Table, String))>,
}

impl<'t> Scan<'t> {
    fn add(&mut self, rows: Vec<usize>, whose: impl FnOnce() -> (&'t Table, String)) {
        self.cells += rows.len();
        if let Some(&row) = rows.first()
            && self.first.as_ref().is_none_or(|(first, _)| row < *first)
        {
            self.first = Some((row, whose()));
        }
        rows.into_iter().for_each(|i| self.rows[i] = true);
    }
}

fn is_numeric(table: &Table, j: usize) -> bool {
    matches!(table.body, Body::Sparse(_)) || !Part::of_column(table, j).is_text()
}

fn missing_rows(table: &Table, j: usize) -> Vec<usize> {
    match &table.body {
        Body::Columns(_) => Part::of_column(table, j).missing_rows(),
        Body::Sparse(matrix) => match Matrix::column(matrix, j) {
            Column::Sparse(rows, values) => {
                (0..values.len()).filter(|&k| values[k].is_nan()).map(|k| rows.at(k)).collect()
            }
            Column::Dense(values) => (0..values.len()).filter(|&i| values[i].is_nan()).collect(),
        },
    }
}
