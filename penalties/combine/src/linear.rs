//! A penalty of a linear image of the coefficients.

use std::sync::Arc;

use fenchel_core::{
    BuildPenalty, Context, Convexity, Error, Lineality, Operator, Penalty, Raw, Space, Term, Terms,
};

use crate::behind::TermsBehind;
use crate::operator::{Difference, MatrixOperator};

/// A penalty behind a linear operator.
/// ```text
/// Omega(B) = omega(D B),    D applied to each column of B
/// ```
/// The prox has no closed form in general; splitting solvers take the child and `D` apart.
/// - Shapes: D is m x p, the child acts on the m x K numbers `D B`, which it calls `1 .. m`.
/// - Source: Tibshirani & Taylor (2011), Ann. Statist. 39(3), eq. 2 (generalized lasso).
#[derive(Debug)]
pub struct Linear {
    child: Arc<dyn Penalty>,
    operator: Arc<dyn Operator>,
    terms: TermsBehind,
    kernel: Arc<Lineality>,
}

impl Linear {
    /// A child behind an operator with the given kernel, or part of it.
    pub fn new(child: Box<dyn Penalty>, operator: Arc<dyn Operator>, kernel: Lineality) -> Self {
        Self::shared(child.into(), operator, Arc::new(kernel))
    }

    fn shared(
        child: Arc<dyn Penalty>,
        operator: Arc<dyn Operator>,
        kernel: Arc<Lineality>,
    ) -> Self {
        let terms = TermsBehind::new(Arc::clone(&child), &operator);
        Self { child, operator, terms, kernel }
    }
}

impl Penalty for Linear {
    fn value(&self, beta: &[f64]) -> f64 {
        let mut image = vec![0.0; self.operator.rows()];
        self.operator.mul(beta, &mut image);
        self.child.value(&image)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let child = self.child.scaled(scale).into();
        Box::new(Self::shared(child, Arc::clone(&self.operator), Arc::clone(&self.kernel)))
    }
    /// The modulus of weak convexity grows by at most `||D||^2`.
    fn convexity(&self) -> Convexity {
        match self.child.convexity() {
            Convexity::WeaklyConvex(rho) => {
                Convexity::WeaklyConvex(rho * self.operator.norm_bound())
            }
            other => other,
        }
    }
    /// The kernel of the operator: what it maps into the child's own lineality space is left out.
    fn lineality(&self) -> Lineality {
        match self.child.lineality() {
            Lineality::Everything => Lineality::Everything,
            _ => Lineality::clone(&self.kernel),
        }
    }
    fn as_terms(&self) -> Option<&dyn Terms> {
        Some(self)
    }
}

impl Terms for Linear {
    fn terms(&self) -> Vec<Term<'_>> {
        self.terms.terms()
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct LinearSpec {
    /// `"difference"`, or a file with the matrix: one row a row of D, one column a feature.
    operator: OperatorSpec,
    /// Order of the differences, 1 where absent; not with a matrix.
    #[schemars(range(min = 1))]
    order: Option<usize>,
    /// The penalty of the image, a table with its `type`.
    penalty: Raw,
}

/// An operator by name or by file.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "expected \"difference\" or { file = \"D.npy\" }")]
enum OperatorSpec {
    /// An operator that needs no data.
    Named(OperatorName),
    /// A matrix file.
    File(FileSpec),
}

/// Operators that need no data.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OperatorName {
    /// Differences along the features.
    Difference,
}

/// `{ file = "D.npy" }`.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileSpec {
    /// The matrix, relative to the problem file.
    file: String,
}

impl BuildPenalty for LinearSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let (p, outputs) = (context.space.features(), context.space.outputs());
        let (operator, kernel): (Arc<dyn Operator>, _) = match &self.operator {
            OperatorSpec::Named(OperatorName::Difference) => {
                let difference = Difference::new(self.order.unwrap_or(1), p, outputs)?;
                let kernel = difference.kernel();
                (Arc::new(difference), kernel)
            }
            OperatorSpec::File(_) if self.order.is_some() => {
                return Err(Error::Unsupported("`order` goes with \"difference\" only".into()));
            }
            OperatorSpec::File(FileSpec { file }) => {
                let matrix = context.resolve.matrix(file).and_then(|(entries, columns)| {
                    MatrixOperator::new(entries, columns, p, outputs)
                });
                let matrix = matrix.map_err(|e| e.at("operator"))?;
                let kernel = matrix.kernel();
                (Arc::new(matrix), kernel)
            }
        };
        let image = Space::numbered(operator.rows() / outputs.max(1), outputs);
        let child = context.resolve.penalty(&self.penalty, &image);
        Ok(Box::new(Linear::new(child.map_err(|e| e.at("penalty"))?, operator, kernel)))
    }
}

