//! The group lasso.

use std::sync::Arc;

use fenchel_core::{
    Blocks, BuildPenalty, Conjugate, Context, Convexity, Error, Groups, GroupsSpec, Lineality,
    Penalty, Prox, Subdifferential, ZeroThreshold, blocks, kernels,
};

use crate::weights::{excess, group_weights, lineality};

/// The group lasso: a block of coefficients is zero as a whole or not at all.
/// ```text
/// Omega(B)              = sum_g c_g ||B_g||_2,        c_g = lambda w_g sqrt(|g| K)
/// prox_{t Omega}(V)_g   = max(1 - t c_g / ||V_g||_2, 0) V_g
/// dist(-G_g, dOmega_g)  = max(||G_g||_2 - c_g, 0)  if B_g = 0,  else ||G_g + c_g B_g / ||B_g||_2||_2
/// Omega*(U)             = 0  if ||U_g||_2 <= c_g for every g,  else +inf
/// ```
/// - Shapes: B is p x K, column by column; `B_g` holds the rows of group g in all K columns, and
///   its size counts all of them; one weight `w_g` a group.
/// - Errors: [`Error::Parameter`] unless `lambda` and all weights are finite and at least 0;
///   [`Error::Length`] for another number of weights than groups.
/// - Source: Yuan & Lin (2006), JRSS B 68(1), eq. 2.1; prox in Parikh & Boyd (2014), section 6.5.4.
#[derive(Debug, Clone)]
pub struct GroupLasso {
    lambda: f64,
    groups: Groups,
    outputs: usize,
    weights: Arc<[f64]>, // w_g sqrt(|g| K)
}

impl GroupLasso {
    /// Checks the parameters; `weights` multiply the square roots of the sizes, and are ones where
    /// there are none.
    pub fn new(
        lambda: f64,
        groups: Groups,
        outputs: usize,
        weights: Option<&[f64]>,
    ) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        let weights = group_weights(&groups, outputs, weights)?;
        Ok(Self { lambda, groups, outputs, weights })
    }

    fn factor(&self, g: usize) -> f64 {
        self.lambda * self.weights[g]
    }

    /// `(||U_g||_2, c_g)` for every group.
    fn norms(&self, u: &[f64]) -> Vec<(f64, f64)> {
        let mut norms = Vec::with_capacity(self.groups.len());
        blocks::for_each(self, u, |g, u| norms.push((kernels::norm2(u), self.factor(g))));
        norms
    }
}

impl Penalty for GroupLasso {
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
        lineality(&self.groups, self.outputs, |g| self.factor(g) == 0.0)
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

impl Blocks for GroupLasso {
    fn groups(&self) -> &Groups {
        &self.groups
    }
    fn value_block(&self, g: usize, b: &[f64]) -> f64 {
        self.factor(g) * kernels::norm2(b)
    }
    fn prox_block(&self, g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        let (norm, threshold) = (kernels::norm2(v), step * self.factor(g));
        if norm <= threshold {
            out.fill(0.0);
            return;
        }
        let shrink = 1.0 - threshold / norm;
        for (out, v) in out.iter_mut().zip(v) {
            *out = shrink * v;
        }
    }
    fn subdiff_dist_block(&self, g: usize, b: &[f64], grad: &[f64]) -> f64 {
        let (norm, factor) = (kernels::norm2(b), self.factor(g));
        if norm == 0.0 {
            return excess(kernels::norm2(grad), factor);
        }
        let square: f64 =
            b.iter().zip(grad).map(|(b, grad)| (grad + factor * (b / norm)).powi(2)).sum();
        square.sqrt()
    }
}

impl Prox for GroupLasso {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        blocks::prox(self, v, step, out)
    }
}

impl Subdifferential for GroupLasso {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        blocks::subdiff_dist(self, beta, grad)
    }
}

impl Conjugate for GroupLasso {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let inside = self.norms(u).iter().all(|(norm, factor)| *norm <= factor * (1.0 + 1e-12));
        if inside { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        self.norms(u)
            .iter()
            .filter(|(norm, factor)| norm > factor)
            .fold(1.0, |scale, (norm, factor)| scale.min(factor / norm))
    }
}

impl ZeroThreshold for GroupLasso {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        self.norms(grad).iter().try_fold(0.0f64, |top, &(norm, factor)| match (norm, factor) {
            (0.0, _) => Some(top),
            (_, 0.0) => None,
            _ => Some(top.max(norm / factor)),
        })
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GroupLassoSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// The groups: lists of features, `{ size = 5 }`, or a column of a table.
    groups: GroupsSpec,
    /// One factor a group, at least 0, beside the square root of its size; 0 leaves the group
    /// unpenalised. Ones where absent.
    weights: Option<Vec<f64>>,
}

impl BuildPenalty for GroupLassoSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let groups = self.groups.build(context).map_err(|e| e.at("groups"))?;
        let outputs = context.space.outputs();
        Ok(Box::new(GroupLasso::new(self.lambda, groups, outputs, self.weights.as_deref())?))
    }
}

