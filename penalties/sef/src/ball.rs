//! The k-support norm, its dual, and the prox of the norm (not of its square).
//!
//! With `w(mu) = prox_{mu S_k}(v)`, the prox of `c ||.||` is the `w(mu)` at which `mu ||w(mu)|| = c`,
//! as the subdifferential of `S_k = 1/2 ||.||^2` is `||w||` times that of the norm. In the pieces of
//! `w(mu)`, with entries that are shrunk as by ridge (squares A, number r) and in the tail (sum Z of
//! D entries),
//! ```text
//! phi(mu)^2 = mu^2 ||w(mu)||^2 = A (mu / (1 + mu))^2 + (k - r) (mu Z / (k - r + mu D))^2
//! ```
//! increases in `mu`. Each round finds the piece at one `mu` in O(n) and solves the equation on that
//! piece to the last digit; once the piece stays the same, so does the solution.

use fenchel_core::kernels;

use crate::envelope;
use crate::root::{Branch, Root};

/// Rounds after which the bracket of `mu` is halved in every round, so that the search ends.
const FREE_ROUNDS: usize = 40;
/// Rounds after which nothing is left of any bracket of doubles.
const MOST_ROUNDS: usize = 400;

/// The k-support norm, without overflow for finite input.
pub(crate) fn norm(x: &[f64], k: usize) -> f64 {
    scaled(x, |x| (2.0 * envelope::value(x, k)).sqrt())
}

/// The Euclidean norm of the k largest.
pub(crate) fn dual_norm(u: &[f64], k: usize) -> f64 {
    scaled(u, |u| envelope::top_squares(u, k).sqrt())
}

/// A homogeneous function: computed at `x / max |x|` where the squares would leave the range.
fn scaled(x: &[f64], f: impl Fn(&[f64]) -> f64) -> f64 {
    let top = kernels::max_abs(x);
    if top == 0.0 || !top.is_finite() {
        return top;
    }
    if (1e-140..1e140).contains(&top) {
        return f(x);
    }
    let unit: Vec<f64> = x.iter().map(|x| x / top).collect();
    top * f(&unit)
}

/// Writes `argmin_w c ||w||_k^sp + 1/2 ||w - v||^2` into `w` and returns the norm of `w`; `c > 0`.
pub(crate) fn prox(v: &[f64], k: usize, c: f64, w: &mut [f64]) -> f64 {
    let dual = dual_norm(v, k);
    if dual <= c || dual == 0.0 {
        w.fill(0.0);
        return 0.0;
    }
    if !dual.is_finite() {
        // Beyond every ball: nothing is shrunk, and NaN stays where it is.
        w.copy_from_slice(v);
        return norm(w, k);
    }
    if c == 0.0 {
        w.copy_from_slice(v);
        return norm(w, k);
    }
    let mu = level(v, k, c / dual, dual);
    envelope::prox(v, k, mu, w);
    norm(w, k)
}

/// The `mu` with `phi(mu) = share * dual`, `0 < share < 1`, where `dual` is the limit of `phi`.
fn level(v: &[f64], k: usize, share: f64, dual: f64) -> f64 {
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut mu = share / (1.0 - share); // exact where at most k entries are nonzero
    let mut last = None;
    for round in 0..MOST_ROUNDS {
        let piece = Piece::at(v, k, mu, dual);
        let mut next = piece.solve(share, mu);
        if last == Some(piece.place()) && next > 0.0 {
            // Solved on this very piece before: what moved since is rounding.
            break;
        }
        last = Some(piece.place());
        let value = piece.phi(mu);
        if value == share {
            break;
        }
        if value < share {
            low = mu
        } else {
            high = mu
        }
        if round >= FREE_ROUNDS || !(low < next && next < high) {
            next = between(low, high);
            last = None;
        }
        if !(low < next && next < high) {
            break;
        }
        mu = next;
    }
    mu
}

/// A number between two that may be zero and infinite.
fn between(low: f64, high: f64) -> f64 {
    match (low > 0.0, high.is_finite()) {
        (true, true) => low * (high / low).sqrt(),
        (true, false) => 16.0 * low,
        (false, true) => high / 16.0,
        (false, false) => 1.0,
    }
}

/// The piece of `phi / dual` that holds at one `mu`.
struct Piece {
    squares: f64,
    budget: f64,
    sum: f64,
    count: f64,
}