fenchel_core::register_penalty!("linear", LinearSpec, {
    summary: "a penalty of D B for a linear operator D: differences, or a matrix of one's own",
    formula: "penalty(D B), D applied to each column of B",
    method: "no prox; splitting solvers take the prox of the inner penalty and D apart",
    combines: "any inner penalty; solvers that split (admm)",
    example: "operator = \"difference\"\npenalty = { type = \"l1\", lambda = 0.1 }",
    source: "Tibshirani & Taylor (2011), Ann. Statist. 39(3), eq. 2",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{build, message};

    #[test]
    fn first_differences_under_l1_are_the_fused_penalty() {
        for outputs in [1, 2] {
            let space = Space::numbered(5, outputs);
            let linear = build(
                r#"{"type":"linear","operator":"difference","penalty":{"type":"l1","lambda":0.3}}"#,
                &space,
            );
            let linear = linear.unwrap();
            let fused = build(r#"{"type":"fused","lambda":0.3}"#, &space).unwrap();
            let b: Vec<f64> = (0..5 * outputs).map(|j| (j as f64 * 1.9).sin()).collect();
            assert!((linear.value(&b) - fused.value(&b)).abs() < 1e-14);
            assert_eq!(linear.lineality(), fused.lineality());
            fenchel_laws::penalty::assert_laws(&*linear, &space);
        }
    }

    #[test]
    fn higher_orders_and_matrices_obey_the_laws() {
        for outputs in [1, 2] {
            let space = Space::numbered(5, outputs);
            for json in [
                r#"{"type":"linear","operator":"difference","order":3,"penalty":{"type":"l1"}}"#,
                r#"{"type":"linear","operator":"difference","order":2,
                    "penalty":{"type":"group_lasso","groups":{"size":3}}}"#,
                r#"{"type":"linear","operator":{"file":"D.npy"},"penalty":{"type":"l2"}}"#,
            ] {
                let penalty = build(json, &space).unwrap();
                fenchel_laws::penalty::assert_laws(&*penalty, &space);
                assert_eq!(penalty.as_terms().unwrap().terms().len(), 1);
            }
        }
    }

    #[test]
    fn operators_compose_and_inner_sums_come_apart() {
        let space = Space::numbered(6, 2);
        let penalty = build(
            r#"{"type":"linear","operator":"difference","penalty":{"type":"sum","terms":[
                {"type":"group_lasso","groups":{"size":5}},
                {"type":"linear","operator":"difference","order":2,"penalty":{"type":"l1"}}]}}"#,
            &space,
        )
        .unwrap();
        fenchel_laws::penalty::terms_sum_to_the_value(&*penalty, &space).unwrap();
        fenchel_laws::penalty::operators_have_adjoints_and_bounds(&*penalty, &space).unwrap();
        let terms = penalty.as_terms().unwrap().terms();
        assert_eq!(terms.len(), 2);
        assert_eq!(terms[1].operator.unwrap().rows(), 3 * 2);
        assert!(terms.iter().all(|term| term.penalty.as_prox().is_some()));
    }

    #[test]
    fn mistakes_are_named() {
        let space = Space::numbered(4, 1);
        let error =
            message(r#"{"type":"linear","operator":"diference","penalty":{"type":"l1"}}"#, &space);
        assert!(error.contains("expected \"difference\" or { file = \"D.npy\" }"), "{error}");
        let error = message(
            r#"{"type":"linear","operator":"difference","order":4,"penalty":{"type":"l1"}}"#,
            &space,
        );
        assert!(error.contains("`order` must be between 1 and 3"), "{error}");
        let error = message(
            r#"{"type":"linear","operator":{"file":"D.npy"},"penalty":{"type":"l1"}}"#,
            &space,
        );
        assert_eq!(error, "operator: `row of the operator` has length 5, expected 4");
        let error = message(
            r#"{"type":"linear","operator":"difference","penalty":{"type":"l1","lambda":-1}}"#,
            &space,
        );
        assert!(error.starts_with("penalty: `lambda` must be"), "{error}");
    }
}
