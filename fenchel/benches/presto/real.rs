//! The real data of the paper: soup tasters' sureness, of which the least is rare, and diabetes before the
//! age of 50 after prediabetes. Nine tenths of the samples, drawn at random, are fitted, and the
//! probability of the rare class is compared with the rest.
//!
//! - Binned: samples in bins of equal size by their estimate; mean over samples of the squared
//!   difference between the estimate and the share of the rare class in its bin.
//! - Brier: mean squared difference between the estimate and whether the class is the rare one.
//!
//! The data stand in `../shared/data`, beside the repository; elsewhere the study says that it skips.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::{METHODS, Random, draw, fit, last_threshold, quartiles, sigmoid, workspace};

const AGE: f64 = 50.0;

/// Medians of the binned error and the Brier score by method that an implementation of its own had on
/// splits of its own.
struct Reference {
    name: &'static str,
    /// Points of PRESTO's path, and the last lambda over the first.
    path: (usize, f64),
    splits: usize,
    binned: [f64; 3],
    brier: [f64; 3],
}

const REFERENCES: [Reference; 2] = [
    Reference {
        name: "soup",
        // Cross-validation takes a lambda well before the end.
        path: (20, 1e-2),
        splits: 30,
        binned: [0.0058, 0.0057, 0.0055],
        brier: [0.1060, 0.1053, 0.1060],
    },
    Reference {
        name: "prediabetes",
        path: (100, 1e-4),
        splits: 16,
        binned: [0.0070, 0.0083, 0.0092],
        brier: [0.0205, 0.0170, 0.0168],
    },
];

pub(super) fn study(splits: Option<usize>) -> Result<(), Box<dyn Error>> {
    let folder = workspace().join("../shared/data");
    println!(
        "| data | method | binned | quartiles | reference | Brier | reference | estimated / true |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let (mut boxes, mut groups) = (Vec::new(), Vec::new());
    for reference in &REFERENCES {
        let path = folder.join(format!("{}.csv", reference.name));
        let Ok(text) = fs::read_to_string(&path) else {
            println!("skipped: there is no {}", path.display());
            continue;
        };
        let table = Table::read(&text);
        let data = if reference.name == "soup" { soup(&table) } else { prediabetes(&table) };
        let splits = splits.unwrap_or(reference.splits);
        let runs: Vec<[Errors; 3]> = (0..splits)
            .into_par_iter()
            .map(|split| data.split(split as u64, reference.path))
            .collect();
        for (m, method) in METHODS.iter().enumerate() {
            let middle = |of: fn(&Errors) -> f64| quartiles(runs.iter().map(|run| of(&run[m])));
            let binned = middle(|errors| errors.binned);
            println!(
                "| {} | {method} | {:.4} | {:.4} to {:.4} | {:.4} | {:.4} | {:.4} | {:.3} / {:.3} |",
                reference.name,
                binned[1],
                binned[0],
                binned[2],
                reference.binned[m],
                middle(|errors| errors.brier)[1],
                reference.brier[m],
                middle(|errors| errors.estimated)[1],
                middle(|errors| errors.share)[1],
            );
            boxes.push((groups.len(), m, binned, reference.binned[m]));
        }
        groups.push(format!("{}, {splits} splits", reference.name));
    }
    if groups.is_empty() {
        return Ok(());
    }
    let caption = "Binned error of the rare class's probability (x: another implementation)";
    draw(&workspace().join("docs/presto_data.svg"), caption, &groups, &boxes)
}

/// Columns of numbers by name.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Table {
    fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let names = lines.next().unwrap_or_default().split(',').map(str::to_string).collect();
        let cell = |cell: &str| cell.parse().expect("a table of numbers");
        Self { names, rows: lines.map(|line| line.split(',').map(cell).collect()).collect() }
    }

    fn column(&self, name: &str) -> Vec<f64> {
        let at = self.names.iter().position(|known| known == name).expect("a column of the table");
        self.rows.iter().map(|row| row[at]).collect()
    }
}

struct Data {
    /// Column by column.
    features: Vec<Vec<f64>>,
    /// From 1; the last is the rare one.
    class: Vec<usize>,
}

/// The least sure are the last class; how easy a sample is to prepare enters level by level.
fn soup(table: &Table) -> Data {
    let names = table.names.iter().filter(|name| !["easy", "sureness"].contains(&name.as_str()));
    let mut features: Vec<Vec<f64>> = names.map(|name| table.column(name)).collect();
    let easy = table.column("easy");
    for level in 2..=10 {
        let is = |x: &f64| f64::from(u8::from(*x == f64::from(level)));
        let column: Vec<f64> = easy.iter().map(is).collect();
        if column.contains(&1.0) {
            features.push(column);
        }
    }
    let class = table.column("sureness").iter().map(|sureness| 6 - *sureness as usize).collect();
    Data { features, class }
}

