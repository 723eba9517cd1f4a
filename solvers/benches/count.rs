//! Small fixed problems whose instructions are counted: `.ci/counts` runs this program under callgrind,
//! one case a run, and compares with `counts.txt` beside this file.

#![allow(missing_docs, clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use fenchel_core::{Groups, LinearModel, Loss, Matrix, Objective, Penalty, SparseMatrix};
use fenchel_loss_glm::Logistic;
use fenchel_loss_location::Quadratic;
use fenchel_solvers::{Control, Status, method};

/// What is counted: callgrind collects inside this function alone.
#[inline(never)]
fn counted(name: &str, model: &LinearModel, penalty: &dyn Penalty) {
    let problem = problem(model, penalty);
    let mut control = Control { tol: 1e-6, ..Control::default() };
    let solver = method(name).expect("the solver exists");
    let outcome = solver.solve(&problem, model.start(), &mut control).expect("it runs");
    assert_eq!(outcome.status, Status::Converged);
}

/// `penalty(s)` at the share `share` of the largest correlation at zero.
fn case<P: Penalty>(
    name: &str,
    loss: &dyn Loss,
    matrix: &Matrix,
    share: f64,
    penalty: impl Fn(f64) -> P,
) {
    let y = response(2, matrix, 1);
    let y = if name == "prox_newton" { classes(&y) } else { y };
    let model = model(loss, matrix, y, None);
    let mut grad = vec![0.0; model.shape().len()];
    let smooth = model.as_smooth().expect("the loss is smooth");
    smooth.value_gradient(&model.start(), &mut grad, &mut Default::default());
    let steepest = fenchel_core::kernels::max_abs(&grad[..model.shape().coefficients()]);
    counted(name, &model, &penalty(share * steepest));
}

/// Every `every`-th entry of a dense matrix.
fn thinned(seed: u64, n: usize, p: usize, every: usize) -> Matrix {
    let values = numbers(seed, n * p);
    let (mut starts, mut indices, mut stored) = (vec![0], Vec::new(), Vec::new());
    for (j, column) in values.chunks(n).enumerate() {
        for i in (j % every..n).step_by(every) {
            indices.push(i as u32);
            stored.push(column[i]);
        }
        starts.push(indices.len());
    }
    Matrix::Sparse(SparseMatrix::new(n, p, starts, indices, stored).expect("columns ascend"))
}

fn lasso(lambda: f64) -> Lasso {
    Lasso { lambda, shows: Shows::Separable }
}

fn main() {
    let wanted = std::env::args().nth(1).filter(|arg| !arg.starts_with("--"));
    match wanted.as_deref() {
        Some("lasso-dense") => case("cd", &Quadratic, &dense(1, 200, 1000), 0.1, lasso),
        Some("lasso-sparse") => case("cd", &Quadratic, &thinned(1, 1000, 4000, 50), 0.1, lasso),
        Some("groups") => {
            let groups = Groups::consecutive(1000, 5).expect("5 divides 1000");
            let penalty = |lambda| GroupLasso { lambda, groups: groups.clone() };
            case("block_cd", &Quadratic, &dense(3, 200, 1000), 0.2, penalty);
        }
        Some("logistic") => case("prox_newton", &Logistic, &dense(4, 200, 1000), 0.1, lasso),
        Some("prox-only") => {
            let penalty = |lambda| Lasso { lambda, shows: Shows::Prox };
            case("fista", &Quadratic, &dense(5, 200, 400), 0.2, penalty);
        }
        // `cargo test --benches` and the like pass arguments of their own, or none.
        _ => println!("lasso-dense lasso-sparse groups logistic prox-only"),
    }
}
