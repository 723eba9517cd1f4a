//! The numbers of a design matrix as they are stored: dense column by column, compressed sparse
//! columns, or the identity. No matrix library appears here; the slices fit faer and nalgebra
//! views without a copy.

use std::ops::Range;

use crate::kernels::Stored;
use crate::rows::{RowIndex, Rows, StoredRows, each_kind};
use crate::{Error, kernels};

/// A dense `n x p` matrix, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseMatrix {
    rows: usize,
    cols: usize,
    values: Vec<f64>,
}

/// A sparse `n x p` matrix in compressed columns; row indices ascend inside a column.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseMatrix {
    rows: usize,
    cols: usize,
    /// Where each column begins, and the end: half of what whole words take, where there are few entries a
    /// column.
    starts: Vec<u32>,
    indices: StoredRows,
    values: Vec<f64>,
    /// Whether it was made as the identity, whose products are copies.
    identity: bool,
}

/// The storage of a design.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// Dense, column by column.
    Dense(DenseMatrix),
    /// Compressed sparse columns.
    Sparse(SparseMatrix),
}

/// One column of a [`Matrix`], or a copy of a sparse one with values of another precision.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a, V = f64> {
    /// All `n` entries.
    Dense(&'a [f64]),
    /// Row indices and values of the stored entries.
    Sparse(Rows<'a>, &'a [V]),
}

impl DenseMatrix {
    /// From values column by column. Errors: [`Error::Length`] unless there are `rows * cols`.
    pub fn new(rows: usize, cols: usize, values: Vec<f64>) -> Result<Self, Error> {
        Error::check_length("matrix values", values.len(), rows * cols)?;
        Ok(Self { rows, cols, values })
    }

    /// All values, column by column.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

impl SparseMatrix {
    /// From compressed columns: column `j` holds entries `starts[j] .. starts[j + 1]`.
    ///
    /// Errors: [`Error::Data`] where the pointers do not ascend, an index is out of range, or the
    /// indices of a column do not strictly ascend, and of 2^32 entries or more.
    pub fn new(
        rows: usize,
        cols: usize,
        starts: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<f64>,
    ) -> Result<Self, Error> {
        Error::check_length("column pointers", starts.len(), cols + 1)?;
        Error::check_length("values", values.len(), indices.len())?;
        if starts[0] != 0 || starts[cols] != indices.len() || starts.windows(2).any(|s| s[0] > s[1])
        {
            return Err(Error::Data("the column pointers of a sparse matrix must ascend from 0 to the number of entries".into()));
        }
        for j in 0..cols {
            check_indices(j, Rows::Wide(&indices[starts[j]..starts[j + 1]]), rows)?;
        }
        check_entries(indices.len())?;
        let indices = StoredRows::new(rows, indices);
        let starts = starts.into_iter().map(|start| start as u32).collect();
        Ok(Self { rows, cols, starts, indices, values, identity: false })
    }

    /// Row indices and values of column `j`.
    #[inline(always)]
    pub fn column(&self, j: usize) -> (Rows<'_>, &[f64]) {
        let range = self.range(j);
        (self.indices.of(range.clone()), &self.values[range])
    }

    #[inline(always)]
    fn range(&self, j: usize) -> Range<usize> {
        self.starts[j] as usize..self.starts[j + 1] as usize
    }

    /// The columns `cols`, in that order.
    fn select_cols(&self, cols: &[usize]) -> Self {
        let total = cols.iter().map(|&j| self.range(j).len()).sum();
        let mut indices = StoredRows::default();
        indices.begin(self.rows, total);
        let (mut starts, mut values) = (vec![0], Vec::with_capacity(total));
        for &j in cols {
            let (rows, stored) = self.column(j);
            indices.extend(rows);
            values.extend_from_slice(stored);
            starts.push(as_start(values.len()));
        }
        Self { rows: self.rows, cols: cols.len(), starts, indices, values, identity: false }
    }

    /// Column pointers, row indices and values; of the latter no copy is made.
    pub fn into_parts(self) -> (Vec<usize>, Vec<u32>, Vec<f64>) {
        let starts = self.starts.into_iter().map(|start| start as usize).collect();
        (starts, self.indices.into_wide(), self.values)
    }
}

/// Errors: more entries than can be counted.
fn check_entries(count: usize) -> Result<(), Error> {
    match u32::try_from(count) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Data(format!("{count} entries are too many for a sparse matrix"))),
    }
}

/// Where the column after so many entries begins.
fn as_start(entries: usize) -> u32 {
    u32::try_from(entries).expect("a sparse matrix has fewer than 2^32 entries")
}

/// Row indices of one sparse column. Errors: unless they strictly ascend and stay below `rows`.
fn check_indices(j: usize, indices: Rows<'_>, rows: usize) -> Result<(), Error> {
    let last = indices.len().checked_sub(1).map(|k| indices.at(k));
    if !indices.iter().is_sorted_by(|a, b| a < b) || last.is_some_and(|last| last >= rows) {
        return Err(Error::Data(format!(
            "column {j} of a sparse matrix: row indices must ascend and stay below {rows}"
        )));
    }
    Ok(())
}

