//! Sparse columns: from triplets, and a few edits, all in the memory that the entries came in.

use std::path::Path;

use fenchel_core::{Matrix, SparseMatrix};

use super::error::DataError;

/// No more columns than this: each costs memory even where it is empty.
pub(super) const MAX_COLUMNS: usize = 1 << 26;

/// Entries by row and column.
#[derive(Debug, Default)]
pub(super) struct Triplets {
    pub(super) rows: Vec<u32>,
    pub(super) cols: Vec<u32>,
    pub(super) values: Vec<f64>,
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
    /// The entries are sorted by column where they stand: a counting sort says where each belongs,
    /// and the cycles of that permutation are followed. Nothing is added to the 16 bytes of an entry.
    ///
    /// Errors: too many rows, columns or entries.
    pub(super) fn into_matrix(
        self,
        path: &Path,
        rows: usize,
        cols: usize,
    ) -> Result<Matrix, DataError> {
        check_shape(path, rows, cols)?;
        let Self { rows: mut indices, cols: mut places, mut values } = self;
        check_entries(path, values.len())?;
        let mut starts = vec![0; cols + 1];
        places.iter().for_each(|&j| starts[j as usize + 1] += 1);
        for j in 0..cols {
            starts[j + 1] += starts[j];
        }
        if !places.is_sorted() {
            let mut next = starts.clone();
            for place in &mut places {
                let next = &mut next[*place as usize];
                *place = *next as u32;
                *next += 1;
            }
            for k in 0..places.len() {
                while places[k] as usize != k {
                    let to = places[k] as usize;
                    places.swap(k, to);
                    indices.swap(k, to);
                    values.swap(k, to);
                }
            }
        }
        drop(places);
        Ok(from_columns(rows, cols, starts, indices, values))
    }
}

/// The matrix of columns whose entries are in any order, and where those at one place are added up. Column
/// `j` is what stands between `starts[j]` and `starts[j + 1]`; all has been checked.
pub(super) fn from_columns(
    rows: usize,
    cols: usize,
    mut starts: Vec<usize>,
    mut indices: Vec<u32>,
    mut values: Vec<f64>,
) -> Matrix {
    sort_columns(&mut starts, &mut indices, &mut values);
    indices.shrink_to_fit();
    values.shrink_to_fit();
    from_parts(rows, cols, starts, indices, values)
}

/// Sorts each column by row, and adds up what stands in one row, in the order of the file.
fn sort_columns(starts: &mut [usize], indices: &mut Vec<u32>, values: &mut Vec<f64>) {
    let mut entries = Vec::new();
    let (mut first, mut kept) = (0, 0);
    for end in &mut starts[1..] {
        let column = first..*end;
        first = *end;
        let start = kept;
        if indices[column.clone()].is_sorted_by(|a, b| a < b) {
            if kept < column.start {
                indices.copy_within(column.clone(), kept);
                values.copy_within(column.clone(), kept);
            }
            kept += column.len();
        } else {
            entries.clear();
            entries.extend(column.map(|k| (indices[k], values[k])));
            entries.sort_by_key(|entry| entry.0);
            for &(row, value) in &entries {
                if kept > start && indices[kept - 1] == row {
                    values[kept - 1] += value;
                } else {
                    (indices[kept], values[kept]) = (row, value);
                    kept += 1;
                }
            }
        }
        *end = kept;
    }
    indices.truncate(kept);
    values.truncate(kept);
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

/// Errors: more entries than can be counted.
pub(super) fn check_entries(path: &Path, entries: usize) -> Result<(), DataError> {
    if entries > u32::MAX as usize {
        let message = format!("{entries} entries are too many for a sparse matrix");
        return Err(DataError::new(path, message));
    }
    Ok(())
}

/// Adds empty columns up to `cols`.
pub(super) fn widen(matrix: &mut Matrix, cols: usize) {
    edit(matrix, |rows, _, (mut starts, indices, values)| {
        starts.resize(cols + 1, indices.len());
        from_parts(rows, cols, starts, indices, values)
    });
}

/// Replaces column `j`'s stored NaN by `fill[j]`.
pub(super) fn fill_missing(matrix: &mut Matrix, fill: &[Option<f64>]) {
    edit(matrix, |rows, cols, (starts, indices, mut values)| {
        for (j, fill) in fill.iter().enumerate() {
            if let Some(fill) = fill {
                let column = &mut values[starts[j]..starts[j + 1]];
                column.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = *fill);
            }
        }
        from_parts(rows, cols, starts, indices, values)
    });
}

