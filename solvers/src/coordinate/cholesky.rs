//! The Cholesky factor of the first columns of a symmetric matrix in place of them, a panel at a time,
//! and back: with `M + diag(shifts) = L L'`, the upper triangle of `M` is replaced by `L'`. The columns
//! after those keep what they hold.

use std::ops::Range;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::{ldlt, llt};
use faer::linalg::matmul::matmul as multiply;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::linalg::triangular_solve;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use fenchel_core::kernels;

use super::triangle::{Columns, Part, Triangle};

/// Replaces the columns of a range that lies in one panel, those before which are replaced; where that
/// part is not positive definite, false, and they are as they were but for rounding.
pub(super) fn append(values: &mut Triangle, range: Range<usize>, shifts: &[f64]) -> bool {
    let (old, new) = (range.start, range.len());
    let (before, columns) = values.split_mut(range);
    let (mut above, mut corner) = columns.split_at_row_mut(old);
    shift(corner.as_mut(), 1.0, shifts);
    if old > 0 {
        solve_lower(before, 0, above.as_mut());
        add_square(corner.as_mut(), -1.0, above.as_ref());
    }
    // Transposed, as the factorisation is made for columns.
    let mut lower = Mat::from_fn(new, new, |a, b| if a >= b { corner[(b, a)] } else { 0.0 });
    let definite = factored(lower.as_mut());
    if definite {
        for b in 0..new {
            (0..=b).for_each(|a| corner[(a, b)] = lower[(b, a)]);
        }
    } else {
        shift(corner.as_mut(), -1.0, shifts);
        if old > 0 {
            add_square(corner, 1.0, above.as_ref());
            multiply_lower(before, above);
        }
    }
    definite
}

/// Replaces columns of the factor, the last ones of it, by what they were.
pub(super) fn undo(values: &mut Triangle, range: Range<usize>, shifts: &[f64]) {
    let Range { start, mut end } = range;
    while end > start {
        let begin = start.max(Triangle::panel(end - 1).start);
        let (before, columns) = values.split_mut(begin..end);
        let (above, mut corner) = columns.split_at_row_mut(begin);
        // From the last entry on, so that what is read is still there.
        for b in (0..end - begin).rev() {
            for a in (0..=b).rev() {
                corner[(a, b)] = (0..=a).map(|c| corner[(c, a)] * corner[(c, b)]).sum();
            }
        }
        shift(corner.as_mut(), -1.0, &shifts[begin - start..end - start]);
        if begin > 0 {
            add_square(corner, 1.0, above.as_ref());
            multiply_lower(before, above);
        }
        end = begin;
    }
}

/// `x <- L^-1 x`.
pub(super) fn forward(values: &Triangle, x: &mut [f64]) {
    for row in 0..x.len() {
        let column = values.column(row);
        let (before, rest) = x.split_at_mut(row);
        rest[0] = (rest[0] - kernels::dot(&column[..row], before)) / column[row];
    }
}

/// `x <- L'^-1 x`.
pub(super) fn backward(values: &Triangle, x: &mut [f64]) {
    for row in (0..x.len()).rev() {
        let column = values.column(row);
        let (before, rest) = x.split_at_mut(row);
        rest[0] /= column[row];
        kernels::axpy(-rest[0], &column[..row], before);
    }
}

/// `right <- L^-1 right` for the rows and columns of `L` from `from` on.
pub(super) fn solve_lower(upper: Columns<'_>, from: usize, mut right: MatMut<'_, f64>) {
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

/// `right <- L right`, from the last rows on.
fn multiply_lower(upper: Columns<'_>, mut right: MatMut<'_, f64>) {
    let parts: Vec<_> = upper.parts(0, 0).collect();
    for Part { first, end, matrix } in parts.into_iter().rev() {
        let (before, rest) = right.as_mut().split_at_row_mut(first);
        let mut here = rest.subrows_mut(0, end - first);
        let old = here.to_owned();
        let (above, corner) = matrix.split_at_row(first);
        matmul(
            here.as_mut(),
            BlockStructure::Rectangular,
            Accum::Replace,
            corner.transpose(),
            BlockStructure::TriangularLower,
            old.as_ref(),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        if first > 0 {
            multiply(here, Accum::Add, above.transpose(), before.as_ref(), 1.0, Par::Seq);
        }
    }
}

/// Adds `factor diag(shifts)` to a matrix.
fn shift(mut to: MatMut<'_, f64>, factor: f64, shifts: &[f64]) {
    shifts.iter().enumerate().for_each(|(c, shift)| to[(c, c)] += factor * shift);
}

/// Adds `factor A'A` to the upper triangle of a matrix.
fn add_square(to: MatMut<'_, f64>, factor: f64, a: MatRef<'_, f64>) {
    matmul(
        to,
        BlockStructure::TriangularUpper,
        Accum::Add,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        factor,
        Par::Seq,
    );
}

/// Replaces the lower triangle of a matrix by its Cholesky factor; false where it is not positive definite.
fn factored(matrix: MatMut<'_, f64>) -> bool {
    let (size, parameters) = (matrix.nrows(), Default::default());
    let needs = llt::factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, parameters);
    let mut memory = MemBuffer::new(needs);
    let stack = MemStack::new(&mut memory);
    llt::factor::cholesky_in_place(matrix, Default::default(), Par::Seq, stack, parameters).is_ok()
}

/// Solves the system of a symmetric matrix, of which the lower triangle is read, for `right`, in place, where
/// the block of its first `positive` rows is positive definite and what is left of the others without
/// them is negative definite; else false. The triangle is replaced.
pub(super) fn solve_quasidefinite(
    mut matrix: MatMut<'_, f64>,
    positive: usize,
    right: &mut [f64],
) -> bool {
    let (size, parameters) = (matrix.nrows(), Default::default());
    let needs = ldlt::factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, parameters);
    let mut memory = MemBuffer::new(needs);
    let stack = MemStack::new(&mut memory);
    let here = matrix.as_mut();
    let factor = ldlt::factor::cholesky_in_place;
    if factor(here, Default::default(), Par::Seq, stack, parameters).is_err() {
        return false;
    }
    let pivots = (0..size).map(|c| matrix[(c, c)]);
    if !pivots.enumerate().all(|(c, d)| if c < positive { d > 0.0 } else { d < 0.0 }) {
        return false;
    }
    let right = MatMut::from_column_major_slice_mut(right, size, 1);
    let mut memory = MemBuffer::new(ldlt::solve::solve_in_place_scratch::<f64>(size, 1, Par::Seq));
    let stack = MemStack::new(&mut memory);
    let matrix = matrix.as_ref();
    ldlt::solve::solve_in_place(matrix, matrix.diagonal(), right, Par::Seq, stack);
    true
}

