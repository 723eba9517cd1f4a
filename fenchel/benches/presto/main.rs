//! The study of PRESTO on rare classes: Faletto & Bien (2023), ICML, arXiv:2305.18700, section 4.
//!
//! Four ordered classes of 2500 samples with ten features, of which the last is rare; coefficients of
//! neighbouring thresholds differ in a few features. PRESTO (cross-validated by the Brier score),
//! proportional odds and a logistic regression of the rare class estimate its probability for every
//! sample; what is compared is the mean squared error against the true one.
//!
//! `cargo bench -p fenchel --bench presto -- [REPLICATES]` runs the real binary, prints the table and
//! draws `docs/presto.svg`; `-- data [SPLITS]` does so on the paper's real data.

#![allow(missing_docs, clippy::print_stdout)]

mod real;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plotters::prelude::*;
use rayon::prelude::*;
use serde_json::Value;

const SAMPLES: usize = 2500;
const FEATURES: usize = 10;
const REPLICATES: usize = 100;
const METHODS: [&str; 3] = ["PRESTO", "logistic", "proportional odds"];

/// One row of the table: how often coefficients differ, the thresholds, and the published medians in
/// the order of [`METHODS`].
struct Setting {
    share: f64,
    thresholds: [f64; 3],
    published: [f64; 3],
}

