//! A penalty on part of the features.

use std::sync::Arc;

use fenchel_core::{
    Blocks, BuildPenalty, Conjugate, Context, Convexity, Elementary, Error, FeatureRef, Groups,
    Lineality, Operator, Penalty, Prox, Raw, Scalar, Separable, Space, Subdifferential, Term,
    Terms, ZeroThreshold, blocks, kernels, worst,
};

use crate::behind::TermsBehind;
use crate::elementary::ElementarySum;
use crate::{features, subspace};

/// A penalty on some rows of the coefficients; the other rows are not penalised.
/// ```text
/// Omega(B) = omega(B_F),   F the listed features, in the order of the list, in all K columns
/// ```
/// Prox, distance, conjugate and zero threshold are the child's on `B_F`; elsewhere the prox is the
/// identity, and dual points and stationary gradients are zero.
#[derive(Debug)]
pub struct On {
    child: Arc<dyn Penalty>,
    selection: Arc<Selection>,
    coordinatewise: Coordinatewise,
    terms: TermsBehind,
}

/// Which coefficients the child sees, in its order.
#[derive(Debug)]
struct Selection {
    /// Flat index of every coefficient of the child.
    flat: Vec<usize>,
    /// The child's index of every coefficient.
    inverse: Vec<Option<usize>>,
    /// The child's groups and singletons for the rest, where the child has blocks and sees the
    /// features in their own order.
    groups: Option<Groups>,
}

/// The child coefficient by coefficient; its own type, as all that is separable has the prox of its
/// parts.
#[derive(Debug)]
struct Coordinatewise {
    child: Arc<dyn Penalty>,
    selection: Arc<Selection>,
}

impl On {
    /// A child built for `features.len()` features, which are distinct and below `space.features()`.
    ///
    /// Where the child is elementary, so is the result.
    pub fn boxed(child: Box<dyn Penalty>, features: &[usize], space: &Space) -> Box<dyn Penalty> {
        let p = space.features();
        let flat: Vec<usize> =
            (0..space.outputs()).flat_map(|k| features.iter().map(move |j| j + k * p)).collect();
        let mut inverse = vec![None; space.len()];
        for (at, &j) in flat.iter().enumerate() {
            inverse[j] = Some(at);
        }
        let ascending = features.windows(2).all(|pair| pair[0] < pair[1]);
        let groups = child.as_blocks().filter(|_| ascending).and_then(|blocks| {
            let inner = blocks.groups();
            let mut lists: Vec<Vec<usize>> = (0..inner.len())
                .map(|g| inner.members(g).iter().map(|&m| features[m]).collect())
                .collect();
            lists.extend((0..p).filter(|&j| inverse[j].is_none()).map(|j| vec![j]));
            Groups::new(p, &lists, |j| space.names()[j].clone()).ok()
        });
        Self::shared(child, Arc::new(Selection { flat, inverse, groups }))
    }

    fn shared(child: Box<dyn Penalty>, selection: Arc<Selection>) -> Box<dyn Penalty> {
        let child: Arc<dyn Penalty> = child.into();
        let operator: Arc<dyn Operator> = Arc::clone(&selection) as Arc<dyn Operator>;
        let on = Box::new(Self {
            terms: TermsBehind::new(Arc::clone(&child), &operator),
            coordinatewise: Coordinatewise {
                child: Arc::clone(&child),
                selection: Arc::clone(&selection),
            },
            child,
            selection,
        });
        if on.as_elementary().is_some() {
            let coefficients = on.selection.inverse.len();
            return Box::new(ElementarySum::new(vec![on], coefficients));
        }
        on
    }

    /// The child's part of `x`.
    fn inside(&self, x: &[f64]) -> Vec<f64> {
        self.selection.flat.iter().map(|&j| x[j]).collect()
    }

