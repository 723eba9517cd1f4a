//! Scores of 2000 continuous columns.
//!
//! `cargo bench -p fenchel-screening`

#![allow(missing_docs)]

use divan::Bencher;
use fenchel_core::{DenseMatrix, Matrix};
use fenchel_laws::Random;
use fenchel_screening::{Kernel, Method, Settings, Target, scores};

const COLUMNS: usize = 2000;

fn main() {
    divan::main();
}

fn by(method: Method) -> Settings {
    Settings { method, ..Settings::default() }
}

fn gaussian() -> Settings {
    Settings { kernel: Kernel::Gaussian, ..Settings::default() }
}

fn run(bencher: Bencher, n: usize, settings: Settings, two_classes: bool) {
    let mut random = Random::new(1);
    let matrix = DenseMatrix::new(n, COLUMNS, random.normals(n * COLUMNS, 1.0)).expect("it fits");
    let matrix = Matrix::Dense(matrix);
    let y = random.normals(n, 1.0);
    let classes: Vec<u32> = y.iter().map(|y| u32::from(*y > 0.0)).collect();
    bencher.bench_local(|| {
        let target = if two_classes { Target::Classes(&classes) } else { Target::Numbers(&y) };
        scores(&matrix, target, &settings).expect("it runs")
    });
}

#[divan::bench(args = [442, 1000], sample_count = 5, sample_size = 1)]
fn kde(bencher: Bencher, n: usize) {
    run(bencher, n, by(Method::Kde), false);
}

#[divan::bench(args = [442, 1000], sample_count = 5, sample_size = 1)]
fn kde_two_classes(bencher: Bencher, n: usize) {
    run(bencher, n, by(Method::Kde), true);
}

#[divan::bench(args = [442, 1000], sample_count = 5, sample_size = 1)]
fn gaussian_kde(bencher: Bencher, n: usize) {
    run(bencher, n, gaussian(), false);
}

#[divan::bench(args = [442, 1000], sample_count = 5, sample_size = 1)]
fn gaussian_kde_two_classes(bencher: Bencher, n: usize) {
    run(bencher, n, gaussian(), true);
}

#[divan::bench(args = [442, 1000], sample_count = 5, sample_size = 1)]
fn binning(bencher: Bencher, n: usize) {
    run(bencher, n, by(Method::Binning), false);
}

#[divan::bench(args = [442, 1000], sample_count = 5, sample_size = 1)]
fn pearson(bencher: Bencher, n: usize) {
    run(bencher, n, by(Method::Pearson), false);
}
