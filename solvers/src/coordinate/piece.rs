//! Slope and curvature of a separable penalty where it is smooth, read off its prox, whose derivative
//! is `1 / (1 + step c)`: so every penalty that separates has them, also a foreign one.
//!
//! All coefficients are asked for at a time, as a penalty in another process answers a message each time.

use fenchel_core::Separable;

/// The step of the differences that give the slope of the prox, relative to the coefficient.
const DIFFERENCE: f64 = 1e-3;

/// Steps that are tried for them, each a quarter of the one before.
const SHORTENINGS: usize = 12;

/// Where a piece is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub flat: usize,
    /// The coefficient, which is not zero.
    pub b: f64,
    /// The gradient of the loss, and a bound on its curvature, along it.
    pub gradient: f64,
    pub lipschitz: f64,
}

/// Slope and curvature at a place.
pub(super) type Piece = (f64, f64);

/// The places whose pieces are not found yet, with the step to try next, and what the prox is asked for.
#[derive(Debug, Default)]
pub(super) struct PieceFinder {
    open: Vec<(usize, f64)>,
    flat: Vec<usize>,
    steps: Vec<f64>,
    /// The points, and their proxes.
    v: Vec<f64>,
    near: Vec<f64>,
    /// The ends of differences around them, two each, and their proxes.
    around: Vec<f64>,
    ends: Vec<f64>,
}

impl PieceFinder {
    /// Writes the piece of each of `places` to `found`, from the prox around a point that a step along the
    /// gradient comes from, so short that it stays on the side of the coefficient; `None` where the prox
    /// does not move there, as at the end of an interval.
    pub fn find(
        &mut self,
        penalty: &dyn Separable,
        places: &[Place],
        found: &mut Vec<Option<Piece>>,
    ) {
        found.clear();
        found.resize(places.len(), None);
        self.open.clear();
        self.open.extend(places.iter().enumerate().map(|(at, place)| (at, 1.0 / place.lipschitz)));
        for _ in 0..SHORTENINGS {
            if self.open.is_empty() {
                return;
            }
            self.ask(penalty, places);
            let mut asked = 0;
            self.open.retain_mut(|(at, step)| {
                let (place, v, near) = (&places[*at], self.v[asked], self.near[asked]);
                let ends = &self.ends[2 * asked..2 * asked + 2];
                let width = DIFFERENCE * near.abs();
                asked += 1;
                if near * place.b <= 0.0 || ends.iter().any(|end| end * place.b <= 0.0) {
                    *step *= 0.25;
                    return true;
                }
                let moved = ends[1] - ends[0];
                if !(moved.is_nan() || moved < 1e-6 * width) {
                    // Of a quadratic piece the difference is exact up to rounding.
                    let curvature = (2.0 * width / moved - 1.0) / *step;
                    let slope = (v - near) / *step + curvature * (place.b - near);
                    found[*at] = Some((slope, curvature));
                }
                false
            });
        }
    }
    /// The proxes of the points of open places, and of the ends around them.
    fn ask(&mut self, penalty: &dyn Separable, places: &[Place]) {
        let Self { open, flat, steps, v, near, around, ends } = self;
        let all = open.len();
        for buffer in [&mut *steps, &mut *v, &mut *around] {
            buffer.clear();
        }
        flat.clear();
        flat.extend(open.iter().map(|(at, _)| places[*at].flat));
        steps.extend(open.iter().map(|(_, step)| *step));
        v.extend(open.iter().map(|(at, step)| places[*at].b - step * places[*at].gradient));
        near.resize(all, 0.0);
        penalty.prox_each(flat, v, steps, near);
        for (v, near) in v.iter().zip(&*near) {
            let width = DIFFERENCE * near.abs();
            around.extend([v - width, v + width]);
        }
        flat.clear();
        flat.extend(open.iter().flat_map(|(at, _)| [places[*at].flat; 2]));
        steps.clear();
        steps.extend(open.iter().flat_map(|(_, step)| [*step; 2]));
        ends.resize(2 * all, 0.0);
        penalty.prox_each(flat, around, steps, ends);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Elastic;
    use super::{PieceFinder, Place};

    #[test]
    fn slope_and_curvature_are_read_off_the_prox() {
        let penalty = Elastic(0.4, 0.25);
        // From the second one, a whole step would lead across zero, to the other slope.
        let places = [(-2.0, 0.7, 3.0), (0.01, 5.0, 3.0), (1.0, f64::NAN, 3.0)];
        let places =
            places.map(|(b, gradient, lipschitz)| Place { flat: 0, b, gradient, lipschitz });
        let mut found = Vec::new();
        PieceFinder::default().find(&penalty, &places, &mut found);
        let [Some(left), Some(right), None] = found[..] else { panic!("{found:?}") };
        assert!((left.0 + 0.4 + 0.25 * 2.0).abs() < 1e-9 && (left.1 - 0.25).abs() < 1e-9);
        assert!((right.0 - 0.4 - 0.25 * 0.01).abs() < 1e-9 && (right.1 - 0.25).abs() < 1e-9);
    }
}