impl Piece {
    fn at(v: &[f64], k: usize, mu: f64, dual: f64) -> Self {
        let size = |i: usize| v[i].abs() / dual;
        let all = |sizes: &mut dyn Iterator<Item = f64>| sizes.map(|a| a * a).sum::<f64>();
        match Root::find(v.len(), size, k, mu) {
            None => {
                let squares = all(&mut (0..v.len()).map(size));
                Self { squares, budget: 0.0, sum: 0.0, count: 0.0 }
            }
            Some(root) => {
                let mut ones = (0..v.len()).map(size).filter(|&a| root.branch(a) == Branch::One);
                let squares = all(&mut ones);
                let budget = k as f64 - root.ones;
                Self { squares, budget, sum: root.slope, count: root.middle }
            }
        }
    }

    /// The number of entries shrunk as by ridge and in the tail, which tell a piece from all others.
    fn place(&self) -> (f64, f64) {
        (self.budget, self.count)
    }

    /// `phi` and its derivative.
    fn phi_and_slope(&self, mu: f64) -> (f64, f64) {
        let ridge = mu / (1.0 + mu);
        let mut square = self.squares * ridge * ridge;
        let mut half_slope = self.squares * ridge / ((1.0 + mu) * (1.0 + mu));
        if self.count > 0.0 && self.budget > 0.0 {
            let whole = self.budget + mu * self.count;
            let tail = mu * self.sum / whole;
            square += self.budget * tail * tail;
            half_slope += self.budget * tail * self.sum * self.budget / (whole * whole);
        }
        let phi = square.sqrt();
        (phi, half_slope / phi)
    }

    fn phi(&self, mu: f64) -> f64 {
        self.phi_and_slope(mu).0
    }

