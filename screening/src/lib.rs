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
mod fourier;
mod joint;
mod settings;
mod spread;
mod variable;

use fenchel_core::{Column, Error, Matrix};
use rayon::prelude::*;

pub use settings::{Bandwidth, Kernel, Method, Settings};

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

/// The columns that are ranked, of all samples or of some.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// The columns, n x p.
    pub matrix: &'a Matrix,
    /// The samples that are looked at, where these are not all.
    pub rows: Option<&'a [usize]>,
}

impl<'a> From<&'a Matrix> for Columns<'a> {
    fn from(matrix: &'a Matrix) -> Self {
        Self { matrix, rows: None }
    }
}

/// The mutual information of each column with the target, in nats. A constant column has none. The target
/// is that of the samples that are looked at.
///
/// Errors: [`Error::Data`] with fewer than [`FEWEST_SAMPLES`] samples, a cell or response that is not
/// finite, a response that is constant, or more than two classes under [`Method::Pearson`];
/// [`Error::Length`] unless there is one response a row; [`Error::Parameter`] for bad settings.
pub fn scores<'a>(
    columns: impl Into<Columns<'a>>,
    target: Target<'_>,
    settings: &Settings,
) -> Result<Vec<f64>, Error> {
    settings.check()?;
    let columns = columns.into();
    let n = columns.samples();
    if n < FEWEST_SAMPLES {
        let message = format!("screening needs at least {FEWEST_SAMPLES} samples, got {n}");
        return Err(Error::Data(message));
    }
    let response = response(target, n, settings)?;
    let parts: Vec<Result<f64, Error>> = (0..columns.matrix.cols())
        .into_par_iter()
        .map_init(Work::default, |work, j| {
            Ok(Variable::new(&columns.values(j)?, settings).information(&response, settings, work))
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
pub fn clump<'a>(
    columns: impl Into<Columns<'a>>,
    ranking: &[usize],
    top: usize,
    threshold: f64,
    settings: &Settings,
) -> Result<Vec<usize>, Error> {
    settings.check()?;
    Error::check_non_negative("clump", threshold)?;
    let columns = columns.into();
    let mut kept: Vec<(usize, Variable)> = Vec::new();
    for &j in ranking {
        if kept.len() >= top {
            break;
        }
        let candidate = Variable::new(&columns.values(j)?, settings);
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

impl Columns<'_> {
    fn samples(&self) -> usize {
        self.rows.map_or(self.matrix.rows(), <[usize]>::len)
    }

    /// A column with its zeros.
    fn values(&self, j: usize) -> Result<Vec<f64>, Error> {
        let values = match (self.matrix.column(j), self.rows) {
            (Column::Dense(values), None) => values.to_vec(),
            (Column::Dense(values), Some(rows)) => rows.iter().map(|&i| values[i]).collect(),
            (Column::Sparse(indices, stored), rows) => {
                let mut values = vec![0.0; self.matrix.rows()];
                for (i, x) in indices.iter().zip(stored) {
                    values[i] = *x;
                }
                match rows {
                    Some(rows) => rows.iter().map(|&i| values[i]).collect(),
                    None => values,
                }
            }
        };
        match values.iter().position(|x| !x.is_finite()) {
            Some(at) => {
                let (x, sample) = (values[at], self.rows.map_or(at, |rows| rows[at]));
                let message = format!("{x} at sample {sample} of column {j} is not finite");
                Err(Error::Data(message))
            }
            None => Ok(values),
        }
    }
}
