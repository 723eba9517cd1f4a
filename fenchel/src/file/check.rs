//! What serde cannot say of the sections: bounds, and keys that exclude or need each other.

use super::config::{CvConfig, Folds, PathConfig, ScreenConfig, SolverConfig};
use super::document::Document;
use super::keypath::KeyPath;
use super::problem::Problem;
use crate::Error;

/// Points of a path, at most: a slip of the keyboard is not to fill the memory.
const MOST_POINTS: usize = 1_000_000;

/// Checks all sections. Errors: at the value that is out of bounds.
pub(super) fn sections(problem: &Problem) -> Result<(), Error> {
    let document = &problem.document;
    if problem.data.main_file().is_none() {
        return Err(Error::input("missing field `file`")
            .at(document.locate_key(&at("data")))
            .help("the data file, relative to the problem file"));
    }
    tagged(document, "loss")?;
    tagged(document, "penalty")?;
    if let Some(config) = &problem.screen {
        screen(document, config)?;
    }
    solver(document, &problem.solver)?;
    if let Some(path) = &problem.path {
        grid(document, path)?;
    }
    if let Some(cv) = &problem.cv {
        folds(document, cv, problem.path.is_some())?;
    }
    Ok(())
}

fn at(path: &str) -> KeyPath {
    KeyPath::from(path)
}

/// Unless `good`, an error that says what `path` must be.
fn require(
    document: &Document,
    good: bool,
    path: &str,
    expected: &str,
    got: impl std::fmt::Display,
) -> Result<(), Error> {
    if good {
        return Ok(());
    }
    let key = path.rsplit('.').next().unwrap_or(path);
    Err(document.error(&at(path), format!("`{key}` must be {expected}, got {got}")))
}

fn tagged(document: &Document, section: &str) -> Result<(), Error> {
    let path = at(section);
    if !document.contains(&path) || document.contains(&path.key("type")) {
        return Ok(());
    }
    Err(Error::input(format!("section `[{section}]` has no `type`"))
        .at(document.locate_key(&path))
        .help(format!("`fenchel list` names every {section}")))
}

fn screen(document: &Document, screen: &ScreenConfig) -> Result<(), Error> {
    require(document, screen.top >= 1, "screen.top", "at least 1", screen.top)?;
    let good = screen.multiplier > 0.0;
    require(document, good, "screen.multiplier", "greater than 0", screen.multiplier)?;
    if let Some(clump) = screen.clump {
        require(document, clump >= 0.0, "screen.clump", "at least 0", clump)?;
    }
    Ok(())
}

fn solver(document: &Document, solver: &SolverConfig) -> Result<(), Error> {
    let good = solver.tol > 0.0 && solver.tol.is_finite();
    require(document, good, "solver.tol", "greater than 0", solver.tol)?;
    require(document, solver.max_iter >= 1, "solver.max_iter", "at least 1", solver.max_iter)?;
    if let Some(batch) = solver.batch {
        require(document, batch >= 1, "solver.batch", "at least 1", batch)?;
    }
    if let Some(momentum) = solver.momentum {
        let good = (0.0..1.0).contains(&momentum);
        require(document, good, "solver.momentum", "at least 0 and less than 1", momentum)?;
    }
    if let Some(step) = solver.step {
        let good = step > 0.0 && step.is_finite();
        require(document, good, "solver.step", "greater than 0", step)?;
    }
    Ok(())
}

fn grid(document: &Document, path: &PathConfig) -> Result<(), Error> {
    require(document, path.points >= 1, "path.points", "at least 1", path.points)?;
    let few = path.points <= MOST_POINTS;
    require(document, few, "path.points", "at most 1000000", path.points)?;
    let good = path.min_ratio > 0.0 && path.min_ratio < 1.0;
    require(document, good, "path.min_ratio", "between 0 and 1, both excluded", path.min_ratio)?;
    if let Some(max) = path.max {
        require(document, max > 0.0, "path.max", "greater than 0", max)?;
    }
    let Some(lambdas) = &path.lambdas else { return Ok(()) };
    for other in ["points", "min_ratio", "max"] {
        let other_path = at("path").key(other);
        if document.contains(&other_path) {
            return Err(Error::input(format!("`lambdas` stands instead of `{other}`: keep one"))
                .at(document.locate_key(&other_path)));
        }
    }
    require(document, !lambdas.is_empty(), "path.lambdas", "a list of numbers", "an empty one")?;
    for (i, &lambda) in lambdas.iter().enumerate() {
        let entry = at("path.lambdas").index(i);
        if lambda <= 0.0 {
            let message = format!("every `lambdas` entry must be greater than 0, got {lambda}");
            return Err(document.error(&entry, message));
        }
        if i > 0 && lambda >= lambdas[i - 1] {
            let before = lambdas[i - 1];
            let message = format!("`lambdas` must decrease, but {lambda} follows {before}");
            return Err(document.error(&entry, message));
        }
    }
    Ok(())
}

fn folds(document: &Document, cv: &CvConfig, has_path: bool) -> Result<(), Error> {
    if !has_path {
        return Err(Error::input("section `[cv]` needs a section `[path]` to choose from")
            .at(document.locate_key(&at("cv")))
            .help("add `[path]`, which may be empty"));
    }
    match cv.folds {
        Folds::Count(count) => require(document, count >= 2, "cv.folds", "at least 2", count),
        Folds::File(_) | Folds::Column(_) => Ok(()),
    }
}
