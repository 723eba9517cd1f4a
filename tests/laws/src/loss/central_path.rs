//! A barrier's path, for objectives that have one.

use fenchel_core::{CentralPath, Loss, Objective, Smooth, Workspace};

use super::probe;
use crate::{Random, Violation};

const LAW: &str = "the_central_path_ends_in_the_objective";

/// At the last stage, value and gradient of the path are those of the objective times `mu`; stages are
/// positive and `mu` falls; the metric is positive.
pub fn the_central_path_ends_in_the_objective(loss: &dyn Loss) -> Result<(), Violation> {
    let Some(objective) = probe::direct(loss) else { return Ok(()) };
    let (Some(path), Some(smooth)) = (objective.as_central_path(), objective.as_smooth()) else {
        return Ok(());
    };
    let wrong =
        |input: String, expected: &str, got: String| Err(Violation::new(LAW, input, expected, got));
    let stages = path.stages();
    let falls = stages.windows(2).all(|pair| pair[1].mu < pair[0].mu);
    let positive = stages.iter().all(|stage| stage.mu > 0.0 && stage.shift > 0.0);
    if stages.is_empty() || !falls || !positive {
        return wrong("the stages".into(), "positive numbers, mu falling", format!("{stages:?}"));
    }
    points(&*objective).iter().try_for_each(|params| at(path, smooth, params))
}

/// Points of finite value at and around the start.
fn points(objective: &dyn Objective) -> Vec<Vec<f64>> {
    let (start, mut random) = (objective.start(), Random::new(30));
    let moved = |deviation: f64| {
        let noise = random.normals(start.len(), deviation);
        start.iter().zip(&noise).map(|(s, z)| s + z).collect::<Vec<f64>>()
    };
    let mut points: Vec<Vec<f64>> = [0.0, 0.01, 0.1, 0.3].map(moved).into();
    points.retain(|params| objective.value(params, &mut Workspace::default()).is_finite());
    points
}

fn at(path: &dyn CentralPath, smooth: &dyn Smooth, params: &[f64]) -> Result<(), Violation> {
    let mut work = Workspace::default();
    let blank = || vec![f64::NAN; params.len()];
    let (mut whole, mut staged, mut metric) = (blank(), blank(), blank());
    let last = *path.stages().last().expect("there is a stage");
    let value = last.mu * smooth.value_gradient(params, &mut whole, &mut work);
    let value_staged = path.gradient_at(&last, params, &mut staged, &mut work);
    whole.iter_mut().for_each(|g| *g *= last.mu);
    let numbers = whole.iter().zip(&staged).chain([(&value, &value_staged)]);
    for (expected, got) in numbers {
        if !probe::agree(*expected, *got, 1e-11, 1e-13) {
            let expected = format!("{expected:e}, mu times that of the objective");
            return Err(Violation::new(LAW, format!("{params:?}"), expected, format!("{got:e}")));
        }
    }
    path.metric(params, &mut metric, &mut work);
    if metric.iter().any(|m| !(m.is_finite() && *m > 0.0)) {
        let (input, expected) = (format!("the metric at {params:?}"), "positive numbers");
        return Err(Violation::new(LAW, input, expected, format!("{metric:?}")));
    }
    Ok(())
}

/// Whether the loss binds to an objective with a path.
pub(super) fn has_path(loss: &dyn Loss) -> bool {
    probe::direct(loss).is_some_and(|objective| objective.as_central_path().is_some())
}
