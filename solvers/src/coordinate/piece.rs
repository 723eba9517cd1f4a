//! Slope and curvature of a separable penalty where it is smooth, read off its prox, whose derivative
//! is `1 / (1 + step c)`: so every penalty that separates has them, also a foreign one.

use fenchel_core::Separable;

/// The step of the differences that give the slope of the prox, relative to the coefficient.
const DIFFERENCE: f64 = 1e-3;

/// Steps that are tried for them, each a quarter of the one before.
const SHORTENINGS: usize = 12;

/// Slope and curvature of the penalty at `b`, from its prox around a point that a step along the
/// gradient comes from, so short that it stays on the side of `b`; `None` where the prox does not
/// move there, as at the end of an interval.
pub(crate) fn piece(
    penalty: &dyn Separable,
    flat: usize,
    b: f64,
    gradient: f64,
    lipschitz: f64,
) -> Option<(f64, f64)> {
    let mut step = 1.0 / lipschitz;
    for _ in 0..SHORTENINGS {
        let v = b - step * gradient;
        let near = penalty.prox_at(flat, v, step);
        let width = DIFFERENCE * near.abs();
        let ends = [v - width, v + width].map(|v| penalty.prox_at(flat, v, step));
        if near * b <= 0.0 || ends.iter().any(|end| end * b <= 0.0) {
            step *= 0.25;
            continue;
        }
        let moved = ends[1] - ends[0];
        if moved.is_nan() || moved < 1e-6 * width {
            return None;
        }
        // Of a quadratic piece the difference is exact up to rounding.
        let curvature = (2.0 * width / moved - 1.0) / step;
        return Some(((v - near) / step + curvature * (b - near), curvature));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::Elastic;
    use super::piece;

    #[test]
    fn slope_and_curvature_are_read_off_the_prox() {
        let penalty = Elastic(0.4, 0.25);
        let (slope, curvature) = piece(&penalty, 0, -2.0, 0.7, 3.0).unwrap();
        assert!((slope + 0.4 + 0.25 * 2.0).abs() < 1e-9 && (curvature - 0.25).abs() < 1e-9);
        // A whole step would lead across zero, to the other slope.
        let (slope, curvature) = piece(&penalty, 0, 0.01, 5.0, 3.0).unwrap();
        assert!((slope - 0.4 - 0.25 * 0.01).abs() < 1e-9 && (curvature - 0.25).abs() < 1e-9);
    }
}
