//! The sparse group lasso.

use std::sync::Arc;

use fenchel_core::{
    Blocks, BuildPenalty, Conjugate, Context, Convexity, Error, Groups, GroupsSpec, Lineality,
    Penalty, Prox, Subdifferential, ZeroThreshold, blocks, kernels,
};

use crate::weights::{excess, group_weights, lineality};

/// The sparse group lasso: sparse in groups, and inside the groups that remain.
/// ```text
/// Omega(B)             = a ||B||_1 + sum_g c_g ||B_g||_2
///                        a = lambda l1_ratio,   c_g = lambda (1 - l1_ratio) sqrt(|g| K)
/// prox_{t Omega}(V)_g  = max(1 - t c_g / ||S_g||_2, 0) S_g,    S_g = S(V_g, t a)
/// dist(-G_g, dOmega_g) = max(||S(G_g, a)||_2 - c_g, 0)  if B_g = 0, else the norm over i in g of
///                        G_i + a sign(B_i) + c_g B_i / ||B_g||_2   (B_i != 0),  S(G_i, a)  (B_i = 0)
/// Omega*(U)            = 0  if ||S(U_g, a)||_2 <= c_g for every g,  else +inf
/// ```
/// with `S(v, t) = sign(v) max(|v| - t, 0)`.
/// - Shapes: B is p x K, column by column; the size of a group counts features times outputs.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0 and `l1_ratio` in [0, 1].
/// - Source: Simon, Friedman, Hastie & Tibshirani (2013), JCGS 22(2), eq. 3 and section 3; the prox
///   as a composition in Bach, Jenatton, Mairal & Obozinski (2012), section 3.3.
#[derive(Debug, Clone)]
pub struct SparseGroupLasso {
    lambda: f64,
    l1_ratio: f64,
    groups: Groups,
    outputs: usize,
    weights: Arc<[f64]>, // sqrt(|g| K)
}

impl SparseGroupLasso {
    /// Checks the parameters.
    pub fn new(lambda: f64, l1_ratio: f64, groups: Groups, outputs: usize) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        let l1_ratio = Error::check_fraction("l1_ratio", l1_ratio)?;
        let weights = group_weights(&groups, outputs, None)?;
        Ok(Self { lambda, l1_ratio, groups, outputs, weights })
    }

    fn l1(&self) -> f64 {
        self.lambda * self.l1_ratio
    }

    fn factor(&self, g: usize) -> f64 {
        self.lambda * (1.0 - self.l1_ratio) * self.weights[g]
    }

    /// The largest `t` with `t U` in the domain of the conjugate; `inf` where there is none.
    fn reach(&self, u: &[f64]) -> f64 {
        let mut sorted = Vec::with_capacity(self.groups.largest() * self.outputs);
        let mut reach = f64::INFINITY;
        blocks::for_each(self, u, |g, u| {
            sorted.clear();
            sorted.extend(u.iter().map(|u| u.abs()).filter(|u| *u != 0.0));
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            let block = block_reach(&sorted, self.l1(), self.factor(g));
            if block < reach || block.is_nan() {
                reach = block; // a NaN stays
            }
        });
        reach
    }
}

/// The largest `t` with `||S(t u, a)||_2 <= c`, for `u` positive and descending.
///
/// With `w = u / u_1`, `d = a (1 - w)` and `t = (a + e) / u_1` the entries of `S` are
/// `max(e w_m - d_m, 0)`, so between the points `d_m / w_m` the condition is a quadratic in `e`; in
/// `t` itself it would lose all digits where `c` is much smaller than `a`.
fn block_reach(u: &[f64], a: f64, c: f64) -> f64 {
    let Some(&top) = u.first() else { return f64::INFINITY };
    if a == 0.0 {
        return c / kernels::norm2(u);
    }
    let shifted = |u: f64| (u / top, a * ((top - u) / top));
    let (mut ww, mut wd, mut dd) = (0.0, 0.0, 0.0);
    let mut e = 0.0;
    for (m, &u_m) in u.iter().enumerate() {
        let (w, d) = shifted(u_m);
        (ww, wd, dd) = (ww + w * w, wd + w * d, dd + d * d);
        if let Some(&next) = u.get(m + 1) {
            let (w, d) = shifted(next);
            let end = d / w;
            if (ww * end - 2.0 * wd) * end + dd <= c * c {
                continue;
            }
        }
        e = (wd + (wd * wd - ww * (dd - c * c)).max(0.0).sqrt()) / ww;
        break;
    }
    (a + e) / top
}

