//! Losses that are a sum over single samples and outputs, `sum_ik w_i l(y_ik, eta_ik) / n`. The
//! loss is one function of two numbers; weights, the division by the number of samples, conjugate
//! scaling and the sums are written here once, for every family. The loops are generic in the loss,
//! so that nothing virtual is called inside them and a quadratic one vectorises.
//!
//! As everywhere, a capability is said, not assumed: [`Elementwise::as_smooth`] and its like return
//! the fit itself where the loss implements the trait in question.

use std::fmt::Debug;

use crate::curvature::CurvatureForm;
use crate::finite_sum::SampleFit;
use crate::loss::{Curvature, DataFit, EntrywiseProx, FitConjugate, FitProx, SmoothFit};
use crate::samples::Samples;
use crate::{Error, kernels};

/// A loss `l(y, eta)` of one response and one linear predictor, with its hyperparameters.
pub trait Elementwise: Debug + Send + Sync + Sized + 'static {
    /// `l(y, eta)`, `+inf` where it overflows.
    fn value(&self, y: f64, eta: f64) -> f64;

    /// `inf_eta l(y, eta)`, the loss of a saturated model.
    fn saturated(&self, y: f64) -> f64;

    /// Gradients and curvature, for an [`ElementwiseSmooth`] loss: `Some(fit)`.
    fn as_smooth(fit: &ElementwiseFit<Self>) -> Option<&dyn SmoothCurved> {
        let _ = fit;
        None
    }
    /// The conjugate, for an [`ElementwiseConjugate`] loss: `Some(fit)`.
    fn as_conjugate(fit: &ElementwiseFit<Self>) -> Option<&dyn FitConjugate> {
        let _ = fit;
        None
    }
    /// The prox, for an [`ElementwiseProx`] loss: `Some(fit)`.
    fn as_prox(fit: &ElementwiseFit<Self>) -> Option<&dyn FitProx> {
        let _ = fit;
        None
    }
}

/// An elementwise loss with a derivative everywhere and a second derivative almost everywhere.
pub trait ElementwiseSmooth: Elementwise {
    /// Whether the second derivative is the same everywhere.
    const QUADRATIC: bool = false;
    /// `(l, dl/deta)`.
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64);
    /// `d2l/deta2`; at a kink of the derivative, one of its one-sided values.
    fn second_derivative(&self, y: f64, eta: f64) -> f64;
    /// A bound on the second derivative over all `y` and `eta`, where there is one.
    fn second_bound(&self) -> Option<f64>;
}

/// An elementwise loss that is convex in `eta`, with its conjugate.
pub trait ElementwiseConjugate: Elementwise {
    /// `sup_eta u eta - l(y, eta)`, `+inf` outside the domain; a relative excess of
    /// [`DOMAIN_SLACK`] over the domain counts as inside.
    fn conjugate(&self, y: f64, u: f64) -> f64;
}

/// An elementwise loss with a prox in `eta`.
pub trait ElementwiseProx: Elementwise {
    /// `argmin_z l(y, z) + (z - v)^2 / (2 step)`, for `step > 0`.
    fn prox(&self, y: f64, v: f64, step: f64) -> f64;
    /// `(v - prox(v)) / step`, a derivative of the loss at the prox. Written anew by a loss whose
    /// derivatives are bounded, so that rounding does not leave the domain of its conjugate.
    fn envelope_derivative(&self, y: f64, v: f64, step: f64) -> f64 {
        (v - self.prox(y, v, step)) / step
    }
    /// The derivative of the prox in `v`, between 0 and 1. Provided by a central difference: exact
    /// up to rounding where the prox is linear around `v`.
    fn prox_derivative(&self, y: f64, v: f64, step: f64) -> f64 {
        let width = 1e-6 * (1.0 + v.abs());
        let change = self.prox(y, v + width, step) - self.prox(y, v - width, step);
        (change / (2.0 * width)).clamp(0.0, 1.0)
    }
}

/// First and second derivatives together, on all samples or on some.
pub trait SmoothCurved: SmoothFit + Curvature + SampleFit {}

/// What rounding may leave of a dual point outside the domain of a conjugate, relative.
pub const DOMAIN_SLACK: f64 = 1e-12;

/// An elementwise loss bound to responses and weights.
#[derive(Debug)]
pub struct ElementwiseFit<L> {
    loss: L,
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
    n: usize,
    outputs: usize,
}

