//! Sparse columns: from triplets, and a few edits that the core's matrix has no use for.

use std::path::Path;

use fenchel_core::{Column, Matrix, SparseMatrix};
use sprs::TriMatI;

use super::error::DataError;

/// No more columns than this: each costs memory even where it is empty.
pub(super) const MAX_COLUMNS: usize = 1 << 26;

/// Entries by row and column.
#[derive(Debug, Default)]
pub(super) struct Triplets {
    rows: Vec<u32>,
    cols: Vec<u32>,
    values: Vec<f64>,
}

impl Triplets {
    /// Adds an entry; both indices are below 2^32.
    pub(super) fn push(&mut self, row: usize, col: usize, value: f64) {
        self.rows.push(row as u32);
        self.cols.push(col as u32);
        self.values.push(value);
    }

    /// The matrix, where entries at one place are added up. Indices have been checked.
    ///
    /// Errors: too many rows or columns.
    pub(super) fn into_matrix(
        self,
        path: &Path,
        rows: usize,
        cols: usize,
    ) -> Result<Matrix, DataError> {
        check_shape(path, rows, cols)?;
        let triplets = TriMatI::from_triplets((rows, cols), self.rows, self.cols, self.values);
        let (starts, indices, values) = triplets.to_csc::<usize>().into_raw_storage();
        Ok(from_parts(rows, cols, starts, indices, values))
    }
}

/// Errors: more rows or columns than can be counted or kept.
pub(super) fn check_shape(path: &Path, rows: usize, cols: usize) -> Result<(), DataError> {
    if rows >= u32::MAX as usize {
        return Err(DataError::new(path, format!("{rows} rows are too many for a sparse matrix")));
    }
    if cols > MAX_COLUMNS {
        let message = format!("{cols} columns are too many: at most {MAX_COLUMNS} are supported");
        return Err(DataError::new(path, message));
    }
    Ok(())
}

/// The same matrix with empty columns up to `cols`.
pub(super) fn widen(matrix: &Matrix, cols: usize) -> Matrix {
    let (mut starts, indices, values) = parts(matrix);
    starts.resize(cols + 1, indices.len());
    from_parts(matrix.rows(), cols, starts, indices, values)
}

/// The same matrix with column `j`'s stored NaN replaced by `fill[j]`.
pub(super) fn fill_missing(matrix: &Matrix, fill: &[Option<f64>]) -> Matrix {
    let (starts, indices, mut values) = parts(matrix);
    for (j, fill) in fill.iter().enumerate() {
        if let Some(fill) = fill {
            let column = &mut values[starts[j]..starts[j + 1]];
            column.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = *fill);
        }
    }
    from_parts(matrix.rows(), matrix.cols(), starts, indices, values)
}

fn parts(matrix: &Matrix) -> (Vec<usize>, Vec<u32>, Vec<f64>) {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for j in 0..matrix.cols() {
        if let Column::Sparse(rows, x) = matrix.column(j) {
            indices.extend_from_slice(rows);
            values.extend_from_slice(x);
        }
        starts.push(indices.len());
    }
    (starts, indices, values)
}

fn from_parts(
    rows: usize,
    cols: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
) -> Matrix {
    let matrix = SparseMatrix::new(rows, cols, starts, indices, values);
    Matrix::Sparse(matrix.expect("compressed columns have ascending rows inside the shape"))
}