fenchel_core::register_penalty!("group_lasso", GroupLassoSpec, {
    summary: "sum of Euclidean norms over groups of features: whole groups enter or leave",
    formula: "lambda * sum_g weights_g * sqrt(size of B_g) * ||B_g||_2, size = features x outputs",
    method: "prox: block soft threshold, B_g * max(1 - t c_g / ||B_g||_2, 0)",
    combines: "every smooth loss; block coordinate descent, proximal gradient; duality gap known",
    example: "lambda = 0.1\ngroups = { size = 1 }",
    source: "Yuan & Lin (2006), JRSS B 68(1), eq. 2.1",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Space;

    use super::*;
    use crate::testing::{beats_its_neighbours, spec, uneven};

    fn penalty(outputs: usize, weights: Option<&[f64]>) -> GroupLasso {
        GroupLasso::new(0.5, uneven(), outputs, weights).unwrap()
    }

    #[test]
    fn the_size_counts_features_times_outputs() {
        let b = [3.0, 4.0, 0.0, 1.0];
        let one = GroupLasso::new(2.0, Groups::consecutive(4, 2).unwrap(), 1, None).unwrap();
        assert!((one.value(&b) - 2.0 * 2f64.sqrt() * 6.0).abs() < 1e-14);
        let two = GroupLasso::new(2.0, Groups::consecutive(2, 2).unwrap(), 2, None).unwrap();
        assert!((two.value(&b) - 2.0 * 2.0 * 26f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn the_prox_is_exactly_zero_on_shrunken_blocks_and_a_minimiser_elsewhere() {
        let v = [0.1, 3.0, -0.2, -1.0, 2.0, 0.3, 1.0, 0.1, 0.0, -2.0];
        let mut out = [9.0; 10];
        for outputs in [1, 2] {
            let n = 5 * outputs;
            let penalty = penalty(outputs, None);
            let value = penalty.prox(&v[..n], 0.7, &mut out[..n]);
            assert!((value - penalty.value(&out[..n])).abs() < 1e-14);
            beats_its_neighbours(&penalty, &v[..n], 0.7, &out[..n]);
        }
        penalty(1, None).prox(&v[..5], 0.7, &mut out[..5]);
        assert_eq!([out[0], out[2]], [0.0, 0.0]);
        assert!(out[1] != 0.0 && out[4] != 0.0);
    }

    #[test]
    fn a_zero_weight_leaves_its_group_free() {
        let free = penalty(2, Some(&[0.0, 1.0, 1.0]));
        assert_eq!(free.lineality(), Lineality::Coordinates(vec![0, 2, 5, 7]));
        let mut grad = [0.0; 10];
        grad[1] = 1.0;
        assert!(free.zero_threshold(&grad).is_some());
        grad[2] = 1.0;
        assert_eq!(free.zero_threshold(&grad), None);
        assert_eq!(free.dual_scale(&grad), 0.0);
        assert_eq!(penalty(2, None).lineality(), Lineality::Trivial);
        assert_eq!(penalty(2, None).scaled(0.0).lineality(), Lineality::Everything);
    }

    #[test]
    fn the_zero_threshold_is_where_zero_becomes_stationary() {
        let grad = [1.0, -2.0, 0.5, 0.3, 4.0];
        let penalty = penalty(1, Some(&[1.0, 0.5, 2.0]));
        let s = penalty.zero_threshold(&grad).unwrap();
        let at = |s: f64| {
            let scaled = penalty.scaled(s);
            scaled.as_subdifferential().unwrap().subdiff_dist(&[0.0; 5], &grad)
        };
        assert!(at(s * 1.000001) == 0.0 && at(s * 0.999) > 0.0);
    }

    #[test]
    fn a_nan_in_the_gradient_is_infinitely_far() {
        let grad = [0.0, f64::NAN, 0.0, 0.0, 0.0];
        assert_eq!(penalty(1, None).subdiff_dist(&[0.0; 5], &grad), f64::INFINITY);
        assert_eq!(penalty(1, None).conjugate(&grad), f64::INFINITY);
    }

    #[test]
    fn laws_hold() {
        for outputs in [1, 2] {
            let space = Space::numbered(5, outputs);
            fenchel_laws::penalty::assert_laws(&penalty(outputs, None), &space);
            fenchel_laws::penalty::assert_laws(&penalty(outputs, Some(&[0.0, 0.5, 2.0])), &space);
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        let build = |json: &str| spec(json, &Space::numbered(5, 1)).map(|_| ()).unwrap_err();
        let message = build(r#"{"type":"group_lasso","groups":{"size":2}}"#).to_string();
        assert!(message.contains("divisor of the number of features, 5"), "{message}");
        let message =
            build(r#"{"type":"group_lasso","groups":[[0,1],[2,3,4]],"weights":[1]}"#).to_string();
        assert_eq!(message, "`weights` has length 1, expected 2");
        let message = build(r#"{"type":"group_lasso","groups":{"size":1},"lambda":-1}"#);
        assert_eq!(message.to_string(), "`lambda` must be finite and at least 0, got -1");
        let message = build(r#"{"type":"group_lasso","groups":{"size":1},"lamda":1}"#);
        assert!(message.to_string().contains("unknown field `lamda`"));
        spec(r#"{"type":"group_lasso","groups":[["1","2"],["3",3,4]]}"#, &Space::numbered(5, 2))
            .unwrap();
    }
}
