//! The curvature class is as claimed, and a weak-convexity constant is the smallest.

use fenchel_core::{Convexity, Penalty, Space, kernels};

use super::probe::{self, text};
use crate::{Random, Violation};

/// `Omega + rho/2 ||.||^2` (`rho = 0` where the claim is convex) lies below its chords.
pub fn convexity_is_as_claimed(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    const LAW: &str = "convexity_is_as_claimed";
    let rho = match penalty.convexity() {
        Convexity::Convex => 0.0,
        Convexity::WeaklyConvex(rho) if rho.is_finite() && rho > 0.0 => rho,
        Convexity::WeaklyConvex(rho) => {
            let expected = "rho finite and greater than 0";
            return Err(Violation::new(LAW, "convexity()", expected, rho.to_string()));
        }
        Convexity::Nonconvex => return Ok(()),
    };
    let lifted = |b: &[f64]| penalty.value(b) + 0.5 * rho * kernels::dot(b, b);
    let chord = |a: &[f64], b: &[f64], c: f64, rounding: f64| {
        let middle: Vec<f64> = a.iter().zip(b).map(|(a, b)| (1.0 - c) * a + c * b).collect();
        let (at_a, at_b, at_middle) = (lifted(a), lifted(b), lifted(&middle));
        let above = (1.0 - c) * at_a + c * at_b;
        let slack = 1e-11 * (at_a.abs() + at_b.abs() + at_middle.abs()) + rounding;
        if above.is_infinite() || at_middle <= above + slack {
            return Ok(());
        }
        Err(Violation::new(
            LAW,
            format!("between {} and {}", text(a), text(b)),
            format!("at most {above:e} at {}", text(&middle)),
            format!("{at_middle:e}"),
        ))
    };
    let points = probe::domain(penalty, space);
    let rounding: Vec<f64> = points.iter().map(|b| probe::rounding(penalty, b)).collect();
    for (i, a) in points.iter().enumerate() {
        for (k, b) in points[..i].iter().enumerate() {
            for c in [0.5, 0.1] {
                chord(a, b, c, rounding[i].max(rounding[k]))?;
            }
        }
    }
    // Short chords see what long ones average away.
    let mut random = Random::new(71);
    for b in &points {
        for size in [1e-2, 0.2, 1.0] {
            let mut directions = vec![random.normals(space.len(), size)];
            for j in probe::coordinates(space.len(), 8) {
                directions.push((0..b.len()).map(|i| if i == j { size } else { 0.0 }).collect());
            }
            for d in directions {
                let (a, b) = (probe::add(b, 1.0, &d), probe::add(b, -1.0, &d));
                chord(&a, &b, 0.5, probe::rounding(penalty, &a))?;
            }
        }
    }
    Ok(())
}

/// Somewhere along a coordinate the curvature is below `-0.9 rho`, so that no much smaller `rho`
/// would do. Tried where the penalty is a sum over coefficients or blocks.
pub fn weak_convexity_is_tight(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Convexity::WeaklyConvex(rho) = penalty.convexity() else { return Ok(()) };
    let n = space.len();
    let mut lowest = f64::INFINITY;
    for j in 0..n {
        let at = |r: f64| {
            let mut b = vec![0.0; n];
            b[j] = r;
            penalty.value(&b)
        };
        for i in -100..=100 {
            let r = 1.2f64.powi(i);
            let h = 0.01 * r;
            let curvature = (at(r + h) - 2.0 * at(r) + at(r - h)) / (h * h);
            if curvature.is_finite() {
                lowest = lowest.min(curvature);
            }
        }
    }
    if lowest <= -0.9 * rho {
        return Ok(());
    }
    Err(Violation::new(
        "weak_convexity_is_tight",
        "the coordinate axes",
        format!("a curvature below {:e} somewhere", -0.9 * rho),
        format!("{lowest:e} at the lowest"),
    ))
}
