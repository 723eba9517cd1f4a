//! Cross-validation: the same scales on every fold's remainder, measured on the fold.
//!
//! Standardisation and weights are of the samples that are fitted, so that nothing of a fold leaks
//! into its model. The mean over folds is plain, whatever their sizes; its standard error is the
//! folds' standard deviation (K - 1 in the denominator) over the square root of K. Folds run in
//! parallel; each result depends on its own samples only, so their order does not matter.

use fenchel_core::Loss;
use fenchel_solvers::Status;

use super::assemble::{Rows, assemble_for};
use super::error::within;
use super::folds::{self, Assignment};
use super::left_out;
use super::metric;
use super::nested::FoldModel;
use super::null::Null;
use super::path::{self, Context};
use super::{Error, Job, Stage};
use crate::file::config::{CvConfig, Metric, Rule};

/// What cross-validation found.
#[derive(Debug, Clone, PartialEq)]
pub struct CvReport {
    /// The rule that chose.
    pub rule: Rule,
    /// What was measured.
    pub metric: Metric,
    /// The chosen scale.
    pub lambda: f64,
    /// Its place on the path.
    pub chosen: usize,
    /// Mean over folds, one a scale.
    pub mean: Vec<f64>,
    /// Standard error of the mean, one a scale.
    pub se: Vec<f64>,
    /// The metric of each fold, one list of scales a fold.
    pub folds: Vec<Vec<f64>>,
    /// The features that the model of each fold had, where folds screen them anew.
    pub screened: Option<Vec<Vec<String>>>,
}

/// The folds, checked before any work.
///
/// Errors: see [`folds::assign`], [`metric::check`] and [`folds::check_training`].
pub(super) fn prepare(job: &Job, config: &CvConfig) -> Result<Assignment, Error> {
    let samples = &job.dataset.samples;
    metric::check(config.metric, job.loss.as_ref(), samples)
        .map_err(|e| Error::key("cv", "metric", e))?;
    let assignment = folds::assign(job, &config.folds, config.seed)?;
    for (k, fold) in assignment.iter().enumerate() {
        let rest = folds::outside(fold, samples.len());
        folds::check_training(samples, &rest, k).map_err(|e| Error::key("cv", "folds", e))?;
        metric::check_fold(config.metric, samples, fold, k)
            .map_err(|e| Error::key("cv", "folds", e))?;
    }
    Ok(assignment)
}

/// One fold's path and its metric at every point that was solved.
pub(super) struct FoldRun {
    pub values: Vec<f64>,
    pub cut: Option<Status>,
    pub worst: Status,
}

/// Fits without the fold, measures on it. `model` is the fold's own, where it has one.
pub(super) fn fold(
    context: Context<'_>,
    config: &CvConfig,
    assignment: &Assignment,
    k: usize,
    model: Option<&FoldModel>,
) -> Result<FoldRun, Error> {
    let job = context.job;
    if let Some(cut) = path::cut_before(job) {
        return Ok(FoldRun { values: Vec::new(), cut: Some(cut), worst: cut });
    }
    let (all, loss, penalty) = match model {
        Some(model) => (model.rows(job), model.loss(job), model.penalty.as_ref()),
        None => (Rows::all(&job.dataset), job.loss.as_ref(), context.penalty),
    };
    let share = all.are_shared(loss);
    fold_of(Context { penalty, ..context }, config, assignment, k, (&all, loss), share)
}