const SETTINGS: [Setting; 3] = [
    Setting { share: 0.5, thresholds: [0.0, 3.0, 5.0], published: [7.68e-5, 1.015e-4, 1.258e-4] },
    Setting { share: 0.5, thresholds: [0.0, 3.5, 5.5], published: [3.67e-5, 6.88e-5, 5.07e-5] },
    Setting { share: 0.5, thresholds: [0.0, 4.0, 6.0], published: [1.70e-5, 5.36e-5, 2.02e-5] },
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether this builds.
    if arguments.iter().any(|argument| argument == "--test") {
        return Ok(());
    }
    let number = arguments.iter().find_map(|a| a.parse().ok());
    if arguments.iter().any(|argument| argument == "data") {
        return real::study(number);
    }
    let replicates = number.unwrap_or(REPLICATES);
    println!("| thresholds | rare | method | median | quartiles | published | PRESTO over it |");
    println!("|---|---|---|---|---|---|---|");
    let mut boxes = Vec::new();
    for (s, setting) in SETTINGS.iter().enumerate() {
        let runs: Vec<(f64, [f64; 3])> = (0..replicates)
            .into_par_iter()
            .map(|r| replicate(setting, (1000 * s + r) as u64))
            .collect();
        let rare = runs.iter().map(|run| run.0).sum::<f64>() / replicates as f64;
        for (m, method) in METHODS.iter().enumerate() {
            let column = |k: usize| runs.iter().map(move |run| run.1[k]);
            let ratios = quartiles(column(0).zip(column(m)).map(|(ours, other)| ours / other));
            let [low, median, high] = quartiles(column(m));
            println!(
                "| {:?} | {:.2} % | {method} | {median:.2e} | {low:.2e} to {high:.2e} | {:.2e} | {:.2} |",
                setting.thresholds,
                100.0 * rare,
                setting.published[m],
                ratios[1]
            );
            boxes.push((s, m, [low, median, high], setting.published[m]));
        }
    }
    let groups: Vec<_> = SETTINGS.iter().map(|s| format!("{:?}", s.thresholds)).collect();
    let caption = "Error of the rare class's probability (x: published median)";
    draw(&workspace().join("docs/presto.svg"), caption, &groups, &boxes)
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// Draws a data set and fits it three times; the share of the rare class, and the errors.
fn replicate(setting: &Setting, seed: u64) -> (f64, [f64; 3]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = Sample::draw(setting, &mut Random(seed));
    data.write(&folder.path().join("data.csv"));
    let by_class = "response = \"class\"\n";
    let path = "[path]\npoints = 20\nmin_ratio = 0.01\n[cv]\nfolds = 5\nmetric = \"mse\"\n";
    let problems = [
        (by_class, "cumulative_logit\"\nparallel = false", "presto", path),
        ("response = \"rare\"\n", "logistic\"", "none", ""),
        (by_class, "cumulative_logit\"", "none", ""),
    ];
    let errors = problems.map(|(response, loss, penalty, more)| {
        let text = format!(
            "[data]\nfile = \"data.csv\"\nfeatures = [{}]\n{response}[loss]\ntype = \"{loss}\n\
             [penalty]\ntype = \"{penalty}\"\n{more}",
            (1..=FEATURES).map(|j| format!("\"x{j}\"")).collect::<Vec<_>>().join(", ")
        );
        data.error(&fit(folder.path(), &text), response != by_class)
    });
    let rare = data.class.iter().filter(|class| **class == 4).count();
    (rare as f64 / SAMPLES as f64, errors)
}

fn fit(folder: &Path, problem: &str) -> Value {
    let file: PathBuf = folder.join("problem.toml");
    fs::write(&file, problem).expect("room for the problem");
    let output = Command::new(env!("CARGO_BIN_EXE_fenchel"))
        .args(["fit", "-o", "-", "--threads", "1"])
        .arg(&file)
        .output()
        .expect("the binary was built for this");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the result is JSON")
}

/// A data set and its true probabilities.
struct Sample {
    /// Column by column.
    x: Vec<f64>,
    /// From 1.
    class: Vec<usize>,
    /// The true probability of the rare class, by row.
    truth: Vec<f64>,
}

impl Sample {
    /// Coefficients until all probabilities are positive, and responses until each class occurs twice.
    fn draw(setting: &Setting, random: &mut Random) -> Self {
        'coefficients: loop {
            let beta = coefficients(setting.share, random);
            for _ in 0..10 {
                let x: Vec<f64> =
                    (0..SAMPLES * FEATURES).map(|_| 2.0 * random.uniform() - 1.0).collect();
                let cumulative = |i: usize, k: usize| {
                    let along = (0..FEATURES).map(|j| beta[k][j] * x[i + j * SAMPLES]).sum::<f64>();
                    sigmoid(setting.thresholds[k] + along)
                };
                let rows: Vec<[f64; 3]> =
                    (0..SAMPLES).map(|i| [0, 1, 2].map(|k| cumulative(i, k))).collect();
                if rows.iter().any(|row| row[0] >= row[1] || row[1] >= row[2]) {
                    continue 'coefficients;
                }
                let class: Vec<usize> = rows
                    .iter()
                    .map(|row| {
                        let u = random.uniform();
                        1 + row.iter().filter(|below| u > **below).count()
                    })
                    .collect();
                // Folds leave one of them to fit.
                if (1..=4).all(|k| class.iter().filter(|c| **c == k).count() >= 2) {
                    let truth = rows.iter().map(|row| 1.0 - row[2]).collect();
                    return Self { x, class, truth };
                }
            }
        }
    }

    fn write(&self, path: &Path) {
        let names: Vec<String> = (1..=FEATURES).map(|j| format!("x{j}")).collect();
        let mut text = format!("{},class,rare\n", names.join(","));
        for (i, class) in self.class.iter().enumerate() {
            for j in 0..FEATURES {
                write!(text, "{},", self.x[i + j * SAMPLES]).expect("a text grows");
            }
            writeln!(text, "{class},{}", u8::from(*class == 4)).expect("a text grows");
        }
        fs::write(path, text).expect("room for the data");
    }

    /// The mean squared error of the rare class's probability. The last threshold has it alone, so that
    /// predictors that cross elsewhere do not matter; `logit` says that the predictor is its logit.
    fn error(&self, result: &Value, logit: bool) -> f64 {
        let (intercept, beta) = last_threshold(result);
        let square = |i: usize| {
            let along = (0..FEATURES).map(|j| beta[j] * self.x[i + j * SAMPLES]).sum::<f64>();
            let eta = intercept + along;
            (sigmoid(if logit { eta } else { -eta }) - self.truth[i]).powi(2)
        };
        (0..SAMPLES).map(square).sum::<f64>() / SAMPLES as f64
    }
}

