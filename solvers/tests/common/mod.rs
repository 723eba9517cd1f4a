//! Penalties of every shape, and seeded problems, for the tests of solvers.

#![allow(dead_code, missing_docs)]

use fenchel_core::{
    Baseline, Blocks, Bound, Conjugate, Convexity, DenseMatrix, Design, Groups, Lineality,
    LinearModel, Loss, Matrix, Objective, Penalty, Problem, Prox, Response, Restrict, Samples,
    Separable, SparseMatrix, Subdifferential, Term, Terms, blocks, kernels,
};

/// The lasso penalty, with as much of its structure showing as `shows` says.
#[derive(Debug, Clone)]
pub struct Lasso {
    pub lambda: f64,
    pub shows: Shows,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shows {
    Separable,
    Prox,
    Restriction,
    Terms,
}

/// A prox and a conjugate, and nothing else.
#[derive(Debug, Clone)]
pub struct Plain(pub f64);

impl Penalty for Plain {
    fn value(&self, beta: &[f64]) -> f64 {
        self.0 * beta.iter().map(|b| b.abs()).sum::<f64>()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self(self.0 * scale))
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
}

impl Prox for Plain {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        for (out, v) in out.iter_mut().zip(v) {
            *out = kernels::soft_threshold(*v, step * self.0);
        }
        self.value(out)
    }
}

impl Conjugate for Plain {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if kernels::max_abs(u) <= self.0 * (1.0 + 1e-12) { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let top = kernels::max_abs(u);
        if top <= self.0 { 1.0 } else { self.0 / top }
    }
}

impl Penalty for Lasso {
    fn value(&self, beta: &[f64]) -> f64 {
        Plain(self.lambda).value(beta)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: self.lambda * scale, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        (self.shows != Shows::Terms).then_some(self as &dyn Prox)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        (self.shows == Shows::Separable).then_some(self as &dyn Separable)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        (self.shows == Shows::Separable).then_some(self as &dyn Subdifferential)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        (self.shows != Shows::Terms).then_some(self as &dyn Conjugate)
    }
    fn as_terms(&self) -> Option<&dyn Terms> {
        (self.shows == Shows::Terms).then_some(self as &dyn Terms)
    }
    fn as_restrict(&self) -> Option<&dyn Restrict> {
        (self.shows == Shows::Restriction).then_some(self as &dyn Restrict)
    }
}

impl Restrict for Lasso {
    fn restricted(&self, _at: &[usize]) -> Box<dyn Penalty> {
        Box::new(self.clone())
    }
}

impl Separable for Lasso {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        self.lambda * b.abs()
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        kernels::soft_threshold(v, step * self.lambda)
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        if b == 0.0 {
            (grad.abs() - self.lambda).max(0.0)
        } else {
            (grad + self.lambda * b.signum()).abs()
        }
    }
}

impl Conjugate for Lasso {
    fn conjugate(&self, u: &[f64]) -> f64 {
        Plain(self.lambda).conjugate(u)
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        Plain(self.lambda).dual_scale(u)
    }
}

/// Two halves of a lasso, as a sum.
impl Terms for Lasso {
    fn terms(&self) -> Vec<Term<'_>> {
        let half: &'static Plain = Box::leak(Box::new(Plain(self.lambda / 2.0)));
        vec![Term { penalty: half, operator: None }, Term { penalty: half, operator: None }]
    }
}

/// The group lasso, weight 1 a group.
#[derive(Debug, Clone)]
pub struct GroupLasso {
    pub lambda: f64,
    pub groups: Groups,
}

impl Penalty for GroupLasso {
    fn value(&self, beta: &[f64]) -> f64 {
        blocks::value(self, beta)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: self.lambda * scale, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
}

impl Prox for GroupLasso {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        blocks::prox(self, v, step, out)
    }
}

impl Subdifferential for GroupLasso {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        blocks::subdiff_dist(self, beta, grad)
    }
}

