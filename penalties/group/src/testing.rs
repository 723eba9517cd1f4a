//! What the tests of this crate share.

use fenchel_core::{Context, Error, Groups, Penalty, PenaltySpec, Raw, Resolve, Space};

/// Three groups of sizes 2, 2 and 1 that are not consecutive.
pub(crate) fn uneven() -> Groups {
    Groups::new(5, &[vec![0, 2], vec![4, 1], vec![3]], |j| j.to_string()).unwrap()
}

/// The prox objective at `out` is at most that at points around it.
pub(crate) fn beats_its_neighbours(penalty: &dyn Penalty, v: &[f64], step: f64, out: &[f64]) {
    let objective = |b: &[f64]| {
        let square: f64 = b.iter().zip(v).map(|(b, v)| (b - v).powi(2)).sum();
        penalty.value(b) + square / (2.0 * step)
    };
    let best = objective(out);
    for trial in 0..400 {
        let size = 10f64.powi(-(trial % 5));
        let near: Vec<f64> = out
            .iter()
            .enumerate()
            .map(|(j, b)| b + size * (1.7 * trial as f64 + 2.3 * j as f64).sin())
            .collect();
        assert!(objective(&near) >= best - 1e-14);
    }
}

/// Builds the penalty of a JSON table.
pub(crate) fn spec(json: &str, space: &Space) -> Result<Box<dyn Penalty>, Error> {
    let spec: Box<dyn PenaltySpec> =
        serde_json::from_str(json).map_err(|e| Error::Spec { message: e.to_string() })?;
    spec.build(&Context { space, resolve: &NoFiles })
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
