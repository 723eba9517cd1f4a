//! The exclusive lasso.

use fenchel_plugin::{
    Blocks, BuildPenalty, Conjugate, Context, Convexity, Error, Groups, GroupsSpec, Lineality,
    Penalty, Prox, Subdifferential, ZeroThreshold, blocks, kernels,
};

/// The exclusive lasso: coefficients of one group compete, so that a few of every group stay.
/// ```text
/// Ω(B)            = λ/2 Σ_g ‖B_g‖₁²
/// prox_{tΩ}(V)_g  = sign(V) max(|V| − tλS, 0),   S = ‖prox_g‖₁ = Σ_{i≤k} |V|_(i) / (1 + k tλ)
///                   for the largest k with |V|_(k) > tλ S
/// ∂Ω_g(B)         = λ ‖B_g‖₁ ∂‖·‖₁(B_g),   {0} at B_g = 0
/// Ω*(U)           = 1/(2λ) Σ_g ‖U_g‖_∞²
/// ```
/// - Shapes: B is p × K, column by column; `B_g` holds the rows of group g in all K columns.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0.
/// - Zero is a solution only where the gradient is 0, at any strength: a path needs `max`.
/// - Source: Zhou, Jin & Hoi (2010), AISTATS, eq. 2; prox by sorting as in Martins, Smith, Figueiredo
///   & Xing (2011), EMNLP, algorithm 2.
#[derive(Debug, Clone)]
pub struct ExclusiveLasso {
    lambda: f64, // finite, at least 0
    groups: Groups,
}

impl ExclusiveLasso {
    /// Checks the parameter.
    pub fn new(lambda: f64, groups: Groups) -> Result<Self, Error> {
        Ok(Self { lambda: Error::check_non_negative("lambda", lambda)?, groups })
    }
}

fn norm1(b: &[f64]) -> f64 {
    b.iter().map(|b| b.abs()).sum()
}

impl Blocks for ExclusiveLasso {
    fn groups(&self) -> &Groups {
        &self.groups
    }
    fn value_block(&self, _g: usize, b: &[f64]) -> f64 {
        0.5 * self.lambda * norm1(b).powi(2)
    }
    fn prox_block(&self, _g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        let strength = step * self.lambda;
        // `out` serves as room for the sorted sizes.
        out.iter_mut().zip(v).for_each(|(out, v)| *out = v.abs());
        out.sort_unstable_by(|a, b| b.total_cmp(a));
        let top = out.first().copied().unwrap_or(0.0);
        let (mut active, mut below) = (0.0, 0.0);
        for size in out.iter() {
            let (more, deeper) = (active + 1.0, below + (top - size));
            if size + strength * (deeper - more * (top - size)) <= 0.0 {
                break;
            }
            (active, below) = (more, deeper);
        }
        for (out, v) in out.iter_mut().zip(v) {
            // |v| - t lambda S over one denominator, in distances from the largest entry: at large
            // steps |v| and the threshold agree in most of their digits.
            let over = v.abs() + strength * (below - active * (top - v.abs()));
            let shrunk = if over <= 0.0 { 0.0 } else { over / (1.0 + active * strength) };
            *out = shrunk.copysign(*v);
        }
    }
    fn subdiff_dist_block(&self, _g: usize, b: &[f64], grad: &[f64]) -> f64 {
        let slope = self.lambda * norm1(b);
        let part = |(b, grad): (&f64, &f64)| match *b {
            0.0 if grad.abs() <= slope => 0.0,
            0.0 => grad.abs() - slope,
            b => grad + slope * b.signum(),
        };
        let square: f64 = b.iter().zip(grad).map(|pair| part(pair).powi(2)).sum();
        if square.is_nan() { f64::INFINITY } else { square.sqrt() }
    }
}

impl Prox for ExclusiveLasso {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        blocks::prox(self, v, step, out)
    }
}

impl Subdifferential for ExclusiveLasso {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        blocks::subdiff_dist(self, beta, grad)
    }
}

