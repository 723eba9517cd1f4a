//! The derivative of a penalty's prox, coefficient by coefficient.

use fenchel_core::{Elementary, Penalty, Separable};

/// Derivatives below this share are rounding in a difference.
const ROUNDING: f64 = 1e-8;

/// How the derivative is known.
#[derive(Clone, Copy)]
pub(crate) enum Slopes<'a> {
    /// In closed form.
    Elementary(&'a dyn Elementary),
    /// From differences, exact but for rounding where the prox is piecewise linear.
    Separable(&'a dyn Separable),
}

impl<'a> Slopes<'a> {
    /// `None` unless the penalty separates over coefficients.
    pub fn of(penalty: &'a dyn Penalty) -> Option<Self> {
        penalty
            .as_elementary()
            .map(Self::Elementary)
            .or_else(|| penalty.as_separable().map(Self::Separable))
    }

    /// Writes the derivative of the prox at `v`, where `b` is the prox: 0 where the coefficient
    /// stays where it is (at zero, or at an end of an interval), at most 1.
    pub fn write(&self, v: &[f64], step: f64, b: &[f64], out: &mut [f64]) {
        match self {
            Self::Elementary(penalty) => {
                for (j, (b, out)) in b.iter().zip(out).enumerate() {
                    let scalar = penalty.scalar(j);
                    let fixed =
                        (*b == 0.0 && scalar.l1 > 0.0) || *b == scalar.lower || *b == scalar.upper;
                    *out = if fixed { 0.0 } else { 1.0 / (1.0 + step * scalar.l2) };
                }
            }
            Self::Separable(penalty) => {
                for (j, (v, out)) in v.iter().zip(out).enumerate() {
                    let width = 1e-6 * v.abs().max(1e-6);
                    let (above, below) = (v + width, v - width);
                    let change = penalty.prox_at(j, above, step) - penalty.prox_at(j, below, step);
                    let slope = (change / (above - below)).min(1.0);
                    *out = if slope < ROUNDING { 0.0 } else { slope };
                }
            }
        }
    }
}
