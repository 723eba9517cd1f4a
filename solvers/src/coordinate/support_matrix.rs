//! The matrix of Newton steps on a support, `Z'HZ` with the free parameters taken out plus the
//! penalty's curvatures, and the solution of systems with a part of it.
//!
//! Dense columns are taken a block of rows at a time, so that beside the matrix and its factor
//! (m x m each) there is room for one block only.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::{factor, solve};
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::{Design, Matrix};

use super::support::Quadratic;
use super::units::Curvatures;

/// Numbers of a block of rows: they stay in the second-level cache.
const BLOCK: usize = 1 << 15;

/// Rows that a block has at least.
const ROWS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct SupportMatrix {
    size: usize,
    /// Both triangles.
    matrix: Vec<f64>,
    /// A part of it, and its factor in place.
    factor: Vec<f64>,
    block: Vec<f64>,
    weighted: Vec<f64>,
}

impl SupportMatrix {
    /// Forms the matrix of the columns `features` under the curvature of column `k` of the predictor;
    /// `curvatures` are added to the diagonal.
    pub fn form(
        &mut self,
        design: &Design,
        model: &dyn Quadratic,
        k: usize,
        features: &[usize],
        curvatures: impl Iterator<Item = f64>,
    ) {
        let m = features.len();
        self.size = m;
        match **design.matrix() {
            Matrix::Dense(_) => self.add_up_blocks(design, model.weights(k), features),
            Matrix::Sparse(_) => self.pair_columns(design, model.weights(k), features),
        }
        model.eliminate(k, design, features, &mut self.matrix);
        for (b, curvature) in curvatures.enumerate() {
            self.matrix[b * m + b] += curvature;
            for a in b + 1..m {
                self.matrix[a * m + b] = self.matrix[b * m + a];
            }
        }
    }

    /// The lower triangle of `Z'HZ` as a sum of products over blocks of rows.
    fn add_up_blocks(&mut self, design: &Design, weights: Curvatures<'_>, features: &[usize]) {
        let (n, m) = (design.samples(), features.len());
        self.matrix.resize(m * m, 0.0);
        let rows = (BLOCK / m.max(1)).max(ROWS).min(n);
        for begin in (0..n).step_by(rows.max(1)) {
            let length = rows.min(n - begin);
            self.block.resize(length * m, 0.0);
            for (&j, part) in features.iter().zip(self.block.chunks_mut(length)) {
                design.column_rows(j, begin, part);
            }
            let (factor, right) = match weights {
                Curvatures::Uniform(h) => (h, &self.block),
                Curvatures::Each(h) => {
                    self.weighted.clone_from(&self.block);
                    let h = Curvatures::Each(&h[begin..begin + length]);
                    self.weighted.chunks_mut(length).for_each(|part| h.weigh(part));
                    (1.0, &self.weighted)
                }
            };
            matmul(
                MatMut::from_column_major_slice_mut(&mut self.matrix, m, m),
                BlockStructure::TriangularLower,
                if begin == 0 { Accum::Replace } else { Accum::Add },
                MatRef::from_column_major_slice(&self.block, length, m).transpose(),
                BlockStructure::Rectangular,
                MatRef::from_column_major_slice(right, length, m),
                BlockStructure::Rectangular,
                factor,
                Par::Seq,
            );
        }
    }

    /// The same pair by pair, for sparse columns.
    fn pair_columns(&mut self, design: &Design, weights: Curvatures<'_>, features: &[usize]) {
        self.weighted.clear();
        self.weighted.resize(design.samples(), 1.0);
        weights.weigh(&mut self.weighted);
        self.matrix = design.weighted_products(features, &self.weighted, features);
    }

    /// Column `c` of the matrix.
    pub fn column(&self, c: usize) -> &[f64] {
        &self.matrix[c * self.size..(c + 1) * self.size]
    }

