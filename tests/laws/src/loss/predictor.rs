//! What a fitted model says of new samples.

use fenchel_core::{Loss, Response, kernels};

use super::probe::{self, SAMPLES};
use crate::Violation;

/// Mean responses are n x columns finite numbers; several columns of a class response are
/// probabilities that sum to 1; class numbers are those of labels.
pub fn predictions_have_the_right_shape(loss: &dyn Loss) -> Result<(), Violation> {
    let Some(predictor) = loss.as_predictor() else { return Ok(()) };
    for case in probe::predictor_cases(loss) {
        for point in case.points() {
            let complaint = |expected: String, got: String| {
                let law = "predictions_have_the_right_shape";
                Err(Violation::new(law, case.describe(&point), expected, got))
            };
            let (response, columns) = predictor.response(&point.eta, case.fit.outputs());
            if response.len() != SAMPLES * columns {
                return complaint(
                    format!("{SAMPLES} x {columns} responses"),
                    response.len().to_string(),
                );
            }
            if let Some(bad) = response.iter().find(|r| !r.is_finite()) {
                return complaint("finite responses".into(), bad.to_string());
            }
            let Response::Classes { labels, .. } = case.samples.response() else { continue };
            let sums = (0..SAMPLES).map(|i| (0..columns).map(|k| response[i + k * SAMPLES]).sum());
            let sums: Vec<f64> = sums.collect();
            let of_labels = columns == labels.len();
            if of_labels && sums.iter().any(|sum| !probe::agree(*sum, 1.0, 1e-12, 0.0)) {
                return complaint("probabilities that sum to 1".into(), format!("{sums:?}"));
            }
            if let Some(class) = predictor.class(&point.eta, case.fit.outputs())
                && (class.len() != SAMPLES || class.iter().any(|c| *c as usize >= labels.len()))
            {
                return complaint(format!("{SAMPLES} class numbers"), format!("{class:?}"));
            }
        }
    }
    Ok(())
}

/// The deviance is not negative, and it differs from twice the loss by the same number everywhere.
pub fn the_deviance_is_twice_the_loss(loss: &dyn Loss) -> Result<(), Violation> {
    let Some(predictor) = loss.as_predictor() else { return Ok(()) };
    for case in probe::predictor_cases(loss) {
        let mut constant = None;
        for point in case.points() {
            let complaint = |expected: String, got: String| {
                let law = "the_deviance_is_twice_the_loss";
                Err(Violation::new(law, case.describe(&point), expected, got))
            };
            let deviance = predictor.deviance(&point.eta, case.fit.outputs(), &case.samples);
            let deviance = match deviance {
                Ok(deviance) => deviance,
                Err(error) => return complaint("a number".into(), error.to_string()),
            };
            let value = case.value(&point);
            let size = 1.0 + deviance.abs() + value.abs() + kernels::max_abs(&point.eta);
            let saturated = 2.0 * value - deviance;
            let reference = *constant.get_or_insert(saturated);
            if deviance < -1e-12 * size || !probe::agree(reference, saturated, 0.0, 1e-11 * size) {
                return complaint(
                    format!("2 loss - {reference:e} = {:e}, at least 0", 2.0 * value - reference),
                    format!("{deviance:e}"),
                );
            }
        }
    }
    Ok(())
}
