//! The coefficients that a penalty is built for: named features times outputs.

use std::sync::Arc;

use crate::Error;

/// Names of the p features (rows of the coefficients) and the number K of outputs (columns).
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    features: Arc<[String]>,
    outputs: usize,
}

impl Space {
    /// Named features and a number of outputs.
    pub fn new(features: impl Into<Arc<[String]>>, outputs: usize) -> Self {
        Self { features: features.into(), outputs }
    }

    /// `p` features named `1 .. p`.
    pub fn numbered(features: usize, outputs: usize) -> Self {
        Self::new((1..=features).map(|j| j.to_string()).collect::<Vec<_>>(), outputs)
    }

    /// Names of the features.
    pub fn names(&self) -> &[String] {
        &self.features
    }

    /// Number of features, `p`.
    pub fn features(&self) -> usize {
        self.features.len()
    }

    /// Number of outputs, `K`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of coefficients, p K.
    pub fn len(&self) -> usize {
        self.features() * self.outputs
    }

    /// Whether there is no coefficient.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Zero-based index of the feature with this name.
    ///
    /// Errors: [`Error::Unknown`] with the names that exist.
    pub fn index(&self, name: &str) -> Result<usize, Error> {
        self.features.iter().position(|f| f == name).ok_or_else(|| Error::Unknown {
            kind: "feature",
            name: name.into(),
            known: self.features.to_vec(),
        })
    }
}
