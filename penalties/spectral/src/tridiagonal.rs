//! The largest eigenvalues of a symmetric tridiagonal matrix by bisection, and their vectors by
//! inverse iteration.
//!
//! Source: Golub & Van Loan (2013), Matrix Computations, sections 8.4.1 (bisection) and 8.2.2 (inverse
//! iteration).

use faer::Mat;
use fenchel_core::kernels;

/// Eigenvalues that are bisected together.
const LANES: usize = 8;

/// Halvings of an interval at most, and steps of inverse iteration.
const HALVINGS: usize = 100;
const STEPS: usize = 4;

/// Eigenvalues closer than this share of the largest have their vectors made orthogonal.
const CLUSTER: f64 = 1e-3;

/// Largest residual of an eigenvector, relative to the largest eigenvalue.
const RESIDUAL: f64 = 1e-13;

/// A symmetric tridiagonal matrix.
pub(crate) struct Tridiagonal {
    pub diagonal: Vec<f64>,
    pub beside: Vec<f64>,
}

impl Tridiagonal {
    /// A bound on the eigenvalues: the largest absolute row sum.
    fn bound(&self) -> f64 {
        let beside = |i: usize| self.beside.get(i).map_or(0.0, |e| e.abs());
        let row =
            |i: usize| self.diagonal[i].abs() + beside(i) + if i > 0 { beside(i - 1) } else { 0.0 };
        (0..self.diagonal.len()).map(row).fold(0.0, f64::max)
    }

    /// How many eigenvalues are below each of `at`.
    fn below(&self, at: [f64; LANES], least: f64) -> [usize; LANES] {
        let mut count = [0.0; LANES];
        let mut pivot = [1.0; LANES];
        for (i, d) in self.diagonal.iter().enumerate() {
            let square = if i > 0 { self.beside[i - 1] * self.beside[i - 1] } else { 0.0 };
            for l in 0..LANES {
                let q = d - at[l] - square / pivot[l];
                pivot[l] = if q.abs() < least { -least } else { q };
                count[l] += if pivot[l] < 0.0 { 1.0 } else { 0.0 };
            }
        }
        count.map(|count| count as usize)
    }

    /// The eigenvalues above `above`, descending; `None` where they are more than a third of all.
    pub fn eigenvalues_above(&self, above: f64) -> Option<Vec<f64>> {
        let (m, top) = (self.diagonal.len(), self.bound());
        let least = f64::MIN_POSITIVE.max(f64::EPSILON * f64::EPSILON * top);
        let rank = m - self.below([above; LANES], least)[0];
        if !top.is_finite() || 3 * rank > m {
            return None;
        }
        let mut values = Vec::with_capacity(rank + LANES);
        while values.len() < rank {
            let place: [usize; LANES] =
                std::array::from_fn(|l| m - 1 - (values.len() + l).min(rank - 1));
            let (mut low, mut high) = ([above; LANES], [top * (1.0 + 1e-14); LANES]);
            for _ in 0..HALVINGS {
                let middle: [f64; LANES] = std::array::from_fn(|l| 0.5 * (low[l] + high[l]));
                if (0..LANES).all(|l| high[l] - low[l] <= 2.0 * f64::EPSILON * high[l]) {
                    break;
                }
                let below = self.below(middle, least);
                for l in 0..LANES {
                    if below[l] <= place[l] {
                        low[l] = middle[l];
                    } else {
                        high[l] = middle[l];
                    }
                }
            }
            values.extend((0..LANES).map(|l| 0.5 * (low[l] + high[l])));
        }
        values.truncate(rank);
        Some(values)
    }

