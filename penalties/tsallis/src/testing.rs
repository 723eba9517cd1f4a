//! Building penalties in tests as a problem file does.

use fenchel_core::{Context, Error, Penalty, PenaltySpec, Raw, Resolve, Space};

/// The penalty of a JSON table, or the message that says why there is none.
pub(crate) fn build(table: &str, space: &Space) -> Result<Box<dyn Penalty>, String> {
    let spec: Box<dyn PenaltySpec> = serde_json::from_str(table).map_err(|e| e.to_string())?;
    spec.build(&Context { space, resolve: &Nothing }).map_err(|e| e.to_string())
}

struct Nothing;

impl Resolve for Nothing {
    fn penalty(&self, _raw: &Raw, _space: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("no nested penalties here".into()))
    }
    fn table_column(&self, file: &str, _column: &str) -> Result<Vec<String>, Error> {
        Err(Error::Data(format!("no file {file} here")))
    }
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        Err(Error::Data(format!("no file {file} here")))
    }
}
