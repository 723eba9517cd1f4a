//! Folds that share the design have the models of folds with rows of their own.

use std::sync::Arc;

use fenchel_core::{Matrix, Problem, SparseMatrix, Workspace, certify};
use serde_json::{Value, json};

use super::fixture::*;
use crate::drive::assemble::{Rows, assemble, assemble_for};
use crate::drive::checkpoint::Store;
use crate::drive::path::Context;
use crate::drive::plan::prepare;
use crate::drive::{Job, Silent, cv, folds};
use crate::file::config::{CvConfig, Folds, Metric, ModelConfig, Rule};

/// Jobs of every kind of response, some with weights and an offset.
fn jobs() -> Vec<Job> {
    let n = 60;
    let mut table = linear(n);
    table.push(("w", (0..n).map(|i| 0.2 + f64::from(i as u32 % 5)).collect()));
    table.push(("o", noise(n, 11)));
    let response = |values: Vec<f64>| {
        let mut table = table.clone();
        table[3].1 = values;
        table
    };
    let counts = response((0..n).map(|i| f64::from(i as u32 * 7 % 4)).collect());
    let classes = response((0..n).map(|i| f64::from(i as u32 * 7 % 3)).collect());
    let binary = response(binary(n)[3].1.clone());
    let times = {
        let mut table = response((0..n).map(|i| f64::from(1 + i as u32 * 7 % 20)).collect());
        table.push(("event", (0..n).map(|i| f64::from(u8::from(i % 3 > 0))).collect()));
        table
    };
    let plain = || json!({ "features": ["a", "b", "c"] });
    let weighted = || json!({ "features": ["a", "b", "c"], "weights": "w", "offset": "o" });
    let survival =
        || json!({ "features": ["a", "b", "c"], "response": { "time": "y", "event": "event" } });
    let of = |table: &Table, data: Value, loss: Value| job_with(table, data, loss, l1(1.0));
    let mut jobs = vec![
        of(&table, plain(), quadratic()),
        of(&table, weighted(), quadratic()),
        of(&table, weighted(), json!({ "type": "huber" })),
        of(&table, plain(), json!({ "type": "quantile", "tau": 0.3 })),
        of(&table, plain(), json!({ "type": "tsallis" })),
        of(&counts, weighted(), json!({ "type": "poisson" })),
        of(&binary, weighted(), json!({ "type": "logistic" })),
        of(&binary, plain(), json!({ "type": "squared_hinge" })),
        of(&classes, plain(), json!({ "type": "multinomial" })),
        of(&classes, plain(), json!({ "type": "cumulative_logit" })),
        of(&times, survival(), json!({ "type": "cox", "ties": "efron" })),
    ];
    let without = ModelConfig { intercept: false, standardize: false };
    jobs.push(Job { model: without, ..of(&table, plain(), quadratic()) });
    jobs.push(of(&table, plain(), quadratic()));
    sparse(jobs.last_mut().unwrap());
    jobs
}

/// The same numbers, stored sparse.
fn sparse(job: &mut Job) {
    let Matrix::Dense(dense) = job.dataset.matrix.as_ref() else { panic!("it is dense") };
    let (n, p) = (job.dataset.matrix.rows(), job.dataset.matrix.cols());
    let starts = (0..=p).map(|j| j * n).collect();
    let indices = (0..p).flat_map(|_| 0..n as u32).collect();
    let sparse = SparseMatrix::new(n, p, starts, indices, dense.values().to_vec()).unwrap();
    job.dataset.matrix = Arc::new(Matrix::Sparse(sparse));
}

fn agree(got: f64, expected: f64, tolerance: f64, what: &str) {
    let close = (got - expected).abs() <= tolerance * expected.abs().max(1e-3);
    assert!(close, "{what}: {got:e} with a shared design, {expected:e} without");
}

