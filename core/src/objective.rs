//! The smooth (or at least proximable) part of a problem, as solvers see it: a function of one flat
//! parameter vector, of which the first p K numbers are penalised coefficients and the rest is free
//! (intercepts, then the loss's own parameters). A model with a design and an objective with none
//! differ only in what else they offer.

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::central_path::CentralPath;
use crate::design::Design;
use crate::finite_sum::{FiniteSum, Rows};
use crate::kernels;
use crate::layers::Layer;
use crate::loss::DataFit;
use crate::products::{Products, Reach};
use crate::snapshot::Snapshot;
use crate::subset::Subset;
use crate::{Error, OwnReport};

/// The sizes of a problem's parameters, laid out as `[beta: p x K | intercepts | own]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the coefficients, `p`.
    pub features: usize,
    /// Columns of the coefficients, `K`.
    pub outputs: usize,
    /// Number of intercepts: K or 0.
    pub intercepts: usize,
    /// Number of the loss's own parameters.
    pub own: usize,
}

impl Shape {
    /// Number of coefficients, p K.
    pub fn coefficients(&self) -> usize {
        self.features * self.outputs
    }
    /// Length of the parameter vector.
    pub fn len(&self) -> usize {
        self.coefficients() + self.intercepts + self.own
    }
    /// Whether there is no parameter at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The parameters as `(beta, intercepts, own)`.
    pub fn split<'a>(&self, params: &'a [f64]) -> (&'a [f64], &'a [f64], &'a [f64]) {
        let (beta, free) = params.split_at(self.coefficients());
        let (intercepts, own) = free.split_at(self.intercepts);
        (beta, intercepts, own)
    }
    /// The same, to be written to.
    pub fn split_mut<'a>(
        &self,
        params: &'a mut [f64],
    ) -> (&'a mut [f64], &'a mut [f64], &'a mut [f64]) {
        let (beta, free) = params.split_at_mut(self.coefficients());
        let (intercepts, own) = free.split_at_mut(self.intercepts);
        (beta, intercepts, own)
    }
}

/// A function of the parameters, `+inf` outside its domain.
pub trait Objective: Debug + Send + Sync {
    /// The sizes of the parameters.
    fn shape(&self) -> Shape;
    /// A point inside the domain with zero coefficients.
    fn start(&self) -> Vec<f64>;
    /// The value.
    fn value(&self, params: &[f64], work: &mut Workspace) -> f64;
    /// How what stands beside coefficients and intercepts appears in the result.
    fn report(&self, params: &[f64]) -> OwnReport {
        let _ = params;
        OwnReport::default()
    }
    /// Where to begin, for an objective of which zero coefficients are a saddle point: solvers start
    /// here in every fit, and what is relative refers to this point.
    fn random_start(&self) -> Option<Vec<f64>> {
        None
    }
    /// The matrices that the coefficients (a single column of them) are made of, in order, where they
    /// are the weights between layers of units.
    fn layers(&self) -> Vec<Layer> {
        Vec::new()
    }
    /// Coefficients for the data as they are, of an objective that took the design's scales in.
    fn original_coefficients(&self, params: &[f64]) -> Option<Vec<f64>> {
        let _ = params;
        None
    }
    /// Gradients.
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        None
    }
    /// Gradients on a few samples.
    fn as_finite_sum(&self) -> Option<&dyn FiniteSum> {
        None
    }
    /// The objective as a loss of a linear predictor.
    fn as_linear(&self) -> Option<&LinearModel> {
        None
    }
    /// The objective as the end of a path of better-natured ones.
    fn as_central_path(&self) -> Option<&dyn CentralPath> {
        None
    }
}

/// A differentiable objective.
pub trait Smooth: Send + Sync {
    /// Writes the gradient and returns the value; where that is `+inf`, `grad` is unspecified.
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64;
    /// An estimate of the Lipschitz constant of the gradient, where a global one exists: a first
    /// inverse step size, to be confirmed by backtracking.
    fn lipschitz(&self) -> Option<f64>;
}

/// Buffers that evaluations write to, kept by the caller so that a loop allocates once.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// The linear predictor, or whatever an objective with none makes of it.
    pub eta: Vec<f64>,
    /// The gradient in the linear predictor.
    pub grad_eta: Vec<f64>,
    /// Anything else.
    pub scratch: Vec<f64>,
}

