//! The upper triangle of a matrix that grows by columns, a few of them in one piece of memory: nothing is copied
//! to make room for more, and next to nothing below the diagonal takes memory.

use std::ops::Range;

use faer::{MatMut, MatRef};

/// Columns of a panel.
const WIDTH: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Triangle {
    /// Panel `k` has room for `WIDTH` columns of `(k + 1) WIDTH` rows, and is as long as those that there were.
    panels: Vec<Vec<f64>>,
    len: usize,
}

impl Triangle {
    /// Drops the columns from `len` on. Their memory is kept.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Adds columns, of any numbers.
    pub fn grow(&mut self, columns: usize) {
        let first = self.len / WIDTH;
        self.len += columns;
        for k in first..self.len.div_ceil(WIDTH) {
            if k == self.panels.len() {
                self.panels.push(Vec::with_capacity(WIDTH * height(k)));
            }
            let used = (self.len - k * WIDTH).min(WIDTH) * height(k);
            if self.panels[k].len() < used {
                self.panels[k].resize(used, 0.0);
            }
        }
    }

    /// The columns that may lie in one panel with column `c`.
    pub fn panel(c: usize) -> Range<usize> {
        let start = c / WIDTH * WIDTH;
        start..start + WIDTH
    }

    /// Column `c` down to the diagonal.
    pub fn column(&self, c: usize) -> &[f64] {
        let k = c / WIDTH;
        &self.panels[k][c % WIDTH * height(k)..][..=c]
    }

    /// The same, to be written to.
    pub fn column_mut(&mut self, c: usize) -> &mut [f64] {
        let k = c / WIDTH;
        &mut self.panels[k][c % WIDTH * height(k)..][..=c]
    }

    /// The first `len` columns, to be read.
    pub fn columns(&self, len: usize) -> Columns<'_> {
        Columns { panels: &self.panels, last: &[], len: len.min(self.len) }
    }

    /// The columns of a range as a matrix, down to the diagonal of the last of them, and those before them.
    ///
    /// # Panics
    ///
    /// Where the former are none, or do not lie in one panel, see [`Triangle::panel`].
    pub fn split_mut(&mut self, range: Range<usize>) -> (Columns<'_>, MatMut<'_, f64>) {
        let Range { start, end } = range;
        let k = start / WIDTH;
        assert!(start < end && end <= self.len.min((k + 1) * WIDTH), "columns of one panel");
        let (panels, rest) = self.panels.split_at_mut(k);
        let (last, columns) = rest[0].split_at_mut((start - k * WIDTH) * height(k));
        let of = MatMut::from_column_major_slice_with_stride_mut;
        (Columns { panels, last, len: start }, of(columns, end, end - start, height(k)))
    }

    /// Exchanges two rows and columns of the symmetric matrix.
    pub fn exchange(&mut self, a: usize, b: usize) {
        let (a, b) = (a.min(b), a.max(b));
        for row in (0..b).filter(|&row| row != a) {
            let (r, c) = (row.min(a), row.max(a));
            let entry = self.column(b)[row];
            self.column_mut(b)[row] = std::mem::replace(&mut self.column_mut(c)[r], entry);
        }
        let entry = self.column(b)[b];
        self.column_mut(b)[b] = std::mem::replace(&mut self.column_mut(a)[a], entry);
        (b + 1..self.len).for_each(|c| self.column_mut(c).swap(a, b));
    }

    /// The same from the first row on, to be written to.
    pub fn parts_mut(&mut self, from: usize) -> impl Iterator<Item = Part<MatMut<'_, f64>>> {
        let len = self.len;
        self.panels.iter_mut().enumerate().skip(from / WIDTH).map_while(move |(k, panel)| {
            let (first, end, begin) = part(k, from, len)?;
            let of = MatMut::from_column_major_slice_with_stride_mut;
            Some(Part { first, end, matrix: of(&mut panel[begin..], end, end - first, height(k)) })
        })
    }
}

/// The first columns of a [`Triangle`], to be read.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    panels: &'a [Vec<f64>],
    /// What is read of the panel after these.
    last: &'a [f64],
    len: usize,
}

