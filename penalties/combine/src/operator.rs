//! Linear operators on each column of the coefficients.

use std::sync::Arc;

use fenchel_core::{Error, Lineality, Operator, kernels};

use crate::subspace;

/// Differences of some order along the features, in each column:
/// ```text
/// (D b)_i = sum_{l=0..order} (-1)^(order-l) C(order, l) b_{i+l},    i = 1 .. p - order
/// ||D||_2^2 <= 4^order
/// ```
#[derive(Debug, Clone)]
pub struct Difference {
    stencil: Vec<f64>,
    features: usize,
    outputs: usize,
}

impl Difference {
    /// Errors: unless `1 <= order < features` and order below 500, where the binomials overflow.
    pub fn new(order: usize, features: usize, outputs: usize) -> Result<Self, Error> {
        let most = features.saturating_sub(1).min(499);
        if order == 0 || order > most {
            let expected = format!("between 1 and {most}, as there are {features} features");
            return Err(Error::parameter("order", expected, order));
        }
        let mut stencil = vec![0.0; order + 1];
        stencil[0] = 1.0;
        for _ in 0..order {
            for l in (0..=order).rev() {
                stencil[l] = if l > 0 { stencil[l - 1] } else { 0.0 } - stencil[l];
            }
        }
        Ok(Self { stencil, features, outputs })
    }

    fn order(&self) -> usize {
        self.stencil.len() - 1
    }

    /// The kernel: polynomials of degree below the order, in each column.
    pub fn kernel(&self) -> Lineality {
        let p = self.features;
        if self.order() * self.outputs > subspace::MOST_DIRECTIONS {
            return Lineality::Trivial;
        }
        let power = |k: usize, degree: usize| {
            let mut direction = vec![0.0; p * self.outputs];
            for (j, d) in direction[k * p..(k + 1) * p].iter_mut().enumerate() {
                let t = 2.0 * j as f64 / (p - 1) as f64 - 1.0;
                *d = legendre(degree, t);
            }
            direction
        };
        let all = (0..self.outputs).flat_map(|k| (0..self.order()).map(move |d| (k, d)));
        Lineality::Basis(all.map(|(k, degree)| power(k, degree)).collect())
    }
}

/// The Legendre polynomial, nearly orthogonal on a grid where powers are nearly dependent.
fn legendre(degree: usize, t: f64) -> f64 {
    let (mut before, mut now) = (0.0, 1.0);
    for n in 0..degree {
        let n = n as f64;
        (before, now) = (now, ((2.0 * n + 1.0) * t * now - n * before) / (n + 1.0));
    }
    now
}

impl Operator for Difference {
    fn rows(&self) -> usize {
        (self.features - self.order()) * self.outputs
    }
    fn mul(&self, beta: &[f64], out: &mut [f64]) {
        let rows = self.features - self.order();
        for (b, out) in beta.chunks(self.features).zip(out.chunks_mut(rows)) {
            for (window, out) in b.windows(self.stencil.len()).zip(out) {
                *out = window.iter().zip(&self.stencil).map(|(b, c)| c * b).sum();
            }
        }
    }
    fn mul_t(&self, u: &[f64], out: &mut [f64]) {
        let rows = self.features - self.order();
        out.fill(0.0);
        for (u, out) in u.chunks(rows).zip(out.chunks_mut(self.features)) {
            for (i, u) in u.iter().enumerate() {
                kernels::axpy(*u, &self.stencil, &mut out[i..]);
            }
        }
    }
    fn norm_bound(&self) -> f64 {
        4f64.powi(self.order() as i32)
    }
}

/// A dense matrix D (m x p), applied to each column of the coefficients.
#[derive(Debug, Clone)]
pub struct MatrixOperator {
    rows: Arc<[f64]>, // row by row
    features: usize,
    outputs: usize,
}

impl MatrixOperator {
    /// From the entries, row by row, and the number of columns.
    ///
    /// Errors: another number of columns than features, no row, an entry that is not finite.
    pub fn new(
        entries: Vec<f64>,
        columns: usize,
        features: usize,
        outputs: usize,
    ) -> Result<Self, Error> {
        Error::check_length("row of the operator", columns, features)?;
        if entries.is_empty() || !entries.len().is_multiple_of(columns) {
            return Err(Error::Data("the operator has no rows, or an incomplete one".into()));
        }
        if let Some(at) = entries.iter().position(|x| !x.is_finite()) {
            let (row, column) = (at / columns + 1, at % columns + 1);
            let place = format!("row {row}, column {column}");
            return Err(Error::Data(format!("the operator is not finite in {place}")));
        }
        Ok(Self { rows: entries.into(), features, outputs })
    }

