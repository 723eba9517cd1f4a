//! One column in one part: response, weight, offset, feature; and what may be asked of its cells.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::error::{DataError, shown};
use super::table::{Cells, Table};

/// A column with the table that it stands in.
#[derive(Debug)]
pub(super) struct Part<'t> {
    pub(super) table: &'t Table,
    pub(super) name: String,
    cells: Cells<'t>,
}

/// Class numbers and labels.
pub(super) struct Classes {
    pub(super) class: Vec<u32>,
    pub(super) labels: Vec<String>,
}

impl<'t> Part<'t> {
    /// Column `j` of a table.
    pub(super) fn of_column(table: &'t Table, j: usize) -> Self {
        Self { table, name: table.names()[j].to_owned(), cells: table.cells(j) }
    }

    /// The labels of an svmlight file.
    pub(super) fn of_labels(table: &'t Table, labels: &'t [f64]) -> Self {
        let cells = Cells::Numbers(Cow::Borrowed(labels));
        Self { table, name: "label".into(), cells }
    }

    /// Rows with a missing cell, ascending.
    pub(super) fn missing_rows(&self) -> Vec<usize> {
        (0..self.table.rows()).filter(|&i| self.cells.is_missing(i)).collect()
    }

    /// An error at row `i`.
    pub(super) fn error(&self, i: usize, message: impl Into<String>) -> DataError {
        self.table.error_at(i, &self.name, message)
    }

    /// An error about the column.
    pub(super) fn error_in(&self, message: impl Into<String>) -> DataError {
        self.table.error_in(&self.name, message)
    }

    /// The cell of row `i` as text; `None` where it is missing.
    pub(super) fn text(&self, i: usize) -> Option<String> {
        match &self.cells {
            Cells::Numbers(values) => (!values[i].is_nan()).then(|| values[i].to_string()),
            Cells::Text(text) => text.get(i).map(str::to_owned),
            Cells::Unsupported(_) => None,
        }
    }

    /// Whether the column is text, and not meant to be numeric.
    pub(super) fn is_text(&self) -> bool {
        matches!(&self.cells, Cells::Text(text) if text.stray().is_none())
    }

    /// The finite numbers of `rows`.
    ///
    /// Errors: the column is text or of a type without numbers, a cell is missing or infinite.
    pub(super) fn numbers(&self, rows: &[usize]) -> Result<Vec<f64>, DataError> {
        let values = self.numbers_or_nan()?;
        rows.iter()
            .map(|&i| match values[i] {
                x if x.is_finite() => Ok(x),
                x if x.is_nan() => Err(self.error(i, "the cell is missing")),
                x => Err(self.error(i, format!("expected a finite number, got {x}"))),
            })
            .collect()
    }

    /// The numbers of all rows, NaN where missing.
    pub(super) fn numbers_or_nan(&self) -> Result<&[f64], DataError> {
        match &self.cells {
            Cells::Numbers(values) => Ok(values),
            Cells::Text(text) => {
                let i = text.first_text().unwrap_or_default();
                let got = shown(text.get(i).unwrap_or_default());
                Err(self.error(i, format!("expected a number, got {got}")))
            }
            Cells::Unsupported(kind) => Err(self.unsupported(kind)),
        }
    }

    fn unsupported(&self, kind: &str) -> DataError {
        self.error_in(format!("cells of type {kind} are not supported"))
            .help("convert the column to numbers or text, or leave it out of `features`")
    }

    /// Truth values: 0 and 1, or `false` and `true`.
    ///
    /// Errors: anything else.
    pub(super) fn flags(&self, rows: &[usize]) -> Result<Vec<bool>, DataError> {
        let flag = |&i: &usize| match self.text(i).map(|text| text.to_ascii_lowercase()).as_deref()
        {
            Some("0" | "-0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(other) => {
                let message = format!("expected 0 or 1 (or false, true), got {}", shown(other));
                Err(self.error(i, message))
            }
            None => Err(self.error(i, "the cell is missing")),
        };
        if let Cells::Unsupported(kind) = &self.cells {
            return Err(self.unsupported(kind));
        }
        rows.iter().map(flag).collect()
    }

    /// Class numbers: labels sorted by value where all are numbers, else as text.
    ///
    /// Errors: a cell is missing or infinite.
    pub(super) fn classes(&self, rows: &[usize]) -> Result<Classes, DataError> {
        match &self.cells {
            Cells::Numbers(_) => {
                let values = self.numbers(rows)?;
                Ok(numbered(&values, f64::total_cmp, number_label))
            }
            Cells::Text(text) => {
                let cell =
                    |&i: &usize| text.get(i).ok_or_else(|| self.error(i, "the cell is missing"));
                let cells = rows.iter().map(cell).collect::<Result<Vec<_>, _>>()?;
                Ok(numbered(&cells, Ord::cmp, |text| (*text).to_owned()))
            }
            Cells::Unsupported(kind) => Err(self.unsupported(kind)),
        }
    }
}

/// Numbers the distinct cells in the order of `compare`; cells that print alike are one class.
fn numbered<T: Clone>(
    cells: &[T],
    compare: impl Fn(&T, &T) -> Ordering,
    print: impl Fn(&T) -> String,
) -> Classes {
    let mut distinct = cells.to_vec();
    distinct.sort_by(&compare);
    distinct.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    let (mut labels, mut number) = (Vec::new(), Vec::with_capacity(distinct.len()));
    for cell in &distinct {
        let label = print(cell);
        if labels.last() != Some(&label) {
            labels.push(label);
        }
        number.push(labels.len() as u32 - 1);
    }
    let place = |cell| distinct.binary_search_by(|probe| compare(probe, cell));
    let class = cells
        .iter()
        .map(|cell| number[place(cell).expect("every cell is among the distinct ones")])
        .collect();
    Classes { class, labels }
}

/// A number as a label; the two zeros are one.
fn number_label(x: &f64) -> String {
    (x + 0.0).to_string()
}
