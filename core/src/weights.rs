//! Per-coefficient weights as a type parameter: a penalty without weights neither stores ones nor
//! asks in every prox whether it has weights.

use std::fmt::Debug;
use std::sync::Arc;

use crate::{Error, Lineality};

/// The weight of each flat coefficient.
pub trait Weights: Debug + Clone + Send + Sync + 'static {
    /// Weight of coefficient `j`, at least 0.
    fn weight(&self, j: usize) -> f64;
    /// The lineality space of `sum_j weight_j omega(b_j)`, `omega` constant on no line.
    fn lineality(&self) -> Lineality;
}

/// Every weight is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniform;

/// One weight a coefficient. Cloning is cheap.
#[derive(Debug, Clone, PartialEq)]
pub struct PerCoefficient(Arc<[f64]>);

impl PerCoefficient {
    /// Checks the weights: finite and at least 0.
    pub fn new(weights: Vec<f64>) -> Result<Self, Error> {
        for (j, &w) in weights.iter().enumerate() {
            Error::check_non_negative(&format!("weights[{j}]"), w)?;
        }
        Ok(Self(weights.into()))
    }
}

impl Weights for Uniform {
    #[inline(always)]
    fn weight(&self, _j: usize) -> f64 {
        1.0
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
    }
}

impl Weights for PerCoefficient {
    #[inline(always)]
    fn weight(&self, j: usize) -> f64 {
        self.0[j]
    }
    fn lineality(&self) -> Lineality {
        let free: Vec<usize> = (0..self.0.len()).filter(|&j| self.0[j] == 0.0).collect();
        match free.len() {
            0 => Lineality::Trivial,
            all if all == self.0.len() => Lineality::Everything,
            _ => Lineality::Coordinates(free),
        }
    }
}
