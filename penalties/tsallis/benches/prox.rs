//! The proxes and entmax on vectors of 10 000 entries.
//!
//! `cargo bench -p fenchel-penalty-tsallis`

#![allow(missing_docs)]

use divan::Bencher;
use fenchel_core::{Prox, Space};
use fenchel_penalty_tsallis::{Tsallis, TsallisSimplex, entmax};

const LENGTH: usize = 10_000;

fn main() {
    divan::main();
}

/// Numbers between -1 and 1, in no order.
fn scores() -> Vec<f64> {
    (0..LENGTH).map(|i| ((i * 7919 % 10_007) as f64 / 5_003.5) - 1.0).collect()
}

fn run(bencher: Bencher, prox: &dyn Prox) {
    let (v, mut out) = (scores(), vec![0.0; LENGTH]);
    bencher.bench_local(|| prox.prox(divan::black_box(&v), 1.0, &mut out));
}

#[divan::bench(args = [0.5, 1.0, 1.5, 2.0, 3.0])]
fn orthant(bencher: Bencher, q: f64) {
    run(bencher, &Tsallis::new(0.3, q).expect("in bounds"));
}

#[divan::bench(args = [0.5, 1.0, 1.5, 2.0, 3.0])]
fn simplex(bencher: Bencher, q: f64) {
    let space = Space::numbered(LENGTH, 1);
    run(bencher, &TsallisSimplex::new(0.3, q, &space).expect("in bounds"));
}

#[divan::bench(args = [1.0, 1.3, 1.5, 2.0, 3.0])]
fn shares(bencher: Bencher, alpha: f64) {
    let (z, mut out) = (scores(), vec![0.0; LENGTH]);
    bencher.bench_local(|| entmax::entmax(divan::black_box(&z), alpha, &mut out));
}
