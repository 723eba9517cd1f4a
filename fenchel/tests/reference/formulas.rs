//! The objective of a case at the coefficients of a result, from the formulas of the case and the
//! raw data: nothing of the library is used.

use std::path::Path;

use serde_json::Value;

use crate::case::Case;

struct Data {
    /// Columns of the design.
    x: Vec<Vec<f64>>,
    /// Response columns.
    y: Vec<Vec<f64>>,
    weights: Vec<f64>,
    offset: Vec<f64>,
}

fn read(case: &Case, folder: &Path) -> Data {
    let path = folder.join(case.text("file"));
    if case.text("file").ends_with(".svm") {
        let text = std::fs::read_to_string(path).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        let p = case.json["p"].as_u64().unwrap() as usize;
        let mut x = vec![vec![0.0; rows.len()]; p];
        for (i, row) in rows.iter().enumerate() {
            for cell in &row[1..] {
                let (j, v) = cell.split_once(':').unwrap();
                x[j.parse::<usize>().unwrap() - 1][i] = v.parse().unwrap();
            }
        }
        let y = rows.iter().map(|row| row[0].parse().unwrap()).collect();
        let n = rows.len();
        return Data { x, y: vec![y], weights: vec![1.0; n], offset: vec![0.0; n] };
    }
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_string).collect();
    let mut table = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, cell) in table.iter_mut().zip(record.unwrap().iter()) {
            column.push(cell.parse::<f64>().unwrap());
        }
    }
    let column = |name: &str| {
        table[names.iter().position(|n| n == name).expect("the column exists")].clone()
    };
    let n = table[0].len();
    let x = if case.is_signal() {
        (0..n).map(|j| (0..n).map(|i| f64::from(u8::from(i == j))).collect()).collect()
    } else {
        let features = case.json["features"].as_array().unwrap();
        features.iter().map(|f| column(f.as_str().unwrap())).collect()
    };
    let mut weights = case.weights_column().map_or(vec![1.0; n], |name| column(&name));
    let mean = weights.iter().sum::<f64>() / n as f64;
    weights.iter_mut().for_each(|w| *w /= mean);
    let offset = case
        .column_of("offset")
        .map_or(vec![0.0; n], |name| column(&name).iter().map(|v| v.ln()).collect());
    Data { x, y: case.responses().iter().map(|r| column(r)).collect(), weights, offset }
}

