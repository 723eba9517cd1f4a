use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::common::Bench;
use super::{LASSO, bench};

const GRAPH: &str = "\
[data]
file = \"d.csv\"

[model]
standardize = false

[loss]
type = \"colide\"

[penalty]
type = \"l1\"
lambda = 0.05
";

/// `a -> b -> c` and `a -> \"d,e\"`, 300 samples with noise of deviation 1.
fn chain() -> Bench {
    let mut state = 12345u64;
    let mut normal = || {
        let mut sum = -6.0;
        for _ in 0..12 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            sum += (state >> 11) as f64 / (1u64 << 53) as f64;
        }
        sum
    };
    let mut text = "c,a,b,\"d,e\"\n".to_string();
    for _ in 0..300 {
        let a: f64 = normal();
        let b = 1.2 * a + normal();
        let c = -1.5 * b + normal();
        let de = 3.0 + 0.9 * a + normal();
        writeln!(text, "{c},{a},{b},{de}").unwrap();
    }
    Bench::new(&[("p.toml", GRAPH.as_bytes()), ("d.csv", text.as_bytes())])
}

const TRUTH: &str = "from,to\na,b\nb,c\na,\"d,e\"\n";

fn fitted() -> Bench {
    let bench = chain();
    let run = bench.run(&["fit", "p.toml", "-o", "r.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    bench
}

#[test]
fn a_chain_is_learnt_written_and_compared() {
    let bench = fitted();
    let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
    assert_eq!(result["status"], "converged");
    assert_eq!(result["solver"], "central_path");
    assert_eq!(result["certificate"]["kind"], "stationarity");
    let scale = result["extra"]["noise_scale"][0].as_f64().unwrap();
    assert!((scale - 1.0).abs() < 0.1, "{scale}");
    // The last column has mean 3 + 0.9 times that of its parent.
    assert!((result["intercept"][3].as_f64().unwrap() - 3.0).abs() < 0.2);

    let run = bench.run(&["graph", "r.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "from,to,weight");
    assert_eq!(lines.len(), 4, "{}", run.stdout);
    for (edge, weight) in [("a,b,", 1.2), ("b,c,", -1.5), ("a,\"d,e\",", 0.9)] {
        let line = lines.iter().find_map(|line| line.strip_prefix(edge)).expect(edge);
        assert!((line.parse::<f64>().unwrap() - weight).abs() < 0.2, "{edge}{line}");
    }

    let run = bench.run(&["graph", "r.json", "--format", "dot", "-o", "g.dot"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""));
    let dot = bench.read("g.dot");
    assert!(dot.starts_with("digraph {\n") && dot.ends_with("}\n"), "{dot}");
    assert_eq!(dot.matches(" -> ").count(), 3, "{dot}");
    assert!(dot.contains("\"a\" -> \"d,e\" [label=\"0.") && dot.contains("  \"c\";\n"), "{dot}");

    bench.write("truth.csv", TRUTH);
    let run = bench.run(&["graph", "r.json", "--against", "truth.csv"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let first: Vec<&str> = run.stdout.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(first, ["distance", "0"], "{}", run.stdout);
    bench.write("other.csv", "from,to\nb,a\nb,c\nc,\"d,e\"\n");
    let run = bench.run(&["graph", "r.json", "--against", "other.csv"]);
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    assert!(words.starts_with(&["distance", "3", "edges", "3", "reference", "3", "correct", "1"]));
}

#[test]
fn a_threshold_of_ones_own_is_taken_on_the_coefficients() {
    let bench = fitted();
    let edges = |size: &str| {
        let run = bench.run(&["graph", "r.json", "--threshold", size]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout.lines().count() - 1
    };
    assert_eq!([edges("0.3"), edges("1.05"), edges("9")], [3, 2, 0]);
    let run = bench.run(&["graph", "r.json", "--threshold", "-1"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn a_column_is_predicted_from_its_parents() {
    let bench = fitted();
    let run = bench.run(&["predict", "r.json", "d.csv"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(run.stdout.lines().next().unwrap().split(',').count(), 4);
    assert_eq!(run.stdout.lines().count(), 301);
}

#[test]
fn what_has_no_graph_says_so() {
    let lasso = bench(LASSO);
    assert_eq!(lasso.run(&["fit", "p.toml", "-o", "r.json"]).code, Some(0));
    let run = lasso.run(&["graph", "r.json"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("its loss is \"quadratic\""), "{}", run.stderr);

    let bench = fitted();
    bench.write("wrong.csv", "from,to\na,bb\n");
    let run = bench.run(&["graph", "r.json", "--against", "wrong.csv"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("no node \"bb\""), "{}", run.stderr);
    bench.write("loop.csv", "from,to\na,b\nb,b\n");
    let run = bench.run(&["graph", "r.json", "--against", "loop.csv"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("an edge of \"b\" on itself"), "{}", run.stderr);
    let run = bench.run(&["graph", "r.json", "--at", "0"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn a_graph_without_edges_is_written_and_compared() {
    let bench = fitted();
    let run = bench.run(&["graph", "r.json", "--threshold", "9", "-o", "none.csv"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(bench.read("none.csv"), "from,to,weight\n");
    let run = bench.run(&["graph", "r.json", "--against", "none.csv"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    assert!(words.starts_with(&["distance", "3", "edges", "3", "reference", "0"]), "{words:?}");
    let dot = bench.run(&["graph", "r.json", "--threshold", "9", "--format", "dot"]).stdout;
    assert_eq!(dot, "digraph {\n  \"c\";\n  \"a\";\n  \"b\";\n  \"d,e\";\n}\n");
}

#[test]
fn one_node_two_nodes_and_few_samples_are_graphs() {
    let bench = chain();
    let fit = |features: &str, noise: &str| {
        let features = format!("data.features={features}");
        let noise = format!("loss.noise=\"{noise}\"");
        let run =
            bench.run(&["fit", "p.toml", "-o", "r.json", "--set", &features, "--set", &noise]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
        bench.run(&["graph", "r.json"]).stdout
    };
    for noise in ["equal", "unequal"] {
        assert_eq!(fit("[\"a\"]", noise), "from,to,weight\n");
        let two = fit("[\"a\", \"b\"]", noise);
        assert!(two.starts_with("from,to,weight\na,b,1.") && two.lines().count() == 2, "{two}");
    }
    // Three samples of four columns.
    let few: Vec<String> = bench.read("d.csv").lines().take(4).map(str::to_string).collect();
    bench.write("d.csv", &(few.join("\n") + "\n"));
    for noise in ["equal", "unequal"] {
        let all = fit("[\"c\", \"a\", \"b\", \"d,e\"]", noise);
        assert!(all.lines().count() <= 7, "more edges than an acyclic graph has: {all}");
    }
}

#[test]
fn problems_that_are_no_graph_are_refused_with_the_way_out() {
    let bench = chain();
    let run = bench.run(&["fit", "p.toml", "--set", "model.standardize=true"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("set `standardize = false`"), "{}", run.stderr);
    let constant: String = bench.read("d.csv").lines().map(|line| format!("{line},7\n")).collect();
    bench.write("constant.csv", constant.replacen(",7\n", ",seven\n", 1));
    let run = bench.run(&["fit", "p.toml", "--set", "data.file=\"constant.csv\""]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("column \"seven\" is constant"), "{}", run.stderr);
    assert!(run.stderr.contains("`features` of [data]"), "{}", run.stderr);
    let run = bench.run(&["fit", "p.toml", "--set", "data.offset=\"a\""]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("no linear predictor"), "{}", run.stderr);
    let run = bench.run(&["fit", "p.toml", "--set", "penalty.type=\"row_group\""]);
    assert!(run.code == Some(0) || run.code == Some(1), "{}", run.stderr);
    let run = bench.run(&["fit", "p.toml", "--set", "solver.type=\"cd\""]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("central_path"), "{}", run.stderr);
}

/// The consensus of the literature as the paper counts it: 17 edges.
const SACHS: &str = "\
from,to
raf,mek
mek,erk
plc,pip2
plc,pip3
pip3,pip2
erk,akt
pka,raf
pka,mek
pka,erk
pka,akt
pka,jnk
pka,p38
pkc,pka
pkc,raf
pkc,mek
pkc,jnk
pkc,p38
";

#[test]
fn the_distance_of_the_paper_on_protein_data_is_reached() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/sachs.csv");
    let Ok(text) = std::fs::read_to_string(&data) else {
        assert!(std::env::var_os("CI").is_none(), "the reference data must be there in CI");
        eprintln!("skipped: there is no {}", data.display());
        return;
    };
    // The observational condition, without the columns that tell the condition.
    let rows = text.lines().take(854).map(|line| line.split(',').skip(9).collect::<Vec<_>>());
    let table: String = rows.map(|cells| cells.join(",") + "\n").collect();
    let bench = Bench::new(&[
        ("p.toml", GRAPH.as_bytes()),
        ("d.csv", table.as_bytes()),
        ("truth.csv", SACHS.as_bytes()),
    ]);
    // The published figures are 13 and 12. The weight of pka on itself, 0.346, counted as a cycle there, so
    // that all smaller weights went, a true edge among them; and the last domain had been widened to 0.8.
    let published =
        ["loss.self_loops=true", "loss.pruning=\"smallest\"", "loss.s=[1.0, 0.9, 0.8, 0.8]"];
    let runs: [(&str, &str, &[&str]); 4] = [
        ("equal", "12", &[]),
        ("unequal", "12", &[]),
        ("equal", "13", &published),
        ("unequal", "12", &published),
    ];
    for (noise, distance, more) in runs {
        let noise = format!("loss.noise=\"{noise}\"");
        let sets = std::iter::once(noise.as_str()).chain(more.iter().copied());
        let mut words = vec!["fit", "p.toml", "-o", "r.json"];
        words.extend(sets.flat_map(|set| ["--set", set]));
        let run = bench.run(&words);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
        let run = bench.run(&["graph", "r.json", "--against", "truth.csv"]);
        let words: Vec<&str> = run.stdout.split_whitespace().collect();
        assert_eq!(words[..4], ["distance", distance, "edges", words[3]], "{}", run.stdout);
        assert!(run.stdout.contains("reference             17"), "{}", run.stdout);
    }
}

const D: usize = 50;

#[test]
fn a_graph_of_fifty_nodes_has_no_cycle_in_any_of_its_forms() {
    let mut state = 99u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut weights = vec![0.0; D * D];
    for (i, j) in (0..D).flat_map(|j| (0..j).map(move |i| (i, j))) {
        if uniform() < 0.08 {
            weights[i + D * j] = 0.5 + uniform();
        }
    }
    let mut text = (0..D).map(|j| format!("x{j}")).collect::<Vec<_>>().join(",");
    for _ in 0..200 {
        let mut row = [0.0; D];
        for j in 0..D {
            let noise: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            row[j] = noise + (0..j).map(|i| weights[i + D * j] * row[i]).sum::<f64>();
        }
        text.push('\n');
        text.push_str(&row.map(|x| x.to_string()).join(","));
    }
    text.push('\n');
    let bench = Bench::new(&[("p.toml", GRAPH.as_bytes()), ("d.csv", text.as_bytes())]);
    // A short path, that leaves cycles among the small weights.
    let short = ["loss.mu=[0.1]", "loss.s=[1.0]", "loss.refit=true", "loss.threshold=0.05"];
    let mut words = vec!["fit", "p.toml", "-o", "r.json", "--set", "solver.tol=1e-3"];
    words.extend(short.iter().flat_map(|set| ["--set", *set]));
    let run = bench.run(&words);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);

    let list = bench.run(&["graph", "r.json", "-o", "g.csv"]);
    assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""));
    let list = bench.read("g.csv");
    let edges: Vec<(&str, &str)> = list
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0], cells[1])
        })
        .collect();
    assert!(edges.len() > 50, "{} edges", edges.len());
    let mut left: Vec<String> = (0..D).map(|j| format!("x{j}")).collect();
    while let Some(at) = left.iter().position(|node| {
        !edges.iter().any(|(from, to)| to == node && left.iter().any(|l| l == from))
    }) {
        left.remove(at);
    }
    assert!(left.is_empty(), "a cycle among {left:?}");

    let dot = bench.run(&["graph", "r.json", "--format", "dot"]).stdout;
    assert_eq!(dot.matches(" -> ").count(), edges.len());
    for (from, to) in &edges {
        assert!(dot.contains(&format!("  \"{from}\" -> \"{to}\" [label=")), "{from} -> {to}");
    }
    let run = bench.run(&["graph", "r.json", "--against", "g.csv"]);
    let first: Vec<&str> = run.stdout.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(first, ["distance", "0"], "{}", run.stdout);
    let run = bench.run(&["graph", "r.json", "--threshold", "0.5"]);
    assert!(run.code == Some(0) && run.stdout.lines().count() < list.lines().count());
    let run = bench.run(&["graph", "r.json", "--threshold", "0.01"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("fit with a smaller `threshold`"), "{}", run.stderr);
}
