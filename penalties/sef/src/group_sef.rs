//! The weighted sparse envelope function of groups.

use std::sync::Arc;

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Groups, GroupsSpec, Lineality, Penalty,
    Prox, Subdifferential, ZeroThreshold, kernels, worst,
};

use crate::envelope;

/// The weighted group sparse envelope function (WGSEF): the convex envelope of a weighted ridge
/// penalty with at most k nonzero groups.
/// ```text
/// Omega(B)                = lambda S_k(z),   z_g = sqrt(d_g) ||B_g||_2
///                         = lambda/2 min { sum_g d_g ||B_g||^2 / u_g : 0 <= u <= 1, sum u <= k }
/// prox_{t Omega}(V)_g     = V_g u_g / (u_g + t lambda d_g),   u_g = clip(z_g / theta - t lambda d_g, 0, 1),
///                           sum_g u_g = k;   all u_g = 1 if at most k groups are nonzero
/// Omega*(U)               = 1/(2 lambda) sum of the k largest ||U_g||^2 / d_g
/// dOmega(B)_g             = lambda sqrt(d_g) max(z_g, tau) B_g / ||B_g||  if B_g != 0,
///                           else { ||Y||_2 <= lambda sqrt(d_g) tau };   tau as for `sef`, of z
/// dist(-G, dOmega)        = the largest over groups, Euclidean inside one
/// ```
/// - Shapes: B is p x K, column by column; `B_g` holds the rows of group g in all K columns; one
///   weight `d_g` a group; `1 <= k <=` number of groups.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0, every weight finite and
///   greater than 0, and k in its bounds; [`Error::Length`] for another number of weights.
/// - Groups of one feature with weights 1 are `sef` for one output. As there, fewer than all but more
///   than k groups are nonzero where `lambda` is small.
/// - Source: Refael, Arbel & Huleihel (2022), arXiv 2212.12921; Beck & Refael (2022), J. Global
///   Optim. 82. The formulas with weights follow from the definition.
#[derive(Debug, Clone)]
pub struct GroupSef {
    lambda: f64,
    k: usize,
    groups: Groups,
    weights: Arc<[f64]>, // d_g
}

impl GroupSef {
    /// Checks the parameters; weights are ones where there are none.
    pub fn new(
        lambda: f64,
        k: usize,
        groups: Groups,
        weights: Option<&[f64]>,
    ) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        if k == 0 || k > groups.len() {
            let expected = format!("between 1 and the number of groups, {}", groups.len());
            return Err(Error::parameter("k", expected, k));
        }
        if let Some(weights) = weights {
            Error::check_length("weights", weights.len(), groups.len())?;
            for (g, &d) in weights.iter().enumerate() {
                Error::check_above(&format!("weights[{g}]"), d, 0.0)?;
            }
        }
        let weights = weights.map_or_else(|| vec![1.0; groups.len()].into(), Arc::from);
        Ok(Self { lambda, k, groups, weights })
    }

    /// Calls `visit(g, U_g)` for every group.
    fn for_each(&self, u: &[f64], mut visit: impl FnMut(usize, &[f64])) {
        let outputs = u.len() / self.groups.features().max(1);
        let mut block = vec![0.0; self.groups.largest() * outputs];
        for g in 0..self.groups.len() {
            let block = &mut block[..self.groups.members(g).len() * outputs];
            self.groups.gather(g, u, block);
            visit(g, block);
        }
    }

    /// `sqrt(d_g) ||U_g||` for every group.
    fn sizes(&self, u: &[f64]) -> Vec<f64> {
        let mut sizes = Vec::with_capacity(self.groups.len());
        self.for_each(u, |g, u| sizes.push(self.weights[g].sqrt() * kernels::norm2(u)));
        sizes
    }
}

impl Penalty for GroupSef {
    fn value(&self, beta: &[f64]) -> f64 {
        if self.lambda == 0.0 {
            return 0.0;
        }
        self.lambda * envelope::value(&self.sizes(beta), self.k)
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

impl Prox for GroupSef {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        if self.lambda == 0.0 {
            out.copy_from_slice(v);
            return 0.0;
        }
        let mut entries = Vec::with_capacity(self.groups.len());
        self.for_each(v, |g, v| {
            let d = self.weights[g];
            entries.push((d.sqrt() * kernels::norm2(v), d));
        });
        let features = self.groups.features();
        let value = envelope::group_prox(&entries, self.k, step * self.lambda, |g, size| {
            let shrink = if size == 0.0 { 0.0 } else { size / entries[g].0 };
            for (v, out) in v.chunks(features).zip(out.chunks_mut(features)) {
                for &j in self.groups.members(g) {
                    out[j] = if shrink == 0.0 { 0.0 } else { shrink * v[j] };
                }
            }
        });
        self.lambda * value
    }
}

impl Subdifferential for GroupSef {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let sizes = self.sizes(beta);
        let level = envelope::level(&sizes, self.k);
        let outputs = beta.len() / self.groups.features().max(1);
        let mut block = vec![0.0; self.groups.largest() * outputs];
        let mut top = 0.0;
        self.for_each(grad, |g, grad| {
            let root = self.weights[g].sqrt();
            let distance = if sizes[g] == 0.0 {
                let (norm, radius) = (kernels::norm2(grad), self.lambda * root * level);
                // Not by `max`, which would lose a NaN.
                if norm <= radius { 0.0 } else { norm - radius }
            } else {
                let block = &mut block[..grad.len()];
                self.groups.gather(g, beta, block);
                let slope = self.lambda * self.weights[g] * (sizes[g].max(level) / sizes[g]);
                let square: f64 =
                    block.iter().zip(grad).map(|(b, grad)| (grad + slope * b).powi(2)).sum();
                square.sqrt()
            };
            top = worst(top, distance);
        });
        top
    }
}

