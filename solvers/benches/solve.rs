//! Each solver on a problem of real size, from zero to a relative certificate of 1e-6.
//!
//! `cargo bench -p fenchel-solvers`

#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use divan::Bencher;
use fenchel_core::{
    Bound, Design, Groups, LinearModel, Loss, Matrix, Objective, Penalty, Response, Samples,
    SparseMatrix,
};
use fenchel_loss_glm::Logistic;
use fenchel_loss_location::{Quadratic, Quantile};
use fenchel_loss_tsallis::{Effect, Tsallis};
use fenchel_solvers::{Control, Status, method};

fn main() {
    divan::main();
}

fn fitted(loss: &dyn Loss, matrix: &Matrix, y: Response) -> LinearModel {
    model(loss, matrix, y, None)
}

/// Solves `model` with `penalty` times the scale `share` of the largest correlation at zero.
fn solve(bencher: Bencher, name: &str, model: &LinearModel, penalty: &dyn Penalty) {
    let problem = problem(model, penalty);
    let solver = method(name).expect("the solver exists");
    bencher.bench_local(|| {
        let mut control = Control { tol: 1e-6, ..Control::default() };
        let outcome = solver.solve(&problem, model.start(), &mut control).expect("it runs");
        assert_eq!(outcome.status, Status::Converged);
        outcome
    });
}

/// The largest entry of the gradient in the coefficients at the start.
fn steepest(model: &LinearModel) -> f64 {
    let mut grad = vec![0.0; model.shape().len()];
    let smooth = model.as_smooth().expect("the loss is smooth");
    smooth.value_gradient(&model.start(), &mut grad, &mut Default::default());
    fenchel_core::kernels::max_abs(&grad[..model.shape().coefficients()])
}

/// `per_column` entries at seeded rows in each of `p` columns.
fn text_like(n: usize, p: usize, per_column: usize) -> Matrix {
    let numbers = numbers(71, p * per_column);
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for column in numbers.chunks(per_column) {
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

#[divan::bench(sample_count = 5, sample_size = 1)]
fn cd_lasso_dense_1000_x_10000(bencher: Bencher) {
    let matrix = dense(1, 1000, 10000);
    let model = fitted(&Quadratic, &matrix, response(2, &matrix, 1));
    let penalty = Lasso { lambda: steepest(&model) / 10.0, shows: Shows::Separable };
    solve(bencher, "cd", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn cd_lasso_sparse_20000_x_200000(bencher: Bencher) {
    let matrix = text_like(20000, 200_000, 20);
    let model = fitted(&Quadratic, &matrix, response(3, &matrix, 1));
    let penalty = Lasso { lambda: steepest(&model) / 10.0, shows: Shows::Separable };
    solve(bencher, "cd", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn block_cd_groups_of_5_in_1000_x_10000(bencher: Bencher) {
    let matrix = dense(4, 1000, 10000);
    let model = fitted(&Quadratic, &matrix, response(5, &matrix, 1));
    let groups = Groups::consecutive(10000, 5).expect("5 divides 10000");
    let penalty = GroupLasso { lambda: steepest(&model) / 5.0, groups };
    solve(bencher, "block_cd", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn prox_newton_logistic_lasso_2000_x_5000(bencher: Bencher) {
    let matrix = dense(6, 2000, 5000);
    let model = fitted(&Logistic, &matrix, classes(&response(7, &matrix, 1)));
    let penalty = Lasso { lambda: steepest(&model) / 10.0, shows: Shows::Separable };
    solve(bencher, "prox_newton", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn prox_newton_on_the_gram_matrix_5000_x_500(bencher: Bencher) {
    let matrix = dense(8, 5000, 500);
    let model = fitted(&Logistic, &matrix, classes(&response(9, &matrix, 1)));
    let penalty = Lasso { lambda: steepest(&model) / 10.0, shows: Shows::Prox };
    solve(bencher, "prox_newton", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn fista_prox_only_500_x_5000(bencher: Bencher) {
    let matrix = dense(10, 500, 5000);
    let model = fitted(&Quadratic, &matrix, response(11, &matrix, 1));
    let penalty = Lasso { lambda: steepest(&model) / 5.0, shows: Shows::Prox };
    solve(bencher, "fista", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn prox_ncg_prox_only_500_x_5000(bencher: Bencher) {
    let matrix = dense(10, 500, 5000);
    let model = fitted(&Quadratic, &matrix, response(11, &matrix, 1));
    let penalty = Lasso { lambda: steepest(&model) / 5.0, shows: Shows::Prox };
    solve(bencher, "prox_ncg", &model, &penalty);
}

/// 2000 subjects of 10 samples, a random intercept, and tails from the cube of uniform numbers.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn prox_ncg_q_gaussian_random_intercept_20000_x_300(bencher: Bencher) {
    let matrix = dense(16, 20000, 300);
    let Response::Numeric { mut values, columns } = response(17, &matrix, 1) else { panic!() };
    for (y, shared) in values.chunks_mut(10).zip(numbers(18, 2000)) {
        y.iter_mut().for_each(|y| *y += 4.0 * shared.powi(3));
    }
    let samples = Samples::new(Response::Numeric { values, columns }, None).expect("valid");
    let subject = (0..20000).map(|i| i / 10).collect();
    let samples = samples.with_subject(subject).expect("one a sample");
    let design = Design::standardized(matrix, None);
    let loss = Tsallis::new(None, None).expect("estimated");
    let loss = loss.with_random(vec![Effect::Intercept], None, false).expect("one effect");
    let Ok(Bound::Eta(fit)) = loss.bind(&samples, &design) else { panic!("bound") };
    let model = LinearModel::new(design, fit, None, true).expect("lengths agree");
    let penalty = Lasso { lambda: steepest(&model) / 10.0, shows: Shows::Separable };
    solve(bencher, "prox_ncg", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn prox_sgd_prox_only_10000_x_100(bencher: Bencher) {
    let matrix = dense(16, 10000, 100);
    let model = fitted(&Quadratic, &matrix, response(17, &matrix, 1));
    let penalty = Lasso { lambda: steepest(&model) / 5.0, shows: Shows::Prox };
    solve(bencher, "prox_sgd", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn prox_point_quantile_lasso_1000_x_1000(bencher: Bencher) {
    let matrix = dense(14, 1000, 1000);
    let quantile = Quantile::new(0.75).expect("between 0 and 1");
    let model = fitted(&quantile, &matrix, response(15, &matrix, 1));
    let penalty = Lasso { lambda: 0.02, shows: Shows::Separable };
    solve(bencher, "prox_point", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn prox_point_quantile_lasso_dense_support_1000_x_1000(bencher: Bencher) {
    let matrix = dense(14, 1000, 1000);
    let quantile = Quantile::new(0.75).expect("between 0 and 1");
    let model = fitted(&quantile, &matrix, response(15, &matrix, 1));
    let penalty = Lasso { lambda: 0.01, shows: Shows::Separable };
    solve(bencher, "prox_point", &model, &penalty);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn admm_two_terms_2000_x_300(bencher: Bencher) {
    let matrix = dense(12, 2000, 300);
    let model = fitted(&Quadratic, &matrix, response(13, &matrix, 1));
    let penalty = Lasso { lambda: steepest(&model) / 10.0, shows: Shows::Terms };
    solve(bencher, "admm", &model, &penalty);
}