/// `f(offset + b0 + X beta, own)`: a loss of a linear predictor.
#[derive(Debug)]
pub struct LinearModel {
    /// The design, n x p.
    pub design: Design,
    /// The loss on the data.
    pub fit: Box<dyn DataFit>,
    /// Known addends of `eta`, n x K.
    pub offset: Option<Vec<f64>>,
    /// Whether intercepts are fitted.
    pub intercept: bool,
    /// How many parameters of its own the loss has.
    own: usize,
    memo: Mutex<Memo>,
    rows: OnceLock<Rows>,
    norms: OnceLock<Vec<f64>>,
    subset: OnceLock<Option<Subset>>,
}

/// The last two products with the design, and the loss and its gradient. A solver's certificate, its next iteration, the driver's
/// certificate and the first one at the next point of a path all ask at the same parameters.
#[derive(Debug, Default)]
struct Memo {
    /// Coefficients and intercepts, and their `eta`.
    params: Snapshot,
    eta: Vec<f64>,
    /// The loss there and its gradient in `eta`, empty where they are not known.
    loss: f64,
    grad_eta: Vec<f64>,
    /// Products with `X'`.
    products: Products,
}

impl LinearModel {
    /// Puts a model together. The intercept is dropped where the loss takes none.
    ///
    /// Errors: [`Error::Length`] where design, loss and offset disagree on the number of samples.
    pub fn new(
        design: Design,
        fit: Box<dyn DataFit>,
        offset: Option<Vec<f64>>,
        intercept: bool,
    ) -> Result<Self, Error> {
        Error::check_length("design rows", design.samples(), fit.samples())?;
        if let Some(offset) = &offset {
            Error::check_length("offset", offset.len(), fit.samples() * fit.outputs())?;
        }
        let intercept = intercept && fit.takes_intercept();
        let own = fit.as_own().map_or(0, |own| own.start().len());
        let (memo, rows, norms, subset) = Default::default();
        Ok(Self { design, fit, offset, intercept, own, memo, rows, norms, subset })
    }

    /// The norm of every column of the design, computed when they are first asked for.
    pub(crate) fn norms(&self) -> &[f64] {
        let norm = |j: usize| self.design.column_square(j, None).sqrt();
        self.norms.get_or_init(|| (0..self.design.features()).map(norm).collect())
    }

    /// A part of the samples that stands for all in a Hessian in all parameters, where there is one;
    /// chosen when it is first asked for.
    pub(crate) fn subset(&self) -> Option<&Subset> {
        let part = || Subset::of(&self.design, self.shape().len());
        self.subset.get_or_init(part).as_ref()
    }

    /// The matrix sample by sample, made when it is first asked for.
    pub(crate) fn rows(&self) -> &Rows {
        self.rows.get_or_init(|| Rows::of(&self.design))
    }

    /// [`Design::spectral_estimate`] of `design`, which has the model's samples, over the rows that the
    /// loss depends on.
    pub fn spectral_estimate(&self, design: &Design) -> f64 {
        let counted = self.fit.part().map(|rows| {
            let mut counted = vec![0.0; self.fit.samples()];
            rows.iter().for_each(|&i| counted[i as usize] = 1.0);
            counted
        });
        design.spectral_estimate(counted.as_deref(), self.intercept)
    }

    fn memo(&self) -> MutexGuard<'_, Memo> {
        // A panic elsewhere leaves numbers behind that are found to differ, or whole ones.
        self.memo.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `grad <- X'u` for `u` n x K and `grad` p x K, both column by column.
    pub fn mul_t(&self, u: &[f64], grad: &mut [f64]) {
        self.mul_t_within(Reach::All, u, grad);
    }

    /// Whether there is something to expect of products, see [`Reach::Expected`].
    pub(crate) fn expects(&self) -> bool {
        self.memo().products.expects()
    }

    /// The same as far as `reach` goes.
    pub(crate) fn mul_t_within(&self, reach: Reach<'_>, u: &[f64], grad: &mut [f64]) {
        let (products, design) = (&mut self.memo().products, &self.design);
        match reach {
            Reach::All => products.exact(design, u, grad),
            Reach::Over(features) => products.over(design, features, u, grad),
            Reach::Expected(..) if products.expected(design, u, grad) => {}
            Reach::Bounded(penalty, beta) | Reach::Expected(penalty, beta) => {
                products.bounded(design, penalty, beta, u, grad);
            }
        }
    }

    /// `eta <- offset + b0 + X beta`.
    pub fn eta(&self, params: &[f64], eta: &mut Vec<f64>) {
        let shape = self.shape();
        let params = &params[..shape.len() - shape.own];
        let mut memo = self.memo();
        if !memo.eta.is_empty() && memo.params.equals(params) {
            eta.clone_from(&memo.eta);
            return;
        }
        memo.grad_eta.clear();
        self.eta_afresh(shape, params, eta);
        memo.eta.clone_from(eta);
        memo.params.take(params);
    }

