//! What the points of a path say of samples left out.
//!
//! Where the samples are a part of the matrix's rows, these are gathered column by column, each column
//! once for several points, so that the rows are never there as a matrix.

use fenchel_core::{Column, Error, Loss, Matrix, kernels};

use super::Coefficients;
use super::assemble::Rows;
use super::fit::Point;
use super::metric::{self, Prediction};
use super::path::Path;
use super::predict::{completed, predictor};
use crate::file::config::Metric;

/// Points at a time, and the coefficients that these have together unless it is one point.
const POINTS: usize = 16;
const ENTRIES: usize = 1 << 16;

/// The metric on `rows` at each point.
///
/// Errors: as [`metric::measure`].
pub(super) fn measured(
    loss: &dyn Loss,
    metric: Metric,
    rows: &Rows,
    path: &Path,
) -> Result<Vec<f64>, Error> {
    let offset = rows.offset.as_deref();
    // The loss itself finds thresholds among its own parameters, predictions in eta.
    let bare = metric == Metric::Pinball;
    let intercept = |at: usize| match bare {
        true => &path.own[at].intercept,
        false => &path.points[at].intercept,
    };
    let measure = |at: usize, (eta, outputs): (Vec<f64>, usize)| {
        let at = Prediction { eta: &eta, outputs, own: &path.own[at].params };
        metric::measure(metric, loss, rows, &at)
    };
    let Some(part) = &rows.part else {
        let predict = |(at, point): (usize, &Point)| {
            let eta = predictor(loss, &rows.matrix, offset, intercept(at), &point.coefficients)?;
            measure(at, eta)
        };
        return path.points.iter().enumerate().map(predict).collect();
    };
    let mut values = Vec::with_capacity(path.points.len());
    while values.len() < path.points.len() {
        let rest: Vec<&Coefficients> =
            path.points[values.len()..].iter().map(|point| &point.coefficients).collect();
        for product in products(&rows.matrix, part, &rest[..together(&rest)])? {
            let at = values.len();
            values.push(measure(at, completed(product, part.len(), offset, intercept(at))?)?);
        }
    }
    Ok(values)
}

/// How many of the points are multiplied at a time.
fn together(points: &[&Coefficients]) -> usize {
    let mut entries = 0;
    let few = |point: &&&Coefficients| {
        entries += point.nonzeros();
        entries <= ENTRIES
    };
    points.iter().take(POINTS).take_while(few).count().max(1)
}

/// `X_R B` for the rows `R` of the matrix and the coefficients of each point, column by column.
///
/// Errors: [`Error::Length`] where the features do not match.
fn products(
    matrix: &Matrix,
    part: &[u32],
    points: &[&Coefficients],
) -> Result<Vec<Vec<f64>>, Error> {
    let m = part.len();
    let mut products = Vec::with_capacity(points.len());
    let mut entries = Vec::new();
    for (at, point) in points.iter().enumerate() {
        Error::check_length("features", matrix.cols(), point.features())?;
        products.push(vec![0.0; m * point.outputs()]);
        entries.extend(point.entries().map(|(j, k, b)| (j, at, k, b)));
    }
    // A stable sort: each sum is in the order of the columns.
    entries.sort_by_key(|entry| entry.0);
    let places = match matrix {
        Matrix::Dense(_) => Vec::new(),
        Matrix::Sparse(_) => {
            let mut places = vec![u32::MAX; matrix.rows()];
            part.iter().zip(0..).for_each(|(&i, place)| places[i as usize] = place);
            places
        }
    };
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for entries in entries.chunk_by(|a, b| a.0 == b.0) {
        indices.clear();
        values.clear();
        match matrix.column(entries[0].0) {
            Column::Dense(x) => values.extend(part.iter().map(|&i| x[i as usize])),
            Column::Sparse(rows, x) => {
                for (i, x) in rows.iter().zip(x) {
                    let place = places[i];
                    if place != u32::MAX {
                        indices.push(place);
                        values.push(*x);
                    }
                }
            }
        }
        for &(_, at, k, b) in entries {
            let out = &mut products[at][k * m..(k + 1) * m];
            match matrix {
                Matrix::Dense(_) => kernels::axpy(b, &values, out),
                Matrix::Sparse(_) => kernels::sparse_axpy(b, &indices, &values, out),
            }
        }
    }
    Ok(products)
}

#[cfg(test)]
mod tests {
    use fenchel_core::{DenseMatrix, SparseMatrix};

    use super::*;

    #[test]
    fn rows_of_a_part_are_multiplied_as_if_they_were_a_matrix() {
        let values: Vec<f64> = (0..15).map(|i| f64::from(i * 7 % 11) - 5.0).collect();
        let dense = Matrix::Dense(DenseMatrix::new(5, 3, values.clone()).unwrap());
        let sparse =
            SparseMatrix::new(5, 3, vec![0, 3, 3, 5], vec![0, 1, 4, 1, 3], values[..5].to_vec());
        let points = [
            Coefficients::from_dense(3, 2, &[1.0, 0.0, -2.0, 0.5, 3.0, 0.0]),
            Coefficients::from_dense(3, 2, &[0.0; 6]),
        ];
        let points: Vec<&Coefficients> = points.iter().collect();
        for matrix in [dense, Matrix::Sparse(sparse.unwrap())] {
            let rows = matrix.select_rows(&[1, 3, 4]);
            let found = products(&matrix, &[1, 3, 4], &points).unwrap();
            for (found, point) in found.iter().zip(&points) {
                let (expected, _) =
                    super::super::predict::linear_predictor(&rows, None, &[], point).unwrap();
                assert_eq!(*found, expected);
            }
        }
        let other = Coefficients::from_dense(2, 1, &[1.0, 1.0]);
        assert!(products(&Matrix::identity(3), &[0], &[&other]).is_err());
    }
}
