//! The laws of a loss, before and after it is bound to data, and of everything that it may offer.
//!
//! Each law is a function of the loss alone: the data that it is bound to are made up from the kind
//! of response that the loss says it reads, once without weights and once with weights of which one
//! is 0. A loss that refuses weights as [`Error::Unsupported`](fenchel_core::Error) is spared the
//! laws about them.
//!
//! | subject | laws |
//! |---|---|
//! | binding | [`some_response_is_accepted`], [`other_kinds_of_response_are_refused`], [`non_finite_responses_are_refused`], [`no_design_is_read_unannounced`], [`the_start_is_inside_the_domain`] |
//! | derivatives | [`gradients_match_differences`], [`curvature_matches_differences`], [`hessian_products_match_differences`], [`the_hessian_bound_holds`], [`thresholds_widen_the_predictor`] |
//! | convexity | [`losses_with_a_conjugate_are_convex`], [`fenchel_young_inequality`], [`fenchel_young_equality`], [`gradients_shrink_inside_the_dual_domain`] |
//! | prox | [`the_prox_in_eta_minimises`], [`the_prox_ends_in_a_subgradient`], [`prox_derivatives_match_differences`] |
//! | weights | [`weights_equal_repetition`], [`weights_are_scale_free`], [`zero_weights_do_not_matter`], [`the_order_of_samples_does_not_matter`] |
//! | prediction | [`predictions_have_the_right_shape`], [`the_deviance_is_twice_the_loss`] |
//! | own parameters | [`own_parameters_travel`] |
//! | sums over samples | [`batches_add_up_to_the_whole`] |
//! | barriers | [`the_central_path_ends_in_the_objective`] |
//! | calls | [`the_same_call_gives_the_same_bits`], [`threads_get_the_same_numbers`], [`nan_and_infinity_are_survived`] |

mod batches;
mod binding;
mod central_path;
mod conjugate;
mod derivatives;
mod own;
mod predictor;
mod probe;
mod prox;
mod repeat;
mod weights;

use fenchel_core::{DataFit, Loss};

pub use batches::batches_add_up_to_the_whole;
pub use binding::{
    no_design_is_read_unannounced, non_finite_responses_are_refused,
    other_kinds_of_response_are_refused, some_response_is_accepted, the_start_is_inside_the_domain,
};
pub use central_path::the_central_path_ends_in_the_objective;
pub use conjugate::{
    fenchel_young_equality, fenchel_young_inequality, gradients_shrink_inside_the_dual_domain,
    losses_with_a_conjugate_are_convex,
};
pub use derivatives::{
    curvature_matches_differences, gradients_match_differences, hessian_products_match_differences,
    the_hessian_bound_holds, thresholds_widen_the_predictor,
};
pub use own::own_parameters_travel;
pub use predictor::{predictions_have_the_right_shape, the_deviance_is_twice_the_loss};
pub use prox::{
    prox_derivatives_match_differences, the_prox_ends_in_a_subgradient, the_prox_in_eta_minimises,
};
pub use repeat::{
    nan_and_infinity_are_survived, the_same_call_gives_the_same_bits, threads_get_the_same_numbers,
};
pub use weights::{
    the_order_of_samples_does_not_matter, weights_are_scale_free, weights_equal_repetition,
    zero_weights_do_not_matter,
};

use crate::{Outcome, Report, Violation};

/// A law with its name and the losses that it is about.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// The name of the function, which is the claim.
    pub name: &'static str,
    /// Whether the loss offers what the law is about.
    pub applies: fn(&dyn Loss) -> bool,
    /// Looks for a counterexample.
    pub check: fn(&dyn Loss) -> Result<(), Violation>,
}

macro_rules! laws {
    ($($law:ident: $applies:expr),* $(,)?) => {
        &[$(Law { name: stringify!($law), applies: $applies, check: $law }),*]
    };
}

