//! The study of graphs over columns: Saboksayr, Mateos & Tepper (2024), ICLR, section 5.
//!
//! Random graphs (Erdos-Renyi) and graphs with hubs (Barabasi-Albert), 1000 samples of a linear model
//! along each, learnt again with equal and with unequal noise scales. What is counted is the structural
//! Hamming distance to the true graph, the shares of true edges found and of found edges that are
//! false, the seconds of the fit, and the processor seconds of its process, reading included.
//!
//! `cargo bench -p fenchel --bench colide -- [SEEDS] [sizes]` runs the real binary and prints the table
//! of small graphs, or with `sizes` of graphs of 10 to 200 nodes.

#![allow(missing_docs, clippy::print_stdout)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const SAMPLES: usize = 1000;
const SEEDS: u64 = 10;

#[derive(Debug, Clone, Copy)]
enum Kind {
    ErdosRenyi,
    ScaleFree,
}

/// A row of a table: the graph with `degree` edges a node, the range of its weights, the variance of the
/// noise (`None`: uniform on [0.5, 10], each column its own), and the mean distance that the algorithm as
/// published, written anew with NumPy, reaches on the first ten of these graphs with the model of equal and
/// of unequal noise.
struct Setting {
    kind: Kind,
    d: usize,
    degree: usize,
    weights: (f64, f64),
    variance: Option<f64>,
    reference: [Option<f64>; 2],
}

const STRONG: (f64, f64) = (0.5, 2.0);
const WEAK: (f64, f64) = (0.25, 1.0);

const fn random(
    d: usize,
    degree: usize,
    weights: (f64, f64),
    variance: Option<f64>,
    reference: [f64; 2],
) -> Setting {
    let reference = [Some(reference[0]), Some(reference[1])];
    Setting { kind: Kind::ErdosRenyi, d, degree, weights, variance, reference }
}

const SMALL: [Setting; 6] = [
    random(10, 2, STRONG, Some(1.0), [1.2, 2.0]),
    random(20, 2, STRONG, Some(1.0), [0.6, 2.0]),
    random(20, 2, STRONG, Some(5.0), [0.8, 3.4]),
    random(30, 4, STRONG, Some(1.0), [13.5, 24.2]),
    random(20, 2, WEAK, None, [19.7, 23.7]),
    random(30, 4, WEAK, None, [58.0, 53.9]),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether this builds.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let seeds = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(SEEDS);
    println!("| graph | noise | model | distance | published | TPR | FDR | refit | s | CPU s |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    if arguments.iter().any(|argument| argument == "sizes") {
        for d in [10, 20, 50, 100, 200] {
            for kind in [Kind::ErdosRenyi, Kind::ScaleFree] {
                let reference = [None; 2];
                row(
                    &Setting { kind, d, degree: 4, weights: WEAK, variance: None, reference },
                    seeds,
                );
            }
        }
    } else {
        SMALL.iter().for_each(|setting| row(setting, seeds));
    }
}

/// Prints the row of a setting for both models, means over the seeds.
fn row(setting: &Setting, seeds: u64) {
    for (m, model) in ["equal", "unequal"].into_iter().enumerate() {
        let mut mean = [0.0; 6];
        let mut exact = 0;
        for seed in 0..seeds {
            let found = learn(&Sample::draw(setting, seed), model);
            exact += u64::from(found[0] == 0.0);
            mean.iter_mut().zip(found).for_each(|(sum, each)| *sum += each / seeds as f64);
        }
        let [distance, rate, false_rate, refit, seconds, processor] = mean;
        let Setting { kind, d, degree, weights, variance, reference } = setting;
        let kind = match kind {
            Kind::ErdosRenyi => "ER",
            Kind::ScaleFree => "SF",
        };
        let noise = variance.map_or("0.5 to 10".into(), |v| v.to_string());
        let reference = reference[m].map_or("".into(), |r| r.to_string());
        println!(
            "| {d} {kind}{degree}, {} to {} | {noise} | {model} | {distance:.1} ({exact} of {seeds} exact) | \
             {reference} | {rate:.2} | {false_rate:.2} | {refit:.1} | {seconds:.2} | {processor:.2} |",
            weights.0, weights.1
        );
    }
}

