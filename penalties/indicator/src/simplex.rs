//! Coefficients that are shares of a whole.

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Space,
    Subdifferential, simplex,
};

/// The indicator of the simplex, output by output:
/// ```text
/// Omega(B)           = 0 if B >= 0 and sum_j B_jk = radius for every output k, else infinity
/// prox_{t Omega}(v)  = max(v - tau, 0),  tau such that the sum is the radius
/// dOmega(b)          = { u : u_j = c where b_j > 0, u_j <= c where b_j = 0 }
/// Omega*(u)          = radius sum_k max_j u_jk
/// ```
/// - Shapes: `beta`, `v`, `out` are p x K, column by column, each column on a simplex of its own. The
///   distance to the subdifferential is the largest over the entries.
/// - There is no lambda: scaling changes nothing. The sum is tested up to rounding.
/// - Errors: [`Error::Parameter`] unless `radius` is finite and greater than 0.
/// - Source: Held, Wolfe & Crowder (1974), Math. Program. 6; Duchi et al. (2008), ICML.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simplex {
    radius: f64,     // finite, greater than 0
    features: usize, // at least 1
}

impl Simplex {
    /// Checks the parameter.
    pub fn new(radius: f64, space: &Space) -> Result<Self, Error> {
        Ok(Self {
            radius: Error::check_above("radius", radius, 0.0)?,
            features: space.features().max(1),
        })
    }
}

impl Penalty for Simplex {
    fn value(&self, beta: &[f64]) -> f64 {
        let inside = beta.chunks(self.features).all(|b| simplex::contains(b, self.radius));
        if inside { 0.0 } else { f64::INFINITY }
    }
    fn scaled(&self, _scale: f64) -> Box<dyn Penalty> {
        Box::new(*self)
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

impl Prox for Simplex {
    /// NaN throughout a column that is not finite.
    fn prox(&self, v: &[f64], _step: f64, out: &mut [f64]) -> f64 {
        let mut scratch = Vec::with_capacity(self.features);
        for (v, out) in v.chunks(self.features).zip(out.chunks_mut(self.features)) {
            simplex::project(v, self.radius, &mut scratch, out);
        }
        if out.iter().any(|b| b.is_nan()) { f64::NAN } else { 0.0 }
    }
}

impl Subdifferential for Simplex {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        if !self.value(beta).is_finite() {
            return f64::INFINITY;
        }
        let columns = beta.chunks(self.features).zip(grad.chunks(self.features));
        let distances =
            columns.map(|(b, g)| simplex::distance(b.iter().zip(g).map(|(b, g)| (-g, *b == 0.0))));
        distances.fold(0.0, fenchel_core::worst)
    }
}

impl Conjugate for Simplex {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let top = |u: &[f64]| u.iter().fold(f64::NEG_INFINITY, |top, u| top.max(*u));
        if u.iter().any(|u| u.is_nan()) {
            return f64::INFINITY;
        }
        self.radius * u.chunks(self.features).map(top).sum::<f64>()
    }
    fn dual_scale(&self, _u: &[f64]) -> f64 {
        1.0
    }
}

/// Coefficients at least zero with a given sum.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct SimplexSpec {
    /// The sum of the coefficients of each output, greater than 0.
    #[serde(default = "fenchel_core::one")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    radius: f64,
}

impl BuildPenalty for SimplexSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(Simplex::new(self.radius, context.space)?))
    }
}

fenchel_core::register_penalty!("simplex", SimplexSpec, {
    summary: "indicator: coefficients at least zero whose sum is given, output by output",
    formula: "0 if b >= 0 and sum_j b_j = radius, else infinity",
    method: "prox: max(v - tau, 0), tau by partitions around pivots, O(p) expected. Convex",
    combines: "every smooth loss by proximal gradient; duality gap known. It acts on the scaled \
               columns: with `standardize = false` the shares are those of the columns as they are",
    example: "radius = 1.0",
    source: "Held, Wolfe & Crowder (1974), Math. Program. 6; Duchi et al. (2008), ICML",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::build;
    use fenchel_laws::penalty::assert_laws;

    #[test]
    fn obeys_the_laws() {
        for (features, outputs) in [(5, 1), (1, 1), (3, 2)] {
            let space = Space::numbered(features, outputs);
            for radius in [0.2, 1.0, 30.0] {
                assert_laws(&Simplex::new(radius, &space).unwrap(), &space);
            }
        }
    }

    #[test]
    fn each_output_has_a_simplex_of_its_own() {
        let simplex = Simplex::new(1.0, &Space::numbered(2, 2)).unwrap();
        let mut out = [f64::NAN; 4];
        simplex.prox(&[1.0, 0.5, -3.0, -5.0], 2.0, &mut out);
        assert_eq!(out, [0.75, 0.25, 1.0, 0.0]);
        assert_eq!(simplex.value(&out), 0.0);
        assert_eq!(simplex.value(&[1.0, 1.0, 0.0, 0.0]), f64::INFINITY);
        assert_eq!(simplex.conjugate(&[1.0, 2.0, -1.0, -4.0]), 1.0);
    }

    #[test]
    fn files_give_the_radius() {
        let space = Space::numbered(2, 1);
        let penalty = build(r#"{"type": "simplex", "radius": 3}"#, &space).unwrap();
        assert_eq!(penalty.value(&[1.0, 2.0]), 0.0);
        let message = build(r#"{"type": "simplex", "radius": 0}"#, &space).unwrap_err();
        assert_eq!(message, "`radius` must be finite and greater than 0, got 0");
        let message = build(r#"{"type": "simplex", "lambda": 1}"#, &space).unwrap_err();
        assert!(message.contains("unknown field `lambda`"), "{message}");
    }
}
