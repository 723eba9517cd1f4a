//! Losses that are sums over samples: what batches have adds up to what all samples have.

use fenchel_core::{DataFit, FiniteSum, Loss, Objective, Workspace};

use super::probe::{self, Point, SAMPLES};
use crate::{Random, Violation};

/// A partition of the samples, in no order.
const BATCHES: [&[usize]; 3] = [&[7, 0, 3, 11], &[5], &[1, 10, 2, 4, 9, 8, 6]];

/// The derivatives and values of batches, in the rows of their samples, are those of all samples.
pub fn batches_add_up_to_the_whole(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        for point in case.points() {
            if let Some((got, expected)) = mismatch(&*case.fit, &point) {
                return Err(violation(case.describe(&point), &expected, &got));
            }
        }
    }
    let Some(objective) = probe::direct(loss) else { return Ok(()) };
    match objective.as_finite_sum() {
        Some(sum) => objective_batches(&*objective, sum),
        None => Ok(()),
    }
}

/// Value and derivatives by batches and at once, where they differ.
fn mismatch(fit: &dyn DataFit, point: &Point) -> Option<(Vec<f64>, Vec<f64>)> {
    let (samples, smooth) = (fit.as_samples()?, fit.as_smooth()?);
    let (n, outputs) = (fit.samples(), fit.outputs());
    let mut whole = vec![f64::NAN; n * outputs];
    let mut expected = vec![smooth.gradient(&point.eta, &point.own, &mut whole, &mut [])];
    expected.extend(whole);
    let mut got = vec![f64::NAN; expected.len()];
    got[0] = 0.0;
    for batch in BATCHES {
        let m = batch.len();
        let eta: Vec<f64> = (0..outputs)
            .flat_map(|k| batch.iter().map(move |&i| i + k * n))
            .map(|at| point.eta[at])
            .collect();
        let mut grad = vec![f64::NAN; eta.len()];
        got[0] += samples.batch_gradient(batch, &eta, &mut grad);
        for (at, g) in grad.iter().enumerate() {
            got[1 + batch[at % m] + at / m * n] = *g;
        }
    }
    (!close(&got, &expected)).then_some((got, expected))
}

fn objective_batches(objective: &dyn Objective, sum: &dyn FiniteSum) -> Result<(), Violation> {
    let Some(smooth) = objective.as_smooth() else { return Ok(()) };
    let start = objective.random_start().unwrap_or_else(|| objective.start());
    let noise = Random::new(25).normals(start.len(), 0.1);
    let params: Vec<f64> = start.iter().zip(&noise).map(|(s, z)| s + z).collect();
    let mut work = Workspace::default();
    let mut grad = vec![f64::NAN; params.len()];
    let mut expected = vec![smooth.value_gradient(&params, &mut grad, &mut work)];
    expected.extend_from_slice(&grad);
    let mut got = vec![0.0; expected.len()];
    for batch in BATCHES {
        let share = batch.len() as f64 / SAMPLES as f64;
        grad.fill(f64::NAN);
        got[0] += share * sum.batch_gradient(batch, &params, &mut grad, &mut work);
        got[1..].iter_mut().zip(&grad).for_each(|(got, g)| *got += share * g);
    }
    if sum.samples() == SAMPLES && close(&got, &expected) {
        return Ok(());
    }
    Err(violation(format!("{params:?}"), &expected, &got))
}

fn close(got: &[f64], expected: &[f64]) -> bool {
    let scale = expected.iter().fold(0.0, |top: f64, e| top.max(e.abs()));
    got.iter().zip(expected).all(|(g, e)| probe::agree(*g, *e, 1e-10, 1e-12 * (1.0 + scale)))
}

fn violation(input: String, expected: &[f64], got: &[f64]) -> Violation {
    let law = "batches_add_up_to_the_whole";
    Violation::new(law, input, format!("{expected:?}"), format!("{got:?}"))
}

/// Whether the loss, or the objective that it binds to, is a sum over samples.
pub(super) fn is_a_sum(loss: &dyn Loss) -> bool {
    probe::cases(loss).iter().any(|case| case.fit.as_samples().is_some())
        || probe::direct(loss).is_some_and(|objective| objective.as_finite_sum().is_some())
}
