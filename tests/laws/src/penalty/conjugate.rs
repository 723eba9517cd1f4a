//! The conjugate meets the Fenchel-Young inequality, with equality on the graph.

use fenchel_core::{Penalty, Space, kernels};

use super::probe::{self, text};
use crate::{Random, Violation};

/// `<u, b> <= Omega(b) + Omega*(u)`.
pub fn fenchel_young_inequality(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let points = probe::domain(penalty, space);
    for u in dual_points(penalty, space) {
        let Some(conjugate) = penalty.as_conjugate() else { return Ok(()) };
        let at_u = conjugate.conjugate(&u);
        for b in &points {
            let value = penalty.value(b);
            let (inner, rounding) = probe::product(&u, b);
            // A relative excess of 1e-12 over the domain counts as inside.
            let slack = 1e-10 * (value.abs() + inner.abs()) + 1e4 * rounding;
            if at_u.is_nan() || value + at_u < inner - slack {
                return Err(Violation::new(
                    "fenchel_young_inequality",
                    format!("u = {}, b = {}", text(&u), text(b)),
                    format!("Omega*(u) at least {:e}", inner - value),
                    format!("{at_u:e}"),
                ));
            }
        }
    }
    Ok(())
}

/// `<u, x> = Omega(x) + Omega*(u)` for `x = prox(v)` and `u = (v - x) / step`.
pub fn fenchel_young_equality(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let (Some(prox), Some(conjugate)) = (penalty.as_prox(), penalty.as_conjugate()) else {
        return Ok(());
    };
    let lineality = penalty.lineality();
    for pair in probe::prox_pairs(penalty, prox, space) {
        let mut u = pair.subgradient();
        probe::restrict(&lineality, &mut u);
        let top = kernels::max_abs(&u);
        // Where the difference v - x keeps few digits, u says little about the conjugate.
        if pair.rounding() > 1e-9 * top {
            continue;
        }
        let scale = conjugate.dual_scale(&u);
        // Entries far smaller than the largest keep fewer digits, or none: each may be outside by as
        // much.
        let least = u.iter().filter(|u| **u != 0.0).fold(top, |least, u| least.min(u.abs()));
        let outside = 1e-7 + pair.rounding() / least;
        if scale < 1.0 - outside || scale.is_nan() {
            return Err(Violation::new(
                "fenchel_young_equality",
                format!("{}, u = {}", pair.describe(), text(&u)),
                "u in the domain of the conjugate, as it is a subgradient",
                format!("dual scale {scale:e}"),
            ));
        }
        u.iter_mut().for_each(|u| *u *= scale);
        let (value, at_u) = (penalty.value(&pair.x), conjugate.conjugate(&u));
        let (inner, rounding) = probe::product(&u, &pair.x);
        let slack = (1e-9 + 2.0 * (1.0 - scale)) * (value.abs() + inner.abs() + at_u.abs())
            + 64.0 * rounding
            + pair.rounding() * pair.x.iter().map(|x| x.abs()).sum::<f64>()
            + 1e-290; // products of the smallest numbers
        if probe::exceeds((value + at_u - inner).abs(), slack) {
            return Err(Violation::new(
                "fenchel_young_equality",
                format!("{}, u = {}", pair.describe(), text(&u)),
                format!("Omega*(u) = {:e}", inner - value),
                format!("{at_u:e}"),
            ));
        }
    }
    Ok(())
}

/// The conjugate is finite at `dual_scale(u) u`, and, where the scale is below 1, infinite a
/// millionth further on.
pub fn dual_scale_ends_at_the_domain(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    let Some(conjugate) = penalty.as_conjugate() else { return Ok(()) };
    let violation = |u: &[f64], expected: String, got: f64| {
        let input = format!("u = {}", text(u));
        Err(Violation::new("dual_scale_ends_at_the_domain", input, expected, format!("{got:e}")))
    };
    for u in raw_dual_points(penalty, space) {
        let scale = conjugate.dual_scale(&u);
        let times = |s: f64| u.iter().map(|u| s * u).collect::<Vec<_>>();
        let inside = conjugate.conjugate(&times(scale));
        if !inside.is_finite() {
            return violation(&u, format!("a finite conjugate at {scale:e} u"), inside);
        }
        if scale < 1.0 {
            let beyond = if scale > 0.0 { scale * (1.0 + 1e-6) } else { 1e-3 };
            let outside = conjugate.conjugate(&times(beyond));
            if outside != f64::INFINITY {
                return violation(&u, format!("an infinite conjugate at {beyond:e} u"), outside);
            }
        }
    }
    Ok(())
}

/// Vectors orthogonal to the lineality space, at several scales.
fn raw_dual_points(penalty: &dyn Penalty, space: &Space) -> Vec<Vec<f64>> {
    let lineality = penalty.lineality();
    let mut random = Random::new(41);
    let mut points = probe::vectors(space);
    for deviation in [0.01, 0.1, 0.5, 2.0] {
        points.push(random.normals(space.len(), deviation));
    }
    points.iter_mut().for_each(|u| probe::restrict(&lineality, u));
    points
}

/// Points in the domain of the conjugate, on its boundary and inside.
fn dual_points(penalty: &dyn Penalty, space: &Space) -> Vec<Vec<f64>> {
    let Some(conjugate) = penalty.as_conjugate() else { return Vec::new() };
    let raw = raw_dual_points(penalty, space);
    let inside = raw.iter().flat_map(|u| {
        let scale = conjugate.dual_scale(u);
        [1.0, 0.5].map(|c| u.iter().map(|u| c * scale * u).collect::<Vec<_>>())
    });
    inside.chain(raw.iter().cloned()).collect()
}
