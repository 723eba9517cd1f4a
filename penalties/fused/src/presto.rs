//! Differences between neighbouring columns of coefficients, the first one against zero.

use fenchel_core::{
    Blocks, BuildPenalty, Conjugate, Context, Convexity, Error, Groups, Lineality, Penalty, Prox,
    Space, Subdifferential, ZeroThreshold, blocks, worst,
};

use crate::pinned::chain;

/// Shrinks one column of coefficients a threshold towards one column for all: proportional odds.
/// ```text
/// Omega(B)             = lambda sum_j sum_k |B_jk - B_j,k-1|,         B_j,-1 = 0
/// prox_{t Omega}(V)_j  = total variation of the row with a 0 in front, by the string method
/// dist(-G_j, dOmega_j) = ||w||_2,  w = -G_j - D'z with z_k = lambda sign(jump), or in [-lambda, lambda]
///                        where there is none: the prox of what is left of -G_j, stretch by stretch
/// Omega*(U)            = 0  if |sum_{l >= k} U_jl| <= lambda for every j and k,  else +inf
/// ```
/// - Shapes: B is p x K, a row a feature; with K = 1 this is the lasso.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0.
/// - Source: Faletto & Bien (2023), ICML (arXiv:2305.18700), eq. 3; prox in Condat (2013), IEEE
///   Signal Process. Lett. 20(11).
#[derive(Debug, Clone)]
pub struct Presto {
    lambda: f64,
    rows: Groups,
    outputs: usize,
}

impl Presto {
    /// Checks the parameter.
    pub fn new(lambda: f64, space: &Space) -> Result<Self, Error> {
        Ok(Self {
            lambda: Error::check_non_negative("lambda", lambda)?,
            rows: Groups::singletons(space.features()),
            outputs: space.outputs(),
        })
    }

    /// The largest `|sum_{l >= k} u_jl|`.
    fn gauge(&self, u: &[f64]) -> f64 {
        let p = self.rows.features();
        let mut top = 0.0;
        for j in 0..p {
            let mut tail = 0.0;
            for k in (0..self.outputs).rev() {
                tail += u[j + p * k];
                top = worst(top, f64::abs(tail));
            }
        }
        top
    }
}

impl Penalty for Presto {
    fn value(&self, beta: &[f64]) -> f64 {
        blocks::value(self, beta)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: self.lambda * scale, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_blocks(&self) -> Option<&dyn Blocks> {
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
}

/// `b_k - b_{k-1}`, the first against 0.
fn jump(b: &[f64], k: usize) -> f64 {
    if k == 0 { b[0] } else { b[k] - b[k - 1] }
}

impl Blocks for Presto {
    fn groups(&self) -> &Groups {
        &self.rows
    }
    fn value_block(&self, _j: usize, b: &[f64]) -> f64 {
        self.lambda * (0..b.len()).map(|k| jump(b, k).abs()).sum::<f64>()
    }
    fn prox_block(&self, _j: usize, v: &[f64], step: f64, out: &mut [f64]) {
        chain(v.len(), true, |k| v[k], step * self.lambda, |range, x| out[range].fill(x));
    }
    fn subdiff_dist_block(&self, _j: usize, b: &[f64], grad: &[f64]) -> f64 {
        let known = |k: usize| match b.get(k).map(|_| jump(b, k)) {
            Some(d) if d != 0.0 => self.lambda * d.signum(),
            _ => 0.0, // free, or after the last
        };
        let (mut square, mut start) = (0.0, 0);
        while start < b.len() {
            let next = (start + 1..b.len()).find(|&k| jump(b, k) != 0.0).unwrap_or(b.len());
            let left = |k: usize| -grad[start + k] - known(start + k) + known(start + k + 1);
            let pinned = start == 0 && b[0] == 0.0;
            chain(next - start, pinned, left, self.lambda, |range, x| {
                square += range.len() as f64 * x * x;
            });
            start = next;
        }
        if square.is_nan() { f64::INFINITY } else { f64::sqrt(square) }
    }
}

impl Prox for Presto {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        blocks::prox(self, v, step, out)
    }
}

impl Subdifferential for Presto {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        blocks::subdiff_dist(self, beta, grad)
    }
}

impl Conjugate for Presto {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.gauge(u) <= self.lambda * (1.0 + 1e-12) { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let gauge = self.gauge(u);
        if gauge <= self.lambda { 1.0 } else { self.lambda / gauge }
    }
}

impl ZeroThreshold for Presto {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        match (self.gauge(grad), self.lambda) {
            (0.0, _) => Some(0.0),
            (_, 0.0) => None,
            (gauge, lambda) => Some(gauge / lambda),
        }
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct PrestoSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
}

impl BuildPenalty for PrestoSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(Presto::new(self.lambda, context.space)?))
    }
}

fenchel_core::register_penalty!("presto", PrestoSpec, {
    summary: "jumps between neighbouring columns of B, the first against 0: towards proportional odds",
    formula: "lambda * sum_j (|B_j1| + sum_k |B_jk - B_j,k-1|)",
    method: "prox: total variation of each row with a 0 in front, by the string method",
    combines: "losses with several ordered outputs, as cumulative_logit with parallel = false; duality gap known",
    example: "lambda = 0.1",
    source: "Faletto & Bien (2023), ICML (arXiv:2305.18700), eq. 3",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presto_obeys_the_laws() {
        for (features, outputs) in [(1, 1), (3, 1), (3, 2), (2, 3), (2, 6)] {
            let space = Space::numbered(features, outputs);
            fenchel_laws::penalty::assert_laws(&Presto::new(0.7, &space).unwrap(), &space);
        }
    }

    #[test]
    fn rows_are_fused_from_zero_on() {
        let penalty = Presto::new(1.0, &Space::numbered(1, 3)).unwrap();
        assert_eq!(penalty.value(&[-1.0, 2.0, 2.5]), 1.0 + 3.0 + 0.5);
        let mut out = [9.0; 3];
        // Nothing moves the row from 0: every tail sum is at most 1.
        penalty.prox_block(0, &[0.4, -0.5, 1.0], 1.0, &mut out);
        assert_eq!(out, [0.0; 3]);
        // The last two leave 0 together, each pulled back by half of the jump's unit.
        penalty.prox_block(0, &[0.4, 3.0, 3.2], 1.0, &mut out);
        let expected = [0.4, 2.6, 2.6];
        assert!(out.iter().zip(expected).all(|(x, e)| (x - e).abs() < 1e-15), "{out:?}");
        assert_eq!(penalty.zero_threshold(&[0.5, -2.0, -1.0]), Some(3.0));
    }

    #[test]
    fn a_negative_lambda_is_refused() {
        assert!(Presto::new(-1.0, &Space::numbered(2, 2)).is_err());
    }
}
