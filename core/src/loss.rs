//! What a loss is: hyperparameters ([`Loss`]), then bound to responses and weights ([`DataFit`]).
//! Binding is where the domain is checked once and for all, and where a loss that couples samples
//! (Cox) sorts them, so that evaluation does neither.
//!
//! A bound loss is a function of the linear predictor `eta` (n x K, column by column) and of
//! parameters of its own (`own`: noise scales, thresholds, variance components), both estimated.
//! An objective that has no linear predictor at all is bound to an [`Objective`] instead, and meets
//! the same solvers.

use std::fmt::Debug;

use crate::curvature::CurvatureForm;
use crate::design::Design;
use crate::finite_sum::SampleFit;
use crate::matrix::Matrix;
use crate::objective::Objective;
use crate::samples::{ResponseKind, Samples};
use crate::thresholds::Thresholds;
use crate::{Error, Space};

/// A loss with its hyperparameters, before it has seen data.
pub trait Loss: Debug + Send + Sync {
    /// The kind of response that the loss reads.
    fn reads(&self) -> ResponseKind;

    /// Binds the loss to data. Most losses look at the samples only; one that has no linear
    /// predictor (a graph over the columns, a factorisation) takes the design as its data.
    ///
    /// Errors: where a response is outside the loss's domain, or of another kind.
    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error>;

    /// The same loss with the features that it names found among the data's: for one that names any
    /// (random slopes), to be called before [`Loss::bind`]; `None` for all others.
    ///
    /// Errors: a name that no feature has.
    fn with_features(&self, _features: &Space) -> Result<Option<Box<dyn Loss>>, Error> {
        Ok(None)
    }

    /// Whether [`Loss::bind`] looks at the design. The model of a fold of cross-validation is bound with
    /// the rows of all samples, unless the loss says so.
    fn reads_design(&self) -> bool {
        false
    }

    /// Predictions from the linear predictor.
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        None
    }

    /// The predictor itself, where it is not linear in the data.
    fn as_forward(&self) -> Option<&dyn Forward> {
        None
    }
}

/// A predictor that is no linear function of the data.
pub trait Forward: Send + Sync {
    /// The predictor of each sample (n x K, column by column) and K, from the coefficients and
    /// intercepts of a result, which are those for the data as they are.
    ///
    /// Errors: where coefficients or intercepts are not as many as the data and the loss ask for.
    fn forward(
        &self,
        matrix: &Matrix,
        intercept: &[f64],
        coefficients: &[f64],
    ) -> Result<(Vec<f64>, usize), Error>;
}

/// A loss bound to data.
pub enum Bound {
    /// A function of the linear predictor.
    Eta(Box<dyn DataFit>),
    /// An objective of its own, with no linear predictor.
    Direct(Box<dyn Objective>),
}

/// The normalised loss `f(eta, own) = (1 / sum w) sum_i w_i loss(y_i, eta_i)` on fixed data.
pub trait DataFit: Debug + Send + Sync {
    /// Number of samples, `n`.
    fn samples(&self) -> usize;

    /// Number of columns of `eta`, and of coefficients, `K`.
    fn outputs(&self) -> usize;

    /// `f(eta, own)`, `+inf` outside the domain.
    fn value(&self, eta: &[f64], own: &[f64]) -> f64;

    /// The rows of `eta` that it depends on, ascending, where these are not all.
    fn part(&self) -> Option<&[u32]> {
        None
    }

    /// Whether an intercept makes sense (Cox has none; ordinal thresholds stand in for it).
    fn takes_intercept(&self) -> bool {
        true
    }

    /// Whether a number added to every column of `eta` changes nothing, so that intercepts are
    /// shown with mean 0.
    fn ignores_common_shift(&self) -> bool {
        false
    }

    /// Whether `f` is convex, in `eta` and the loss's own parameters together.
    fn is_convex(&self) -> bool {
        self.as_conjugate().is_some()
    }

    /// Parameters beside the coefficients.
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        None
    }
    /// Gradients.
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        None
    }
    /// Second derivatives.
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        None
    }
    /// Gradients on a few samples.
    fn as_samples(&self) -> Option<&dyn SampleFit> {
        None
    }
    /// The convex conjugate in `eta`; offering it says that `f` is convex in `eta`.
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        None
    }
    /// The prox in `eta`.
    fn as_prox(&self) -> Option<&dyn FitProx> {
        None
    }
}

/// Parameters that a loss estimates beside the coefficients.
///
/// They are unconstrained but for the domain (`+inf` outside): a scale or a variance enters by its
/// logarithm or its root, so that an estimate at a bound is an ordinary stationary point.
pub trait OwnParameters: Send + Sync {
    /// A point to start from, inside the domain at `eta = 0`; its length is their number.
    fn start(&self) -> Vec<f64>;
    /// How the estimates appear in the result.
    fn report(&self, own: &[f64]) -> OwnReport;
    /// The parameters in terms that mean the same under the loss bound to other samples, where they
    /// are otherwise in units of these.
    fn portable(&self, own: &[f64]) -> Vec<f64> {
        own.to_vec()
    }
    /// The inverse of [`OwnParameters::portable`], on these samples.
    fn adopt(&self, portable: &[f64]) -> Vec<f64> {
        portable.to_vec()
    }
    /// The parameters as intercepts of a wider predictor, where they are.
    fn as_thresholds(&self) -> Option<Thresholds<'_>> {
        None
    }
}

