//! The sections of a problem file besides `[data]`, `[loss]` and `[penalty]`, as serde reads them.

use fenchel_screening::{Bandwidth, Kernel, Method, Settings};
use fenchel_solvers::{Damping, Options, Restart, Stochastic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[model]`: what is fitted around the coefficients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Whether an unpenalised intercept is fitted, where the loss takes one.
    pub intercept: bool,
    /// Centre (dense) and scale columns to unit population standard deviation; coefficients come
    /// back on the original scale, penalties apply on the scaled one.
    pub standardize: bool,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self { intercept: true, standardize: true }
    }
}

/// `[solver]`: which algorithm, and when it may stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SolverConfig {
    /// `auto`, or the name of a solver.
    #[serde(rename = "type")]
    pub name: String,
    /// Largest relative duality gap (or stationarity) that counts as solved.
    #[schemars(range(min = 0.0))]
    pub tol: f64,
    /// Largest number of outer iterations.
    pub max_iter: u64,
    /// When momentum is forgotten; of solver `nonconvex_ag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
    /// How momentum grows; of solver `nonconvex_ag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damping: Option<Damping>,
    /// Of `prox_sgd`: passes over the samples before full gradients finish [default: 50].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Of `prox_sgd`: samples of a batch [default: 32].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub batch: Option<usize>,
    /// Of `prox_sgd`: share of the last direction in the next, below 1 [default: 0.9].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub momentum: Option<f64>,
    /// Of `prox_sgd`: the first step size [default: by trial].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub step: Option<f64>,
    /// Of `prox_sgd`: seed of the order of the samples [default: 0].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Default for SolverConfig {
    fn default() -> Self {
        Self {
            name: "auto".into(),
            tol: 1e-7,
            max_iter: 100_000,
            restart: None,
            damping: None,
            epochs: None,
            batch: None,
            momentum: None,
            step: None,
            seed: None,
        }
    }
}

impl SolverConfig {
    /// The settings that only some solvers take.
    pub fn options(&self) -> Options {
        let standard = Stochastic::default();
        let stochastic = Stochastic {
            epochs: self.epochs.unwrap_or(standard.epochs),
            batch: self.batch.unwrap_or(standard.batch),
            momentum: self.momentum.unwrap_or(standard.momentum),
            step: self.step,
            seed: self.seed.unwrap_or(standard.seed),
        };
        Options { restart: self.restart, damping: self.damping, stochastic }
    }

    /// The names of those that are set.
    pub fn options_set(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("restart", self.restart.is_some()),
            ("damping", self.damping.is_some()),
            ("epochs", self.epochs.is_some()),
            ("batch", self.batch.is_some()),
            ("momentum", self.momentum.is_some()),
            ("step", self.step.is_some()),
            ("seed", self.seed.is_some()),
        ];
        all.into_iter().filter(|(_, set)| *set).map(|(name, _)| name)
    }
}

/// `[screen]`: only the features that tell most of the response enter the fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenConfig {
    /// How many features are kept, at least 1.
    #[schemars(range(min = 1))]
    pub top: usize,
    /// How mutual information is estimated.
    #[serde(default)]
    pub method: Method,
    /// The kernel; of `kde`.
    #[serde(default)]
    pub kernel: Kernel,
    /// The rule for bandwidths; of `kde`.
    #[serde(default)]
    pub bandwidth: Bandwidth,
    /// A factor of every bandwidth, greater than 0.
    #[serde(default = "fenchel_core::one")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub multiplier: f64,
    /// A feature that shares more than this many nats with a better one is passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub clump: Option<f64>,
}

impl ScreenConfig {
    /// The estimator.
    pub fn settings(&self) -> Settings {
        Settings {
            method: self.method,
            kernel: self.kernel,
            bandwidth: self.bandwidth,
            multiplier: self.multiplier,
        }
    }
}

/// `[path]`: a decreasing grid of penalty scales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PathConfig {
    /// Number of scales, geometrically spaced.
    pub points: usize,
    /// Last scale divided by the first.
    pub min_ratio: f64,
    /// The first scale, where it is not to be computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The scales themselves, decreasing, instead of `points`, `min_ratio` and `max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambdas: Option<Vec<f64>>,
}

impl Default for PathConfig {
    fn default() -> Self {
        Self { points: 100, min_ratio: 1e-3, max: None, lambdas: None }
    }
}

/// `[cv]`: how a scale of the path is chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CvConfig {
    /// A number of folds, or where the fold of each sample stands.
    pub folds: Folds,
    /// Seed of the random assignment to folds.
    pub seed: u64,
    /// Which scale is chosen.
    pub rule: Rule,
    /// What is averaged over folds.
    pub metric: Metric,
}

impl Default for CvConfig {
    fn default() -> Self {
        Self { folds: Folds::Count(5), seed: 0, rule: Rule::Min, metric: Metric::Deviance }
    }
}

/// A number of folds, or fold numbers per sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number of folds, { file = ... } or { column = ... }")]
pub enum Folds {
    /// Random folds of nearly equal size.
    Count(usize),
    /// Fold numbers from a `.npy` file, one a sample.
    File(FoldFile),
    /// Fold numbers from a column of the data.
    Column(FoldColumn),
}

/// `{ file = "folds.npy" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoldFile {
    /// Relative to the problem file.
    pub file: String,
}

/// `{ column = "fold" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoldColumn {
    /// Name of a column of the data.
    pub column: String,
}

/// Which scale cross-validation chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The one with the best mean.
    #[serde(rename = "min")]
    Min,
    /// The largest within one standard error of the best mean.
    #[serde(rename = "1se")]
    OneSe,
}

/// What cross-validation measures on the samples left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Deviance of the loss.
    Deviance,
    /// Mean squared error of the mean response.
    Mse,
    /// Mean absolute error of the mean response.
    Mae,
    /// Share of misclassified samples.
    Error,
    /// Area under the receiver operating characteristic (larger is better).
    Auc,
    /// Concordance of survival times (larger is better).
    Concordance,
    /// The loss itself, as for quantile regression.
    Pinball,
}

/// `[plugins]`: shared libraries to load, each of which has to be trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PluginsConfig {
    /// Paths, relative to the problem file.
    pub load: Vec<String>,
    /// Run them in processes of their own.
    pub isolate: bool,
}
