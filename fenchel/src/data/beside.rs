//! Small files beside the data: matrices of operators, fold numbers, group columns.

use std::path::Path;

use fenchel_core::{Column, Matrix};

use super::error::DataError;
use super::format::read_table;
use super::part::Part;
use super::table::{Body, Table};

/// The numbers of a matrix file row by row, with the number of columns.
///
/// Errors: as [`read_table`](super::read_table); a cell that is missing or no finite number.
pub fn read_matrix(path: &Path) -> Result<(Vec<f64>, usize), DataError> {
    let (table, _) = read_table(path)?;
    let (rows, cols) = (table.rows(), table.names().len());
    let kept: Vec<usize> = (0..rows).collect();
    let mut values = vec![0.0; rows * cols];
    for j in 0..cols {
        if let Body::Sparse(matrix) = &table.body
            && let Column::Sparse(indices, entries) = Matrix::column(matrix, j)
            && entries.iter().all(|x| x.is_finite())
        {
            for (i, &x) in indices.iter().zip(entries) {
                values[i * cols + j] = x;
            }
            continue;
        }
        let column = Part::of_column(&table, j).numbers(&kept)?;
        column.iter().enumerate().for_each(|(i, &x)| values[i * cols + j] = x);
    }
    Ok((values, cols))
}

/// The numbers of a file with one column.
///
/// Errors: as [`read_matrix`]; the file has several columns.
pub fn read_numbers(path: &Path) -> Result<Vec<f64>, DataError> {
    match read_matrix(path)? {
        (values, 1) => Ok(values),
        (_, cols) => Err(DataError::new(path, format!("expected one column, got {cols}"))),
    }
}

impl Table {
    /// The cells of a column as text; numbers as they print shortest.
    ///
    /// Errors: no such column; a missing cell.
    pub fn column_text(&self, name: &str) -> Result<Vec<String>, DataError> {
        let part = Part::of_column(self, self.find(name)?);
        (0..self.rows())
            .map(|i| part.text(i).ok_or_else(|| part.error(i, "the cell is missing")))
            .collect()
    }
}
