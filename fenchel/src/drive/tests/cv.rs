//! Cross-validation.

use serde_json::{Value, json};

use super::fixture::*;
use crate::drive::{Job, linear_predictor};
use crate::file::config::{CvConfig, FoldColumn, Folds, Metric, PathConfig, Rule};

fn folds(count: usize, metric: Metric) -> CvConfig {
    CvConfig { folds: Folds::Count(count), seed: 3, rule: Rule::Min, metric }
}

fn by_column(metric: Metric) -> CvConfig {
    CvConfig { folds: Folds::Column(FoldColumn { column: "fold".into() }), ..folds(0, metric) }
}

#[test]
fn a_tiny_problem_agrees_with_the_calculation_by_hand() {
    // Null models only: the first scale is beyond every fold's, so each fold predicts the mean of
    // the others. Folds (1, 2), (3, 6): mean 4.5 for the first, 1.5 for the second.
    let table: Table = vec![
        ("a", vec![0.0, 1.0, 0.0, 1.0]),
        ("y", vec![1.0, 2.0, 3.0, 6.0]),
        ("fold", vec![1.0, 1.0, 2.0, 2.0]),
    ];
    let mut job = with_cv(job(&table, quadratic(), l1(1.0)), by_column(Metric::Mse));
    job.path = Some(PathConfig { lambdas: Some(vec![100.0]), ..Default::default() });
    let report = solved(&job).cv.unwrap();
    let (first, second) = ((3.5f64.powi(2) + 2.5 * 2.5) / 2.0, (1.5 * 1.5 + 4.5f64.powi(2)) / 2.0);
    close(&report.folds.concat(), &[first, second], 1e-13);
    close(&report.mean, &[(first + second) / 2.0], 1e-13);
    // Two folds: the standard error is half their difference.
    close(&report.se, &[(second - first).abs() / 2.0], 1e-12);
}

#[test]
fn a_fold_is_scaled_by_its_training_rows_only() {
    let mut table = linear(24);
    // One fold far away: scaling with it would change the penalty on the others.
    for i in 0..6 {
        table[0].1[i] *= 100.0;
    }
    table.push(("fold", (0..24).map(|i| f64::from(i / 6)).collect()));
    let lambdas = vec![0.5, 0.1];
    let mut full = with_cv(job(&table, quadratic(), l1(1.0)), by_column(Metric::Mse));
    full.path = Some(PathConfig { lambdas: Some(lambdas.clone()), ..Default::default() });
    let report = solved(&full).cv.unwrap();
    for k in 0..4 {
        let rest: Vec<usize> = (0..24).filter(|i| i / 6 != k).collect();
        let training: Table = table[..4]
            .iter()
            .map(|(name, v)| (*name, rest.iter().map(|&i| v[i]).collect()))
            .collect();
        for (l, &lambda) in lambdas.iter().enumerate() {
            let fit = solved(&job(&training, quadratic(), l1(lambda)));
            let error = |i: usize| {
                let eta: f64 = (0..3).map(|j| table[j].1[i] * fit.coefficients[j]).sum();
                (table[3].1[i] - fit.intercept[0] - eta).powi(2)
            };
            let mse = (6 * k..6 * k + 6).map(error).sum::<f64>() / 6.0;
            close(&[report.folds[k][l]], &[mse], 1e-3);
        }
    }
}

fn every_number(job: &Job) -> (Vec<u64>, Vec<u64>) {
    let solution = solved(job);
    let report = solution.cv.as_ref().unwrap();
    let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let numbers = [report.mean.clone(), report.se.clone(), report.folds.concat()].concat();
    let path = solution.path.as_ref().unwrap();
    let fits: Vec<f64> = path
        .iter()
        .flat_map(|p| [p.objective, p.certificate.value, p.intercept[0]])
        .chain(solution.coefficients.iter().copied())
        .collect();
    (bits(&numbers), bits(&fits))
}

#[test]
fn threads_do_not_change_a_bit() {
    let make = |threads| {
        let mut job = on_path(job(&binary(80), json!({ "type": "logistic" }), l1(1.0)), 8, 0.01);
        job.threads = threads;
        with_cv(job, folds(5, Metric::Deviance))
    };
    let alone = every_number(&make(1));
    assert_eq!(alone, every_number(&make(2)));
    assert_eq!(alone, every_number(&make(1)));
}

