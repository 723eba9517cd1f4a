//! Iterations of `nonconvex_ag` in the simulation of its paper, medians over seeds; then iterations and
//! times of the solvers of nonconvex problems to a relative stationarity of 1e-6.
//!
//! `cargo bench -p fenchel-suite --bench nonconvex -- SEEDS`

#![allow(missing_docs, clippy::print_stdout)]

#[path = "../tests/nonconvex/study.rs"]
#[allow(dead_code)]
mod study;

use std::time::Instant;

use fenchel_core::{Baseline, Objective, Problem};
use fenchel_solvers::{Control, Options, Restart, method};
use serde_json::json;

/// tau, n, the most iterations, and the published medians: SCAD and MCP, each by accelerated gradient
/// and by Ghadimi and Lan's setting.
const CELLS: [(f64, usize, u64, [f64; 4]); 4] = [
    (0.1, 200, 400, [9.0, 15.0, 6.0, 9.0]),
    (0.5, 200, 400, [11.0, 19.0, 10.0, 17.0]),
    (0.5, 1000, 800, [32.0, 51.0, 26.0, 42.0]),
    (0.9, 200, 1000, [37.0, 60.0, 31.0, 50.0]),
];

fn main() {
    let seeds = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(11);
    println!("{:>5} {:>5}  {:<18}  published", "tau", "n", "SCAD ag gl, MCP ag gl");
    for (tau, n, most, published) in CELLS {
        let mut counts = [vec![], vec![], vec![], vec![]];
        for seed in 0..seeds {
            let model = study::model(tau, n, 100 + seed);
            for (k, kind) in ["scad", "mcp"].into_iter().enumerate() {
                for (i, count) in study::iterations(&model, kind, most).into_iter().enumerate() {
                    counts[2 * k + i].push(count);
                }
            }
        }
        let medians = counts.map(study::median);
        println!("{tau:>5} {n:>5}  {medians:?}  {published:?}");
    }
    println!(
        "\n{:>4} {:>5} {:>5} {:>6}  solver, iterations, seconds, objective",
        "", "tau", "n", "lambda"
    );
    for (tau, n) in [(0.1, 200), (0.5, 1000), (0.9, 1000)] {
        let model = study::model(tau, n, 100);
        for kind in ["scad", "mcp"] {
            compare(&model, kind, tau, n);
        }
    }
}

/// From zero, at a tenth of the least lambda with no effect.
fn compare(model: &fenchel_core::LinearModel, kind: &str, tau: f64, n: usize) {
    let p = model.shape().features;
    let unit = study::penalty(json!({ "type": kind }), p);
    let mut grad = vec![0.0; model.shape().len()];
    let smooth = model.as_smooth().expect("the loss is smooth");
    smooth.value_gradient(&model.start(), &mut grad, &mut Default::default());
    let lambda = 0.1 * fenchel_core::kernels::max_abs(&grad[..p]);
    let penalty = unit.scaled(lambda);
    let mut problem =
        Problem { objective: model, penalty: &*penalty, baseline: Baseline::default() };
    problem.baseline = Baseline::at_zero(&problem, &model.start());
    for (name, restart) in [
        ("cd", None),
        ("fista", None),
        ("nonconvex_ag", Some(Restart::Gradient)),
        ("nonconvex_ag", Some(Restart::Speed)),
        ("nonconvex_ag", Some(Restart::None)),
    ] {
        let options = Options { restart, ..Options::default() };
        let mut control = Control { tol: 1e-6, max_iter: 50_000, options, ..Control::default() };
        let solver = method(name).expect("it is registered");
        let began = Instant::now();
        let outcome = solver.solve(&problem, model.start(), &mut control).expect("it runs");
        let seconds = began.elapsed().as_secs_f64();
        let (loss, value) = problem.values(&outcome.params, &mut Default::default());
        let restart = restart.map_or(String::new(), |r| format!(" {r:?}").to_lowercase());
        println!(
            "{kind:>4} {tau:>5} {n:>5} {lambda:>6.2}  {:<24} {:>6} {seconds:>8.3} {:>12.4} {:?}",
            format!("{name}{restart}"),
            outcome.iterations,
            loss + value,
            outcome.status
        );
    }
}