impl Matrix {
    /// The `n x n` identity, stored sparse.
    pub fn identity(n: usize) -> Self {
        Self::Sparse(SparseMatrix {
            rows: n,
            cols: n,
            starts: (0..=as_start(n)).collect(),
            indices: StoredRows::new(n, (0..n as u32).collect()),
            values: vec![1.0; n],
            identity: true,
        })
    }

    /// Whether it was made by [`Matrix::identity`].
    pub fn is_identity(&self) -> bool {
        matches!(self, Self::Sparse(m) if m.identity)
    }

    /// Whether its columns are sparse.
    pub fn is_sparse(&self) -> bool {
        matches!(self, Self::Sparse(_))
    }

    /// Number of rows, `n`.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(m) => m.rows,
            Self::Sparse(m) => m.rows,
        }
    }

    /// Number of columns, `p`.
    pub fn cols(&self) -> usize {
        match self {
            Self::Dense(m) => m.cols,
            Self::Sparse(m) => m.cols,
        }
    }

    /// Number of stored entries.
    pub fn stored(&self) -> usize {
        match self {
            Self::Dense(m) => m.values.len(),
            Self::Sparse(m) => m.values.len(),
        }
    }

    /// Column `j`.
    #[inline(always)]
    pub fn column(&self, j: usize) -> Column<'_> {
        match self {
            Self::Dense(m) => Column::Dense(&m.values[j * m.rows..(j + 1) * m.rows]),
            Self::Sparse(m) => {
                let (indices, values) = m.column(j);
                Column::Sparse(indices, values)
            }
        }
    }

    /// Bytes of memory that the numbers take.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(m) => size_of_val(m.values.as_slice()),
            Self::Sparse(m) => {
                size_of_val(m.values.as_slice())
                    + size_of_val(m.starts.as_slice())
                    + m.indices.bytes()
            }
        }
    }

    /// Adds a column on the right.
    ///
    /// Errors: a dense column in a sparse matrix or the other way round, a dense one that has not
    /// `n` entries, and indices as for [`SparseMatrix::new`].
    pub fn push(&mut self, column: Column<'_>) -> Result<(), Error> {
        match (self, column) {
            (Self::Dense(m), Column::Dense(values)) => {
                Error::check_length("column", values.len(), m.rows)?;
                m.values.extend_from_slice(values);
                m.cols += 1;
            }
            (Self::Sparse(m), Column::Sparse(indices, values)) => {
                Error::check_length("values", values.len(), indices.len())?;
                check_indices(m.cols, indices, m.rows)?;
                check_entries(m.indices.len() + indices.len())?;
                m.indices.extend(indices);
                m.values.extend_from_slice(values);
                m.starts.push(as_start(m.indices.len()));
                m.cols += 1;
                m.identity = false;
            }
            _ => return Err(Error::Data("a matrix has dense or sparse columns, not both".into())),
        }
        Ok(())
    }

    /// The rows `rows`, in that order; a row may occur several times.
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        match self {
            Self::Dense(m) => {
                let mut values = Vec::with_capacity(rows.len() * m.cols);
                for j in 0..m.cols {
                    let column = &m.values[j * m.rows..(j + 1) * m.rows];
                    values.extend(rows.iter().map(|&i| column[i]));
                }
                Self::Dense(DenseMatrix { rows: rows.len(), cols: m.cols, values })
            }
            Self::Sparse(m) => {
                // New positions of each old row: a counting sort, as a row may occur twice.
                let mut first = vec![0usize; m.rows + 1];
                for &i in rows {
                    first[i + 1] += 1;
                }
                for i in 0..m.rows {
                    first[i + 1] += first[i];
                }
                let mut next = first.clone();
                let mut positions = vec![0u32; rows.len()];
                for (new, &old) in rows.iter().enumerate() {
                    positions[next[old]] = new as u32;
                    next[old] += 1;
                }
                let mut starts = vec![0];
                let (mut indices, mut values) = (Vec::new(), Vec::new());
                let mut entries: Vec<(u32, f64)> = Vec::new();
                for j in 0..m.cols {
                    entries.clear();
                    let (stored, x) = m.column(j);
                    for (old, &x) in stored.iter().zip(x) {
                        let new = &positions[first[old]..first[old + 1]];
                        entries.extend(new.iter().map(|&i| (i, x)));
                    }
                    entries.sort_unstable_by_key(|entry| entry.0);
                    indices.extend(entries.iter().map(|entry| entry.0));
                    values.extend(entries.iter().map(|entry| entry.1));
                    starts.push(as_start(indices.len()));
                }
                Self::Sparse(SparseMatrix {
                    rows: rows.len(),
                    cols: m.cols,
                    starts,
                    indices: StoredRows::new(rows.len(), indices),
                    values,
                    identity: false,
                })
            }
        }
    }

    /// The columns `cols`, in that order.
    pub fn select_cols(&self, cols: &[usize]) -> Self {
        match self {
            Self::Dense(m) => {
                let mut values = Vec::with_capacity(cols.len() * m.rows);
                for &j in cols {
                    values.extend_from_slice(&m.values[j * m.rows..(j + 1) * m.rows]);
                }
                Self::Dense(DenseMatrix { rows: m.rows, cols: cols.len(), values })
            }
            Self::Sparse(m) => Self::Sparse(m.select_cols(cols)),
        }
    }
}