impl Penalty for SparseGroupLasso {
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
        lineality(&self.groups, self.outputs, |_| self.lambda == 0.0)
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

impl Blocks for SparseGroupLasso {
    fn groups(&self) -> &Groups {
        &self.groups
    }
    fn value_block(&self, g: usize, b: &[f64]) -> f64 {
        let l1: f64 = b.iter().map(|b| b.abs()).sum();
        self.l1() * l1 + self.factor(g) * kernels::norm2(b)
    }
    fn prox_block(&self, g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        for (out, v) in out.iter_mut().zip(v) {
            *out = kernels::soft_threshold(*v, step * self.l1());
        }
        let (norm, threshold) = (kernels::norm2(out), step * self.factor(g));
        if norm <= threshold {
            out.fill(0.0);
            return;
        }
        let shrink = 1.0 - threshold / norm;
        out.iter_mut().for_each(|out| *out *= shrink);
    }
    fn subdiff_dist_block(&self, g: usize, b: &[f64], grad: &[f64]) -> f64 {
        let (norm, l1, factor) = (kernels::norm2(b), self.l1(), self.factor(g));
        let square: f64 = b
            .iter()
            .zip(grad)
            .map(|(b, grad)| {
                if *b == 0.0 {
                    grad.signum() * excess(grad.abs(), l1)
                } else {
                    grad + l1 * b.signum() + factor * (b / norm)
                }
            })
            .map(|distance| distance * distance)
            .sum();
        if norm == 0.0 { excess(square.sqrt(), factor) } else { square.sqrt() }
    }
}

impl Prox for SparseGroupLasso {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        blocks::prox(self, v, step, out)
    }
}

impl Subdifferential for SparseGroupLasso {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        blocks::subdiff_dist(self, beta, grad)
    }
}

impl Conjugate for SparseGroupLasso {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.reach(u) >= 1.0 - 1e-12 { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let reach = self.reach(u);
        if reach >= 1.0 { 1.0 } else { reach }
    }
}

impl ZeroThreshold for SparseGroupLasso {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let reach = self.reach(grad);
        (reach > 0.0).then_some(1.0 / reach)
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct SparseGroupLassoSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// The groups: lists of features, `{ size = 5 }`, or a column of a table.
    groups: GroupsSpec,
    /// Share of the absolute values; the rest goes to the norms of the groups.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    l1_ratio: f64,
}

fn half() -> f64 {
    0.5
}

impl BuildPenalty for SparseGroupLassoSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let groups = self.groups.build(context).map_err(|e| e.at("groups"))?;
        let outputs = context.space.outputs();
        Ok(Box::new(SparseGroupLasso::new(self.lambda, self.l1_ratio, groups, outputs)?))
    }
}

