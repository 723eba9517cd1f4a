//! What cross-validation measures on samples left out.

use fenchel_core::{
    Bound, Design, Error as Core, Loss, Predictor, Response, ResponseKind, Samples,
};

use super::assemble::Rows;
use super::rank;
use crate::file::config::Metric;

/// Whether larger values are better.
pub(super) fn larger_is_better(metric: Metric) -> bool {
    matches!(metric, Metric::Auc | Metric::Concordance)
}

/// The name in problem files.
pub(super) fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::Deviance => "deviance",
        Metric::Mse => "mse",
        Metric::Mae => "mae",
        Metric::Error => "error",
        Metric::Auc => "auc",
        Metric::Concordance => "concordance",
        Metric::Pinball => "pinball",
    }
}

/// Whether the metric means anything for the loss and its response.
///
/// Errors: [`Core::Unsupported`] with the reason.
pub(super) fn check(metric: Metric, loss: &dyn Loss, samples: &Samples) -> Result<(), Core> {
    let refuse = |reason: &str| {
        Err(Core::Unsupported(format!("the metric \"{}\" needs {reason}", name(metric))))
    };
    let classes = match samples.response() {
        Response::Classes { labels, .. } => labels.len(),
        _ => 0,
    };
    let numeric = matches!(samples.response(), Response::Numeric { .. });
    match metric {
        Metric::Deviance | Metric::Mse | Metric::Mae | Metric::Error | Metric::Auc
            if loss.as_predictor().is_none() =>
        {
            refuse("predictions, which this loss does not offer")
        }
        Metric::Mse | Metric::Mae if classes == 0 && !numeric => {
            refuse("a numeric response or classes")
        }
        Metric::Error if classes == 0 => refuse("a response of classes"),
        Metric::Auc if classes != 2 => refuse("a response of two classes"),
        Metric::Concordance if loss.reads() != ResponseKind::Survival => {
            refuse("survival times and events")
        }
        _ => Ok(()),
    }
}

/// Whether the metric is defined on a fold.
///
/// Errors: [`Core::Data`] with the reason, for example where AUC meets one class only.
pub(super) fn check_fold(
    metric: Metric,
    samples: &Samples,
    fold: &[usize],
    number: usize,
) -> Result<(), Core> {
    let refuse = |reason: &str| {
        let name = name(metric);
        Err(Core::Data(format!(
            "the metric \"{name}\" is undefined on fold {}, which has {reason}: use other or fewer \
             folds",
            number + 1
        )))
    };
    let kept: Vec<usize> = fold.iter().copied().filter(|&i| samples.weight(i) > 0.0).collect();
    if kept.is_empty() {
        return refuse("no sample of positive weight");
    }
    match (metric, samples.response()) {
        (Metric::Auc, Response::Classes { class, .. })
            if kept.iter().all(|&i| class[i] == class[kept[0]]) =>
        {
            refuse("one class only")
        }
        (Metric::Deviance, Response::Survival { event, .. }) if !kept.iter().any(|&i| event[i]) => {
            refuse("no event")
        }
        (Metric::Concordance, Response::Survival { time, event }) => {
            let last = kept.iter().fold(f64::NEG_INFINITY, |top, &i| top.max(time[i]));
            let comparable = |&i: &usize| {
                event[i]
                    && (time[i] < last || kept.iter().any(|&j| time[j] == time[i] && !event[j]))
            };
            if kept.iter().any(comparable) { Ok(()) } else { refuse("no two comparable samples") }
        }
        _ => Ok(()),
    }
}

/// A linear predictor on samples left out.
pub(super) struct Prediction<'a> {
    /// n x `outputs`, column by column, with offset and intercept (or thresholds).
    pub eta: &'a [f64],
    /// Columns of `eta`.
    pub outputs: usize,
    /// The loss's own parameters, portable.
    pub own: &'a [f64],
}

