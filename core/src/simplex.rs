//! The scaled simplex `{b >= 0, sum b = radius}`: projection, membership, distance to a
//! subdifferential on it. Several families need it, and families do not know each other.

use crate::worst;

/// Relative error of the sum that still counts as inside: what rounding and changes of scale leave.
const SLACK: f64 = 1e-14;

/// Whether `b` lies on the simplex, its sum up to a relative 1e-14 and what adding it up costs.
pub fn contains(b: &[f64], radius: f64) -> bool {
    let slack = SLACK + 4.0 * f64::EPSILON * b.len() as f64;
    b.iter().all(|b| *b >= 0.0) && (b.iter().sum::<f64>() - radius).abs() <= slack * radius
}

/// Writes the Euclidean projection of `v` on `{b >= 0, sum b = radius}`, `max(v - tau, 0)`. O(n)
/// expected: the support is found by partitioning around pivots, in `scratch`.
///
/// An empty `v` has nothing to project; where `v` is not finite, all of `out` is NaN.
///
/// Source: Held, Wolfe & Crowder (1974), Math. Program. 6; pivots as in Duchi, Shalev-Shwartz,
/// Singer & Chandra (2008), ICML, figure 2.
pub fn project(v: &[f64], radius: f64, scratch: &mut Vec<f64>, out: &mut [f64]) {
    let top = v.iter().fold(f64::NEG_INFINITY, |top, v| top.max(*v));
    if !v.iter().all(|v| v.is_finite()) {
        out.fill(f64::NAN);
        return;
    }
    // Seen from the largest entry, so that large entries do not cost the digits of `tau`.
    scratch.clear();
    scratch.extend(v.iter().map(|v| v - top).filter(|w| *w > -radius));
    if scratch.is_empty() {
        // The radius is zero, or lost in the rounding of a huge entry.
        scratch.push(0.0);
    }
    let (mut open, mut sum, mut count) = (&mut scratch[..], 0.0, 0.0);
    while !open.is_empty() {
        let pivot = open[open.len() / 2];
        // Larger than the pivot | equal to it | smaller.
        let (mut larger, mut middle, mut smaller) = (0, 0, open.len());
        let (mut above, mut ties) = (0.0, 0.0);
        while middle < smaller {
            let w = open[middle];
            if w > pivot {
                above += w;
                open.swap(larger, middle);
                larger += 1;
                middle += 1;
            } else if w < pivot {
                smaller -= 1;
                open.swap(middle, smaller);
            } else {
                ties += 1.0;
                middle += 1;
            }
        }
        let (sum_to, count_to) = (sum + above + ties * pivot, count + larger as f64 + ties);
        if sum_to - count_to * pivot < radius {
            (sum, count) = (sum_to, count_to);
            open = &mut open[smaller..];
        } else {
            open = &mut open[..larger];
        }
    }
    // The largest entry is always in the support, but for a radius of zero.
    let tau = if count > 0.0 { (sum - radius) / count } else { 0.0 };
    for (out, v) in out.iter_mut().zip(v) {
        *out = ((v - top) - tau).max(0.0);
    }
}

/// The distance of `-grad` to `dOmega + N`, the largest over the entries of one column, where `N` is
/// the normal cone of the simplex: all vectors that are constant on the support and at most that
/// constant elsewhere. Each item is `-grad_i - slope_i` and whether the entry is at its bound, where
/// the slope is one-sided. Infinite where an item is NaN.
pub fn distance(items: impl Iterator<Item = (f64, bool)>) -> f64 {
    let (mut low, mut high, mut bound) = (f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
    for (residual, at_bound) in items {
        if residual.is_nan() {
            return f64::INFINITY;
        }
        if at_bound {
            bound = bound.max(residual);
        } else {
            (low, high) = (low.min(residual), high.max(residual));
        }
    }
    if low > high {
        return 0.0; // no entry inside: any constant will do
    }
    // The constant may be anything in [high - d, low + d], and at least `bound - d`.
    worst(worst(0.0, 0.5 * (high - low)), 0.5 * (bound - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projected(v: &[f64], radius: f64) -> Vec<f64> {
        let mut out = vec![f64::NAN; v.len()];
        project(v, radius, &mut Vec::new(), &mut out);
        out
    }

    /// By sorting, as textbooks have it.
    fn by_sorting(v: &[f64], radius: f64) -> Vec<f64> {
        let mut sorted = v.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let (mut sum, mut tau) = (0.0, 0.0);
        for (k, z) in sorted.iter().enumerate() {
            sum += z;
            let candidate = (sum - radius) / (k + 1) as f64;
            if *z > candidate {
                tau = candidate;
            }
        }
        v.iter().map(|v| (v - tau).max(0.0)).collect()
    }

    #[test]
    fn the_projection_is_that_of_sorting() {
        let mut state = 7u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        for n in [1, 2, 3, 10, 257] {
            for spread in [0.01, 1.0, 30.0] {
                for radius in [0.3, 1.0, 20.0] {
                    // Ties included.
                    let v: Vec<f64> =
                        (0..n).map(|_| spread * (20.0 * random()).round() / 20.0).collect();
                    let (got, expected) = (projected(&v, radius), by_sorting(&v, radius));
                    for (g, e) in got.iter().zip(&expected) {
                        assert!((g - e).abs() <= 1e-13 * (spread + radius), "{v:?}, {radius}");
                    }
                    assert!(contains(&got, radius));
                }
            }
        }
    }

    #[test]
    fn ties_and_huge_entries_are_survived() {
        assert_eq!(projected(&[2.0; 4], 1.0), [0.25; 4]);
        assert_eq!(projected(&[1e30, -1e30, 1e29], 1.0), [1.0, 0.0, 0.0]);
        assert_eq!(projected(&[1.0, 3.0], 0.0), [0.0, 0.0]);
        assert!(projected(&[1.0, f64::INFINITY], 1.0).iter().all(|b| b.is_nan()));
        assert!(projected(&[f64::NAN, 1.0], 1.0).iter().all(|b| b.is_nan()));
        assert!(projected(&[], 1.0).is_empty());
    }

    #[test]
    fn the_distance_is_to_the_nearest_constant() {
        let inside = |residuals: &[f64]| distance(residuals.iter().map(|r| (*r, false)));
        assert_eq!(inside(&[1.0, 1.0]), 0.0);
        assert_eq!(inside(&[1.0, 2.0]), 0.5);
        assert_eq!(distance([(1.0, false), (0.5, true)].into_iter()), 0.0);
        assert_eq!(distance([(1.0, false), (3.0, true)].into_iter()), 1.0);
        assert_eq!(distance([(1.0, true)].into_iter()), 0.0);
        assert_eq!(distance([(1.0, false), (f64::NAN, true)].into_iter()), f64::INFINITY);
    }
}
