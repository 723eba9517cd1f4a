//! Shrinks singular values by the eigenvectors of the Gram matrix that lie above the threshold.
//!
//! With `V = sum_r sigma_r u_r w_r'` the prox of the nuclear norm is `V W diag(1 - t / sigma) W'` over
//! `sigma_r > t`, and the `w_r` are eigenvectors of `V'V`. That matrix is brought to tridiagonal form,
//! and only the eigenvalues above `t^2` are computed, by bisection, with their vectors by inverse
//! iteration (`tridiagonal.rs`).
//!
//! A Gram matrix squares the condition: rounding moves its eigenvalues by `eps sigma_1^2`, and the
//! prox by `eps sigma_1^2 / t`, as it is a smooth function of `V'V` above the threshold and shrinks
//! what is near it to almost nothing. So it is used where `sigma_1 / t` is at most [`REACH`].
//!
//! Source: Golub & Van Loan (2013), Matrix Computations, section 8.3.1 (tridiagonal form).

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::tridiag::{tridiag_in_place, tridiag_in_place_scratch};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as transform_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as transform,
};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{BlockStructure, matmul as matmul_triangular};
use faer::linalg::qr::no_pivoting::factor::recommended_block_size;
use faer::{Accum, Conj, Mat, MatMut, MatRef, Par};
use fenchel_core::kernels;

use crate::tridiagonal::Tridiagonal;

/// Largest Frobenius norm, in thresholds.
const REACH: f64 = 1e3;

/// Below this the whole decomposition takes no time.
const SMALLEST: usize = 24;

/// Writes the prox at `v`, of `outputs` columns, to `out` and returns the sum of the shrunk singular
/// values; `None`, with `out` as it was, where the whole decomposition is more accurate or cheaper.
pub(crate) fn shrink(v: &[f64], outputs: usize, threshold: f64, out: &mut [f64]) -> Option<f64> {
    let p = v.len() / outputs;
    let m = p.min(outputs);
    let size = kernels::norm2(v);
    let ordinary = size.is_finite() && (1e-100..1e100).contains(&threshold);
    if m < SMALLEST || !ordinary || size > REACH * threshold {
        return None;
    }
    if size <= threshold {
        out.fill(0.0);
        return Some(0.0);
    }
    let whole = MatRef::from_column_major_slice(v, p, outputs);
    let tall = if p >= outputs { whole } else { whole.transpose() };
    let vectors = leading(tall, threshold * threshold)?;
    let rank = vectors.ncols();
    if rank == 0 {
        out.fill(0.0);
        return Some(0.0);
    }
    // sigma u = V w, whose length is more accurate than the root of the eigenvalue.
    let mut images = Mat::zeros(tall.nrows(), rank);
    matmul(images.as_mut(), Accum::Replace, tall, vectors.as_ref(), 1.0, Par::Seq);
    let mut total = 0.0;
    for mut image in images.col_iter_mut() {
        let sigma = image.norm_l2();
        let shrunk = (sigma - threshold).max(0.0);
        total += shrunk;
        image *= faer::Scale(if shrunk > 0.0 { shrunk / sigma } else { 0.0 });
    }
    let out = MatMut::from_column_major_slice_mut(out, p, outputs);
    let out = if p >= outputs { out } else { out.transpose_mut() };
    matmul(out, Accum::Replace, images.as_ref(), vectors.transpose(), 1.0, Par::Seq);
    Some(total)
}

