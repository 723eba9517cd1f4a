//! A whole run: one fit, a path, or a cross-validated path.

use fenchel_core::Certificate;
use fenchel_solvers::Status;
use rayon::prelude::*;

use super::checkpoint::Store;
use super::cv::FoldRun;
use super::path::{Context, Path};
use super::plan::{Prepared, prepare};
use super::{
    CheckpointConfig, CvReport, Error, Job, Listener, Point, Stage, cv, nested, path, worse,
};

/// What came out of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The worst status of all that was solved, or why the run was cut short.
    pub status: Status,
    /// Loss plus penalty, of the problem as solved.
    pub objective: f64,
    /// The loss.
    pub loss: f64,
    /// The penalty.
    pub penalty: f64,
    /// How far the coefficients are from optimal.
    pub certificate: Certificate,
    /// The solver.
    pub solver: &'static str,
    /// The solver and why, in one sentence.
    pub reason: String,
    /// Its outer iterations.
    pub iterations: u64,
    /// The scale of the penalty on a path, else the penalty's own lambda where it has one.
    pub lambda: Option<f64>,
    /// Intercepts, or the thresholds that stand in for them.
    pub intercept: Vec<f64>,
    /// Coefficients on the original scale, p x K, column by column.
    pub coefficients: Vec<f64>,
    /// Number of features, `p`.
    pub features: usize,
    /// Number of outputs, `K`.
    pub outputs: usize,
    /// The points of the path, where there is one.
    pub path: Option<Vec<Point>>,
    /// Cross-validation, where there is one and it came to its end.
    pub cv: Option<CvReport>,
    /// What only this loss knows.
    pub extra: Vec<(String, Vec<f64>)>,
}

/// Runs a job.
///
/// Errors: whatever is wrong with the input, before any work; a solver that fails; a checkpoint that
/// cannot be read or written; a plugin that breaks its promises before any point is finished. Later
/// the finished points are the solution, as for any other interruption. Running out of time or
/// iterations is a status.
pub fn run(
    job: &Job,
    listener: &dyn Listener,
    checkpoint: Option<&CheckpointConfig>,
) -> Result<Solution, Error> {
    let prepared = prepare(job)?;
    let store = Store::open(checkpoint, job, &prepared)?;
    let context = Context {
        job,
        penalty: prepared.penalty.as_ref(),
        method: prepared.choice.method,
        scales: &prepared.scales,
        listener,
        store: &store,
    };
    let (full, folds) = solve_all(context, &prepared)?;
    let fault = job.fault();
    if let Some(fault) = &fault
        && full.points.is_empty()
    {
        store.close(true)?;
        return Err(Error::Plugin(fault.clone()));
    }
    // With a fault, what folds came to no longer matters, errors included.
    let folds = match fault {
        Some(_) => Vec::new(),
        None => folds.into_iter().collect::<Result<Vec<FoldRun>, Error>>()?,
    };
    let fault = fault.map(|_| Status::Interrupted);
    let cut = folds.iter().map(|fold| fold.cut).chain([full.cut, fault]).flatten().reduce(worse);
    store.close(cut.is_some())?;
    let solved = full.points.iter().map(|point| point.status);
    let status =
        solved.chain(folds.iter().map(|fold| fold.worst)).chain(cut).fold(Status::Converged, worse);
    let report = match &job.cv {
        Some(config) if cut.is_none() => {
            let values = folds.into_iter().map(|fold| fold.values).collect();
            let screened = prepared.nested.as_ref().map(|models| nested::names(job, models));
            Some(CvReport { screened, ..cv::report(config, &prepared.scales, values) })
        }
        _ => None,
    };
    Ok(solution(job, full, report, status, &prepared))
}

/// The path on all samples and, beside it, the folds.
fn solve_all(
    context: Context<'_>,
    prepared: &Prepared,
) -> Result<(Path, Vec<Result<FoldRun, Error>>), Error> {
    let full = || path::run(context, Stage::Full, prepared.objective.as_ref(), &prepared.null);
    let (Some(config), Some(assignment)) = (&context.job.cv, &prepared.assignment) else {
        return Ok((full()?, Vec::new()));
    };
    let threads = context.job.threads();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Threads { threads, message: e.to_string() })?;
    let (full, folds) = pool.install(|| {
        rayon::join(full, || {
            (0..assignment.len())
                .into_par_iter()
                .with_max_len(1)
                .map(|k| {
                    let model = prepared.nested.as_ref().map(|models| &models[k]);
                    cv::fold(context, config, assignment, k, model)
                })
                .collect::<Vec<_>>()
        })
    });
    Ok((full?, folds))
}

fn solution(
    job: &Job,
    full: Path,
    cv: Option<CvReport>,
    status: Status,
    prepared: &Prepared,
) -> Solution {
    let chosen = cv.as_ref().map_or(full.points.len() - 1, |report| report.chosen);
    let solution = Solution::at(full.points[chosen].clone(), prepared.choice.method.name(), status);
    Solution {
        reason: prepared.reason(),
        lambda: if job.path.is_some() { solution.lambda } else { job.lambda.or(Some(1.0)) },
        path: job.path.is_some().then_some(full.points),
        cv,
        ..solution
    }
}

impl Solution {
    /// What `solver` came to with a path that was given up after these points, for want of time;
    /// `None` where there are none, as for a fit without a path that is not finished.
    pub fn given_up(solver: &'static str, points: Vec<Point>, on_path: bool) -> Option<Self> {
        let last = points.last().filter(|_| on_path)?.clone();
        let solution = Self::at(last, solver, Status::TimeLimit);
        Some(Self { path: Some(points), ..solution })
    }

    /// One point by itself.
    fn at(point: Point, solver: &'static str, status: Status) -> Self {
        Self {
            status,
            objective: point.objective,
            loss: point.loss,
            penalty: point.penalty,
            certificate: point.certificate,
            solver,
            reason: String::new(),
            iterations: point.iterations,
            lambda: Some(point.lambda),
            intercept: point.intercept,
            coefficients: point.coefficients.dense(),
            features: point.coefficients.features(),
            outputs: point.coefficients.outputs(),
            path: None,
            cv: None,
            extra: point.extra,
        }
    }
}