impl<V: Stored> Column<'_, V> {
    /// `sum_i x_i^2`, from first to last.
    pub fn square(&self) -> f64 {
        match *self {
            Self::Dense(x) => x.iter().map(|x| x * x).sum(),
            Self::Sparse(_, x) => x.iter().map(|&x| x.into() * x.into()).sum(),
        }
    }

    /// `sum_i x_i u_i`.
    #[inline(always)]
    pub fn dot(&self, u: &[f64]) -> f64 {
        match *self {
            Self::Dense(x) => kernels::dot(x, u),
            Self::Sparse(i, x) => each_kind!(i, i => kernels::sparse_dot(i, x, u)),
        }
    }

    /// `u <- u + a x`.
    #[inline]
    pub fn axpy(&self, a: f64, u: &mut [f64]) {
        match *self {
            Self::Dense(x) => kernels::axpy(a, x, u),
            Self::Sparse(i, x) => each_kind!(i, i => kernels::sparse_axpy(a, i, x, u)),
        }
    }

    /// `u_i <- u_i + a h_i x_i`.
    #[inline]
    pub fn axpy3(&self, a: f64, h: &[f64], u: &mut [f64]) {
        match *self {
            Self::Dense(x) => kernels::axpy3(a, h, x, u),
            Self::Sparse(i, x) => each_kind!(i, i => kernels::sparse_axpy3(a, i, h, x, u)),
        }
    }
}

impl Column<'_> {
    /// Samples `begin .. end` of a dense column, of a sparse one all.
    pub(crate) fn within(self, begin: usize, end: usize) -> Self {
        match self {
            Self::Dense(x) => Self::Dense(&x[begin..end]),
            Self::Sparse(..) => self,
        }
    }

    /// Number of stored entries.
    pub fn stored(&self) -> usize {
        match self {
            Self::Dense(x) | Self::Sparse(_, x) => x.len(),
        }
    }

    /// `sum_i x_i u_i` for each of the columns of `u`, n numbers each.
    pub fn dot_each(&self, n: usize, u: &[f64], out: &mut [f64]) {
        let mut done = 0;
        if let Self::Dense(x) = self {
            let together = u.chunks_exact(n.max(1) * kernels::TOGETHER);
            for (u, out) in together.zip(out.chunks_exact_mut(kernels::TOGETHER)) {
                let u = std::array::from_fn(|k| &u[k * n..(k + 1) * n]);
                out.copy_from_slice(&kernels::dot_each(x, u));
                done += kernels::TOGETHER;
            }
        }
        for (u, out) in u.chunks(n.max(1)).zip(out).skip(done) {
            *out = self.dot(u);
        }
    }

    /// `sum_i x_i (u_i - v_i s_i)`.
    #[inline]
    pub fn dot_less(&self, u: &[f64], v: &[f64], s: &[f64]) -> f64 {
        match self {
            Self::Dense(x) => kernels::dot_less(x, u, v, s),
            Self::Sparse(i, x) => each_kind!(i, i => kernels::sparse_dot_less(i, x, u, v, s)),
        }
    }

    /// `u_i <- u_i + a h_i x_i` and `d_i <- d_i + a x_i`.
    #[inline]
    pub fn axpy_both(&self, a: f64, h: &[f64], u: &mut [f64], d: &mut [f64]) {
        match self {
            Self::Dense(x) => kernels::axpy_both(a, h, x, u, d),
            Self::Sparse(..) => {
                self.axpy3(a, h, u);
                self.axpy(a, d);
            }
        }
    }

    /// `(sum_i h_i x_i, sum_i h_i x_i^2)`; `h = None` stands for ones.
    pub fn moments(&self, h: Option<&[f64]>) -> (f64, f64) {
        match (self, h) {
            (Self::Dense(x), None) => (kernels::sum(x), kernels::dot(x, x)),
            (Self::Dense(x), Some(h)) => (kernels::dot(x, h), kernels::dot3(x, x, h)),
            (Self::Sparse(_, x), None) => (kernels::sum(x), kernels::dot(x, x)),
            (Self::Sparse(i, x), Some(h)) => {
                each_kind!(i, i => i.iter().zip(*x).fold((0.0, 0.0), |(first, second), (i, x)| {
                    let hx = h[i.row()] * x;
                    (first + hx, second + hx * x)
                }))
            }
        }
    }
}
