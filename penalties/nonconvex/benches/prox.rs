//! The prox of all coefficients at once, ten million of them.
//!
//! `cargo bench -p fenchel-penalty-nonconvex`

#![allow(missing_docs)]

use divan::Bencher;
use fenchel_core::Prox;
use fenchel_penalty_nonconvex::Mcp;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn mcp_of_ten_million(bencher: Bencher) {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let v: Vec<f64> = (0..10_000_000).map(|_| 4.0 * uniform() - 2.0).collect();
    let mut out = vec![0.0; v.len()];
    let penalty = Mcp::new(0.5, 3.0).expect("the parameters are right");
    bencher.bench_local(|| penalty.prox(divan::black_box(&v), 1.0, &mut out));
}
