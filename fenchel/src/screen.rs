//! Features ranked by what they tell of the response, and the best of them chosen before a fit.

use fenchel_core::{Error, Response, Samples};
use fenchel_screening::{Columns, Settings, Target, clump, linfoot, ranking, scores};

use crate::data::{Dataset, Screened};
use crate::file::ScreenConfig;

/// A feature with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The column of the design.
    pub column: usize,
    /// Mutual information with the response, in nats.
    pub information: f64,
}

impl Ranked {
    /// The information as a coefficient between 0 and 1.
    pub fn linfoot(&self) -> f64 {
        linfoot(self.information)
    }
}

/// The features from the best on, at most `top` of them; with a threshold, less those that share more
/// than that with a better one. `threads` is 0 for as many as the machine has.
///
/// Errors: [`Error::Unsupported`] for a response that is no single column, for sample weights, and for an
/// identity design; [`Error::Parameter`] and [`Error::Data`] of the estimators.
pub fn rank(
    dataset: &Dataset,
    settings: &Settings,
    top: usize,
    threshold: Option<f64>,
    threads: usize,
) -> Result<Vec<Ranked>, Error> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Unsupported(format!("cannot start worker threads: {e}")))?;
    let columns = Columns::from(&*dataset.matrix);
    pool.install(|| best(dataset, columns, &dataset.samples, settings, top, threshold))
}

/// Of some samples, on the threads of the caller's pool.
fn best(
    dataset: &Dataset,
    columns: Columns<'_>,
    samples: &Samples,
    settings: &Settings,
    top: usize,
    threshold: Option<f64>,
) -> Result<Vec<Ranked>, Error> {
    let unsupported = |message: &str| Err(Error::Unsupported(message.into()));
    if samples.weights().is_some() {
        return unsupported("screening takes every sample alike, and the data have `weights`");
    }
    if dataset.matrix.is_identity() {
        return unsupported("an identity design has no features to screen");
    }
    let target = match samples.response() {
        Response::Numeric { values, columns: 1 } => Target::Numbers(values),
        Response::Classes { class, .. } => Target::Classes(class),
        Response::Numeric { .. } => {
            return unsupported("screening is for one response, and several are named");
        }
        Response::Survival { .. } => {
            return unsupported("screening is for numbers and classes, not for survival times");
        }
        Response::None { .. } => return unsupported("without a response nothing can be screened"),
    };
    let scores = scores(columns, target, settings).map_err(|e| by_name(e, dataset))?;
    let mut order = ranking(&scores);
    order = match threshold {
        Some(threshold) => clump(columns, &order, top, threshold, settings)?,
        None => {
            order.truncate(top);
            order
        }
    };
    Ok(order.into_iter().map(|column| Ranked { column, information: scores[column] }).collect())
}

/// The data with the features that `[screen]` keeps, in the order of the file.
///
/// Errors: as [`rank`].
pub fn screened(
    dataset: &Dataset,
    config: &ScreenConfig,
    threads: usize,
) -> Result<Dataset, Error> {
    let mut kept = rank(dataset, &config.settings(), config.top, config.clump, threads)?;
    kept.sort_by_key(|ranked| ranked.column);
    let columns: Vec<usize> = kept.iter().map(|ranked| ranked.column).collect();
    let record = Screened {
        features: dataset.matrix.cols(),
        information: kept.iter().map(|ranked| ranked.information).collect(),
    };
    Ok(dataset.with_features(&columns, record))
}

/// The columns that `[screen]` keeps where it sees these samples alone, ascending. Works on the threads of
/// the caller's pool.
///
/// Errors: as [`rank`].
pub fn kept(dataset: &Dataset, config: &ScreenConfig, rows: &[usize]) -> Result<Vec<usize>, Error> {
    let samples = dataset.samples.select(rows)?;
    let columns = Columns { matrix: &dataset.matrix, rows: Some(rows) };
    let ranked = best(dataset, columns, &samples, &config.settings(), config.top, config.clump)?;
    let mut kept: Vec<usize> = ranked.iter().map(|ranked| ranked.column).collect();
    kept.sort_unstable();
    Ok(kept)
}

/// A column's number in an error of the estimators becomes its name: no data that was read has such a
/// cell, but a caller's may.
fn by_name(error: Error, dataset: &Dataset) -> Error {
    let Error::Data(message) = &error else { return error };
    let named = dataset.feature_names.iter().enumerate().find_map(|(j, name)| {
        let number = format!("of column {j} is");
        message.contains(&number).then(|| message.replace(&number, &format!("of \"{name}\" is")))
    });
    named.map_or(error, Error::Data)
}
