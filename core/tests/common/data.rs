//! Numbers and a pair of equal matrices.

use fenchel_core::{DenseMatrix, Matrix, SparseMatrix};

/// Numbers spread over about `(-1, 1)`, the same every time.
pub fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        2.0 * ((state >> 11) as f64 / (1u64 << 53) as f64) - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// One matrix with many zeros, a column of zeros, and columns that are not centred, stored twice.
pub fn dense_and_sparse(n: usize, p: usize) -> (Matrix, Matrix) {
    let entry = |(at, z): (usize, &f64)| match (at / n, at % 3) {
        (2, _) => 0.0,
        (_, 0) => 0.5 + z,
        (4, 1) => -3.0,
        _ => 0.0,
    };
    let values: Vec<f64> = noise(7, n * p).iter().enumerate().map(entry).collect();
    let (mut starts, mut indices, mut stored) = (vec![0], Vec::new(), Vec::new());
    for column in values.chunks(n) {
        for (i, x) in column.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            indices.push(i as u32);
            stored.push(*x);
        }
        starts.push(indices.len());
    }
    let sparse = SparseMatrix::new(n, p, starts, indices, stored).unwrap();
    (Matrix::Dense(DenseMatrix::new(n, p, values).unwrap()), Matrix::Sparse(sparse))
}
