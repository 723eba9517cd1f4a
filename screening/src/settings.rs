//! How mutual information is estimated.

use fenchel_core::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cells of a kernel density in one dimension.
pub(crate) const LINE: usize = 500;

/// An estimator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Kernel densities on a grid.
    #[default]
    Kde,
    /// Histograms, the number of bins chosen for each variable by a penalised likelihood.
    Binning,
    /// `-1/2 ln(1 - r^2)`, as if both were normal.
    Pearson,
}

/// The kernel of densities, of unit variance where the bandwidth is 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// A parabola over `sqrt 5` bandwidths to each side, by moving sums.
    #[default]
    Epanechnikov,
    /// The normal density, cut off at 5 bandwidths, by Fourier transforms.
    Gaussian,
}

/// The bandwidth of kernel densities for n numbers; the spread is the smaller of the standard
/// deviation and the interquartile range over 1.349.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bandwidth {
    /// `spread (3 n / 4)^(-1/5)`.
    #[default]
    Silverman,
    /// `spread n^(-1/5)`.
    Scott,
}

/// The estimator with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The estimator.
    pub method: Method,
    /// The kernel; of [`Method::Kde`].
    pub kernel: Kernel,
    /// The rule for bandwidths; of [`Method::Kde`].
    pub bandwidth: Bandwidth,
    /// A factor of every bandwidth, greater than 0.
    pub multiplier: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: Method::default(),
            kernel: Kernel::default(),
            bandwidth: Bandwidth::default(),
            multiplier: 1.0,
        }
    }
}

impl Settings {
    /// Errors: [`Error::Parameter`] for a multiplier out of bounds.
    pub fn check(&self) -> Result<(), Error> {
        Error::check_above("multiplier", self.multiplier, 0.0).map(drop)
    }

    /// The bandwidth for `n` numbers of this spread.
    pub(crate) fn width(&self, spread: f64, n: usize) -> f64 {
        let n = n as f64;
        let base = match self.bandwidth {
            Bandwidth::Silverman => 0.75 * n,
            Bandwidth::Scott => n,
        };
        self.multiplier * spread * base.powf(-0.2)
    }
}