fenchel_core::register_penalty!("sparse_group_lasso", SparseGroupLassoSpec, {
    summary: "the group lasso plus the lasso: sparse in groups and inside them",
    formula: "lambda * (l1_ratio * ||B||_1 + (1 - l1_ratio) * sum_g sqrt(size of B_g) * ||B_g||_2)",
    method: "prox: soft threshold, then block soft threshold",
    combines: "every smooth loss; block coordinate descent, proximal gradient; duality gap known",
    example: "lambda = 0.1\ngroups = { size = 1 }\nl1_ratio = 0.5",
    source: "Simon, Friedman, Hastie & Tibshirani (2013), JCGS 22(2), eq. 3",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Space;

    use super::*;
    use crate::testing::{beats_its_neighbours, spec, uneven};

    fn penalty(l1_ratio: f64, outputs: usize) -> SparseGroupLasso {
        SparseGroupLasso::new(0.6, l1_ratio, uneven(), outputs).unwrap()
    }

    #[test]
    fn the_prox_is_a_minimiser_with_exact_zeros() {
        let v = [0.4, 3.0, -0.2, -1.0, 2.0, 0.1, 1.0, 0.1, 0.0, -2.0];
        let mut out = [9.0; 10];
        for outputs in [1, 2] {
            let n = 5 * outputs;
            for l1_ratio in [0.0, 0.3, 1.0] {
                let penalty = penalty(l1_ratio, outputs);
                let value = penalty.prox(&v[..n], 0.8, &mut out[..n]);
                assert!((value - penalty.value(&out[..n])).abs() < 1e-14);
                beats_its_neighbours(&penalty, &v[..n], 0.8, &out[..n]);
            }
        }
        penalty(0.5, 1).prox(&v[..5], 0.8, &mut out[..5]);
        assert_eq!([out[0], out[2]], [0.0, 0.0]);
    }

    #[test]
    fn the_reach_ends_on_the_boundary_of_the_dual_ball() {
        let blocks: [&[f64]; 4] = [&[3.0, 2.0, 2.0, 0.1], &[1.0], &[5.0, 5.0], &[2e-8, 1e-9]];
        for u in blocks {
            for (a, c) in [(0.3, 0.7), (0.3, 1e-6), (1e-6, 0.4), (0.5, 0.0), (0.0, 0.5)] {
                let t = block_reach(u, a, c);
                let s: Vec<f64> = u.iter().map(|u| kernels::soft_threshold(t * u, a)).collect();
                assert!((kernels::norm2(&s) - c).abs() < 1e-13, "{u:?} {a} {c}");
            }
        }
        assert_eq!(block_reach(&[1.0], 0.0, 0.0), 0.0);
    }

    #[test]
    fn the_zero_threshold_is_where_zero_becomes_stationary() {
        let grad = [1.0, -2.0, 0.5, 0.3, 4.0, -1.0, 0.2, 0.0, 0.7, -0.3];
        for l1_ratio in [0.0, 0.2, 0.9, 1.0] {
            let penalty = penalty(l1_ratio, 2);
            let s = penalty.zero_threshold(&grad).unwrap();
            let at = |s: f64| {
                let scaled = penalty.scaled(s);
                scaled.as_subdifferential().unwrap().subdiff_dist(&[0.0; 10], &grad)
            };
            assert!(at(s * 1.000001) == 0.0 && at(s * 0.999) > 0.0);
        }
        assert_eq!(penalty(0.5, 1).scaled(0.0).lineality(), Lineality::Everything);
    }

    #[test]
    fn a_nan_in_the_gradient_is_infinitely_far() {
        let grad = [0.0, f64::NAN, 0.0, 0.0, 0.0];
        assert_eq!(penalty(0.5, 1).subdiff_dist(&[0.0; 5], &grad), f64::INFINITY);
        assert_eq!(penalty(0.5, 1).conjugate(&grad), f64::INFINITY);
    }

    #[test]
    fn laws_hold() {
        for outputs in [1, 2] {
            for l1_ratio in [0.0, 0.4, 1.0] {
                let space = Space::numbered(5, outputs);
                fenchel_laws::penalty::assert_laws(&penalty(l1_ratio, outputs), &space);
            }
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        let build = |json: &str| spec(json, &Space::numbered(4, 1)).map(|_| ()).unwrap_err();
        let error = build(r#"{"type":"sparse_group_lasso","groups":{"size":2},"l1_ratio":1.5}"#);
        assert_eq!(error.to_string(), "`l1_ratio` must be between 0 and 1, got 1.5");
        let error = build(r#"{"type":"sparse_group_lasso","groups":[["1","2"],["3","5"]]}"#);
        assert!(error.to_string().contains("unknown feature \"5\""), "{error}");
        let error = build(r#"{"type":"sparse_group_lasso"}"#);
        assert!(error.to_string().contains("missing field `groups`"), "{error}");
    }
}
