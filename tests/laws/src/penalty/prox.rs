//! The prox minimises, says what it found, and for a convex penalty does not expand.

use fenchel_core::{Penalty, Space, kernels};

use super::challenge::{Challenger, minimise_on_line};
use super::probe::{self, ProxPair, text};
use crate::{Random, Violation};

/// No point has a lower `Omega(b) + ||b - v||^2 / (2 step)` than the prox: on single coefficients
/// against a search of the whole line, on vectors and blocks against special and random points and
/// the other prox points.
pub fn prox_minimises(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    if penalty.as_separable().is_some() {
        on_coordinates(penalty, space)
    } else {
        on_blocks(penalty, space)?;
        on_vectors(penalty, space)
    }
}

/// The number that a prox returns is the penalty at the point that it writes.
pub fn prox_reports_the_value(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(prox) = penalty.as_prox() else { return Ok(()) };
    for pair in probe::prox_pairs(penalty, prox, space) {
        let value = penalty.value(&pair.x);
        if !agree_up_to(pair.reported, value, 1e-10, probe::rounding(penalty, &pair.x)) {
            let (expected, got) = (format!("{value:e}"), format!("{:e}", pair.reported));
            return Err(Violation::new("prox_reports_the_value", pair.describe(), expected, got));
        }
    }
    Ok(())
}

/// `||prox(v) - prox(w)||^2 <= <prox(v) - prox(w), v - w>` for a convex penalty.
pub fn prox_is_firmly_nonexpansive(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(prox) = penalty.as_prox() else { return Ok(()) };
    let vectors = probe::vectors(space);
    for step in [0.05, 1.0, 60.0] {
        let pairs: Vec<_> = vectors.iter().map(|v| ProxPair::new(prox, v, step)).collect();
        for (i, a) in pairs.iter().enumerate() {
            for b in &pairs[..i] {
                let (x, v) = (probe::add(&a.x, -1.0, &b.x), probe::add(&a.v, -1.0, &b.v));
                let square = kernels::dot(&x, &x);
                let (inner, _) = probe::product(&x, &v);
                let size = [&a.v, &a.x, &b.v, &b.x].map(|v| kernels::norm2(v));
                let size = size.iter().fold(0.0, |top: f64, s| top.max(*s));
                let rounding = 1e-12 * size * kernels::norm2(&x).max(kernels::norm2(&v));
                if square > inner + rounding || square.is_nan() {
                    return Err(Violation::new(
                        "prox_is_firmly_nonexpansive",
                        format!("v = {}, w = {}, step = {step}", text(&a.v), text(&b.v)),
                        format!("||prox(v) - prox(w)||^2 <= {inner:e}"),
                        format!("{square:e}"),
                    ));
                }
            }
        }
    }
    Ok(())
}

