//! Zero solves the problem from the threshold on, and not before.

use fenchel_core::{Convexity, Penalty, Space, kernels};

use super::probe::{self, ProxPair, text};
use crate::{Random, Violation};

/// With `s = zero_threshold(grad)`, `-grad` is a subgradient at zero of `scaled(s (1 + 1e-9))` and
/// not of `scaled(s (1 - 1e-6))`; with `None` it is one of no scale, tried at `1e8`. Seen through
/// the subdifferential distance and, where the penalty is convex, through the prox.
pub fn zero_threshold_is_exact(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(threshold) = penalty.as_zero_threshold() else { return Ok(()) };
    let lineality = penalty.lineality();
    let mut random = Random::new(51);
    let mut gradients = probe::vectors(space);
    gradients.extend((0..6).map(|_| random.normals(space.len(), 0.5)));
    gradients.iter_mut().for_each(|g| probe::restrict(&lineality, g));
    for grad in gradients {
        let s = threshold.zero_threshold(&grad);
        let violation = |expected: String, got: String| {
            let input = format!("grad = {}, threshold {s:?}", text(&grad));
            Err(Violation::new("zero_threshold_is_exact", input, expected, got))
        };
        let (above, below) = match s {
            Some(s) if s > 0.0 => (Some(s * (1.0 + 1e-9)), Some(s * (1.0 - 1e-6))),
            Some(_) => (Some(1e-6), None),
            None => (None, Some(1e8)),
        };
        if let Some(above) = above {
            let excess = excess(&*penalty.scaled(above), &grad);
            if let Some(excess) = excess.into_iter().flatten().find(|e| e.is_nan() || *e > 1e-9) {
                return violation(
                    format!("zero to be stationary at scale {above:e}"),
                    format!("relative distance {excess:e}"),
                );
            }
        }
        if let Some(below) = below {
            let excess = excess(&*penalty.scaled(below), &grad);
            // For no scale at all, what rounding leaves at 1e8 is not a distance. The prox of a
            // penalty that is smooth at zero shrinks as 1/scale, and no further.
            let shrunk = 1.0 / below.max(1.0);
            let floors = if s.is_none() { [1e-9, 1e-4 * shrunk] } else { [1e-13, 1e-13 * shrunk] };
            let seen = excess.into_iter().zip(floors);
            let none = |(excess, floor): (Option<f64>, f64)| excess.filter(|e| *e <= floor);
            if let Some(excess) = seen.filter_map(none).next() {
                return violation(
                    format!("zero not to be stationary at scale {below:e}"),
                    format!("relative distance {excess:e}"),
                );
            }
        }
    }
    Ok(())
}

/// How far zero is from stationary, relative to the gradient: by subdifferential, by prox.
fn excess(penalty: &dyn Penalty, grad: &[f64]) -> [Option<f64>; 2] {
    let zero = vec![0.0; grad.len()];
    let size = kernels::max_abs(grad).max(f64::MIN_POSITIVE);
    let distance = penalty.as_subdifferential().map(|s| s.subdiff_dist(&zero, grad) / size);
    let prox = match (penalty.as_prox(), penalty.convexity()) {
        (Some(prox), Convexity::Convex) => {
            let v: Vec<f64> = grad.iter().map(|g| -g).collect();
            Some(kernels::max_abs(&ProxPair::new(prox, &v, 1.0).x) / size)
        }
        _ => None,
    };
    [distance, prox]
}
