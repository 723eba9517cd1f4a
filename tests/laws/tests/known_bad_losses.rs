//! A law that no broken loss breaks says nothing: one sound loss, broken in one place at a time,
//! and the law that must notice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use fenchel_core::elementwise::{
    Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx, check_responses,
};
use fenchel_core::{
    Bound, Curvature, CurvatureForm, DataFit, Design, EntrywiseProx, Error, FitConjugate, FitProx,
    Loss, OwnParameters, OwnReport, Predictor, ResponseKind, SampleFit, Samples, SmoothFit,
    Thresholds, kernels,
};
use fenchel_laws::Outcome;
use fenchel_laws::loss::check_all;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    None,
    DesignRead,
    GradientOfTheOtherSign,
    GradientEntryUnwritten,
    BatchIsTheFirstSamples,
    ValueBesideTheGradient,
    CurvatureDoubled,
    HessianProductHalved,
    CurvatureClaimedConstant,
    BoundHalved,
    BoundForgetsWeights,
    ConjugateTooSmall,
    ConjugateTooLarge,
    ConjugateFiniteEverywhere,
    ConjugateDomainTooNarrow,
    NotConvex,
    ProxWithHalfTheStep,
    EnvelopeForgetsTheStep,
    EnvelopeLeavesTheDomain,
    ProxDerivativeOfTheInverse,
    EntrywiseProxMixesEntries,
    WeightsIgnored,
    ZeroWeightsCount,
    LastSampleCountsTwice,
    NanAccepted,
    AnythingAccepted,
    NothingAccepted,
    InfiniteAtZero,
    DevianceWithoutTheTwo,
    ResponsesTooFew,
    ValueVaries,
    GradientOfAnotherThread,
    PanicsAtNan,
    ThresholdAddedTwice,
    ThresholdOfOneSample,
    ThresholdHalvedOnTheWay,
    Panics,
}

/// `log(1 + exp(eta)) - y eta` for fractions `y`, with a flaw.
#[derive(Debug, Clone, Copy)]
struct Logit(Flaw);

#[derive(Debug)]
struct Fit {
    flaw: Flaw,
    y: Vec<f64>,
    weights: Vec<f64>,
    calls: AtomicUsize,
    home: ThreadId,
}

fn sigmoid(eta: f64) -> f64 {
    1.0 / (1.0 + (-eta).exp())
}

impl Logit {
    fn fit(self, samples: &Samples) -> Result<Fit, Error> {
        let n = samples.len();
        let weights = (0..n).map(|i| match self.0 {
            Flaw::WeightsIgnored => 1.0,
            Flaw::ZeroWeightsCount => samples.weight(i).max(0.01),
            Flaw::LastSampleCountsTwice if i + 1 == n => 2.0 * samples.weight(i),
            _ => samples.weight(i),
        });
        let y = match self.0 {
            Flaw::AnythingAccepted => vec![0.5; n],
            _ => samples.number()?.to_vec(),
        };
        let (calls, home) = (AtomicUsize::new(0), thread::current().id());
        Ok(Fit { flaw: self.0, y, weights: weights.collect(), calls, home })
    }
}

impl Loss for Logit {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error> {
        if self.0 == Flaw::Panics {
            panic!("out of bounds");
        }
        let mut fit = self.fit(samples)?;
        if self.0 == Flaw::DesignRead {
            fit.weights[0] += design.column_square(0, None);
        }
        let outside = |y: &f64| !(0.0..=1.0).contains(y) && self.0 != Flaw::NanAccepted;
        let position = fit.y.iter().position(outside);
        match position.or((self.0 == Flaw::NothingAccepted).then_some(0)) {
            None => Ok(Bound::Eta(Box::new(fit))),
            Some(sample) => Err(Error::Domain {
                what: "response",
                sample,
                got: fit.y[sample],
                expected: "between 0 and 1".into(),
            }),
        }
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Logit {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        let keep = if self.0 == Flaw::ResponsesTooFew { 1 } else { eta.len() };
        (eta[..keep].iter().map(|e| sigmoid(*e)).collect(), outputs)
    }
    fn class(&self, _eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        None
    }
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        let fit = self.fit(samples)?;
        let saturated = fit.sum(|i| {
            let y = fit.y[i];
            entropy(y)
        });
        let twice = if self.0 == Flaw::DevianceWithoutTheTwo { 1.0 } else { 2.0 };
        Ok(twice * (fit.value(eta, &[]) + saturated))
    }
}

