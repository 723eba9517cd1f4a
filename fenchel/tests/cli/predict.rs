use serde_json::Value;

use super::common::Bench;
use super::{LASSO, bench};

/// Columns of a CSV text, as numbers.
fn columns(text: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(String::from).collect();
    let mut columns = vec![Vec::new(); names.len()];
    for line in lines {
        for (column, cell) in columns.iter_mut().zip(line.split(',')) {
            column.push(cell.parse().unwrap());
        }
    }
    (names, columns)
}

fn fitted(problem: &str) -> Bench {
    let bench = bench(problem);
    let run = bench.run(&["fit", "p.toml", "-q", "-o", "r.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    bench
}

#[test]
fn the_link_is_intercept_plus_features_times_coefficients() {
    let bench = fitted(LASSO);
    // Other order, an extra column, and no response: columns are matched by name.
    bench.write("new.csv", "b,extra,a\n1,9,2\n-3,9,0.5\n");
    let run = bench.run(&["predict", "r.json", "new.csv", "--kind", "link"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let (names, predicted) = columns(&run.stdout);
    assert_eq!(names, ["prediction"]);
    let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
    let mut b = [0.0; 2];
    let entries = &result["coefficients"];
    for (row, value) in
        entries["rows"].as_array().unwrap().iter().zip(entries["values"].as_array().unwrap())
    {
        b[row.as_u64().unwrap() as usize] = value.as_f64().unwrap();
    }
    let b0 = result["intercept"][0].as_f64().unwrap();
    for (eta, (a, bb)) in predicted[0].iter().zip([(2.0, 1.0), (0.5, -3.0)]) {
        assert!((eta - (b0 + a * b[0] + bb * b[1])).abs() < 1e-12);
    }
}

#[test]
fn a_point_of_the_path_can_be_chosen() {
    let bench = fitted(&format!("{LASSO}[path]\npoints = 5\n"));
    let run = bench.run(&["predict", "r.json", "d.csv", "--at", "0"]);
    let (_, predicted) = columns(&run.stdout);
    assert!(predicted[0].iter().all(|x| (x - 4.625).abs() < 1e-9), "{predicted:?}");
    let run = bench.run(&["predict", "r.json", "d.csv", "--at", "5"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("the path has 5 points, counted from 0"), "{}", run.stderr);
}

#[test]
fn classes_come_back_as_the_data_spells_them() {
    let problem = LASSO.replace("quadratic", "logistic").replace("0.1", "0.01");
    let bench = Bench::new(&[
        ("p.toml", problem.as_bytes()),
        ("d.csv", b"a,b,y\n1,0,no\n2,1,no\n3,0,yes\n4,1,no\n5,0,yes\n6,1,yes\n"),
    ]);
    let run = bench.run(&["fit", "p.toml", "-q", "-o", "r.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = bench.run(&["predict", "r.json", "d.csv", "--kind", "class"]);
    let labels: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert_eq!(labels.len(), 6);
    assert_eq!((labels[0], labels[5]), ("no", "yes"));
    let run = bench.run(&["predict", "r.json", "d.csv", "-o", "p.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let predicted: Value = serde_json::from_str(&bench.read("p.json")).unwrap();
    let columns = predicted.as_object().unwrap();
    for column in columns.values() {
        let column = column.as_array().unwrap();
        assert_eq!(column.len(), 6);
        assert!(column.iter().all(|p| (0.0..=1.0).contains(&p.as_f64().unwrap())));
    }
}

#[test]
fn what_is_missing_is_named() {
    let bench = fitted(LASSO);
    bench.write("new.csv", "a,c\n1,2\n");
    let run = bench.run(&["predict", "r.json", "new.csv", "-o", "p.csv"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("\"b\"") && run.stderr.contains("new.csv"), "{}", run.stderr);
    let run = bench.run(&["predict", "r.json", "d.csv", "--kind", "class"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("not about classes"), "{}", run.stderr);
    let run = bench.run(&["predict", "r.json", "d.csv", "-o", "p.xlsx"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains(".csv, .tsv or .json"), "{}", run.stderr);
    assert_eq!(bench.names(), ["d.csv", "new.csv", "p.toml", "r.json"]);
}

const FLOWERS: &[u8] =
    b"a,b,y\n1,0,rose\n2,1,rose\n3,0,aster\n4,1,aster\n5,0,iris\n6,1,iris\n1.5,2,aster\n";

#[test]
fn several_classes_have_a_probability_each() {
    let problem = LASSO.replace("quadratic", "multinomial").replace("0.1", "0.01");
    let bench = Bench::new(&[("p.toml", problem.as_bytes()), ("d.csv", FLOWERS)]);
    let run = bench.run(&["fit", "p.toml", "-q", "-o", "r.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
    let intercepts: Vec<f64> =
        result["intercept"].as_array().unwrap().iter().map(|b| b.as_f64().unwrap()).collect();
    assert_eq!(intercepts.len(), 3);
    assert!(intercepts.iter().sum::<f64>().abs() < 1e-12, "{intercepts:?}");
    let run = bench.run(&["predict", "r.json", "d.csv"]);
    let (names, probabilities) = columns(&run.stdout);
    assert_eq!(names, ["aster", "iris", "rose"]);
    for i in 0..7 {
        let sum: f64 = probabilities.iter().map(|column| column[i]).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
    let run = bench.run(&["predict", "r.json", "d.csv", "--kind", "class"]);
    let labels: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert_eq!((labels[0], labels[5]), ("rose", "iris"));
}

#[test]
fn ordered_classes_have_probabilities_from_thresholds() {
    // Numbers as labels, in order of their value: 2 before 10.
    let data = "a,b,y\n1,0,1\n2,1,1\n3,0,2\n4,1,1\n5,0,10\n6,1,10\n4.5,1,2\n2.5,0,2\n";
    for parallel in [true, false] {
        let loss = format!("\"cumulative_logit\"\nparallel = {parallel}");
        let problem = LASSO.replace("\"quadratic\"", &loss).replace("0.1", "0.05");
        let bench = Bench::new(&[("p.toml", problem.as_bytes()), ("d.csv", data.as_bytes())]);
        let run = bench.run(&["fit", "p.toml", "-q", "-o", "r.json"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
        assert_eq!(result["data"]["classes"], serde_json::json!(["1", "2", "10"]));
        assert_eq!(result["intercept"].as_array().unwrap().len(), 2);
        let run = bench.run(&["predict", "r.json", "d.csv", "--kind", "link"]);
        let (_, link) = columns(&run.stdout);
        let run = bench.run(&["predict", "r.json", "d.csv"]);
        let (names, probabilities) = columns(&run.stdout);
        assert_eq!(names, ["1", "2", "10"]);
        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        for i in 0..8 {
            let (first, last) = (sigmoid(link[0][i]), 1.0 - sigmoid(link[1][i]));
            assert!((probabilities[0][i] - first).abs() < 1e-12);
            assert!((probabilities[2][i] - last).abs() < 1e-12);
            assert!((probabilities[1][i] - (1.0 - first - last)).abs() < 1e-12);
        }
        let run = bench.run(&["predict", "r.json", "d.csv", "--kind", "class"]);
        let labels: Vec<&str> = run.stdout.lines().skip(1).collect();
        assert_eq!((labels[0], labels[5]), ("1", "10"));
    }
}
