//! What the tests of this crate share.

use fenchel_core::{Context, Error, Penalty, PenaltySpec, Raw, Resolve, Space};

/// Builds the penalty of a JSON table; the error in words.
pub(crate) fn build(json: &str, space: &Space) -> Result<Box<dyn Penalty>, String> {
    let spec: Box<dyn PenaltySpec> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    spec.build(&Context { space, resolve: &NoFiles }).map_err(|e| e.to_string())
}

/// Numbers in `[-4, 4]`, of which every fourth input holds ties and every fourth zeros.
pub(crate) fn numbers(n: usize, seed: usize) -> Vec<f64> {
    let number = |i: usize| {
        let z = ((i * 37 + seed * 101) as f64 * 0.618_033_988_7).sin() * 4.0;
        match seed % 4 {
            0 => z.round(),
            1 if i.is_multiple_of(3) => 0.0,
            _ => z,
        }
    };
    (0..n).map(number).collect()
}

struct NoFiles;

impl Resolve for NoFiles {
    fn penalty(&self, _: &Raw, _: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("no nested penalties here".into()))
    }
    fn table_column(&self, file: &str, _: &str) -> Result<Vec<String>, Error> {
        Err(Error::Data(format!("no file {file}")))
    }
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        Err(Error::Data(format!("no file {file}")))
    }
}
