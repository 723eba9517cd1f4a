//! What a process of its own costs: one call, all distances of a large lasso, and whole solves by
//! coordinate descent, with the C plugin `l1` in this process and in a child.
//!
//! `cargo bench -p fenchel-plugin-host`

#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::Command;
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use fenchel_core::{
    Baseline, Bound, DenseMatrix, Design, Kind, LinearModel, Loss, Matrix, Objective, Penalty,
    Problem, Raw, Response, Samples, Space, SparseMatrix,
};
use fenchel_loss_location::Quadratic;
use fenchel_penalty_l1::L1;
use fenchel_plugin_host::{Faults, Image, Library, isolate, open};
use fenchel_solvers::{Control, Status, method};

fn main() {
    if std::env::args().any(|argument| argument == "plugin-host") {
        return isolate::serve().expect("a benchmark started it");
    }
    divan::main();
}

#[derive(Debug, Clone, Copy)]
enum Where {
    BuiltIn,
    Here,
    Isolated,
}

const ALL: [Where; 3] = [Where::BuiltIn, Where::Here, Where::Isolated];
const PLUGIN: [Where; 2] = [Where::Here, Where::Isolated];

static LIBRARIES: LazyLock<[Library; 2]> = LazyLock::new(|| {
    let path = support::compile("l1", &[]);
    let image = || Image::read(&path).expect("it was just compiled");
    let faults = Faults::new(Arc::default());
    let mut server = Command::new(std::env::current_exe().expect("a running program"));
    server.arg("plugin-host");
    let libraries = [
        open(image(), &faults).expect("a plugin"),
        isolate::open(image(), server, &faults, None).expect("a plugin"),
    ];
    std::fs::remove_file(&path).expect("it was just compiled");
    libraries
});

fn l1(it: Where, lambda: f64, p: usize) -> Box<dyn Penalty> {
    let library = match it {
        Where::BuiltIn => return Box::new(L1::new(lambda).expect("lambda is positive")),
        Where::Here => &LIBRARIES[0],
        Where::Isolated => &LIBRARIES[1],
    };
    let it = library.types.iter().find(|it| it.kind == Kind::Penalty).expect("it has an l1");
    let raw: Raw = serde_json::from_str(&format!(r#"{{"lambda": {lambda}}}"#)).expect("JSON");
    let space = Space::numbered(p, 1);
    let context = fenchel_core::Context { space: &space, resolve: &support::Files };
    it.build_penalty(&raw, &context).expect("a penalty")
}

#[divan::bench(args = PLUGIN)]
fn one_number(bencher: Bencher, it: Where) {
    let l1 = l1(it, 0.5, 3);
    bencher.bench_local(|| l1.value(&[1.0, 2.0, 3.0]));
}

/// The child sleeps by then.
#[divan::bench(args = PLUGIN, sample_count = 100, sample_size = 1)]
fn one_number_after_a_pause(bencher: Bencher, it: Where) {
    let l1 = l1(it, 0.5, 3);
    let pause = || std::thread::sleep(std::time::Duration::from_millis(1));
    bencher.with_inputs(pause).bench_local_values(|()| l1.value(&[1.0, 2.0, 3.0]));
}

#[divan::bench(args = ALL, sample_count = 50, sample_size = 1)]
fn distances_of_200000(bencher: Bencher, it: Where) {
    let l1 = l1(it, 0.5, 200_000);
    let separable = l1.as_separable().expect("l1 is separable");
    let mut beta = vec![0.0; 200_000];
    beta.iter_mut().step_by(1000).for_each(|b| *b = 1.0);
    let (grad, mut out) = (numbers(1, 200_000), vec![0.0; 200_000]);
    bencher.bench_local(|| separable.subdiff_dist_range(0, &beta, &grad, &mut out));
}

#[divan::bench(args = ALL, sample_count = 15, sample_size = 1)]
fn lasso_dense_1000_x_10000(bencher: Bencher, it: Where) {
    static MODEL: LazyLock<LinearModel> = LazyLock::new(|| model(dense(1000, 10_000)));
    solve(bencher, &MODEL, it);
}

#[divan::bench(args = ALL, sample_count = 15, sample_size = 1)]
fn lasso_sparse_20000_x_200000(bencher: Bencher, it: Where) {
    static MODEL: LazyLock<LinearModel> = LazyLock::new(|| model(sparse(20_000, 200_000, 20)));
    solve(bencher, &MODEL, it);
}

fn solve(bencher: Bencher, model: &LinearModel, it: Where) {
    let p = model.shape().features;
    let mut grad = vec![0.0; model.shape().len()];
    let smooth = model.as_smooth().expect("the loss is smooth");
    smooth.value_gradient(&model.start(), &mut grad, &mut Default::default());
    let lambda = fenchel_core::kernels::max_abs(&grad[..p]) / 10.0;
    let penalty = l1(it, lambda, p);
    let problem = Problem { objective: model, penalty: &*penalty, baseline: Baseline::default() };
    let baseline = Baseline::at_zero(&problem, &model.start());
    let problem = Problem { baseline, ..problem };
    let cd = method("cd").expect("the solver exists");
    bencher.bench_local(|| {
        let mut control = Control { tol: 1e-6, ..Control::default() };
        let outcome = cd.solve(&problem, model.start(), &mut control).expect("it runs");
        assert_eq!(outcome.status, Status::Converged);
        outcome
    });
}

fn model(matrix: Matrix) -> LinearModel {
    let n = matrix.rows();
    let mut values = numbers(9, n);
    for j in 0..50 {
        matrix.column(37 * j).axpy(1.0 - 0.02 * j as f64, &mut values);
    }
    let samples = Samples::new(Response::Numeric { values, columns: 1 }, None).expect("numbers");
    let design = Design::standardized(matrix, None);
    let Ok(Bound::Eta(fit)) = Quadratic::new().bind(&samples, &design) else {
        panic!("a quadratic loss binds to numbers")
    };
    LinearModel::new(design, fit, None, true).expect("one length")
}

fn dense(n: usize, p: usize) -> Matrix {
    let mut values = numbers(1, n * p);
    for i in n..n * p {
        values[i] += 0.5 * values[i - n];
    }
    Matrix::Dense(DenseMatrix::new(n, p, values).expect("n p values"))
}

fn sparse(n: usize, p: usize, a_column: usize) -> Matrix {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for column in numbers(2, p * a_column).chunks(a_column) {
        let row = |u: &f64| ((u + 1.0) / 2.0 * n as f64) as u32 % n as u32;
        let mut rows: Vec<u32> = column.iter().map(row).collect();
        rows.sort_unstable();
        rows.dedup();
        values.extend(rows.iter().map(|i| 1.0 + f64::from(i % 3)));
        indices.extend(rows);
        starts.push(indices.len());
    }
    Matrix::Sparse(SparseMatrix::new(n, p, starts, indices, values).expect("columns ascend"))
}

/// `count` numbers in (-1, 1).
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
