//! The matrix of Newton steps on a support, `Z'HZ` with the free parameters taken out plus the
//! penalty's curvatures, and the solution of systems with a part of it.

use fenchel_core::{Design, kernels};

use super::stock::Stock;
use super::support::Quadratic;
use super::support_factor::SupportFactor;

#[derive(Debug, Default)]
pub(super) struct SupportMatrix {
    stock: Stock,
    factor: SupportFactor,
    /// The columns of the matrix, where they are in the stock, and the penalty's curvatures.
    features: Vec<usize>,
    slots: Vec<usize>,
    curvatures: Vec<f64>,
    /// Slot by slot, the curvatures of a system, infinite for what is held at zero, and what a product or a
    /// system needs.
    wanted: Vec<f64>,
    input: Vec<f64>,
    output: Vec<f64>,
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
        if !self.stock.lasts(model, k) {
            self.factor.clear();
            self.stock.clear();
        } else if let Some(stay) = self.stock.crowded(features) {
            let first = stay.iter().zip(0..).position(|(from, to)| *from != to);
            self.factor.undo(self.stock.products_mut(), first.unwrap_or(stay.len()));
            self.stock.retain(&stay);
        }
        self.stock.take(design, model, k, features);
        self.features.clear();
        self.features.extend_from_slice(features);
        self.curvatures.clear();
        self.curvatures.extend(curvatures);
        self.input.clear();
        self.input.resize(self.stock.len(), 0.0);
        self.output.resize(self.stock.len(), 0.0);
        self.find_slots();
    }

    /// How many columns there are products of.
    pub fn columns(&self) -> usize {
        self.stock.len()
    }

    /// How many of the columns `features` it has to be formed with anew under the curvatures that `lasting` tells
    /// from others; `None` where it has none of that kind.
    pub fn missing(
        &self,
        lasting: Option<u64>,
        features: impl Iterator<Item = usize>,
    ) -> Option<usize> {
        self.stock.holds_under(lasting).then(|| self.stock.missing(features))
    }

    /// `out <- M v`.
    pub fn multiply(&mut self, v: &[f64], out: &mut [f64]) {
        self.slots.iter().zip(v).for_each(|(&slot, v)| self.input[slot] = *v);
        self.output.fill(0.0);
        let products = self.stock.products();
        self.factor.multiply(products, &self.slots, &self.input, &mut self.output);
        for &slot in self.slots.iter().filter(|slot| **slot >= self.factor.len()) {
            let column = products.column(slot);
            self.output[slot] += kernels::dot(column, &self.input[..=slot]);
            if self.input[slot] != 0.0 {
                kernels::axpy(self.input[slot], &column[..slot], &mut self.output[..slot]);
            }
        }
        let members = self.slots.iter().zip(&self.curvatures);
        for ((&slot, curvature), (out, v)) in members.zip(out.iter_mut().zip(v)) {
            *out = self.output[slot] + curvature * v;
            self.input[slot] = 0.0;
        }
    }

    /// Solves the system of the rows and columns that are `free` for `right`, in place, which is 0
    /// for the others; false where that part is not positive definite.
    pub fn solve(&mut self, free: &[bool], right: &mut [f64]) -> bool {
        self.wanted.clear();
        self.wanted.resize(self.stock.len(), f64::INFINITY);
        for ((&slot, &free), curvature) in self.slots.iter().zip(free).zip(&self.curvatures) {
            if free {
                self.wanted[slot] = *curvature;
            }
        }
        let definite = self.factor.renew(&mut self.stock, &mut self.wanted);
        self.find_slots();
        if !definite {
            return false;
        }
        self.slots.iter().zip(&*right).for_each(|(&slot, right)| self.input[slot] = *right);
        let solved = self.factor.solve(self.stock.products(), &mut self.input);
        for (&slot, right) in self.slots.iter().zip(right) {
            *right = self.input[slot];
        }
        self.input.fill(0.0);
        solved
    }

    fn find_slots(&mut self) {
        self.slots.clear();
        self.slots.extend(self.features.iter().map(|&j| self.stock.slot(j)));
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::{DenseMatrix, Design, Matrix, SparseMatrix, kernels};

    use super::super::support::Quadratic;
    use super::super::testing::numbers;
    use super::super::triangle::Triangle;
    use super::super::units::Curvatures;
    use super::SupportMatrix;

    /// Curvatures that may stay, and no free parameters.
    struct Weights<'a>(Curvatures<'a>, bool);

    impl Quadratic for Weights<'_> {
        fn outputs(&self) -> usize {
            1
        }
        fn weighted_residual(&self, _: usize, _: &mut Vec<f64>) {}
        fn weights(&self, _: usize) -> Curvatures<'_> {
            self.0
        }
        fn lasting(&self) -> Option<u64> {
            self.1.then_some(1)
        }
        fn eliminate(
            &self,
            _: usize,
            _: &Design,
            _: &[usize],
            _: usize,
            _: &mut Vec<f64>,
            _: &mut Triangle,
        ) {
        }
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
                matrix.form(&design, &Weights(weights, false), 0, &features, diagonal);
                let (mut unit, mut column) = (vec![0.0; P], vec![0.0; P]);
                for (c, &j) in features.iter().enumerate() {
                    unit[c] = 1.0;
                    matrix.multiply(&unit, &mut column);
                    unit[c] = 0.0;
                    for (d, &l) in features.iter().enumerate() {
                        let product = kernels::dot3(&x[j], &h, &x[l]);
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
        let weights = Weights(Curvatures::Uniform(1.0), false);
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

    /// What a solution leaves of the right side, on the rows that are free.
    fn left(matrix: &mut SupportMatrix, free: &[bool], right: &[f64]) -> f64 {
        let mut solution = right.to_vec();
        assert!(matrix.solve(free, &mut solution));
        assert!(free.iter().zip(&solution).all(|(free, x)| *free || *x == 0.0));
        let mut product = vec![0.0; right.len()];
        matrix.multiply(&solution, &mut product);
        let rows = free.iter().zip(product.iter().zip(right));
        rows.filter(|(free, _)| **free).fold(0.0, |top, (_, (a, b))| f64::max(top, (a - b).abs()))
    }

    #[test]
    fn products_and_factors_that_are_kept_give_what_fresh_ones_do() {
        for design in designs() {
            let mut kept = SupportMatrix::default();
            let weights = Curvatures::Uniform(0.7);
            let mut features: Vec<usize> = (0..50).map(|a| a * 3).collect();
            for round in 0..40 {
                // Columns come and go, now and then many; those that go may come back.
                let many = if round % 10 == 9 { 20 } else { 2 };
                features.drain(round % 7..round % 7 + many);
                for a in 0..many + round % 2 {
                    let j = (round * 37 + a * 101) % P;
                    if !features.contains(&j) {
                        features.insert(a, j);
                    }
                }
                let m = features.len();
                let ridge = if round < 20 { 2.0 } else { 3.0 };
                let right: Vec<f64> = numbers(round + m)[round..].to_vec();
                let mut fresh = SupportMatrix::default();
                for (matrix, fixed) in [(&mut kept, true), (&mut fresh, false)] {
                    let diagonal = std::iter::repeat_n(ridge, m);
                    matrix.form(&design, &Weights(weights, fixed), 0, &features, diagonal);
                }
                let mut products = [vec![0.0; m], vec![0.0; m]];
                kept.multiply(&right, &mut products[0]);
                fresh.multiply(&right, &mut products[1]);
                let pairs = products[0].iter().zip(&products[1]);
                assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-9));
                // Ever fewer of the rows are free, and then all again.
                for step in 0..4 {
                    let free: Vec<bool> = (0..m).map(|a| (a + round) % 5 >= step).collect();
                    assert!(left(&mut kept, &free, &right) < 1e-9, "round {round}, step {step}");
                }
            }
            assert!(kept.stock.len() <= features.len() + features.len() / 4 + 32);
        }
    }

    /// Some of which leave the matrix indefinite.
    #[test]
    fn curvatures_that_change_are_taken_as_a_fresh_matrix_takes_them() {
        let design = &designs()[0];
        let weights = Curvatures::Uniform(1.0 / N as f64);
        let (mut kept, mut refused) = (SupportMatrix::default(), 0);
        for round in 0..200 {
            let m = 30 + round % 50 + 20 * (round / 100);
            let features: Vec<usize> = (round / 7..round / 7 + m).collect();
            let (right, lots) = (numbers(m), numbers(m + round));
            let free: Vec<bool> = lots[round..].iter().map(|u| *u > -0.8).collect();
            let curvatures: Vec<f64> = (0..m)
                .map(|a| match (a * 31 + round / 5 * 17) % 10 {
                    0 => -0.02 * (1 + round % 9) as f64,
                    1 => 0.3,
                    _ => 0.0,
                })
                .collect();
            let right: Vec<f64> =
                right.iter().zip(&free).map(|(r, free)| if *free { *r } else { 0.0 }).collect();
            let mut solutions = [right.clone(), right];
            let mut fresh = SupportMatrix::default();
            let mut solved = [false; 2];
            for (c, (matrix, fixed)) in
                [(&mut kept, true), (&mut fresh, false)].into_iter().enumerate()
            {
                let diagonal = curvatures.iter().copied();
                matrix.form(design, &Weights(weights, fixed), 0, &features, diagonal);
                solved[c] = matrix.solve(&free, &mut solutions[c]);
            }
            assert_eq!(solved[0], solved[1], "round {round}");
            refused += usize::from(!solved[0]);
            let largest = solutions[1].iter().fold(1.0, |top: f64, x| top.max(x.abs()));
            let mut pairs = solutions[0].iter().zip(&solutions[1]);
            assert!(
                !solved[0] || pairs.all(|(a, b)| (a - b).abs() < 1e-7 * largest),
                "round {round}"
            );
        }
        assert!((20..180).contains(&refused), "{refused}");
    }

    #[test]
    fn another_curvature_or_another_output_is_not_taken_for_what_is_kept() {
        let design = &designs()[0];
        let each: Vec<f64> = numbers(N).iter().map(|u| 1.5 + u).collect();
        let features: Vec<usize> = (0..30).collect();
        let right: Vec<f64> = numbers(30);
        let mut matrix = SupportMatrix::default();
        let mut products = Vec::new();
        let kinds = [(&each, true, 0), (&vec![2.0; N], true, 1), (&each, false, 1)];
        for (h, fixed, k) in kinds {
            let zeros = std::iter::repeat_n(1.0, 30);
            matrix.form(design, &Weights(Curvatures::Each(h), fixed), k, &features, zeros);
            assert!(left(&mut matrix, &[true; 30], &right) < 1e-9);
            let mut product = vec![0.0; 30];
            matrix.multiply(&right, &mut product);
            products.push(product);
        }
        assert_eq!(products[0], products[2]);
        assert!(products[0].iter().zip(&products[1]).any(|(a, b)| (a - b).abs() > 1.0));
    }
}
