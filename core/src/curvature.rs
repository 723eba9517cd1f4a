//! The shapes in which a loss hands out its Hessian in the linear predictor, and products with it.
//! A loss couples the K columns of one sample at most, so that a Hessian is n blocks of K x K; two
//! shapes of block cost O(K) instead of O(K^2) numbers.

use crate::kernels;

/// The shape of a loss's Hessian in `eta`, and how its numbers are laid out (sample fastest).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurvatureForm {
    /// Diagonal and the same at every `eta`: the loss is quadratic. `n x K` numbers.
    Constant,
    /// Diagonal. `n x K` numbers.
    Diagonal,
    /// One K x K block a sample: entry `(k, l)` of sample `i` at `i + n (k + K l)`.
    Blocks,
    /// Blocks `diag(c) - v v'`: `c` (n x K), then `v` (n x K).
    RankOne,
    /// Tridiagonal blocks: the diagonal (n x K), then the entries beside it (n x (K - 1)).
    Tridiagonal,
    /// A diagonal that bounds or approximates a Hessian that couples samples. `n x K` numbers.
    Approximate,
}

impl CurvatureForm {
    /// How many numbers there are for `n` samples and `outputs` columns.
    pub fn length(self, n: usize, outputs: usize) -> usize {
        match self {
            Self::Constant | Self::Diagonal | Self::Approximate => n * outputs,
            Self::Blocks => n * outputs * outputs,
            Self::RankOne => 2 * n * outputs,
            Self::Tridiagonal => n * (2 * outputs).saturating_sub(1),
        }
    }

    /// Whether the columns of a sample are coupled.
    pub fn is_coupled(self) -> bool {
        matches!(self, Self::Blocks | Self::RankOne | Self::Tridiagonal)
    }

    /// Entry `(k, l)` of the block of sample `i`, of `n` samples and `outputs` columns.
    pub fn entry(
        self,
        (n, outputs): (usize, usize),
        curvature: &[f64],
        i: usize,
        (k, l): (usize, usize),
    ) -> f64 {
        let diagonal = if k == l { curvature[i + n * k] } else { 0.0 };
        match self {
            Self::Constant | Self::Diagonal | Self::Approximate => diagonal,
            Self::Blocks => curvature[i + n * (k + outputs * l)],
            Self::RankOne => {
                let v = &curvature[n * outputs..];
                diagonal - v[i + n * k] * v[i + n * l]
            }
            Self::Tridiagonal if k.abs_diff(l) == 1 => curvature[i + n * (outputs + k.min(l))],
            Self::Tridiagonal => diagonal,
        }
    }

    /// `out <- H 1`: the sums of the rows of every block, n x K.
    pub fn row_sums(self, n: usize, curvature: &[f64], out: &mut [f64]) {
        if matches!(self, Self::RankOne | Self::Blocks) {
            self.multiply(n, curvature, &vec![1.0; out.len()], out);
            return;
        }
        let (diagonal, beside) = curvature.split_at(out.len());
        out.copy_from_slice(diagonal);
        for (k, beside) in beside.chunks_exact(n.max(1)).enumerate() {
            kernels::axpy(1.0, beside, &mut out[k * n..(k + 1) * n]);
            kernels::axpy(1.0, beside, &mut out[(k + 1) * n..(k + 2) * n]);
        }
    }

    /// The sum of the blocks, K x K.
    pub fn total(self, n: usize, outputs: usize, curvature: &[f64]) -> Vec<f64> {
        let plane = |at: usize| &curvature[at * n..(at + 1) * n];
        let mut total = vec![0.0; outputs * outputs];
        for (k, l) in (0..outputs).flat_map(|k| (0..=k).map(move |l| (k, l))) {
            let entry = match self {
                Self::Blocks => kernels::sum(plane(k + outputs * l)),
                Self::RankOne => {
                    let diagonal = if k == l { kernels::sum(plane(k)) } else { 0.0 };
                    diagonal - kernels::dot(plane(outputs + k), plane(outputs + l))
                }
                Self::Tridiagonal if k == l + 1 => kernels::sum(plane(outputs + l)),
                _ if k == l => kernels::sum(plane(k)),
                _ => 0.0,
            };
            (total[k + outputs * l], total[l + outputs * k]) = (entry, entry);
        }
        total
    }