    /// The loss at `params` and its gradient in `eta`, n x K each, and in the loss's own parameters;
    /// `None` for a loss without a gradient.
    pub fn gradient_in_eta(
        &self,
        params: &[f64],
        eta: &mut Vec<f64>,
        grad_eta: &mut Vec<f64>,
        grad_own: &mut [f64],
    ) -> Option<f64> {
        let fit = self.fit.as_smooth()?;
        let (shape, length) = (self.shape(), self.fit.samples() * self.fit.outputs());
        self.eta(params, eta);
        let given = &params[..shape.len() - shape.own];
        if shape.own == 0 {
            let memo = self.memo();
            if memo.grad_eta.len() == length && length > 0 && memo.params.equals(given) {
                grad_eta.clone_from(&memo.grad_eta);
                return Some(memo.loss);
            }
        }
        grad_eta.resize(length, 0.0);
        let loss = fit.gradient(eta, shape.split(params).2, grad_eta, grad_own);
        if shape.own == 0 {
            let mut memo = self.memo();
            // Another thread may have asked at other parameters since.
            if memo.params.equals(given) {
                memo.loss = loss;
                memo.grad_eta.clone_from(grad_eta);
            }
        }
        Some(loss)
    }

    /// As [`Smooth::value_gradient`], with the coefficients' part as far as `reach` goes; `None` for a loss without
    /// a gradient.
    pub(crate) fn value_gradient_within(
        &self,
        reach: Reach<'_>,
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> Option<f64> {
        let (n, shape) = (self.fit.samples(), self.shape());
        let (grad_beta, grad_intercepts, grad_own) = shape.split_mut(grad);
        let (eta, grad_eta) = (&mut work.eta, &mut work.grad_eta);
        let value = self.gradient_in_eta(params, eta, grad_eta, grad_own)?;
        if value.is_finite() {
            self.mul_t_within(reach, &work.grad_eta, grad_beta);
            for (g, u) in grad_intercepts.iter_mut().zip(work.grad_eta.chunks(n)) {
                *g = kernels::sum(u);
            }
        }
        Some(value)
    }

    fn eta_afresh(&self, shape: Shape, params: &[f64], eta: &mut Vec<f64>) {
        let n = self.fit.samples();
        let (beta, intercepts) = params.split_at(shape.coefficients());
        eta.resize(n * shape.outputs, 0.0);
        self.design.mul(beta, eta);
        if let Some(offset) = &self.offset {
            kernels::axpy(1.0, offset, eta);
        }
        for (b0, eta) in intercepts.iter().zip(eta.chunks_mut(n)) {
            eta.iter_mut().for_each(|e| *e += b0);
        }
    }
}

impl Objective for LinearModel {
    fn shape(&self) -> Shape {
        let outputs = self.fit.outputs();
        Shape {
            features: self.design.features(),
            outputs,
            intercepts: if self.intercept { outputs } else { 0 },
            own: self.own,
        }
    }

    fn start(&self) -> Vec<f64> {
        let shape = self.shape();
        let mut params = vec![0.0; shape.len() - shape.own];
        params.extend(self.fit.as_own().map_or(Vec::new(), |own| own.start()));
        params
    }

    fn value(&self, params: &[f64], work: &mut Workspace) -> f64 {
        self.eta(params, &mut work.eta);
        self.fit.value(&work.eta, self.shape().split(params).2)
    }

    fn report(&self, params: &[f64]) -> OwnReport {
        let own = self.shape().split(params).2;
        self.fit.as_own().map_or(OwnReport::default(), |parameters| parameters.report(own))
    }

    fn as_smooth(&self) -> Option<&dyn Smooth> {
        self.fit.as_smooth().map(|_| self as &dyn Smooth)
    }

    fn as_finite_sum(&self) -> Option<&dyn FiniteSum> {
        self.fit
            .as_samples()
            .filter(|_| self.fit.as_own().is_none())
            .map(|_| self as &dyn FiniteSum)
    }

    fn as_linear(&self) -> Option<&LinearModel> {
        Some(self)
    }
}

impl Smooth for LinearModel {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64 {
        self.value_gradient_within(Reach::All, params, grad, work)
            .expect("`as_smooth` of the model asked the loss first")
    }

    fn lipschitz(&self) -> Option<f64> {
        if self.fit.as_own().is_some() {
            return None;
        }
        let bound = self.fit.as_smooth()?.hessian_bound()?;
        Some(bound * self.spectral_estimate(&self.design))
    }
}
