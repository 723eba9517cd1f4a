//! Negative Tsallis entropy of coefficients that are shares of a whole.

use fenchel_core::{
    Conjugate, Convexity, Error, Lineality, Penalty, Prox, Space, Subdifferential, simplex,
};

use crate::entmax;
use crate::logarithm::{FLOOR, Logarithm};

/// The negative Tsallis entropy on the simplex, output by output:
/// ```text
/// Omega(b)          = lambda (sum_j b_j^q - 1)/(q - 1)  if b >= 0 and sum_j b_j = 1, else infinity;
///                     q = 1: lambda sum_j b_j ln b_j
/// prox_{t Omega}(v) = p(tau),  p_j(tau) the root p >= 0 of p + t lambda q ln_q(p) = v_j - tau,
///                     sum_j p_j(tau) = 1;  q = 2: the projection of v/(1 + 2 t lambda)
/// dOmega(b)         = lambda q ln_q(b) + { u : u_j = c where b_j > 0, u_j <= c where b_j = 0 }
/// Omega*(u)         = <u, p> - Omega(p),  p = entmax_q(u/(q lambda))
/// ```
/// - Shapes: `beta`, `v`, `out` are p x K, column by column, each column on a simplex of its own. The
///   distance to the subdifferential is the largest over the entries.
/// - tau lies between `max v - G(1)` and `max v - G(1/p)`, with G the left side of the equation.
/// - Convex for every q > 0, least at equal shares. Shares can be zero for q > 1 only; for q <= 1
///   none is below the smallest normal number.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0 and `q` finite and
///   greater than 0.
/// - Source: Tsallis (1988), J. Stat. Phys. 52; Blondel, Martins & Niculae (2020), JMLR 21 (the
///   conjugate).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TsallisSimplex {
    lambda: f64, // finite, at least 0
    log: Logarithm,
    features: usize, // at least 1
}

impl TsallisSimplex {
    /// Checks the parameters.
    pub fn new(lambda: f64, q: f64, space: &Space) -> Result<Self, Error> {
        Ok(Self {
            lambda: Error::check_non_negative("lambda", lambda)?,
            log: Logarithm { q: Error::check_above("q", q, 0.0)? },
            features: space.features().max(1),
        })
    }

    fn entropy(&self, p: &[f64]) -> f64 {
        if self.lambda == 0.0 {
            return 0.0;
        }
        self.lambda * p.iter().map(|p| self.log.entropy(*p)).sum::<f64>()
    }

    /// The prox of one column.
    fn shares(&self, v: &[f64], mu: f64, scratch: &mut Vec<f64>, out: &mut [f64]) {
        let c = mu * self.log.q;
        if c == 0.0 || self.log.q == 2.0 {
            // Shrunk first, as that is exact in the largest entry and the projection is not.
            let mut shrunk = std::mem::take(scratch);
            shrunk.clear();
            shrunk.extend(v.iter().map(|v| v / (1.0 + c)));
            simplex::project(&shrunk, 1.0, &mut Vec::with_capacity(v.len()), out);
            *scratch = shrunk;
            return;
        }
        let top = v.iter().fold(f64::NEG_INFINITY, |top, v| top.max(*v));
        if !v.iter().all(|v| v.is_finite()) {
            out.fill(f64::NAN);
            return;
        }
        let least = 1.0 / v.len() as f64;
        let (mut low, mut high) = (-1.0, -(least + c * self.log.at(least)));
        // From the left Newton's method is monotone where the shares are convex in tau (q <= 2).
        let mut tau = low;
        for _ in 0..200 {
            let (mut sum, mut slope) = (0.0, 0.0);
            for (p, v) in out.iter_mut().zip(v) {
                *p = self.log.root(v - top - tau, mu);
                sum += *p;
                if *p > 0.0 {
                    // 1 / G'(p), with p^(q-2) = (1 + (q - 1) ln_q(p)) / p.
                    slope += *p / (*p + c * (1.0 + (self.log.q - 1.0) * self.log.at(*p)));
                }
            }
            let excess = sum - 1.0;
            if excess == 0.0 {
                break;
            }
            if excess > 0.0 {
                low = tau
            } else {
                high = tau
            }
            let mut next = tau + excess / slope;
            if !(next >= low && next <= high) {
                next = 0.5 * (low + high);
            }
            let moved = (next - tau).abs();
            tau = next;
            if moved <= f64::EPSILON * (1.0 + tau.abs()) {
                break;
            }
        }
        let sum: f64 = out.iter().sum();
        out.iter_mut().filter(|p| **p > FLOOR).for_each(|p| *p /= sum);
    }
}

impl Penalty for TsallisSimplex {
    fn value(&self, beta: &[f64]) -> f64 {
        if beta.chunks(self.features).all(|b| simplex::contains(b, 1.0)) {
            self.entropy(beta)
        } else {
            f64::INFINITY
        }
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
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
}

impl Prox for TsallisSimplex {
    /// NaN throughout a column that is not finite.
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let mut scratch = Vec::with_capacity(self.features);
        for (v, out) in v.chunks(self.features).zip(out.chunks_mut(self.features)) {
            self.shares(v, step * self.lambda, &mut scratch, out);
        }
        if out.iter().any(|p| p.is_nan()) { f64::NAN } else { self.entropy(out) }
    }
}