    /// Orthonormal eigenvectors of `values`, which descend; `None` where one is not found.
    pub fn eigenvectors(&self, values: &[f64]) -> Option<Mat<f64>> {
        let (m, top) = (self.diagonal.len(), self.bound());
        let mut vectors = Mat::<f64>::zeros(m, values.len());
        let mut factor = Factor::default();
        let mut state = 1u64;
        let mut first = 0;
        for (r, &value) in values.iter().enumerate() {
            while values[first] - value > CLUSTER * top {
                first += 1;
            }
            factor.set(self, value, f64::EPSILON * top);
            let mut x: Vec<f64> = (0..m)
                .map(|_| {
                    state =
                        state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
                })
                .collect();
            let mut found = false;
            for step in 0..STEPS {
                factor.solve(&mut x);
                // Twice, as what is left of a cluster may be small.
                for _ in 0..2 {
                    for other in first..r {
                        let other = vectors.col_as_slice(other);
                        let component = kernels::dot(other, &x);
                        kernels::axpy(-component, other, &mut x);
                    }
                    let norm = kernels::norm2(&x);
                    if !norm.is_normal() {
                        return None;
                    }
                    x.iter_mut().for_each(|x| *x /= norm);
                }
                found = step > 0 && self.residual(value, &x) <= RESIDUAL * top;
                if found {
                    break;
                }
            }
            if !found {
                return None;
            }
            vectors.col_as_slice_mut(r).copy_from_slice(&x);
        }
        Some(vectors)
    }

    /// `||T x - value x||_inf`.
    fn residual(&self, value: f64, x: &[f64]) -> f64 {
        let m = x.len();
        let row = |i: usize| {
            let mut sum = (self.diagonal[i] - value) * x[i];
            if i > 0 {
                sum += self.beside[i - 1] * x[i - 1];
            }
            if i + 1 < m {
                sum += self.beside[i] * x[i + 1];
            }
            sum.abs()
        };
        (0..m).map(row).fold(0.0, fenchel_core::worst)
    }
}

/// `T - value I = L U`, with row exchanges.
#[derive(Default)]
struct Factor {
    pivot: Vec<f64>,
    /// The two diagonals of U above its own.
    next: Vec<f64>,
    second: Vec<f64>,
    multiplier: Vec<f64>,
    exchanged: Vec<bool>,
}

impl Factor {
    fn set(&mut self, t: &Tridiagonal, value: f64, least: f64) {
        let m = t.diagonal.len();
        self.pivot.clear();
        self.pivot.extend(t.diagonal.iter().map(|d| d - value));
        self.next.clone_from(&t.beside);
        self.next.push(0.0);
        self.second.clear();
        self.second.resize(m, 0.0);
        self.multiplier.clear();
        self.exchanged.clear();
        for i in 0..m - 1 {
            let below = t.beside[i];
            let exchanged = below.abs() > self.pivot[i].abs();
            if exchanged {
                let (pivot, next) = (self.pivot[i], self.next[i]);
                let factor = pivot / below;
                self.pivot[i] = below;
                self.next[i] = self.pivot[i + 1];
                self.second[i] = self.next[i + 1];
                self.pivot[i + 1] = next - factor * self.next[i];
                self.next[i + 1] = -factor * self.second[i];
                self.multiplier.push(factor);
            } else {
                self.keep_away(i, least);
                let factor = below / self.pivot[i];
                self.pivot[i + 1] -= factor * self.next[i];
                self.multiplier.push(factor);
            }
            self.exchanged.push(exchanged);
        }
        self.keep_away(m - 1, least);
    }

    fn keep_away(&mut self, i: usize, least: f64) {
        if self.pivot[i].abs() < least {
            self.pivot[i] = least.copysign(self.pivot[i]);
        }
    }

    fn solve(&self, x: &mut [f64]) {
        let m = x.len();
        for i in 0..m - 1 {
            if self.exchanged[i] {
                x.swap(i, i + 1);
            }
            x[i + 1] -= self.multiplier[i] * x[i];
        }
        for i in (0..m).rev() {
            let mut right = x[i];
            if i + 1 < m {
                right -= self.next[i] * x[i + 1];
            }
            if i + 2 < m {
                right -= self.second[i] * x[i + 2];
            }
            x[i] = right / self.pivot[i];
        }
    }
}