#[cfg(test)]
mod tests {
    use faer::MatMut;

    use super::super::testing::numbers;
    use super::super::triangle::Triangle;
    use super::{append, backward, forward, solve_quasidefinite, undo};

    /// Columns of three panels.
    const M: usize = 150;

    /// `A'A / M + 0.1 I`, which is positive definite.
    fn matrix() -> Triangle {
        let a = numbers(M * M);
        let mut triangle = Triangle::default();
        triangle.grow(M);
        for c in 0..M {
            for row in 0..=c {
                let (left, right) = (&a[row * M..][..M], &a[c * M..][..M]);
                let product: f64 = left.iter().zip(right).map(|(l, r)| l * r).sum();
                triangle.column_mut(c)[row] = product / M as f64 + f64::from(row == c) * 0.1;
            }
        }
        triangle
    }

    fn entry(triangle: &Triangle, a: usize, b: usize) -> f64 {
        triangle.column(a.max(b))[a.min(b)]
    }

    fn factor(triangle: &mut Triangle, len: usize, shifts: &[f64]) {
        let mut from = 0;
        while from < len {
            let end = len.min(from + 40).min(Triangle::panel(from).end);
            assert!(append(triangle, from..end, &shifts[from..end]));
            from = end;
        }
    }

    fn same(a: &Triangle, b: &Triangle) -> bool {
        (0..M).all(|c| a.column(c).iter().zip(b.column(c)).all(|(a, b)| (a - b).abs() < 1e-12))
    }

    #[test]
    fn the_factor_solves_the_system_and_is_undone_from_anywhere_on() {
        let before = matrix();
        let shifts: Vec<f64> = numbers(M).iter().map(|u| 0.5 + 0.4 * u).collect();
        for (len, from) in [(M, 0), (M, 64), (140, 70), (130, 129), (90, 90)] {
            let mut triangle = matrix();
            factor(&mut triangle, len, &shifts);
            let right = numbers(len);
            let mut x = right.clone();
            forward(&triangle, &mut x);
            backward(&triangle, &mut x);
            for a in 0..len {
                let product: f64 = (0..len).map(|b| entry(&before, a, b) * x[b]).sum();
                assert!((product + shifts[a] * x[a] - right[a]).abs() < 1e-9);
            }
            undo(&mut triangle, from..len, &shifts[from..len]);
            undo(&mut triangle, 0..from, &shifts[..from]);
            assert!(same(&triangle, &before), "{len}, {from}");
        }
    }

    #[test]
    fn columns_that_are_refused_are_as_they_were() {
        let (before, mut triangle) = (matrix(), matrix());
        let mut shifts = vec![0.0; M];
        factor(&mut triangle, 100, &shifts);
        shifts[120] = -1e3;
        assert!(!append(&mut triangle, 100..125, &shifts[100..125]));
        undo(&mut triangle, 0..100, &shifts[..100]);
        assert!(same(&triangle, &before));
    }

    #[test]
    fn a_quasidefinite_system_is_solved_and_another_one_is_refused() {
        // Positive definite, and negative definite without the first two rows.
        let matrix = [[2.0, 0.5, 1.0], [0.5, 1.0, -1.0], [1.0, -1.0, -3.0]];
        let flat = || -> Vec<f64> { matrix.concat() };
        let mut right = vec![1.0, -2.0, 0.5];
        let mut lower = flat();
        let columns = MatMut::from_column_major_slice_mut(&mut lower, 3, 3);
        assert!(solve_quasidefinite(columns, 2, &mut right));
        for (row, expected) in matrix.iter().zip([1.0, -2.0, 0.5]) {
            let product: f64 = row.iter().zip(&right).map(|(m, x)| m * x).sum();
            assert!((product - expected).abs() < 1e-12);
        }
        for positive in [0, 1, 3] {
            let mut lower = flat();
            let columns = MatMut::from_column_major_slice_mut(&mut lower, 3, 3);
            assert!(!solve_quasidefinite(columns, positive, &mut right), "{positive}");
        }
    }
}