    /// The `mu` at which this piece reaches `share`, by Newton's method from one nearby, on
    /// `1 / phi` against `1 / mu`, which is linear where the piece has one term. NaN or negative where
    /// it never does, which the caller's bracket refuses.
    fn solve(&self, share: f64, start: f64) -> f64 {
        let mut inverse = 1.0 / start;
        for _ in 0..60 {
            let mu = 1.0 / inverse;
            let (phi, slope) = self.phi_and_slope(mu);
            // d(1/phi) / d(1/mu) = slope mu^2 / phi^2.
            let rate = slope * mu * mu / (phi * phi);
            let next = inverse + (1.0 / share - 1.0 / phi) / rate;
            if next.is_nan() || next <= 0.0 {
                return f64::NAN;
            }
            let moved = (next - inverse).abs();
            inverse = next;
            if moved <= 1e-16 * inverse {
                break;
            }
        }
        1.0 / inverse
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::{Conjugate, Prox, Space, ZeroThreshold};

    use super::*;
    use crate::KSupport;
    use crate::testing::{build, numbers};

    #[test]
    fn the_norm_is_the_root_of_twice_the_envelope_l1_and_l2_at_the_ends() {
        for seed in 0..60 {
            let x = numbers(9, seed);
            for k in 1..=9 {
                let square = norm(&x, k).powi(2);
                let envelope = envelope::value(&x, k);
                assert!((0.5 * square - envelope).abs() <= 1e-13 * envelope);
            }
            let l1: f64 = x.iter().map(|x| x.abs()).sum();
            assert!((norm(&x, 1) - l1).abs() <= 1e-13 * l1);
            assert!((norm(&x, 9) - kernels::norm2(&x)).abs() <= 1e-13 * l1);
        }
        assert!((norm(&[3e200, 4e200], 2) / 5e200 - 1.0).abs() < 1e-14);
        assert!((dual_norm(&[3e-200, 4e-200, 1e-200], 2) / 5e-200 - 1.0).abs() < 1e-14);
    }

    #[test]
    fn the_elastic_net_ball_is_looser_by_at_most_the_root_of_two() {
        // max(||x||_2, ||x||_1 / sqrt k) <= ||x||_k^sp < sqrt 2 times that.
        let ratio = |x: &[f64], k: usize| {
            let l1: f64 = x.iter().map(|x| x.abs()).sum();
            norm(x, k) / kernels::norm2(x).max(l1 / (k as f64).sqrt())
        };
        for seed in 0..300 {
            let n = 2 + seed % 19;
            let x = numbers(n, seed);
            for k in 1..=n {
                let ratio = ratio(&x, k);
                assert!((1.0 - 1e-13..2f64.sqrt()).contains(&ratio), "{x:?} {k}: {ratio}");
            }
        }
        // One large entry and a long tail with ||x||_1 = sqrt k ||x||_2 come near the bound.
        for (k, least) in [(4, 1.15), (100, 1.34), (10_000, 1.4)] {
            let n = 100 * k;
            let tail = ((k as f64).sqrt() - 1.0) / (n - 1) as f64;
            let x: Vec<f64> = (0..n).map(|i| if i == 0 { 1.0 } else { tail }).collect();
            assert!((least..2f64.sqrt()).contains(&ratio(&x, k)), "{k}: {}", ratio(&x, k));
        }
    }

    #[test]
    fn the_prox_meets_its_optimality_certificate() {
        // ||w|| c = <w, v - w> with v - w in the dual ball of radius c proves the prox.
        for seed in 0..400 {
            let n = 1 + seed % 30;
            let v = numbers(n, seed);
            let k = 1 + (seed * 7) % n;
            let dual = dual_norm(&v, k);
            for share in [1e-6, 0.01, 0.3, 0.7, 0.99, 1.0 - 1e-9, 1.5] {
                let c = share * dual.max(1e-3);
                let mut w = vec![f64::NAN; n];
                let value = prox(&v, k, c, &mut w);
                let y: Vec<f64> = v.iter().zip(&w).map(|(v, w)| v - w).collect();
                let (inner, radius) = (kernels::dot(&w, &y), dual_norm(&y, k));
                let rounding = 1e-15 * kernels::norm2(&v); // of v - w
                assert!(radius <= c * (1.0 + 1e-12) + rounding, "{v:?} {k} {c}: {radius}");
                let scale = kernels::norm2(&w) * (1e-10 * c + rounding);
                assert!((c * value - inner).abs() <= scale, "{v:?} {k} {c}: {w:?}");
                assert_eq!(value == 0.0, share > 1.0 || dual == 0.0);
            }
        }
    }

    #[test]
    fn k_one_is_the_soft_threshold_and_k_all_that_of_the_whole_vector() {
        let v = [3.0, -2.5, 2.0, 1.9, -0.5, 0.1];
        let mut w = [0.0; 6];
        prox(&v, 1, 0.7, &mut w);
        let soft = v.map(|v| kernels::soft_threshold(v, 0.7));
        assert!(w.iter().zip(soft).all(|(w, s)| (w - s).abs() < 1e-14), "{w:?}");
        prox(&v, 6, 0.7, &mut w);
        let shrink = 1.0 - 0.7 / kernels::norm2(&v);
        assert!(w.iter().zip(v).all(|(w, v)| (w - shrink * v).abs() < 1e-14), "{w:?}");
    }

    #[test]
    fn laws_hold() {
        for (features, outputs) in [(6, 1), (3, 2), (1, 1)] {
            let space = Space::numbered(features, outputs);
            for k in [1, 2, 3, 6].into_iter().filter(|k| *k <= space.len()) {
                for lambda in [0.0, 0.3, 2.0] {
                    let penalty = KSupport::new(lambda, k, &space).unwrap();
                    fenchel_laws::penalty::assert_laws(&penalty, &space);
                }
            }
        }
    }

    #[test]
    fn the_path_begins_at_the_norm_of_the_k_largest() {
        let penalty = KSupport::new(2.0, 2, &Space::numbered(4, 1)).unwrap();
        let grad = [1.0, -4.0, 3.0, 0.5];
        assert_eq!(penalty.zero_threshold(&grad), Some(2.5));
        assert_eq!(penalty.dual_scale(&grad), 0.4);
        assert_eq!(penalty.conjugate(&[1.0, -1.2, 0.0, 1.0]), 0.0);
        assert_eq!(penalty.conjugate(&grad), f64::INFINITY);
        let mut out = [9.0; 4];
        assert_eq!(penalty.prox(&grad, 2.5, &mut out), 0.0);
        assert_eq!(out, [0.0; 4]);
    }

    #[test]
    fn wrong_parameters_are_named() {
        let space = Space::numbered(3, 2);
        let build = |json: &str| build(json, &space).map(|penalty| penalty.value(&[1.0; 6]));
        assert!((build(r#"{"type":"k_support","k":6}"#).unwrap() - 6f64.sqrt()).abs() < 1e-14);
        let error = build(r#"{"type":"k_support","k":7}"#).unwrap_err();
        assert_eq!(error, "`k` must be between 1 and the number of coefficients, 6, got 7");
        assert!(
            build(r#"{"type":"k_support","k":1,"lambda":-2}"#).unwrap_err().contains("`lambda`")
        );
    }
}
