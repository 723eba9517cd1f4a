//! Features screened anew in every fold.
//!
//! Screening looks at responses, so it is a part of the fit: a model that is measured on a fold must not
//! have chosen its features by that fold's responses. Each fold's model has features of its own, and with
//! them a penalty and a loss that are bound to these.

use std::sync::Arc;

use fenchel_core::{Error as Core, Loss, Names, Objective, Penalty, Problem, Space};
use fenchel_solvers::Method;

use super::assemble::{Rows, assemble};
use super::folds::{self, Assignment};
use super::plan::space;
use super::{Candidates, Error, Job};
use crate::{auto, screen};

/// The model of one fold.
#[derive(Debug)]
pub(super) struct FoldModel {
    /// The features that were kept, by their columns among all.
    pub columns: Vec<usize>,
    /// Where the loss names features.
    loss: Option<Box<dyn Loss>>,
    pub penalty: Box<dyn Penalty>,
}

impl FoldModel {
    /// All samples with the features of this model.
    pub(super) fn rows(&self, job: &Job) -> Rows {
        let all = &job.candidates.as_ref().expect("a fold's model is chosen among them").dataset;
        Rows { matrix: Arc::new(all.matrix.select_cols(&self.columns)), ..Rows::all(&job.dataset) }
    }

    /// The loss, its features found among those that were kept.
    pub(super) fn loss<'a>(&'a self, job: &'a Job) -> &'a dyn Loss {
        self.loss.as_deref().unwrap_or(job.loss.as_ref())
    }

    fn names(&self, candidates: &Candidates) -> Vec<String> {
        self.columns.iter().map(|&j| candidates.dataset.feature_names[j].to_owned()).collect()
    }
}

/// The names of each model's features.
pub(super) fn names(job: &Job, models: &[FoldModel]) -> Vec<Vec<String>> {
    let Some(candidates) = &job.candidates else { return Vec::new() };
    models.iter().map(|model| model.names(candidates)).collect()
}

/// Screens without each fold in turn, and builds what the kept features are fitted with.
///
/// Errors: as screening itself, and where loss, penalty or solver do not take the features of some fold.
pub(super) fn prepare(
    job: &Job,
    candidates: &Candidates,
    assignment: &Assignment,
    method: &'static dyn Method,
) -> Result<Vec<FoldModel>, Error> {
    let threads = job.threads();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Threads { threads, message: e.to_string() })?;
    pool.install(|| {
        (0..assignment.len())
            .map(|k| {
                model(job, candidates, &assignment[k], method).map_err(|error| match error {
                    Error::Section { section, source } => {
                        Error::Section { section, source: without(source, k) }
                    }
                    other => other,
                })
            })
            .collect()
    })
}

fn model(
    job: &Job,
    candidates: &Candidates,
    fold: &[usize],
    method: &'static dyn Method,
) -> Result<FoldModel, Error> {
    let within = |section| move |source| Error::Section { section, source };
    let dataset = &candidates.dataset;
    let training = folds::outside(fold, dataset.samples.len());
    let columns = screen::kept(dataset, &candidates.config, &training).map_err(within("screen"))?;
    let names: Names = columns.iter().map(|&j| &dataset.feature_names[j]).collect();

    let own =
        candidates.loss.with_features(&Space::of(names.clone(), 1)).map_err(within("loss"))?;
    let loss = own.as_deref().unwrap_or(job.loss.as_ref());
    let rows =
        Rows { matrix: Arc::new(dataset.matrix.select_cols(&columns)), ..Rows::all(&job.dataset) };
    let rows = rows.select(&training, rows.are_shared(loss)).map_err(within("cv"))?;
    let objective: Box<dyn Objective> = assemble(loss, &rows, &job.model)?;
    let penalty = (job.penalty)(&space(objective.as_ref(), names)).map_err(within("penalty"))?;
    let problem = Problem {
        objective: objective.as_ref(),
        penalty: penalty.as_ref(),
        baseline: Default::default(),
    };
    auto::choose(&problem, method.name()).map_err(|e| Error::key("solver", "type", e))?;
    Ok(FoldModel { columns, loss: own, penalty })
}

/// The same error, which says where it came up; its place in the problem file stays.
fn without(error: Core, fold: usize) -> Core {
    match error {
        Core::At { path, source } => Core::At { path, source: Box::new(without(*source, fold)) },
        other => Core::Data(format!(
            "without fold {}, where features are screened anew: {other}",
            fold + 1
        )),
    }
}
