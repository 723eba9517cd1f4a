//! SLOPE: the sorted l1 penalty.

use std::sync::Arc;

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Restrict,
    Subdifferential, ZeroThreshold,
};

use crate::quantile::normal_quantile;

/// The sorted ℓ₁ norm, `|β|₍₁₎ ≥ |β|₍₂₎ ≥ …` and `w₁ ≥ w₂ ≥ … ≥ 0`.
/// ```text
/// Ω(β)          = λ Σⱼ wⱼ |β|₍ⱼ₎
/// prox_{tΩ}(v)  : isotonic regression of |v|₍ⱼ₎ − tλwⱼ (not increasing), cut at 0; order and
///                 signs of v put back
/// ∂Ω(β)         : on a cluster of equal |βⱼ| = c > 0 at sorted positions S, sign(βⱼ) uⱼ in the
///                 convex hull of the permutations of λ w_S; on the zeros, the dual ball of λ w_S
/// dist(−g, ∂Ω)  : the largest over clusters, Euclidean inside one
/// Ω*(u)         = 0 if |u|₍₁₎ + … + |u|₍ₖ₎ ≤ λ(w₁ + … + wₖ) for all k, else ∞
/// ```
/// - Shapes: `beta`, `v`, `out` and `weights` have length p K.
/// - Errors: [`Error::Parameter`] unless `lambda` and the weights are finite and at least 0 and the
///   weights do not increase.
/// - Source: Bogdan, van den Berg, Sabatti, Su & Candès (2015), Ann. Appl. Stat. 9(3), algorithm 4
///   (the stack), §1.4 (the weights from `q`) and prop. 1.1 (the dual); the distance is the norm of
///   the cluster's own prox, by Moreau.
#[derive(Debug, Clone, PartialEq)]
pub struct Slope {
    lambda: f64,         // finite, at least 0
    weights: Arc<[f64]>, // finite, at least 0, not increasing
}

impl Slope {
    /// One weight a coefficient, p K of them, for the largest coefficient first.
    pub fn new(lambda: f64, weights: Vec<f64>) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        for (j, &w) in weights.iter().enumerate() {
            let name = format!("weights[{j}]");
            Error::check_non_negative(&name, w)?;
            if j > 0 && w > weights[j - 1] {
                let expected = format!("at most the one before it, {}", weights[j - 1]);
                return Err(Error::parameter(&name, expected, w));
            }
        }
        Ok(Self { lambda, weights: weights.into() })
    }

    /// The Benjamini-Hochberg weights `wⱼ = Φ⁻¹(1 − qj / 2m)` for `m` coefficients, which control
    /// the false discovery rate at level `q` in orthogonal designs with unit noise.
    ///
    /// Errors: [`Error::Parameter`] unless `0 < q < 1`.
    pub fn benjamini_hochberg(lambda: f64, q: f64, coefficients: usize) -> Result<Self, Error> {
        if !(q > 0.0 && q < 1.0) {
            return Err(Error::parameter("q", "greater than 0 and less than 1", q));
        }
        // Φ⁻¹(1 − x) = −Φ⁻¹(x), which keeps the digits of a small x.
        let weight = |j: usize| -normal_quantile(q * j as f64 / (2.0 * coefficients as f64));
        Self::new(lambda, (1..=coefficients).map(weight).collect())
    }

    /// The largest ratio of a sum of the largest `|u|` to that of the weights: the dual norm of
    /// `u`, infinite where the weights are all zero and `u` is not.
    fn dual_norm(&self, u: &[f64]) -> f64 {
        let (mut sum, mut bound, mut norm) = (0.0, 0.0, 0.0);
        for (magnitude, w) in sorted(u).into_iter().map(|(u, _)| u).zip(&*self.weights) {
            sum += magnitude;
            bound += self.lambda * w;
            if sum != 0.0 {
                norm = fenchel_core::worst(norm, sum / bound);
            }
        }
        norm
    }
}