impl Subdifferential for TsallisSimplex {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        if !self.value(beta).is_finite() {
            return f64::INFINITY;
        }
        let strength = self.lambda * self.log.q;
        // A constant in the slope is one in the normal cone.
        let slope = |b: f64| if strength == 0.0 { 0.0 } else { strength * self.log.at(b) };
        let columns = beta.chunks(self.features).zip(grad.chunks(self.features));
        let distances = columns.map(|(b, g)| {
            simplex::distance(b.iter().zip(g).map(|(b, g)| (-g - slope(*b), *b <= FLOOR)))
        });
        distances.fold(0.0, fenchel_core::worst)
    }
}

impl Conjugate for TsallisSimplex {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if u.iter().any(|u| u.is_nan()) {
            return f64::INFINITY;
        }
        let strength = self.lambda * self.log.q;
        let mut shares = vec![0.0; self.features];
        let mut z = vec![0.0; self.features];
        let column = |u: &[f64]| {
            let top = u.iter().fold(f64::NEG_INFINITY, |top, u| top.max(*u));
            // Where the entropy is lost in rounding, all on the largest is as good.
            let scaled = |u: &f64| ((u - top) / strength).max(-1e300);
            if strength == 0.0 || top.is_infinite() {
                return top;
            }
            z.iter_mut().zip(u).for_each(|(z, u)| *z = scaled(u));
            entmax::shares(&z, self.log.q, &mut shares);
            let inner: f64 = u.iter().zip(&shares).map(|(u, p)| (u - top) * p).sum();
            top + inner - self.entropy(&shares)
        };
        u.chunks(self.features).map(column).sum()
    }
    fn dual_scale(&self, _u: &[f64]) -> f64 {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenchel_laws::penalty::assert_laws;

    fn prox(q: f64, lambda: f64, v: &[f64]) -> Vec<f64> {
        let penalty = TsallisSimplex::new(lambda, q, &Space::numbered(v.len(), 1)).unwrap();
        let mut out = vec![f64::NAN; v.len()];
        penalty.prox(v, 1.0, &mut out);
        out
    }

    #[test]
    fn obeys_the_laws() {
        for q in [0.02, 0.5, 0.98, 1.0, 1.02, 1.5, 2.0, 3.0] {
            for lambda in [0.003, 0.7, 20.0] {
                let space = Space::numbered(4, 1);
                assert_laws(&TsallisSimplex::new(lambda, q, &space).unwrap(), &space);
            }
        }
        for (features, outputs) in [(3, 2), (1, 1)] {
            let space = Space::numbered(features, outputs);
            for (lambda, q) in [(0.4, 1.5), (0.0, 1.5), (0.4, 1.0), (1.0, 0.5)] {
                assert_laws(&TsallisSimplex::new(lambda, q, &space).unwrap(), &space);
            }
        }
    }

    #[test]
    fn the_prox_is_that_of_an_independent_bisection() {
        // From nested bisections in another program, to 8 digits.
        let v = [0.8, 0.5, -0.2, 0.1];
        let known = [
            (0.5, [0.47860148, 0.29619035, 0.08345144, 0.14175673]),
            (1.0, [0.47948433, 0.31016569, 0.06752928, 0.1428207]),
            (1.5, [0.51205659, 0.33509401, 0.02214599, 0.13070341]),
            (2.0, [0.54166667, 0.35416667, 0.0, 0.10416667]),
        ];
        for (q, expected) in known {
            for (got, expected) in prox(q, 0.3, &v).iter().zip(expected) {
                assert!((got - expected).abs() < 1e-8, "q = {q}: {got} for {expected}");
            }
        }
    }

    #[test]
    fn two_is_the_projection_of_what_was_shrunk() {
        let v = [0.8, 0.5, -0.2, 0.1, 0.44];
        let shrunk = v.map(|v| v / 1.6);
        let mut expected = [0.0; 5];
        simplex::project(&shrunk, 1.0, &mut Vec::new(), &mut expected);
        for (got, expected) in prox(2.0, 0.3, &v).iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-15);
        }
        // And near two the general equation comes to the same.
        for (got, expected) in prox(2.0 + 1e-12, 0.3, &v).iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-11);
        }
    }

    #[test]
    fn near_one_it_is_the_entropy() {
        let v = [0.8, 0.5, -0.2, 0.1];
        for (near, one) in prox(1.0 + 1e-6, 0.3, &v).iter().zip(prox(1.0, 0.3, &v)) {
            assert!((near - one).abs() < 1e-7);
        }
    }

    #[test]
    fn only_powers_above_one_leave_shares_at_zero() {
        let v = [3.0, 0.0, -3.0, -1e6];
        assert!(prox(0.5, 0.1, &v).iter().chain(&prox(1.0, 0.1, &v)).all(|p| *p > 0.0));
        assert_eq!(prox(1.5, 0.1, &v)[1..], [0.0; 3]);
    }

    #[test]
    fn many_shares_are_one_whole() {
        let v: Vec<f64> = (0..3000).map(|i| f64::from(i % 71) / 50.0).collect();
        for q in [0.4, 1.0, 1.7, 2.0, 5.0] {
            let p = prox(q, 0.01, &v);
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
