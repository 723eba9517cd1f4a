//! Tall data under a quadratic loss, reduced to as many samples as it has second moments.
//!
//! With `[1 X Y] = Q R`, `Q` of orthonormal columns and `R` of size `m = 1 + p + K`,
//! ```text
//! ||Y - 1 b0 - X B||_F = ||R_Y - R_1 b0 - R_X B||_F
//! ```
//! and a reflection `H` with `H R_1 = sqrt(n / m) 1` makes the right side a data set of `m` samples
//! again, `sqrt(m / n) H R`, with the same means, second moments and intercept. So it has the same
//! loss at all coefficients, the same standardisation and the same gap, and nothing after this file
//! knows of it. `R` is the Cholesky factor of the matrix of second moments.

use std::sync::Arc;

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, MatRef, Par, Side};
use fenchel_core::{
    Bound, CurvatureForm, DenseMatrix, Design, Loss, Matrix, Response, Samples, kernels,
};

use super::assemble::Rows;

/// Samples a column from which on the reduced data are so much smaller that they pay.
const FEWEST_SAMPLES: usize = 8;

/// Numbers of the design below which any fit is short.
const FEWEST_NUMBERS: usize = 1 << 18;

/// The products take n p^2 operations, a fit without them passes of n p each: so many columns a fit
/// that the passes of most fits cost more.
const MOST_COLUMNS: usize = 256;

/// Numbers of a block of rows, which stays in the cache for all of its products (measured: the rows of
/// 100000 x 200 at once took 6 % longer), and rows that it has at least.
const BLOCK: usize = 1 << 17;
const ROWS: usize = 128;

/// The share of a second moment that the columns before it must leave unexplained. The reduced data
/// have the moments to about 1e-16 over this, relative to what is left.
const LEAST_LEFT: f64 = 1e-6;

/// Fewer samples than `rows` with the same loss at all coefficients, for `fits` fits; `None` where
/// the loss is not the sum of squares, where the numbers do not allow it, or where it does not pay.
pub(super) fn reduced(loss: &dyn Loss, rows: &Rows, fits: usize) -> Option<Rows> {
    let (n, p) = (rows.samples.len(), rows.matrix.cols());
    let pays = n >= FEWEST_SAMPLES * p.max(1)
        && n * p >= FEWEST_NUMBERS
        && p <= MOST_COLUMNS.saturating_mul(fits);
    if pays { reduce(loss, rows) } else { None }
}

fn reduce(loss: &dyn Loss, rows: &Rows) -> Option<Rows> {
    let Matrix::Dense(x) = rows.matrix.as_ref() else { return None };
    let plain = rows.offset.is_none()
        && rows.samples.weights().is_none()
        && rows.samples.subject().is_none();
    let (y, responses) = rows.samples.numbers().ok().filter(|_| plain)?;
    let (n, p) = (rows.samples.len(), rows.matrix.cols());
    let m = 1 + p + responses;
    if m > n || !sums_squares(loss, rows) {
        return None;
    }
    let factor = factor(x.values(), rows.part.as_deref(), y, (n, p, responses))?;
    let values = reflected(&factor, n);
    let (x, y) = values.split_at(p * m);
    let x = DenseMatrix::new(m, p, x.to_vec()).ok()?;
    let response = Response::Numeric { values: y.to_vec(), columns: responses };
    let samples = Samples::new(response, None).ok()?;
    let small = Rows { matrix: Arc::new(Matrix::Dense(x)), samples, offset: None, part: None };
    sums_squares(loss, &small).then_some(small)
}

