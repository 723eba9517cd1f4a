//! Weights, repetitions and order of samples.

use fenchel_core::{DataFit, Design, Loss, Samples, kernels};

use super::probe::{self, Case, Point, SAMPLES};
use crate::{Random, Violation};

/// An integer weight is a repetition: the loss with weights 1, 2, 3 has the value of the loss on
/// rows repeated as often, up to a constant, and its gradient is the sum over the repetitions. (The
/// constant is for losses such as Cox's, where the weights, whose mean is 1, stand inside a
/// logarithm.)
pub fn weights_equal_repetition(loss: &dyn Loss) -> Result<(), Violation> {
    let Some(samples) = probe::accepted(loss) else { return Ok(()) };
    let counts: Vec<usize> = (0..SAMPLES).map(|i| 1 + (i * 5) % 3).collect();
    let rows: Vec<usize> = (0..SAMPLES).flat_map(|i| vec![i; counts[i]]).collect();
    let weighted = probe::with_weights(&samples, counts.iter().map(|c| *c as f64).collect());
    compare("weights_equal_repetition", loss, &weighted, &samples, &rows, true)
}

/// Weights `w` and `7 w` are the same weights.
pub fn weights_are_scale_free(loss: &dyn Loss) -> Result<(), Violation> {
    let Some(samples) = probe::accepted(loss) else { return Ok(()) };
    let large = probe::weights().iter().map(|w| 7.0 * w).collect();
    let rows: Vec<usize> = (0..SAMPLES).collect();
    let small = probe::with_weights(&samples, probe::weights());
    let large = probe::with_weights(&samples, large);
    compare("weights_are_scale_free", loss, &large, &small, &rows, false)
}

/// A sample with weight 0 might as well not be there, up to a constant as in
/// [`weights_equal_repetition`]; nor does its gradient say otherwise.
pub fn zero_weights_do_not_matter(loss: &dyn Loss) -> Result<(), Violation> {
    let Some(samples) = probe::accepted(loss) else { return Ok(()) };
    let mut weights = probe::weights();
    weights[8] = 0.0;
    let rows: Vec<usize> = (0..SAMPLES).filter(|&i| weights[i] > 0.0).collect();
    let weighted = probe::with_weights(&samples, weights);
    compare("zero_weights_do_not_matter", loss, &weighted, &weighted, &rows, true)
}

/// Value and gradient do not depend on the order of the samples.
pub fn the_order_of_samples_does_not_matter(loss: &dyn Loss) -> Result<(), Violation> {
    let rows: Vec<usize> = (0..SAMPLES).map(|i| (5 * i + 3) % SAMPLES).collect();
    for case in probe::cases(loss) {
        let law = "the_order_of_samples_does_not_matter";
        compare(law, loss, &case.samples, &case.samples, &rows, false)?;
    }
    Ok(())
}

/// The loss on `whole` equals the loss on the `rows` of `other`, at the same `eta` a row; gradients
/// in `eta` add up over the occurrences of a row, and rows that do not occur have none.
fn compare(
    law: &'static str,
    loss: &dyn Loss,
    whole: &Samples,
    other: &Samples,
    rows: &[usize],
    up_to_constant: bool,
) -> Result<(), Violation> {
    let part = other.select(rows).expect("a selection with positive total weight is valid");
    let refused = |what: &str| Violation::new(law, what, "a bound loss", "an error");
    let fit = probe::bound(loss, whole).ok_or_else(|| refused("the whole samples"))?;
    // A loss may have looked at the rows of the design.
    let design = Design::new(probe::design(SAMPLES).matrix().select_rows(rows));
    let fit_part =
        probe::bound_on(loss, &part, &design).ok_or_else(|| refused("the selected samples"))?;
    let case = Case { name: "the whole samples", samples: whole.clone(), fit: fit.into() };
    let case_part = Case { name: "the selected samples", samples: part, fit: fit_part.into() };
    let selected = |point: &Point| Point { eta: pick(&point.eta, rows), own: point.own.clone() };
    let start = case.start();
    let constant = match up_to_constant {
        true => case.value(&start) - case_part.value(&selected(&start)),
        false => 0.0,
    };
    for point in case.points() {
        let point_part = selected(&point);
        let (value, value_part) = (case.value(&point), constant + case_part.value(&point_part));
        if !probe::agree(value, value_part, 1e-11, 1e-12 * (1.0 + constant.abs())) {
            return Err(Violation::new(
                law,
                format!("rows {rows:?}, {}", case.describe(&point)),
                format!("{value_part:e}, as on the selected samples"),
                format!("{value:e}"),
            ));
        }
        if let (Some(gradient), Some(gradient_part)) =
            (case.gradient(&point), case_part.gradient(&point_part))
        {
            let sums = add_up(&gradient_part.eta, rows, &*case.fit);
            let floor = 1e-12 * (1.0 + kernels::max_abs(&sums));
            let off = sums
                .iter()
                .chain(&gradient_part.own)
                .zip(gradient.eta.iter().chain(&gradient.own))
                .enumerate()
                .find(|(_, (a, b))| !probe::agree(**a, **b, 1e-10, floor));
            if let Some((i, (expected, got))) = off {
                return Err(Violation::new(
                    law,
                    format!("entry {i} of the gradient, rows {rows:?}, {}", case.describe(&point)),
                    format!("{expected:e}, as on the selected samples"),
                    format!("{got:e}"),
                ));
            }
        }
    }
    without_weight_the_value_is_flat(law, &case)
}

/// Moving `eta` where the weight is 0 leaves the value as it is.
fn without_weight_the_value_is_flat(law: &'static str, case: &Case) -> Result<(), Violation> {
    let mut random = Random::new(27);
    for point in case.points() {
        let mut moved = point.clone();
        for (at, eta) in moved.eta.iter_mut().enumerate() {
            if case.samples.weight(at % case.samples.len()) == 0.0 {
                *eta += 0.1 * random.normal();
            }
        }
        let (value, after) = (case.value(&point), case.value(&moved));
        if !probe::agree(value, after, 1e-12, 0.0) {
            return Err(Violation::new(
                law,
                format!("eta moved where weights are 0, {}", case.describe(&point)),
                format!("{value:e}"),
                format!("{after:e}"),
            ));
        }
    }
    Ok(())
}

fn pick(eta: &[f64], rows: &[usize]) -> Vec<f64> {
    eta.chunks(SAMPLES).flat_map(|column| rows.iter().map(|&i| column[i])).collect()
}

fn add_up(grad: &[f64], rows: &[usize], fit: &dyn DataFit) -> Vec<f64> {
    let n = fit.samples();
    let mut sums = vec![0.0; n * fit.outputs()];
    for (k, column) in grad.chunks(rows.len()).enumerate() {
        for (g, &i) in column.iter().zip(rows) {
            sums[k * n + i] += g;
        }
    }
    sums
}
