//! Coordinates of dense columns several at a time, one after the other all the same: the residual that the second
//! meets is the first one's less a step along the first column, so that its product is corrected by that of the
//! two columns. All are multiplied in one pass, where each alone would begin with a wait for memory, and the
//! residual is read and written once for all.

use super::{Sweep, set};
use crate::kernels::{self, ABREAST};
use crate::matrix::{Column, Matrix};
use crate::penalty::Separable;

impl<'a> Sweep<'a> {
    /// Whether coordinates may be moved several at a time: columns of the design itself, a single output.
    pub(super) fn is_abreast(&self) -> bool {
        let plain = self.copies.is_none() && self.total.len() == 1;
        plain && matches!(**self.design.matrix(), Matrix::Dense(_))
    }

    /// The columns of the entries of the working set from `at` on, if there are as many that are not zero.
    fn group(&self, at: usize) -> Option<([usize; ABREAST], [&'a [f64]; ABREAST])> {
        let (entries, bounds) = (self.working.get(at..at + ABREAST)?, self.lipschitz);
        let (mut features, mut columns) = ([0; ABREAST], [&[][..]; ABREAST]);
        for (c, &entry) in entries.iter().enumerate() {
            features[c] = self.columns.map_or(entry, |columns| columns[at + c]);
            let Column::Dense(x) = self.design.stored_column(features[c]) else { return None };
            columns[c] = x;
        }
        bounds[at..at + ABREAST].iter().all(|bound| *bound > 0.0).then_some((features, columns))
    }

    /// Moves [`ABREAST`] entries of the working set from `at` on; returns their largest step in units of the
    /// gradient, or `None` where they do not make a group.
    pub(super) fn move_abreast<P: Separable + ?Sized>(
        &mut self,
        penalty: &P,
        at: usize,
    ) -> Option<f64> {
        let (features, columns) = self.group(at)?;
        let (products, among) = match self.curvature {
            None => kernels::dots_among(columns, self.residual),
            Some(h) => kernels::weighted_dots_among(columns, h, self.residual),
        };
        let uniform = if self.curvature.is_none() { self.uniform } else { 1.0 };
        let mut pairs = among.iter();
        let mut factors = [0.0; ABREAST];
        let mut largest = 0.0;
        for (c, &j) in features.iter().enumerate() {
            let moved = factors[..c].iter().zip(pairs.by_ref()).map(|(factor, pair)| factor * pair);
            let product = products[c] + moved.sum::<f64>();
            let stored_sum = self.stored_sums[at + c];
            let step = set(penalty, self, at + c, self.correlated(product, j, 0, stored_sum));
            if step != 0.0 {
                let (centre, scale) = (self.design.centre(j), self.design.scale(j));
                factors[c] = -step * uniform / scale;
                self.shift[0] += step * centre / scale;
                self.follow(j, 0, step, stored_sum);
                self.advance_intercept(0);
                largest = crate::worst(largest, self.lipschitz[at + c] * step.abs());
            }
        }
        match factors.iter().filter(|factor| **factor != 0.0).count() {
            0 => {}
            1 | 2 => {
                let steps = factors.iter().zip(columns).filter(|(factor, _)| **factor != 0.0);
                steps.for_each(|(factor, x)| match self.curvature {
                    None => kernels::axpy(*factor, x, self.residual),
                    Some(h) => kernels::axpy3(*factor, h, x, self.residual),
                });
            }
            _ => match self.curvature {
                None => kernels::axpy_abreast(factors, columns, self.residual),
                Some(h) => kernels::axpy3_abreast(factors, h, columns, self.residual),
            },
        }
        Some(largest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sweep, run};
    use crate::penalty::Separable;
    use crate::{DenseMatrix, Design, Matrix, SparseMatrix};

    struct Absolute;

    impl Separable for Absolute {
        fn value_at(&self, _: usize, b: f64) -> f64 {
            0.8 * b.abs()
        }
        fn prox_at(&self, _: usize, v: f64, step: f64) -> f64 {
            v.signum() * (v.abs() - 0.8 * step).max(0.0)
        }
        fn subdiff_dist_at(&self, _: usize, _: f64, _: f64) -> f64 {
            unreachable!("an epoch does not ask for distances")
        }
    }

    const N: usize = 45;
    const P: usize = 15;
    const H: f64 = 0.7;

    /// Coefficients and intercept after some epochs from zero, with the curvatures `h` or one of all samples.
    fn epochs(design: &Design, y: &[f64], h: Option<&[f64]>, intercept: bool) -> Vec<f64> {
        let each = h.map_or(vec![H; N], <[f64]>::to_vec);
        let working: Vec<usize> = (0..P).filter(|j| j % 7 != 5).collect();
        let curvature = |j: &usize| design.column_square(*j, Some(&each));
        let lipschitz: Vec<f64> = working.iter().map(curvature).collect();
        let sum = |j: &usize| design.stored_column(*j).dot(&each);
        let stored_sums: Vec<f64> = working.iter().map(sum).collect();
        let (mut beta, mut intercepts) = (vec![0.0; P], [0.0]);
        let mut residual: Vec<f64> = y.iter().zip(&each).map(|(y, h)| h * y).collect();
        let (mut shift, mut weighted_sum) = ([0.0], [residual.iter().sum::<f64>()]);
        for _ in 0..4 {
            run(
                &Absolute,
                &mut Sweep {
                    design,
                    columns: None,
                    copies: None,
                    curvature: h,
                    uniform: if h.is_none() { H } else { 0.0 },
                    intercept,
                    beta: &mut beta,
                    intercepts: &mut intercepts,
                    residual: &mut residual,
                    shift: &mut shift,
                    weighted_sum: &mut weighted_sum,
                    total: &[each.iter().sum()],
                    stored_sums: &stored_sums,
                    working: &working,
                    lipschitz: &lipschitz,
                    offsets: &[],
                    grams: None,
                    scratch: &mut [],
                },
            );
        }
        beta.push(intercepts[0]);
        beta
    }

    #[test]
    fn an_epoch_comes_to_where_one_coordinate_after_the_other_does() {
        // Columns that go along with one another, and one of zeros.
        let entry = |k: usize| match k / N {
            9 => 0.0,
            j => ((k * k) as f64 * 0.37).sin() + ((k % N) as f64 * 0.2).cos() + 0.1 * j as f64,
        };
        let values: Vec<f64> = (0..N * P).map(entry).collect();
        let y: Vec<f64> = (0..N).map(|i| 2.0 + (i as f64 * 0.31).sin() * 3.0).collect();
        let starts = (0..=P).map(|j| j * N).collect();
        let indices = (0..P).flat_map(|_| 0..N as u32).collect();
        let sparse =
            Matrix::Sparse(SparseMatrix::new(N, P, starts, indices, values.clone()).unwrap());
        let dense = Matrix::Dense(DenseMatrix::new(N, P, values).unwrap());
        // Some samples are left out, as those of a fold are.
        let each: Vec<f64> = (0..N).map(|i| [0.4, 1.1, 0.0, 0.7][i * i % 4]).collect();
        let models =
            [true, false].map(|intercept| [(intercept, None), (intercept, Some(&each[..]))]);
        for (intercept, h) in models.into_iter().flatten() {
            for build in [Design::new, |matrix| Design::standardized(matrix, None)] {
                let ends = [&dense, &sparse].map(|m| epochs(&build(m.clone()), &y, h, intercept));
                assert!(ends[0].iter().filter(|b| **b != 0.0).count() > 6, "{:?}", ends[0]);
                for (b, one) in ends[0].iter().zip(&ends[1]) {
                    assert!((b - one).abs() < 1e-12 * (1.0 + one.abs()), "{b}, {one}");
                }
            }
        }
    }
}