/// Whether the loss is `sum (y - eta)^2 / (2 n)` on these samples: its curvature is constant, which
/// makes it a quadratic function, so that value, gradient and curvature at one point tell.
fn sums_squares(loss: &dyn Loss, rows: &Rows) -> bool {
    let Ok((y, responses)) = rows.samples.numbers() else { return false };
    let design = Design::new(rows.matrix.clone());
    let Ok(Bound::Eta(fit)) = loss.bind(&rows.samples, &design) else { return false };
    let (Some(smooth), Some(curvature)) = (fit.as_smooth(), fit.as_curvature()) else {
        return false;
    };
    let known = curvature.form() == CurvatureForm::Constant && curvature.as_product().is_none();
    if !known || fit.as_own().is_some() || !fit.takes_intercept() || fit.outputs() != responses {
        return false;
    }
    let share = 1.0 / rows.samples.len() as f64;
    let zero = vec![0.0; y.len()];
    let (mut grad, mut h) = (zero.clone(), zero.clone());
    let value = smooth.gradient(&zero, &[], &mut grad, &mut []);
    curvature.curvature(&zero, &[], &mut h);
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
    close(value, 0.5 * share * kernels::dot(y, y))
        && grad.iter().zip(y).all(|(g, y)| close(*g, -share * y))
        && h.iter().all(|h| close(*h, share))
}