impl Conjugate for ExclusiveLasso {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let mut squares = 0.0;
        blocks::for_each(self, u, |_, u| squares += kernels::max_abs(u).powi(2));
        match squares {
            0.0 => 0.0,
            _ if self.lambda == 0.0 || squares.is_nan() => f64::INFINITY,
            _ => squares / (2.0 * self.lambda),
        }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        if self.lambda > 0.0 || u.iter().all(|u| *u == 0.0) { 1.0 } else { 0.0 }
    }
}

impl ZeroThreshold for ExclusiveLasso {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        grad.iter().all(|grad| *grad == 0.0).then_some(0.0)
    }
}

impl Penalty for ExclusiveLasso {
    fn value(&self, beta: &[f64]) -> f64 {
        blocks::value(self, beta)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, groups: self.groups.clone() })
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

/// The exclusive lasso.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExclusiveLassoSpec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// The groups whose members compete: lists of features, `{ size = 5 }`, or a column of a table.
    groups: GroupsSpec,
}

impl BuildPenalty for ExclusiveLassoSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let groups = self.groups.build(context).map_err(|e| e.at("groups"))?;
        Ok(Box::new(ExclusiveLasso::new(self.lambda, groups)?))
    }
}

fenchel_plugin::register_penalty!("exclusive_lasso", ExclusiveLassoSpec, {
    summary: "members of a group compete: a few of every group stay",
    formula: "lambda/2 * sum_g (sum_{j in g} |b_j|)^2",
    method: "prox: soft threshold at step lambda ||prox_g||_1, found by sorting the group. Convex",
    combines: "every smooth loss; block coordinate descent, proximal gradient; duality gap; a path \
               needs `max`, as zero solves at no strength",
    example: "lambda = 0.1\ngroups = { size = 1 }",
    source: "Zhou, Jin & Hoi (2010), AISTATS, eq. 2",
});

#[cfg(test)]
mod tests {
    use super::*;
    use fenchel_plugin::Space;

    fn penalty(lambda: f64) -> ExclusiveLasso {
        let groups = Groups::new(5, &[vec![0, 2, 3], vec![1, 4]], |j| j.to_string()).unwrap();
        ExclusiveLasso::new(lambda, groups).unwrap()
    }

    #[test]
    fn obeys_the_laws() {
        for lambda in [0.6, 0.0] {
            for outputs in [1, 2] {
                let space = Space::numbered(5, outputs);
                fenchel_laws::penalty::assert_laws(&penalty(lambda), &space);
            }
        }
    }

    #[test]
    fn a_group_of_one_is_ridge() {
        let groups = Groups::singletons(2);
        let ridge = ExclusiveLasso::new(3.0, groups).unwrap();
        let mut out = [f64::NAN; 2];
        // b = v / (1 + step lambda), value 3/2 b^2.
        let value = ridge.prox(&[4.0, -8.0], 1.0, &mut out);
        assert_eq!((out, value), ([1.0, -2.0], 7.5));
    }

    #[test]
    fn the_prox_of_a_pair_by_hand() {
        // Step lambda 1. Of (4, 1): k = 1 gives S = 2, threshold 2, so 1 is out: (2, 0).
        let groups = Groups::consecutive(2, 2).unwrap();
        let penalty = ExclusiveLasso::new(1.0, groups).unwrap();
        let mut out = [f64::NAN; 2];
        assert_eq!(penalty.prox(&[4.0, 1.0], 1.0, &mut out), 2.0);
        assert_eq!(out, [2.0, 0.0]);
        // Of (4, -3.5): k = 2 gives S = 2.5, threshold 2.5: (1.5, -1).
        penalty.prox(&[4.0, -3.5], 1.0, &mut out);
        assert_eq!(out, [1.5, -1.0]);
    }

    #[test]
    fn the_conjugate_is_half_the_squared_largest_entry() {
        let u = [1.0, -2.0, 3.0, 0.5, 1.0];
        assert_eq!(penalty(0.5).conjugate(&u), 9.0 + 4.0);
        assert_eq!(penalty(0.0).conjugate(&u), f64::INFINITY);
    }
}