/// `q log q + (1 - q) log(1 - q)`.
fn entropy(q: f64) -> f64 {
    [q, 1.0 - q].iter().map(|q| if *q > 0.0 { q * q.ln() } else { 0.0 }).sum()
}

impl Fit {
    fn clone_without_flaw(&self) -> Self {
        let (y, weights) = (self.y.clone(), self.weights.clone());
        Self { flaw: Flaw::None, y, weights, calls: AtomicUsize::new(0), home: self.home }
    }
    fn share(&self, i: usize) -> f64 {
        self.weights[i] / self.y.len() as f64
    }
    fn sum(&self, term: impl Fn(usize) -> f64) -> f64 {
        (0..self.y.len()).map(|i| self.share(i) * term(i)).sum()
    }
}

impl DataFit for Fit {
    fn as_samples(&self) -> Option<&dyn SampleFit> {
        let sound = matches!(self.flaw, Flaw::None | Flaw::BatchIsTheFirstSamples);
        sound.then_some(self as &dyn SampleFit)
    }
    fn samples(&self) -> usize {
        self.y.len()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        if self.flaw == Flaw::InfiniteAtZero && eta.iter().all(|e| *e == 0.0) {
            return f64::INFINITY;
        }
        match self.flaw {
            Flaw::PanicsAtNan if eta.iter().any(|e| e.is_nan()) => panic!("not a number"),
            Flaw::ValueVaries if self.calls.fetch_add(1, Ordering::Relaxed) % 2 == 1 => {
                return (1.0 + 1e-15) * self.clone_without_flaw().value(eta, &[]);
            }
            _ => {}
        }
        self.sum(|i| {
            let bump = if self.flaw == Flaw::NotConvex { (3.0 * eta[i]).sin() } else { 0.0 };
            eta[i].max(0.0) + (-eta[i].abs()).exp().ln_1p() - self.y[i] * eta[i] + bump
        })
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        Some(self)
    }
    fn as_prox(&self) -> Option<&dyn FitProx> {
        Some(self)
    }
}

impl SampleFit for Fit {
    fn batch_gradient(&self, batch: &[usize], eta: &[f64], grad: &mut [f64]) -> f64 {
        let mut total = 0.0;
        for (at, (eta, g)) in eta.iter().zip(grad).enumerate() {
            let i = if self.flaw == Flaw::BatchIsTheFirstSamples { at } else { batch[at] };
            *g = self.share(i) * (sigmoid(*eta) - self.y[i]);
            total += self.share(i) * (eta.max(0.0) + (-eta.abs()).exp().ln_1p() - self.y[i] * eta);
        }
        total
    }
}

impl SmoothFit for Fit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], _grad_own: &mut [f64]) -> f64 {
        let written = grad.len() - usize::from(self.flaw == Flaw::GradientEntryUnwritten);
        let sign = match self.flaw {
            Flaw::GradientOfTheOtherSign => -1.0,
            Flaw::GradientOfAnotherThread if thread::current().id() != self.home => 1.0 + 1e-15,
            _ => 1.0,
        };
        for (i, g) in grad[..written].iter_mut().enumerate() {
            *g = sign * self.share(i) * (sigmoid(eta[i]) - self.y[i]);
        }
        let extra = if self.flaw == Flaw::ValueBesideTheGradient { 1.0 } else { 0.0 };
        self.value(eta, own) + extra
    }
    fn hessian_bound(&self) -> Option<f64> {
        let top = match self.flaw {
            Flaw::BoundForgetsWeights => 1.0,
            _ => self.weights.iter().fold(0.0, |top: f64, w| top.max(*w)),
        };
        let quarter = if self.flaw == Flaw::BoundHalved { 0.125 } else { 0.25 };
        Some(quarter * top / self.y.len() as f64)
    }
}

impl Curvature for Fit {
    fn form(&self) -> CurvatureForm {
        match self.flaw {
            Flaw::CurvatureClaimedConstant => CurvatureForm::Constant,
            _ => CurvatureForm::Diagonal,
        }
    }
    fn as_product(&self) -> Option<&dyn fenchel_core::HessianProduct> {
        Some(self)
    }
    fn curvature(&self, eta: &[f64], _own: &[f64], out: &mut [f64]) {
        let factor = if self.flaw == Flaw::CurvatureDoubled { 2.0 } else { 1.0 };
        for (i, h) in out.iter_mut().enumerate() {
            *h = factor * self.share(i) * sigmoid(eta[i]) * sigmoid(-eta[i]);
        }
    }
}

