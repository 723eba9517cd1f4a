//! A data file once it is read: named columns, with the way back from a cell to its line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fenchel_core::{Column, Matrix, Names};

use super::error::{DataError, shown};
use super::lines::Lines;

/// The columns of one data file.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    rows: usize,
    names: Names,
    /// The place of each name; `None` for the names 1 to p.
    index: Option<HashMap<String, usize>>,
    pub(crate) body: Body,
    /// The line of each row; none in a binary file.
    lines: Option<Lines>,
    /// Whether the names come from the file.
    named: bool,
    /// The label that each line of an svmlight file begins with.
    pub(crate) labels: Option<Vec<f64>>,
}

/// How the columns are stored.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Columns(Columns),
    Sparse(Matrix),
}

/// Dense columns: all numbers in one block, as the design will have them.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// The columns of numbers, one after another, NaN where a cell is missing; perhaps some that
    /// nothing refers to.
    pub(crate) numbers: Vec<f64>,
    /// What each column holds.
    pub(crate) kinds: Vec<Kind>,
}

/// What one column holds.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Numbers, at this place in the block.
    Numbers(usize),
    /// Text.
    Text(Text),
    /// A type that has no meaning here, by name (a date, a list).
    Unsupported(String),
}

/// The cells of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells<'t> {
    /// Numbers; NaN where the cell is missing.
    Numbers(Cow<'t, [f64]>),
    /// Text.
    Text(&'t Text),
    /// A type that has no meaning here, by name (a date, a list).
    Unsupported(&'t str),
}

/// Text cells, each distinct text stored once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Text {
    levels: Vec<String>,
    codes: Vec<Option<u32>>,
}

/// Collects the cells of a text column.
#[derive(Debug, Default)]
pub(crate) struct TextBuilder {
    text: Text,
    seen: HashMap<String, u32>,
}

impl Table {
    /// Named columns of equal length.
    ///
    /// Errors: two columns of one name, or a column with none.
    pub(crate) fn named(
        path: &Path,
        names: Vec<String>,
        columns: Columns,
        rows: usize,
        lines: Option<Lines>,
    ) -> Result<Self, DataError> {
        let index = Some(index_of(path, &names)?);
        let names = names.into_iter().collect();
        let body = Body::Columns(columns);
        Ok(Self { path: path.into(), rows, names, index, body, lines, named: true, labels: None })
    }

    /// Columns without names, which are called 1 to p.
    pub(crate) fn unnamed(path: &Path, body: Body, rows: usize, lines: Option<Lines>) -> Self {
        let cols = match &body {
            Body::Columns(columns) => columns.kinds.len(),
            Body::Sparse(matrix) => matrix.cols(),
        };
        let names = Names::numbered(cols);
        let path = path.into();
        Self { path, rows, names, index: None, body, lines, named: false, labels: None }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Column names, in the file's order; 1 to p where the file has none.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Whether the names come from the file.
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// Whether the file is sparse, so that columns beyond its last are zero rather than missing.
    pub(crate) fn is_svmlight(&self) -> bool {
        self.labels.is_some()
    }

    /// Gives other names to the columns of a file that has none.
    ///
    /// Errors: another number of names than columns (an svmlight file may have fewer columns, its
    /// last ones being zero), or two names alike.
    pub(crate) fn rename(&mut self, names: Vec<String>, source: &Path) -> Result<(), DataError> {
        let cols = self.names.len();
        if names.len() > cols
            && let (true, Body::Sparse(matrix)) = (self.is_svmlight(), &mut self.body)
        {
            super::sparse::widen(matrix, names.len());
        } else if names.len() != cols {
            return Err(DataError::new(
                source,
                format!("{} names, but {} has {cols} columns", names.len(), self.path.display()),
            ));
        }
        self.index = Some(index_of(source, &names)?);
        self.names = names.into_iter().collect();
        Ok(())
    }

    /// The number of the column `name`.
    ///
    /// Errors: there is none; the nearest name is suggested.
    pub fn find(&self, name: &str) -> Result<usize, DataError> {
        let found = match &self.index {
            Some(index) => index.get(name).copied(),
            None => name
                .parse()
                .ok()
                .and_then(|j: usize| j.checked_sub(1))
                .filter(|&j| self.names.get(j).is_some_and(|known| known == name)),
        };
        found.ok_or_else(|| self.unknown(name))
    }

    /// The cells of column `j`.
    pub fn cells(&self, j: usize) -> Cells<'_> {
        match &self.body {
            Body::Columns(columns) => match &columns.kinds[j] {
                Kind::Numbers(slot) => {
                    let start = slot * self.rows;
                    Cells::Numbers(Cow::Borrowed(&columns.numbers[start..start + self.rows]))
                }
                Kind::Text(text) => Cells::Text(text),
                Kind::Unsupported(kind) => Cells::Unsupported(kind),
            },
            Body::Sparse(matrix) => {
                let mut dense = vec![0.0; self.rows];
                if let Column::Sparse(rows, values) = matrix.column(j) {
                    rows.iter().zip(values).for_each(|(i, &x)| dense[i] = x);
                }
                Cells::Numbers(Cow::Owned(dense))
            }
        }
    }

    /// The place of column `j` among the numbers; a column of text that is none has no place.
    pub(crate) fn slot(&self, j: usize) -> usize {
        match &self.body {
            Body::Columns(Columns { kinds, .. }) => match kinds[j] {
                Kind::Numbers(slot) => slot,
                Kind::Text(_) | Kind::Unsupported(_) => unreachable!("the column has numbers"),
            },
            Body::Sparse(_) => unreachable!("the table is dense"),
        }
    }

    /// The block of numbers and the number of rows.
    pub(crate) fn into_numbers(self) -> (Vec<f64>, usize) {
        match self.body {
            Body::Columns(columns) => (columns.numbers, self.rows),
            Body::Sparse(_) => unreachable!("the table is dense"),
        }
    }

    /// Takes the names away, which errors about places do not need.
    pub(crate) fn take_names(&mut self) -> Names {
        std::mem::take(&mut self.names)
    }

    /// Takes the matrix out of a sparse table; none is left there.
    pub(crate) fn take_sparse(&mut self) -> Matrix {
        let none = Body::Columns(Columns { numbers: Vec::new(), kinds: Vec::new() });
        match std::mem::replace(&mut self.body, none) {
            Body::Sparse(matrix) => matrix,
            Body::Columns(_) => unreachable!("the caller has looked"),
        }
    }

    /// The lines of the rows, where the file has lines.
    pub(crate) fn lines(&self) -> Option<&Lines> {
        self.lines.as_ref()
    }

    /// An error at a cell.
    pub(crate) fn error_at(&self, row: usize, name: &str, message: impl Into<String>) -> DataError {
        let mut error = self.error_in(name, message);
        match &self.lines {
            Some(lines) => error.line = Some(lines.get(row)),
            None => error.row = Some(row as u64 + 1),
        }
        error
    }

    /// An error about a column.
    pub(crate) fn error_in(&self, name: &str, message: impl Into<String>) -> DataError {
        DataError::new(&self.path, message).in_column(name)
    }

    fn unknown(&self, name: &str) -> DataError {
        let error = DataError::new(&self.path, format!("no column \"{name}\""));
        match self.names.get(0).filter(|_| self.names.len() == 1) {
            Some(only) if only.contains([';', '\t', ',']) => error.help(format!(
                "the header reads {}: cells are separated by commas in .csv, by tabs in .tsv",
                shown(only)
            )),
            _ => error.suggest(name, self.names.iter()),
        }
    }
}

fn index_of(path: &Path, names: &[String]) -> Result<HashMap<String, usize>, DataError> {
    let mut index = HashMap::with_capacity(names.len());
    for (j, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(DataError::new(path, format!("column {} has no name", j + 1)).help(
                "name every column in the first line (in R, write.csv(..., row.names = FALSE))",
            ));
        }
        if let Some(first) = index.insert(name.clone(), j) {
            return Err(DataError::new(
                path,
                format!("columns {} and {} are both named \"{name}\"", first + 1, j + 1),
            ));
        }
    }
    Ok(index)
}