    /// The largest `|x_j|` over coefficients that the child does not see.
    fn outside(&self, x: &[f64]) -> f64 {
        let unseen = self.selection.inverse.iter().zip(x).filter(|(at, _)| at.is_none());
        unseen.fold(0.0, |top, (_, x)| worst(top, x.abs()))
    }
}

impl Operator for Selection {
    fn rows(&self) -> usize {
        self.flat.len()
    }
    fn mul(&self, beta: &[f64], out: &mut [f64]) {
        for (out, &j) in out.iter_mut().zip(&self.flat) {
            *out = beta[j];
        }
    }
    fn mul_t(&self, u: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (u, &j) in u.iter().zip(&self.flat) {
            out[j] = *u;
        }
    }
    fn norm_bound(&self) -> f64 {
        1.0
    }
}

impl Penalty for On {
    fn value(&self, beta: &[f64]) -> f64 {
        self.child.value(&self.inside(beta))
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Self::shared(self.child.scaled(scale), Arc::clone(&self.selection))
    }
    fn convexity(&self) -> Convexity {
        self.child.convexity()
    }
    fn lineality(&self) -> Lineality {
        let n = self.selection.inverse.len();
        let unseen = || (0..n).filter(|&j| self.selection.inverse[j].is_none());
        match self.child.lineality() {
            Lineality::Everything => Lineality::Everything,
            Lineality::Trivial => subspace::with_coordinates(Vec::new(), unseen().collect(), n),
            Lineality::Coordinates(inner) => {
                let mut free: Vec<usize> = unseen().collect();
                free.extend(inner.iter().map(|&at| self.selection.flat[at]));
                free.sort_unstable();
                subspace::with_coordinates(Vec::new(), free, n)
            }
            Lineality::Basis(inner) => {
                let embed = |direction: &Vec<f64>| {
                    let mut whole = vec![0.0; n];
                    self.selection.mul_t(direction, &mut whole);
                    whole
                };
                let basis = inner.iter().map(embed).collect();
                subspace::with_coordinates(basis, unseen().collect(), n)
            }
        }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        self.child.as_prox().map(|_| self as &dyn Prox)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        self.child.as_separable().map(|_| &self.coordinatewise as &dyn Separable)
    }
    fn as_blocks(&self) -> Option<&dyn Blocks> {
        self.child.as_blocks().and(self.selection.groups.as_ref()).map(|_| self as &dyn Blocks)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        self.child.as_subdifferential().map(|_| self as &dyn Subdifferential)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        self.child.as_conjugate().map(|_| self as &dyn Conjugate)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        self.child.as_zero_threshold().map(|_| self as &dyn ZeroThreshold)
    }
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        self.child.as_elementary().map(|_| self as &dyn Elementary)
    }
    /// Where the child has no prox: its terms behind the selection.
    fn as_terms(&self) -> Option<&dyn Terms> {
        let split = self.child.as_prox().is_none() && self.child.as_terms().is_some();
        split.then_some(self as &dyn Terms)
    }
}

impl Prox for On {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let v_inside = self.inside(v);
        let mut result = vec![0.0; v_inside.len()];
        let child = self.child.as_prox().expect("asked for where the child has one");
        let value = child.prox(&v_inside, step, &mut result);
        out.copy_from_slice(v);
        for (result, &j) in result.iter().zip(&self.selection.flat) {
            out[j] = *result;
        }
        value
    }
}

impl Coordinatewise {
    fn part(&self, j: usize) -> Option<(usize, &dyn Separable)> {
        let at = self.selection.inverse[j]?;
        Some((at, self.child.as_separable().expect("asked for where the child is separable")))
    }
}

impl Separable for Coordinatewise {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.part(j).map_or(0.0, |(at, child)| child.value_at(at, b))
    }
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        self.part(j).map_or(v, |(at, child)| child.prox_at(at, v, step))
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        self.part(j).map_or(grad.abs(), |(at, child)| child.subdiff_dist_at(at, b, grad))
    }
}

