//! What `fit` prints for people: a few lines.

use std::path::Path;

use fenchel_core::{CertificateKind, Layer, Names, Space};
use fenchel_solvers::Status;
use serde_json::Value;

use super::output;
use crate::file::{CertificateRecord, CvRecord, Problem, ResultFile, Rule};

/// Coefficients that are shown at most.
const MOST_SHOWN: usize = 20;

/// The summary of a result that went to `written`; where it went nowhere, with coefficients.
pub(super) fn of(
    problem: &Problem,
    result: &ResultFile,
    reason: &str,
    written: Option<&Path>,
) -> String {
    let data = &result.data;
    let mut rows: Vec<(&str, String)> = Vec::new();
    let outputs = match data.outputs {
        1 => String::new(),
        outputs => format!(", {outputs} outputs"),
    };
    let (n, p) = (data.samples, data.features);
    rows.push((
        "data",
        format!(
            "{}: {n} samples, {p} features{outputs}",
            problem.data.main_file().unwrap_or_default()
        ),
    ));
    rows.push(("loss", tag(&result.problem["loss"])));
    let lambda = result.lambda.map_or(String::new(), |l| format!(", lambda = {}", number(l)));
    rows.push(("penalty", format!("{}{lambda}", tag(&result.problem["penalty"]))));
    rows.push(("solver", reason.to_string()));
    rows.push(("work", work(result)));
    rows.push((
        "objective",
        format!(
            "{} = loss {} + penalty {}",
            optional(result.objective),
            optional(result.loss),
            optional(result.penalty)
        ),
    ));
    rows.push(("status", status(result, problem.solver.tol)));
    if let Some(path) = &result.path {
        rows.push(("path", format!("{} points", path.len())));
    }
    if let Some(cv) = &result.cv {
        rows.push(("cv", choice(cv)));
    }
    let nonzeros = result.coefficients.values.len();
    let [features, outputs] = result.coefficients.shape;
    rows.push(("nonzeros", format!("{nonzeros} of {}", features * outputs)));
    if let Some(units) = units(result) {
        rows.push(("units", units));
    }
    if let Some(path) = written {
        rows.push(("written", path.display().to_string()));
    }
    let mut text = output::columns(
        &rows.into_iter().map(|(title, body)| vec![title.to_string(), body]).collect::<Vec<_>>(),
    );
    if written.is_none() {
        text.push('\n');
        text.push_str(&coefficients(result));
    }
    text
}

fn tag(table: &Value) -> String {
    table["type"].as_str().unwrap_or_default().to_string()
}

fn number(x: f64) -> String {
    let rounded = format!("{x:.5e}").parse::<f64>().unwrap_or(x);
    match rounded.abs() {
        0.0 => "0".into(),
        size if !(1e-4..1e9).contains(&size) => format!("{rounded:e}"),
        _ => rounded.to_string(),
    }
}

fn optional(x: Option<f64>) -> String {
    x.map_or("not finite".into(), number)
}

fn work(result: &ResultFile) -> String {
    let plural = if result.iterations == 1 { "" } else { "s" };
    let seconds = number((result.seconds * 1e3).round() / 1e3);
    format!("{} iteration{plural}, {seconds} s", result.iterations)
}

fn status(result: &ResultFile, tol: f64) -> String {
    let word = match result.status {
        Status::Converged => "converged",
        Status::MaxIter => "stopped by max_iter",
        Status::TimeLimit => "stopped by the time limit",
        Status::Interrupted => "interrupted",
    };
    format!("{word}: {}, tol {tol:e}", certificate(&result.certificate))
}

fn certificate(certificate: &CertificateRecord) -> String {
    let kind = match certificate.kind {
        CertificateKind::DualityGap => "relative duality gap",
        CertificateKind::Stationarity => "relative stationarity",
        CertificateKind::ProxResidual => "relative prox residual",
    };
    match certificate.relative {
        Some(relative) => format!("{kind} {relative:.1e}"),
        None => format!("{kind} not finite"),
    }
}

fn choice(cv: &CvRecord) -> String {
    let metric = serde_json::to_value(cv.metric).unwrap_or_default();
    let metric = metric.as_str().unwrap_or_default().to_string();
    let rule = match cv.rule {
        Rule::Min => format!("best mean {metric}"),
        Rule::OneSe => format!("largest scale within one standard error of the best {metric}"),
    };
    format!(
        "lambda = {} of {} scales, {} folds: {rule}",
        number(cv.lambda),
        cv.mean.len(),
        cv.folds.len()
    )
}

/// A list of whole numbers in `extra`.
fn counts(result: &ResultFile, name: &str) -> Option<Vec<usize>> {
    let list = result.extra.get(name)?.as_array()?;
    list.iter().map(|number| number.as_f64().map(|x| x as usize)).collect()
}

/// The layers of a network, and how many units of each have an effect.
fn units(result: &ResultFile) -> Option<String> {
    let (all, active) = (counts(result, "units")?, counts(result, "active_units")?);
    let of = |(active, all): (&usize, &usize)| format!("{active} of {all}");
    let layers: Vec<String> = active.iter().zip(&all).map(of).collect();
    let last = all.last().map_or(String::new(), |last| format!(" to {last}"));
    Some(format!("{} active, layer by layer{last}", layers.join(", ")))
}

/// Intercepts and the largest coefficients.
fn coefficients(result: &ResultFile) -> String {
    let network = counts(result, "units").map(|units| {
        let space = Space::of_layers(Layer::chain(&units), &result.data.feature_names.to_vec());
        space.names().iter().collect()
    });
    let names: &Names = network.as_ref().unwrap_or(&result.data.feature_names);
    let several = result.coefficients.shape[1] > 1;
    let label = |row: usize, col: usize| {
        let name = names.get(row).map_or_else(|| (row + 1).to_string(), str::to_owned);
        if several { format!("{name} [{}]", col + 1) } else { name }
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    // Those of a network are the biases, as many as units.
    let intercepts = if network.is_some() { &[][..] } else { &result.intercept };
    for (k, b0) in intercepts.iter().enumerate() {
        let name = if result.intercept.len() > 1 {
            format!("(intercept) [{}]", k + 1)
        } else {
            "(intercept)".into()
        };
        rows.push(vec![name, number(*b0)]);
    }
    let b = &result.coefficients;
    let mut order: Vec<usize> = (0..b.values.len()).collect();
    order.sort_by(|&i, &j| b.values[j].abs().total_cmp(&b.values[i].abs()));
    let left = order.len().saturating_sub(MOST_SHOWN);
    order.truncate(MOST_SHOWN);
    order.sort_unstable();
    rows.extend(order.into_iter().map(|i| vec![label(b.rows[i], b.cols[i]), number(b.values[i])]));
    let mut text = output::columns(&rows);
    if left > 0 {
        text.push_str(&format!("and {left} smaller ones; -o RESULT writes all\n"));
    }
    text
}
