//! Negative Tsallis entropy of coefficients that are at least zero.

use fenchel_core::{
    Conjugate, Convexity, Error, Lineality, Penalty, Prox, Separable, Subdifferential,
};

use crate::logarithm::{FLOOR, Logarithm};

/// The negative Tsallis entropy on the orthant. With `ln_q(p) = (p^(q-1) - 1)/(q - 1)`:
/// ```text
/// Omega(b)            = lambda sum_j (b_j^q - b_j)/(q - 1) = lambda sum_j b_j ln_q(b_j)  if b >= 0,
///                       else infinity;   q = 1: lambda sum_j b_j ln b_j
/// prox_{t Omega}(v)_j = the root p >= 0 of p + t lambda (q ln_q(p) + 1) = v_j,
///                       0 if and only if q > 1 and v_j <= -t lambda/(q - 1)
/// Omega'(b)_j         = lambda (q ln_q(b_j) + 1)
/// Omega*(u)           = lambda sum_j p_j^q,  p_j = ((1 + (q - 1) u_j/lambda)_+ / q)^(1/(q-1));
///                       q = 1: p_j = exp(u_j/lambda - 1);  q < 1: infinite from u_j = lambda/(1 - q) on
/// ```
/// - Shapes: `beta`, `v`, `out` are p x K, column by column; `lambda` and `q` are scalars.
/// - Convex for every q > 0; least where `b_j = q^(-1/(q-1))` (1/e for q = 1), not at zero: it spreads.
/// - For q <= 1 the slope at zero is minus infinity, so that every coefficient of a solution is
///   positive. A root below the smallest normal number is that number, and the subdifferential
///   there is taken to hold everything below the slope.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0 and `q` finite and
///   greater than 0.
/// - Source: Tsallis (1988), J. Stat. Phys. 52 (the entropy); prox and conjugate follow from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tsallis {
    lambda: f64, // finite, at least 0
    log: Logarithm,
}

/// `lambda p^q` in the conjugate overflows where `q ln p` is near 709; from here on it counts as
/// infinite, which leaves it an upper bound.
const MOST: f64 = 690.0;

/// Distance to the end of a domain that is open, relative: what `dual_scale` leaves.
const INSIDE: f64 = 5e-7;

impl Tsallis {
    /// Checks the parameters.
    pub fn new(lambda: f64, q: f64) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, log: Logarithm { q: Error::check_above("q", q, 0.0)? } })
    }

    fn slope(&self, b: f64) -> f64 {
        self.lambda * (self.log.q * self.log.at(b) + 1.0)
    }

    /// `q ln p` at the maximiser of `u b - omega(b)`; minus infinity where that is zero, infinite or NaN
    /// where there is none.
    fn exponent(&self, u: f64) -> f64 {
        let (q, z) = (self.log.q, u / self.lambda);
        // q ln_q(p) + 1 = z, and ln_q(p) can be no lower than at zero.
        let c = (z - 1.0) / q;
        if c <= self.log.lowest() { f64::NEG_INFINITY } else { q * self.log.to_log(c) }
    }

    /// From where on the conjugate of one coefficient is infinite.
    fn edge(&self) -> f64 {
        self.lambda * (self.log.q * self.log.of_log(MOST / self.log.q) + 1.0)
    }
}

impl Separable for Tsallis {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        if b.is_nan() || b < 0.0 {
            return f64::INFINITY;
        }
        if self.lambda == 0.0 { 0.0 } else { self.lambda * self.log.entropy(b) }
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        let mu = step * self.lambda;
        if mu > 0.0 && self.log.q > 1.0 && v <= mu * self.log.lowest() {
            return 0.0;
        }
        self.log.root(v - mu, mu)
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        if b.is_nan() || b < 0.0 || grad.is_nan() {
            return f64::INFINITY;
        }
        if self.lambda == 0.0 {
            return if b > 0.0 { grad.abs() } else { (-grad).max(0.0) };
        }
        if b <= FLOOR {
            // One-sided; empty at zero where the slope there is minus infinity.
            return (-grad - self.slope(b)).max(0.0);
        }
        (grad + self.slope(b)).abs()
    }
}

impl Conjugate for Tsallis {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.lambda == 0.0 {
            return if u.iter().all(|u| *u <= 0.0) { 0.0 } else { f64::INFINITY };
        }
        let part = |u: &f64| {
            let exponent = self.exponent(*u);
            // Where the exponent is NaN, u is beyond the end of the domain, or itself NaN.
            if exponent <= MOST + 1e-7 { self.lambda * exponent.exp() } else { f64::INFINITY }
        };
        u.iter().map(part).sum()
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        if self.conjugate(u).is_finite() {
            return 1.0;
        }
        let top = u.iter().fold(0.0, |top: f64, u| top.max(*u));
        // For q < 1 the edge may be rounded to the end of the domain, which is not inside.
        let end = if self.log.q < 1.0 { self.lambda / (1.0 - self.log.q) } else { f64::INFINITY };
        let scale = self.edge().min(end * (1.0 - INSIDE)) / top;
        if scale.is_nan() { 0.0 } else { scale.min(1.0) }
    }
}

impl Penalty for Tsallis {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..*self })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        for q in [0.02, 0.3, 0.5, 0.8, 0.98, 1.0, 1.02, 1.3, 1.5, 2.0, 3.0, 21.0] {
            for lambda in [0.003, 0.7, 20.0] {
                assert_laws(&Tsallis::new(lambda, q).unwrap(), &Space::numbered(3, 1));
            }
        }
        assert_laws(&Tsallis::new(0.0, 1.5).unwrap(), &Space::numbered(3, 2));
        assert_laws(&Tsallis::new(0.4, 1.5).unwrap(), &Space::numbered(2, 2));
    }

    #[test]
    fn the_prox_is_zero_exactly_where_the_formula_says() {
        // t lambda / (q - 1) = 0.5 * 0.6 / 0.5
        let penalty = Tsallis::new(0.6, 1.5).unwrap();
        assert_eq!(penalty.prox_at(0, -0.6, 0.5), 0.0);
        assert!(penalty.prox_at(0, -0.6 + 1e-9, 0.5) > 0.0);
        for q in [0.5, 1.0] {
            assert!(Tsallis::new(0.6, q).unwrap().prox_at(0, -1e9, 0.5) > 0.0);
        }
    }

    #[test]
    fn one_and_near_one_agree() {
        let (shannon, near) =
            (Tsallis::new(0.3, 1.0).unwrap(), Tsallis::new(0.3, 1.0 + 1e-6).unwrap());
        for v in [-3.0, -0.2, 0.0, 0.4, 5.0] {
            let (a, b) = (shannon.prox_at(0, v, 1.0), near.prox_at(0, v, 1.0));
            assert!((a - b).abs() < 1e-6 && (a + 0.3 * (a.ln() + 1.0) - v).abs() < 1e-14);
        }
        assert_eq!(shannon.value(&[0.0, 1.0]), 0.0);
        assert!((shannon.value(&[0.5]) + 0.3 * 0.5 * 2f64.ln()).abs() < 1e-16);
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = Tsallis::new(1.0, 0.0).unwrap_err().to_string();
        assert_eq!(message, "`q` must be finite and greater than 0, got 0");
        assert!(Tsallis::new(f64::NAN, 1.0).unwrap_err().to_string().contains("`lambda`"));
    }
}