/// The same, with the matrix shared or rows of it copied, which makes no difference but for rounding.
pub(super) fn fold_of(
    context: Context<'_>,
    config: &CvConfig,
    assignment: &Assignment,
    k: usize,
    (all, loss): (&Rows, &dyn Loss),
    share: bool,
) -> Result<FoldRun, Error> {
    let job = context.job;
    let training = folds::outside(&assignment[k], all.samples.len());
    let training = all.select(&training, share).map_err(within("cv"))?;
    let points = context.scales.len();
    let objective = assemble_for(loss, &training, &job.model, points)?;
    let mut null = Null::of(objective.as_ref(), context.penalty);
    null.refer(objective.as_ref(), context.penalty, context.scales);
    let stage = Stage::Fold { fold: k, folds: assignment.len() };
    let path = path::run(context, stage, objective.as_ref(), &null)?;
    let left_out = all.select(&assignment[k], share).map_err(within("cv"))?;
    let values = left_out::measured(loss, config.metric, &left_out, &path).map_err(within("cv"))?;
    let worst = path.points.iter().fold(Status::Converged, |w, p| super::worse(w, p.status));
    Ok(FoldRun { values, cut: path.cut, worst })
}

/// Mean, standard error and choice from complete folds.
pub(super) fn report(config: &CvConfig, scales: &[f64], folds: Vec<Vec<f64>>) -> CvReport {
    let count = folds.len() as f64;
    let (mut mean, mut se) = (Vec::new(), Vec::new());
    for i in 0..scales.len() {
        let centre = folds.iter().map(|fold| fold[i]).sum::<f64>() / count;
        let square: f64 = folds.iter().map(|fold| (fold[i] - centre).powi(2)).sum();
        mean.push(centre);
        se.push((square / (count - 1.0) / count).sqrt());
    }
    let chosen = choose(config, &mean, &se);
    let (rule, metric) = (config.rule, config.metric);
    CvReport { rule, metric, lambda: scales[chosen], chosen, mean, se, folds, screened: None }
}

/// The best mean, the largest scale among equals; or the largest scale within one standard error.
fn choose(config: &CvConfig, mean: &[f64], se: &[f64]) -> usize {
    let sign = if metric::larger_is_better(config.metric) { -1.0 } else { 1.0 };
    let cost = |i: usize| sign * mean[i];
    let best = (1..mean.len()).fold(0, |best, i| if cost(i) < cost(best) { i } else { best });
    match config.rule {
        Rule::Min => best,
        Rule::OneSe => {
            let limit = cost(best) + se[best];
            (0..mean.len()).find(|&i| cost(i) <= limit).unwrap_or(best)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::config::Folds;

    fn config(rule: Rule, metric: Metric) -> CvConfig {
        CvConfig { folds: Folds::Count(2), seed: 0, rule, metric }
    }

    #[test]
    fn means_errors_and_choices_are_those_of_the_definition() {
        let folds = vec![vec![4.0, 2.0, 1.0, 3.0], vec![4.0, 2.4, 2.0, 3.0]];
        let scales = [1.0, 0.5, 0.25, 0.125];
        let found = report(&config(Rule::Min, Metric::Mse), &scales, folds.clone());
        assert_eq!(found.mean, [4.0, 2.2, 1.5, 3.0]);
        // Standard deviation of (1, 2) is sqrt(1/2), over sqrt 2.
        assert!((found.se[2] - 0.5).abs() < 1e-15);
        assert_eq!((found.chosen, found.lambda), (2, 0.25));
        let wide = report(&config(Rule::OneSe, Metric::Mse), &scales, folds.clone());
        assert_eq!(wide.chosen, 2); // 2.2 is beyond 1.5 + 0.5
        let near = vec![vec![4.0, 1.6, 1.0, 3.0], vec![4.0, 2.3, 2.0, 3.0]];
        let near = report(&config(Rule::OneSe, Metric::Mse), &scales, near);
        assert_eq!(near.chosen, 1); // 1.95 is not
        let high = report(&config(Rule::Min, Metric::Auc), &scales, folds);
        assert_eq!(high.chosen, 0);
    }

    #[test]
    fn equal_means_choose_the_larger_scale() {
        let folds = vec![vec![2.0, 1.0, 1.0], vec![2.0, 1.0, 1.0]];
        let found = report(&config(Rule::Min, Metric::Mse), &[1.0, 0.5, 0.25], folds);
        assert_eq!(found.chosen, 1);
    }
}