impl Prox for Slope {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let order = sorted(v);
        let strength = step * self.lambda;
        let shifted = order.iter().zip(&*self.weights).map(|((v, _), w)| v - strength * w);
        let mut value = 0.0;
        let mut position = 0;
        for pool in pool_adjacent(shifted) {
            let magnitude = pool.cut_mean();
            for &(_, j) in &order[position..position + pool.size] {
                out[j] = if v[j] < 0.0 { -magnitude } else { magnitude };
                value += self.weights[position] * magnitude;
                position += 1;
            }
        }
        self.lambda * value
    }
}

impl Subdifferential for Slope {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let order = sorted(beta);
        let (mut start, mut top) = (0, 0.0);
        for cluster in order.chunk_by(|a, b| a.0 == b.0) {
            let weights = &self.weights[start..start + cluster.len()];
            start += cluster.len();
            let zero = cluster[0].0 == 0.0;
            // −g in the cluster; the zeros have no sign of their own.
            let mut u: Vec<f64> = cluster
                .iter()
                .map(|&(_, j)| if zero { grad[j].abs() } else { -grad[j] * beta[j].signum() })
                .collect();
            u.sort_unstable_by(|a, b| b.total_cmp(a));
            // By Moreau, u minus its projection on the subdifferential is the prox of the support
            // function: isotonic regression, cut at zero where the signs are free.
            let shifted = u.iter().zip(weights).map(|(u, w)| u - self.lambda * w);
            let square: f64 = pool_adjacent(shifted)
                .iter()
                .map(|pool| {
                    let mean = if zero { pool.cut_mean() } else { pool.mean() };
                    pool.size as f64 * mean * mean
                })
                .sum();
            top = fenchel_core::worst(top, square.sqrt());
        }
        top
    }
}

impl Conjugate for Slope {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.dual_norm(u) <= 1.0 + 1e-12 { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let norm = self.dual_norm(u);
        if norm <= 1.0 { 1.0 } else { 1.0 / norm }
    }
}

impl ZeroThreshold for Slope {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        Some(self.dual_norm(grad)).filter(|s| s.is_finite())
    }
}

impl Penalty for Slope {
    fn value(&self, beta: &[f64]) -> f64 {
        let sum: f64 = sorted(beta).iter().zip(&*self.weights).map(|((b, _), w)| w * b).sum();
        self.lambda * sum
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, weights: self.weights.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        // One positive weight makes it a norm, as that weight meets the largest coefficient.
        let norm = self.lambda > 0.0 && self.weights.first().is_some_and(|w| *w > 0.0);
        if norm { Lineality::Trivial } else { Lineality::Everything }
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
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        Some(self)
    }
    fn as_restrict(&self) -> Option<&dyn Restrict> {
        Some(self)
    }
}

impl Restrict for Slope {
    /// Zeros come last in any order: the largest weights are left.
    fn restricted(&self, at: &[usize]) -> Box<dyn Penalty> {
        Box::new(Self { lambda: self.lambda, weights: self.weights[..at.len()].into() })
    }
}

/// Magnitudes in descending order, each with its index.
fn sorted(v: &[f64]) -> Vec<(f64, usize)> {
    let mut order: Vec<(f64, usize)> = v.iter().map(|v| v.abs()).zip(0..).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order
}

/// Neighbours that share one value in an isotonic regression.
struct Pool {
    sum: f64,
    size: usize,
}

impl Pool {
    fn mean(&self) -> f64 {
        self.sum / self.size as f64
    }
    /// `max(mean, 0)`, where NaN stays NaN.
    fn cut_mean(&self) -> f64 {
        if self.sum <= 0.0 { 0.0 } else { self.mean() }
    }
}

