//! A grid of scales, solved in order, each from the solution before (warm starts). A fit without a
//! path is a grid of one.
//!
//! Where the penalty tells from which scale on the null model is a solution, the points above are
//! the null model itself, so that they have exactly zero coefficients whatever the solver.

use fenchel_core::{Convexity, Objective, Penalty, Problem, Snapshot, certify_with};
use fenchel_solvers::{Kept, Method, Progress, Status};

use super::checkpoint::Store;
use super::fit::{Limits, Point, Solved, Start, loss_at, solve};
use super::null::Null;
use super::{Error, Event, Job, Listener, Stage};

/// Steps ahead of the last solution, relative to the step to it, at most.
const FARTHEST: f64 = 2.0;

/// What all stages of a run share.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub job: &'a Job,
    pub penalty: &'a dyn Penalty,
    pub method: &'static dyn Method,
    pub scales: &'a [f64],
    pub listener: &'a dyn Listener,
    pub store: &'a Store,
}

/// The points of a grid, perhaps cut short.
#[derive(Debug)]
pub(super) struct Path {
    pub points: Vec<Point>,
    /// What the loss needs beside the linear predictor, point by point.
    pub own: Vec<Own>,
    /// Why points are missing, where some are.
    pub cut: Option<Status>,
}

/// The loss's own parameters (portable), and the part of the intercept that is not among them.
#[derive(Debug)]
pub(super) struct Own {
    pub params: Vec<f64>,
    pub intercept: Vec<f64>,
}

impl Own {
    fn new(objective: &dyn Objective, params: &[f64], point: &Point) -> Self {
        let shape = objective.shape();
        // Thresholds in place of an intercept are parameters, but for the shift by centred columns.
        let intercept = match objective.report(params).intercept {
            Some(own) => {
                let shift = point.intercept.iter().zip(&own).map(|(whole, own)| whole - own);
                shift.take(shape.outputs).collect()
            }
            None => point.intercept.clone(),
        };
        let own = shape.split(params).2;
        let parameters = objective.as_linear().and_then(|model| model.fit.as_own());
        let params = parameters.map_or(own.to_vec(), |parameters| parameters.portable(own));
        Self { params, intercept }
    }
}

/// Solves the grid on one set of samples, to whose scales the null model was told to refer.
pub(super) fn run(
    context: Context<'_>,
    stage: Stage,
    objective: &dyn Objective,
    null: &Null,
) -> Result<Path, Error> {
    let Context { job, scales, store, listener, .. } = context;
    let earlier = store.earlier(stage, objective.shape().len());
    let mut current = earlier.current;
    let mut path = Path { points: Vec::new(), own: Vec::new(), cut: None };
    let mut before = None;
    let (mut warm, mut kept) = ((null.start().to_vec(), null.dual.clone()), Kept::default());
    for (i, &scale) in scales.iter().enumerate() {
        let penalty = context.penalty.scaled(scale);
        let penalty = penalty.as_ref();
        let problem = Problem { objective, penalty, baseline: null.reference(i) };
        let solved = match earlier.finished.get(i) {
            Some(solved) => solved.clone(),
            None => {
                path.cut = cut_before(job).filter(|_| i > 0);
                if path.cut.is_some() {
                    break;
                }
                let begun = match current.take() {
                    Some(solved) => ((solved.params, solved.dual), solved.iterations),
                    None => (warm, 0),
                };
                let ((params, dual), done) = begun;
                let start = Start { params, dual, done, kept: &mut kept };
                match point(context, stage, i, &problem, null, start) {
                    // It may have failed of the same.
                    Err(_) if job.fault().is_some() => {
                        path.cut = Some(Status::Interrupted);
                        break;
                    }
                    solved => solved?,
                }
            }
        };
        let point = Point::new(&problem, &solved, scale);
        let own = Own::new(objective, &solved.params, &point);
        if job.fault().is_some() {
            // What came of broken promises is no point of the path.
            path.cut = Some(Status::Interrupted);
            break;
        }
        match solved.status {
            _ if i < earlier.finished.len() => {}
            Status::Converged | Status::MaxIter => store.finished(stage, &solved),
            Status::TimeLimit | Status::Interrupted => {
                store.cut(stage, &solved);
                path.cut = Some(solved.status);
            }
        }
        if stage == Stage::Full {
            listener.finished(context.method.name(), &point);
        }
        path.own.push(own);
        let loss = point.loss;
        path.points.push(point);
        if path.cut.is_some() {
            break;
        }
        let next = scales.get(i + 1).map(|&next| (context.penalty.scaled(next), next));
        // A network that lost its units at a larger scale does not get them back.
        warm = match (objective.random_start(), next) {
            (Some(start), _) => (start, None),
            (None, Some((next, to))) => {
                let ahead = before.take().and_then(|before| {
                    let here = (scale, solved.params.as_slice(), loss);
                    ahead(objective, next.as_ref(), before, here, to)
                });
                before = Some((scale, Snapshot::of(&solved.params)));
                (ahead.unwrap_or(solved.params), solved.dual)
            }
            (None, None) => (solved.params, solved.dual),
        };
    }
    Ok(path)
}

