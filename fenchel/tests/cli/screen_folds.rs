//! `[screen]` beside `[cv]`: every fold screens its own training samples.

use std::fmt::Write;

use serde_json::Value;

use super::common::Bench;

const SAMPLES: usize = 60;
const FOLDS: usize = 5;

/// Numbers that are nearly normal, and the same everywhere.
fn noise(count: usize) -> Vec<f64> {
    let mut state = 97u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

/// A table of `SAMPLES` rows: the columns `x1`, `x2`, ... and `y`, numbered by fold.
struct Rows {
    columns: Vec<Vec<f64>>,
    y: Vec<f64>,
}

impl Rows {
    /// `y` is the sum of the first `told` columns and noise, or with 0 noise alone.
    fn new(columns: usize, told: usize) -> Self {
        let numbers = noise(SAMPLES * (columns + 1));
        let mut lists = numbers.chunks(SAMPLES).map(<[f64]>::to_vec);
        let mut y = lists.next().unwrap();
        let columns: Vec<Vec<f64>> = lists.collect();
        for column in &columns[..told] {
            y.iter_mut().zip(column).for_each(|(y, x)| *y += x);
        }
        Self { columns, y }
    }

    /// The rows whose fold `takes` takes, as CSV.
    fn csv(&self, takes: impl Fn(usize) -> bool) -> String {
        let names: Vec<String> = (1..=self.columns.len()).map(|j| format!("x{j}")).collect();
        let mut text = format!("{},y,fold\n", names.join(","));
        for i in (0..SAMPLES).filter(|i| takes(i % FOLDS)) {
            self.columns.iter().for_each(|column| write!(text, "{:?},", column[i]).unwrap());
            writeln!(text, "{:?},{}", self.y[i], i % FOLDS).unwrap();
        }
        text
    }
}

fn problem(features: &str, more: &str) -> String {
    format!(
        "[data]\nfile = \"d.csv\"\nresponse = \"y\"\n{features}\n[loss]\ntype = \"quadratic\"\n\
         [penalty]\ntype = \"l1\"\n[solver]\ntol = 1e-9\n{more}\n"
    )
}

const CV: &str = "[cv]\nfolds = { column = \"fold\" }\nmetric = \"mse\"\n";

fn fit(bench: &Bench, problem: &str, args: &[&str]) -> Value {
    bench.write("p.toml", problem);
    let run = bench.run(&[&["fit", "p.toml", "--quiet", "-o", "r.json"], args].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&bench.read("r.json")).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().into()).collect()
}