/// The lower Cholesky factor `R'` of the second moments of `[1 X Y]`, of all rows of X or of those of a
/// part; `None` where a column is nearly a combination of those before it, or where a number is not
/// finite.
fn factor(
    x: &[f64],
    part: Option<&[u32]>,
    y: &[f64],
    (n, p, responses): (usize, usize, usize),
) -> Option<Mat<f64>> {
    let m = 1 + p + responses;
    let mut moments = Mat::<f64>::zeros(m, m);
    moments[(0, 0)] = n as f64;
    let all = x.len() / p.max(1);
    let rows = (BLOCK / p.max(1)).max(ROWS);
    let mut gathered = Vec::new();
    for begin in (0..n).step_by(rows) {
        let block = begin..n.min(begin + rows);
        if let Some(part) = part {
            gathered.clear();
            for column in x.chunks_exact(all) {
                gathered.extend(part[block.clone()].iter().map(|&i| column[i as usize]));
            }
        }
        let matrix = match part {
            None => MatRef::from_column_major_slice(x, n, p).subrows(begin, block.len()),
            Some(_) => MatRef::from_column_major_slice(&gathered, block.len(), p),
        };
        matmul(
            moments.as_mut().submatrix_mut(1, 1, p, p),
            BlockStructure::TriangularLower,
            Accum::Add,
            matrix.transpose(),
            BlockStructure::Rectangular,
            matrix,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        for j in 0..p {
            let column = match part {
                None => &x[j * n + begin..][..block.len()],
                Some(_) => &gathered[j * block.len()..][..block.len()],
            };
            moments[(1 + j, 0)] += kernels::sum(column);
            for (k, y) in y.chunks_exact(n).enumerate() {
                moments[(1 + p + k, 1 + j)] += kernels::dot(column, &y[block.clone()]);
            }
        }
    }
    for (k, right) in y.chunks_exact(n).enumerate() {
        moments[(1 + p + k, 0)] = kernels::sum(right);
        for (l, left) in y.chunks_exact(n).enumerate().take(k + 1) {
            moments[(1 + p + k, 1 + p + l)] = kernels::dot(left, right);
        }
    }
    let factor = moments.llt(Side::Lower).ok()?.L().to_owned();
    let left = |j: usize| factor[(j, j)] * factor[(j, j)] >= LEAST_LEFT * moments[(j, j)];
    (0..m).all(left).then_some(factor)
}

/// `sqrt(m / n) H R` but for its first column, column by column.
fn reflected(factor: &Mat<f64>, n: usize) -> Vec<f64> {
    let m = factor.nrows();
    let root = (m as f64).sqrt();
    let scale = (m as f64 / n as f64).sqrt();
    // H = I - 2 v v' / v'v with v = e_1 - 1 / root takes e_1 to 1 / root.
    let half_square = 1.0 - 1.0 / root;
    let mut values = Vec::with_capacity((m - 1) * m);
    for c in 1..m {
        let column = || (0..m).map(|i| if i <= c { factor[(c, i)] } else { 0.0 });
        let along = (factor[(c, 0)] - column().sum::<f64>() / root) / half_square;
        let v = |i: usize| f64::from(u8::from(i == 0)) - 1.0 / root;
        values.extend(column().enumerate().map(|(i, r)| scale * (r - along * v(i))));
    }
    values
}

#[cfg(test)]
mod tests {
    use fenchel_core::Workspace;
    use fenchel_laws::Random;
    use fenchel_loss_location::{Huber, Quadratic};

    use super::*;
    use crate::drive::assemble::assemble;
    use crate::file::config::ModelConfig;

    fn rows(columns: &[Vec<f64>], y: Vec<f64>) -> Rows {
        let n = y.len();
        let x = DenseMatrix::new(n, columns.len(), columns.concat()).unwrap();
        let response = Response::Numeric { values: y, columns: 1 };
        let samples = Samples::new(response, None).unwrap();
        Rows { matrix: Arc::new(Matrix::Dense(x)), samples, offset: None, part: None }
    }

    /// Three columns with means far from zero, the third correlated with the first.
    fn tall() -> Rows {
        let (n, mut random) = (200, Random::new(3));
        let a: Vec<f64> = random.normals(n, 1.0).iter().map(|a| 3.0 + a).collect();
        let b: Vec<f64> = random.normals(n, 0.1).iter().map(|b| b - 2.0).collect();
        let c = random.normals(n, 1.0).iter().zip(&a).map(|(c, a)| c + 0.8 * a).collect();
        let e = random.normals(n, 0.3);
        let y = (0..n).map(|i| 1.5 + 0.7 * a[i] - 4.0 * b[i] + e[i]).collect();
        rows(&[a, b, c], y)
    }

    #[test]
    fn the_reduced_data_have_the_same_loss_whatever_the_model() {
        let all = tall();
        let few = reduce(&Quadratic::new(), &all).unwrap();
        assert_eq!((few.matrix.rows(), few.matrix.cols()), (5, 3));
        let mut random = Random::new(4);
        for (intercept, standardize) in [(true, true), (true, false), (false, true), (false, false)]
        {
            let model = ModelConfig { intercept, standardize };
            let [all, few] =
                [&all, &few].map(|rows| assemble(&Quadratic::new(), rows, &model).unwrap());
            let [design, small] = [&all, &few].map(|o| &o.as_linear().unwrap().design);
            for j in 0..3 {
                assert!((design.centre(j) - small.centre(j)).abs() < 1e-12);
                assert!((design.scale(j) - small.scale(j)).abs() < 1e-12);
            }
            for _ in 0..5 {
                let at = random.normals(all.shape().len(), 1.0);
                let [all, few] = [&all, &few].map(|o| o.value(&at, &mut Workspace::default()));
                assert!((all - few).abs() < 1e-12 * all, "{all} against {few}");
            }
        }
    }

    #[test]
    fn what_squares_do_not_tell_is_left_alone() {
        let all = tall();
        assert!(reduce(&Huber::new(1.345).unwrap(), &all).is_none());
        let response = all.samples.response().clone();
        let weights = (0..200).map(|i| 1.0 + f64::from(i % 2)).collect();
        let samples = Samples::new(response, Some(weights)).unwrap();
        assert!(reduce(&Quadratic::new(), &Rows { samples, ..all.clone() }).is_none());
        let offset = Some(vec![0.5; 200]);
        assert!(reduce(&Quadratic::new(), &Rows { offset, ..all }).is_none());
    }

    #[test]
    fn what_cancels_is_left_alone() {
        let mut random = Random::new(5);
        let (a, b) = (random.normals(200, 1.0), random.normals(200, 1.0));
        let reduces = |columns: &[Vec<f64>], y: &[f64]| {
            reduce(&Quadratic::new(), &rows(columns, y.to_vec())).is_some()
        };
        assert!(reduces(std::slice::from_ref(&a), &b));
        assert!(!reduces(&[a.clone(), a.clone()], &b));
        assert!(!reduces(&[a.clone(), vec![2.0; 200]], &b));
        assert!(!reduces(&[a.iter().map(|a| 1e4 + a).collect()], &b));
        assert!(!reduces(&[a.clone(), b], &a));
        let mut nan = a.clone();
        nan[7] = f64::NAN;
        assert!(!reduces(&[nan], &a));
    }
}