impl Conjugate for GroupSef {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.lambda == 0.0 {
            return if kernels::max_abs(u) == 0.0 { 0.0 } else { f64::INFINITY };
        }
        let mut sizes = Vec::with_capacity(self.groups.len());
        self.for_each(u, |g, u| sizes.push(kernels::norm2(u) / self.weights[g].sqrt()));
        envelope::top_squares(&sizes, self.k) / (2.0 * self.lambda)
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        if self.lambda == 0.0 && kernels::max_abs(u) > 0.0 { 0.0 } else { 1.0 }
    }
}

impl ZeroThreshold for GroupSef {
    /// The penalty is differentiable at zero, so only a zero gradient makes zero a solution.
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        (kernels::max_abs(grad) == 0.0).then_some(0.0)
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GroupSefSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// How many groups are meant to remain, at least 1.
    #[schemars(range(min = 1))]
    k: usize,
    /// The groups: lists of features, `{ size = 5 }`, or a column of a table.
    groups: GroupsSpec,
    /// One factor a group in front of the square of its norm, greater than 0. Ones where absent.
    weights: Option<Vec<f64>>,
}

impl BuildPenalty for GroupSefSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let groups = self.groups.build(context).map_err(|e| e.at("groups"))?;
        Ok(Box::new(GroupSef::new(self.lambda, self.k, groups, self.weights.as_deref())?))
    }
}