impl<'a> Columns<'a> {
    /// The columns from `from` on, panel by panel: the first one and the end of each part, and its rows from
    /// `top` to that end. What is below the diagonal may be any numbers.
    pub fn parts(self, from: usize, top: usize) -> impl Iterator<Item = Part<MatRef<'a, f64>>> {
        let panels = self.panels.iter().map(Vec::as_slice).chain([self.last]);
        panels.enumerate().skip(from / WIDTH).map_while(move |(k, panel)| {
            let (first, end, begin) = part(k, from, self.len)?;
            let (rows, columns) = (end - top, end - first);
            let of = MatRef::from_column_major_slice_with_stride;
            Some(Part { first, end, matrix: of(&panel[begin + top..], rows, columns, height(k)) })
        })
    }
}

/// Columns `first .. end` of a [`Triangle`].
pub(crate) struct Part<M> {
    pub first: usize,
    pub end: usize,
    pub matrix: M,
}

/// The first and the end of the columns from `from` on, of `len` in all, that lie in a panel, and where they begin
/// in its memory; `None` where there are none.
fn part(panel: usize, from: usize, len: usize) -> Option<(usize, usize, usize)> {
    let (first, end) = (from.max(panel * WIDTH), len.min((panel + 1) * WIDTH));
    (first < end).then(|| (first, end, (first - panel * WIDTH) * height(panel)))
}

fn height(panel: usize) -> usize {
    (panel + 1) * WIDTH
}

#[cfg(test)]
mod tests {
    use super::{Triangle, WIDTH};

    fn entry(row: usize, column: usize) -> f64 {
        (1000 * column + row + 1) as f64
    }

    #[test]
    fn columns_stay_while_others_come_and_parts_are_made_of_them() {
        let mut triangle = Triangle::default();
        for more in [3, WIDTH - 3, 0, 2 * WIDTH + 5, 1] {
            let from = triangle.len;
            triangle.grow(more);
            for c in from..triangle.len {
                assert_eq!(triangle.column_mut(c).len(), c + 1);
                (0..=c).for_each(|row| triangle.column_mut(c)[row] = entry(row, c));
            }
            for (from, top) in [(0, 0), (2, 1), (from, 0), (WIDTH, WIDTH)] {
                let mut next = from;
                for part in triangle.columns(usize::MAX).parts(from, top.min(from)) {
                    assert_eq!((part.first, part.matrix.nrows()), (next, part.end - top.min(from)));
                    for c in part.first..part.end {
                        for row in top.min(from)..=c {
                            let got = part.matrix[(row - top.min(from), c - part.first)];
                            assert_eq!(got, entry(row, c));
                        }
                    }
                    next = part.end;
                }
                assert_eq!(next, triangle.len.max(from));
            }
            for mut part in triangle.parts_mut(from) {
                let corner = part.matrix[(part.first, 0)];
                part.matrix[(part.first, 0)] = -corner;
            }
            assert!(
                triangle
                    .columns(usize::MAX)
                    .parts(from, 0)
                    .all(|part| part.matrix[(part.first, 0)] < 0.0)
            );
            for part in triangle.parts_mut(from) {
                let mut matrix = part.matrix;
                matrix[(part.first, 0)] = entry(part.first, part.first);
            }
        }
        assert_eq!(Triangle::panel(triangle.len).end, 4 * WIDTH);
        triangle.truncate(WIDTH + 1);
        assert_eq!((triangle.len, triangle.column(WIDTH)[0]), (WIDTH + 1, entry(0, WIDTH)));
    }

    #[test]
    fn two_rows_and_columns_are_exchanged() {
        let len = 2 * WIDTH + 10;
        for (a, b) in [(3, 70), (130, 5), (64, 65), (9, 9)] {
            let mut triangle = Triangle::default();
            triangle.grow(len);
            (0..len)
                .for_each(|c| (0..=c).for_each(|row| triangle.column_mut(c)[row] = entry(row, c)));
            triangle.exchange(a, b);
            let was = |i: usize| {
                if i == a {
                    b
                } else if i == b {
                    a
                } else {
                    i
                }
            };
            for c in 0..len {
                for row in 0..=c {
                    let (r, s) = (was(row).min(was(c)), was(row).max(was(c)));
                    assert_eq!(triangle.column(c)[row], entry(r, s), "{row}, {c}");
                }
            }
        }
    }
}
