//! The Cholesky factor of a part of the matrix of Newton steps, in place of the products of its columns:
//! the first ones of the stock. A part that has other rows and columns is not factored anew: what it has
//! beside is appended, and what it lacks is held at zero, by a curvature without end. A curvature that
//! changes is dealt with in the same way.
//!
//! With `M = L L'` and the rows `R` whose curvatures have changed by `D`, the solution of the system with
//! these curvatures is `L'^-1 (y - W K^-1 W'y)` for `y = L^-1 b` (`b` zero where `D` is infinite),
//! `W = L^-1 E_R` and `K = W'W + D^-1`. That system is positive definite where `K` has as many negative
//! eigenvalues as `D`. Once all this has cost as much as a factor with those curvatures would, the products
//! of the first of those rows and of all after it come back as `L L'`, and are factored with them.

use std::ops::Range;

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::kernels;

use super::cholesky::{self, solve_lower, solve_quasidefinite};
use super::stock::Stock;
use super::triangle::Triangle;

/// By how much of its diagonal entry a curvature may differ from the one that was factored: the rounding
/// of slopes read off a prox.
const SAME: f64 = 1e-9;

#[derive(Debug, Default)]
pub(super) struct SupportFactor {
    /// The penalty's curvature that each row was factored with; they are the first slots.
    curvatures: Vec<f64>,
    /// Multiplications spent on rows with other curvatures since they were factored with those last.
    spent: f64,
    /// The rows that now have another curvature, in ascending order.
    changed: Vec<Changed>,
    /// `L'v` of a product.
    along: Vec<f64>,
    /// `W`, its columns `stride` numbers after one another: the rows that they are of, and how many rows it has.
    panel: Vec<f64>,
    stride: usize,
    panel_rows: Vec<usize>,
    panel_length: usize,
    gram: Vec<f64>,
    /// The columns of `W` in the order of `system`, which is `K`: those that add to it last.
    sequence: Vec<usize>,
    system: Vec<f64>,
    multipliers: Vec<f64>,
}

/// A row whose curvature is not the one that it was factored with.
#[derive(Debug, Clone, Copy)]
struct Changed {
    row: usize,
    /// The reciprocal of the difference; 0 for a row to hold at zero.
    reciprocal: f64,
}

impl SupportFactor {
    /// Forgets the factor, with the products that it is in place of.
    pub fn clear(&mut self) {
        self.cut(0);
    }

    /// Number of rows and columns.
    pub fn len(&self) -> usize {
        self.curvatures.len()
    }

    /// Puts the products of the columns from `from` on back in their place.
    pub fn undo(&mut self, products: &mut Triangle, from: usize) {
        let from = from.min(self.len());
        cholesky::undo(products, from..self.len(), &self.curvatures[from..]);
        self.cut(from);
    }

    /// Makes it serve the system of all slots with these curvatures on the diagonal, which are infinite for
    /// those to hold at zero; slots may be exchanged. False where a part of it that is factored is not
    /// positive definite.
    pub fn renew(&mut self, stock: &mut Stock, wanted: &mut [f64]) -> bool {
        self.compare(stock.products(), wanted);
        let all = self.len() as f64;
        let free = wanted.iter().filter(|wanted| wanted.is_finite()).count() as f64;
        let (changed, fresh) = (self.changed.len() as f64, self.fresh_rows().count() as f64);
        let cost = 0.5 * (fresh * all + changed * changed) * all;
        let first = self.changed.first().map_or(all, |changed| changed.row as f64);
        if self.spent + cost > (free.powi(3) - first.powi(3)) / 3.0 {
            self.undo_changed(stock);
        } else {
            self.spent += cost;
        }
        let definite =
            self.append(stock, wanted) || (self.undo_changed(stock) && self.append(stock, wanted));
        self.compare(stock.products(), wanted);
        definite
    }

    /// Undoes the rows from the first one with another curvature on, if there is one.
    fn undo_changed(&mut self, stock: &mut Stock) -> bool {
        let Some(&Changed { row, .. }) = self.changed.first() else { return false };
        self.undo(stock.products_mut(), row);
        self.changed.clear();
        true
    }

    /// Appends the slots that are wanted and not there; false where it is not positive definite with them.
    fn append(&mut self, stock: &mut Stock, wanted: &mut [f64]) -> bool {
        let (mut at, mut end) = (self.len(), wanted.len());
        while at < end {
            if wanted[at].is_finite() {
                at += 1;
                continue;
            }
            end -= 1;
            if wanted[end].is_finite() {
                stock.exchange(at, end);
                wanted.swap(at, end);
            }
        }
        let products = stock.products_mut();
        while self.len() < end {
            let part = self.len()..end.min(Triangle::panel(self.len()).end);
            let wanted = &wanted[part.clone()];
            let mut definite = self.append_part(products, part.clone(), wanted);
            // Among curvatures of before it need not be definite where it is among those of now. Rows that
            // are the last ones cost the least as rows whose curvatures have changed.
            if !definite && !self.changed.is_empty() && wanted.iter().any(|wanted| *wanted < 0.0) {
                let lifted: Vec<f64> = wanted.iter().map(|wanted| wanted.max(0.0)).collect();
                definite = self.append_part(products, part, &lifted);
            }
            if !definite {
                return false;
            }
        }
        true
    }

    /// Appends columns that lie in one panel with these curvatures; false, and nothing, where it is not positive
    /// definite with them.
    fn append_part(
        &mut self,
        products: &mut Triangle,
        part: Range<usize>,
        curvatures: &[f64],
    ) -> bool {
        let definite = cholesky::append(products, part, curvatures);
        if definite {
            self.curvatures.extend_from_slice(curvatures);
        }
        definite
    }