/// Neither, prediabetes and diabetes before the age.
fn prediabetes(table: &Table) -> Data {
    let features = ["Age", "Sex", "IMD_Decile", "BMI", "HbA1C"].map(|name| table.column(name));
    let (before, after) = (table.column("Age_PreDiabetes"), table.column("Age_Diabetes"));
    let class = |(before, after): (f64, f64)| match (before < AGE, after < AGE) {
        (_, true) => 3,
        (true, false) => 2,
        (false, false) => 1,
    };
    let class = before.into_iter().zip(after).map(class).collect();
    Data { features: features.into(), class }
}

struct Errors {
    binned: f64,
    brier: f64,
    /// Mean estimate, and share of the rare class.
    estimated: f64,
    share: f64,
}

impl Data {
    /// The errors of the three methods on a random tenth, fitted on the rest; every class is in both.
    fn split(&self, seed: u64, (points, ratio): (usize, f64)) -> [Errors; 3] {
        let n = self.class.len();
        let rare = *self.class.iter().max().expect("a class");
        let mut random = Random(seed);
        let mut order: Vec<usize> = (0..n).collect();
        let (fitted, held) = loop {
            (1..n).rev().for_each(|k| {
                order.swap(k, (random.uniform() * (k + 1) as f64) as usize);
            });
            let (fitted, held) = order.split_at(n - n / 10);
            let all = |rows: &[usize]| (1..=rare).all(|k| rows.iter().any(|i| self.class[*i] == k));
            if all(fitted) && all(held) {
                break (fitted, held);
            }
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.write(&folder.path().join("data.csv"), fitted, rare);
        let names: Vec<_> = (0..self.features.len()).map(|j| format!("\"x{j}\"")).collect();
        let path = format!(
            "[path]\npoints = {points}\nmin_ratio = {ratio}\n[cv]\nfolds = 5\nmetric = \"mse\"\n"
        );
        [
            ("class", "cumulative_logit\"\nparallel = false", "presto", &*path),
            ("rare", "logistic\"", "none", ""),
            ("class", "cumulative_logit\"", "none", ""),
        ]
        .map(|(response, loss, penalty, more)| {
            let problem = format!(
                "[data]\nfile = \"data.csv\"\nfeatures = [{}]\nresponse = \"{response}\"\n[loss]\n\
                 type = \"{loss}\n[penalty]\ntype = \"{penalty}\"\n{more}",
                names.join(", ")
            );
            let (intercept, beta) = last_threshold(&fit(folder.path(), &problem));
            let estimate = |i: &usize| {
                let along = beta.iter().zip(&self.features).map(|(b, x)| b * x[*i]).sum::<f64>();
                let eta = intercept + along;
                sigmoid(if response == "rare" { eta } else { -eta })
            };
            let is_rare = |i: &usize| f64::from(u8::from(self.class[*i] == rare));
            errors(held.iter().map(|i| (estimate(i), is_rare(i))).collect())
        })
    }

    fn write(&self, path: &Path, rows: &[usize], rare: usize) {
        let mut text: String = (0..self.features.len()).map(|j| format!("x{j},")).collect();
        text.push_str("class,rare\n");
        for &i in rows {
            self.features.iter().for_each(|x| write!(text, "{},", x[i]).expect("a text grows"));
            let class = self.class[i];
            writeln!(text, "{class},{}", u8::from(class == rare)).expect("a text grows");
        }
        fs::write(path, text).expect("room for the data");
    }
}

/// Of pairs of an estimate and whether the class is the rare one.
fn errors(mut pairs: Vec<(f64, f64)>) -> Errors {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = pairs.len();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n as f64;
    let bins = ((n as f64 / 100.0).round() as usize).max(10);
    let binned = (0..bins).map(|bin| {
        let bin = &pairs[bin * n / bins..(bin + 1) * n / bins];
        let share = bin.iter().map(|pair| pair.1).sum::<f64>() / bin.len() as f64;
        bin.iter().map(|pair| (pair.0 - share).powi(2)).sum::<f64>()
    });
    Errors {
        binned: binned.sum::<f64>() / n as f64,
        brier: mean(&|(estimate, rare)| (estimate - rare).powi(2)),
        estimated: mean(&|pair| pair.0),
        share: mean(&|pair| pair.1),
    }
}