impl Elementary for On {
    fn scalar(&self, j: usize) -> Scalar {
        let child = self.child.as_elementary().expect("asked for where the child is elementary");
        self.selection.inverse[j].map_or(Scalar::ZERO, |at| child.scalar(at))
    }
}

impl On {
    /// The child's blocks, which come first; `None` for the singletons after them.
    fn block(&self, g: usize) -> Option<&dyn Blocks> {
        let child = self.child.as_blocks().expect("asked for where the child has blocks");
        (g < child.groups().len()).then_some(child)
    }
}

impl Blocks for On {
    fn groups(&self) -> &Groups {
        self.selection.groups.as_ref().expect("asked for where there are groups")
    }
    fn value_block(&self, g: usize, b: &[f64]) -> f64 {
        self.block(g).map_or(0.0, |child| child.value_block(g, b))
    }
    fn prox_block(&self, g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        match self.block(g) {
            Some(child) => child.prox_block(g, v, step, out),
            None => out.copy_from_slice(v),
        }
    }
    fn subdiff_dist_block(&self, g: usize, b: &[f64], grad: &[f64]) -> f64 {
        let free = || kernels::norm2(grad);
        self.block(g).map_or_else(free, |child| child.subdiff_dist_block(g, b, grad))
    }
}

impl Subdifferential for On {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        if self.as_blocks().is_some() {
            return blocks::subdiff_dist(self, beta, grad); // rows in one piece, like the blocks
        }
        let child = self.child.as_subdifferential().expect("asked for where the child has one");
        worst(self.outside(grad), child.subdiff_dist(&self.inside(beta), &self.inside(grad)))
    }
}

impl Conjugate for On {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let child = self.child.as_conjugate().expect("asked for where the child has one");
        if subspace::negligible(self.outside(u), u) {
            child.conjugate(&self.inside(u))
        } else {
            f64::INFINITY
        }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let child = self.child.as_conjugate().expect("asked for where the child has one");
        if subspace::negligible(self.outside(u), u) {
            child.dual_scale(&self.inside(u))
        } else {
            0.0
        }
    }
}

impl ZeroThreshold for On {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let child = self.child.as_zero_threshold().expect("asked for where the child has one");
        let stationary = subspace::negligible(self.outside(grad), grad);
        stationary.then(|| child.zero_threshold(&self.inside(grad))).flatten()
    }
}

impl Terms for On {
    fn terms(&self) -> Vec<Term<'_>> {
        self.terms.terms()
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct OnSpec {
    /// The features, by name, by zero-based index, or as `first:last` ranges of names; of a network,
    /// also a whole layer, as `layer1`.
    #[schemars(length(min = 1))]
    features: Vec<FeatureRef>,
    /// The penalty on them, a table with its `type`; it sees these features only, in this order.
    penalty: Raw,
}

impl BuildPenalty for OnSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let space = context.space;
        let features = features::resolve(&self.features, space)?;
        let names: Vec<String> = features.iter().map(|&j| space.names()[j].clone()).collect();
        let part =
            Space::new(names, space.outputs()).with_layers(features::layers(&features, space));
        let child = context.resolve.penalty(&self.penalty, &part).map_err(|e| e.at("penalty"))?;
        Ok(On::boxed(child, &features, space))
    }
}

