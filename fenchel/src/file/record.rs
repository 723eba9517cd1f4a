//! From a solution to the result file.

use fenchel_core::Response;
use serde_json::{Map, Value};

use super::problem::Problem;
use super::result::{Coefficients, CvRecord, DataRecord, PointRecord, ResultFile, finite};
use crate::data::Dataset;
use crate::drive::{CvReport, Point, Solution};
use crate::plugins::PluginRecord;

impl ResultFile {
    /// What a run of `problem` has to say after this time.
    pub fn new(
        problem: &Problem,
        data: DataRecord,
        plugins: Vec<PluginRecord>,
        solution: &Solution,
        seconds: f64,
    ) -> Self {
        let (features, outputs) = (solution.features, solution.outputs);
        let coefficients = Coefficients::from_dense(&solution.coefficients, features, outputs);
        Self {
            fenchel: env!("CARGO_PKG_VERSION").into(),
            problem: problem.effective(),
            status: solution.status,
            objective: finite(solution.objective),
            loss: finite(solution.loss),
            penalty: finite(solution.penalty),
            certificate: solution.certificate.into(),
            solver: solution.solver.into(),
            iterations: solution.iterations,
            seconds,
            data: DataRecord { outputs, ..data },
            lambda: solution.lambda,
            intercept: solution.intercept.clone(),
            coefficients,
            path: solution.path.as_ref().map(|points| points.iter().map(point).collect()),
            cv: solution.cv.as_ref().map(cv),
            plugins,
            extra: named(&solution.extra),
        }
    }
}

impl DataRecord {
    /// What is known of the data before the loss is bound: features as the data has them, and one
    /// output.
    pub fn new(dataset: &Dataset) -> Self {
        let classes = match dataset.samples.response() {
            Response::Classes { labels, .. } => Some(labels.clone()),
            _ => dataset.classes.clone(),
        };
        Self {
            samples: dataset.samples.len(),
            features: dataset.feature_names.len(),
            outputs: 1,
            feature_names: dataset.feature_names.clone(),
            response_names: dataset.response_names.clone(),
            classes,
            sha256: dataset.sha256.clone(),
            encoding: dataset.encoding.clone(),
            screened: dataset.screened.clone(),
        }
    }
}

fn point(point: &Point) -> PointRecord {
    let [features, outputs] = [point.coefficients.features(), point.coefficients.outputs()];
    let dense = point.coefficients.dense();
    PointRecord {
        lambda: point.lambda,
        objective: finite(point.objective),
        loss: finite(point.loss),
        penalty: finite(point.penalty),
        nonzeros: point.nonzeros,
        status: point.status,
        certificate: point.certificate.into(),
        iterations: point.iterations,
        intercept: point.intercept.clone(),
        coefficients: Coefficients::from_dense(&dense, features, outputs),
        extra: named(&point.extra),
    }
}

fn cv(report: &CvReport) -> CvRecord {
    let numbers = |values: &Vec<f64>| values.iter().copied().map(finite).collect();
    CvRecord {
        rule: report.rule,
        metric: report.metric,
        lambda: report.lambda,
        mean: numbers(&report.mean),
        se: numbers(&report.se),
        folds: report.folds.iter().map(numbers).collect(),
        screened: report.screened.clone(),
    }
}

fn named(values: &[(String, Vec<f64>)]) -> Map<String, Value> {
    let list = |numbers: &[f64]| {
        Value::from(numbers.iter().copied().map(finite).collect::<Vec<Option<f64>>>())
    };
    values.iter().map(|(name, numbers)| (name.clone(), list(numbers))).collect()
}