#[test]
fn objectives_and_certificates_are_the_same_at_the_same_parameters() {
    for job in jobs() {
        let all = Rows::all(&job.dataset);
        let training: Vec<usize> = (0..all.samples.len()).filter(|i| i % 5 != 2).collect();
        let [shared, copied] = [true, false].map(|share| {
            let rows = all.select(&training, share).unwrap();
            assemble(job.loss.as_ref(), &rows, &job.model).unwrap()
        });
        let penalty = (job.penalty)(&fenchel_core::Space::numbered(3, shared.shape().outputs));
        let penalty = penalty.unwrap().scaled(0.05);
        let length = shared.shape().len();
        for seed in 1..4 {
            let start = copied.start();
            let params: Vec<f64> =
                noise(length, seed).iter().zip(start).map(|(z, s)| s + 0.3 * z).collect();
            let [got, expected] = [&shared, &copied].map(|objective| {
                let problem = Problem {
                    objective: objective.as_ref(),
                    penalty: penalty.as_ref(),
                    baseline: Default::default(),
                };
                let certificate = certify(&problem, &params);
                (objective.value(&params, &mut Workspace::default()), certificate)
            });
            let place = &job.description;
            agree(got.0, expected.0, 1e-12, place);
            assert_eq!(got.1.kind, expected.1.kind, "{place}");
            agree(got.1.value, expected.1.value, 1e-9, place);
        }
    }
}

#[test]
fn folds_measure_the_same_whatever_is_shared() {
    let config =
        CvConfig { folds: Folds::Count(3), seed: 1, rule: Rule::Min, metric: Metric::Deviance };
    for job in jobs() {
        let job = with_cv(on_path(job, 4, 0.05), config.clone());
        let prepared = prepare(&job).unwrap();
        if prepared.objective.as_smooth().is_none() {
            continue; // piecewise linear: there may be many solutions
        }
        let store = Store::open(None, &job, &prepared).unwrap();
        let context = Context {
            job: &job,
            penalty: prepared.penalty.as_ref(),
            method: prepared.choice.method,
            scales: &prepared.scales,
            listener: &Silent,
            store: &store,
        };
        let all = Rows::all(&job.dataset);
        let assignment = prepared.assignment.as_ref().unwrap();
        for k in 0..3 {
            let [shared, copied] = [true, false].map(|share| {
                let on = (&all, job.loss.as_ref());
                cv::fold_of(context, &config, assignment, k, on, share).unwrap()
            });
            assert_eq!(shared.values.len(), 4, "{}", job.description);
            for (got, expected) in shared.values.iter().zip(&copied.values) {
                agree(*got, *expected, 1e-5, &job.description);
            }
        }
    }
}

#[test]
fn a_part_of_tall_data_is_reduced_to_the_same_moments() {
    // So few columns that they are reduced.
    let (n, p) = (1 << 16, 8);
    let table: Table = vec![("a", noise(4, 1)), ("y", noise(4, 2))];
    let mut job = job(&table, quadratic(), l1(1.0));
    let dense = fenchel_core::DenseMatrix::new(n, p, noise(n * p, 5)).unwrap();
    job.dataset.matrix = Arc::new(Matrix::Dense(dense));
    let response = fenchel_core::Response::Numeric { values: noise(n, 6), columns: 1 };
    job.dataset.samples = fenchel_core::Samples::new(response, None).unwrap();
    let all = Rows::all(&job.dataset);
    let training = folds::outside(&(0..n).step_by(3).collect::<Vec<_>>(), n);
    let [shared, copied] = [true, false].map(|share| {
        let rows = all.select(&training, share).unwrap();
        assemble_for(job.loss.as_ref(), &rows, &job.model, 1).unwrap()
    });
    let [got, expected] = [&shared, &copied].map(|objective| {
        let model = objective.as_linear().unwrap();
        assert_eq!(model.fit.samples(), p + 2);
        objective.value(&noise(p + 1, 7), &mut Workspace::default())
    });
    assert_eq!(got.to_bits(), expected.to_bits());
}