fn on_coordinates(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(separable) = penalty.as_separable() else { return Ok(()) };
    for j in probe::coordinates(space.len(), 8) {
        for step in probe::steps(penalty) {
            let prox = |v: f64| separable.prox_at(j, v, step);
            let mut inputs = probe::scalars();
            // Where the prox leaves zero, and where it jumps, is where errors hide.
            for sign in [1.0, -1.0] {
                if let Some(edge) = edge_of_zero(&|v| prox(sign * v)) {
                    for c in [-1e-2, -1e-4, -1e-7, -1e-12, 0.0, 1e-12, 1e-7, 1e-4, 1e-2, 0.3] {
                        inputs.push(sign * edge * (1.0 + c));
                    }
                }
            }
            for v in inputs {
                let x = prox(v);
                let objective =
                    |b: f64| separable.value_at(j, b) + (b - v) * (b - v) / (2.0 * step);
                let reached = objective(x);
                let (point, best) = minimise_on_line(&objective, &[0.0, v, x]);
                let slack = slack(reached, separable.value_at(j, x), &[v], &[x], step, 0.0);
                if !reached.is_finite() || best < reached - slack {
                    return Err(Violation::new(
                        "prox_minimises",
                        format!("coefficient {j}, v = {v:e}, step = {step:e}"),
                        format!("objective at most {best:e}, as at {point:e}"),
                        format!("{reached:e} at {x:e}"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The largest `v > 0` with `prox(v) = 0`, by bisection; `None` where the prox is never zero, or
/// always.
fn edge_of_zero(prox: &dyn Fn(f64) -> f64) -> Option<f64> {
    let (mut low, mut high) = (1e-12, 1e12);
    if prox(low) != 0.0 || prox(high) == 0.0 {
        return None;
    }
    for _ in 0..200 {
        let middle = if high > 2.0 * low { (low * high).sqrt() } else { 0.5 * (low + high) };
        if middle <= low || middle >= high {
            break;
        }
        if prox(middle) == 0.0 { low = middle } else { high = middle }
    }
    Some(low)
}

fn on_blocks(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(blocks) = penalty.as_blocks() else { return Ok(()) };
    let groups = blocks.groups();
    let mut random = Random::new(11);
    for g in probe::coordinates(groups.len(), 6) {
        let rows = groups.members(g).len();
        let gather = |v: &Vec<f64>| {
            let mut block = vec![0.0; rows * space.outputs()];
            groups.gather(g, v, &mut block);
            block
        };
        let inputs: Vec<Vec<f64>> = probe::vectors(space).iter().map(gather).collect();
        let name = format!("block {g}, ");
        let value = |b: &[f64]| blocks.value_block(g, b);
        let prox = |v: &[f64], step: f64| {
            let mut x = vec![f64::NAN; v.len()];
            blocks.prox_block(g, v, step, &mut x);
            x
        };
        challenge(penalty, &inputs, rows, &value, &prox, &name, &mut random)?;
    }
    Ok(())
}

fn on_vectors(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(prox) = penalty.as_prox() else { return Ok(()) };
    let value = |b: &[f64]| penalty.value(b);
    let prox = |v: &[f64], step: f64| ProxPair::new(prox, v, step).x;
    let inputs = probe::vectors(space);
    challenge(penalty, &inputs, space.features(), &value, &prox, "", &mut Random::new(12))
}

/// Challenges `prox` at every input and step.
fn challenge(
    penalty: &dyn Penalty,
    inputs: &[Vec<f64>],
    rows: usize,
    value: &dyn Fn(&[f64]) -> f64,
    prox: &dyn Fn(&[f64], f64) -> Vec<f64>,
    name: &str,
    random: &mut Random,
) -> Result<(), Violation> {
    let answers: Vec<(&Vec<f64>, f64, Vec<f64>)> = inputs
        .iter()
        .flat_map(|v| probe::steps(penalty).into_iter().map(move |step| (v, step)))
        .map(|(v, step)| (v, step, prox(v, step)))
        .collect();
    for (v, step, x) in &answers {
        let objective = |b: &[f64]| {
            let square: f64 = b.iter().zip(*v).map(|(b, v)| (b - v) * (b - v)).sum();
            value(b) + square / (2.0 * step)
        };
        let reached = objective(x);
        let mut challenger = Challenger::new(&objective);
        challenger.offer_around(v, x, rows, random);
        for (_, _, other) in &answers {
            challenger.offer(other);
        }
        // The domain of an indicator is tested up to rounding, so a challenger may be outside it
        // by about 1e-9 of its size.
        let slack = slack(reached, value(x), v, x, *step, 1e-9);
        if !reached.is_finite() || challenger.best < reached - slack {
            return Err(Violation::new(
                "prox_minimises",
                format!("{name}v = {}, step = {step:e}", text(v)),
                format!(
                    "objective at most {:e}, as at {}",
                    challenger.best,
                    text(&challenger.point)
                ),
                format!("{reached:e} at {}", text(x)),
            ));
        }
    }
    Ok(())
}

/// What rounding costs in the objective at `x`: in its terms, and by moving `x` a little.
fn slack(reached: f64, value: f64, v: &[f64], x: &[f64], step: f64, feasibility: f64) -> f64 {
    let rounding = 64.0 * f64::EPSILON;
    let moved = (rounding + feasibility) * kernels::norm2(x) + rounding * kernels::norm2(v);
    let residual = kernels::norm2(&probe::add(v, -1.0, x));
    4.0 * rounding * (reached.abs() + value.abs())
        + moved * residual / step
        + (rounding * (kernels::norm2(v) + kernels::norm2(x))).powi(2) / step
}

/// Equal up to `relative`; an infinity equals itself only, NaN nothing.
pub(super) fn agree(a: f64, b: f64, relative: f64) -> bool {
    agree_up_to(a, b, relative, 1e-12 * relative)
}

/// Equal up to `relative` or up to `absolute`.
pub(super) fn agree_up_to(a: f64, b: f64, relative: f64, absolute: f64) -> bool {
    let apart = (a - b).abs();
    let allowed = absolute.max(relative * a.abs().max(b.abs()));
    a == b || (apart.is_finite() && apart <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_and_nan_agree_with_no_number() {
        assert!(agree(f64::INFINITY, f64::INFINITY, 0.0) && agree(1.0, 1.0 + 1e-12, 1e-10));
        for a in [0.0, 1.0, f64::NEG_INFINITY, f64::NAN] {
            assert!(!agree(a, f64::INFINITY, 0.5) && !agree(f64::NAN, a, 0.5));
        }
    }

    #[test]
    fn the_edge_of_zero_is_found_by_bisection() {
        let soft = |v: f64| (v - 0.7).max(0.0);
        assert_eq!(edge_of_zero(&soft), Some(0.7));
        assert_eq!(edge_of_zero(&|v| v), None);
    }
}
