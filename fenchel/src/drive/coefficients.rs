//! Coefficients as results keep them: the nonzeros of a p x K matrix.

use serde::{Deserialize, Serialize};

/// The nonzero entries of p x K coefficients, in column order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    features: usize,
    outputs: usize,
    flat: Vec<usize>,
    values: Vec<f64>,
}

impl Coefficients {
    /// From all p K numbers, column by column.
    pub fn from_dense(features: usize, outputs: usize, dense: &[f64]) -> Self {
        let (flat, values) =
            dense.iter().enumerate().filter(|(_, b)| **b != 0.0).map(|(j, b)| (j, *b)).unzip();
        Self { features, outputs, flat, values }
    }

    /// From entries `(row, column, value)`; a place that occurs twice gets the sum.
    ///
    /// Errors: [`Error::Data`](fenchel_core::Error::Data) where an entry is outside the shape.
    pub fn from_entries(
        features: usize,
        outputs: usize,
        entries: impl IntoIterator<Item = (usize, usize, f64)>,
    ) -> Result<Self, fenchel_core::Error> {
        let mut dense = std::collections::BTreeMap::new();
        for (row, column, value) in entries {
            if row >= features || column >= outputs {
                return Err(fenchel_core::Error::Data(format!(
                    "coefficient ({row}, {column}) is outside the shape {features} x {outputs}"
                )));
            }
            *dense.entry(row + column * features).or_insert(0.0) += value;
        }
        let (flat, values) = dense.into_iter().filter(|(_, value)| *value != 0.0).unzip();
        Ok(Self { features, outputs, flat, values })
    }

    /// Number of features, `p`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of outputs, `K`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of nonzeros.
    pub fn nonzeros(&self) -> usize {
        self.flat.len()
    }

    /// The nonzeros as `(row, column, value)`, column by column.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        let p = self.features.max(1);
        self.flat.iter().zip(&self.values).map(move |(flat, value)| (flat % p, flat / p, *value))
    }

    /// All p K numbers, column by column.
    pub fn dense(&self) -> Vec<f64> {
        let mut dense = vec![0.0; self.features * self.outputs];
        for (flat, value) in self.flat.iter().zip(&self.values) {
            dense[*flat] = *value;
        }
        dense
    }
}

#[cfg(test)]
mod tests {
    use super::Coefficients;

    #[test]
    fn nonzeros_survive_the_round_trip() {
        let dense = [0.0, 2.0, 0.0, 0.0, 0.0, -1.0];
        let sparse = Coefficients::from_dense(3, 2, &dense);
        assert_eq!(sparse.entries().collect::<Vec<_>>(), [(1, 0, 2.0), (2, 1, -1.0)]);
        assert_eq!(sparse.dense(), dense);
        assert_eq!(Coefficients::from_entries(3, 2, sparse.entries()).unwrap(), sparse);
        assert!(Coefficients::from_entries(3, 2, [(3, 0, 1.0)]).is_err());
    }
}
