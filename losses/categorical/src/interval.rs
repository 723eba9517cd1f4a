//! The logistic probability of an interval, `l(a, b) = -log(sigma(a) - sigma(b))` with the ends
//! `a > b` as predictors: value, derivatives and conjugate, without cancellation for a narrow
//! interval or one far out. An end class has an infinite end, which the formulas take as it is.

use fenchel_core::elementwise::DOMAIN_SLACK;
use fenchel_core::functions::{exp, exp_and_rest, ln, ln_1p_any, x_ln_x};

/// An interval between two predictors, with the exponentials that value and derivatives share. All
/// of it is inlined and without branches, so that a loop takes several intervals at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interval {
    /// The upper end, perhaps `+inf`, and the lower end, perhaps `-inf`.
    a: f64,
    b: f64,
    /// `exp(-|a|)` and `exp(-|b|)`.
    tails: (f64, f64),
    /// `q = exp(b - a)` and `1 - q`.
    ratio: f64,
    inside: f64,
}

/// `sigma(z)` and `sigma(-z)` of `exp(-|z|)`, each accurate relative to its size.
#[inline(always)]
fn sigmoids(z: f64, tail: f64) -> (f64, f64) {
    let large = 1.0 / (1.0 + tail);
    let small = tail * large;
    if z >= 0.0 { (large, small) } else { (small, large) }
}

impl Interval {
    /// That from `b` up to `a`.
    #[inline(always)]
    pub fn new(a: f64, b: f64) -> Self {
        let tails = (exp(-a.abs()), exp(-b.abs()));
        let (ratio, inside) = exp_and_rest(b - a);
        Self { a, b, tails, ratio, inside }
    }

    /// `-log(sigma(a) - sigma(b))`, `+inf` unless `a > b`.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        // (1 + e^-|a|) (1 + e^-|b|) / (1 - q) - 1.
        let (a, b) = self.tails;
        let more = (a + b + a * b + self.ratio) / self.inside;
        let value = (-self.a).max(0.0) + self.b.max(0.0) + ln_1p_any(more);
        // NaN passes.
        if self.a <= self.b { f64::INFINITY } else { value }
    }

    /// `sigma(a) - sigma(b)`, 0 unless `a > b`.
    pub fn probability(&self) -> f64 {
        if self.a <= self.b {
            return 0.0;
        }
        let (upper, lower) = (sigmoids(self.a, self.tails.0), sigmoids(self.b, self.tails.1));
        upper.0 * lower.1 * self.inside
    }

    /// The derivatives in `a` and `b`.
    #[inline(always)]
    pub fn derivatives(&self) -> (f64, f64) {
        let (upper, lower) = (sigmoids(self.a, self.tails.0), sigmoids(self.b, self.tails.1));
        let odds = self.ratio / self.inside;
        (-upper.1 - odds, lower.0 + odds)
    }

    /// The derivative along a common shift of both ends: what is left of the two when they cancel.
    #[inline(always)]
    pub fn shift_derivative(&self) -> f64 {
        sigmoids(self.b, self.tails.1).0 - sigmoids(self.a, self.tails.0).1
    }

    /// What each end's second derivatives sum to.
    #[inline(always)]
    pub fn row_sums(&self) -> (f64, f64) {
        let (upper, lower) = (sigmoids(self.a, self.tails.0), sigmoids(self.b, self.tails.1));
        (upper.0 * upper.1, lower.0 * lower.1)
    }

    /// `(d2/da2, d2/db2, d2/dadb)`.
    #[inline(always)]
    pub fn second_derivatives(&self) -> (f64, f64, f64) {
        let (upper, lower) = (sigmoids(self.a, self.tails.0), sigmoids(self.b, self.tails.1));
        let between = self.ratio / (self.inside * self.inside);
        (upper.0 * upper.1 + between, lower.0 * lower.1 + between, -between)
    }
}

