//! Numbers of several columns in one block, column by column, as a design stores them: readers write
//! into the block, and the design is what is left of it, in the same memory.

use std::path::Path;

use super::error::DataError;

/// About as many numbers as the second-level cache of a processor holds.
const TILE: usize = 1 << 15;

/// Turns numbers that come row by row into columns.
pub(super) struct FromRows {
    values: Vec<f64>,
    rows: usize,
    cols: usize,
    /// Rows that wait: several at once fill whole cache lines of each column.
    tile: Vec<f64>,
    wait: usize,
    done: usize,
}

impl FromRows {
    /// Room for at most `rows` rows of `cols` numbers. Errors: there is not so much memory.
    pub(super) fn new(path: &Path, rows: usize, cols: usize) -> Result<Self, DataError> {
        let wait = cols * (TILE / cols.max(1)).clamp(1, 64);
        let values = zeros(path, rows, cols)?;
        Ok(Self { values, rows, cols, tile: Vec::with_capacity(wait), wait, done: 0 })
    }

    /// The next number of a row.
    pub(super) fn push(&mut self, x: f64) {
        self.tile.push(x);
        if self.tile.len() == self.wait {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.tile.is_empty() {
            return;
        }
        let (first, count) = (self.done, self.tile.len() / self.cols);
        for (j, column) in self.values.chunks_exact_mut(self.rows.max(1)).enumerate() {
            let tile = self.tile[j..].iter().step_by(self.cols);
            column[first..first + count].iter_mut().zip(tile).for_each(|(out, &x)| *out = x);
        }
        self.done += count;
        self.tile.clear();
    }

    /// The columns of the rows that have come.
    pub(super) fn finish(mut self) -> Vec<f64> {
        self.flush();
        keep_rows(&mut self.values, self.rows, 0..self.done);
        self.values
    }
}

/// Empty room for `rows * cols` numbers. Errors: there is not so much memory.
pub(super) fn room(path: &Path, rows: usize, cols: usize) -> Result<Vec<f64>, DataError> {
    let mut values = Vec::new();
    rows.checked_mul(cols).and_then(|count| values.try_reserve_exact(count).ok()).ok_or_else(
        || DataError::new(path, format!("{rows} x {cols} numbers do not fit into memory")),
    )?;
    Ok(values)
}

/// `rows * cols` zeros, which take no memory until they are written to. Errors: as [`room`].
pub(super) fn zeros(path: &Path, rows: usize, cols: usize) -> Result<Vec<f64>, DataError> {
    let room = room(path, rows, cols)?;
    drop(room);
    Ok(vec![0.0; rows * cols])
}

/// Brings the columns `order` of a block of columns with `rows` numbers each to its front, in that
/// order, and drops the others. No column occurs twice.
pub(super) fn keep_columns(values: &mut Vec<f64>, rows: usize, order: &[usize]) {
    let cols = values.len() / rows.max(1);
    // Which column stands where, and where each column stands.
    let (mut at, mut place): (Vec<usize>, Vec<usize>) = ((0..cols).collect(), (0..cols).collect());
    for (k, &j) in order.iter().enumerate() {
        let from = place[j];
        if from == k {
            continue;
        }
        let (left, right) = values.split_at_mut(from * rows);
        left[k * rows..(k + 1) * rows].swap_with_slice(&mut right[..rows]);
        at.swap(k, from);
        place[at[from]] = from;
        place[j] = k;
    }
    values.truncate(order.len() * rows);
    values.shrink_to_fit();
}

/// Keeps the rows `kept`, which ascend, of columns with `rows` numbers each.
pub(super) fn keep_rows(
    values: &mut Vec<f64>,
    rows: usize,
    kept: impl ExactSizeIterator<Item = usize> + Clone,
) {
    let count = kept.len();
    if count == rows {
        return;
    }
    let cols = values.len() / rows.max(1);
    for j in 0..cols {
        for (to, from) in kept.clone().enumerate() {
            values[j * count + to] = values[j * rows + from];
        }
    }
    values.truncate(cols * count);
    values.shrink_to_fit();
}

/// Makes room behind a block for further columns, and moves those of the block to the places where
/// `numeric` is true; the others are 0.
pub(super) fn spread(values: &mut Vec<f64>, rows: usize, numeric: &[bool]) {
    let mut from = values.len();
    values.resize(numeric.len() * rows, 0.0);
    for (j, numeric) in numeric.iter().enumerate().rev() {
        let to = j * rows;
        if *numeric {
            from -= rows;
            values.copy_within(from..from + rows, to);
        } else {
            values[to..to + rows].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns 0, 1, ... of `rows` numbers: column and row as digits.
    fn block(rows: usize, cols: usize) -> Vec<f64> {
        (0..cols).flat_map(|j| (0..rows).map(move |i| (10 * j + i) as f64)).collect()
    }

    #[test]
    fn rows_become_columns_whatever_their_number() {
        for (room, rows, cols) in [(3, 3, 2), (1000, 999, 40), (5, 2, 40_000), (700, 700, 1)] {
            let mut from = FromRows::new(Path::new("d"), room, cols).unwrap();
            (0..rows * cols).for_each(|k| from.push(k as f64));
            let columns = from.finish();
            assert_eq!(columns.len(), rows * cols);
            for (k, &x) in columns.iter().enumerate() {
                assert_eq!(x, ((k % rows) * cols + k / rows) as f64);
            }
        }
    }

    #[test]
    fn columns_are_kept_in_any_order() {
        for order in [vec![], vec![0, 1, 2, 3], vec![1, 2, 3], vec![3, 0, 2], vec![2, 3, 0, 1]] {
            let mut values = block(2, 4);
            keep_columns(&mut values, 2, &order);
            let expected: Vec<f64> =
                order.iter().flat_map(|&j| [(10 * j) as f64, (10 * j + 1) as f64]).collect();
            assert_eq!(values, expected, "{order:?}");
        }
    }

    #[test]
    fn rows_are_kept_and_columns_spread() {
        let mut values = block(4, 2);
        keep_rows(&mut values, 4, [0usize, 3].into_iter());
        assert_eq!(values, [0.0, 3.0, 10.0, 13.0]);
        spread(&mut values, 2, &[false, true, false, true, false]);
        assert_eq!(values, [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 10.0, 13.0, 0.0, 0.0]);
    }
}