#[test]
fn the_chosen_point_is_the_one_on_all_samples() {
    let job = on_path(job(&linear(60), quadratic(), l1(1.0)), 10, 1e-3);
    let mut job = with_cv(job, folds(5, Metric::Deviance));
    let solution = solved(&job);
    let (report, path) = (solution.cv.unwrap(), solution.path.unwrap());
    assert_eq!(solution.coefficients, path[report.chosen].coefficients.dense());
    assert_eq!(solution.lambda, Some(report.lambda));
    assert!(report.mean.iter().all(|m| *m >= report.mean[report.chosen]));
    job.cv.as_mut().unwrap().rule = Rule::OneSe;
    let wide = solved(&job).cv.unwrap();
    let limit = report.mean[report.chosen] + report.se[report.chosen];
    assert!(wide.chosen < report.chosen);
    assert!(wide.mean[wide.chosen] <= limit && wide.mean[wide.chosen - 1] > limit);
}

#[test]
fn every_metric_follows_its_definition() {
    let table = {
        let mut table = binary(40);
        table.push(("fold", (0..40).map(|i| f64::from(i % 2)).collect()));
        table
    };
    let logistic = || json!({ "type": "logistic" });
    let measure = |metric| {
        let mut job = with_cv(job(&table, logistic(), l1(1.0)), by_column(metric));
        job.path = Some(PathConfig { lambdas: Some(vec![0.02]), ..Default::default() });
        solved(&job).cv.unwrap().folds[0][0]
    };
    // Fold 0 are the even samples; fit the odd ones.
    let odd: Table = table[..4]
        .iter()
        .map(|(name, v)| (*name, v.iter().skip(1).step_by(2).copied().collect()))
        .collect();
    let fit = solved(&job(&odd, logistic(), l1(0.02)));
    let eta: Vec<f64> = (0..40)
        .step_by(2)
        .map(|i| {
            fit.intercept[0] + (0..3).map(|j| table[j].1[i] * fit.coefficients[j]).sum::<f64>()
        })
        .collect();
    let y: Vec<f64> = table[3].1.iter().step_by(2).copied().collect();
    let mean = |f: &dyn Fn(f64, f64) -> f64| {
        eta.iter().zip(&y).map(|(e, y)| f(1.0 / (1.0 + (-e).exp()), *y)).sum::<f64>() / 20.0
    };
    let likelihood = |p: f64, y: f64| -2.0 * if y == 1.0 { p.ln() } else { (1.0 - p).ln() };
    close(&[measure(Metric::Deviance)], &[mean(&likelihood)], 1e-4);
    close(&[measure(Metric::Pinball)], &[mean(&likelihood) / 2.0], 1e-4);
    close(&[measure(Metric::Mse)], &[mean(&|p, y| (p - y).powi(2))], 1e-4);
    close(&[measure(Metric::Mae)], &[mean(&|p, y| (p - y).abs())], 1e-4);
    let wrong = |p: f64, y: f64| f64::from(u8::from((p > 0.5) != (y == 1.0)));
    close(&[measure(Metric::Error)], &[mean(&wrong)], 1e-12);
    let (mut agree, mut pairs) = (0.0, 0.0);
    for i in (0..20).filter(|&i| y[i] == 1.0) {
        for j in (0..20).filter(|&j| y[j] == 0.0) {
            agree += f64::from(u8::from(eta[i] > eta[j]));
            pairs += 1.0;
        }
    }
    close(&[measure(Metric::Auc)], &[agree / pairs], 1e-12);
}

fn refusal(loss: Value, config: CvConfig, table: &Table) -> String {
    message(&with_cv(on_path(job(table, loss, l1(1.0)), 3, 0.1), config))
}

#[test]
fn what_cannot_be_measured_is_refused_before_any_work() {
    let table = linear(20);
    let said = |metric| refusal(quadratic(), folds(4, metric), &table);
    assert!(said(Metric::Auc).contains("\"auc\" needs a response of two classes"));
    assert!(said(Metric::Error).contains("\"error\" needs a response of classes"));
    assert!(said(Metric::Concordance).contains("\"concordance\" needs survival"));
    assert!(refusal(quadratic(), folds(21, Metric::Mse), &table).contains("number of samples, 20"));
    let mut labels = binary(10);
    labels[3].1 = (0..10).map(|i| f64::from(u8::from(i == 0))).collect();
    let logistic = json!({ "type": "logistic" });
    let said = refusal(logistic.clone(), folds(5, Metric::Deviance), &labels);
    assert!(said.contains("no sample of class \"1\" is left to fit"), "{said}");
    labels[3].1[1] = 1.0;
    let said = refusal(logistic, folds(5, Metric::Auc), &labels);
    assert!(said.contains("\"auc\" is undefined on fold") && said.contains("one class only"));
}

#[test]
fn cross_validation_without_a_path_is_refused() {
    let job = with_cv(job(&linear(20), quadratic(), l1(1.0)), folds(4, Metric::Mse));
    assert!(message(&job).contains("add a [path] section"));
}

