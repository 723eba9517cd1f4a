//! What penalties that are concave away from zero have in common.

use fenchel_core::{Convexity, Lineality};

/// The largest `|grad_j| / lambda_j`; `None` where a coefficient without penalty has a gradient.
pub(crate) fn largest_ratio(grad: &[f64], lambda: impl Fn(usize) -> f64) -> Option<f64> {
    let ratios = grad.iter().enumerate().filter(|(_, g)| **g != 0.0);
    let top = ratios.map(|(j, g)| g.abs() / lambda(j)).fold(0.0, fenchel_core::worst);
    top.is_finite().then_some(top)
}

/// Weakly convex with `rho`, unless the penalty is zero.
pub(crate) fn weakly_convex(rho: f64, lineality: &Lineality) -> Convexity {
    match lineality {
        Lineality::Everything => Convexity::Convex,
        _ => Convexity::WeaklyConvex(rho),
    }
}

/// `max(|grad| - lambda, 0)`, the distance of `-grad` to `[-lambda, lambda]`; NaN stays NaN.
pub(crate) fn distance_at_zero(grad: f64, lambda: f64) -> f64 {
    if grad.abs() <= lambda { 0.0 } else { grad.abs() - lambda }
}
