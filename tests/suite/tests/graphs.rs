//! Random graphs (Erdos-Renyi) that are known, found again from simulated data, with the settings of
//! Saboksayr, Mateos & Tepper (2024), section 5. The study is `cargo bench -p fenchel --bench colide`.

#![allow(missing_docs)]

use std::path::Path;

use fenchel::registry;
use fenchel_core::{
    Baseline, Bound, DenseMatrix, Design, Matrix, Problem, Raw, Response, Samples, Space,
};
use fenchel_laws::Random;
use fenchel_loss_graph::Comparison;
use fenchel_solvers::{Control, method};
use serde_json::{Value, json};

const SAMPLES: usize = 1000;

struct Simulated {
    d: usize,
    edges: Vec<(usize, usize, f64)>,
    columns: Vec<f64>,
}

/// Edges from earlier to later nodes, `degree` a node on average, then renamed at random.
fn structure(d: usize, degree: usize, random: &mut Random) -> Vec<(usize, usize)> {
    let share = 2.0 * degree as f64 / (d as f64 - 1.0);
    let pairs = (0..d).flat_map(|j| (0..j).map(move |i| (i, j)));
    let edges: Vec<_> = pairs.filter(|_| random.uniform() < share).collect();
    let mut names: Vec<usize> = (0..d).collect();
    (1..d).rev().for_each(|k| names.swap(k, random.below(k + 1)));
    edges.iter().map(|(i, j)| (names[*i], names[*j])).collect()
}

/// Weights uniform on +-[0.5, 2], normal noise of variance 1.
fn simulated(d: usize, degree: usize, seed: u64) -> Simulated {
    let mut random = Random::new(seed);
    let structure = structure(d, degree, &mut random);
    let mut weight = || {
        let size = 0.5 + 1.5 * random.uniform();
        if random.uniform() < 0.5 { size } else { -size }
    };
    let edges: Vec<_> = structure.into_iter().map(|(i, j)| (i, j, weight())).collect();
    let mut columns: Vec<Vec<f64>> = (0..d).map(|_| random.normals(SAMPLES, 1.0)).collect();
    let mut left: Vec<usize> = (0..d).collect();
    while let Some(at) =
        left.iter().position(|&node| !edges.iter().any(|e| e.1 == node && left.contains(&e.0)))
    {
        let node = left.remove(at);
        let parent = columns[node].clone();
        for (_, child, weight) in edges.iter().filter(|e| e.0 == node) {
            columns[*child].iter_mut().zip(&parent).for_each(|(x, z)| *x += weight * z);
        }
    }
    assert!(left.is_empty(), "the structure has a cycle");
    Simulated { d, edges, columns: columns.concat() }
}

fn table(value: Value) -> Raw {
    Raw(value.as_object().unwrap().clone())
}

struct Learnt {
    comparison: Comparison,
    edges: Vec<(usize, usize, f64)>,
    scale: f64,
}

fn learn(data: &Simulated, noise: &str) -> Learnt {
    let loss = registry::build_loss(&table(json!({ "type": "colide", "noise": noise }))).unwrap();
    let matrix = DenseMatrix::new(SAMPLES, data.d, data.columns.clone()).unwrap();
    let samples = Samples::new(Response::None { samples: SAMPLES }, None).unwrap();
    let design = Design::new(Matrix::Dense(matrix));
    let Bound::Direct(objective) = loss.bind(&samples, &design).unwrap() else {
        panic!("a graph has no linear predictor")
    };
    let space = Space::numbered(data.d, data.d);
    let penalty = table(json!({ "type": "l1", "lambda": 0.05 }));
    let penalty = registry::build_penalty(&penalty, &space, Path::new(".")).unwrap();
    let mut problem =
        Problem { objective: &*objective, penalty: &*penalty, baseline: Baseline::default() };
    let start = objective.start();
    problem.baseline = Baseline::at_zero(&problem, &start);
    let mut control = Control { tol: 1e-4, ..Control::default() };
    let solver = method("central_path").unwrap();
    let outcome = solver.solve(&problem, start, &mut control).unwrap();
    let extra = objective.report(&outcome.params).extra;
    let list = |name: &str| extra.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let (from, to, weight) = (list("edge_from"), list("edge_to"), list("edge_weight"));
    let edges: Vec<_> =
        (0..from.len()).map(|e| (from[e] as usize, to[e] as usize, weight[e])).collect();
    let pairs = |edges: &[(usize, usize, f64)]| -> Vec<(usize, usize)> {
        edges.iter().map(|e| (e.0, e.1)).collect()
    };
    let comparison = Comparison::new(&pairs(&edges), &pairs(&data.edges));
    Learnt { comparison, edges, scale: list("noise_scale")[0] }
}

#[test]
fn most_sparse_graphs_of_ten_nodes_are_found_but_for_one_edge() {
    let (mut exact, mut near, mut sum) = (0, 0, 0);
    for seed in 0..40 {
        let data = simulated(10, 2, 100 + seed);
        let Learnt { comparison, edges, scale } = learn(&data, "equal");
        eprintln!("seed {seed}: {comparison:?}, noise scale {scale}");
        exact += usize::from(comparison.distance == 0);
        // A weight close to 0.5 is shrunk below the threshold, or the minimum is another one.
        near += usize::from(comparison.distance <= 1);
        sum += comparison.distance;
        if seed == 9 {
            assert!(exact >= 5 && near >= 8, "of 10 graphs {exact} exact, {near} but for one edge");
        }
        assert!((scale - 1.0).abs() < 0.05, "noise scale {scale}");
        if comparison.distance > 1 {
            continue;
        }
        for (from, to, weight) in edges {
            let truth = data.edges.iter().find(|e| (e.0, e.1) == (from, to));
            assert!(truth.is_none_or(|truth| truth.2 * weight > 0.0), "the sign of {from} -> {to}");
        }
    }
    // Of these, 20 are exact, 30 near, and 47 edges are wrong; the bounds are those with a tenth to spare. (Of 200
    // other graphs 119 are exact, 163 near, and 164 edges wrong.)
    assert!(
        exact >= 18 && near >= 27 && sum <= 52,
        "of 40 graphs {exact} are exact, {near} but for one edge, {sum} edges are wrong"
    );
}