impl fenchel_core::HessianProduct for Fit {
    fn product(&self, eta: &[f64], own: &[f64], v: &[f64], out: &mut [f64]) {
        self.curvature(eta, own, out);
        let factor = if self.flaw == Flaw::HessianProductHalved { 0.5 } else { 1.0 };
        out.iter_mut().zip(v).for_each(|(h, v)| *h *= factor * v);
    }
}

impl FitConjugate for Fit {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let mut total = 0.0;
        for (i, u) in u.iter().enumerate() {
            let share = self.share(i);
            if share == 0.0 {
                total += if *u == 0.0 { 0.0 } else { f64::INFINITY };
                continue;
            }
            let q = u / share + self.y[i];
            let edge = if self.flaw == Flaw::ConjugateDomainTooNarrow { 0.2 } else { -1e-12 };
            let inside = (edge..=1.0 - edge).contains(&q);
            if !inside && self.flaw != Flaw::ConjugateFiniteEverywhere {
                return f64::INFINITY;
            }
            total += share * entropy(q.clamp(0.0, 1.0));
        }
        match self.flaw {
            Flaw::ConjugateTooSmall => total - 0.1,
            Flaw::ConjugateTooLarge => total + 0.1,
            _ => total,
        }
    }
}

impl FitProx for Fit {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) {
        let halved = if self.flaw == Flaw::ProxWithHalfTheStep { 0.5 } else { 1.0 };
        for (i, z) in out.iter_mut().enumerate() {
            let t = halved * step * self.share(i);
            let (mut low, mut high) = (v[i] - t, v[i] + t);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                let above = middle - v[i] + t * (sigmoid(middle) - self.y[i]) > 0.0;
                *(if above { &mut high } else { &mut low }) = middle;
            }
            *z = low;
        }
        if self.flaw == Flaw::EntrywiseProxMixesEntries {
            out[0] += 1e-3 * v[1];
        }
    }
    fn envelope_gradient(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.prox(v, step, out);
        let divisor = if self.flaw == Flaw::EnvelopeForgetsTheStep { 1.0 } else { step };
        out.iter_mut().zip(v).for_each(|(out, v)| *out = (v - *out) / divisor);
        if self.flaw == Flaw::EnvelopeLeavesTheDomain {
            out[0] = self.share(0) * (1.001 - self.y[0]);
        }
    }
    fn as_entrywise(&self) -> Option<&dyn EntrywiseProx> {
        Some(self)
    }
}

impl EntrywiseProx for Fit {
    fn prox_derivative(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.prox(v, step, out);
        for (i, z) in out.iter_mut().enumerate() {
            let inverse = 1.0 + step * self.share(i) * sigmoid(*z) * sigmoid(-*z);
            let inverted = self.flaw == Flaw::ProxDerivativeOfTheInverse;
            *z = if inverted { inverse } else { 1.0 / inverse };
        }
    }
}

/// `Logit` of `eta + t` with a threshold `t` that is estimated along.
#[derive(Debug, Clone, Copy)]
struct Shifted(Flaw);

#[derive(Debug)]
struct ShiftedFit(Fit);

impl Loss for Shifted {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error> {
        Logit(self.0).bind(samples, design)?; // checks the responses
        Ok(Bound::Eta(Box::new(ShiftedFit(Logit(self.0).fit(samples)?))))
    }
}

impl ShiftedFit {
    fn shifted(&self, eta: &[f64], own: &[f64]) -> Vec<f64> {
        let times = if self.0.flaw == Flaw::ThresholdAddedTwice { 2.0 } else { 1.0 };
        eta.iter().map(|eta| eta + times * own[0]).collect()
    }
}

impl DataFit for ShiftedFit {
    fn samples(&self) -> usize {
        self.0.samples()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        self.0.value(&self.shifted(eta, own), &[])
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        Some(self)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
}

impl OwnParameters for ShiftedFit {
    fn start(&self) -> Vec<f64> {
        vec![0.3]
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        OwnReport { intercept: Some(own.to_vec()), extra: Vec::new() }
    }
    fn portable(&self, own: &[f64]) -> Vec<f64> {
        let halved = self.0.flaw == Flaw::ThresholdHalvedOnTheWay;
        vec![if halved { 0.5 * own[0] } else { own[0] }]
    }
    fn as_thresholds(&self) -> Option<Thresholds<'_>> {
        Some(Thresholds { fit: &self.0, neighbours: None })
    }
}