/// Estimates of a loss's own parameters, as the result file shows them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnReport {
    /// Values that stand in for the intercept (category thresholds).
    pub intercept: Option<Vec<f64>>,
    /// Named values for the result's `extra`.
    pub extra: Vec<(String, Vec<f64>)>,
}

/// First derivatives of a bound loss.
pub trait SmoothFit: Send + Sync {
    /// Writes `df/deta` (n x K) and `df/down`; returns `f`. Where `f` is `+inf` they are unspecified.
    fn gradient(&self, eta: &[f64], own: &[f64], grad_eta: &mut [f64], grad_own: &mut [f64])
    -> f64;

    /// A bound on the Hessian of `f` in `eta` that holds everywhere, where there is one, weights and
    /// the division by the number of samples included.
    fn hessian_bound(&self) -> Option<f64>;
}

/// Second derivatives of a bound loss in `eta`.
pub trait Curvature: Send + Sync {
    /// What [`Curvature::curvature`] writes.
    fn form(&self) -> CurvatureForm;
    /// Writes the curvature at `eta`, as many numbers and laid out as [`CurvatureForm`] says.
    fn curvature(&self, eta: &[f64], own: &[f64], out: &mut [f64]);
    /// Products with the Hessian itself, where the curvature only approximates it.
    fn as_product(&self) -> Option<&dyn HessianProduct> {
        None
    }
}

/// Writes the product of its first argument with a Hessian into the second.
pub type Product<'a> = Box<dyn FnMut(&[f64], &mut [f64]) + 'a>;

/// Products with the Hessian of a loss that couples samples.
pub trait HessianProduct: Send + Sync {
    /// Writes `H v` for the Hessian in `eta` at `eta`; `v` and `out` are n x K.
    fn product(&self, eta: &[f64], own: &[f64], v: &[f64], out: &mut [f64]);
    /// The same for several `v`: provided, and written anew where much is the same for all of them.
    fn at<'a>(&'a self, eta: &'a [f64], own: &'a [f64]) -> Product<'a> {
        Box::new(move |v, out| self.product(eta, own, v, out))
    }
}

/// The conjugate `f*(u) = sup_eta <u, eta> - f(eta)` of a loss that is convex in `eta`.
pub trait FitConjugate: Send + Sync {
    /// `f*(u)` for `u` n x K, `+inf` outside the domain. If `u` is a gradient of `f`, then so is
    /// inside the domain every `s u` with `0 <= s <= 1`.
    fn conjugate(&self, u: &[f64]) -> f64;
}

/// The prox of a bound loss in `eta`.
pub trait FitProx: Send + Sync {
    /// Writes `argmin_z f(z) + ||z - v||^2 / (2 step)` into `out`; `v`, `out` are n x K.
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]);
    /// Writes `(v - prox(v)) / step`, the gradient of the Moreau envelope at `v`. It is a subgradient
    /// of `f` at the prox, hence inside the domain of the conjugate: provided, and written anew where
    /// rounding in the difference would leave that domain.
    fn envelope_gradient(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.prox(v, step, out);
        out.iter_mut().zip(v).for_each(|(out, v)| *out = (v - *out) / step);
    }
    /// The derivative of the prox, where each entry depends on its own entry of `v` alone.
    fn as_entrywise(&self) -> Option<&dyn EntrywiseProx> {
        None
    }
}

/// A prox that maps each entry of `eta` on its own, with its derivative.
pub trait EntrywiseProx: Send + Sync {
    /// Writes the derivatives, between 0 and 1; at a kink, a number between the one-sided ones.
    fn prox_derivative(&self, v: &[f64], step: f64, out: &mut [f64]);
}

/// What a fitted model says of new samples.
pub trait Predictor: Send + Sync {
    /// Mean responses (or class probabilities, row sums 1), n x `columns`, column by column, and
    /// the number of columns, from `eta` (n x K, intercept and offset in it).
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize);
    /// Class numbers, where the loss is about classes.
    fn class(&self, eta: &[f64], outputs: usize) -> Option<Vec<u32>>;
    /// Twice the loss less that of a saturated model, mean over samples with their weights: the
    /// deviance that cross-validation averages.
    ///
    /// Errors: as [`Loss::bind`].
    fn deviance(&self, eta: &[f64], outputs: usize, samples: &Samples) -> Result<f64, Error>;
    /// Whether the deviance depends on more than the linear predictor (the loss's own parameters, the
    /// design), so that it is twice the loss itself, bound to the samples, that is averaged.
    fn scores_by_loss(&self) -> bool {
        false
    }
    /// What a reader of the predictions should know of them, if anything, in one sentence.
    fn caveat(&self, _eta: &[f64], _outputs: usize) -> Option<String> {
        None
    }
}