fn quoted(names: &[String]) -> String {
    format!("features = {names:?}")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn on_noise_the_error_is_honest_and_that_of_screening_outside_the_folds_is_not() {
    let rows = Rows::new(400, 0);
    let csv = rows.csv(|_| true);
    let bench = Bench::new(&[("d.csv", csv.as_bytes())]);
    let mean = rows.y.iter().sum::<f64>() / SAMPLES as f64;
    let variance = rows.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / SAMPLES as f64;
    let path = format!("[path]\nlambdas = [10.0, 0.01]\n{CV}");
    for method in ["pearson", "kde"] {
        let screen = format!("[screen]\ntop = 10\nmethod = \"{method}\"\n");
        let nested = fit(&bench, &problem("", &format!("{screen}{path}")), &[]);
        // What was kept on all samples, named in `features`, and then cross-validated.
        let kept = texts(&nested["data"]["feature_names"]);
        let outside = fit(&bench, &problem(&quoted(&kept), &path), &[]);
        let [honest, flattering] =
            [&nested, &outside].map(|result| number(&result["cv"]["mean"][1]));
        assert!(honest > variance, "{method}: {honest} of {variance}");
        assert!(flattering < 0.75 * variance, "{method}: {flattering} of {variance}");
        // Without features both are the error of the mean.
        assert_eq!(nested["cv"]["mean"][0], outside["cv"]["mean"][0]);
        assert_eq!(nested["cv"]["lambda"], 10.0, "{method}: noise has no model");
        // Both fits on all samples have the same ten features.
        assert_eq!(nested["path"][1]["coefficients"], outside["path"][1]["coefficients"]);
        assert_eq!(nested["coefficients"]["shape"], serde_json::json!([10, 1]));
    }
}

#[test]
fn every_fold_has_the_features_and_the_errors_that_its_samples_give_by_hand() {
    let rows = Rows::new(40, 2);
    let whole = rows.csv(|_| true);
    let bench = Bench::new(&[("d.csv", whole.as_bytes())]);
    let screen = "[screen]\ntop = 4\nmethod = \"kde\"\nclump = 0.2\n";
    let together = problem("", &format!("{screen}[path]\nlambdas = [0.5, 0.1]\n{CV}"));
    let result = fit(&bench, &together, &[]);
    let kept = result["cv"]["screened"].as_array().unwrap();
    assert_eq!(kept.len(), FOLDS);
    let mut differ = false;
    for (k, kept) in kept.iter().enumerate() {
        bench.write("d.csv", rows.csv(|fold| fold != k));
        bench.write("new.csv", rows.csv(|fold| fold == k));
        let features = format!("{:?}", (1..=40).map(|j| format!("x{j}")).collect::<Vec<_>>());
        let alone = problem(
            &format!("features = {features}"),
            &format!("{screen}[path]\nlambdas = [0.5, 0.1]\n"),
        );
        let alone = fit(&bench, &alone, &[]);
        assert_eq!(kept, &alone["data"]["feature_names"], "fold {k}");
        differ |= kept != &result["data"]["feature_names"];
        let run = bench.run(&["predict", "r.json", "new.csv", "-o", "predicted.csv"]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        let predicted = bench.read("predicted.csv");
        let predicted: Vec<f64> = predicted
            .lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
            .collect();
        let left: Vec<f64> = (0..SAMPLES).filter(|i| i % FOLDS == k).map(|i| rows.y[i]).collect();
        assert_eq!(predicted.len(), left.len());
        let squares = predicted.iter().zip(&left).map(|(p, y)| (p - y).powi(2));
        let by_hand = squares.sum::<f64>() / left.len() as f64;
        let found = number(&result["cv"]["folds"][k][1]);
        assert!((found - by_hand).abs() < 1e-6 * by_hand, "fold {k}: {found}, {by_hand}");
    }
    assert!(differ, "some fold keeps other features than all samples do");
    bench.write("d.csv", &whole);
    let one = fit(&bench, &together, &["--threads", "1"]);
    for key in ["cv", "path", "coefficients", "data"] {
        assert_eq!(one[key], result[key], "{key}");
    }
}

#[test]
fn a_fold_that_lacks_what_the_problem_file_names_says_so_before_anything_is_solved() {
    let rows = Rows::new(40, 1);
    let csv = rows.csv(|_| true);
    let bench = Bench::new(&[("d.csv", csv.as_bytes())]);
    let more = format!("[screen]\ntop = 3\n[path]\n{CV}");
    let kept = fit(&bench, &problem("", &more), &[]);
    let everywhere = |name: &String| {
        kept["cv"]["screened"].as_array().unwrap().iter().all(|fold| texts(fold).contains(name))
    };
    let names = texts(&kept["data"]["feature_names"]);
    let missing = names.iter().find(|name| !everywhere(name)).expect("one that a fold lacks");
    let found = names.iter().find(|name| everywhere(name)).expect("one that every fold keeps");
    let on = |name: &str| {
        let on = format!(
            "type = \"sum\"\nterms = [{{ type = \"l1\" }}, {{ type = \"on\", features = [\"{name}\"], \
             penalty = {{ type = \"l2\" }} }}]"
        );
        problem("", &more).replace("type = \"l1\"", &on)
    };
    fit(&bench, &on(found), &[]);
    bench.write("p.toml", on(missing));
    for command in ["check", "fit"] {
        let run = bench.run(&[command, "p.toml"]);
        assert_eq!(run.code, Some(2), "{}", run.stdout);
        for words in ["p.toml", "without fold", "screened anew", missing] {
            assert!(run.stderr.contains(words), "{words} in {}", run.stderr);
        }
    }
    // One fold whose training samples all have the same response.
    let mut flat = Rows::new(40, 1);
    for (i, y) in flat.y.iter_mut().enumerate() {
        *y = if i % FOLDS == 0 { *y } else { 2.0 };
    }
    bench.write("d.csv", flat.csv(|_| true));
    bench.write("p.toml", problem("", &more));
    let run = bench.run(&["fit", "p.toml"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    let words = "without fold 1, where features are screened anew: the response is constant";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    bench.write("p.toml", problem("", &more).replace("[path]", "[path]\nlambdas = [1.0]"));
    bench.write("d.csv", rows.csv(|_| true));
    let run = bench.run(&["check", "p.toml"]);
    assert!(run.stdout.contains("5 folds, features screened anew in each"), "{}", run.stdout);
}