impl Blocks for GroupLasso {
    fn groups(&self) -> &Groups {
        &self.groups
    }
    fn value_block(&self, _g: usize, b: &[f64]) -> f64 {
        self.lambda * kernels::norm2(b)
    }
    fn prox_block(&self, _g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        let norm = kernels::norm2(v);
        let shrink = if norm > step * self.lambda { 1.0 - step * self.lambda / norm } else { 0.0 };
        out.iter_mut().zip(v).for_each(|(out, v)| *out = shrink * v);
    }
    fn subdiff_dist_block(&self, _g: usize, b: &[f64], grad: &[f64]) -> f64 {
        let norm = kernels::norm2(b);
        if norm == 0.0 {
            return (kernels::norm2(grad) - self.lambda).max(0.0);
        }
        let sum: Vec<f64> = grad.iter().zip(b).map(|(g, b)| g + self.lambda * b / norm).collect();
        kernels::norm2(&sum)
    }
}

impl Conjugate for GroupLasso {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if self.dual_scale(u) >= 1.0 - 1e-12 { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let mut top = 0.0f64;
        blocks::for_each(self, u, |_, u| top = top.max(kernels::norm2(u)));
        if top <= self.lambda { 1.0 } else { self.lambda / top }
    }
}

/// Uniform numbers in (-1, 1), seeded.
pub fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// A correlated dense design whose columns have nonzero means.
pub fn dense(seed: u64, n: usize, p: usize) -> Matrix {
    let raw = numbers(seed, n * p);
    let mut values = raw.clone();
    for j in 1..p {
        for i in 0..n {
            values[j * n + i] = 0.7 * values[(j - 1) * n + i] + raw[j * n + i] + 0.3;
        }
    }
    Matrix::Dense(DenseMatrix::new(n, p, values).unwrap())
}

/// The same numbers with small ones dropped, stored sparse and dense.
pub fn sparse_and_dense(seed: u64, n: usize, p: usize) -> (Matrix, Matrix) {
    let values: Vec<f64> =
        numbers(seed, n * p).into_iter().map(|x| if x.abs() < 0.7 { 0.0 } else { x }).collect();
    let (mut starts, mut indices, mut stored) = (vec![0], Vec::new(), Vec::new());
    for column in values.chunks(n) {
        for (i, x) in column.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            indices.push(i as u32);
            stored.push(*x);
        }
        starts.push(indices.len());
    }
    let sparse = SparseMatrix::new(n, p, starts, indices, stored).unwrap();
    (Matrix::Sparse(sparse), Matrix::Dense(DenseMatrix::new(n, p, values).unwrap()))
}

/// Numeric responses from a few of the columns.
pub fn response(seed: u64, matrix: &Matrix, columns: usize) -> Response {
    let n = matrix.rows();
    let mut values = numbers(seed + 1, n * columns);
    for (k, y) in values.chunks_mut(n).enumerate() {
        for j in 0..4.min(matrix.cols()) {
            matrix.column(j).axpy(1.0 - 0.3 * (j + k) as f64, y);
        }
    }
    Response::Numeric { values, columns }
}

/// Two classes from a numeric response.
pub fn classes(response: &Response) -> Response {
    let Response::Numeric { values, .. } = response else { panic!("numeric") };
    let middle = values.iter().sum::<f64>() / values.len() as f64;
    Response::Classes {
        class: values.iter().map(|y| u32::from(*y > middle)).collect(),
        labels: vec!["0".into(), "1".into()],
    }
}

/// A linear model with intercept on the standardised design.
pub fn model(
    loss: &dyn Loss,
    matrix: &Matrix,
    response: Response,
    weights: Option<Vec<f64>>,
) -> LinearModel {
    let samples = Samples::new(response, weights).unwrap();
    let design = Design::standardized(matrix.clone(), samples.weights());
    let Bound::Eta(fit) = loss.bind(&samples, &design).unwrap() else {
        panic!("a linear predictor")
    };
    LinearModel::new(design, fit, None, true).unwrap()
}

/// The problem with relative measures taken at the model's start.
pub fn problem<'a>(model: &'a LinearModel, penalty: &'a dyn Penalty) -> Problem<'a> {
    let problem = Problem { objective: model, penalty, baseline: Baseline::default() };
    Problem { baseline: Baseline::at_zero(&problem, &model.start()), ..problem }
}

/// `F` at `params`.
pub fn objective(problem: &Problem<'_>, params: &[f64]) -> f64 {
    let (loss, penalty) = problem.values(params, &mut Default::default());
    loss + penalty
}
