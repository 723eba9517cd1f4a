//! What the tests of this crate share: a registry of the linked families.

use fenchel_core::{Context, Error, Penalty, PenaltySpec, Raw, Resolve, Space};
use {
    fenchel_penalty_fused as _, fenchel_penalty_group as _, fenchel_penalty_indicator as _,
    fenchel_penalty_l1 as _, fenchel_penalty_nonconvex as _,
};

struct Families;

impl Resolve for Families {
    fn penalty(&self, raw: &Raw, space: &Space) -> Result<Box<dyn Penalty>, Error> {
        let spec: Box<dyn PenaltySpec> =
            serde_json::from_value(serde_json::Value::Object(raw.0.clone()))
                .map_err(|e| Error::Spec { message: e.to_string() })?;
        spec.build(&Context { space, resolve: self })
    }
    fn table_column(&self, file: &str, _: &str) -> Result<Vec<String>, Error> {
        Err(Error::Data(format!("no file {file}")))
    }
    /// A 3 x 5 matrix of rank 2.
    fn matrix(&self, _: &str) -> Result<(Vec<f64>, usize), Error> {
        let rows =
            [[1.0, -1.0, 0.0, 0.0, 2.0], [0.0, 0.5, 0.0, -0.5, 0.0], [1.0, 0.0, 0.0, -1.0, 2.0]];
        Ok((rows.concat(), 5))
    }
}

/// Builds the penalty of a JSON table.
pub(crate) fn build(json: &str, space: &Space) -> Result<Box<dyn Penalty>, Error> {
    Families.penalty(&serde_json::from_str(json).expect("the test writes JSON"), space)
}

/// The error of a JSON table as `path: message`.
pub(crate) fn message(json: &str, space: &Space) -> String {
    let mut error = build(json, space).expect_err("the table is wrong");
    let mut path = Vec::new();
    while let Error::At { path: key, source } = error {
        path.push(key);
        error = *source;
    }
    format!("{}: {error}", path.join("."))
}
