//! How much memory a run will take, roughly: the numbers that are kept, not what the allocator makes
//! of them.

use fenchel_core::{Matrix, Shape};

/// Vectors of length n K that a solver keeps: predictor, gradient, curvature, residual, buffers.
const PREDICTOR_VECTORS: usize = 8;
/// Vectors of length p K: coefficients, gradient, prox, momentum, history of accelerators.
const COEFFICIENT_VECTORS: usize = 16;

/// An estimate in bytes: data, the working vectors of every solve that runs at once, copies of the
/// matrix for the folds that have rows of their own, and a path whose points all are full.
pub(super) fn estimate(
    matrix: &Matrix,
    shape: Shape,
    points: usize,
    (folds, shared): (usize, bool),
    threads: usize,
) -> u64 {
    let n = matrix.rows() as u64;
    let (k, p) = (shape.outputs as u64, shape.features as u64);
    let matrix = matrix.bytes() as u64;
    let solve = 8 * (PREDICTOR_VECTORS as u64 * n * k + COEFFICIENT_VECTORS as u64 * p * k + 2 * p);
    let own = if shared { 0 } else { matrix };
    let at_once = if folds > 0 { threads.min(folds + 1) as u64 } else { 1 };
    let copies = if folds > 0 { (threads.min(folds) as u64) * (own + 8 * n * k) } else { 0 };
    let paths = 16 * p * k * points as u64 * (1 + folds as u64).min(1 + at_once);
    matrix + 8 * n * k + at_once * solve + copies + paths
}
