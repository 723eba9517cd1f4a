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

/// Where the prox ends, `u = (v - prox(v)) / step` is a subgradient: `f(z) + f*(u) = <u, z>` at the prox
/// `z`. For a loss without gradient this is what ties conjugate and value together. And every `s u`
/// with `0 <= s <= 1` stays inside the domain of the conjugate.
pub fn the_prox_ends_in_a_subgradient(loss: &dyn Loss) -> Result<(), Violation> {
    const LAW: &str = "the_prox_ends_in_a_subgradient";
    for case in probe::cases(loss) {
        let (Some(prox), Some(conjugate)) = (case.fit.as_prox(), case.fit.as_conjugate()) else {
            continue;
        };
        for point in case.points() {
            for step in [0.3, 12.0, 60.0] {
                let (mut z, mut u) = (vec![f64::NAN; case.len()], vec![f64::NAN; case.len()]);
                prox.prox(&point.eta, step, &mut z);
                prox.envelope_gradient(&point.eta, step, &mut u);
                let input = || format!("the prox at step = {step}, {}", case.describe(&point));
                let value = case.fit.value(&z, &[]);
                let size: f64 = z.iter().zip(&u).map(|(z, u)| (z * u).abs()).sum();
                let expected = kernels::dot(&u, &z) - value;
                let got = conjugate.conjugate(&u);
                if !probe::agree(expected, got, 1e-9, 1e-9 * (1.0 + size + value.abs())) {
                    let expected = format!("f* = <u, z> - f = {expected:e} at u = {u:?}");
                    return Err(Violation::new(LAW, input(), expected, format!("{got:e}")));
                }
                for s in [0.0, 0.3, 1.0 - 1e-9] {
                    let shrunk: Vec<f64> = u.iter().map(|u| s * u).collect();
                    let got = conjugate.conjugate(&shrunk);
                    if !got.is_finite() {
                        let expected = format!("a finite f* at {s} times {u:?}");
                        return Err(Violation::new(LAW, input(), expected, format!("{got:e}")));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The derivative of an entrywise prox agrees with differences, and no entry of the prox depends on
/// another entry. Points where the one-sided differences disagree are kinks and left out.
pub fn prox_derivatives_match_differences(loss: &dyn Loss) -> Result<(), Violation> {
    const LAW: &str = "prox_derivatives_match_differences";
    for case in probe::cases(loss) {
        let Some(prox) = case.fit.as_prox() else { continue };
        let Some(entrywise) = prox.as_entrywise() else { continue };
        for point in case.points() {
            for step in [0.3, 12.0, 60.0] {
                let mut derivative = vec![f64::NAN; case.len()];
                entrywise.prox_derivative(&point.eta, step, &mut derivative);
                let at = |v: &[f64]| {
                    let mut z = vec![f64::NAN; case.len()];
                    prox.prox(v, step, &mut z);
                    z
                };
                let here = at(&point.eta);
                for i in 0..case.len() {
                    let width = 1e-5 * (1.0 + point.eta[i].abs());
                    let moved = |by: f64| {
                        let mut v = point.eta.clone();
                        v[i] += by;
                        at(&v)
                    };
                    let (above, below) = (moved(width), moved(-width));
                    let input = || format!("entry {i}, step = {step}, {}", case.describe(&point));
                    if let Some(k) = (0..case.len()).find(|&k| k != i && above[k] != here[k]) {
                        let (expected, got) = ("as before: the prox is entrywise", above[k]);
                        let expected = format!("entry {k} {expected}, {}", here[k]);
                        return Err(Violation::new(LAW, input(), expected, format!("{got}")));
                    }
                    let (right, left) = (above[i] - here[i], here[i] - below[i]);
                    let (right, left) = (right / width, left / width);
                    let kink = (right - left).abs() > 1e-3;
                    let expected = 0.5 * (right + left);
                    if !kink && !probe::agree(expected, derivative[i], 0.0, 2e-3) {
                        let got = format!("{:e}", derivative[i]);
                        return Err(Violation::new(LAW, input(), format!("{expected:e}"), got));
                    }
                }
            }
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
