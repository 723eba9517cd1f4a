//! Predictions from coefficients on the original scale.

use fenchel_core::{Error, Loss, Matrix, kernels::axpy};

use super::Coefficients;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PredictionKind {
    /// The linear predictor.
    Link,
    /// The mean response, or class probabilities.
    Response,
    /// Class numbers.
    Class,
}

/// Predictions, n x `columns`, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// The numbers; for classes their numbers from 0.
    pub values: Vec<f64>,
    /// Number of columns.
    pub columns: usize,
}

/// `eta = offset + b0 + X B`, column by column, and its number of columns: K, but where several
/// thresholds stand in for the intercept of one column of coefficients, one column a threshold.
///
/// Errors: [`Error::Length`] where the features, the offset or the intercepts do not match.
pub fn linear_predictor(
    matrix: &Matrix,
    offset: Option<&[f64]>,
    intercept: &[f64],
    coefficients: &Coefficients,
) -> Result<(Vec<f64>, usize), Error> {
    let n = matrix.rows();
    Error::check_length("features", matrix.cols(), coefficients.features())?;
    let mut eta = vec![0.0; n * coefficients.outputs()];
    for (j, k, b) in coefficients.entries() {
        matrix.column(j).axpy(b, &mut eta[k * n..(k + 1) * n]);
    }
    completed(eta, n, offset, intercept)
}

/// `offset + b0 + eta` from the products with the data, n numbers for each column of coefficients.
///
/// Errors: as [`linear_predictor`].
pub(super) fn completed(
    mut eta: Vec<f64>,
    n: usize,
    offset: Option<&[f64]>,
    intercept: &[f64],
) -> Result<(Vec<f64>, usize), Error> {
    if let Some(offset) = offset {
        Error::check_length("offset", offset.len(), n)?;
    }
    let outputs = eta.len() / n.max(1);
    let shared = outputs == 1 && intercept.len() > 1;
    let columns = if shared { intercept.len() } else { outputs };
    if !intercept.is_empty() {
        Error::check_length("intercept", intercept.len(), columns)?;
    }
    if shared {
        eta = eta.repeat(columns);
    }
    for (k, eta) in eta.chunks_mut(n.max(1)).enumerate() {
        if let Some(offset) = offset {
            axpy(1.0, offset, eta);
        }
        if let Some(b0) = intercept.get(k) {
            eta.iter_mut().for_each(|eta| *eta += b0);
        }
    }
    Ok((eta, columns))
}

/// The predictor of a loss: the linear one, or its own where it has one of its own.
///
/// Errors: as [`linear_predictor`]; [`Error::Unsupported`] on an offset where nothing is linear.
pub fn predictor(
    loss: &dyn Loss,
    matrix: &Matrix,
    offset: Option<&[f64]>,
    intercept: &[f64],
    coefficients: &Coefficients,
) -> Result<(Vec<f64>, usize), Error> {
    match loss.as_forward() {
        None => linear_predictor(matrix, offset, intercept, coefficients),
        Some(_) if offset.is_some() => Err(Error::Unsupported(
            "the loss has no linear predictor that an offset could be added to".into(),
        )),
        Some(forward) => forward.forward(matrix, intercept, &coefficients.dense()),
    }
}

/// Predictions of one kind from a linear predictor.
///
/// Errors: [`Error::Unsupported`] where the loss does not offer the kind.
pub fn predict(
    loss: &dyn Loss,
    eta: &[f64],
    outputs: usize,
    kind: PredictionKind,
) -> Result<Predictions, Error> {
    if kind == PredictionKind::Link {
        return Ok(Predictions { values: eta.to_vec(), columns: outputs });
    }
    let predictor = loss.as_predictor().ok_or_else(|| {
        Error::Unsupported("this loss predicts nothing beyond the linear predictor".into())
    })?;
    if kind == PredictionKind::Response {
        let (values, columns) = predictor.response(eta, outputs);
        return Ok(Predictions { values, columns });
    }
    let class = predictor
        .class(eta, outputs)
        .ok_or_else(|| Error::Unsupported("this loss is not about classes".into()))?;
    Ok(Predictions { values: class.into_iter().map(f64::from).collect(), columns: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenchel_core::DenseMatrix;

    #[test]
    fn thresholds_share_one_column_of_coefficients() {
        let x = Matrix::Dense(DenseMatrix::new(2, 1, vec![1.0, 2.0]).unwrap());
        let b = Coefficients::from_dense(1, 1, &[3.0]);
        let (eta, columns) = linear_predictor(&x, Some(&[0.5, 0.0]), &[-1.0, 1.0], &b).unwrap();
        assert_eq!((eta, columns), (vec![2.5, 5.0, 4.5, 7.0], 2));
        let (eta, columns) = linear_predictor(&x, None, &[], &b).unwrap();
        assert_eq!((eta, columns), (vec![3.0, 6.0], 1));
        assert!(linear_predictor(&x, Some(&[1.0]), &[], &b).is_err());
    }
}