/// The point at scale `to` on the line through the solutions at two scales before, where it is better
/// than the second of them: paths are smooth, or even straight, between the scales at which a
/// coefficient becomes zero or leaves it.
fn ahead(
    objective: &dyn Objective,
    penalty: &dyn Penalty,
    (earlier, before): (f64, Snapshot),
    (scale, params, loss): (f64, &[f64], f64),
    to: f64,
) -> Option<Vec<f64>> {
    let times = (to - scale) / (scale - earlier);
    if penalty.convexity() != Convexity::Convex || objective.as_smooth().is_none() {
        return None;
    }
    if !times.is_finite() || times.abs() > FARTHEST {
        return None;
    }
    let coefficients = objective.shape().coefficients();
    let line = params.iter().zip(before.to_vec()).map(|(now, before)| now + times * (now - before));
    let mut ahead: Vec<f64> = line.collect();
    for (ahead, now) in ahead.iter_mut().zip(&params[..coefficients]) {
        if *ahead * now <= 0.0 {
            *ahead = 0.0;
        }
    }
    let here = loss + penalty.value(&params[..coefficients]);
    (loss_at(objective, &ahead) + penalty.value(&ahead[..coefficients]) < here).then_some(ahead)
}

/// Why the next point should not be begun.
pub(super) fn cut_before(job: &Job) -> Option<Status> {
    if job.interrupted() {
        Some(Status::Interrupted)
    } else if job.expired() {
        Some(Status::TimeLimit)
    } else {
        None
    }
}

fn point(
    context: Context<'_>,
    stage: Stage,
    i: usize,
    problem: &Problem<'_>,
    null: &Null,
    start: Start<'_>,
) -> Result<Solved, Error> {
    let Context { job, listener, store, .. } = context;
    let (scale, points) = (context.scales[i], context.scales.len());
    let tol = job.solver.tol;
    let above = null.threshold.is_some_and(|threshold| scale >= threshold);
    if above {
        let params = null.start().to_vec();
        let certificate = certify_with(problem, &params, null.dual.as_deref());
        if certificate.relative <= tol {
            return Ok(Solved {
                params,
                iterations: 0,
                status: Status::Converged,
                certificate: Some(certificate),
                dual: null.dual.clone(),
            });
        }
    }
    let limits = Limits {
        tol,
        max_iter: job.solver.max_iter,
        options: job.solver.options(),
        deadline: job.deadline,
        interrupt: job.interrupt.as_deref(),
    };
    let mut observer = |progress: &Progress<'_>| {
        let (iteration, relative) = (progress.iteration, progress.relative);
        listener.progress(&Event { stage, point: i, points, iteration, relative });
        if !job.interrupted() {
            store.underway(stage, progress.params, iteration);
        }
    };
    solve(problem, context.method, start, limits, &mut observer)
}
