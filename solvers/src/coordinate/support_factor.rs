//! The Cholesky factor of a part of the matrix of Newton steps. A part that has other rows and columns
//! is not factored anew: what it has beside is appended, and what it lacks is held at zero.
//!
//! With `M = L L'` and rows `R` to hold at zero, the solution of the system of the others is
//! `L'^-1 (y - W K^-1 W'y)` for `y = L^-1 b` (`b` zero in `R`), `W = L^-1 E_R` and `K = W'W`: the
//! multipliers of `x_R = 0`. Once that has cost as much as another factor would, that is made.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::{factor, solve};
use faer::linalg::matmul::matmul as multiply;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::linalg::triangular_solve;
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::kernels;

use super::stock::Stock;
use super::triangle::{Columns, Part, Triangle};

/// By how much of its diagonal entry a curvature may differ from the one that was factored: the rounding
/// of slopes read off a prox.
const SAME: f64 = 1e-9;

#[derive(Debug, Default)]
pub(super) struct SupportFactor {
    /// The slots of the rows, in their order.
    order: Vec<usize>,
    /// The penalty's curvature that each was factored with.
    curvatures: Vec<f64>,
    /// One more than the row of each slot; 0 for one that is not there.
    rows: Vec<usize>,
    /// `L'`.
    values: Triangle,
    /// Multiplications spent on rows held at zero since the factor was made.
    spent: f64,
    held: Vec<usize>,
    new: Vec<usize>,
    solution: Vec<f64>,
    /// `W`, its columns `stride` numbers after one another: the rows that they are of, and how many rows it has.
    panel: Vec<f64>,
    stride: usize,
    panel_rows: Vec<usize>,
    panel_length: usize,
    gram: Vec<f64>,
    multipliers: Vec<f64>,
}

impl SupportFactor {
    /// Forgets the factor.
    pub fn clear(&mut self) {
        self.order.clear();
        self.curvatures.clear();
        self.rows.clear();
        self.values.truncate(0);
        self.panel_rows.clear();
        self.panel_length = 0;
        self.spent = 0.0;
    }

    /// Solves the system of the slots that are `free`, with `curvatures` on the diagonal, for `right`, in
    /// place; what is not free becomes 0. All are slot by slot. False where that part is not positive
    /// definite.
    pub fn solve(
        &mut self,
        stock: &Stock,
        free: &[bool],
        curvatures: &[f64],
        right: &mut [f64],
    ) -> bool {
        self.compare(stock, free, curvatures);
        let (all, wanted) = (self.order.len() as f64, self.order.len() - self.held.len());
        let wanted = (wanted + self.new.len()) as f64;
        let (held, fresh) = (self.held.len() as f64, self.fresh_rows().count() as f64);
        let hold = 0.5 * (fresh * all + held * held) * all;
        if self.spent + hold > wanted * wanted * wanted / 6.0 {
            self.clear();
            self.compare(stock, free, curvatures);
        } else {
            self.spent += hold;
        }
        if !self.append(stock, curvatures) {
            return false;
        }
        self.solution.clear();
        let of = |slot: &usize| if free[*slot] { right[*slot] } else { 0.0 };
        self.solution.extend(self.order.iter().map(of));
        self.forward();
        if !self.hold() {
            return false;
        }
        self.backward();
        right.fill(0.0);
        for (&slot, &x) in self.order.iter().zip(&self.solution) {
            if free[slot] {
                right[slot] = x;
            }
        }
        true
    }

    /// Finds the rows to hold at zero and the slots to append. A row with another curvature makes the
    /// factor useless.
    fn compare(&mut self, stock: &Stock, free: &[bool], curvatures: &[f64]) {
        let other = |(&slot, &curvature): (&usize, &f64)| {
            let difference = (curvatures[slot] - curvature).abs();
            free[slot] && difference > SAME * (stock.product(slot, slot) + curvature).abs()
        };
        if self.order.iter().zip(&self.curvatures).any(other) {
            self.clear();
        }
        self.rows.resize(free.len(), 0);
        self.held.clear();
        self.held.extend((0..self.order.len()).filter(|&row| !free[self.order[row]]));
        self.new.clear();
        self.new.extend((0..free.len()).filter(|&slot| free[slot] && self.rows[slot] == 0));
    }