    /// `out <- H v` for `v` and `out` n x K.
    pub fn multiply(self, n: usize, curvature: &[f64], v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.add_product(n, curvature, 1.0, v, out);
    }

    /// `out <- out + a H v`.
    pub fn add_product(self, n: usize, curvature: &[f64], a: f64, v: &[f64], out: &mut [f64]) {
        let outputs = v.len() / n.max(1);
        let plane = |at: usize| &curvature[at * n..(at + 1) * n];
        if self == Self::Blocks {
            for (k, out) in out.chunks_mut(n).enumerate() {
                let columns = v.chunks(n).enumerate();
                columns.for_each(|(l, v)| kernels::axpy3(a, plane(k + outputs * l), v, out));
            }
            return;
        }
        kernels::axpy3(a, &curvature[..v.len()], v, out);
        if self == Self::RankOne {
            let factor = &curvature[n * outputs..];
            for i in 0..n {
                let at = || (i..n * outputs).step_by(n);
                let product: f64 = at().map(|j| factor[j] * v[j]).sum();
                at().for_each(|j| out[j] -= a * factor[j] * product);
            }
        }
        if self == Self::Tridiagonal {
            for k in 1..outputs {
                let beside = plane(outputs + k - 1);
                let (low, high) = out.split_at_mut(k * n);
                kernels::axpy3(a, beside, &v[k * n..(k + 1) * n], &mut low[(k - 1) * n..]);
                kernels::axpy3(a, beside, &v[(k - 1) * n..k * n], &mut high[..n]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CurvatureForm::{self, *};

    #[test]
    fn products_are_those_of_the_entries() {
        for (n, outputs) in [(1, 1), (3, 1), (2, 2), (4, 3), (3, 5)] {
            let all: [CurvatureForm; 6] =
                [Constant, Diagonal, Approximate, Blocks, RankOne, Tridiagonal];
            for form in all {
                let length = form.length(n, outputs);
                let mut h: Vec<f64> = (0..length).map(|i| (1.3 * i as f64).sin()).collect();
                if form == Blocks {
                    // Symmetric, as every Hessian is.
                    for (k, l) in (0..outputs).flat_map(|k| (0..k).map(move |l| (k, l))) {
                        let (to, from) = (n * (l + outputs * k), n * (k + outputs * l));
                        h.copy_within(from..from + n, to);
                    }
                }
                let v: Vec<f64> = (0..n * outputs).map(|i| (0.7 * i as f64).cos()).collect();
                let mut out = vec![f64::NAN; n * outputs];
                form.multiply(n, &h, &v, &mut out);
                for (i, k) in (0..n).flat_map(|i| (0..outputs).map(move |k| (i, k))) {
                    let term = |l: usize| form.entry((n, outputs), &h, i, (k, l)) * v[i + n * l];
                    let sum: f64 = (0..outputs).map(term).sum();
                    assert!((sum - out[i + n * k]).abs() < 1e-14, "{form:?} {n} x {outputs}");
                }
                let entry = |i: usize, at: (usize, usize)| form.entry((n, outputs), &h, i, at);
                form.row_sums(n, &h, &mut out);
                for (i, k) in (0..n).flat_map(|i| (0..outputs).map(move |k| (i, k))) {
                    let sum: f64 = (0..outputs).map(|l| entry(i, (k, l))).sum();
                    assert!((sum - out[i + n * k]).abs() < 1e-14, "{form:?} {n} x {outputs}");
                }
                let total = form.total(n, outputs, &h);
                for (k, l) in (0..outputs).flat_map(|k| (0..outputs).map(move |l| (k, l))) {
                    let sum: f64 = (0..n).map(|i| entry(i, (k, l))).sum();
                    assert!(
                        (sum - total[k + outputs * l]).abs() < 1e-14,
                        "{form:?} {n}, {outputs}"
                    );
                }
            }
        }
    }
}
