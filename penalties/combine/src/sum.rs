//! Sums of penalties on the same coefficients.
//!
//! A sum seldom has a prox, even where its terms have one. Three kinds are told apart, by what the
//! terms offer: all elementary (the sum is elementary too), on disjoint supports (the prox is each
//! term's in turn), anything else (a splitting solver takes the terms one by one).

use fenchel_core::{BuildPenalty, Context, Convexity, Error, Lineality, Penalty, Raw, Term, Terms};

use crate::disjoint::DisjointSum;
use crate::elementary::ElementarySum;
use crate::subspace;

/// The sum of `terms`, at least one, on `coefficients` coefficients.
/// ```text
/// Omega(B) = sum_t Omega_t(B)
/// ```
/// - All terms elementary: separable, with prox, conjugate, subdifferential, zero threshold.
/// - No coefficient in two terms: the prox and all else term by term.
/// - Otherwise value, lineality and the terms. Elementary terms are merged into one, and sums
///   without a prox of their own are flattened, so that a splitting has as few parts as can be.
///
/// # Panics
/// Without terms.
pub fn sum_of(mut terms: Vec<Box<dyn Penalty>>, coefficients: usize) -> Box<dyn Penalty> {
    assert!(!terms.is_empty(), "a sum has at least one term");
    if terms.len() > 1 {
        let is_elementary = |term: &dyn Penalty| term.as_elementary().is_some();
        if terms.iter().filter(|term| is_elementary(&***term)).count() > 1 {
            let first = terms.iter().position(|term| is_elementary(&**term));
            let (elementary, mut others): (Vec<_>, Vec<_>) =
                terms.into_iter().partition(|term| is_elementary(&**term));
            let merged = Box::new(ElementarySum::new(elementary, coefficients));
            others.insert(first.expect("there are two"), merged);
            terms = others;
        }
    }
    if terms.len() == 1 {
        return terms.pop().expect("one term");
    }
    match DisjointSum::new(terms, coefficients) {
        Ok(sum) => Box::new(sum),
        Err(terms) => Box::new(GeneralSum { terms, coefficients }),
    }
}

/// A sum of which nothing more is known.
#[derive(Debug)]
struct GeneralSum {
    terms: Vec<Box<dyn Penalty>>,
    coefficients: usize,
}

impl Penalty for GeneralSum {
    fn value(&self, beta: &[f64]) -> f64 {
        self.terms.iter().map(|term| term.value(beta)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        sum_of(self.terms.iter().map(|term| term.scaled(scale)).collect(), self.coefficients)
    }
    /// The moduli of weak convexity add up to a bound.
    fn convexity(&self) -> Convexity {
        self.terms.iter().fold(Convexity::Convex, |sum, term| match (sum, term.convexity()) {
            (Convexity::Nonconvex, _) | (_, Convexity::Nonconvex) => Convexity::Nonconvex,
            (Convexity::WeaklyConvex(a), Convexity::WeaklyConvex(b)) => {
                Convexity::WeaklyConvex(a + b)
            }
            (Convexity::Convex, other) | (other, Convexity::Convex) => other,
        })
    }
    fn lineality(&self) -> Lineality {
        self.terms
            .iter()
            .map(|term| term.lineality())
            .reduce(|a, b| subspace::intersection(a, b, self.coefficients))
            .unwrap_or(Lineality::Everything)
    }
    fn as_terms(&self) -> Option<&dyn Terms> {
        Some(self)
    }
}

impl Terms for GeneralSum {
    fn terms(&self) -> Vec<Term<'_>> {
        let mut all = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            match term.as_terms().filter(|_| term.as_prox().is_none()) {
                Some(inner) => all.extend(inner.terms()),
                None => all.push(Term { penalty: &**term, operator: None }),
            }
        }
        all
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct SumSpec {
    /// The penalties that are added, at least one, each a table with its `type`.
    #[schemars(length(min = 1))]
    terms: Vec<Raw>,
}

impl BuildPenalty for SumSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        if self.terms.is_empty() {
            return Err(Error::parameter("terms", "a list of at least one penalty", "[]"));
        }
        let build = |(i, raw): (usize, &Raw)| {
            let term = context.resolve.penalty(raw, context.space);
            term.map_err(|e| e.at(format!("terms[{i}]")))
        };
        let terms = self.terms.iter().enumerate().map(build).collect::<Result<Vec<_>, _>>()?;
        Ok(sum_of(terms, context.space.len()))
    }
}

