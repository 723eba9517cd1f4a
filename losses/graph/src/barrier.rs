//! The log-determinant barrier of acyclic graphs, and the inverse that is its gradient.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};

/// Rows up to which a block is inverted entry by entry.
const LEAF: usize = 32;

/// `h_s(W) = d log s - log det(s I - W o W)`, `+inf` unless `s I - W o W` is an M-matrix: 0 where W is
/// the weights of an acyclic graph, greater than 0 elsewhere.
/// - Shapes: `weights` is d x d, column by column; the diagonal is taken as 0.
/// - Source: Bello, Aragam & Ravikumar (2022), NeurIPS, theorem 1.
pub fn log_det_barrier(weights: &[f64], d: usize, s: f64) -> f64 {
    let mut matrix = vec![0.0; d * d];
    let mut scratch = vec![0.0; d * d];
    shifted(weights, d, s, &mut matrix);
    invert(&mut matrix, d, s, &mut scratch).unwrap_or(f64::INFINITY)
}

/// `out <- s I - W o W` with a diagonal of `s`.
pub(crate) fn shifted(weights: &[f64], d: usize, s: f64, out: &mut [f64]) {
    for (m, w) in out.iter_mut().zip(weights) {
        *m = -w * w;
    }
    (0..d).for_each(|j| out[j * (d + 1)] = s);
}

/// Inverts in place a matrix with no positive entry off the diagonal, and returns
/// `d log s - log det`; `None` where it is not an M-matrix, and then the matrix is unspecified.
///
/// Elimination without interchange is stable here, and all of its pivots are greater than 0 if and
/// only if the matrix is an M-matrix, so that the test of the domain is exact and costs nothing.
/// `scratch` has d^2 entries. Source: Berman & Plemmons (1994), theorem 6.2.3, condition E18.
pub(crate) fn invert(matrix: &mut [f64], d: usize, s: f64, scratch: &mut [f64]) -> Option<f64> {
    if d <= LEAF {
        eliminate(matrix, d, s)
    } else {
        by_blocks(MatMut::from_column_major_slice_mut(matrix, d, d), s, scratch)
    }
}

/// Gauss-Jordan in place.
fn eliminate(a: &mut [f64], d: usize, s: f64) -> Option<f64> {
    let mut barrier = 0.0;
    let mut pivot_column = [0.0; LEAF];
    let pivot_column = &mut pivot_column[..d];
    for k in 0..d {
        let pivot = a[k * (d + 1)];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        // Exactly 0 where no cycle passes through.
        barrier -= (pivot / s).ln();
        let inverse = 1.0 / pivot;
        pivot_column.copy_from_slice(&a[k * d..(k + 1) * d]);
        pivot_column[k] = 0.0;
        for (j, column) in a.chunks_exact_mut(d).enumerate() {
            if j == k {
                column.iter_mut().for_each(|x| *x *= -inverse);
                column[k] = inverse;
                continue;
            }
            let factor = column[k] * inverse;
            for (x, p) in column.iter_mut().zip(&*pivot_column) {
                *x -= factor * p;
            }
            column[k] = factor;
        }
    }
    Some(barrier)
}

/// By halves: of `[A B; C D]` the block `A`, then its Schur complement `D - C A^-1 B`, which is an
/// M-matrix where the whole is one.
fn by_blocks(a: MatMut<'_, f64>, s: f64, scratch: &mut [f64]) -> Option<f64> {
    let d = a.nrows();
    if d <= LEAF {
        return leaf(a, s);
    }
    let half = d / 2;
    let (rest, block) = (d - half, half * (d - half));
    let (mut a, mut b, mut c, mut e) = a.split_at_mut(half, half);
    let (left, inner) = scratch.split_at_mut(block);
    let (right, inner) = inner.split_at_mut(block);
    let mut barrier = by_blocks(a.as_mut(), s, inner)?;
    let mut ab = MatMut::from_column_major_slice_mut(left, half, rest);
    let mut ca = MatMut::from_column_major_slice_mut(right, rest, half);
    let (new, add, one) = (Accum::Replace, Accum::Add, Par::Seq);
    matmul(ab.as_mut(), new, a.as_ref(), b.as_ref(), 1.0, one);
    matmul(ca.as_mut(), new, c.as_ref(), a.as_ref(), 1.0, one);
    matmul(e.as_mut(), add, c.as_ref(), ab.as_ref(), -1.0, one);
    barrier += by_blocks(e.as_mut(), s, inner)?;
    matmul(b.as_mut(), new, ab.as_ref(), e.as_ref(), -1.0, one);
    matmul(c.as_mut(), new, e.as_ref(), ca.as_ref(), -1.0, one);
    matmul(a.as_mut(), add, b.as_ref(), ca.as_ref(), -1.0, one);
    Some(barrier)
}