/// The closest sequence that does not increase, as pools on a stack: each new value is a pool, and
/// swallows those before it that are not above it.
fn pool_adjacent(values: impl Iterator<Item = f64>) -> Vec<Pool> {
    let mut stack: Vec<Pool> = Vec::new();
    for value in values {
        let mut pool = Pool { sum: value, size: 1 };
        while let Some(below) = stack.pop_if(|below| below.mean() <= pool.mean()) {
            pool = Pool { sum: below.sum + pool.sum, size: below.size + pool.size };
        }
        stack.push(pool);
    }
    stack
}

/// SLOPE: the sorted l1 penalty. Exactly one of `weights` and `q`.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct SlopeSpec {
    /// Strength of the penalty; multiplies the weights.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// One weight a coefficient (features times outputs), not increasing, at least 0; the first
    /// meets the largest coefficient.
    #[schemars(inner(range(min = 0.0)))]
    weights: Option<Vec<f64>>,
    /// Instead of weights: the target false discovery rate of the Benjamini-Hochberg weights.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    q: Option<f64>,
}

impl BuildPenalty for SlopeSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let coefficients = context.space.len();
        let slope = match (&self.weights, self.q) {
            (Some(weights), None) => {
                Error::check_length("weights", weights.len(), coefficients)?;
                Slope::new(self.lambda, weights.clone())?
            }
            (None, Some(q)) => Slope::benjamini_hochberg(self.lambda, q, coefficients)?,
            (weights, _) => {
                let got = if weights.is_some() { "both" } else { "neither" };
                return Err(Error::parameter("weights", "given, or `q` instead of it", got));
            }
        };
        Ok(Box::new(slope))
    }
}