    /// Factors the rows and columns of `new` below the others.
    fn append(&mut self, stock: &Stock, curvatures: &[f64]) -> bool {
        let new = std::mem::take(&mut self.new);
        let mut left = new.as_slice();
        let mut definite = true;
        while definite && !left.is_empty() {
            let (slots, rest) = left.split_at(left.len().min(self.values.room()));
            definite = self.append_part(stock, curvatures, slots);
            left = rest;
        }
        self.new = new;
        definite
    }

    fn append_part(&mut self, stock: &Stock, curvatures: &[f64], slots: &[usize]) -> bool {
        let (old, new) = (self.order.len(), slots.len());
        self.values.grow(new);
        for (b, &slot) in slots.iter().enumerate() {
            let (own, column) = (stock.column(slot), self.values.column_mut(old + b));
            for (entry, &o) in column.iter_mut().zip(self.order.iter().chain(&slots[..=b])) {
                *entry = own.get(o).copied().unwrap_or_else(|| stock.product(o, slot));
            }
            column[old + b] += curvatures[slot];
        }
        let (before, columns) = self.values.split_mut(old);
        let (mut above, mut corner) = columns.split_at_row_mut(old);
        if old > 0 {
            solve_lower(before, 0, above.as_mut());
            matmul(
                corner.as_mut(),
                BlockStructure::TriangularUpper,
                Accum::Add,
                above.as_ref().transpose(),
                BlockStructure::Rectangular,
                above.as_ref(),
                BlockStructure::Rectangular,
                -1.0,
                Par::Seq,
            );
        }
        // Transposed, as the factorisation is made for columns.
        self.gram.resize(new * new, 0.0);
        for (b, column) in corner.as_ref().col_iter().enumerate() {
            (0..=b).for_each(|a| self.gram[a * new + b] = column[a]);
        }
        if !factored(MatMut::from_column_major_slice_mut(&mut self.gram, new, new)) {
            self.values.truncate(old);
            return false;
        }
        for (b, mut column) in corner.col_iter_mut().enumerate() {
            (0..=b).for_each(|a| column[a] = self.gram[a * new + b]);
        }
        for &slot in slots {
            self.order.push(slot);
            self.curvatures.push(curvatures[slot]);
            self.rows[slot] = self.order.len();
        }
        true
    }

    /// `solution <- L^-1 solution`.
    fn forward(&mut self) {
        for row in 0..self.order.len() {
            let column = self.values.column(row);
            let (before, rest) = self.solution.split_at_mut(row);
            rest[0] = (rest[0] - kernels::dot(&column[..row], before)) / column[row];
        }
    }

    /// `solution <- L'^-1 solution`.
    fn backward(&mut self) {
        for row in (0..self.order.len()).rev() {
            let column = self.values.column(row);
            let (before, rest) = self.solution.split_at_mut(row);
            rest[0] /= column[row];
            kernels::axpy(-rest[0], &column[..row], before);
        }
    }

    /// The rows to hold at zero whose columns of `W` are not there.
    fn fresh_rows(&self) -> impl Iterator<Item = usize> {
        self.held.iter().copied().filter(|row| !self.panel_rows.contains(row))
    }