/// The intercept and the coefficients of the last output, which has the rare class alone.
fn last_threshold(result: &Value) -> (f64, Vec<f64>) {
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().expect("a list").iter().filter_map(Value::as_f64).collect()
    };
    let coefficients = &result["coefficients"];
    let [features, outputs] =
        [0, 1].map(|k| coefficients["shape"][k].as_u64().expect("a shape") as usize);
    let mut beta = vec![0.0; features];
    let [rows, cols, values] = ["rows", "cols", "values"].map(|key| numbers(&coefficients[key]));
    for ((row, col), value) in rows.iter().zip(cols).zip(values) {
        if col as usize + 1 == outputs {
            beta[*row as usize] = value;
        }
    }
    (*numbers(&result["intercept"]).last().expect("an intercept"), beta)
}

/// One column a threshold: 0.5 in a share of the features, and then steps of 0.5 up or down.
fn coefficients(share: f64, random: &mut Random) -> [[f64; FEATURES]; 3] {
    let mut beta = [[0.0; FEATURES]; 3];
    for j in 0..FEATURES {
        let mut at = 0.0;
        for (k, column) in beta.iter_mut().enumerate() {
            let step = if random.uniform() < share { 0.5 } else { 0.0 };
            let up = k == 0 || random.uniform() < 0.5;
            at += if up { step } else { -step };
            column[j] = at;
        }
    }
    beta
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|share| {
        let at = share * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        low + (at - at.floor()) * (high - low)
    })
}

/// Medians with quartiles by group and method, and a cross where the median to compare with is.
fn draw(
    path: &Path,
    caption: &str,
    groups: &[String],
    boxes: &[(usize, usize, [f64; 3], f64)],
) -> Result<(), Box<dyn Error>> {
    let colours = [RGBColor(31, 119, 180), RGBColor(214, 39, 40), RGBColor(44, 160, 44)];
    let root = SVGBackend::new(path, (760, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let all = boxes.iter().flat_map(|(_, _, q, published)| [q[0], q[2], *published]);
    let (low, high) = all.fold((f64::INFINITY, 0.0), |(l, h): (f64, f64), x| (l.min(x), h.max(x)));
    let mut chart = ChartBuilder::on(&root)
        .caption(caption, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(70)
        .build_cartesian_2d(-0.5..groups.len() as f64 - 0.5, (0.7 * low..1.4 * high).log_scale())?;
    let name = |x: &f64| match groups.get(x.round() as usize) {
        Some(group) if (x - x.round()).abs() < 0.01 => group.clone(),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .y_labels(6)
        .x_labels(2 * groups.len() + 1)
        .x_label_formatter(&name)
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .y_desc("mean squared error")
        .draw()?;
    for (m, method) in METHODS.iter().enumerate() {
        let colour = colours[m];
        let of_method: Vec<_> = boxes.iter().filter(|each| each.1 == m).collect();
        let place = |s: usize| s as f64 + 0.22 * (m as f64 - 1.0);
        let lines = of_method.iter().map(|(s, _, q, _)| {
            PathElement::new(vec![(place(*s), q[0]), (place(*s), q[2])], colour.stroke_width(3))
        });
        let legend = move |(x, y)| Circle::new((x + 8, y), 4, colour.filled());
        chart.draw_series(lines)?;
        chart
            .draw_series(
                of_method
                    .iter()
                    .map(|(s, _, q, _)| Circle::new((place(*s), q[1]), 5, colour.filled())),
            )?
            .label(*method)
            .legend(legend);
        chart.draw_series(of_method.iter().map(|(s, _, _, published)| {
            Cross::new((place(*s) + 0.06, *published), 4, BLACK.stroke_width(1))
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(BLACK)
        .background_style(WHITE)
        .draw()?;
    root.present()?;
    Ok(())
}

/// SplitMix64 (Steele, Lea & Flood 2014), so that the study is the same everywhere.
struct Random(u64);

impl Random {
    /// Uniform in [0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