    /// The kernel, by elimination; [`Lineality::Trivial`] where that would take too long.
    pub fn kernel(&self) -> Lineality {
        let p = self.features;
        if p > subspace::MOST_DIRECTIONS {
            return Lineality::Trivial;
        }
        let column = |j: usize| self.rows.chunks(p).map(|row| row[j]).collect::<Vec<f64>>();
        let null = subspace::null_combinations(&(0..p).map(column).collect::<Vec<_>>());
        if null.is_empty() || null.len() * self.outputs > subspace::MOST_DIRECTIONS {
            return Lineality::Trivial;
        }
        let embedded = (0..self.outputs).flat_map(|k| {
            null.iter().map(move |c| {
                let mut direction = vec![0.0; p * self.outputs];
                direction[k * p..(k + 1) * p].copy_from_slice(c);
                direction
            })
        });
        Lineality::Basis(embedded.collect())
    }
}

impl Operator for MatrixOperator {
    fn rows(&self) -> usize {
        self.rows.len() / self.features * self.outputs
    }
    fn mul(&self, beta: &[f64], out: &mut [f64]) {
        let m = self.rows.len() / self.features;
        for (b, out) in beta.chunks(self.features).zip(out.chunks_mut(m)) {
            for (row, out) in self.rows.chunks(self.features).zip(out) {
                *out = kernels::dot(row, b);
            }
        }
    }
    fn mul_t(&self, u: &[f64], out: &mut [f64]) {
        let m = self.rows.len() / self.features;
        out.fill(0.0);
        for (u, out) in u.chunks(m).zip(out.chunks_mut(self.features)) {
            for (row, u) in self.rows.chunks(self.features).zip(u) {
                kernels::axpy(*u, row, out);
            }
        }
    }
    /// The smaller of `||D||_F^2` and `||D||_1 ||D||_inf`.
    fn norm_bound(&self) -> f64 {
        let frobenius: f64 = self.rows.iter().map(|x| x * x).sum();
        let mut columns = vec![0.0; self.features];
        let mut largest_row = 0.0f64;
        for row in self.rows.chunks(self.features) {
            largest_row = largest_row.max(row.iter().map(|x| x.abs()).sum());
            for (sum, x) in columns.iter_mut().zip(row) {
                *sum += x.abs();
            }
        }
        frobenius.min(largest_row * kernels::max_abs(&columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_those_of_differences() {
        let b = [1.0, 4.0, 9.0, 16.0, 25.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        let mut out = [0.0; 8];
        Difference::new(1, 5, 2).unwrap().mul(&b, &mut out);
        assert_eq!(out, [3.0, 5.0, 7.0, 9.0, 1.0, -1.0, 1.0, -1.0]);
        let mut out = [0.0; 4];
        Difference::new(3, 5, 2).unwrap().mul(&b, &mut out);
        assert_eq!(out, [0.0, 0.0, 4.0, -4.0]);
    }

    #[test]
    fn the_order_is_below_the_number_of_features() {
        assert!(Difference::new(0, 5, 1).is_err());
        assert!(Difference::new(5, 5, 1).is_err());
        let error = Difference::new(1, 1, 1).unwrap_err().to_string();
        assert_eq!(error, "`order` must be between 1 and 0, as there are 1 features, got 1");
        assert!(Difference::new(400, 1000, 1).unwrap().norm_bound().is_finite());
    }

    #[test]
    fn kernels_are_mapped_to_zero() {
        let difference = Difference::new(3, 7, 2).unwrap();
        let matrix =
            MatrixOperator::new(vec![1.0, -1.0, 0.0, 0.0, 2.0, -2.0, 0.0, 0.0], 4, 4, 2).unwrap();
        let both: [(&dyn Operator, Lineality, usize); 2] =
            [(&difference, difference.kernel(), 6), (&matrix, matrix.kernel(), 6)];
        for (operator, kernel, dimension) in both {
            let Lineality::Basis(basis) = kernel else { panic!() };
            assert_eq!(basis.len(), dimension);
            for direction in basis {
                let mut image = vec![f64::NAN; operator.rows()];
                operator.mul(&direction, &mut image);
                assert!(kernels::max_abs(&image) < 1e-13);
            }
        }
    }

    #[test]
    fn a_matrix_of_the_wrong_shape_is_refused() {
        let error = MatrixOperator::new(vec![1.0; 6], 3, 4, 1).unwrap_err().to_string();
        assert_eq!(error, "`row of the operator` has length 3, expected 4");
        assert!(MatrixOperator::new(vec![], 4, 4, 1).is_err());
        let error = MatrixOperator::new(vec![1.0, f64::NAN], 2, 2, 1).unwrap_err().to_string();
        assert_eq!(error, "the operator is not finite in row 1, column 2");
    }
}