    /// Makes `W` that of the rows to hold at zero, out of what there is of it.
    fn renew_panel(&mut self) {
        let all = self.order.len();
        if all > self.stride {
            self.panel_rows.clear();
            self.stride = all + all / 8;
        }
        let (stride, mut count) = (self.stride, 0);
        for at in 0..self.panel_rows.len() {
            let row = self.panel_rows[at];
            if self.held.binary_search(&row).is_ok() {
                self.panel
                    .copy_within(at * stride..at * stride + self.panel_length, count * stride);
                self.panel_rows[count] = row;
                count += 1;
            }
        }
        self.panel_rows.truncate(count);
        // Rows that the factor got since then.
        for column in self.panel.chunks_mut(stride).take(count) {
            for row in self.panel_length..all {
                let factor = self.values.column(row);
                column[row] = -kernels::dot(&factor[..row], &column[..row]) / factor[row];
            }
        }
        self.panel_length = all;
        let fresh: Vec<usize> = self.fresh_rows().collect();
        let Some(&first) = fresh.first() else { return };
        self.panel.resize((count + fresh.len()) * stride, 0.0);
        let columns = &mut self.panel[count * stride..];
        for (column, row) in columns.chunks_mut(stride).zip(&fresh) {
            column[..all].fill(0.0);
            column[*row] = 1.0;
        }
        // Rows above the first of them stay zero.
        let panel = MatMut::from_column_major_slice_with_stride_mut(
            &mut columns[first..],
            all - first,
            fresh.len(),
            stride,
        );
        solve_lower(self.values.columns(), first, panel);
        self.panel_rows.extend(fresh);
    }

    /// Takes from `y` what makes the rows to hold at zero move.
    fn hold(&mut self) -> bool {
        let (Some(&first), count) = (self.held.first(), self.held.len()) else { return true };
        self.renew_panel();
        let (length, stride) = (self.order.len() - first, self.stride);
        let moved = &mut self.solution[first..];
        let columns = || self.panel.chunks(stride).take(count).map(|c| &c[first..first + length]);
        self.multipliers.clear();
        self.multipliers.extend(columns().map(|column| kernels::dot(column, moved)));
        self.gram.resize(count * count, 0.0);
        let panel = MatRef::from_column_major_slice_with_stride(
            &self.panel[first..],
            length,
            count,
            stride,
        );
        let mut gram = MatMut::from_column_major_slice_mut(&mut self.gram, count, count);
        matmul(
            gram.as_mut(),
            BlockStructure::TriangularLower,
            Accum::Replace,
            panel.transpose(),
            BlockStructure::Rectangular,
            panel,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        if !factored(gram.as_mut()) {
            return false;
        }
        let right = MatMut::from_column_major_slice_mut(&mut self.multipliers, count, 1);
        let needs = solve::solve_in_place_scratch::<f64>(count, 1, Par::Seq);
        let mut memory = MemBuffer::new(needs);
        solve::solve_in_place(gram.as_ref(), right, Par::Seq, MemStack::new(&mut memory));
        for (multiplier, column) in self.multipliers.iter().zip(columns()) {
            kernels::axpy(-multiplier, column, moved);
        }
        true
    }
}

/// `right <- L^-1 right` for the rows and columns of `L` from `from` on, out of `L'`.
fn solve_lower(upper: Columns<'_>, from: usize, mut right: MatMut<'_, f64>) {
    for Part { first, end, matrix } in upper.parts(from, from) {
        let (solved, rest) = right.as_mut().split_at_row_mut(first - from);
        let mut here = rest.subrows_mut(0, end - first);
        let (above, corner) = matrix.split_at_row(first - from);
        if first > from {
            let (left, right) = (above.transpose(), solved.as_ref());
            multiply(here.as_mut(), Accum::Add, left, right, -1.0, Par::Seq);
        }
        triangular_solve::solve_lower_triangular_in_place(corner.transpose(), here, Par::Seq);
    }
}

/// Replaces the lower triangle of a matrix by its Cholesky factor; false where it is not positive definite.
fn factored(matrix: MatMut<'_, f64>) -> bool {
    let (size, parameters) = (matrix.nrows(), Default::default());
    let needs = factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, parameters);
    let mut memory = MemBuffer::new(needs);
    let stack = MemStack::new(&mut memory);
    factor::cholesky_in_place(matrix, Default::default(), Par::Seq, stack, parameters).is_ok()
}