/// Distance, rates, distance with `refit`, and the seconds of the fit without, on the clock and of the
/// processor.
fn learn(sample: &Sample, model: &str) -> [f64; 6] {
    let folder = tempfile::tempdir().expect("a temporary folder");
    sample.write(folder.path());
    let fit = |refit: bool| {
        let problem = format!(
            "[data]\nfile = \"data.csv\"\n[model]\nstandardize = false\n[loss]\ntype = \"colide\"\n\
             noise = \"{model}\"\nrefit = {refit}\n[penalty]\ntype = \"l1\"\nlambda = 0.05\n\
             [solver]\ntol = 1e-4\n"
        );
        fs::write(folder.path().join("problem.toml"), problem).expect("room for the problem");
        let before = children_seconds();
        run(folder.path(), &["fit", "problem.toml", "-o", "result.json", "--threads", "1"]);
        let processor = children_seconds() - before;
        let compared = run(folder.path(), &["graph", "result.json", "--against", "truth.csv"]);
        let number = |title: &str| -> f64 {
            let line = compared.lines().find_map(|line| line.strip_prefix(title));
            line.expect("a line of the comparison").trim().parse().unwrap_or(0.0)
        };
        let [distance, rate, false_rate] =
            ["distance", "true positive rate", "false discovery rate"].map(number);
        [distance, rate, false_rate, processor]
    };
    let refit = fit(true);
    let plain = fit(false);
    let result = fs::read(folder.path().join("result.json")).expect("the result was written");
    let result: Value = serde_json::from_slice(&result).expect("the result is JSON");
    let seconds = result["seconds"].as_f64().expect("the result tells the time");
    [plain[0], plain[1], plain[2], refit[0], seconds, plain[3]]
}

/// Processor seconds in user mode of all processes that were started from here and have ended, in the
/// hundredths that Linux counts in; not a number elsewhere.
fn children_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold spaces; `cutime` is the 14th field after it.
    let after = stat.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().nth(13).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(f64::NAN)
        / 100.0
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_fenchel"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary was built for this");
    // 1: not to tolerance, which counts as any other answer.
    let fine = matches!(output.status.code(), Some(0 | 1));
    assert!(fine, "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

struct Sample {
    d: usize,
    edges: Vec<(usize, usize)>,
    columns: Vec<Vec<f64>>,
}

impl Sample {
    fn draw(setting: &Setting, seed: u64) -> Self {
        let mut random = Random(1000 * setting.d as u64 + seed);
        let d = setting.d;
        let structure = structure(setting, &mut random);
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for node in 0..d {
            let variance = setting.variance.unwrap_or_else(|| 0.5 + 9.5 * random.uniform());
            let deviation = variance.sqrt();
            let mut column: Vec<f64> = (0..SAMPLES).map(|_| deviation * random.normal()).collect();
            // Parents come before their children.
            for (parent, _) in structure.iter().filter(|edge| edge.1 == node) {
                let (low, high) = setting.weights;
                let size = low + (high - low) * random.uniform();
                let weight = if random.uniform() < 0.5 { size } else { -size };
                column.iter_mut().zip(&columns[*parent]).for_each(|(x, z)| *x += weight * z);
            }
            columns.push(column);
        }
        let mut names: Vec<usize> = (0..d).collect();
        (1..d).rev().for_each(|k| names.swap(k, random.below(k + 1)));
        let edges = structure.iter().map(|(i, j)| (names[*i], names[*j])).collect();
        let mut renamed = vec![Vec::new(); d];
        columns.into_iter().zip(names).for_each(|(column, name)| renamed[name] = column);
        Self { d, edges, columns: renamed }
    }

    fn write(&self, folder: &Path) {
        let mut text = (0..self.d).map(|j| format!("x{j}")).collect::<Vec<_>>().join(",");
        for i in 0..SAMPLES {
            for (j, column) in self.columns.iter().enumerate() {
                let before = if j == 0 { '\n' } else { ',' };
                write!(text, "{before}{}", column[i]).expect("a text grows");
            }
        }
        fs::write(folder.join("data.csv"), text + "\n").expect("room for the data");
        let mut truth = "from,to\n".to_string();
        for (from, to) in &self.edges {
            writeln!(truth, "x{from},x{to}").expect("a text grows");
        }
        fs::write(folder.join("truth.csv"), truth).expect("room for the graph");
    }
}

/// Edges from earlier to later nodes, `degree` a node on average.
fn structure(setting: &Setting, random: &mut Random) -> Vec<(usize, usize)> {
    let Setting { d, degree, .. } = *setting;
    let mut edges = Vec::new();
    match setting.kind {
        Kind::ErdosRenyi => {
            let share = 2.0 * degree as f64 / (d as f64 - 1.0);
            for (i, j) in (0..d).flat_map(|j| (0..j).map(move |i| (i, j))) {
                if random.uniform() < share {
                    edges.push((i, j));
                }
            }
        }
        Kind::ScaleFree => {
            // Parents in proportion to their degree.
            let mut ends: Vec<usize> = (0..degree).collect();
            for j in degree..d {
                let mut parents: Vec<usize> = Vec::new();
                while parents.len() < degree {
                    let parent = ends[random.below(ends.len())];
                    if !parents.contains(&parent) {
                        parents.push(parent);
                    }
                }
                for i in parents {
                    edges.push((i, j));
                    ends.extend([i, j]);
                }
            }
        }
    }
    edges
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

    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    /// Standard normal (Box & Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
