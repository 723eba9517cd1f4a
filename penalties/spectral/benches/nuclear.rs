//! The prox of the nuclear norm on a 500 x 500 matrix of rank 25 plus noise, of which the threshold
//! leaves a few directions.
//!
//! `cargo bench -p fenchel-penalty-spectral`

#![allow(missing_docs)]

use divan::Bencher;
use fenchel_core::{Prox, Space};
use fenchel_penalty_spectral::Nuclear;

const SIZE: usize = 500;
const RANK: usize = 25;

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

/// The noise has singular values up to 4.5, most of them above 1, where all are computed.
#[divan::bench(args = [1.0, 4.0, 20.0], sample_count = 20, sample_size = 1)]
fn low_rank(bencher: Bencher, threshold: f64) {
    let mut noise = noise();
    let mut v: Vec<f64> = (0..SIZE * SIZE).map(|_| 0.1 * noise()).collect();
    for _ in 0..RANK {
        let a: Vec<f64> = (0..SIZE).map(|_| 0.2 * noise()).collect();
        for column in v.chunks_mut(SIZE) {
            let b = noise();
            column.iter_mut().zip(&a).for_each(|(v, a)| *v += a * b);
        }
    }
    let penalty = Nuclear::new(1.0, &Space::numbered(SIZE, SIZE)).expect("the parameter is right");
    let mut out = vec![0.0; v.len()];
    bencher.bench_local(|| penalty.prox(divan::black_box(&v), threshold, &mut out));
}
