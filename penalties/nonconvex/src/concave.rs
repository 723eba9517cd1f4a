//! What penalties that are concave away from zero have in common.

use fenchel_core::{Convexity, Lineality, kernels};

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

/// `sum_j lambda_j |b_j|`, the convex part of a penalty that leaves zero with slope lambda.
pub(crate) fn absolute_value(beta: &[f64], lambda: impl Fn(usize) -> f64) -> f64 {
    beta.iter().enumerate().map(|(j, b)| lambda(j) * b.abs()).sum()
}

/// Its prox; returns its value there.
pub(crate) fn absolute_prox(
    v: &[f64],
    step: f64,
    lambda: impl Fn(usize) -> f64,
    out: &mut [f64],
) -> f64 {
    let mut value = 0.0;
    for (j, (v, out)) in v.iter().zip(out).enumerate() {
        let lambda = lambda(j);
        *out = kernels::soft_threshold(*v, step * lambda);
        value += lambda * out.abs();
    }
    value
}