/// `sup_{a > b} u_a a + u_b b - l(a, b)`, for an end class with 0 for the end that is infinite.
///
/// With `S = u_a + u_b`, `D = u_b - u_a` the supremum is where `sigma(a) + sigma(b) = 1 + S` and
/// `sigma(a) - sigma(b) = (1 - S^2) / E`, `E = D + sqrt(D^2 + 1 - S^2)`, which gives
/// ```text
/// l* = (1+S) log(1+S) + (1-S) log(1-S) - log E
///      + u_a [log((1 + (1-S)/E) / 2) - log A] + u_b [log B - log((1 + (1+S)/E) / 2)]
/// A  = -u_a (1 + 2 u_b / (R + 1)) / E,   B = u_b (1 - 2 u_a / (R + 1)) / E,   R = E - D
/// ```
/// on `u_a <= 0 <= u_b`, `|S| <= 1`, and `+inf` elsewhere.
#[inline(always)]
pub(crate) fn conjugate(u_a: f64, u_b: f64) -> f64 {
    let slack = DOMAIN_SLACK * (1.0 + u_a.abs() + u_b.abs());
    let sum = u_a + u_b;
    let inside = (u_a <= slack) & (u_b >= -slack) & (sum.abs() <= 1.0 + slack);
    let (u_a, u_b, sum) = (u_a.min(0.0), u_b.max(0.0), sum.clamp(-1.0, 1.0));
    let (up, down, apart) = (1.0 + sum, 1.0 - sum, u_b - u_a);
    let root = (apart * apart + up * down).sqrt();
    let e = apart + root;
    let missed_a = -u_a * (1.0 + 2.0 * u_b / (root + 1.0)) / e;
    let missed_b = u_b * (1.0 - 2.0 * u_a / (root + 1.0)) / e;
    // Where `u` is 0 the logarithm is that of 0 or infinity, which `ln` takes for some number.
    let total = x_ln_x(up) + x_ln_x(down) - ln(e)
        + u_a * ln(0.5 * (1.0 + down / e) / missed_a)
        + u_b * ln(missed_b / (0.5 * (1.0 + up / e)));
    if inside { total } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [(f64, f64); 9] = [
        (0.5, -0.3),
        (1e-7, 0.0),
        (30.0, 29.0),
        (-29.0, -30.0),
        (40.0, -40.0),
        (1.0, f64::NEG_INFINITY),
        (-50.0, f64::NEG_INFINITY),
        (f64::INFINITY, -2.0),
        (f64::INFINITY, 45.0),
    ];

    #[test]
    fn the_conjugate_meets_the_loss_at_its_gradient() {
        for (a, b) in ENDS {
            let interval = Interval::new(a, b);
            let (u_a, u_b) = interval.derivatives();
            let at = |u: f64, z: f64| if z.is_infinite() { 0.0 } else { u * z };
            let product = at(u_a, a) + at(u_b, b);
            let expected = product - interval.value();
            let size = 1.0 + at(u_a, a).abs() + at(u_b, b).abs() + interval.value();
            let (got, rounding) = (conjugate(u_a, u_b), 1e-15 * (u_b - u_a));
            let close = (got - expected).abs() <= 1e-11 * size + rounding;
            assert!(close, "{a} {b}: {got} against {expected}");
        }
    }

    #[test]
    fn an_end_class_has_the_entropy_of_the_logistic_loss() {
        for t in [0.0, 0.2, 0.9, 1.0f64] {
            let entropy = x_ln_x(t) + x_ln_x(1.0 - t);
            assert!((conjugate(-t, 0.0) - entropy).abs() < 1e-15);
            assert!((conjugate(0.0, t) - entropy).abs() < 1e-15);
        }
        for (u_a, u_b) in [(0.1, 0.2), (-0.1, -0.2), (-1.1, 0.0), (0.0, 1.1), (f64::NAN, 0.0)] {
            assert_eq!(conjugate(u_a, u_b), f64::INFINITY, "{u_a} {u_b}");
        }
    }

    #[test]
    fn narrow_and_distant_intervals_keep_their_digits() {
        // Near 0 the density is 1/4; far out sigma(a) - sigma(b) is exp(-29) - exp(-30) to a digit.
        let narrow = Interval::new(1e-9, 0.0);
        assert!((narrow.value() + (0.25e-9f64).ln()).abs() < 1e-8);
        assert!((narrow.probability() / 0.25e-9 - 1.0).abs() < 1e-8);
        let distant = Interval::new(30.0, 29.0);
        let expected = (-29f64).exp() - (-30f64).exp();
        assert!((distant.value() + expected.ln()).abs() < 1e-11);
        assert!((distant.probability() / expected - 1.0).abs() < 1e-11);
        assert_eq!(Interval::new(1.0, 1.0).value(), f64::INFINITY);
        assert_eq!(Interval::new(f64::INFINITY, f64::NEG_INFINITY).value(), 0.0);
    }

    #[test]
    fn the_derivatives_along_a_shift_add_up() {
        for (a, b) in ENDS {
            let interval = Interval::new(a, b);
            let ((u_a, u_b), along) = (interval.derivatives(), interval.shift_derivative());
            assert!((u_a + u_b - along).abs() <= 1e-15 * (1.0 + u_a.abs()), "{a} {b}");
        }
    }
}
