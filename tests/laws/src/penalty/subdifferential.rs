//! The distance to the subdifferential is zero where it must be, and no smaller than it is.

use fenchel_core::{Convexity, Penalty, Separable, Space, Subdifferential, kernels};

use super::probe::{self, text};
use crate::{Random, Violation};

/// `(v - prox(v)) / step` is a subgradient at `prox(v)`, so its distance is zero.
pub fn subdifferential_holds_prox_residuals(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    let (Some(prox), Some(subdifferential)) = (penalty.as_prox(), penalty.as_subdifferential())
    else {
        return Ok(());
    };
    for pair in probe::prox_pairs(penalty, prox, space) {
        let grad: Vec<f64> = pair.subgradient().iter().map(|u| -u).collect();
        let distance = subdifferential.subdiff_dist(&pair.x, &grad);
        let root = (space.len() as f64).sqrt();
        let mut allowed = root * (pair.rounding() + 1e-10 * kernels::max_abs(&grad));
        if probe::exceeds(distance, allowed) {
            allowed += sensitivity(subdifferential, &pair.x, &grad, distance);
        }
        if probe::exceeds(distance, allowed) {
            return Err(Violation::new(
                "subdifferential_holds_prox_residuals",
                pair.describe(),
                format!("distance at most {allowed:e}"),
                format!("{distance:e}"),
            ));
        }
    }
    Ok(())
}

/// By how much the last digits of `x` change its distance: where terms of a slope cancel, no point
/// that can be written down is closer.
fn sensitivity(penalty: &dyn Subdifferential, x: &[f64], grad: &[f64], distance: f64) -> f64 {
    // All the same way, and alternately, as a change of all may be no change of the slopes.
    let change = |ends: [f64; 2]| {
        let moved = x.iter().enumerate();
        let moved = moved.map(|(i, x)| x * (1.0 + ends[i % 2] * f64::EPSILON));
        (penalty.subdiff_dist(&moved.collect::<Vec<f64>>(), grad) - distance).abs()
    };
    [[8.0, 8.0], [-8.0, -8.0], [8.0, -8.0]]
        .map(change)
        .into_iter()
        .filter(|change| change.is_finite())
        .fold(0.0, f64::max)
}

