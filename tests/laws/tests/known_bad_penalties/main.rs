//! A law that no broken penalty breaks says nothing: four sound penalties, each broken in one place
//! at a time, and the law that must notice.

mod chain;
mod concave;
mod lasso;
mod norm;

use fenchel_core::{Penalty, Space};
use fenchel_laws::Outcome;
use fenchel_laws::penalty::{LAWS, assert_laws, check_all};

use chain::Chain;
use concave::Concave;
use lasso::Lasso;
use norm::Norm;

fn space() -> Space {
    Space::numbered(3, 2)
}

#[track_caller]
fn breaks(penalty: &dyn Penalty, law: &str) {
    let report = check_all(penalty, &space());
    assert!(
        matches!(report.outcome(law), Some(Outcome::Violated(_))),
        "{penalty:?} was to break {law}:\n{report}"
    );
}

fn sound() -> [Box<dyn Penalty>; 4] {
    [
        Box::new(Lasso::new(lasso::Flaw::None)),
        Box::new(Concave::new(concave::Flaw::None)),
        Box::new(Norm::new(norm::Flaw::None)),
        Box::new(Chain::new(chain::Flaw::None)),
    ]
}

#[test]
fn sound_penalties_break_no_law() {
    for penalty in sound() {
        assert_laws(&*penalty, &space());
    }
}

#[test]
fn every_law_applies_to_some_sound_penalty() {
    let reports = sound().map(|penalty| check_all(&*penalty, &space()));
    for law in LAWS {
        let held = reports.iter().any(|report| report.outcome(law.name) == Some(&Outcome::Held));
        assert!(held, "{} was never tried", law.name);
    }
}

#[test]
fn reports_are_the_same_each_time() {
    let broken = Lasso::new(lasso::Flaw::ProxSlightlyOff);
    assert_eq!(check_all(&broken, &space()), check_all(&broken, &space()));
}

#[test]
fn wrong_proxes_of_a_separable_penalty_are_caught() {
    use lasso::Flaw::*;
    for flaw in [ProxThresholdDoubled, ProxIgnoresStep, ProxSlightlyOff, ValueNegated] {
        breaks(&Lasso::new(flaw), "prox_minimises");
    }
    breaks(&Lasso::new(ProxOfZeroIsNan), "values_are_numbers");
    breaks(&Lasso::new(ProxVaries), "values_are_numbers");
    breaks(&Lasso::new(ValueForgetsTheLast), "prox_reports_the_value");
    breaks(&Lasso::new(ValueForgetsTheLast), "whole_is_the_sum_of_its_parts");
    breaks(&Lasso::new(ScalarsDoubled), "scalars_agree_with_the_penalty");
}

#[test]
fn wrong_proxes_of_a_whole_vector_are_caught() {
    use norm::Flaw::*;
    for flaw in [ProxIgnoresStep, ProxOfEachCoordinate, ProxSlightlyOff, BlockProxIgnoresStep] {
        breaks(&Norm::new(flaw), "prox_minimises");
    }
    breaks(&Norm::new(ProxLeavesAnEntryUnwritten), "values_are_numbers");
    breaks(&Norm::new(ProxReportsZero), "prox_reports_the_value");
    breaks(&Norm::new(ProxJumps), "prox_is_firmly_nonexpansive");
    breaks(&Norm::new(BlockProxIgnoresStep), "whole_is_the_sum_of_its_parts");
}

#[test]
fn a_local_minimiser_is_caught() {
    breaks(&Concave::new(concave::Flaw::ProxIsLocal), "prox_minimises");
    breaks(&Concave::new(concave::Flaw::ProxPrefersV), "prox_minimises");
}

#[test]
fn wrong_subdifferentials_are_caught() {
    use lasso::Flaw::*;
    breaks(&Lasso::new(DistanceAtZeroIsTheGradient), "subdifferential_holds_prox_residuals");
    breaks(&Lasso::new(DistanceAtZeroIsTheGradient), "distance_agrees_with_slopes");
    breaks(&Lasso::new(DistanceAtZeroIsZero), "distance_agrees_with_slopes");
    breaks(&Lasso::new(DistanceAtZeroIsZero), "distance_is_not_understated");
    breaks(&Lasso::new(DistanceTripled), "distance_is_lipschitz");
    breaks(&Lasso::new(DistanceNegated), "values_are_numbers");
    breaks(&Lasso::new(DistanceLosesNan), "nan_is_not_stationary");
    breaks(&Norm::new(norm::Flaw::DistanceIsTheLargestEntry), "distance_is_not_understated");
    breaks(&Concave::new(concave::Flaw::DistanceForgetsTheSlope), "distance_agrees_with_slopes");
}

