//! Features ranked by their mutual information with the response, before any model is fitted.
//!
//! ```text
//! I(x; y) = sum over a, b of p(a, b) ln( p(a, b) / (p(a) p(b)) )      in nats, at least 0
//! ```
//! Estimated from kernel densities, from histograms, or from the correlation alone ([`Method`]). Each
//! feature is looked at by itself, in parallel, and the result is the same for any number of threads.
//!
//! Source: Yang, Asgharian, Bhagwat, Poline & Greenwood (2024), arXiv 2410.10082, for screening by kernel densities and by
//! bins; the parts name theirs.

mod bins;
mod conditional;
mod density;
mod joint;
mod settings;
mod spread;
mod variable;

use fenchel_core::{Column, Error, Matrix};
use rayon::prelude::*;

pub use settings::{Bandwidth, Method, Settings};

use joint::Work;
use variable::Variable;

/// Fewest samples of which anything is said.
pub const FEWEST_SAMPLES: usize = 5;

/// What features are compared with.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// Numbers, one a sample. Few distinct values count as classes.
    Numbers(&'a [f64]),
    /// Class numbers, one a sample.
    Classes(&'a [u32]),
}

/// The mutual information of each column of `matrix` with the target, in nats. A constant column has none.
///
/// Errors: [`Error::Data`] with fewer than [`FEWEST_SAMPLES`] samples, a cell or response that is not
/// finite, a response that is constant, or more than two classes under [`Method::Pearson`];
/// [`Error::Length`] unless there is one response a row; [`Error::Parameter`] for bad settings.
pub fn scores(matrix: &Matrix, target: Target<'_>, settings: &Settings) -> Result<Vec<f64>, Error> {
    settings.check()?;
    let n = matrix.rows();
    if n < FEWEST_SAMPLES {
        let message = format!("screening needs at least {FEWEST_SAMPLES} samples, got {n}");
        return Err(Error::Data(message));
    }
    let response = response(target, n, settings)?;
    let parts: Vec<Result<f64, Error>> = (0..matrix.cols())
        .into_par_iter()
        .map_init(Work::default, |work, j| {
            Ok(Variable::new(&column(matrix, j)?, settings).information(&response, settings, work))
        })
        .collect();
    // The first error by column, whichever thread met one first.
    parts.into_iter().collect()
}

/// The columns from the highest score to the lowest, the first of equal ones first.
pub fn ranking(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order
}

/// The first `top` columns of a ranking, less each that shares more than `threshold` nats with a better
/// one that was kept.
///
/// Errors: as [`scores`], and [`Error::Parameter`] for a threshold that is negative or not finite.
pub fn clump(
    matrix: &Matrix,
    ranking: &[usize],
    top: usize,
    threshold: f64,
    settings: &Settings,
) -> Result<Vec<usize>, Error> {
    settings.check()?;
    Error::check_non_negative("clump", threshold)?;
    let mut kept: Vec<(usize, Variable)> = Vec::new();
    for &j in ranking {
        if kept.len() >= top {
            break;
        }
        let candidate = Variable::new(&column(matrix, j)?, settings);
        let shared = |work: &mut Work, other: &(usize, Variable)| {
            candidate.information(&other.1, settings, work) > threshold
        };
        if !kept.par_iter().map_init(Work::default, shared).any(|shared| shared) {
            kept.push((j, candidate));
        }
    }
    Ok(kept.into_iter().map(|(j, _)| j).collect())
}

/// `sqrt(1 - exp(-2 I))`, Linfoot's coefficient: that of correlation, where both are normal.
pub fn linfoot(information: f64) -> f64 {
    (-(-2.0 * information).exp_m1()).sqrt()
}

fn response(target: Target<'_>, n: usize, settings: &Settings) -> Result<Variable, Error> {
    let response = match target {
        Target::Numbers(y) => {
            Error::check_length("response", y.len(), n)?;
            if let Some(i) = y.iter().position(|y| !y.is_finite()) {
                return Err(Error::Data(format!("response {} at sample {i} is not finite", y[i])));
            }
            Variable::new(y, settings)
        }
        Target::Classes(classes) => {
            Error::check_length("response", classes.len(), n)?;
            Variable::of_classes(classes, settings)?
        }
    };
    match response {
        Variable::Constant => Err(Error::Data("the response is constant: nothing tells it".into())),
        varies => Ok(varies.shared()),
    }
}

/// A column with its zeros.
fn column(matrix: &Matrix, j: usize) -> Result<Vec<f64>, Error> {
    let values = match matrix.column(j) {
        Column::Dense(values) => values.to_vec(),
        Column::Sparse(indices, stored) => {
            let mut values = vec![0.0; matrix.rows()];
            for (i, x) in indices.iter().zip(stored) {
                values[*i as usize] = *x;
            }
            values
        }
    };
    match values.iter().position(|x| !x.is_finite()) {
        Some(i) => {
            let message = format!("{} at sample {i} of column {j} is not finite", values[i]);
            Err(Error::Data(message))
        }
        None => Ok(values),
    }
}
