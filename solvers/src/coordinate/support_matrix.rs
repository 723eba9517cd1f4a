//! The matrix of Newton steps on a support, `Z'HZ` with the free parameters taken out plus the
//! penalty's curvatures, and the solution of systems with a part of it.
//!
//! Dense columns are taken a block of rows at a time, and only one triangle of the matrix outlives its
//! factor, so that there is room for 3/2 m x m numbers and a block.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::{factor, solve};
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::{Design, Matrix, kernels};

use super::support::Quadratic;
use super::units::Curvatures;

/// Numbers of a block of rows: they stay in the second-level cache.
const BLOCK: usize = 1 << 15;

/// Rows that a block has at least.
const ROWS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct SupportMatrix {
    size: usize,
    /// The columns of the lower triangle, one after the other.
    packed: Vec<f64>,
    /// The matrix as it is formed, m x m, and then factors.
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
        model.eliminate(k, design, features, &mut self.factor);
        self.packed.clear();
        for (b, (column, curvature)) in self.factor.chunks(m).zip(curvatures).enumerate() {
            self.packed.push(column[b] + curvature);
            self.packed.extend_from_slice(&column[b + 1..]);
        }
    }

    /// The lower triangle of `Z'HZ` as a sum of products over blocks of rows.
    fn add_up_blocks(&mut self, design: &Design, weights: Curvatures<'_>, features: &[usize]) {
        let (n, m) = (design.samples(), features.len());
        self.factor.resize(m * m, 0.0);
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
                MatMut::from_column_major_slice_mut(&mut self.factor, m, m),
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
        self.factor = design.weighted_products(features, &self.weighted, features);
    }

    /// `out <- M v`.
    pub fn multiply(&self, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let mut rest = self.packed.as_slice();
        for c in 0..self.size {
            let (column, after) = rest.split_at(self.size - c);
            rest = after;
            if v[c] != 0.0 {
                kernels::axpy(v[c], column, &mut out[c..]);
            }
            out[c] += kernels::dot(&column[1..], &v[c + 1..]);
        }
    }

    /// Solves the system of the rows and columns that are `free` for `right`, in place, which is 0
    /// for the others; false where that part is not positive definite.
    pub fn solve(&mut self, free: &[bool], right: &mut [f64]) -> bool {
        let m = self.size;
        let mut rest = self.packed.as_slice();
        for (b, factor) in self.factor.chunks_mut(m).enumerate() {
            let (column, after) = rest.split_at(m - b);
            rest = after;
            let factor = &mut factor[b..];
            factor.copy_from_slice(column);
            // What is not free becomes rows and columns of the identity, which it stays.
            let off = factor.iter_mut().zip(&free[b..]).skip(1);
            if free[b] {
                off.filter(|(_, free)| !**free).for_each(|(entry, _)| *entry = 0.0);
            } else {
                off.for_each(|(entry, _)| *entry = 0.0);
                factor[0] = 1.0;
            }
        }
        let needs = factor::cholesky_in_place_scratch::<f64>(m, Par::Seq, Default::default())
            .or(solve::solve_in_place_scratch::<f64>(m, 1, Par::Seq));
        let mut memory = MemBuffer::new(needs);
        let factored = factor::cholesky_in_place(
            MatMut::from_column_major_slice_mut(&mut self.factor, m, m),
            Default::default(),
            Par::Seq,
            MemStack::new(&mut memory),
            Default::default(),
        );
        if factored.is_err() {
            return false;
        }
        solve::solve_in_place(
            MatRef::from_column_major_slice(&self.factor, m, m),
            MatMut::from_column_major_slice_mut(right, m, 1),
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
                let (mut unit, mut column) = (vec![0.0; P], vec![0.0; P]);
                for (c, &j) in features.iter().enumerate() {
                    unit[c] = 1.0;
                    matrix.multiply(&unit, &mut column);
                    unit[c] = 0.0;
                    for (d, &l) in features.iter().enumerate() {
                        let product = Column::Dense(&x[j]).dot3(&h, &x[l]);
                        let expected = product + if c == d { j as f64 } else { 0.0 };
                        let got = column[d];
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
        // Twice, as the first solution leaves a factor behind.
        for freed in [[3, 8, 20, 39], [0, 1, 20, 21]] {
            let right = [1.0, -2.0, 0.5, 4.0];
            let (mut free, mut solution) = ([false; 40], vec![0.0; 40]);
            for (&a, right) in freed.iter().zip(right) {
                (free[a], solution[a]) = (true, right);
            }
            assert!(matrix.solve(&free, &mut solution));
            let mut left = vec![0.0; 40];
            matrix.multiply(&solution, &mut left);
            for (&a, right) in freed.iter().zip(right) {
                assert!((left[a] - right).abs() < 1e-10, "row {a}: {}, {right}", left[a]);
            }
            assert!((0..40).all(|a| free[a] || solution[a] == 0.0));
        }
        matrix.form(design, &weights, 0, &[4, 5], [0.0, -1e6].into_iter());
        assert!(!matrix.solve(&[true, true], &mut [1.0, 1.0]));
    }
}