/// Keeps the columns `kept`, in that order; a copy is made unless they ascend.
pub(super) fn keep_columns(matrix: &mut Matrix, kept: &[usize]) {
    if !kept.is_sorted_by(|a, b| a < b) {
        *matrix = matrix.select_cols(kept);
    } else if kept.len() < matrix.cols() {
        edit(matrix, |rows, _, (mut starts, mut indices, mut values)| {
            let mut end = 0;
            for (to, &from) in kept.iter().enumerate() {
                let column = starts[from]..starts[from + 1];
                indices.copy_within(column.clone(), end);
                values.copy_within(column.clone(), end);
                starts[to] = end;
                end += column.len();
            }
            starts.truncate(kept.len());
            starts.push(end);
            indices.truncate(end);
            values.truncate(end);
            indices.shrink_to_fit();
            values.shrink_to_fit();
            from_parts(rows, kept.len(), starts, indices, values)
        });
    }
}

/// Keeps the rows `kept`, which ascend.
pub(super) fn keep_rows(matrix: &mut Matrix, kept: &[usize]) {
    if kept.len() == matrix.rows() {
        return;
    }
    edit(matrix, |rows, cols, (mut starts, mut indices, mut values)| {
        let mut new = vec![u32::MAX; rows];
        kept.iter().zip(0..).for_each(|(&old, row)| new[old] = row);
        let (mut first, mut end) = (0, 0);
        for stop in &mut starts[1..] {
            for k in first..*stop {
                let row = new[indices[k] as usize];
                if row != u32::MAX {
                    (indices[end], values[end]) = (row, values[k]);
                    end += 1;
                }
            }
            first = *stop;
            *stop = end;
        }
        indices.truncate(end);
        values.truncate(end);
        from_parts(kept.len(), cols, starts, indices, values)
    });
}

type Parts = (Vec<usize>, Vec<u32>, Vec<f64>);

/// Takes a sparse matrix apart and puts what `change` makes of it in its place.
fn edit(matrix: &mut Matrix, change: impl FnOnce(usize, usize, Parts) -> Matrix) {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    let empty = from_parts(0, 0, vec![0], Vec::new(), Vec::new());
    *matrix = match std::mem::replace(matrix, empty) {
        Matrix::Sparse(sparse) => change(rows, cols, sparse.into_parts()),
        dense => dense,
    };
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

#[cfg(test)]
mod tests {
    use sprs::{CsMatI, TriMatI};

    use super::*;

    fn parts(matrix: &Matrix) -> (Vec<usize>, Vec<u32>, Vec<f64>) {
        match matrix.clone() {
            Matrix::Sparse(sparse) => sparse.into_parts(),
            Matrix::Dense(_) => panic!("the matrix is sparse"),
        }
    }

    /// Entries in no order, three at (2, 1) and two at (0, 3), into 3 x 5.
    fn matrix() -> Matrix {
        let mut triplets = Triplets::default();
        for (i, j, x) in [
            (2, 1, 1.0),
            (0, 3, 2.0),
            (1, 1, 3.0),
            (2, 1, 4.0),
            (0, 0, 5.0),
            (0, 3, 6.0),
            (2, 1, 8.0),
        ] {
            triplets.push(i, j, x);
        }
        triplets.into_matrix(Path::new("d"), 3, 5).unwrap()
    }

    #[test]
    fn entries_are_sorted_and_added_up() {
        assert_eq!(
            parts(&matrix()),
            (vec![0, 1, 3, 3, 4, 4], vec![0, 1, 2, 0], vec![5.0, 3.0, 13.0, 8.0])
        );
    }

    #[test]
    fn columns_are_those_that_sprs_makes_of_the_entries() {
        let mut state = 12345u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        for (rows, cols, count) in
            [(1, 1, 3), (7, 5, 60), (30, 400, 500), (400, 30, 3000), (9, 9, 0)]
        {
            let (mut triplets, mut other) = (Triplets::default(), TriMatI::new((rows, cols)));
            for _ in 0..count {
                // Whole numbers, whose sums do not depend on the order.
                let (i, j, x) = (below(rows), below(cols), below(100) as f64 - 50.0);
                triplets.push(i, j, x);
                other.add_triplet(i, j, x);
            }
            let other: CsMatI<f64, u32, usize> = other.to_csc();
            let matrix = triplets.into_matrix(Path::new("d"), rows, cols).unwrap();
            assert_eq!(parts(&matrix), other.into_raw_storage());
        }
    }

    #[test]
    fn edits_are_those_of_a_copy() {
        for kept in [vec![0, 1, 2, 3, 4], vec![1, 3], vec![4], vec![3, 0, 1]] {
            let mut edited = matrix();
            keep_columns(&mut edited, &kept);
            assert_eq!(edited, matrix().select_cols(&kept), "{kept:?}");
        }
        for kept in [vec![0, 1, 2], vec![0, 2], vec![1]] {
            let mut edited = matrix();
            keep_rows(&mut edited, &kept);
            assert_eq!(edited, matrix().select_rows(&kept), "{kept:?}");
        }
        let mut wide = matrix();
        widen(&mut wide, 7);
        assert_eq!(wide.cols(), 7);
        assert_eq!(wide.select_cols(&[0, 1, 2, 3, 4]), matrix());
    }
}
