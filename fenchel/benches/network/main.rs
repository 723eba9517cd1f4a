//! The study of envelopes on a small network: digits, one hidden layer, and which share of the pixels and
//! hidden units is needed.
//!
//! For several shares and seeds (of the split, the start and the batches), `group_sef` with k at a quarter of
//! that share of the units of each layer, at the smallest lambda of a bisection that leaves no more than the
//! share (with k at the share itself, the lambda that it takes leaves no weight of any size); then the
//! group lasso at the lambda that leaves as many units; then neither. What is compared is the accuracy on the
//! samples left out.
//!
//! `cargo bench -p fenchel --bench network -- [SEEDS]` prints the table and draws `docs/network.svg`; with
//! `pruned` as a further argument it is the comparison of [`pruned`].

#![allow(missing_docs, clippy::print_stdout)]

mod pruned;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use fenchel::registry;
use fenchel_core::{
    Baseline, Bound, DenseMatrix, Design, Matrix, Objective, Penalty, Problem, Raw, Response,
    Samples, Space, Workspace, kernels,
};
use fenchel_solvers::{Control, Options, Stochastic, method};
use plotters::prelude::*;
use rayon::prelude::*;
use serde_json::{Value, json};

const HIDDEN: usize = 20;
const PIXELS: usize = 64;
const SHARES: [f64; 3] = [0.6, 0.4, 0.25];
const SEEDS: usize = 5;
const EPOCHS: u64 = 20;
/// Halvings of the interval of log lambda.
const HALVINGS: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether this builds.
    if arguments.iter().any(|argument| argument == "--test") {
        return Ok(());
    }
    let seeds = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(SEEDS);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let digits = Digits::read(&root.join("examples/data/digits.csv"))?;
    if arguments.iter().any(|argument| argument == "pruned") {
        pruned::print(&digits, seeds);
        return Ok(());
    }
    let begun = Instant::now();
    let runs: Vec<Vec<[Fit; 2]>> =
        (0..seeds).into_par_iter().map(|seed| Study::new(&digits, seed as u64).run()).collect();
    let plain: Vec<Fit> =
        (0..seeds).into_par_iter().map(|seed| Study::new(&digits, seed as u64).plain()).collect();
    println!(
        "| active units | group_sef | group lasso | difference | lambda (group_sef, group lasso) |"
    );
    println!("|---|---|---|---|---|");
    let all = (PIXELS + HIDDEN) as f64;
    let mut points = Vec::new();
    for (s, share) in SHARES.iter().enumerate() {
        let column = |m: usize| runs.iter().map(move |run| run[s][m]);
        let active = mean(column(0).map(|fit| fit.active / all));
        let lasso = mean(column(1).map(|fit| fit.active / all));
        let differences: Vec<f64> =
            column(0).zip(column(1)).map(|(a, b)| a.accuracy - b.accuracy).collect();
        let accuracy = |m: usize| spread(&column(m).map(|fit| fit.accuracy).collect::<Vec<_>>());
        println!(
            "| {share:.2}: {:.1} % and {:.1} % | {} | {} | {} | {:.2e}, {:.2e} |",
            100.0 * active,
            100.0 * lasso,
            accuracy(0),
            accuracy(1),
            spread(&differences),
            mean(column(0).map(|fit| fit.lambda)),
            mean(column(1).map(|fit| fit.lambda)),
        );
        points.push((active, [0, 1].map(|m| mean(column(m).map(|fit| fit.accuracy)))));
    }
    let reference: Vec<f64> = plain.iter().map(|fit| fit.accuracy).collect();
    println!("| all, no penalty | {} | | | |", spread(&reference));
    println!("{seeds} seeds, {:.0} s", begun.elapsed().as_secs_f64());
    draw(&root.join("docs/network.svg"), &points, mean(reference.into_iter()))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean and standard deviation, in per cent.