impl<L: Elementwise> ElementwiseFit<L> {
    /// Binds `loss` to responses `y` (n x K, column by column) with the weights of `samples`.
    ///
    /// Errors: [`Error::Length`] unless `y` holds a whole, positive number of columns.
    pub fn new(loss: L, y: Vec<f64>, samples: &Samples) -> Result<Self, Error> {
        let n = samples.len();
        let outputs = (y.len() / n).max(1);
        Error::check_length("response", y.len(), n * outputs)?;
        Ok(Self { loss, y, weights: samples.weights().map(<[f64]>::to_vec), n, outputs })
    }

    /// The mean over samples of `2 sum_k (l(y_ik, eta_ik) - inf l(y_ik, .))`, with weights.
    ///
    /// Errors: [`Error::Length`] unless `eta` is n x K.
    pub fn deviance(&self, eta: &[f64]) -> Result<f64, Error> {
        Error::check_length("linear predictor", eta.len(), self.y.len())?;
        let excess = |y, eta| 2.0 * (self.loss.value(y, eta) - self.loss.saturated(y));
        Ok(self.mean(eta, excess))
    }

    /// `w_i / n`.
    #[inline]
    fn share(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i]) / self.n as f64
    }

    /// `sum_ik w_i term(y_ik, eta_ik) / n`; a sample without weight does not count, infinite or not.
    fn mean(&self, eta: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
        let mut total = 0.0;
        for (y, eta) in self.y.chunks_exact(self.n).zip(eta.chunks_exact(self.n)) {
            total += match &self.weights {
                None => kernels::widest(
                    #[inline(always)]
                    || sum_of(y, eta, &term),
                ),
                Some(w) => y.iter().zip(eta).zip(w).fold(0.0, |sum, ((y, eta), w)| {
                    sum + if *w == 0.0 { 0.0 } else { w * term(*y, *eta) }
                }),
            };
        }
        total / self.n as f64
    }

    /// Calls `visit(share, y, v, out)` for every entry of `v` and `out`, n x K.
    fn each(&self, v: &[f64], out: &mut [f64], mut visit: impl FnMut(f64, f64, f64, &mut f64)) {
        let n = self.n;
        for (k, out) in out.chunks_exact_mut(n).enumerate() {
            let (y, v) = (&self.y[k * n..(k + 1) * n], &v[k * n..(k + 1) * n]);
            for (i, ((y, v), out)) in y.iter().zip(v).zip(out).enumerate() {
                visit(self.share(i), *y, *v, out);
            }
        }
    }
}

impl<L: Elementwise> DataFit for ElementwiseFit<L> {
    fn samples(&self) -> usize {
        self.n
    }
    fn outputs(&self) -> usize {
        self.outputs
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        self.mean(eta, |y, eta| self.loss.value(y, eta))
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        L::as_smooth(self).map(|fit| fit as &dyn SmoothFit)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        L::as_smooth(self).map(|fit| fit as &dyn Curvature)
    }
    fn as_samples(&self) -> Option<&dyn SampleFit> {
        L::as_smooth(self).map(|fit| fit as &dyn SampleFit)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        L::as_conjugate(self)
    }
    fn as_prox(&self) -> Option<&dyn FitProx> {
        L::as_prox(self)
    }
}

impl<L: ElementwiseSmooth> SmoothCurved for ElementwiseFit<L> {}

impl<L: ElementwiseSmooth> SmoothFit for ElementwiseFit<L> {
    fn gradient(
        &self,
        eta: &[f64],
        _own: &[f64],
        grad_eta: &mut [f64],
        _grad_own: &mut [f64],
    ) -> f64 {
        let n = self.n;
        let share = 1.0 / n as f64;
        let mut total = 0.0;
        for (k, grad) in grad_eta.chunks_exact_mut(n).enumerate() {
            let (y, eta) = (&self.y[k * n..(k + 1) * n], &eta[k * n..(k + 1) * n]);
            total += match &self.weights {
                None => kernels::widest(
                    #[inline(always)]
                    || gradient_of(&self.loss, y, eta, share, grad),
                ),
                Some(w) => weighted_gradient_of(&self.loss, y, eta, w, share, grad),
            };
        }
        total / n as f64
    }

