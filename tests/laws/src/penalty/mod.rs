//! The laws of a penalty and of everything that it may offer.
//!
//! Each law is a function of the penalty and of the space that it was built for. Build the penalty
//! on a small space (about 4 to 12 coefficients): the prox is compared with brute force.
//!
//! | subject | laws |
//! |---|---|
//! | numbers | [`values_are_numbers`], [`nan_is_not_stationary`] |
//! | prox | [`prox_minimises`], [`prox_reports_the_value`], [`prox_is_firmly_nonexpansive`] |
//! | parts | [`whole_is_the_sum_of_its_parts`], [`scalars_agree_with_the_penalty`] |
//! | subdifferential | [`subdifferential_holds_prox_residuals`], [`distance_agrees_with_slopes`], [`distance_is_not_understated`], [`distance_is_lipschitz`] |
//! | conjugate | [`fenchel_young_inequality`], [`fenchel_young_equality`], [`dual_scale_ends_at_the_domain`] |
//! | zero threshold | [`zero_threshold_is_exact`] |
//! | scaling | [`scales_multiply`], [`convex_penalties_scale_linearly`] |
//! | lineality | [`lineality_is_flat`], [`other_directions_are_not_flat`] |
//! | convexity | [`convexity_is_as_claimed`], [`weak_convexity_is_tight`] |
//! | convex and concave parts | [`convex_and_concave_parts_sum`], [`convex_part_has_its_prox`], [`concave_part_has_its_gradient`] |
//! | terms | [`terms_sum_to_the_value`], [`operators_have_adjoints_and_bounds`] |
//! | calls | [`the_same_call_gives_the_same_bits`], [`threads_get_the_same_numbers`], [`nan_and_infinity_are_survived`] |

mod challenge;
mod conjugate;
mod convex_concave;
mod convexity;
mod lineality;
mod numbers;
mod parts;
mod probe;
mod prox;
mod repeat;
mod scaling;
mod subdifferential;
mod terms;
mod zero_threshold;

use fenchel_core::{Convexity, Penalty, Space};

pub use conjugate::{
    dual_scale_ends_at_the_domain, fenchel_young_equality, fenchel_young_inequality,
};
pub use convex_concave::{
    concave_part_has_its_gradient, convex_and_concave_parts_sum, convex_part_has_its_prox,
};
pub use convexity::{convexity_is_as_claimed, weak_convexity_is_tight};
pub use lineality::{lineality_is_flat, other_directions_are_not_flat};
pub use numbers::{nan_is_not_stationary, values_are_numbers};
pub use parts::{scalars_agree_with_the_penalty, whole_is_the_sum_of_its_parts};
pub use prox::{prox_is_firmly_nonexpansive, prox_minimises, prox_reports_the_value};
pub use repeat::{
    nan_and_infinity_are_survived, the_same_call_gives_the_same_bits, threads_get_the_same_numbers,
};
pub use scaling::{convex_penalties_scale_linearly, scales_multiply};
pub use subdifferential::{
    distance_agrees_with_slopes, distance_is_lipschitz, distance_is_not_understated,
    subdifferential_holds_prox_residuals,
};
pub use terms::{operators_have_adjoints_and_bounds, terms_sum_to_the_value};
pub use zero_threshold::zero_threshold_is_exact;

use crate::{Outcome, Report, Violation};

/// A law with its name and the penalties that it is about.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// The name of the function, which is the claim.
    pub name: &'static str,
    /// Whether the penalty offers what the law is about.
    pub applies: fn(&dyn Penalty) -> bool,
    /// Looks for a counterexample.
    pub check: fn(&dyn Penalty, &Space) -> Result<(), Violation>,
}

macro_rules! laws {
    ($($law:ident: $applies:expr),* $(,)?) => {
        &[$(Law { name: stringify!($law), applies: $applies, check: $law }),*]
    };
}

/// Every law, in the order in which they are tried.
pub const LAWS: &[Law] = laws![
    values_are_numbers: |_| true,
    nan_is_not_stationary: |penalty| penalty.as_subdifferential().is_some(),
    prox_minimises: |penalty| penalty.as_prox().is_some() || penalty.as_blocks().is_some(),
    prox_reports_the_value: |penalty| penalty.as_prox().is_some(),
    prox_is_firmly_nonexpansive: |penalty| is_convex(penalty) && penalty.as_prox().is_some(),
    whole_is_the_sum_of_its_parts: |penalty| {
        penalty.as_separable().is_some() || penalty.as_blocks().is_some()
    },
    scalars_agree_with_the_penalty: |penalty| penalty.as_elementary().is_some(),
    subdifferential_holds_prox_residuals: |penalty| {
        penalty.as_prox().is_some() && penalty.as_subdifferential().is_some()
    },
    distance_agrees_with_slopes: |penalty| penalty.as_separable().is_some(),
    distance_is_not_understated: |penalty| {
        is_convex(penalty) && penalty.as_subdifferential().is_some()
    },
    distance_is_lipschitz: |penalty| penalty.as_subdifferential().is_some(),
    fenchel_young_inequality: |penalty| penalty.as_conjugate().is_some(),
    fenchel_young_equality: |penalty| {
        penalty.as_conjugate().is_some() && penalty.as_prox().is_some()
    },
    dual_scale_ends_at_the_domain: |penalty| penalty.as_conjugate().is_some(),
    zero_threshold_is_exact: |penalty| penalty.as_zero_threshold().is_some(),
    scales_multiply: |_| true,
    convex_penalties_scale_linearly: is_convex,
    lineality_is_flat: |_| true,
    other_directions_are_not_flat: |_| true,
    convexity_is_as_claimed: |penalty| penalty.convexity() != Convexity::Nonconvex,
    weak_convexity_is_tight: |penalty| {
        matches!(penalty.convexity(), Convexity::WeaklyConvex(_))
            && (penalty.as_separable().is_some() || penalty.as_blocks().is_some())
    },
    terms_sum_to_the_value: |penalty| penalty.as_terms().is_some(),
    operators_have_adjoints_and_bounds: |penalty| penalty.as_terms().is_some(),
    convex_and_concave_parts_sum: |penalty| penalty.as_convex_concave().is_some(),
    convex_part_has_its_prox: |penalty| penalty.as_convex_concave().is_some(),
    concave_part_has_its_gradient: |penalty| penalty.as_convex_concave().is_some(),
    the_same_call_gives_the_same_bits: |_| true,
    threads_get_the_same_numbers: |_| true,
    nan_and_infinity_are_survived: |_| true,
];

impl Law {
    /// Tries this law. A panic inside the penalty is a violation too.
    pub fn outcome(&self, penalty: &dyn Penalty, space: &Space) -> Outcome {
        Outcome::of(self.name, || (self.applies)(penalty).then(|| (self.check)(penalty, space)))
    }
}

/// Tries every law. A panic inside the penalty is a violation too.
pub fn check_all(penalty: &dyn Penalty, space: &Space) -> Report {
    let outcomes = LAWS.iter().map(|law| (law.name, law.outcome(penalty, space)));
    Report { outcomes: outcomes.collect() }
}

/// Panics with the report unless every law holds; for tests.
#[track_caller]
pub fn assert_laws(penalty: &dyn Penalty, space: &Space) {
    let report = check_all(penalty, space);
    assert!(report.holds(), "{penalty:?} breaks its laws:\n{report}");
}

fn is_convex(penalty: &dyn Penalty) -> bool {
    penalty.convexity() == Convexity::Convex
}