fn spread(values: &[f64]) -> String {
    let centre = mean(values.iter().copied());
    let square: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    let deviation = (square / (values.len() as f64 - 1.0).max(1.0)).sqrt();
    format!("{:.1} ± {:.1} %", 100.0 * centre, 100.0 * deviation)
}

struct Digits {
    rows: Vec<Vec<f64>>,
    class: Vec<u32>,
}

impl Digits {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(path)?;
        let (mut rows, mut class) = (Vec::new(), Vec::new());
        for line in text.lines().skip(1) {
            let mut row = line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            class.push(row.pop().ok_or("an empty line")? as u32);
            rows.push(row);
        }
        Ok(Self { rows, class })
    }

    fn matrix(&self, rows: &[usize]) -> Matrix {
        let values = (0..PIXELS).flat_map(|j| rows.iter().map(move |&i| self.rows[i][j])).collect();
        Matrix::Dense(DenseMatrix::new(rows.len(), PIXELS, values).expect("rows times pixels"))
    }
}

#[derive(Clone, Copy)]
struct Fit {
    lambda: f64,
    active: f64,
    accuracy: f64,
}

/// One split and one start.
struct Study<'a> {
    digits: &'a Digits,
    seed: u64,
    objective: Box<dyn Objective>,
    loss: Box<dyn fenchel_core::Loss>,
    left_out: Vec<usize>,
}

impl<'a> Study<'a> {
    /// Three quarters of the samples to fit to.
    fn new(digits: &'a Digits, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..digits.class.len()).collect();
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for i in (1..order.len()).rev() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            order.swap(i, (state % (i as u64 + 1)) as usize);
        }
        let left_out = order.split_off(3 * order.len() / 4);
        let labels = (0..10).map(|c| c.to_string()).collect();
        let class = order.iter().map(|&i| digits.class[i]).collect();
        let samples = Samples::new(Response::Classes { class, labels }, None).expect("classes");
        let design = Design::standardized(digits.matrix(&order), None);
        let loss = json!({ "type": "mlp", "hidden": [HIDDEN], "activation": "tanh", "seed": seed });
        let loss = registry::build_loss(&raw(&loss)).expect("a loss");
        let Bound::Direct(objective) = loss.bind(&samples, &design).expect("digits") else {
            unreachable!("a network has no linear predictor")
        };
        Self { digits, seed, objective, loss, left_out }
    }

    fn run(&self) -> Vec<[Fit; 2]> {
        SHARES
            .iter()
            .map(|share| {
                let whole = (share * (PIXELS + HIDDEN) as f64).round();
                let k = [PIXELS, HIDDEN].map(|units| (0.25 * share * units as f64).ceil());
                let sef = self.at_most(whole, (1e-3, 1.0), |lambda| {
                    layers(lambda, |l| json!({ "type": "group_sef", "k": k[l] as usize }))
                });
                let lasso = self.at_most(sef.active, (1e-3, 0.1), |lambda| {
                    layers(lambda, |_| json!({ "type": "group_lasso" }))
                });
                [sef, lasso]
            })
            .collect()
    }

    fn plain(&self) -> Fit {
        self.fit(0.0, &json!({ "type": "none" }))
    }

    /// The smallest lambda, by bisection of its logarithm, with at most so many active units.
    fn at_most(&self, active: f64, (low, high): (f64, f64), of: impl Fn(f64) -> Value) -> Fit {
        let (mut low, mut high): (f64, f64) = (low, high);
        let mut best = self.fit(high, &of(high));
        for _ in 0..HALVINGS {
            let middle = (low * high).sqrt();
            let fit = self.fit(middle, &of(middle));
            if fit.active > active {
                low = middle;
                continue;
            }
            high = middle;
            best = fit;
            if fit.active == active {
                break;
            }
        }
        best
    }

    fn fit(&self, lambda: f64, penalty: &Value) -> Fit {
        let (objective, params) = (self.objective.as_ref(), self.first_fit(penalty));
        let mut active = 0.0;
        for layer in objective.layers() {
            let weights = layer.of(&params);
            let away = |i: usize| (0..layer.outputs).any(|o| weights[i + o * layer.inputs] != 0.0);
            active += (0..layer.inputs).filter(|&i| away(i)).count() as f64;
        }
        debug_assert!(objective.value(&params, &mut Workspace::default()).is_finite());
        Fit { lambda, active, accuracy: self.accuracy(&params, &self.left_out) }
    }

    /// Where the random start leads to with a penalty.
    fn first_fit(&self, penalty: &Value) -> Vec<f64> {
        let space = Space::of_layers(self.objective.layers(), &[]);
        let penalty =
            registry::build_penalty(&raw(penalty), &space, Path::new(".")).expect("valid");
        self.solve(&*penalty, self.objective.random_start().expect("hidden units"))
    }

    /// Where [`EPOCHS`] epochs lead to from `start`.
    fn solve(&self, penalty: &dyn Penalty, start: Vec<f64>) -> Vec<f64> {
        let objective = self.objective.as_ref();
        let mut problem = Problem { objective, penalty, baseline: Baseline::default() };
        problem.baseline = Baseline::at_zero(&problem, &start);
        let stochastic = Stochastic { epochs: EPOCHS, seed: self.seed, ..Stochastic::default() };
        let mut control = Control {
            tol: 1e-2,
            max_iter: EPOCHS + 30,
            options: Options { stochastic, ..Options::default() },
            ..Control::default()
        };
        let solver = method("prox_sgd").expect("a solver");
        solver.solve(&problem, start, &mut control).expect("finite").params
    }

    /// The share of the samples `rows` whose digit is told.
    fn accuracy(&self, params: &[f64], rows: &[usize]) -> f64 {
        let matrix = self.digits.matrix(rows);
        let intercept = self.objective.report(params).intercept.expect("biases");
        let weights = self.objective.original_coefficients(params).expect("weights");
        let forward = self.loss.as_forward().expect("a network");
        let (eta, columns) = forward.forward(&matrix, &intercept, &weights).expect("as fitted");
        let class = self.loss.as_predictor().and_then(|p| p.class(&eta, columns)).expect("classes");
        let right: Vec<f64> = class
            .iter()
            .zip(rows)
            .map(|(said, &i)| f64::from(u8::from(*said == self.digits.class[i])))
            .collect();
        kernels::sum(&right) / right.len() as f64
    }
}

