//! Objectives that are sums over samples, so that a few samples give an estimate of the gradient.

use crate::design::Design;
use crate::kernels;
use crate::matrix::Matrix;
use crate::objective::{LinearModel, Objective, Workspace};

/// An objective `f(x) = sum_i f_i(x)` over n samples.
pub trait FiniteSum: Send + Sync {
    /// Number of samples, `n`.
    fn samples(&self) -> usize;
    /// Writes the gradient of `(n / m) sum_i f_i` over the m samples of `batch`, an estimate of that of
    /// `f` without bias where batches are drawn at random, and returns the value of that sum.
    fn batch_gradient(
        &self,
        batch: &[usize],
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> f64;
}

/// A bound loss that is a sum over samples and has no parameters of its own.
pub trait SampleFit: Send + Sync {
    /// Writes the derivatives of the terms of `batch` in their own rows of `eta` (m x K, as `grad_eta`)
    /// and returns the sum of the terms: what [`SmoothFit`](crate::SmoothFit) has of these samples.
    fn batch_gradient(&self, batch: &[usize], eta: &[f64], grad_eta: &mut [f64]) -> f64;
}

/// The stored matrix sample by sample.
#[derive(Debug)]
pub(crate) enum Rows {
    Dense(Vec<f64>),
    /// Where each sample begins, and its entries.
    Sparse(Vec<usize>, Vec<(u32, f64)>),
}

impl Rows {
    pub(crate) fn of(design: &Design) -> Self {
        let (n, p) = (design.samples(), design.features());
        match design.matrix().as_ref() {
            Matrix::Dense(matrix) => {
                let mut rows = vec![0.0; n * p];
                for (j, column) in matrix.values().chunks(n.max(1)).enumerate() {
                    column.iter().enumerate().for_each(|(i, x)| rows[i * p + j] = *x);
                }
                Self::Dense(rows)
            }
            Matrix::Sparse(matrix) => {
                let mut begin = vec![0; n + 1];
                let rows = (0..p).flat_map(|j| matrix.column(j).0.iter());
                rows.for_each(|i| begin[i + 1] += 1);
                (0..n).for_each(|i| begin[i + 1] += begin[i]);
                let mut next = begin.clone();
                let mut entries = vec![(0, 0.0); begin[n]];
                for j in 0..p {
                    let (indices, values) = matrix.column(j);
                    for (i, &value) in indices.iter().zip(values) {
                        let place = &mut next[i];
                        entries[*place] = (j as u32, value);
                        *place += 1;
                    }
                }
                Self::Sparse(begin, entries)
            }
        }
    }

    fn dot(&self, i: usize, b: &[f64]) -> f64 {
        match self {
            Self::Dense(rows) => kernels::dot(&rows[i * b.len()..(i + 1) * b.len()], b),
            Self::Sparse(begin, entries) => {
                entries[begin[i]..begin[i + 1]].iter().map(|(j, x)| x * b[*j as usize]).sum()
            }
        }
    }

    fn axpy(&self, i: usize, a: f64, out: &mut [f64]) {
        match self {
            Self::Dense(rows) => {
                kernels::axpy(a, &rows[i * out.len()..(i + 1) * out.len()], out);
            }
            Self::Sparse(begin, entries) => {
                entries[begin[i]..begin[i + 1]].iter().for_each(|(j, x)| out[*j as usize] += a * x);
            }
        }
    }
}

impl FiniteSum for LinearModel {
    fn samples(&self) -> usize {
        self.fit.samples()
    }

    fn batch_gradient(
        &self,
        batch: &[usize],
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> f64 {
        let fit = self.fit.as_samples().expect("`as_finite_sum` asked the loss first");
        let (n, m, shape) = (self.fit.samples(), batch.len(), self.shape());
        let (p, outputs) = (shape.features, shape.outputs);
        let (beta, intercepts, _) = shape.split(params);
        let (grad_beta, grad_intercepts, _) = shape.split_mut(grad);
        let rows = self.rows();
        work.eta.resize(m * outputs, 0.0);
        work.grad_eta.resize(m * outputs, 0.0);
        work.scratch.resize(p, 0.0);
        for k in 0..outputs {
            let column = &beta[k * p..(k + 1) * p];
            let mut shift = intercepts.get(k).copied().unwrap_or(0.0);
            for (j, (scaled, b)) in work.scratch.iter_mut().zip(column).enumerate() {
                *scaled = b / self.design.scale(j);
                shift -= *scaled * self.design.centre(j);
            }
            for (eta, &i) in work.eta[k * m..(k + 1) * m].iter_mut().zip(batch) {
                let offset = self.offset.as_ref().map_or(0.0, |offset| offset[i + k * n]);
                *eta = offset + shift + rows.dot(i, &work.scratch);
            }
        }
        let whole = n as f64 / m as f64;
        let value = fit.batch_gradient(batch, &work.eta, &mut work.grad_eta);
        grad_beta.fill(0.0);
        for (k, (u, grad)) in
            work.grad_eta.chunks_mut(m).zip(grad_beta.chunks_mut(p.max(1))).enumerate()
        {
            u.iter_mut().for_each(|u| *u *= whole);
            let sum = kernels::sum(u);
            u.iter().zip(batch).for_each(|(u, &i)| rows.axpy(i, *u, grad));
            for (j, g) in grad.iter_mut().enumerate() {
                *g = (*g - sum * self.design.centre(j)) / self.design.scale(j);
            }
            if let Some(g) = grad_intercepts.get_mut(k) {
                *g = sum;
            }
        }
        whole * value
    }
}