#[test]
fn wrong_conjugates_are_caught() {
    use lasso::Flaw::*;
    breaks(&Lasso::new(ConjugateFiniteEverywhere), "fenchel_young_inequality");
    breaks(&Lasso::new(ConjugateFiniteEverywhere), "dual_scale_ends_at_the_domain");
    breaks(&Lasso::new(ConjugateShifted), "fenchel_young_equality");
    breaks(&Lasso::new(DualScaleHalved), "dual_scale_ends_at_the_domain");
    breaks(&Lasso::new(DualScaleIsOne), "dual_scale_ends_at_the_domain");
    breaks(&Norm::new(norm::Flaw::ConjugateOfTheL1Norm), "fenchel_young_inequality");
}

#[test]
fn wrong_thresholds_are_caught() {
    use lasso::Flaw::*;
    for flaw in [ThresholdHalved, ThresholdDoubled, ThresholdNever, ThresholdAlwaysZero] {
        breaks(&Lasso::new(flaw), "zero_threshold_is_exact");
    }
}

#[test]
fn wrong_scales_are_caught() {
    use lasso::Flaw::*;
    breaks(&Lasso::new(ScaleIgnored), "convex_penalties_scale_linearly");
    breaks(&Lasso::new(ScaleSquared), "convex_penalties_scale_linearly");
    breaks(&Lasso::new(ScaleAdded), "scales_multiply");
    breaks(&Concave::new(concave::Flaw::ScaleReplacesLambda), "scales_multiply");
}

#[test]
fn wrong_linealities_are_caught() {
    use lasso::Flaw::*;
    breaks(&Lasso::new(LinealityForgotten), "other_directions_are_not_flat");
    breaks(&Lasso::new(LinealityOfTheNextCoordinate), "lineality_is_flat");
    breaks(&Lasso::new(LinealityOutOfRange), "lineality_is_flat");
    breaks(&Chain::new(chain::Flaw::LinealityTwice), "lineality_is_flat");
    breaks(&Chain::new(chain::Flaw::LinealityForgotten), "other_directions_are_not_flat");
}

#[test]
fn wrong_curvature_claims_are_caught() {
    use concave::Flaw::*;
    breaks(&Concave::new(ClaimsToBeConvex), "convexity_is_as_claimed");
    breaks(&Concave::new(WeakConvexityTooSmall), "convexity_is_as_claimed");
    breaks(&Concave::new(WeakConvexityTooLarge), "weak_convexity_is_tight");
}

#[test]
fn wrong_convex_and_concave_parts_are_caught() {
    use concave::Flaw::*;
    breaks(&Concave::new(PartsForgetTheFlat), "convex_and_concave_parts_sum");
    breaks(&Concave::new(ConvexProxIgnoresStep), "convex_part_has_its_prox");
    let flaws = [GradientOfTheOtherSign, GradientOverwrites, LipschitzHalved, LipschitzDoubled];
    for flaw in flaws {
        breaks(&Concave::new(flaw), "concave_part_has_its_gradient");
    }
}

#[test]
fn wrong_terms_are_caught() {
    use chain::Flaw::*;
    breaks(&Chain::new(TermTwice), "terms_sum_to_the_value");
    breaks(&Chain::new(AdjointOfTheOtherSign), "operators_have_adjoints_and_bounds");
    breaks(&Chain::new(NormBoundHalved), "operators_have_adjoints_and_bounds");
}

#[test]
fn answers_that_depend_on_more_than_the_input_are_caught() {
    use lasso::Flaw::*;
    breaks(&Lasso::new(ProxVaries), "the_same_call_gives_the_same_bits");
    breaks(&Lasso::new(ProxOfAnotherThread), "threads_get_the_same_numbers");
    breaks(&Lasso::new(RemembersInfinity), "nan_and_infinity_are_survived");
    breaks(&Lasso::new(PanicsAtNan), "nan_and_infinity_are_survived");
}

#[test]
fn a_panic_is_a_violation_and_stays_inside() {
    breaks(&Lasso::new(lasso::Flaw::Panics), "prox_minimises");
}

#[test]
fn a_violation_names_law_input_expectation_and_result() {
    let report = check_all(&Lasso::new(lasso::Flaw::ScaleIgnored), &space());
    let text = report.to_string();
    for part in ["convex_penalties_scale_linearly: at scaled(0)", ": expected 0, got 4.2"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn an_empty_space_breaks_nothing() {
    let space = Space::numbered(0, 1);
    assert_laws(&Lasso::without_weights(), &space);
}
