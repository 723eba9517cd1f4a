//! The inner problem of a proximal Newton step where the penalty has a prox but does not separate:
//! minimise `1/2 (b - b0)' Q (b - b0) + g'(b - b0) + Omega(b)` with the p x p Gram matrices
//! `Q_k = X'H_k X` (intercept profiled out), by FISTA with restart. The data is touched once, to
//! form `Q`; an inner iteration costs p^2 K.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::{Design, Prox, kernels};

use crate::coordinate::Model;
use crate::gradient::{Momentum, uphill};

/// Inner iterations at most.
const ITERATIONS: usize = 20_000;

/// A quadratic model in the coefficients.
#[derive(Debug, Default)]
pub(crate) struct GramModel {
    /// One p x p matrix an output, or a single one where curvatures are uniform.
    gram: Vec<f64>,
    /// `X_j' h_k` of the design's columns, p x K: what profiling the intercept needs.
    sums: Vec<f64>,
    features: usize,
    lipschitz: f64,
    grad: Vec<f64>,
    weighted: Vec<f64>,
}

impl GramModel {
    /// Forms the Gram matrices of `design` under the curvature of `model`, with the intercept
    /// profiled out where there is one.
    pub fn form(&mut self, design: &Design, model: &Model, intercept: bool) {
        let (n, p) = (design.samples(), design.features());
        let outputs = model.outputs();
        self.features = p;
        let matrices = if model.is_uniform() { 1 } else { outputs };
        self.gram.resize(matrices * p * p, 0.0);
        self.sums.clear();
        let mut columns = vec![0.0; n * p];
        for j in 0..p {
            design.column_axpy(j, 1.0, &mut columns[j * n..(j + 1) * n]);
        }
        for k in 0..matrices {
            self.weighted.clone_from(&columns);
            for column in self.weighted.chunks_mut(n) {
                match model.curvature(k) {
                    Some(h) => column.iter_mut().zip(h).for_each(|(x, h)| *x *= h),
                    None => column.iter_mut().for_each(|x| *x *= model.uniform()),
                }
            }
            let sums: Vec<f64> = self.weighted.chunks(n).map(kernels::sum).collect();
            let gram = &mut self.gram[k * p * p..(k + 1) * p * p];
            matmul(
                MatMut::from_column_major_slice_mut(gram, p, p),
                Accum::Replace,
                MatRef::from_column_major_slice(&columns, n, p).transpose(),
                MatRef::from_column_major_slice(&self.weighted, n, p),
                1.0,
                Par::Seq,
            );
            if intercept && model.total(k) > 0.0 {
                for i in 0..p {
                    for j in 0..p {
                        gram[i + p * j] -= sums[i] * sums[j] / model.total(k);
                    }
                }
            }
            self.sums.extend(sums);
        }
        if matrices == 1 {
            self.sums = self.sums.repeat(outputs);
        }
        self.lipschitz =
            self.gram.chunks(p * p).map(|q| largest_eigenvalue(q, p)).fold(0.0, f64::max);
    }

    /// Minimises the model plus the penalty from `beta`, where the smooth part has gradient `grad`
    /// (of the profiled problem), until the prox-gradient residual falls below `tol`. Writes the
    /// minimiser to `beta` and returns `-X'h (new - old)` of each output: divided by the total
    /// curvature, what the profiled intercept moves by, beside its own Newton step.
    pub fn minimise(
        &mut self,
        prox: &dyn Prox,
        grad: &[f64],
        beta: &mut Vec<f64>,
        tol: f64,
    ) -> Vec<f64> {
        let start = beta.clone();
        let (mut z, mut next) = (beta.clone(), beta.clone());
        let mut forward = beta.clone();
        let mut momentum = Momentum::default();
        let step = self.step();
        for _ in 0..ITERATIONS {
            self.gradient(&start, grad, &z);
            for ((v, z), g) in forward.iter_mut().zip(&z).zip(&self.grad) {
                *v = z - step * g;
            }
            prox.prox(&forward, step, &mut next);
            let moved = z.iter().zip(&next).fold(0.0f64, |top, (z, x)| top.max((z - x).abs()));
            let restart = uphill(&z, &next, beta);
            std::mem::swap(beta, &mut next);
            if moved <= tol * step {
                break;
            }
            momentum.extrapolate(restart, beta, &next, &mut z);
        }
        let moved: Vec<f64> = beta.iter().zip(&start).map(|(new, old)| new - old).collect();
        moved
            .chunks(self.features)
            .zip(self.sums.chunks(self.features))
            .map(|(step, sums)| -kernels::dot(step, sums))
            .collect()
    }

    /// The prox-gradient residual at `beta`, where the smooth part has gradient `grad`.
    pub fn residual(&self, prox: &dyn Prox, grad: &[f64], beta: &[f64]) -> f64 {
        let step = self.step();
        let forward: Vec<f64> = beta.iter().zip(grad).map(|(b, g)| b - step * g).collect();
        let mut next = vec![0.0; beta.len()];
        prox.prox(&forward, step, &mut next);
        beta.iter().zip(&next).fold(0.0f64, |top, (b, x)| top.max((b - x).abs())) / step
    }

    fn step(&self) -> f64 {
        if self.lipschitz > 0.0 { 1.0 / self.lipschitz } else { 1.0 }
    }

    /// `self.grad <- grad + Q (z - start)`, output by output.
    fn gradient(&mut self, start: &[f64], grad: &[f64], z: &[f64]) {
        let p = self.features;
        self.grad.clear();
        self.grad.extend_from_slice(grad);
        for (k, out) in self.grad.chunks_mut(p).enumerate() {
            let q = if self.gram.len() == p * p { 0 } else { k * p * p };
            for (j, column) in self.gram[q..q + p * p].chunks(p).enumerate() {
                let d = z[k * p + j] - start[k * p + j];
                if d != 0.0 {
                    kernels::axpy(d, column, out);
                }
            }
        }
    }
}

/// The largest eigenvalue of a symmetric positive semidefinite p x p matrix, by power iteration,
/// with a margin that covers what a hundred iterations leave.
fn largest_eigenvalue(q: &[f64], p: usize) -> f64 {
    let mut v: Vec<f64> = (0..p).map(|j| 1.0 + (j % 7) as f64 / 10.0).collect();
    let mut next = vec![0.0; p];
    let mut value = 0.0;
    for _ in 0..100 {
        let norm = kernels::norm2(&v);
        if norm == 0.0 {
            break;
        }
        next.fill(0.0);
        for (v, column) in v.iter().zip(q.chunks(p)) {
            kernels::axpy(v / norm, column, &mut next);
        }
        value = kernels::norm2(&next);
        std::mem::swap(&mut v, &mut next);
    }
    1.05 * value
}
