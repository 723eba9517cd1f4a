//! Seconds of processor time of the proxes of this crate against the number of groups.
//!
//! `cargo bench -p fenchel-penalty-sef` prints, for 1e3 to 1e7 groups and several k and lambda, the time
//! of one call, and the slope of its logarithm on that of the number of groups: 1 where it is linear.

#![allow(clippy::print_stdout, reason = "a report is what this is for")]

use std::time::Instant;

use fenchel_core::{Groups, Prox, Space};
use fenchel_penalty_sef::{GroupSef, KSupport, Sef};

/// Calls are repeated until they take so long together.
const LONG_ENOUGH: f64 = 0.3;

fn main() {
    // Run by `cargo test --benches` too, where the small sizes are enough.
    let most = if std::env::args().any(|arg| arg == "--bench") { 10_000_000 } else { 10_000 };
    let decades: Vec<usize> = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
        .into_iter()
        .filter(|n| *n <= most)
        .collect();
    println!("seconds of processor time of one prox; normal numbers, a tenth of the groups for k");
    let headings: String = decades.iter().map(|n| format!(" {n:>10}")).collect();
    println!("{:<34}{headings}   slope", "groups");
    for lambda in [0.01, 1.0, 100.0] {
        row(&format!("sef, lambda = {lambda}"), &decades, |n| {
            let penalty = Sef::new(lambda, n / 10, &Space::numbered(n, 1)).expect("k < n");
            (Box::new(penalty), n)
        });
    }
    for size in [1, 4] {
        for lambda in [0.01, 1.0, 100.0] {
            row(&format!("group_sef, size {size}, lambda = {lambda}"), &decades, |n| {
                let groups = Groups::consecutive(size * n, size).expect("a divisor");
                let weights: Vec<f64> = (0..n).map(|g| 0.5 + (g % 7) as f64 / 4.0).collect();
                let penalty = GroupSef::new(lambda, n / 10, groups, Some(&weights));
                (Box::new(penalty.expect("k < n")), size * n)
            });
        }
    }
    row("k_support, half the dual norm", &decades, |n| {
        let lambda = 0.5 * (0.1 * n as f64).sqrt() * 2.0;
        let penalty = KSupport::new(lambda, n / 10, &Space::numbered(n, 1)).expect("k < n");
        (Box::new(penalty), n)
    });
}

fn row(name: &str, decades: &[usize], make: impl Fn(usize) -> (Box<dyn Prox>, usize)) {
    let times: Vec<f64> = decades
        .iter()
        .map(|&n| {
            let (prox, length) = make(n);
            seconds(prox.as_ref(), length)
        })
        .collect();
    let cells: String = times.iter().map(|t| format!(" {t:>10.2e}")).collect();
    println!("{name:<34}{cells}   {:.3}", slope(decades, &times));
}

fn seconds(prox: &dyn Prox, length: usize) -> f64 {
    let v = normals(length);
    let mut out = vec![0.0; length];
    prox.prox(&v, 1.0, &mut out);
    let begun = clock();
    let mut calls = 0;
    while clock() - begun < LONG_ENOUGH {
        prox.prox(&v, 1.0, &mut out);
        calls += 1;
    }
    (clock() - begun) / f64::from(calls)
}

/// Processor time of this thread where the system tells it, else the time of day.
fn clock() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(
        || {
            static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
            BEGUN.get_or_init(Instant::now).elapsed().as_secs_f64()
        },
        |nanoseconds| 1e-9 * nanoseconds,
    )
}

/// Least squares of the logarithms.
fn slope(sizes: &[usize], times: &[f64]) -> f64 {
    let points: Vec<(f64, f64)> =
        sizes.iter().zip(times).map(|(n, t)| ((*n as f64).ln(), t.ln())).collect();
    let m = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / m, b + y / m));
    let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), (a, b)| {
        (over + (a - x) * (b - y), under + (a - x) * (a - x))
    });
    over / under
}

/// Sums of uniform numbers, near enough to normal ones.
fn normals(n: usize) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..n).map(|_| (0..6).map(|_| uniform()).sum::<f64>() - 3.0).collect()
}