/// The metric on `rows`.
///
/// Errors: where it is not defined there, or is not finite.
pub(super) fn measure(
    metric: Metric,
    loss: &dyn Loss,
    rows: &Rows,
    at: &Prediction<'_>,
) -> Result<f64, Core> {
    let samples = &rows.samples;
    let weight = |i: usize| samples.weight(i);
    let undefined =
        || Core::Data(format!("the metric \"{}\" is undefined on samples left out", name(metric)));
    let predictor = || {
        loss.as_predictor().ok_or_else(|| {
            Core::Unsupported("predictions are needed, which this loss does not offer".into())
        })
    };
    let loss_itself = || match loss.bind(samples, &Design::new(rows.matrix.clone()))? {
        Bound::Eta(fit) => {
            let own = fit.as_own().map_or(Vec::new(), |own| own.adopt(at.own));
            Ok(fit.value(at.eta, &own))
        }
        Bound::Direct(_) => Err(undefined()),
    };
    let value = match metric {
        Metric::Deviance if predictor()?.scores_by_loss() => 2.0 * loss_itself()?,
        Metric::Deviance => predictor()?.deviance(at.eta, at.outputs, samples)?,
        Metric::Mse => distance(predictor()?, samples, at, |r| r * r)?,
        Metric::Mae => distance(predictor()?, samples, at, f64::abs)?,
        Metric::Error => {
            let (class, _) = samples.classes()?;
            let said = predictor()?.class(at.eta, at.outputs).ok_or_else(undefined)?;
            let wrong = |i: &usize| said[*i] != class[*i];
            (0..samples.len()).filter(wrong).map(weight).sum::<f64>() / samples.len() as f64
        }
        Metric::Auc => {
            let class = samples.two_classes()?;
            let positive: Vec<bool> = class.iter().map(|c| *c == 1).collect();
            let score = score(predictor()?, at, samples.len());
            rank::auc(&score, &positive, weight).ok_or_else(undefined)?
        }
        Metric::Concordance => {
            let (time, event) = samples.survival()?;
            rank::concordance(at.eta, time, event, weight).ok_or_else(undefined)?
        }
        Metric::Pinball => loss_itself()?,
    };
    if value.is_finite() { Ok(value) } else { Err(undefined()) }
}

/// The weighted mean of a distance between mean response and response: over all entries for numeric
/// columns; for classes, the sum over class probabilities (one column is that of the second class).
fn distance(
    predictor: &dyn Predictor,
    samples: &Samples,
    at: &Prediction<'_>,
    of: impl Fn(f64) -> f64,
) -> Result<f64, Core> {
    let n = samples.len();
    let (mean, columns) = predictor.response(at.eta, at.outputs);
    let (target, divisor): (Vec<f64>, usize) = match samples.response() {
        Response::Numeric { values, columns } => (values.clone(), n * columns),
        Response::Classes { class, .. } => {
            let first = if columns == 1 { 1 } else { 0 };
            let indicator = |c: u32| class.iter().map(move |k| f64::from(u8::from(*k == c)));
            ((first..first + columns as u32).flat_map(indicator).collect(), n)
        }
        _ => return Err(Core::Unsupported("the response has no mean to compare with".into())),
    };
    Core::check_length("mean response", mean.len(), target.len())?;
    let total: f64 = mean
        .iter()
        .zip(&target)
        .enumerate()
        .map(|(i, (mean, y))| samples.weight(i % n) * of(mean - y))
        .sum();
    Ok(total / divisor as f64)
}

/// A score that rises with the probability of the second class: `eta` where it is one column, as
/// probabilities that round to 1 would tie.
fn score(predictor: &dyn Predictor, at: &Prediction<'_>, n: usize) -> Vec<f64> {
    match at.outputs {
        1 => at.eta.to_vec(),
        2 => (0..n).map(|i| at.eta[n + i] - at.eta[i]).collect(),
        _ => {
            let (mean, columns) = predictor.response(at.eta, at.outputs);
            mean[(columns - 1).min(1) * n..][..n].to_vec()
        }
    }
}
