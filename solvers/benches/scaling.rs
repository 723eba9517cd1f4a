//! How the time of a fit grows with the size of the problem, and how far it is from reading the data
//! once: `cargo bench -p fenchel-solvers --bench scaling` prints the tables of `docs/performance.md`
//! and draws `docs/scaling.svg`.
//!
//! A fit goes from zero to a relative certificate of 1e-6. Times are seconds of one thread, the
//! smallest of three or more; a *pass* is one product `X'u` with the same design, timed alike.

#![allow(missing_docs, clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use common::*;
use fenchel_core::{
    Groups, LinearModel, Loss, Matrix, Objective, Penalty, Response, SparseMatrix, kernels,
};
use fenchel_loss_categorical::Multinomial;
use fenchel_loss_glm::Logistic;
use fenchel_loss_location::Quadratic;
use fenchel_solvers::{Control, Status, method};
use plotters::prelude::*;

/// The smallest time of at least three, and of as many as half a second holds.
fn fastest(mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let (mut times, mut best) = (0, f64::INFINITY);
    while times < 3 || begun.elapsed().as_secs_f64() < 0.5 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
        times += 1;
    }
    best
}

/// One curve.
struct Curve {
    name: &'static str,
    /// What grows.
    along: &'static str,
    /// Its values and the seconds.
    points: Vec<(f64, f64)>,
}

/// Prints a table row a size, and the exponent of the curve.
fn curve(
    name: &'static str,
    along: &'static str,
    sizes: &[usize],
    pose: impl Fn(usize) -> (LinearModel, Box<dyn Penalty>, &'static str),
) -> Curve {
    println!("\n{name}\n\n| {along} | seconds | a pass | passes |\n|---|---|---|---|");
    let mut points = Vec::new();
    for &size in sizes {
        let (model, penalty, solver) = pose(size);
        let problem = problem(&model, &*penalty);
        let solver = method(solver).expect("the solver exists");
        let seconds = fastest(|| {
            let mut control = Control { tol: 1e-6, ..Control::default() };
            let outcome = solver.solve(&problem, model.start(), &mut control).expect("it runs");
            assert_eq!(outcome.status, Status::Converged);
        });
        let u: Vec<f64> = numbers(size as u64, model.design.samples() * model.fit.outputs());
        let mut product = vec![0.0; model.shape().coefficients()];
        let pass = fastest(|| model.design.mul_t(&u, &mut product));
        println!("| {size} | {seconds:.4} | {pass:.5} | {:.0} |", seconds / pass);
        points.push((size as f64, seconds));
    }
    let (first, last) = (points[0], points[points.len() - 1]);
    println!("\nexponent {:.2}", (last.1 / first.1).ln() / (last.0 / first.0).ln());
    Curve { name, along, points }
}

/// The loss on `matrix` with `steepest`, the largest correlation at zero.
fn posed(loss: &dyn Loss, matrix: &Matrix, y: Response) -> (LinearModel, f64) {
    let model = model(loss, matrix, y, None);
    let mut grad = vec![0.0; model.shape().len()];
    let smooth = model.as_smooth().expect("the loss is smooth");
    smooth.value_gradient(&model.start(), &mut grad, &mut Default::default());
    let steepest = kernels::max_abs(&grad[..model.shape().coefficients()]);
    (model, steepest)
}

fn lasso(lambda: f64) -> Box<dyn Penalty> {
    Box::new(Lasso { lambda, shows: Shows::Separable })
}

/// `per_column` entries at seeded rows in each of `p` columns.
fn text(n: usize, p: usize, per_column: usize) -> Matrix {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for column in numbers(71, p * per_column).chunks(per_column) {
        let mut rows: Vec<u32> =
            column.iter().map(|u| ((u + 1.0) / 2.0 * n as f64) as u32 % n as u32).collect();
        rows.sort_unstable();
        rows.dedup();
        values.extend(rows.iter().map(|i| 1.0 + f64::from(i % 3)));
        indices.extend(rows);
        starts.push(indices.len());
    }
    Matrix::Sparse(SparseMatrix::new(n, p, starts, indices, values).expect("columns ascend"))
}

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` only asks whether this builds.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let curves = [
        curve("lasso, dense, 500 samples", "p", &[1000, 3000, 10_000, 30_000], |p| {
            let matrix = dense(1, 500, p);
            let (model, top) = posed(&Quadratic, &matrix, response(2, &matrix, 1));
            (model, lasso(top / 10.0), "cd")
        }),
        curve("lasso, dense, 2000 features", "n", &[300, 1000, 3000, 10_000], |n| {
            let matrix = dense(1, n, 2000);
            let (model, top) = posed(&Quadratic, &matrix, response(2, &matrix, 1));
            (model, lasso(top / 10.0), "cd")
        }),
        curve("logistic lasso, sparse, 20 entries a column", "nnz", &[200_000, 2_000_000], |nnz| {
            let matrix = text(nnz / 200, nnz / 20, 20);
            let y = classes(&response(3, &matrix, 1));
            let (model, top) = posed(&Logistic, &matrix, y);
            (model, lasso(top / 10.0), "prox_newton")
        }),
        curve(
            "group lasso, groups of 5, 500 samples",
            "groups",
            &[200, 600, 2000, 6000],
            |groups| {
                let matrix = dense(4, 500, 5 * groups);
                let (model, top) = posed(&Quadratic, &matrix, response(5, &matrix, 1));
                let groups = Groups::consecutive(5 * groups, 5).expect("5 divides");
                (model, Box::new(GroupLasso { lambda: top / 5.0, groups }), "block_cd")
            },
        ),
        curve("multinomial lasso, 1000 x 500", "K", &[2, 4, 8, 16], |classes| {
            let matrix = dense(6, 1000, 500);
            let Response::Numeric { values, .. } = response(7, &matrix, 1) else {
                unreachable!("a response is numeric")
            };
            let mut order: Vec<usize> = (0..1000).collect();
            order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
            let mut class = vec![0; 1000];
            for (rank, i) in order.into_iter().enumerate() {
                class[i] = (rank * classes / 1000) as u32;
            }
            let labels = (0..classes).map(|k| k.to_string()).collect();
            let (model, top) = posed(&Multinomial, &matrix, Response::Classes { class, labels });
            (model, lasso(top / 10.0), "prox_newton")
        }),
    ];
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scaling.svg");
    draw(&file, &curves)
}

fn draw(file: &Path, curves: &[Curve]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(file, (760, 460)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((1f64..3e6).log_scale(), (1e-4..10f64).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("size")
        .y_desc("CPU seconds")
        .label_style(("sans-serif", 13))
        .light_line_style(WHITE)
        .draw()?;
    for (c, curve) in curves.iter().enumerate() {
        let colour = Palette99::pick(c).to_rgba();
        chart
            .draw_series(LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2)))?
            .label(format!("{} ({})", curve.name, curve.along))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(
            curve.points.iter().map(|point| Circle::new(*point, 3, colour.filled())),
        )?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 13))
        .draw()?;
    area.present()?;
    Ok(())
}
