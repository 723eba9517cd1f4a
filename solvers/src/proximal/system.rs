//! The Newton system of a proximal point's dual,
//! `(diag(h) + sum_c w_c a_c a_c') d = r` over the columns `a_c` that move.
//!
//! With fewer columns than samples it is solved through
//! `M = diag(1 / w) + A' diag(1 / h) A`, else as it stands. Where most `h` are one number `h_0`, as
//! under a piecewise linear loss, `M` is put together from products of whole columns over `h_0` and
//! the few rows that differ.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, MatMut, Par, Side};
use fenchel_core::kernels;

use super::columns::Columns;

/// The columns that move, by place, with their weights.
#[derive(Debug, Default)]
pub(crate) struct Moving {
    pub places: Vec<usize>,
    pub weights: Vec<f64>,
}

/// Solves in place: `d` comes in as `r`. `None` where the system is not positive definite.
pub(crate) fn solve(columns: &Columns, moving: &Moving, h: &[f64], d: &mut [f64]) -> Option<()> {
    if moving.places.len() > h.len() {
        return directly(columns, moving, h, d);
    }
    let m = moving.places.len();
    d.iter_mut().zip(h).for_each(|(d, h)| *d /= h);
    let mut w: Vec<f64> =
        moving.places.iter().map(|&place| kernels::dot(columns.column(place), d)).collect();
    let mut matrix = Mat::<f64>::zeros(m, m);
    let common = h.iter().fold(0.0f64, |top, h| top.max(*h));
    let rows: Vec<usize> = (0..h.len()).filter(|&i| h[i] != common).collect();
    let few = 2 * rows.len() <= h.len();
    for (c, &place) in moving.places.iter().enumerate() {
        if few {
            for (r, &other) in moving.places.iter().enumerate().skip(c) {
                matrix[(r, c)] = columns.product(other, place) / common;
            }
        }
        matrix[(c, c)] += 1.0 / moving.weights[c];
    }
    // The rest is a sum over rows, with weights that are not negative.
    let (rows, weights): (Vec<usize>, Vec<f64>) = match few {
        true => rows.iter().map(|&i| (i, (1.0 / h[i] - 1.0 / common).sqrt())).unzip(),
        false => h.iter().enumerate().map(|(i, h)| (i, (1.0 / h).sqrt())).unzip(),
    };
    let mut scaled = Mat::<f64>::zeros(rows.len(), m);
    for (c, &place) in moving.places.iter().enumerate() {
        let column = columns.column(place);
        for ((out, &i), weight) in scaled.col_as_slice_mut(c).iter_mut().zip(&rows).zip(&weights) {
            *out = weight * column[i];
        }
    }
    matmul(
        matrix.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        scaled.as_ref().transpose(),
        BlockStructure::Rectangular,
        scaled.as_ref(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    let factor = matrix.llt(Side::Lower).ok()?;
    factor.solve_in_place(MatMut::from_column_major_slice_mut(&mut w, m, 1));
    // d = H^-1 (r - A w).
    let mut back = vec![0.0; d.len()];
    for (&place, w) in moving.places.iter().zip(&w) {
        kernels::axpy(*w, columns.column(place), &mut back);
    }
    d.iter_mut().zip(&back).zip(h).for_each(|((d, b), h)| *d -= b / h);
    d.iter().all(|d| d.is_finite()).then_some(())
}

/// Forms the matrix in the samples.
fn directly(columns: &Columns, moving: &Moving, h: &[f64], d: &mut [f64]) -> Option<()> {
    let n = h.len();
    let mut matrix = Mat::<f64>::zeros(n, n);
    let mut scaled = Mat::<f64>::zeros(n, moving.places.len());
    for (c, (&place, weight)) in moving.places.iter().zip(&moving.weights).enumerate() {
        let root = weight.sqrt();
        let out = scaled.col_as_slice_mut(c);
        out.iter_mut().zip(columns.column(place)).for_each(|(out, x)| *out = root * x);
    }
    matmul(
        matrix.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        scaled.as_ref(),
        BlockStructure::Rectangular,
        scaled.as_ref().transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    (0..n).for_each(|i| matrix[(i, i)] += h[i]);
    let factor = matrix.llt(Side::Lower).ok()?;
    factor.solve_in_place(MatMut::from_column_major_slice_mut(d, n, 1));
    d.iter().all(|d| d.is_finite()).then_some(())
}