impl SmoothFit for ShiftedFit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        let value = self.0.gradient(&self.shifted(eta, own), &[], grad, &mut []);
        grad_own[0] = match self.0.flaw {
            Flaw::ThresholdAddedTwice => 2.0 * kernels::sum(grad),
            Flaw::ThresholdOfOneSample => grad[0],
            _ => kernels::sum(grad),
        };
        value
    }
    fn hessian_bound(&self) -> Option<f64> {
        self.0.hessian_bound()
    }
}

#[track_caller]
fn is_caught(flaw: Flaw, law: &str) {
    is_caught_in(&Logit(flaw), flaw, law);
}

#[track_caller]
fn is_caught_in(loss: &dyn Loss, flaw: Flaw, law: &str) {
    let report = check_all(loss);
    let violation = report.violations().find(|violation| violation.law == law);
    assert!(violation.is_some(), "{law} did not notice {flaw:?}:\n{report}");
}

#[test]
fn the_sound_losses_break_no_law_and_every_law_is_tried() {
    let (plain, shifted) = (check_all(&Logit(Flaw::None)), check_all(&Shifted(Flaw::None)));
    assert!(plain.holds() && shifted.holds(), "{plain}\n{shifted}");
    for ((law, of_plain), (_, of_shifted)) in plain.outcomes.iter().zip(&shifted.outcomes) {
        // The laws of barriers are tried in `known_bad_paths`.
        if *law == "the_central_path_ends_in_the_objective" {
            continue;
        }
        assert!([of_plain, of_shifted].contains(&&Outcome::Held), "{law} is not tried");
    }
}

#[test]
fn wrong_thresholds_are_caught() {
    for flaw in [Flaw::ThresholdAddedTwice, Flaw::ThresholdOfOneSample] {
        is_caught_in(&Shifted(flaw), flaw, "thresholds_widen_the_predictor");
    }
    let halved = Flaw::ThresholdHalvedOnTheWay;
    is_caught_in(&Shifted(halved), halved, "own_parameters_travel");
    // What is wrong with the wider predictor shows as if it were the loss.
    for (flaw, law) in [
        (Flaw::CurvatureDoubled, "curvature_matches_differences"),
        (Flaw::ConjugateTooSmall, "fenchel_young_inequality"),
        (Flaw::NotConvex, "losses_with_a_conjugate_are_convex"),
    ] {
        is_caught_in(&Shifted(flaw), flaw, law);
    }
}

#[test]
fn wrong_derivatives_are_caught() {
    is_caught(Flaw::GradientOfTheOtherSign, "gradients_match_differences");
    is_caught(Flaw::GradientEntryUnwritten, "gradients_match_differences");
    is_caught(Flaw::BatchIsTheFirstSamples, "batches_add_up_to_the_whole");
    is_caught(Flaw::ValueBesideTheGradient, "gradients_match_differences");
    is_caught(Flaw::CurvatureDoubled, "curvature_matches_differences");
    is_caught(Flaw::CurvatureClaimedConstant, "curvature_matches_differences");
    is_caught(Flaw::HessianProductHalved, "hessian_products_match_differences");
    is_caught(Flaw::BoundHalved, "the_hessian_bound_holds");
    is_caught(Flaw::BoundForgetsWeights, "the_hessian_bound_holds");
}

#[test]
fn wrong_conjugates_are_caught() {
    is_caught(Flaw::ConjugateTooSmall, "fenchel_young_inequality");
    is_caught(Flaw::ConjugateTooLarge, "fenchel_young_equality");
    is_caught(Flaw::ConjugateFiniteEverywhere, "fenchel_young_inequality");
    is_caught(Flaw::ConjugateDomainTooNarrow, "gradients_shrink_inside_the_dual_domain");
    is_caught(Flaw::NotConvex, "losses_with_a_conjugate_are_convex");
}

#[test]
fn a_wrong_prox_is_caught() {
    is_caught(Flaw::ProxWithHalfTheStep, "the_prox_in_eta_minimises");
    is_caught(Flaw::EnvelopeForgetsTheStep, "the_prox_ends_in_a_subgradient");
    is_caught(Flaw::EnvelopeLeavesTheDomain, "the_prox_ends_in_a_subgradient");
    is_caught(Flaw::ProxDerivativeOfTheInverse, "prox_derivatives_match_differences");
    is_caught(Flaw::EntrywiseProxMixesEntries, "prox_derivatives_match_differences");
}

#[test]
fn wrong_weights_are_caught() {
    is_caught(Flaw::WeightsIgnored, "weights_equal_repetition");
    is_caught(Flaw::WeightsIgnored, "zero_weights_do_not_matter");
    is_caught(Flaw::ZeroWeightsCount, "zero_weights_do_not_matter");
    is_caught(Flaw::LastSampleCountsTwice, "the_order_of_samples_does_not_matter");
}