    fn hessian_bound(&self) -> Option<f64> {
        let largest = self.weights.as_ref().map_or(1.0, |w| kernels::max_abs(w));
        self.loss.second_bound().map(|bound| bound * largest / self.n as f64)
    }
}

impl<L: ElementwiseSmooth> SampleFit for ElementwiseFit<L> {
    fn batch_gradient(&self, batch: &[usize], eta: &[f64], grad_eta: &mut [f64]) -> f64 {
        let (n, m) = (self.n, batch.len());
        let mut total = 0.0;
        for (at, (eta, grad)) in eta.iter().zip(grad_eta).enumerate() {
            let i = batch[at % m];
            let share = self.share(i);
            *grad = 0.0;
            if share != 0.0 {
                let (term, slope) = self.loss.value_derivative(self.y[i + at / m * n], *eta);
                total += share * term;
                *grad = share * slope;
            }
        }
        total
    }
}

impl<L: ElementwiseSmooth> Curvature for ElementwiseFit<L> {
    fn form(&self) -> CurvatureForm {
        if L::QUADRATIC { CurvatureForm::Constant } else { CurvatureForm::Diagonal }
    }
    fn curvature(&self, eta: &[f64], _own: &[f64], out: &mut [f64]) {
        let share = 1.0 / self.n as f64;
        let uniform = self.weights.is_none();
        kernels::widest(
            #[inline(always)]
            || {
                if uniform {
                    for ((y, eta), out) in self.y.iter().zip(eta).zip(out) {
                        *out = share * self.loss.second_derivative(*y, *eta);
                    }
                    return;
                }
                self.each(eta, out, |share, y, eta, out| {
                    let value = || share * self.loss.second_derivative(y, eta);
                    *out = if share == 0.0 { 0.0 } else { value() };
                });
            },
        );
    }
}

impl<L: ElementwiseConjugate> FitConjugate for ElementwiseFit<L> {
    /// `sum_ik c_i l*(y_ik, u_ik / c_i)` with `c_i = w_i / n`; where `c_i = 0`, `u_ik` must be 0.
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.weights.is_none() {
            let share = 1.0 / self.n as f64;
            let term = move |y: f64, u: f64| self.loss.conjugate(y, u / share);
            let sum = kernels::widest(
                #[inline(always)]
                || sum_of(&self.y, u, term),
            );
            return share * sum;
        }
        let mut total = 0.0;
        for (y, u) in self.y.chunks_exact(self.n).zip(u.chunks_exact(self.n)) {
            for (i, (y, u)) in y.iter().zip(u).enumerate() {
                let share = self.share(i);
                total += match (share == 0.0, *u == 0.0) {
                    (false, _) => share * self.loss.conjugate(*y, u / share),
                    (true, true) => 0.0,
                    (true, false) => f64::INFINITY,
                };
            }
        }
        total
    }
}

impl<L: ElementwiseProx> FitProx for ElementwiseFit<L> {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.each(v, out, |share, y, v, out| {
            *out = if share == 0.0 { v } else { self.loss.prox(y, v, step * share) };
        });
    }
    fn envelope_gradient(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.each(v, out, |share, y, v, out| {
            *out = match share {
                0.0 => 0.0,
                _ => share * self.loss.envelope_derivative(y, v, step * share),
            };
        });
    }
    fn as_entrywise(&self) -> Option<&dyn EntrywiseProx> {
        Some(self)
    }
}

impl<L: ElementwiseProx> EntrywiseProx for ElementwiseFit<L> {
    fn prox_derivative(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.each(v, out, |share, y, v, out| {
            *out = match share {
                0.0 => 1.0,
                _ => self.loss.prox_derivative(y, v, step * share),
            };
        });
    }
}