    /// Solves the system that it serves for `right`, in place; false where that is not positive definite.
    pub fn solve(&mut self, products: &Triangle, right: &mut [f64]) -> bool {
        let (right, rest) = right.split_at_mut(self.len());
        rest.fill(0.0);
        self.clear_held(right);
        cholesky::forward(products, right);
        if !self.correct(products, right) {
            return false;
        }
        cholesky::backward(products, right);
        self.clear_held(right);
        true
    }

    /// Writes the zeros of the rows that are held there.
    fn clear_held(&self, x: &mut [f64]) {
        let held = self.changed.iter().filter(|changed| changed.reciprocal == 0.0);
        held.for_each(|held| x[held.row] = 0.0);
    }

    /// Adds its part of `M v` to those of the first slots of `out` that are among `slots`, the only ones where
    /// `v` may be nonzero.
    pub fn multiply(&mut self, products: &Triangle, slots: &[usize], v: &[f64], out: &mut [f64]) {
        self.along.clear();
        self.along.resize(self.len(), 0.0);
        let slots = slots.iter().filter(|slot| **slot < self.curvatures.len());
        for &slot in slots.clone() {
            if v[slot] != 0.0 {
                kernels::axpy(v[slot], products.column(slot), &mut self.along[..=slot]);
            }
        }
        for &slot in slots {
            let product = kernels::dot(products.column(slot), &self.along[..=slot]);
            out[slot] += product - self.curvatures[slot] * v[slot];
        }
    }

    /// Forgets the rows from `from` on.
    fn cut(&mut self, from: usize) {
        self.curvatures.truncate(from);
        self.panel_rows.clear();
        self.panel_length = 0;
        self.spent = 0.0;
    }

    /// Finds the rows with another curvature.
    fn compare(&mut self, products: &Triangle, wanted: &[f64]) {
        self.changed.clear();
        for (row, (wanted, factored)) in wanted.iter().zip(&self.curvatures).enumerate() {
            let difference = wanted - factored;
            // The product of the row with itself, and its curvature.
            let diagonal = || kernels::dot(products.column(row), products.column(row));
            if difference != 0.0
                && (difference.is_infinite() || difference.abs() > SAME * diagonal())
            {
                self.changed.push(Changed { row, reciprocal: 1.0 / difference });
            }
        }
    }

    /// The rows with another curvature whose columns of `W` are not there.
    fn fresh_rows(&self) -> impl Iterator<Item = usize> {
        let rows = self.changed.iter().map(|changed| changed.row);
        rows.filter(|row| !self.panel_rows.contains(row))
    }

    /// The reciprocal of the difference of a row, if it has another curvature.
    fn reciprocal(&self, row: usize) -> Option<f64> {
        let at = self.changed.binary_search_by_key(&row, |changed| changed.row).ok()?;
        Some(self.changed[at].reciprocal)
    }

    /// Makes `W` that of the rows with another curvature, out of what there is of it.
    fn renew_panel(&mut self, values: &Triangle) {
        let all = self.curvatures.len();
        if all > self.stride {
            self.panel_rows.clear();
            self.stride = all + all / 8;
        }
        let (stride, mut count) = (self.stride, 0);
        for at in 0..self.panel_rows.len() {
            let row = self.panel_rows[at];
            if self.reciprocal(row).is_some() {
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
                let factor = values.column(row);
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
        solve_lower(values.columns(all), first, panel);
        self.panel_rows.extend(fresh);
    }

    /// Takes from `y = L^-1 b` what other curvatures than those that were factored make of it; false where
    /// the matrix with them is not positive definite.
    fn correct(&mut self, products: &Triangle, y: &mut [f64]) -> bool {
        let Some(&Changed { row: first, .. }) = self.changed.first() else { return true };
        self.renew_panel(products);
        let (count, length, stride) = (self.changed.len(), y.len() - first, self.stride);
        let y = &mut y[first..];
        self.gram.resize(count * count, 0.0);
        let panel = MatRef::from_column_major_slice_with_stride(
            &self.panel[first..],
            length,
            count,
            stride,
        );
        matmul(
            MatMut::from_column_major_slice_mut(&mut self.gram, count, count),
            BlockStructure::TriangularLower,
            Accum::Replace,
            panel.transpose(),
            BlockStructure::Rectangular,
            panel,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        let reciprocals: Vec<f64> =
            self.panel_rows.iter().filter_map(|&row| self.reciprocal(row)).collect();
        self.sequence.clear();
        self.sequence.extend((0..count).filter(|&c| reciprocals[c] >= 0.0));
        let positive = self.sequence.len();
        self.sequence.extend((0..count).filter(|&c| reciprocals[c] < 0.0));
        self.system.clear();
        for &b in &self.sequence {
            let products = self.sequence.iter().map(|&a| self.gram[a.min(b) * count + a.max(b)]);
            self.system.extend(products);
        }
        for (c, &at) in self.sequence.iter().enumerate() {
            self.system[c * count + c] += reciprocals[at];
        }
        let column = |at: &usize| &self.panel[at * stride + first..][..length];
        self.multipliers.clear();
        self.multipliers.extend(self.sequence.iter().map(|at| kernels::dot(column(at), y)));
        let system = MatMut::from_column_major_slice_mut(&mut self.system, count, count);
        if !solve_quasidefinite(system, positive, &mut self.multipliers) {
            return false;
        }
        for (multiplier, at) in self.multipliers.iter().zip(&self.sequence) {
            kernels::axpy(-multiplier, column(at), y);
        }
        true
    }
}