impl Text {
    /// The text of row `i`; `None` where it is missing.
    pub fn get(&self, i: usize) -> Option<&str> {
        self.codes[i].map(|code| self.levels[code as usize].as_str())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The first cell that is no number, where at least half of the present cells are numbers: such
    /// a column is meant to be numeric.
    pub(crate) fn stray(&self) -> Option<usize> {
        let number: Vec<bool> = self.levels.iter().map(|l| l.parse::<f64>().is_ok()).collect();
        let present = self.codes.iter().flatten();
        let (mut numbers, mut texts) = (0usize, 0usize);
        present.for_each(|&c| if number[c as usize] { numbers += 1 } else { texts += 1 });
        (numbers >= texts).then(|| self.first_text()).flatten()
    }

    /// The first cell that is no number.
    pub(crate) fn first_text(&self) -> Option<usize> {
        let text: Vec<bool> = self.levels.iter().map(|l| l.parse::<f64>().is_err()).collect();
        self.codes.iter().position(|code| code.is_some_and(|code| text[code as usize]))
    }
}

impl TextBuilder {
    pub(crate) fn push(&mut self, cell: Option<&str>) {
        let code = cell.map(|cell| match self.seen.get(cell) {
            Some(&code) => code,
            None => {
                let code = self.text.levels.len() as u32;
                self.text.levels.push(cell.into());
                self.seen.insert(cell.into(), code);
                code
            }
        });
        self.text.codes.push(code);
    }

    pub(crate) fn finish(self) -> Text {
        self.text
    }
}

impl Columns {
    /// `cols` columns of numbers.
    pub(crate) fn of_numbers(numbers: Vec<f64>, cols: usize) -> Self {
        Self { numbers, kinds: (0..cols).map(Kind::Numbers).collect() }
    }
}

impl Cells<'_> {
    /// Whether the cell of row `i` is missing.
    pub fn is_missing(&self, i: usize) -> bool {
        match self {
            Self::Numbers(values) => values[i].is_nan(),
            Self::Text(text) => text.codes[i].is_none(),
            Self::Unsupported(_) => false,
        }
    }
}