/// Responses that are all finite and `valid`.
///
/// Errors: [`Error::Domain`] with the number of the first sample outside; `expected` says what
/// would have been right.
pub fn check_responses(
    y: &[f64],
    samples: usize,
    valid: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<(), Error> {
    match y.iter().position(|&y| !(y.is_finite() && valid(y))) {
        None => Ok(()),
        Some(at) => Err(Error::Domain {
            what: "response",
            sample: at % samples,
            got: y[at],
            expected: expected.into(),
        }),
    }
}

/// The class of each sample as 0 or 1, for a fit that needs both.
///
/// Errors: as [`Samples::two_classes`]; [`Error::Data`] where no sample with positive weight is in
/// one of the classes.
pub fn both_classes(samples: &Samples) -> Result<&[u32], Error> {
    let class = samples.two_classes()?;
    let (_, labels) = samples.classes()?;
    for (c, label) in labels.iter().enumerate() {
        if !(0..samples.len()).any(|i| class[i] as usize == c && samples.weight(i) > 0.0) {
            return Err(Error::Data(format!(
                "no sample to fit is in class \"{label}\": both classes are needed"
            )));
        }
    }
    Ok(class)
}

/// The root of an increasing function on `[low, high]`, by Newton's method kept inside a shrinking
/// bracket: `slope(z)` gives value and derivative; a step that leaves the bracket, or does not
/// shrink the value, is replaced by a bisection. Accurate to rounding; NaN where a bound is.
pub fn increasing_root(
    mut low: f64,
    mut high: f64,
    start: f64,
    slope: impl Fn(f64) -> (f64, f64),
) -> f64 {
    if low.is_nan() || high.is_nan() {
        return f64::NAN;
    }
    let mut z = start.clamp(low, high);
    let mut last = f64::INFINITY;
    // 200 halvings exhaust any bracket of doubles that matters; Newton needs about five steps.
    for _ in 0..200 {
        let (value, derivative) = slope(z);
        if value == 0.0 {
            return z;
        }
        if value > 0.0 {
            high = z;
        } else {
            low = z;
        }
        let newton = z - value / derivative;
        let useful = (low..=high).contains(&newton) && value.abs() <= 0.5 * last;
        let next = if useful { newton } else { 0.5 * (low + high) };
        last = value.abs();
        if (next - z).abs() <= 2.0 * f64::EPSILON * z.abs() {
            return next;
        }
        z = next;
    }
    z
}

/// Samples whose terms are written down before they are summed: a loop that only writes is one that
/// the compiler takes several samples of at a time.
const CHUNK: usize = 256;

#[inline(always)]
fn sum_of(y: &[f64], eta: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut total = 0.0;
    let mut terms = [0.0; CHUNK];
    for (y, eta) in y.chunks(CHUNK).zip(eta.chunks(CHUNK)) {
        let terms = &mut terms[..y.len()];
        for ((out, y), eta) in terms.iter_mut().zip(y).zip(eta) {
            *out = term(*y, *eta);
        }
        total += kernels::sum(terms);
    }
    total
}

/// Writes `share * dl` and returns the sum of `l`, with the bits of [`sum_of`].
#[inline(always)]
fn gradient_of<L: ElementwiseSmooth>(
    loss: &L,
    y: &[f64],
    eta: &[f64],
    share: f64,
    grad: &mut [f64],
) -> f64 {
    let mut total = 0.0;
    let mut terms = [0.0; CHUNK];
    for ((y, eta), grad) in y.chunks(CHUNK).zip(eta.chunks(CHUNK)).zip(grad.chunks_mut(CHUNK)) {
        let terms = &mut terms[..y.len()];
        for (((out, grad), y), eta) in terms.iter_mut().zip(grad).zip(y).zip(eta) {
            let (value, derivative) = loss.value_derivative(*y, *eta);
            *out = value;
            *grad = share * derivative;
        }
        total += kernels::sum(terms);
    }
    total
}

fn weighted_gradient_of<L: ElementwiseSmooth>(
    loss: &L,
    y: &[f64],
    eta: &[f64],
    w: &[f64],
    share: f64,
    grad: &mut [f64],
) -> f64 {
    let mut total = 0.0;
    for (((y, eta), w), grad) in y.iter().zip(eta).zip(w).zip(grad) {
        let (value, derivative) = loss.value_derivative(*y, *eta);
        let counts = *w != 0.0;
        total += if counts { w * value } else { 0.0 };
        *grad = if counts { share * w * derivative } else { 0.0 };
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;

    /// `exp(eta) - y eta`, which overflows.
    #[derive(Debug)]
    struct Exponential;

    impl Elementwise for Exponential {
        fn value(&self, y: f64, eta: f64) -> f64 {
            eta.exp() - y * eta
        }
        fn saturated(&self, y: f64) -> f64 {
            y - y * y.ln()
        }
        fn as_smooth(fit: &ElementwiseFit<Self>) -> Option<&dyn SmoothCurved> {
            Some(fit)
        }
    }

    impl ElementwiseSmooth for Exponential {
        fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
            (self.value(y, eta), eta.exp() - y)
        }
        fn second_derivative(&self, _y: f64, eta: f64) -> f64 {
            eta.exp()
        }
        fn second_bound(&self) -> Option<f64> {
            None
        }
    }

    fn samples(n: usize, weights: Option<Vec<f64>>) -> Samples {
        Samples::new(Response::None { samples: n }, weights).unwrap()
    }

    #[test]
    fn sums_and_gradients_are_those_of_the_definition_at_every_length() {
        for n in 1..30 {
            let y: Vec<f64> = (0..2 * n).map(|i| 1.0 + (i % 5) as f64).collect();
            let eta: Vec<f64> = (0..2 * n).map(|i| (i as f64).sin()).collect();
            let fit = ElementwiseFit::new(Exponential, y.clone(), &samples(n, None)).unwrap();
            assert_eq!((fit.samples(), fit.outputs()), (n, 2));
            let naive: f64 = y.iter().zip(&eta).map(|(y, e)| e.exp() - y * e).sum();
            let mut grad = vec![f64::NAN; 2 * n];
            let value = SmoothFit::gradient(&fit, &eta, &[], &mut grad, &mut []);
            assert!((value - naive / n as f64).abs() < 1e-13);
            assert_eq!(value, fit.value(&eta, &[]));
            for ((g, y), e) in grad.iter().zip(&y).zip(&eta) {
                assert!((g - (e.exp() - y) / n as f64).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn a_sample_without_weight_may_overflow() {
        let samples = samples(2, Some(vec![0.0, 2.0]));
        let fit = ElementwiseFit::new(Exponential, vec![1.0, 1.0], &samples).unwrap();
        let (eta, mut grad, mut curvature) = ([1e4, 0.0], [f64::NAN; 2], [f64::NAN; 2]);
        assert_eq!(SmoothFit::gradient(&fit, &eta, &[], &mut grad, &mut []), 1.0);
        fit.curvature(&eta, &[], &mut curvature);
        assert_eq!((fit.value(&eta, &[]), grad, curvature), (1.0, [0.0; 2], [0.0, 1.0]));
        assert_eq!(fit.deviance(&eta).unwrap(), 0.0);
    }

    #[test]
    fn what_a_loss_does_not_offer_its_fit_does_not_either() {
        let fit = ElementwiseFit::new(Exponential, vec![1.0], &samples(1, None)).unwrap();
        assert!(fit.as_smooth().is_some() && fit.as_curvature().is_some());
        assert!(DataFit::as_conjugate(&fit).is_none() && DataFit::as_prox(&fit).is_none());
    }

    #[test]
    fn wrong_lengths_are_errors() {
        assert!(ElementwiseFit::new(Exponential, vec![1.0; 3], &samples(2, None)).is_err());
        let fit = ElementwiseFit::new(Exponential, vec![1.0; 2], &samples(2, None)).unwrap();
        assert!(fit.deviance(&[0.0; 3]).is_err());
    }

    #[test]
    fn roots_are_found_where_newton_alone_would_not_go() {
        // Flat on both sides: Newton overshoots from afar.
        let root = increasing_root(-50.0, 80.0, 60.0, |z| {
            ((z - 0.3f64).atan(), 1.0 / (1.0 + (z - 0.3) * (z - 0.3)))
        });
        assert!((root - 0.3).abs() < 1e-15);
        // A kink, and a root at the end of the bracket.
        let kinked = |z: f64| if z < 1.0 { (1e-3 * (z - 1.0), 1e-3) } else { (z - 1.0, 1.0) };
        assert_eq!(increasing_root(-1e6, 1e6, -1e6, kinked), 1.0);
        assert_eq!(increasing_root(2.0, 5.0, 5.0, |z| (z - 2.0, 1.0)), 2.0);
    }

    #[test]
    fn a_class_with_no_weight_is_missing() {
        let labels = vec!["a".to_string(), "b".to_string()];
        let response = Response::Classes { class: vec![0, 1, 0], labels };
        let all = Samples::new(response.clone(), None).unwrap();
        assert_eq!(both_classes(&all).unwrap(), [0, 1, 0]);
        let some = Samples::new(response, Some(vec![1.0, 0.0, 1.0])).unwrap();
        assert!(both_classes(&some).unwrap_err().to_string().contains("\"b\""));
    }
}