/// Every law, in the order in which they are tried.
pub const LAWS: &[Law] = laws![
    some_response_is_accepted: |_| true,
    other_kinds_of_response_are_refused: binding::reads_a_response,
    non_finite_responses_are_refused: binding::reads_numbers,
    no_design_is_read_unannounced: |loss| !loss.reads_design(),
    the_start_is_inside_the_domain: |_| true,
    gradients_match_differences: probe::has_gradient,
    curvature_matches_differences: |loss| {
        fits(loss, |fit| fit.as_curvature().is_some() && fit.as_smooth().is_some())
    },
    hessian_products_match_differences: |loss| {
        fits(loss, |fit| fit.as_curvature().is_some_and(|c| c.as_product().is_some()))
    },
    the_hessian_bound_holds: |loss| {
        fits(loss, |fit| fit.as_smooth().is_some_and(|smooth| smooth.hessian_bound().is_some()))
    },
    thresholds_widen_the_predictor: |loss| {
        fits(loss, |fit| fit.as_own().is_some_and(|own| own.as_thresholds().is_some()))
    },
    losses_with_a_conjugate_are_convex: |loss| fits(loss, has_conjugate),
    fenchel_young_inequality: |loss| fits(loss, has_conjugate),
    fenchel_young_equality: |loss| fits(loss, has_gradient_and_conjugate),
    gradients_shrink_inside_the_dual_domain: |loss| fits(loss, has_gradient_and_conjugate),
    the_prox_in_eta_minimises: |loss| {
        fits(loss, |fit| fit.as_prox().is_some() && fit.as_own().is_none())
    },
    the_prox_ends_in_a_subgradient: |loss| {
        fits(loss, |fit| fit.as_prox().is_some() && has_conjugate(fit))
    },
    prox_derivatives_match_differences: |loss| {
        fits(loss, |fit| {
            fit.as_own().is_none() && fit.as_prox().is_some_and(|prox| prox.as_entrywise().is_some())
        })
    },
    weights_equal_repetition: probe::takes_weights,
    weights_are_scale_free: probe::takes_weights,
    zero_weights_do_not_matter: probe::takes_weights,
    the_order_of_samples_does_not_matter: |loss| fits(loss, |_| true),
    predictions_have_the_right_shape: |loss| loss.as_predictor().is_some(),
    the_deviance_is_twice_the_loss: |loss| {
        let cases = probe::predictor_cases(loss);
        loss.as_predictor().is_some() && cases.iter().any(|case| case.fit.as_own().is_none())
    },
    own_parameters_travel: |loss| fits(loss, |fit| fit.as_own().is_some()),
    batches_add_up_to_the_whole: batches::is_a_sum,
    the_central_path_ends_in_the_objective: central_path::has_path,
    the_same_call_gives_the_same_bits: repeat::can_be_called,
    threads_get_the_same_numbers: repeat::can_be_called,
    nan_and_infinity_are_survived: repeat::can_be_called,
];

impl Law {
    /// Tries this law. A panic inside the loss is a violation too.
    pub fn outcome(&self, loss: &dyn Loss) -> Outcome {
        Outcome::of(self.name, || (self.applies)(loss).then(|| (self.check)(loss)))
    }
}

/// Tries every law. A panic inside the loss is a violation too.
pub fn check_all(loss: &dyn Loss) -> Report {
    let outcomes = LAWS.iter().map(|law| (law.name, law.outcome(loss)));
    Report { outcomes: outcomes.collect() }
}

/// Panics with the report unless every law holds; for tests.
#[track_caller]
pub fn assert_laws(loss: &dyn Loss) {
    assert_laws_except(loss, &[]);
}

/// As [`assert_laws`], but for laws that the model itself breaks: Efron's treatment of ties, for
/// one, tells a repeated sample from a weight of 2.
#[track_caller]
pub fn assert_laws_except(loss: &dyn Loss, excused: &[&str]) {
    let mut report = check_all(loss);
    report.outcomes.retain(|(name, _)| !excused.contains(name));
    assert!(report.holds(), "{loss:?} breaks its laws:\n{report}");
}

/// Whether the loss, bound to samples, is a function of `eta` that `offers` something, or one of a
/// wider predictor that does.
fn fits(loss: &dyn Loss, offers: impl Fn(&dyn DataFit) -> bool) -> bool {
    probe::cases(loss).iter().any(|case| offers(&*case.fit))
}

fn has_conjugate(fit: &dyn DataFit) -> bool {
    fit.as_conjugate().is_some() && fit.as_own().is_none()
}

fn has_gradient_and_conjugate(fit: &dyn DataFit) -> bool {
    has_conjugate(fit) && fit.as_smooth().is_some()
}
