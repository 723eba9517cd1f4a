//! The factor in front of every block's norm, common to the penalties of this crate.

use std::sync::Arc;

use fenchel_core::{Error, Groups, Lineality};

/// `w_g sqrt(|g| K)` for every group; ones where there are no weights.
///
/// Errors: another number of weights than groups; a negative or non-finite one.
pub(crate) fn group_weights(
    groups: &Groups,
    outputs: usize,
    weights: Option<&[f64]>,
) -> Result<Arc<[f64]>, Error> {
    if let Some(weights) = weights {
        Error::check_length("weights", weights.len(), groups.len())?;
        for (g, &w) in weights.iter().enumerate() {
            Error::check_non_negative(&format!("weights[{g}]"), w)?;
        }
    }
    Ok((0..groups.len())
        .map(|g| {
            let size = (groups.members(g).len() * outputs) as f64;
            weights.map_or(1.0, |w| w[g]) * size.sqrt()
        })
        .collect())
}

/// The lineality space of a block penalty: the coefficients of the groups that `free` names.
pub(crate) fn lineality(
    groups: &Groups,
    outputs: usize,
    free: impl Fn(usize) -> bool,
) -> Lineality {
    let p = groups.features();
    let mut rows: Vec<usize> =
        (0..groups.len()).filter(|&g| free(g)).flat_map(|g| groups.members(g)).copied().collect();
    if rows.is_empty() {
        return Lineality::Trivial;
    }
    if rows.len() == p {
        return Lineality::Everything;
    }
    rows.sort_unstable();
    Lineality::Coordinates((0..outputs).flat_map(|k| rows.iter().map(move |j| j + k * p)).collect())
}

/// `max(a - b, 0)`, where a NaN stays one (`f64::max` would lose it).
#[inline]
pub(crate) fn excess(a: f64, b: f64) -> f64 {
    if a <= b { 0.0 } else { a - b }
}