/// A block of few rows, by way of a copy without gaps.
fn leaf(mut a: MatMut<'_, f64>, s: f64) -> Option<f64> {
    let d = a.nrows();
    let mut copy = [0.0; LEAF * LEAF];
    let copy = &mut copy[..d * d];
    for j in 0..d {
        for i in 0..d {
            copy[i + d * j] = a[(i, j)];
        }
    }
    let barrier = eliminate(copy, d, s)?;
    for j in 0..d {
        for i in 0..d {
            a[(i, j)] = copy[i + d * j];
        }
    }
    Some(barrier)
}

#[cfg(test)]
mod tests {
    use fenchel_laws::Random;

    use super::*;

    fn random_weights(d: usize, deviation: f64, upper: bool) -> Vec<f64> {
        let mut weights = Random::new(d as u64).normals(d * d, deviation);
        for j in 0..d {
            for i in 0..d {
                if i == j || (upper && i > j) {
                    weights[i + d * j] = 0.0;
                }
            }
        }
        weights
    }

    #[test]
    fn acyclic_weights_have_no_barrier_whatever_their_size() {
        for d in [1, 2, 7, 32, 33, 80] {
            for s in [0.7, 1.0] {
                let h = log_det_barrier(&random_weights(d, 1.5, true), d, s);
                assert!(h.abs() < 1e-12, "d = {d}, s = {s}: {h}");
            }
        }
    }

    #[test]
    fn a_cycle_has_a_barrier_that_ends_with_the_domain() {
        // Eigenvalues of W o W are +- a b: det(s I - W o W) = s^2 - (a b)^2.
        let (a, b, s) = (0.8, -0.7, 0.9);
        let h = log_det_barrier(&[0.0, a, b, 0.0], 2, s);
        let by_hand = 2.0 * s.ln() - (s * s - (a * b) * (a * b)).ln();
        assert!((h - by_hand).abs() < 1e-15 && h > 0.0);
        assert_eq!(log_det_barrier(&[0.0, 1.0, 0.95, 0.0], 2, s), f64::INFINITY);
        // The determinant is positive again beyond two crossings, the domain does not return.
        let two =
            |w: f64| vec![0.0, w, 0.0, 0.0, w, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, w, 0.0, 0.0, w, 0.0];
        assert_eq!(log_det_barrier(&two(2.0), 4, s), f64::INFINITY);
    }

    #[test]
    fn the_inverse_is_one_in_every_size() {
        for d in [1, 3, 32, 33, 65, 100] {
            let weights = random_weights(d, 0.5 / (d as f64).sqrt(), false);
            let (mut matrix, mut inverse) = (vec![0.0; d * d], vec![0.0; d * d]);
            shifted(&weights, d, 0.9, &mut matrix);
            inverse.copy_from_slice(&matrix);
            assert!(invert(&mut inverse, d, 0.9, &mut vec![0.0; d * d]).is_some());
            for (i, j) in (0..d).flat_map(|i| (0..d).map(move |j| (i, j))) {
                let entry: f64 = (0..d).map(|k| matrix[i + d * k] * inverse[k + d * j]).sum();
                let unit = f64::from(i == j);
                assert!((entry - unit).abs() < 1e-12, "d = {d}, entry {i}, {j}: {entry}");
            }
            assert!(inverse.iter().all(|x| *x >= 0.0), "the inverse of an M-matrix");
        }
    }
}
