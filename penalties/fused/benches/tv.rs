//! The prox of total variation on a million points of several kinds.
//!
//! `cargo bench -p fenchel-penalty-fused`

#![allow(missing_docs)]

use divan::Bencher;
use fenchel_penalty_fused::tv;

const POINTS: usize = 1_000_000;

fn main() {
    divan::main();
}

/// About standard normal: the sum of twelve uniform numbers.
fn noise() -> impl FnMut() -> f64 {
    let mut state = 1u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0
}

fn prox(bencher: Bencher, y: &[f64], lambda: f64) {
    let mut x = vec![0.0; y.len()];
    bencher.bench_local(|| tv::prox(divan::black_box(y), lambda, &mut x));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn steps(bencher: Bencher) {
    let mut noise = noise();
    let mut level = 0.0;
    let mut sample = |i: usize| {
        if i.is_multiple_of(1000) {
            level = 3.0 * noise();
        }
        level + noise()
    };
    let y: Vec<f64> = (0..POINTS).map(&mut sample).collect();
    prox(bencher, &y, 20.0);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn walk(bencher: Bencher) {
    let (mut noise, mut sum) = (noise(), 0.0);
    let mut step = || {
        sum += 0.1 * noise();
        sum
    };
    let y: Vec<f64> = (0..POINTS).map(|_| step()).collect();
    prox(bencher, &y, 10.0);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn slow_sine(bencher: Bencher) {
    let mut noise = noise();
    let angle = |i: usize| 6.0 * std::f64::consts::PI * i as f64 / POINTS as f64;
    let y: Vec<f64> = (0..POINTS).map(|i| 100.0 * angle(i).sin() + 0.1 * noise()).collect();
    prox(bencher, &y, 1e4);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn saw(bencher: Bencher) {
    let y: Vec<f64> = (0..POINTS).map(|i| 0.01 * (i % 1000) as f64).collect();
    prox(bencher, &y, 10.0);
}