fenchel_core::register_penalty!("sum", SumSpec, {
    summary: "several penalties added up",
    formula: "sum_t terms_t(B)",
    method: "prox: closed where all terms are elementary, term by term where no coefficient is in \
             two terms; otherwise splitting solvers take the terms one by one",
    combines: "any penalties, sums included; the capabilities follow from the terms",
    example: "terms = [{ type = \"l1\", lambda = 0.1 }, { type = \"nonnegative\" }]",
    source: "Combettes & Pesquet (2011), Proximal Splitting Methods in Signal Processing, table 10.2",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Space;

    use super::*;
    use crate::testing::{build, message};

    fn laws(json: &str, space: &Space) -> Box<dyn Penalty> {
        let penalty = build(json, space).unwrap();
        fenchel_laws::penalty::assert_laws(&*penalty, space);
        penalty
    }

    #[test]
    fn elementary_terms_make_an_elementary_sum() {
        for outputs in [1, 2] {
            let penalty = laws(
                r#"{"type":"sum","terms":[{"type":"l1","lambda":0.3},{"type":"nonnegative"},
                    {"type":"l2","lambda":0.5},{"type":"l1","lambda":0.2}]}"#,
                &Space::numbered(4, outputs),
            );
            let scalar = penalty.as_elementary().unwrap().scalar(1);
            assert_eq!((scalar.l1, scalar.l2, scalar.lower), (0.5, 0.5, 0.0));
            assert_eq!(penalty.as_terms().unwrap().terms().len(), 4);
            assert!(penalty.as_separable().is_some() && penalty.as_conjugate().is_some());
        }
    }

    #[test]
    fn terms_on_disjoint_features_are_treated_one_by_one() {
        for outputs in [1, 2] {
            let penalty = laws(
                r#"{"type":"sum","terms":[
                    {"type":"on","features":["1:3"],"penalty":{"type":"group_lasso","lambda":0.3,"groups":[[0,2],[1]]}},
                    {"type":"on","features":["4"],"penalty":{"type":"l1","lambda":0.5}}]}"#,
                &Space::numbered(5, outputs),
            );
            assert!(penalty.as_prox().is_some() && penalty.as_conjugate().is_some());
            assert!(penalty.as_separable().is_none());
            let free = (0..outputs).map(|k| 4 + 5 * k).collect();
            assert_eq!(penalty.lineality(), Lineality::Coordinates(free));
        }
    }

    #[test]
    fn disjoint_separable_terms_are_separable() {
        let penalty = laws(
            r#"{"type":"sum","terms":[
                {"type":"on","features":[0,1],"penalty":{"type":"mcp","lambda":0.3}},
                {"type":"on","features":[3],"penalty":{"type":"l1"}}]}"#,
            &Space::numbered(4, 2),
        );
        assert!(penalty.as_separable().is_some());
        assert_eq!(penalty.convexity(), Convexity::WeaklyConvex(1.0 / 3.0));
    }

    #[test]
    fn other_sums_offer_their_terms_flattened_and_merged() {
        let space = Space::numbered(4, 1);
        let penalty = laws(
            r#"{"type":"sum","terms":[{"type":"l1"},
                {"type":"sum","terms":[{"type":"fused"},{"type":"group_lasso","groups":{"size":2}}]},
                {"type":"nonnegative"}]}"#,
            &space,
        );
        assert!(penalty.as_prox().is_none());
        let terms = penalty.as_terms().unwrap().terms();
        assert_eq!(terms.len(), 3);
        assert!(terms.iter().all(|term| term.penalty.as_prox().is_some()));
        assert!(terms[0].penalty.as_elementary().is_some());
    }

    #[test]
    fn a_sum_of_one_is_its_term_with_all_that_it_offers() {
        let penalty = build(
            r#"{"type":"sum","terms":[{"type":"group_lasso","groups":{"size":2}}]}"#,
            &Space::numbered(4, 1),
        );
        assert!(penalty.unwrap().as_blocks().is_some());
    }

    #[test]
    fn what_is_constant_for_every_term_is_constant_for_the_sum() {
        let space = Space::numbered(4, 2);
        let penalty = laws(
            r#"{"type":"sum","terms":[{"type":"fused"},
                {"type":"linear","operator":"difference","order":2,"penalty":{"type":"l1"}}]}"#,
            &space,
        );
        let Lineality::Basis(basis) = penalty.lineality() else { panic!() };
        assert_eq!(basis.len(), 2);
        assert_eq!(penalty.scaled(0.0).lineality(), Lineality::Everything);
    }

    #[test]
    fn errors_say_which_term_they_are_in() {
        let space = Space::numbered(3, 1);
        let error = message(r#"{"type":"sum","terms":[]}"#, &space);
        assert_eq!(error, ": `terms` must be a list of at least one penalty, got []");
        let error = message(
            r#"{"type":"sum","terms":[{"type":"l1"},{"type":"sum","terms":[{"type":"l1","lambda":-1}]}]}"#,
            &space,
        );
        assert_eq!(error, "terms[1].terms[0]: `lambda` must be finite and at least 0, got -1");
    }
}