/// One penalty a layer, over the weights that come from each unit.
fn layers(lambda: f64, of: impl Fn(usize) -> Value) -> Value {
    let term = |l: usize| {
        let mut penalty = of(l);
        penalty["lambda"] = lambda.into();
        penalty["groups"] = json!({ "units": "outgoing" });
        json!({ "type": "on", "features": [format!("layer{}", l + 1)], "penalty": penalty })
    };
    json!({ "type": "sum", "terms": [term(0), term(1)] })
}

fn raw(value: &Value) -> Raw {
    Raw(value.as_object().expect("a table").clone())
}

fn draw(path: &Path, points: &[(f64, [f64; 2])], plain: f64) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (640, 360)).into_drawing_area();
    area.fill(&WHITE)?;
    let worst = points.iter().flat_map(|(_, a)| *a).fold(plain, f64::min);
    let floor = (10.0 * worst).floor() / 10.0;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..0.8, floor..1.0)?;
    chart
        .configure_mesh()
        .x_desc("share of pixels and hidden units that are active")
        .y_desc("accuracy on samples left out")
        .draw()?;
    for (m, (name, colour)) in [("group_sef", BLUE), ("group lasso", RED)].into_iter().enumerate() {
        let line: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x, y[m])).collect();
        chart
            .draw_series(LineSeries::new(line.clone(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour));
        chart.draw_series(line.into_iter().map(|at| Circle::new(at, 4, colour.filled())))?;
    }
    chart
        .draw_series(LineSeries::new([(0.0, plain), (0.8, plain)], BLACK.mix(0.5)))?
        .label("all, no penalty")
        .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], BLACK.mix(0.5)));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
