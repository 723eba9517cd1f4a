//! Numbers whose squares leave the range of double precision. Nothing computed from them would be
//! true, so they are refused, with the column's name, rather than rescaled in silence.

use fenchel_core::{Column, Response, kernels::max_abs};

use super::dataset::Dataset;
use super::error::DataError;

/// Largest magnitude whose square, summed over any number of samples, is finite.
const LARGEST: f64 = 1e150;

/// Smallest magnitude whose square is a normal number.
const SMALLEST: f64 = 1e-150;

/// Errors: at the first column, of the design or the response, that is out of range as a whole.
pub(super) fn check(dataset: &Dataset) -> Result<(), DataError> {
    let wrong = |name: &str, fault: String| {
        DataError::new(dataset.path(), format!("column \"{name}\" has {fault}"))
    };
    for j in 0..dataset.matrix.cols() {
        let (Column::Dense(values) | Column::Sparse(_, values)) = dataset.matrix.column(j);
        in_range(values).map_err(|message| wrong(&dataset.feature_names[j], message))?;
    }
    if let Response::Numeric { values, columns } = dataset.samples.response() {
        let n = values.len() / (*columns).max(1);
        for (k, values) in values.chunks(n.max(1)).enumerate() {
            let name = dataset.response_names.get(k).map_or("response", String::as_str);
            in_range(values).map_err(|message| wrong(name, message))?;
        }
    }
    Ok(())
}

fn in_range(values: &[f64]) -> Result<(), String> {
    let top = max_abs(values);
    let range = if top > LARGEST {
        "large"
    } else if top > 0.0 && top < SMALLEST {
        "small"
    } else {
        return Ok(());
    };
    Err(format!(
        "numbers so {range} (up to {top:e}) that their squares are out of range: rescale it"
    ))
}
