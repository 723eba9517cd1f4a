//! How the time of a cross-validated path falls with the number of threads: `cargo bench -p fenchel --bench
//! threads` runs the real binary, prints the table of `docs/performance.md` and draws `docs/threads.svg`.
//!
//! A lasso of 500 x 5000 along 50 scales with 10 folds, which are solved side by side. Seconds are wall times
//! of the solve, the smallest of five in turns.

#![allow(missing_docs, clippy::print_stdout)]

mod common;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::{correlated, minimum, npy, succeed};
use plotters::prelude::*;

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` only asks whether this builds.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let (values, y) = correlated(500, 5000);
    npy(&folder.path().join("x.npy"), &[500, 5000], &values);
    npy(&folder.path().join("y.npy"), &[500], &y);
    let file = folder.path().join("problem.toml");
    fs::write(
        &file,
        "[data]\nfile = \"x.npy\"\nresponse = { file = \"y.npy\" }\n[loss]\ntype = \"quadratic\"\n\
         [penalty]\ntype = \"l1\"\nlambda = 1.0\n[path]\npoints = 50\nmin_ratio = 0.01\n\
         [cv]\nfolds = 10\nseed = 1\n",
    )?;
    let cores = std::thread::available_parallelism()?.get();
    let threads: Vec<usize> = (0..).map(|k| 1 << k).take_while(|t| *t <= cores).collect();
    let mut seconds = vec![Vec::new(); threads.len()];
    for _ in 0..ROUNDS {
        for (threads, seconds) in threads.iter().zip(&mut seconds) {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fenchel"));
            command.arg("fit").arg(&file).args(["-o", "-", "--quiet", "--threads"]);
            let output = succeed(command.arg(threads.to_string()));
            let result: serde_json::Value = serde_json::from_slice(&output.stdout)?;
            seconds.push(result["seconds"].as_f64().ok_or("a result has its seconds")?);
        }
    }
    println!("| threads | seconds | speed-up |\n|---|---|---|");
    let least: Vec<f64> = seconds.iter().map(|s| minimum(s)).collect();
    let mut points = Vec::new();
    for (threads, seconds) in threads.iter().zip(&least) {
        println!("| {threads} | {seconds:.3} | {:.2} |", least[0] / seconds);
        points.push((*threads as f64, *seconds));
    }
    draw(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/threads.svg"), &points)
}

/// The times, and where they would be if each thread did its share.
fn draw(file: &Path, points: &[(f64, f64)]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(file, (420, 300)).into_drawing_area();
    area.fill(&WHITE)?;
    let (last, first) = (points[points.len() - 1].0, points[0].1);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..last + 1.0, 0.0..1.2 * first)?;
    chart
        .configure_mesh()
        .x_desc("threads")
        .y_desc("seconds (wall)")
        .label_style(("sans-serif", 13))
        .light_line_style(WHITE)
        .draw()?;
    let ideal = points.iter().map(|(threads, _)| (*threads, first / threads));
    let grey = BLACK.mix(0.4);
    chart
        .draw_series(LineSeries::new(ideal, grey.stroke_width(1)))?
        .label("equal shares")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], grey.stroke_width(1)));
    let colour = Palette99::pick(0).to_rgba();
    chart
        .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
        .label("10-fold path")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 13))
        .draw()?;
    area.present()?;
    Ok(())
}