/// The objective.
pub fn objective(case: &Case, result: &Value, folder: &Path) -> f64 {
    let data = read(case, folder);
    let coefficients = &result["coefficients"];
    let numbers = |key: &str| -> Vec<f64> {
        let list = coefficients[key].as_array().unwrap();
        list.iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let (rows, cols, values) = (numbers("rows"), numbers("cols"), numbers("values"));
    let (p, outputs) = (data.x.len(), numbers("shape")[1] as usize);
    let mut beta = vec![vec![0.0; p]; outputs];
    for ((j, k), v) in rows.iter().zip(&cols).zip(&values) {
        beta[*k as usize][*j as usize] = *v;
    }
    let intercept: Vec<f64> = result["intercept"]
        .as_array()
        .map(|list| list.iter().map(|v| v.as_f64().unwrap()).collect())
        .unwrap_or_default();
    let n = data.offset.len();
    // One column of coefficients may serve several thresholds.
    let shared = outputs == 1 && intercept.len() > 1;
    let columns = if shared { intercept.len() } else { outputs };
    let eta: Vec<Vec<f64>> = (0..columns)
        .map(|k| (k, &beta[if shared { 0 } else { k }]))
        .map(|(k, b)| {
            let b0 = intercept.get(k).copied().unwrap_or(0.0);
            let mut eta: Vec<f64> = data.offset.iter().map(|o| o + b0).collect();
            for (column, b) in data.x.iter().zip(b).filter(|(_, b)| **b != 0.0) {
                eta.iter_mut().zip(column).for_each(|(e, x)| *e += b * x);
            }
            eta
        })
        .collect();
    let mut scaled = beta;
    if case.flag("standardize") {
        for (j, column) in data.x.iter().enumerate() {
            let mean = column.iter().zip(&data.weights).map(|(x, w)| w * x).sum::<f64>() / n as f64;
            let square = |(x, w): (&f64, &f64)| w * (x - mean) * (x - mean);
            let variance = column.iter().zip(&data.weights).map(square).sum::<f64>() / n as f64;
            let deviation = if variance.sqrt() < 1e-12 { 1.0 } else { variance.sqrt() };
            scaled.iter_mut().for_each(|b| b[j] *= deviation);
        }
    }
    loss(case, &eta, &data) + penalty(case, &scaled)
}

fn loss(case: &Case, eta: &[Vec<f64>], data: &Data) -> f64 {
    let n = data.weights.len();
    let kind = case.text("loss");
    let mut y = data.y.clone();
    if kind == "cox" {
        return cox(&data.y[0], &data.y[1], &eta[0]);
    }
    if kind == "multinomial" || kind == "cumulative_logit" {
        return classes(kind, eta, data);
    }
    if kind == "logistic" || kind == "squared_hinge" {
        let top = y[0].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        y[0].iter_mut().for_each(|y| *y = f64::from(u8::from(*y == top)));
    }
    let one = |y: f64, e: f64| -> f64 {
        let r = y - e;
        match kind {
            "gaussian" => 0.5 * r * r,
            "huber" => {
                let delta = case.param("delta").unwrap();
                if r.abs() <= delta { 0.5 * r * r } else { delta * (r.abs() - delta / 2.0) }
            }
            "logistic" => e.max(0.0) + (-e.abs()).exp().ln_1p() - y * e,
            "squared_hinge" => (1.0 - (2.0 * y - 1.0) * e).max(0.0).powi(2),
            "poisson" => e.exp() - y * e,
            "pinball" => {
                let tau = case.param("tau").unwrap();
                (tau * r).max((tau - 1.0) * r)
            }
            other => panic!("no formula for the loss {other}"),
        }
    };
    let mut total = 0.0;
    for (y, eta) in y.iter().zip(eta) {
        for i in 0..n {
            total += data.weights[i] * one(y[i], eta[i]);
        }
    }
    total / n as f64
}

/// Minus the log-likelihood of classes, by the probability of each.
fn classes(kind: &str, eta: &[Vec<f64>], data: &Data) -> f64 {
    let mut labels = data.y[0].clone();
    labels.sort_by(f64::total_cmp);
    labels.dedup();
    let mut total = 0.0;
    for (i, (y, weight)) in data.y[0].iter().zip(&data.weights).enumerate() {
        let label = labels.iter().position(|label| label == y).unwrap();
        let at = |k: usize| eta[k][i];
        let probability = if kind == "multinomial" {
            let top = (0..eta.len()).map(at).fold(f64::NEG_INFINITY, f64::max);
            (at(label) - top).exp() / (0..eta.len()).map(|k| (at(k) - top).exp()).sum::<f64>()
        } else {
            let below = |k: usize| match k {
                0 => 0.0,
                k if k > eta.len() => 1.0,
                k => 1.0 / (1.0 + (-at(k - 1)).exp()),
            };
            below(label + 1) - below(label)
        };
        total -= weight * probability.ln();
    }
    total / data.weights.len() as f64
}

/// Minus Breslow's log partial likelihood over the number of samples, by its double sum.
fn cox(time: &[f64], event: &[f64], eta: &[f64]) -> f64 {
    let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for i in (0..eta.len()).filter(|&i| event[i] == 1.0) {
        let at_risk = (0..eta.len()).filter(|&j| time[j] >= time[i]);
        let risk: f64 = at_risk.map(|j| (eta[j] - top).exp()).sum();
        total += risk.ln() + top - eta[i];
    }
    total / eta.len() as f64
}

fn penalty(case: &Case, beta: &[Vec<f64>]) -> f64 {
    let lambda = case.lambda();
    let params = &case.json["params"];
    let all = || beta.iter().flatten().copied();
    let absolute = || all().map(f64::abs).sum::<f64>();
    match case.text("penalty") {
        "none" => 0.0,
        "elastic_net" => {
            let ratio = case.param("l1_ratio").unwrap();
            let factor = |j: usize| params["penalty_factor"][j].as_f64().unwrap_or(1.0);
            let each = beta.iter().flat_map(|b| b.iter().enumerate());
            let terms =
                each.map(|(j, b)| factor(j) * (ratio * b.abs() + (1.0 - ratio) / 2.0 * b * b));
            if params["nonnegative"] == Value::Bool(true) && all().any(|b| b < 0.0) {
                return f64::INFINITY;
            }
            lambda * terms.sum::<f64>()
        }
        "group_lasso" => {
            let share = case.param("l1_share").unwrap_or(0.0);
            let groups: Vec<Vec<usize>> = match params["groups"].as_array() {
                None => (0..beta[0].len()).map(|j| vec![j]).collect(),
                Some(list) => list
                    .iter()
                    .map(|g| {
                        g.as_array().unwrap().iter().map(|j| j.as_u64().unwrap() as usize).collect()
                    })
                    .collect(),
            };
            let norm = |g: &Vec<usize>| {
                let square: f64 = beta.iter().flat_map(|b| g.iter().map(|&j| b[j] * b[j])).sum();
                ((g.len() * beta.len()) as f64 * square).sqrt()
            };
            lambda * (share * absolute() + (1.0 - share) * groups.iter().map(norm).sum::<f64>())
        }
        "slope" => {
            let mut sorted: Vec<f64> = beta[0].iter().map(|b| b.abs()).collect();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let weights = params["weights"].as_array().unwrap();
            lambda * sorted.iter().zip(weights).map(|(b, w)| b * w.as_f64().unwrap()).sum::<f64>()
        }
        "fused" => {
            let jumps: f64 = beta[0].windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
            lambda * (jumps + case.param("l1").unwrap_or(0.0) * absolute())
        }
        "presto" => {
            let row = |j: usize| {
                let jumps = beta.windows(2).map(|pair| (pair[1][j] - pair[0][j]).abs());
                beta[0][j].abs() + jumps.sum::<f64>()
            };
            lambda * (0..beta[0].len()).map(row).sum::<f64>()
        }
        "nuclear" => {
            let matrix = nalgebra::DMatrix::from_fn(beta[0].len(), beta.len(), |j, k| beta[k][j]);
            lambda * matrix.singular_values().sum()
        }
        "mcp" => {
            let gamma = case.param("gamma").unwrap();
            all()
                .map(f64::abs)
                .map(|a| {
                    if a <= gamma * lambda {
                        lambda * a - a * a / 2.0 / gamma
                    } else {
                        gamma * lambda * lambda / 2.0
                    }
                })
                .sum()
        }
        "scad" => {
            let gamma = case.param("gamma").unwrap();
            all()
                .map(f64::abs)
                .map(|a| {
                    if a <= lambda {
                        lambda * a
                    } else if a <= gamma * lambda {
                        (2.0 * gamma * lambda * a - a * a - lambda * lambda) / 2.0 / (gamma - 1.0)
                    } else {
                        lambda * lambda * (gamma + 1.0) / 2.0
                    }
                })
                .sum()
        }
        other => panic!("no formula for the penalty {other}"),
    }
}
