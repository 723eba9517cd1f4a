//! The deformed logarithm, and the one scalar equation that every prox here needs.

/// Below this a coefficient is not told from zero: where the exact root of the equation is positive
/// but smaller, this is the answer. The logarithm of it is about -708.
pub(crate) const FLOOR: f64 = f64::MIN_POSITIVE;

/// `ln_q(p) = (p^(q-1) - 1) / (q - 1)`, and `ln p` for q = 1: increasing, 0 at 1, concave for q < 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Logarithm {
    pub q: f64, // finite, greater than 0
}

impl Logarithm {
    /// `ln_q(p)` for `p >= 0`.
    pub fn at(self, p: f64) -> f64 {
        if p > 0.0 { self.of_log(p.ln()) } else { self.lowest() }
    }

    /// `ln_q(0)`: finite for q > 1.
    pub fn lowest(self) -> f64 {
        if self.q > 1.0 { -1.0 / (self.q - 1.0) } else { f64::NEG_INFINITY }
    }

    /// `ln_q(e^y)`.
    pub fn of_log(self, y: f64) -> f64 {
        let r = self.q - 1.0;
        if r == 0.0 { y } else { (r * y).exp_m1() / r }
    }

    /// `y` with `ln_q(e^y) = c`; NaN where there is none.
    pub fn to_log(self, c: f64) -> f64 {
        let r = self.q - 1.0;
        if r == 0.0 { c } else { (r * c).ln_1p() / r }
    }

    /// `p ln_q(p) = (p^q - p) / (q - 1)`; 0 at 0.
    pub fn entropy(self, p: f64) -> f64 {
        if p > 0.0 { p * self.at(p) } else { 0.0 }
    }

    /// The root `p >= 0` of `p + mu q ln_q(p) = s`, 0 where the left side is larger even there (q > 1
    /// only). NaN where `s` is NaN.
    ///
    /// Newton's method in `y = ln p`, where the left side is convex for q >= 1, kept inside a bracket:
    /// for `s >= 1` the root is at least 1 and both terms are at least 0, for `s < 1` it is below 1.
    pub fn root(self, s: f64, mu: f64) -> f64 {
        if s.is_nan() || s == f64::INFINITY {
            return s;
        }
        let c = mu * self.q;
        if c == 0.0 {
            return s.max(0.0);
        }
        if s <= c * self.lowest() {
            return if self.q > 1.0 { 0.0 } else { FLOOR };
        }
        if self.q == 2.0 {
            return ((s + c) / (1.0 + c)).max(FLOOR);
        }
        // `f64::min` and `max` pass over the NaN of a bound that does not exist.
        let (mut low, mut high) = if s >= 1.0 {
            (0.0, s.ln().min(self.to_log((s - 1.0) / c)))
        } else {
            let low = self.to_log((s - 1.0) / c);
            (if low.is_nan() { f64::NEG_INFINITY } else { low }, 0f64.min(self.to_log(s / c)))
        };
        if high <= FLOOR.ln() {
            return FLOOR;
        }
        let mut y = if self.q < 1.0 && s < 1.0 { low } else { high };
        for _ in 0..200 {
            let (p, log) = (y.exp(), self.of_log(y));
            let excess = p + c * log - s;
            if excess > 0.0 {
                high = y
            } else {
                low = y
            }
            let slope = p + c * (1.0 + (self.q - 1.0) * log); // in y, where p^(q-1) = 1 + (q-1) ln_q
            let mut next = y - excess / slope;
            if !(low..=high).contains(&next) {
                next = 0.5 * (low.max(FLOOR.ln() - 1.0) + high);
            }
            let moved = (next - y).abs();
            y = next;
            if moved <= f64::EPSILON * (1.0 + y.abs()) {
                break;
            }
        }
        // The last digits, which the exponential of y has lost: one step in p itself.
        let p = y.exp().max(FLOOR);
        let log = self.at(p);
        let polished = p - (p + c * log - s) * p / (p + c * (1.0 + (self.q - 1.0) * log));
        if (polished - p).abs() <= 1e-9 * p { polished.max(FLOOR) } else { p }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_solves_its_equation_at_every_scale() {
        for q in [0.02, 0.5, 0.9, 1.0 - 1e-9, 1.0, 1.0 + 1e-6, 1.3, 1.5, 2.0, 2.7, 20.0] {
            let log = Logarithm { q };
            for mu in [1e-9, 1e-3, 0.3, 1.0, 50.0, 1e7] {
                for s in [-1e6, -30.0, -1.0, -0.1, 0.0, 1e-3, 0.4, 1.0, 1.7, 40.0, 1e6, 1e12] {
                    let p = log.root(s, mu);
                    if p <= FLOOR {
                        let at = FLOOR + mu * q * log.at(p);
                        assert!(at >= s - 1e-12 * s.abs(), "q {q}, mu {mu}, s {s}: {at}");
                        assert!(q > 1.0 || p > 0.0);
                        continue;
                    }
                    let term = mu * q * log.at(p);
                    // A relative error of 1e-14 in p moves the terms by this much.
                    let slope = p + mu * q * (1.0 + (q - 1.0) * log.at(p));
                    let slack = 1e-13 * (slope + p + term.abs() + s.abs());
                    assert!((p + term - s).abs() <= slack, "q {q}, mu {mu}, s {s}: {p:e}");
                }
            }
        }
    }

    #[test]
    fn the_logarithm_passes_through_the_natural_one() {
        for p in [1e-300f64, 1e-3, 0.5, 1.0, 7.0] {
            for q in [1.0 - 1e-12, 1.0, 1.0 + 1e-12] {
                assert!((Logarithm { q }.at(p) - p.ln()).abs() <= 1e-6 * p.ln().abs());
            }
        }
        assert_eq!(Logarithm { q: 3.0 }.at(0.0), -0.5);
        assert_eq!(Logarithm { q: 1.0 }.at(0.0), f64::NEG_INFINITY);
        assert_eq!(Logarithm { q: 0.5 }.entropy(0.0), 0.0);
    }
}
