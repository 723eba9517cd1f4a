//! Row-wise sparsity for several outputs.

use fenchel_core::{BuildPenalty, Context, Error, Groups, Penalty};

use crate::GroupLasso;

/// What the file says: `lambda sum_j sqrt(K) ||B_j.||_2`, the group lasso whose groups are the rows
/// of B, so that a feature enters for all outputs or for none.
///
/// Source: Obozinski, Taskar & Jordan (2010), Statistics and Computing 20(2), eq. 2.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct RowGroupSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
}

impl BuildPenalty for RowGroupSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let space = context.space;
        let rows = Groups::singletons(space.features());
        Ok(Box::new(GroupLasso::new(self.lambda, rows, space.outputs(), None)?))
    }
}

fenchel_core::register_penalty!("row_group", RowGroupSpec, {
    summary: "sum of the norms of the rows of B: a feature serves all outputs or none",
    formula: "lambda * sum_j sqrt(K) * ||B_j.||_2",
    method: "prox: row soft threshold, B_j. * max(1 - t lambda sqrt(K) / ||B_j.||_2, 0)",
    combines: "losses with several outputs; for one output it is the lasso; duality gap known",
    example: "lambda = 0.1",
    source: "Obozinski, Taskar & Jordan (2010), Statistics and Computing 20(2), eq. 2",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Space;

    use crate::testing::spec;

    #[test]
    fn the_value_is_the_scaled_sum_of_row_norms() {
        let space = Space::numbered(2, 2);
        let penalty = spec(r#"{"type":"row_group","lambda":2}"#, &space).unwrap();
        // Rows (3, 4) and (0, 1).
        let value = penalty.value(&[3.0, 0.0, 4.0, 1.0]);
        assert!((value - 2.0 * 2f64.sqrt() * 6.0).abs() < 1e-14);
        fenchel_laws::penalty::assert_laws(&*penalty, &space);
    }

    #[test]
    fn one_output_is_the_lasso() {
        let penalty = spec(r#"{"type":"row_group"}"#, &Space::numbered(3, 1)).unwrap();
        let mut out = [0.0; 3];
        let value = penalty.as_prox().unwrap().prox(&[3.0, -0.5, -2.0], 1.0, &mut out);
        assert_eq!((out, value), ([2.0, 0.0, -1.0], 3.0));
    }

    #[test]
    fn a_negative_lambda_is_refused() {
        let error = spec(r#"{"type":"row_group","lambda":-0.5}"#, &Space::numbered(3, 1));
        assert!(error.unwrap_err().to_string().contains("`lambda` must be finite and at least 0"));
    }
}