fenchel_core::register_penalty!("on", OnSpec, {
    summary: "a penalty on part of the features; the others are not penalised",
    formula: "penalty(B_F), F = the listed features, all outputs",
    method: "prox: the inner penalty's on F, the identity elsewhere",
    combines: "any inner penalty, whose capabilities it keeps; several in a `sum`",
    example: "features = [0, 1]\npenalty = { type = \"l1\", lambda = 0.1 }",
    source: "Parikh & Boyd (2014), Proximal Algorithms, section 2.1 (separable sums)",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{build, message};

    #[test]
    fn every_kind_of_child_obeys_the_laws() {
        for outputs in [1, 2] {
            let space = Space::numbered(5, outputs);
            for inner in [
                r#"{"type":"l1","lambda":0.4}"#,
                r#"{"type":"mcp","lambda":0.4}"#,
                r#"{"type":"group_lasso","lambda":0.4,"groups":[["2","5"],["3"]]}"#,
                r#"{"type":"fused","lambda":0.4,"l1":0.5}"#,
                r#"{"type":"nonnegative"}"#,
                r#"{"type":"linear","operator":"difference","penalty":{"type":"l1"}}"#,
            ] {
                let json = format!(r#"{{"type":"on","features":["2:3",4],"penalty":{inner}}}"#);
                let penalty = build(&json, &space).unwrap();
                fenchel_laws::penalty::assert_laws(&*penalty, &space);
            }
        }
    }

    #[test]
    fn the_prox_leaves_the_other_features_alone() {
        let space = Space::numbered(3, 2);
        let penalty =
            build(r#"{"type":"on","features":["2"],"penalty":{"type":"l1"}}"#, &space).unwrap();
        let mut out = [0.0; 6];
        let value =
            penalty.as_prox().unwrap().prox(&[3.0, 3.0, -3.0, 0.5, 0.5, 0.5], 1.0, &mut out);
        assert_eq!((out, value), ([3.0, 2.0, -3.0, 0.5, 0.0, 0.5], 2.0));
        assert_eq!(penalty.lineality(), Lineality::Coordinates(vec![0, 2, 3, 5]));
        let elementary = penalty.as_elementary().unwrap();
        assert_eq!((elementary.scalar(1).l1, elementary.scalar(3)), (1.0, Scalar::ZERO));
    }

    #[test]
    fn the_child_sees_the_features_in_the_order_of_the_list() {
        let space = Space::numbered(4, 1);
        let penalty =
            build(r#"{"type":"on","features":["4","1","2"],"penalty":{"type":"fused"}}"#, &space);
        assert_eq!(penalty.unwrap().value(&[1.0, 5.0, 100.0, 2.0]), 1.0 + 4.0);
        let blocks = |features: &str| {
            let inner = r#"{"type":"group_lasso","groups":{"size":2}}"#;
            let json = format!(r#"{{"type":"on","features":{features},"penalty":{inner}}}"#);
            build(&json, &space).unwrap().as_blocks().map(|b| b.groups().len())
        };
        assert_eq!(blocks(r#"["1","3"]"#), Some(3));
        assert_eq!(blocks(r#"["3","1"]"#), None);
    }

    #[test]
    fn a_penalty_behind_an_operator_can_be_on_part_of_the_features() {
        let space = Space::numbered(6, 2);
        let penalty = build(
            r#"{"type":"on","features":["2:5"],"penalty":
                {"type":"linear","operator":"difference","order":2,"penalty":{"type":"l1"}}}"#,
            &space,
        )
        .unwrap();
        fenchel_laws::penalty::assert_laws(&*penalty, &space);
        let terms = penalty.as_terms().unwrap().terms();
        assert_eq!((terms.len(), terms[0].operator.unwrap().rows()), (1, 4));
    }

    #[test]
    fn mistakes_are_named() {
        let space = Space::numbered(3, 1);
        let error = message(r#"{"type":"on","features":["9"],"penalty":{"type":"l1"}}"#, &space);
        assert!(error.starts_with("features[0]: unknown feature \"9\""), "{error}");
        let error = message(
            r#"{"type":"on","features":["1:2"],"penalty":{"type":"group_lasso","groups":[[0,2]]}}"#,
            &space,
        );
        assert!(error.starts_with("penalty.groups.[0][1]: `feature index`"), "{error}");
        let error = message(r#"{"type":"on","features":[],"penalty":{"type":"l1"}}"#, &space);
        assert!(error.contains("at least one feature"), "{error}");
    }
}
