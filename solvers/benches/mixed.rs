//! The study of the q-Gaussian mixed-effects model: how much of the Gaussian model's error is left
//! where the noise of subjects has heavy tails, and what it costs where it has none.
//!
//! `cargo bench -p fenchel-solvers --bench mixed -- [SEEDS]` prints the table of docs/robust.md.

#![allow(missing_docs, clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/mixed.rs"]
mod mixed;

use mixed::{Estimate, estimate, mean, median, simulated};

const SEEDS: u64 = 40;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether this builds.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let seeds = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(SEEDS);
    println!(
        "| noise | tau | error, q = 1 | error, q estimated | ratio | median m | at the bound | median sigma^2 | median iterations |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (noise, m) in [("t, m = 2.5", Some(2.5)), ("t, m = 5", Some(5.0)), ("Gaussian", None)] {
        for tau in [Some(1.0), None] {
            let runs: Vec<[Estimate; 2]> = (0..seeds)
                .map(|seed| {
                    let data = simulated(seed, m);
                    [estimate(&data, Some(1.0), tau), estimate(&data, None, tau)]
                })
                .collect();
            let [gls, ours] = [0, 1].map(|k| mean(runs.iter().map(|run| run[k].error)));
            let of =
                |name: &'static str| median(runs.iter().filter_map(move |run| run[1].of(name)));
            println!(
                "| {noise} | {} | {gls:.4} | {ours:.4} | {:.3} | {:.2} | {} of {seeds} | {:.3} | {} |",
                if tau.is_some() { "known" } else { "estimated" },
                ours / gls,
                of("df"),
                runs.iter().filter(|run| run[1].of("df_at_bound").is_some()).count(),
                median(runs.iter().filter_map(|run| run[1].of("sigma")).map(|s| s * s)),
                median(runs.iter().map(|run| run[1].iterations as f64)),
            );
        }
    }
}