#[test]
fn offsets_and_weights_go_with_their_samples() {
    let mut table = linear(30);
    let offset = noise(30, 8);
    table[3].1.iter_mut().zip(&offset).for_each(|(y, o)| *y += 10.0 * o);
    table.push(("o", offset.iter().map(|o| 10.0 * o).collect()));
    table.push(("w", (0..30).map(|i| f64::from(1 + i % 2)).collect()));
    table.push(("fold", (0..30).map(|i| f64::from(i % 3)).collect()));
    let data = json!({ "offset": "o", "weights": "w" });
    let mut full = job_with(&table, data.clone(), quadratic(), l1(1.0));
    full.path = Some(PathConfig { lambdas: Some(vec![0.1]), ..Default::default() });
    let report = solved(&with_cv(full, by_column(Metric::Mse))).cv.unwrap();
    let rest: Vec<usize> = (0..30).filter(|i| i % 3 != 1).collect();
    let training: Table =
        table[..6].iter().map(|(name, v)| (*name, rest.iter().map(|&i| v[i]).collect())).collect();
    let job = job_with(&training, data, quadratic(), l1(0.1));
    let fit = solved(&job);
    let coefficients = crate::drive::Coefficients::from_dense(3, 1, &fit.coefficients);
    let left_out: Vec<usize> = (0..30).filter(|i| i % 3 == 1).collect();
    let whole = job_with(&table, json!({ "offset": "o", "weights": "w" }), quadratic(), l1(0.1));
    let x = whole.dataset.matrix.select_rows(&left_out);
    let offset: Vec<f64> = left_out.iter().map(|&i| table[4].1[i]).collect();
    let (eta, _) = linear_predictor(&x, Some(&offset), &fit.intercept, &coefficients).unwrap();
    let weight = |i: usize| table[5].1[i];
    let total: f64 = left_out.iter().map(|&i| weight(i)).sum();
    let mse = left_out
        .iter()
        .zip(&eta)
        .map(|(&i, eta)| weight(i) * (table[3].1[i] - eta).powi(2))
        .sum::<f64>()
        / total;
    close(&[report.folds[1][0]], &[mse], 1e-4);
}

#[test]
fn a_mixed_model_is_scored_by_its_likelihood_of_the_subjects_left_out() {
    let n = 48;
    let mut table = linear(n);
    let (shared, tail) = (noise(n / 4, 21), noise(n / 4, 22));
    for i in 0..n {
        let stretch = 1.0 / (0.1 + tail[i / 4].abs());
        table[3].1[i] += stretch * shared[i / 4];
    }
    table.push(("id", (0..n).map(|i| (i / 4) as f64).collect()));
    table.push(("fold", (0..n).map(|i| f64::from(u8::from(i < n / 3))).collect()));
    let loss = json!({ "type": "tsallis", "random": "intercept" });
    let data = json!({ "subject": "id" });
    let mut full = job_with(&table, data.clone(), loss.clone(), l1(1.0));
    full.path = Some(PathConfig { lambdas: Some(vec![0.02]), ..Default::default() });
    let report = solved(&with_cv(full, by_column(Metric::Deviance))).cv.unwrap();
    // The first fold in the order of their numbers is of the samples from n / 3 on.
    let (rest, left_out): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| i < n / 3);
    let training: Table =
        table[..5].iter().map(|(name, v)| (*name, rest.iter().map(|&i| v[i]).collect())).collect();
    let fit = solved(&job_with(&training, data, loss, l1(0.02)));
    let extra = |name: &str| fit.extra.iter().find(|(known, _)| known == name).unwrap().1[0];
    let (m, tau, square) = (extra("df"), extra("tau"), extra("sigma").powi(2));
    let mut twice = 0.0;
    for subject in left_out.chunks(4) {
        let residual = |&i: &usize| {
            let eta: f64 = (0..3).map(|j| table[j].1[i] * fit.coefficients[j]).sum();
            table[3].1[i] - fit.intercept[0] - eta
        };
        let r: Vec<f64> = subject.iter().map(residual).collect();
        let (sum, squares) = (r.iter().sum::<f64>(), r.iter().map(|r| r * r).sum::<f64>());
        let whole = squares - tau * sum * sum / (1.0 + 4.0 * tau);
        // Gamma(m/2 + 2) / Gamma(m/2) = (m/2)(m/2 + 1).
        twice += 4.0 * (std::f64::consts::PI * m * square).ln() + (1.0 + 4.0 * tau).ln()
            - 2.0 * (0.5 * m * (0.5 * m + 1.0)).ln()
            + (m + 4.0) * (whole / (m * square)).ln_1p();
    }
    close(&[report.folds[0][0]], &[twice / left_out.len() as f64], 1e-5);
}