fenchel_core::register_penalty!("slope", SlopeSpec, {
    summary: "SLOPE, the sorted l1 norm: larger coefficients pay more, and similar ones are tied",
    formula: "lambda * sum_j weights_j |b|_(j), |b|_(1) >= |b|_(2) >= ...",
    method: "prox: isotonic regression of the sorted |v| - step lambda weights, cut at zero. Convex",
    combines: "every loss; proximal gradient solvers (not separable); duality gap",
    example: "lambda = 0.1\nq = 0.1",
    source: "Bogdan et al. (2015), Ann. Appl. Stat. 9(3)",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::L1;
    use crate::testing::build;
    use fenchel_core::Space;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        let slope = Slope::new(0.7, vec![2.0, 1.5, 1.0, 1.0, 0.3]).unwrap();
        assert_laws(&slope, &Space::numbered(5, 1));
        let slope = Slope::benjamini_hochberg(0.5, 0.2, 6).unwrap();
        assert_laws(&slope, &Space::numbered(3, 2));
    }

    #[test]
    fn obeys_the_laws_where_weights_vanish() {
        assert_laws(&Slope::new(1.0, vec![1.0, 0.0, 0.0]).unwrap(), &Space::numbered(3, 1));
        assert_laws(&Slope::new(1.0, vec![0.0; 3]).unwrap(), &Space::numbered(3, 1));
        assert_laws(&Slope::new(0.0, vec![2.0, 1.0]).unwrap(), &Space::numbered(2, 1));
    }

    #[test]
    fn equal_weights_give_the_l1_norm() {
        let (slope, l1) = (Slope::new(0.5, vec![1.0; 4]).unwrap(), L1::new(0.5).unwrap());
        let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
        let v = [3.0, -0.2, -5.0, 0.75];
        assert_eq!(slope.prox(&v, 1.0, &mut a), l1.prox(&v, 1.0, &mut b));
        assert_eq!(a, b);
        assert_eq!(slope.value(&v), l1.value(&v));
    }

    #[test]
    fn the_prox_ties_what_the_weights_would_reverse() {
        // Sorted, |v| - w = (4 - 3, 3 - 1, 0.5 - 1): the first two are pooled to 1.5, the last is cut.
        let slope = Slope::new(1.0, vec![3.0, 1.0, 1.0]).unwrap();
        let mut out = [f64::NAN; 3];
        let value = slope.prox(&[-3.0, 0.5, 4.0], 1.0, &mut out);
        assert_eq!(out, [-1.5, 0.0, 1.5]);
        assert_eq!(value, 6.0);
    }

    #[test]
    fn the_distance_is_euclidean_inside_a_cluster() {
        let slope = Slope::new(1.0, vec![3.0, 1.0, 1.0]).unwrap();
        // The cluster {0, 2} has the segment from (3, 1) to (1, 3), of which (2, 2) is the middle.
        let beta = [1.0, 0.0, -1.0];
        assert_eq!(slope.subdiff_dist(&beta, &[-2.0, 0.5, 2.0]), 0.0);
        assert!((slope.subdiff_dist(&beta, &[-3.0, 0.5, 3.0]) - 2f64.sqrt()).abs() < 1e-15);
        assert_eq!(slope.subdiff_dist(&beta, &[-2.0, 1.75, 2.0]), 0.75);
    }

    #[test]
    fn a_restriction_is_the_penalty_where_the_rest_is_zero() {
        let slope = Slope::new(0.7, vec![2.0, 1.5, 1.0, 1.0, 0.3]).unwrap();
        let part = slope.restricted(&[3, 0, 4]);
        assert_laws(&*part, &Space::numbered(3, 1));
        let whole = slope.value(&[-4.0, 0.0, 0.0, 2.0, 3.0]);
        assert_eq!(part.value(&[2.0, -4.0, 3.0]), whole);
    }

    #[test]
    fn the_weights_from_q_are_normal_quantiles() {
        let slope = Slope::benjamini_hochberg(1.0, 0.1, 2).unwrap();
        assert!((slope.weights[0] - 1.959_963_984_540_054).abs() < 1e-14);
        assert!((slope.weights[1] - 1.644_853_626_951_472_7).abs() < 1e-14);
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = Slope::new(1.0, vec![1.0, 2.0]).unwrap_err().to_string();
        assert_eq!(message, "`weights[1]` must be at most the one before it, 1, got 2");
        for q in [0.0, 1.0, f64::NAN] {
            let message = Slope::benjamini_hochberg(1.0, q, 3).unwrap_err().to_string();
            assert!(message.contains("`q` must be greater than 0 and less than 1"), "{message}");
        }
        assert!(Slope::new(-1.0, vec![]).unwrap_err().to_string().contains("`lambda`"));
    }

    #[test]
    fn files_give_weights_or_a_rate() {
        let space = Space::numbered(1, 2);
        let value = |table: &str| build(table, &space).unwrap().value(&[1.0, -3.0]);
        assert_eq!(value(r#"{"type": "slope", "lambda": 2, "weights": [2, 1]}"#), 14.0);
        let rate = value(r#"{"type": "slope", "q": 0.1}"#);
        assert!((rate - (3.0 * 1.959_963_984_540_054 + 1.644_853_626_951_472_7)).abs() < 1e-13);
        let message = |table: &str| build(table, &space).unwrap_err();
        let expected = "`weights` must be given, or `q` instead of it, got ";
        assert_eq!(message(r#"{"type": "slope"}"#), format!("{expected}neither"));
        let both = r#"{"type": "slope", "q": 0.1, "weights": [2, 1]}"#;
        assert_eq!(message(both), format!("{expected}both"));
        assert_eq!(
            message(r#"{"type": "slope", "weights": [1]}"#),
            "`weights` has length 1, expected 2"
        );
    }

    #[test]
    fn a_nan_is_passed_on_and_not_lost() {
        let slope = Slope::new(1.0, vec![2.0, 1.0]).unwrap();
        let mut out = [0.0; 2];
        assert!(slope.prox(&[f64::NAN, 1.0], 1.0, &mut out).is_nan() && out[0].is_nan());
        assert_eq!(slope.conjugate(&[f64::NAN, 0.0]), f64::INFINITY);
        assert_eq!(slope.dual_scale(&[f64::NAN, 0.0]), 0.0);
        assert_eq!(slope.zero_threshold(&[0.0, f64::NAN]), None);
    }
}