    /// Solves the system of the rows and columns `free` for `right`, in place; false where that part
    /// is not positive definite.
    pub fn solve(&mut self, free: &[usize], right: &mut [f64]) -> bool {
        let (m, size) = (self.size, free.len());
        self.factor.clear();
        for &b in free {
            let column = &self.matrix[b * m..(b + 1) * m];
            self.factor.extend(free.iter().map(|&a| column[a]));
        }
        let needs = factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, Default::default())
            .or(solve::solve_in_place_scratch::<f64>(size, 1, Par::Seq));
        let mut memory = MemBuffer::new(needs);
        let factored = factor::cholesky_in_place(
            MatMut::from_column_major_slice_mut(&mut self.factor, size, size),
            Default::default(),
            Par::Seq,
            MemStack::new(&mut memory),
            Default::default(),
        );
        if factored.is_err() {
            return false;
        }
        solve::solve_in_place(
            MatRef::from_column_major_slice(&self.factor, size, size),
            MatMut::from_column_major_slice_mut(right, size, 1),
            Par::Seq,
            MemStack::new(&mut memory),
        );
        true
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::{Column, DenseMatrix, Design, Matrix, SparseMatrix};

    use super::super::support::Quadratic;
    use super::super::testing::numbers;
    use super::super::units::Curvatures;
    use super::SupportMatrix;

    /// Curvatures, and no free parameters.
    struct Weights<'a>(Curvatures<'a>);

    impl Quadratic for Weights<'_> {
        fn outputs(&self) -> usize {
            1
        }
        fn weighted_residual(&self, _: usize, _: &mut Vec<f64>) {}
        fn weights(&self, _: usize) -> Curvatures<'_> {
            self.0
        }
        fn eliminate(&self, _: usize, _: &Design, _: &[usize], _: &mut [f64]) {}
    }

    /// So many columns that their rows come in several blocks, the last of which is not whole.
    const N: usize = 150;
    const P: usize = 600;

    fn designs() -> Vec<Design> {
        let values = numbers(N * P);
        let (mut starts, mut indices) = (vec![0], Vec::new());
        for _ in 0..P {
            indices.extend(0..N as u32);
            starts.push(indices.len());
        }
        let sparse = SparseMatrix::new(N, P, starts, indices, values.clone()).unwrap();
        let dense = DenseMatrix::new(N, P, values).unwrap();
        vec![
            Design::standardized(Matrix::Dense(dense), None),
            Design::standardized(Matrix::Sparse(sparse), None),
        ]
    }

    fn columns(design: &Design) -> Vec<Vec<f64>> {
        let mut columns = vec![vec![0.0; N]; P];
        columns.iter_mut().enumerate().for_each(|(j, x)| design.column_axpy(j, 1.0, x));
        columns
    }

    #[test]
    fn the_matrix_is_that_of_all_pairs_of_columns() {
        let each: Vec<f64> = numbers(N).iter().map(|u| 1.5 + u).collect();
        let features: Vec<usize> = (0..P).rev().collect();
        let mut matrix = SupportMatrix::default();
        for design in designs() {
            let x = columns(&design);
            for weights in [Curvatures::Uniform(0.7), Curvatures::Each(&each)] {
                let mut h = vec![1.0; N];
                weights.weigh(&mut h);
                let diagonal = features.iter().map(|&j| j as f64);
                matrix.form(&design, &Weights(weights), 0, &features, diagonal);
                for (c, &j) in features.iter().enumerate() {
                    for (d, &l) in features.iter().enumerate() {
                        let product = Column::Dense(&x[j]).dot3(&h, &x[l]);
                        let expected = product + if c == d { j as f64 } else { 0.0 };
                        let got = matrix.column(c)[d];
                        assert!((got - expected).abs() < 1e-9, "{j}, {l}: {got}, {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_part_of_it_is_solved_and_one_that_is_not_definite_is_refused() {
        let design = &designs()[0];
        let features: Vec<usize> = (0..40).collect();
        let mut matrix = SupportMatrix::default();
        let weights = Weights(Curvatures::Uniform(1.0));
        matrix.form(design, &weights, 0, &features, std::iter::repeat_n(0.0, 40));
        let free = [3, 8, 20, 39];
        let mut solution = vec![1.0, -2.0, 0.5, 4.0];
        assert!(matrix.solve(&free, &mut solution));
        for (right, &a) in [1.0, -2.0, 0.5, 4.0].iter().zip(&free) {
            let row = matrix.column(a);
            let left: f64 = free.iter().zip(&solution).map(|(&b, x)| row[b] * x).sum();
            assert!((left - right).abs() < 1e-10, "row {a}: {left}, {right}");
        }
        matrix.form(design, &weights, 0, &[4, 5], [0.0, -1e6].into_iter());
        assert!(!matrix.solve(&[0, 1], &mut [1.0, 1.0]));
    }
}
