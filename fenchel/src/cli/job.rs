//! From a problem file to a job, and from the errors of the floors below to places in the file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use fenchel_core::{Kind, Raw, Space};

use crate::data::{self, DataError, Needs};
use crate::drive::{self, Candidates, Job};
use crate::file::{Folds, KeyPath, Problem};
use crate::plugins::Wanted;
use crate::{Error, Place, plugins, registry, screen};

/// What the command line adds to a problem file.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    /// 0 for as many as the machine has.
    pub threads: usize,
    pub deadline: Option<Instant>,
    pub interrupt: Option<Arc<AtomicBool>>,
}

/// The libraries that the problem file and the command line name.
///
/// Errors: an empty path.
pub(super) fn wanted(problem: &Problem, options: &[PathBuf]) -> Result<Vec<Wanted>, Error> {
    let mut wanted = Wanted::of(problem)?;
    wanted.extend(options.iter().map(|path| Wanted::option(path)));
    Ok(wanted)
}

/// Builds the loss, reads the data and makes the job ready.
///
/// Errors: unknown names first, before any data is read; then loss and data.
pub(super) fn job(problem: &Problem, limits: Limits) -> Result<Job, Error> {
    let loss = registry::build_loss(&problem.loss).map_err(|e| problem.explain("loss", &e))?;
    known(problem, &problem.penalty)?;
    known_solver(problem)?;
    let fold_column: Vec<String> = match problem.cv.as_ref().map(|cv| &cv.folds) {
        Some(Folds::Column(fold)) => vec![fold.column.clone()],
        _ => Vec::new(),
    };
    let needs = Needs { response: loss.reads(), columns: &fold_column };
    let dataset =
        data::load(&problem.data, &problem.base, needs).map_err(|e| data_error(problem, &e))?;
    let (dataset, candidates) = match &problem.screen {
        Some(config) => {
            let kept = screen::screened(&dataset, config, limits.threads)
                .map_err(|e| problem.explain("screen", &e))?;
            let candidates = problem.cv.as_ref().map(|_| {
                let loss =
                    registry::build_loss(&problem.loss).map_err(|e| problem.explain("loss", &e))?;
                Ok(Candidates { dataset, loss, config: config.clone() })
            });
            (kept, candidates.transpose()?)
        }
        None => (dataset, None),
    };
    let features = Space::of(dataset.feature_names.clone(), 1);
    let named = loss.with_features(&features).map_err(|e| problem.explain("loss", &e))?;
    let loss = named.unwrap_or(loss);
    let (raw, base) = (problem.penalty.clone(), problem.base.clone());
    Ok(Job {
        dataset,
        candidates,
        loss,
        penalty: Box::new(move |space: &Space| registry::build_penalty(&raw, space, &base)),
        model: problem.model.clone(),
        solver: problem.solver.clone(),
        path: problem.path.clone(),
        cv: problem.cv.clone(),
        lambda: problem.penalty.0.get("lambda").and_then(serde_json::Value::as_f64),
        base: problem.base.clone(),
        description: description(problem),
        threads: limits.threads,
        deadline: limits.deadline,
        interrupt: limits.interrupt,
        faults: Some(plugins::faults().clone()),
    })
}

/// What a checkpoint belongs to: everything but the limit on iterations, which may be raised, and
/// of plugins their bytes, wherever they are and run.
fn description(problem: &Problem) -> String {
    let mut value = problem.effective();
    if let Some(solver) = value.get_mut("solver").and_then(|s| s.as_object_mut()) {
        solver.shift_remove("max_iter");
    }
    if let Some(whole) = value.as_object_mut() {
        let used = plugins::used(problem, false);
        let digests: Vec<String> = used.into_iter().map(|record| record.sha256).collect();
        whole.insert("plugins".into(), digests.into());
    }
    value.to_string()
}

fn known(problem: &Problem, penalty: &Raw) -> Result<(), Error> {
    match penalty.0.get("type").and_then(|name| name.as_str()) {
        Some(name) if registry::card(Kind::Penalty, name).is_none() => {
            Err(problem.explain("penalty", &registry::unknown(Kind::Penalty, name)))
        }
        _ => Ok(()),
    }
}

fn known_solver(problem: &Problem) -> Result<(), Error> {
    let name = &problem.solver.name;
    if name == "auto" || registry::names(Kind::Solver).contains(&name.as_str()) {
        return Ok(());
    }
    Err(problem.explain("solver", &registry::unknown(Kind::Solver, name)))
}

/// An error of the driver, with its place.
pub(super) fn drive_error(problem: &Problem, error: drive::Error) -> Error {
    match error {
        drive::Error::Section { section, source } => problem.explain(section, &source),
        drive::Error::Data(error) => data_error(problem, &error),
        drive::Error::Checkpoint { path, message } => {
            Error::input(message).in_file(path.display().to_string())
        }
        other => problem.document.error(&KeyPath::from("solver"), other.to_string()),
    }
}

/// An error of the data, in the data file where it has a line, else where the problem file names
/// what is missing.
pub(super) fn data_error(problem: &Problem, error: &DataError) -> Error {
    let located = plain_data_error(error);
    if error.line.is_some() || error.row.is_some() {
        return located;
    }
    let (document, section) = (&problem.document, KeyPath::from("data"));
    let main = *error.path == problem.base.join(problem.data.main_file().unwrap_or_default());
    let by_name = || {
        let names = [error.column.as_deref(), between(&error.message, '"')];
        names.into_iter().flatten().find_map(|name| document.find_text(&section, name))
    };
    let by_key = || {
        let spoken = error.message.contains("response").then_some("response");
        let keys = [between(&error.message, '`'), spoken];
        let mut paths = keys.into_iter().flatten().map(|key| section.key(key));
        paths.find(|path| main && document.contains(path))
    };
    let by_file = || {
        let file = error.path.strip_prefix(&problem.base).ok()?.to_str()?;
        if main && error.path.is_file() {
            return None;
        }
        document.find_text(&KeyPath::default(), file)
    };
    let found = by_name().or_else(by_key).or_else(by_file);
    let Some(path) = found else { return located };
    let message = format!("{}: {}", error.path.display(), error.message);
    let error_at = problem.document.error(&path, message);
    match &error.help {
        Some(help) => error_at.help(help.clone()),
        None => error_at,
    }
}

/// An error of the data, in the data file.
pub(super) fn plain_data_error(error: &DataError) -> Error {
    let file = match error.row {
        Some(row) => format!("{}, row {row}", error.path.display()),
        None => error.path.display().to_string(),
    };
    let column = error.column.clone();
    let located = Error::input(&error.message).at(Place {
        file,
        line: error.line,
        column,
        ..Place::default()
    });
    match &error.help {
        Some(help) => located.help(help.clone()),
        None => located,
    }
}

/// The first text between two quotes of this kind.
fn between(message: &str, quote: char) -> Option<&str> {
    let (_, rest) = message.split_once(quote)?;
    rest.split_once(quote).map(|(inside, _)| inside)
}
