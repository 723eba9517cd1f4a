//! The prox of a bound loss in `eta`.

use fenchel_core::{Loss, kernels};

use super::probe::{self, Case, Point};
use crate::{Random, Violation};

const LAW: &str = "the_prox_in_eta_minimises";

/// No point has a lower `f(z) + ||z - v||^2 / (2 step)` than the prox, among moves of single
/// entries, random moves at several scales, and the other prox points; and where the loss is smooth
/// the gradient of that objective vanishes.
pub fn the_prox_in_eta_minimises(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let Some(prox) = case.fit.as_prox() else { continue };
        // The loss has 1/n in it, so that a step of n is one of ordinary size.
        let steps = [1e-4, 0.3, 1.0, 12.0, 60.0, 1e4];
        let mut answers = Vec::new();
        for point in case.points() {
            for step in steps {
                let mut z = vec![f64::NAN; case.len()];
                prox.prox(&point.eta, step, &mut z);
                answers.push((point.eta.clone(), step, z));
            }
        }
        let mut random = Random::new(26);
        for (v, step, z) in &answers {
            challenge(&case, v, *step, z, &answers, &mut random)?;
            gradient_vanishes(&case, v, *step, z)?;
        }
    }
    Ok(())
}

type Answer = (Vec<f64>, f64, Vec<f64>);

fn challenge(
    case: &Case,
    v: &[f64],
    step: f64,
    z: &[f64],
    others: &[Answer],
    random: &mut Random,
) -> Result<(), Violation> {
    let square = |z: &[f64]| z.iter().zip(v).map(|(z, v)| (z - v) * (z - v)).sum::<f64>();
    let objective = |z: &[f64]| case.fit.value(z, &[]) + square(z) / (2.0 * step);
    let reached = objective(z);
    let scale = 1.0 + kernels::max_abs(z).max(kernels::max_abs(v));
    let rounding = 64.0 * f64::EPSILON * (kernels::norm2(z) + kernels::norm2(v));
    let slack = 1e-13 * (reached.abs() + case.fit.value(z, &[]).abs())
        + rounding * (square(z).sqrt() + rounding) / step;
    let mut moves: Vec<Vec<f64>> = vec![v.to_vec()];
    for exponent in 1..=6 {
        let size = scale * 10f64.powi(-exponent);
        for i in 0..z.len() {
            for sign in [1.0, -1.0] {
                let mut moved = z.to_vec();
                moved[i] += sign * size;
                moves.push(moved);
            }
        }
        let direction = random.normals(z.len(), size);
        moves.push(z.iter().zip(&direction).map(|(z, d)| z + d).collect());
        moves.push(z.iter().zip(&direction).map(|(z, d)| z - d).collect());
    }
    let candidates = moves.iter().chain(others.iter().map(|(_, _, z)| z));
    for candidate in candidates {
        if !reached.is_finite() || objective(candidate) < reached - slack {
            return Err(Violation::new(
                LAW,
                format!("{}, v = {v:?}, step = {step:e}", case.name),
                format!("an objective of at most {:e}, as at {candidate:?}", objective(candidate)),
                format!("{reached:e} at {z:?}"),
            ));
        }
    }
    Ok(())
}

fn gradient_vanishes(case: &Case, v: &[f64], step: f64, z: &[f64]) -> Result<(), Violation> {
    let point = Point { eta: z.to_vec(), own: Vec::new() };
    let Some(gradient) = case.gradient(&point) else { return Ok(()) };
    for (i, g) in gradient.eta.iter().enumerate() {
        let left = g + (z[i] - v[i]) / step;
        let size = kernels::max_abs(&gradient.eta) + (z[i].abs() + v[i].abs()) / step;
        if left.is_nan() || left.abs() > 1e-9 * size {
            return Err(Violation::new(
                LAW,
                format!("entry {i}, {}, v = {v:?}, step = {step:e}", case.name),
                "a gradient of 0",
                format!("{left:e} at {z:?}"),
            ));
        }
    }
    Ok(())
}