#[test]
fn wrong_domains_are_caught() {
    is_caught(Flaw::NanAccepted, "non_finite_responses_are_refused");
    is_caught(Flaw::AnythingAccepted, "other_kinds_of_response_are_refused");
    is_caught(Flaw::DesignRead, "no_design_is_read_unannounced");
    is_caught(Flaw::NothingAccepted, "some_response_is_accepted");
    is_caught(Flaw::InfiniteAtZero, "the_start_is_inside_the_domain");
}

#[test]
fn wrong_predictions_are_caught() {
    is_caught(Flaw::DevianceWithoutTheTwo, "the_deviance_is_twice_the_loss");
    is_caught(Flaw::ResponsesTooFew, "predictions_have_the_right_shape");
}

#[test]
fn answers_that_depend_on_more_than_the_input_are_caught() {
    is_caught(Flaw::ValueVaries, "the_same_call_gives_the_same_bits");
    is_caught(Flaw::GradientOfAnotherThread, "threads_get_the_same_numbers");
    is_caught(Flaw::PanicsAtNan, "nan_and_infinity_are_survived");
}

#[test]
fn a_panic_is_a_violation_and_stays_inside() {
    // The panic happens while laws bind the loss, whichever is first.
    assert!(!check_all(&Logit(Flaw::Panics)).holds());
}

/// The check loss, with a flaw that no gradient would show.
#[derive(Debug, Clone, Copy)]
struct Check(CheckFlaw);

#[derive(Debug, Clone, Copy, PartialEq)]
enum CheckFlaw {
    None,
    ConjugateOfTheOtherSide,
    ConjugateWithoutTheResponse,
    ProxStopsTooEarly,
    DerivativeOneEverywhere,
}

const TAU: f64 = 0.8;

impl Elementwise for Check {
    fn value(&self, y: f64, eta: f64) -> f64 {
        (TAU * (y - eta)).max((TAU - 1.0) * (y - eta))
    }
    fn saturated(&self, _y: f64) -> f64 {
        0.0
    }
    fn as_conjugate(fit: &ElementwiseFit<Self>) -> Option<&dyn FitConjugate> {
        Some(fit)
    }
    fn as_prox(fit: &ElementwiseFit<Self>) -> Option<&dyn FitProx> {
        Some(fit)
    }
}

impl ElementwiseConjugate for Check {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        let (low, high) = match self.0 {
            CheckFlaw::ConjugateOfTheOtherSide => (TAU - 1.0, TAU),
            _ => (-TAU, 1.0 - TAU),
        };
        let y = if self.0 == CheckFlaw::ConjugateWithoutTheResponse { 0.0 } else { y };
        let slack = 1e-12;
        if (low - slack..=high + slack).contains(&u) { u * y } else { f64::INFINITY }
    }
}

impl ElementwiseProx for Check {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        let step = if self.0 == CheckFlaw::ProxStopsTooEarly { 0.9 * step } else { step };
        y.max(v - step * (1.0 - TAU)).min(v + step * TAU)
    }
    fn prox_derivative(&self, y: f64, v: f64, step: f64) -> f64 {
        let everywhere = self.0 == CheckFlaw::DerivativeOneEverywhere;
        if self.prox(y, v, step) == y && !everywhere { 0.0 } else { 1.0 }
    }
}

impl Loss for Check {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let y = samples.number()?;
        check_responses(y, samples.len(), |_| true, "finite")?;
        Ok(Bound::Eta(Box::new(ElementwiseFit::new(*self, y.to_vec(), samples)?)))
    }
}

#[test]
fn a_loss_without_gradient_is_not_spared() {
    let report = check_all(&Check(CheckFlaw::None));
    assert!(report.holds(), "{report}");
    let subgradient = "the_prox_ends_in_a_subgradient";
    for (flaw, law) in [
        (CheckFlaw::ConjugateOfTheOtherSide, subgradient),
        (CheckFlaw::ConjugateWithoutTheResponse, subgradient),
        (CheckFlaw::ProxStopsTooEarly, "the_prox_in_eta_minimises"),
        (CheckFlaw::DerivativeOneEverywhere, "prox_derivatives_match_differences"),
    ] {
        let report = check_all(&Check(flaw));
        let caught = report.violations().any(|violation| violation.law == law);
        assert!(caught, "{law} did not notice {flaw:?}:\n{report}");
    }
}