fenchel_core::register_penalty!("group_sef", GroupSefSpec, {
    summary: "weighted group sparse envelope (WGSEF): the convex envelope of ridge with at most k nonzero groups",
    formula: "lambda/2 * min { sum_g weights_g ||B_g||_2^2 / u_g : 0 <= u <= 1, sum u <= k }",
    method: "prox: one root of a piecewise linear function of the groups' norms by selection, O(p K) on every input",
    combines: "every smooth loss by proximal gradient, networks by prox_sgd; duality gap known; a path needs `max`",
    example: "lambda = 0.1\nk = 1\ngroups = { size = 1 }",
    source: "Refael, Arbel & Huleihel (2022), arXiv 2212.12921; Beck & Refael (2022), J. Global Optim. 82",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Space;

    use super::*;
    use crate::Sef;
    use crate::testing::{build, numbers};

    /// Groups that are not consecutive, of sizes 1, 2 and 3 by turns.
    fn uneven(count: usize) -> Groups {
        let sizes: Vec<usize> = (0..count).map(|g| 1 + g % 3).collect();
        let p = sizes.iter().sum();
        let mut rest: Vec<usize> = (0..p).map(|j| (j * 7 + 3) % p).collect();
        rest.sort_unstable();
        rest.dedup();
        let mut rest: Vec<usize> = if rest.len() == p {
            (0..p).map(|j| (j * 7 + 3) % p).collect()
        } else {
            (0..p).collect()
        };
        let lists: Vec<Vec<usize>> =
            sizes.iter().map(|size| rest.drain(..size).collect()).collect();
        Groups::new(p, &lists, |j| j.to_string()).unwrap()
    }

    #[test]
    fn the_prox_meets_its_optimality_certificate() {
        // Omega(w) + Omega*(y) = <w, y> with y = (v - w) / t proves the prox.
        for seed in 0..400 {
            let count = 1 + seed % 17;
            let outputs = 1 + seed % 2;
            let groups = uneven(count);
            let v = numbers(groups.features() * outputs, seed);
            let weights: Vec<f64> =
                (0..count).map(|g| [1.0, 0.3, 5.0, 1e-3, 40.0][(g + seed) % 5]).collect();
            let k = 1 + (seed * 7) % count;
            for lambda in [1e-4, 0.1, 1.0, 30.0, 1e5] {
                let penalty = GroupSef::new(lambda, k, groups.clone(), Some(&weights)).unwrap();
                let mut w = vec![f64::NAN; v.len()];
                let value = penalty.prox(&v, 0.5, &mut w);
                let y: Vec<f64> = v.iter().zip(&w).map(|(v, w)| (v - w) / 0.5).collect();
                let sum = value + penalty.conjugate(&y);
                let gap = sum - kernels::dot(&w, &y);
                assert!(
                    gap.abs() <= 1e-10 * sum + 1e-300,
                    "{v:?} {k} {lambda}: {gap:e} of {sum:e}"
                );
                assert!((value - penalty.value(&w)).abs() <= 1e-9 * value + 1e-300);
            }
        }
    }

    #[test]
    fn groups_of_one_with_weight_one_are_sef() {
        for seed in 0..40 {
            let v = numbers(8, seed);
            let k = 1 + seed % 8;
            let sef = Sef::new(0.7, k, &Space::numbered(8, 1)).unwrap();
            let group = GroupSef::new(0.7, k, Groups::singletons(8), None).unwrap();
            let (mut a, mut b) = ([0.0; 8], [0.0; 8]);
            let (at_a, at_b) = (sef.prox(&v, 1.0, &mut a), group.prox(&v, 1.0, &mut b));
            assert!((at_a - at_b).abs() <= 1e-13 * at_a);
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-14), "{a:?} {b:?}");
            assert!((sef.value(&v) - group.value(&v)).abs() <= 1e-13 * sef.value(&v));
            let grad = numbers(8, seed + 2);
            assert!((sef.subdiff_dist(&a, &grad) - group.subdiff_dist(&a, &grad)).abs() < 1e-13);
            assert!((sef.conjugate(&grad) - group.conjugate(&grad)).abs() < 1e-12);
        }
    }

    #[test]
    fn all_groups_are_weighted_ridge_and_few_nonzero_ones_too() {
        let groups = Groups::consecutive(6, 2).unwrap();
        let weights = [2.0, 1.0, 0.5];
        let v = [1.0, -2.0, 0.0, 3.0, 1.0, 1.0];
        let square = 2.0 * 5.0 + 9.0 + 0.5 * 2.0;
        let all = GroupSef::new(3.0, 3, groups.clone(), Some(&weights)).unwrap();
        assert!((all.value(&v) - 1.5 * square).abs() < 1e-13);
        let mut out = [0.0; 6];
        all.prox(&v, 0.5, &mut out);
        let expected = [0.25, -0.5, 0.0, 1.2, 1.0 / 1.75, 1.0 / 1.75];
        assert!(out.iter().zip(expected).all(|(o, e)| (o - e).abs() < 1e-15), "{out:?}");
        let one = GroupSef::new(3.0, 1, groups, Some(&weights)).unwrap();
        assert_eq!(one.value(&[0.0, 0.0, 0.0, 2.0, 0.0, 0.0]), 6.0);
    }

    #[test]
    fn a_heavy_group_is_dropped_before_a_light_one_of_the_same_norm() {
        let groups = Groups::consecutive(4, 2).unwrap();
        let penalty = GroupSef::new(20.0, 1, groups, Some(&[1.0, 3.0])).unwrap();
        let mut out = [9.0; 4];
        penalty.prox(&[1.0, 1.0, 1.0, 1.0], 1.0, &mut out);
        assert_eq!(out[2..], [0.0; 2]);
        assert!(out[0] > 0.0 && out[0] == out[1]);
    }

    #[test]
    fn laws_hold() {
        for outputs in [1, 2] {
            let groups = Groups::new(5, &[vec![0, 2], vec![4, 1], vec![3]], |j| j.to_string());
            let groups = groups.unwrap();
            let space = Space::numbered(5, outputs);
            for k in 1..=3 {
                for weights in [None, Some(&[0.4, 1.0, 3.0][..])] {
                    let penalty = GroupSef::new(0.6, k, groups.clone(), weights).unwrap();
                    fenchel_laws::penalty::assert_laws(&penalty, &space);
                }
            }
        }
        let none = GroupSef::new(0.0, 1, Groups::singletons(3), None).unwrap();
        fenchel_laws::penalty::assert_laws(&none, &Space::numbered(3, 1));
    }

    #[test]
    fn wrong_parameters_are_named() {
        let space = Space::numbered(4, 2);
        let build = |rest: &str| build(&format!(r#"{{"type":"group_sef",{rest}}}"#), &space);
        assert!(build(r#""k":2,"groups":{"size":2}"#).is_ok());
        for (rest, message) in [
            (
                r#""k":3,"groups":{"size":2}"#,
                "`k` must be between 1 and the number of groups, 2, got 3",
            ),
            (
                r#""k":0,"groups":{"size":2}"#,
                "`k` must be between 1 and the number of groups, 2, got 0",
            ),
            (r#""k":1,"groups":{"size":2},"weights":[1]"#, "`weights` has length 1, expected 2"),
            (
                r#""k":1,"groups":{"size":2},"weights":[1,0]"#,
                "`weights[1]` must be finite and greater than 0, got 0",
            ),
        ] {
            assert_eq!(build(rest).unwrap_err(), message);
        }
        assert!(build(r#""k":1,"groups":[[0,1],[1,2,3]]"#).unwrap_err().contains("overlap"));
        assert!(build(r#""k":1"#).unwrap_err().contains("missing field `groups`"));
    }
}
