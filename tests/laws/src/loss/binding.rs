//! What a loss accepts, and where it starts.

use fenchel_core::{Design, Error, Loss, Matrix, Response, ResponseKind, Samples};

use super::probe::{self, SAMPLES};
use crate::Violation;

/// Samples of the kind that the loss reads exist that it can be bound to.
pub fn some_response_is_accepted(loss: &dyn Loss) -> Result<(), Violation> {
    if probe::accepted(loss).is_some() {
        return Ok(());
    }
    let kind = loss.reads();
    let refusal = probe::responses(kind)
        .into_iter()
        .filter_map(|r| loss.bind(&probe::samples(r), &probe::design(SAMPLES)).err())
        .map(|error| error.to_string())
        .collect::<Vec<_>>()
        .join("; ");
    Err(Violation::new(
        "some_response_is_accepted",
        format!("responses of kind {kind:?}"),
        "one that the loss accepts",
        refusal,
    ))
}

/// A response of another kind than the loss reads is an error, not a guess.
pub fn other_kinds_of_response_are_refused(loss: &dyn Loss) -> Result<(), Violation> {
    use ResponseKind::{Classes, Nothing, Number, Survival};
    let family = |kind| match kind {
        Number | ResponseKind::Numbers => Number,
        ResponseKind::TwoClasses | Classes => Classes,
        other => other,
    };
    let reads = family(loss.reads());
    for kind in [Number, Classes, Survival, Nothing] {
        if kind == reads {
            continue;
        }
        for response in probe::responses(kind) {
            if loss.bind(&probe::samples(response), &probe::design(SAMPLES)).is_ok() {
                return Err(Violation::new(
                    "other_kinds_of_response_are_refused",
                    format!("responses of kind {kind:?}"),
                    format!("an error, as the loss reads {:?}", loss.reads()),
                    "a bound loss",
                ));
            }
        }
    }
    Ok(())
}

/// A loss that does not say that it reads the design binds to the samples alone: with another design
/// it is the same. (Folds of cross-validation bind it with the rows of all samples.)
pub fn no_design_is_read_unannounced(loss: &dyn Loss) -> Result<(), Violation> {
    let law = "no_design_is_read_unannounced";
    let other = Design::new(Matrix::identity(SAMPLES + 3));
    for case in probe::cases(loss) {
        let refused = || Violation::new(law, case.name, "a bound loss on any design", "an error");
        let there = case.beside(loss, &other).ok_or_else(refused)?;
        for point in case.points() {
            let (here, there) = (case.value(&point), there.value(&point.eta, &point.own));
            if here.to_bits() != there.to_bits() {
                return Err(Violation::new(
                    law,
                    case.describe(&point),
                    format!("{here:e}, whatever the design"),
                    format!("{there:e} with another one"),
                ));
            }
        }
    }
    match probe::direct(loss) {
        None => Ok(()),
        Some(_) => {
            let expected = "a loss that says that it reads the design";
            Err(Violation::new(law, "no linear predictor", expected, "one that does not"))
        }
    }
}

/// A response that is NaN or infinite is [`Error::Domain`], with the number of its sample.
pub fn non_finite_responses_are_refused(loss: &dyn Loss) -> Result<(), Violation> {
    let Some(samples) = probe::accepted(loss) else { return Ok(()) };
    let Response::Numeric { values, columns } = samples.response() else { return Ok(()) };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut values = values.clone();
        let sample = 7;
        values[sample + SAMPLES * (columns - 1)] = bad;
        let samples = probe::samples(Response::Numeric { values, columns: *columns });
        let got = match loss.bind(&samples, &probe::design(SAMPLES)) {
            Err(Error::Domain { sample: named, .. }) if named == sample => continue,
            Err(error) => error.to_string(),
            Ok(_) => "a bound loss".into(),
        };
        return Err(Violation::new(
            "non_finite_responses_are_refused",
            format!("response {bad} at sample {sample}"),
            "a domain error that names the sample",
            got,
        ));
    }
    Ok(())
}

/// At `eta = 0` and the loss's own start the value is finite, and shapes are what they should be.
pub fn the_start_is_inside_the_domain(loss: &dyn Loss) -> Result<(), Violation> {
    const LAW: &str = "the_start_is_inside_the_domain";
    for case in probe::cases(loss) {
        let value = case.value(&case.start());
        if !value.is_finite() {
            return Err(Violation::new(
                LAW,
                case.describe(&case.start()),
                "a finite value",
                format!("{value}"),
            ));
        }
        if case.fit.samples() != case.samples.len() || case.fit.outputs() == 0 {
            return Err(Violation::new(
                LAW,
                case.name,
                format!("{} samples and at least one output", case.samples.len()),
                format!("{} and {}", case.fit.samples(), case.fit.outputs()),
            ));
        }
    }
    if let Some(objective) = probe::direct(loss) {
        let (start, shape) = (objective.start(), objective.shape());
        let value = objective.value(&start, &mut Default::default());
        let zero = start.iter().take(shape.coefficients()).all(|b| *b == 0.0);
        if !value.is_finite() || start.len() != shape.len() || !zero {
            return Err(Violation::new(
                LAW,
                format!("{start:?}"),
                format!("a finite value and {} parameters, coefficients 0", shape.len()),
                format!("{value} and {}", start.len()),
            ));
        }
    }
    Ok(())
}

pub(super) fn reads_a_response(loss: &dyn Loss) -> bool {
    loss.reads() != ResponseKind::Nothing
}

pub(super) fn reads_numbers(loss: &dyn Loss) -> bool {
    let numeric = |s: Samples| matches!(s.response(), Response::Numeric { .. });
    probe::accepted(loss).is_some_and(numeric)
}