/// On a single coefficient, the distance is that of `-grad` to the interval between the left and
/// the right derivative, which are measured by differences. (Where the right one is the smaller,
/// as at a concave kink, the limiting subdifferential is the two derivatives alone.)
pub fn distance_agrees_with_slopes(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(separable) = penalty.as_separable() else { return Ok(()) };
    let step = match penalty.convexity() {
        Convexity::WeaklyConvex(rho) => 0.7 / rho,
        _ => 0.7,
    };
    for j in probe::coordinates(space.len(), 8) {
        let mut points: Vec<f64> = [0.0, 0.02, 0.3, 0.77, 1.3, 2.9, 8.0, 50.0]
            .iter()
            .flat_map(|&b: &f64| [b, -b])
            .collect();
        // Prox points lie in the domain and on the kinks.
        points.extend([0.1, -0.1, 1.9, -1.9, 30.0, -30.0].map(|v| separable.prox_at(j, v, step)));
        // Beside a coefficient far smaller than the differences nothing is seen of its own slope.
        let seen = |b: &f64| *b == 0.0 || b.abs() >= 1e-5;
        points.retain(|b| seen(b) && separable.value_at(j, *b).is_finite());
        for b in points {
            let (Some(left), Some(right)) =
                (slope(separable, j, b, -1.0), slope(separable, j, b, 1.0))
            else {
                continue;
            };
            for grad in [0.0, 0.01, -0.2, 0.45, -0.9, 1.1, -2.0, 6.0, -90.0] {
                let u = -grad;
                let expected = if left <= right {
                    (left - u).max(u - right).max(0.0)
                } else {
                    (u - left).abs().min((u - right).abs())
                };
                let got = separable.subdiff_dist_at(j, b, grad);
                let finite = [left, right].into_iter().filter(|s| s.is_finite());
                let scale = finite.fold(grad.abs().max(1e-3), |top, s| top.max(s.abs()));
                if got.is_nan() || (got - expected).abs() > 1e-5 * scale {
                    return Err(Violation::new(
                        "distance_agrees_with_slopes",
                        format!("coefficient {j}, b = {b:e}, grad = {grad}"),
                        format!("{expected:e} (slopes {left:e} and {right:e})"),
                        format!("{got:e}"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The one-sided derivative, by extrapolated differences; infinite at the end of the domain and
/// where the differences grow without bound; `None` where they do not settle (a kink is too near).
fn slope(separable: &dyn Separable, j: usize, b: f64, side: f64) -> Option<f64> {
    let h = 1e-5 * b.abs().max(1e-2);
    let at_b = separable.value_at(j, b);
    let difference = |h: f64| {
        let there = b + side * h; // as rounded, so that the quotient is by the true distance
        (separable.value_at(j, there) - at_b) / (there - b)
    };
    let (near, middle, far) = (difference(0.25 * h), difference(0.5 * h), difference(h));
    if near.is_infinite() {
        return Some(side * f64::INFINITY);
    }
    if near.abs() > 30.0 && near.abs() > 1.1 * middle.abs() && middle.abs() > 1.1 * far.abs() {
        return Some(near.signum() * f64::INFINITY);
    }
    let slope = 2.0 * near - middle;
    let settled = (slope - (2.0 * middle - far)).abs() <= 1e-6 * slope.abs().max(1e-3);
    settled.then_some(slope)
}

/// For a convex penalty and any gradient `g` at distance `d`, some subgradient lies within `d` of
/// `-g` in every block, so `Omega(y) - Omega(b) + <g, y - b> >= -d ||y - b||_1` for all `y`.
pub fn distance_is_not_understated(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(subdifferential) = penalty.as_subdifferential() else { return Ok(()) };
    let mut random = Random::new(31);
    let points = probe::domain(penalty, space);
    for (i, b) in points.iter().enumerate() {
        for round in 0..6 {
            // The negative of a subgradient elsewhere, or anything.
            let grad = match (penalty.as_prox(), round % 2) {
                (Some(prox), 0) => {
                    let v = &points[(5 * i + 17 * round + 1) % points.len()];
                    let pair = probe::ProxPair::new(prox, v, 1.0);
                    pair.subgradient().iter().map(|u| -u).collect()
                }
                _ => random.normals(space.len(), [0.1, 1.0, 10.0][round / 2]),
            };
            let distance = subdifferential.subdiff_dist(b, &grad);
            if distance.is_infinite() {
                continue;
            }
            let here = penalty.value(b);
            for y in competitors(b, &grad, &points, &mut random) {
                let there = penalty.value(&y);
                let d = probe::add(&y, -1.0, b);
                let (inner, rounding) = probe::product(&grad, &d);
                let length: f64 = d.iter().map(|d| d.abs()).sum();
                let rise = there - here + inner;
                let slack = 1e-12 * (there.abs() + here.abs())
                    + 64.0 * rounding
                    + 1e-9 * kernels::max_abs(&grad) * kernels::norm2(b).min(kernels::norm2(&d));
                if probe::exceeds(-rise, distance * length + slack) {
                    return Err(Violation::new(
                        "distance_is_not_understated",
                        format!("b = {}, grad = {}, y = {}", text(b), text(&grad), text(&y)),
                        format!("distance at least {:e}", -rise / length),
                        format!("{distance:e}"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Points that show an understated distance: along the negative gradient, near and far, along
/// single coordinates, and the other points of the domain.
fn competitors(b: &[f64], grad: &[f64], points: &[Vec<f64>], random: &mut Random) -> Vec<Vec<f64>> {
    let scale = kernels::max_abs(b).max(1e-3);
    let unit = kernels::max_abs(grad).max(1e-300);
    let mut all = Vec::new();
    for c in [1e-4, 1e-2, 0.3, 3.0] {
        all.push(probe::add(b, -c * scale / unit, grad));
        all.push(probe::add(b, c * scale, &random.normals(b.len(), 1.0)));
        let on_support: Vec<f64> =
            b.iter().zip(grad).map(|(b, g)| if *b == 0.0 { 0.0 } else { *g }).collect();
        all.push(probe::add(b, -c * scale / unit, &on_support));
        for j in 0..b.len() {
            let mut y = b.to_vec();
            y[j] -= c * scale * grad[j].signum();
            all.push(y);
        }
    }
    all.extend(points.iter().take(12).cloned());
    all
}

/// `|dist(b, g) - dist(b, h)| <= ||g - h||_2`: the distance to a set cannot change faster.
pub fn distance_is_lipschitz(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(subdifferential) = penalty.as_subdifferential() else { return Ok(()) };
    let mut random = Random::new(32);
    for b in probe::domain(penalty, space) {
        for deviation in [0.3, 1.0, 20.0] {
            let g = random.normals(space.len(), deviation);
            for change in [1e-3, 1.0] {
                let step = random.normals(space.len(), change * deviation);
                let h = probe::add(&g, 1.0, &step);
                let (at_g, at_h) =
                    (subdifferential.subdiff_dist(&b, &g), subdifferential.subdiff_dist(&b, &h));
                let allowed = kernels::norm2(&step) * (1.0 + 1e-9) + 1e-9 * (at_g.min(at_h));
                if at_g != at_h && probe::exceeds((at_g - at_h).abs(), allowed) {
                    return Err(Violation::new(
                        "distance_is_lipschitz",
                        format!("b = {}, g = {}, h = {}", text(&b), text(&g), text(&h)),
                        format!("distances at most {allowed:e} apart"),
                        format!("{at_g:e} and {at_h:e}"),
                    ));
                }
            }
        }
    }
    Ok(())
}