/// The eigenvectors of `A'A` with eigenvalues above `above`; `None` where they are many, or one of
/// them is not found.
fn leading(a: MatRef<'_, f64>, above: f64) -> Option<Mat<f64>> {
    let m = a.ncols();
    let mut gram = Mat::<f64>::zeros(m, m);
    matmul_triangular(
        gram.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    let block = recommended_block_size::<f64>(m - 1, m - 1);
    let mut reflectors = Mat::<f64>::zeros(block, m - 1);
    let params = Default::default();
    let mut buffer = MemBuffer::new(tridiag_in_place_scratch::<f64>(m, Par::Seq, params));
    let stack = MemStack::new(&mut buffer);
    tridiag_in_place(gram.as_mut(), reflectors.as_mut(), Par::Seq, stack, params);
    let tridiagonal = Tridiagonal {
        diagonal: (0..m).map(|i| gram[(i, i)]).collect(),
        beside: (1..m).map(|i| gram[(i, i - 1)]).collect(),
    };
    let values = tridiagonal.eigenvalues_above(above)?;
    let mut vectors = tridiagonal.eigenvectors(&values)?;
    let rank = vectors.ncols();
    if rank == 0 {
        return Some(vectors);
    }
    let mut buffer = MemBuffer::new(transform_scratch::<f64>(m - 1, block, rank));
    transform(
        gram.submatrix(1, 0, m - 1, m - 1),
        reflectors.as_ref(),
        Conj::No,
        vectors.subrows_mut(1, m - 1),
        Par::Seq,
        MemStack::new(&mut buffer),
    );
    Some(vectors)
}

#[cfg(test)]
mod tests {
    use super::{REACH, shrink};
    use crate::svd::svd;

    fn numbers(seed: u64, count: usize) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        (0..count).map(|_| next()).collect()
    }

    /// `sum_r size_r a_r b_r'` plus noise.
    fn low_rank(seed: u64, p: usize, outputs: usize, sizes: &[f64], noise: f64) -> Vec<f64> {
        let mut v: Vec<f64> = numbers(seed, p * outputs).iter().map(|e| noise * e).collect();
        for (r, size) in sizes.iter().enumerate() {
            let a = numbers(seed + 10 + r as u64, p);
            let b = numbers(seed + 100 + r as u64, outputs);
            for (k, b) in b.iter().enumerate() {
                for (j, a) in a.iter().enumerate() {
                    v[j + k * p] += size * a * b;
                }
            }
        }
        v
    }

    /// The prox by the whole decomposition, the sum of its singular values, and the largest of `v`.
    fn by_svd(v: &[f64], outputs: usize, threshold: f64) -> (Vec<f64>, f64, f64) {
        let p = v.len() / outputs;
        let parts = svd(v, outputs).unwrap();
        let (mut out, mut total) = (vec![0.0; v.len()], 0.0);
        for ((value, left), right) in parts.values.iter().zip(&parts.left).zip(&parts.right) {
            let shrunk = (value - threshold).max(0.0);
            total += shrunk;
            for (k, r) in right.iter().enumerate() {
                for (j, l) in left.iter().enumerate() {
                    out[j + k * p] += shrunk * l * r;
                }
            }
        }
        (out, total, parts.values[0])
    }

    /// Compares to `digits` of the largest singular value.
    #[track_caller]
    fn agrees(v: &[f64], outputs: usize, threshold: f64, digits: f64) {
        let (expected, sum, top) = by_svd(v, outputs, threshold);
        let mut out = vec![f64::NAN; v.len()];
        let total = shrink(v, outputs, threshold, &mut out).expect("within reach");
        assert!((total - sum).abs() <= 10.0 * digits * top, "{total} is not {sum}");
        for (out, expected) in out.iter().zip(&expected) {
            assert!((out - expected).abs() <= digits * top, "{out} is not {expected}, of {top}");
        }
    }

    #[test]
    fn the_prox_is_that_of_the_whole_decomposition() {
        for (p, outputs) in [(60, 40), (40, 60), (50, 50), (200, 30), (30, 300)] {
            for noise in [0.0, 0.1, 1.0] {
                let v = low_rank(1, p, outputs, &[30.0, 20.0, 1.0, 1.0], noise);
                let top = by_svd(&v, outputs, 0.0).2;
                for share in [0.02, 0.2, 0.5, 0.999, 1.5] {
                    let mut out = vec![0.0; v.len()];
                    if noise == 1.0 && shrink(&v, outputs, share * top, &mut out).is_none() {
                        assert!(share < 0.2, "{share}");
                        continue;
                    }
                    agrees(&v, outputs, share * top, 1e-12);
                }
            }
        }
    }

    #[test]
    fn it_is_accurate_up_to_the_largest_ratio_that_it_takes_on() {
        for (p, outputs) in [(80, 60), (60, 80)] {
            // Singular values on both sides of the threshold, far below the largest.
            let sizes = [1e3, 1e2, 2.0, 1.5, 1.2, 1.1, 1.0, 0.9, 0.8];
            let v = low_rank(3, p, outputs, &sizes, 1e-3);
            let size = fenchel_core::kernels::norm2(&v);
            agrees(&v, outputs, 1.01 * size / REACH, 1e-12);
            let mut out = vec![7.0; v.len()];
            assert_eq!(shrink(&v, outputs, 0.99 * size / REACH, &mut out), None);
            assert!(out.iter().all(|out| *out == 7.0));
        }
    }

    #[test]
    fn repeated_singular_values_and_values_at_the_threshold_are_no_trouble() {
        let m = 64;
        let diagonal = |entry: &dyn Fn(usize) -> f64| {
            let mut v = vec![0.0; m * m];
            // Not on the diagonal, so that left and right vectors differ.
            (0..m).for_each(|i| v[(i + 5) % m + m * i] = entry(i));
            v
        };
        for threshold in [0.5, 1.0, 2.0, 2.9] {
            agrees(&diagonal(&|i| if i % 4 == 0 { 3.0 } else { 1e-9 }), m, threshold, 1e-13);
            agrees(&diagonal(&|i| [3.0, 2.0, 0.4][(i % 8).min(2)]), m, threshold, 1e-13);
        }
        // The same between random rotations.
        let rotated = |v: &[f64]| -> Vec<f64> {
            let parts = svd(&numbers(5, m * m), m).unwrap();
            let mut out = vec![0.0; m * m];
            for i in 0..m {
                let size = v[(i + 5) % m + m * i];
                for (k, r) in parts.right[i].iter().enumerate() {
                    for (j, l) in parts.left[i].iter().enumerate() {
                        out[j + k * m] += size * l * r;
                    }
                }
            }
            out
        };
        let v = rotated(&diagonal(&|i| [3.0, 2.0, 0.4][(i % 8).min(2)]));
        for threshold in [0.5, 1.0, 2.0, 2.9] {
            agrees(&v, m, threshold, 1e-12);
        }
    }

    #[test]
    fn what_it_is_not_made_for_is_left_to_the_whole_decomposition() {
        let mut out = vec![0.0; 2500];
        let v = numbers(2, 2500);
        // Most singular values are above the threshold.
        assert_eq!(shrink(&v, 50, 0.05, &mut out), None);
        assert_eq!(shrink(&v[..40], 10, 0.1, &mut out[..40]), None);
        let wild: Vec<f64> = v.iter().map(|v| 1e200 * v).collect();
        assert_eq!(shrink(&wild, 50, 1e200, &mut out), None);
        for bad in [f64::NAN, f64::INFINITY] {
            let mut v = v.clone();
            v[77] = bad;
            assert_eq!(shrink(&v, 50, 3.0, &mut out), None);
        }
        let mut zeros = [1.0; 2500];
        assert_eq!(shrink(&[0.0; 2500], 50, 1.0, &mut zeros), Some(0.0));
        assert_eq!(zeros, [0.0; 2500]);
    }
}
