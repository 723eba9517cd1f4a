//! Anderson extrapolation of the iterates of coordinate descent.
//!
//! From the last iterates `x_0 .. x_m` with differences `u_i = x_(i+1) - x_i`, the combination
//! `sum_i c_i x_(i+1)`, `c = (U'U)^-1 1 / 1'(U'U)^-1 1`, is tried and kept where it lowers the model.
//! Source: Bertrand & Massias (2021), AISTATS, algorithm 1.

use fenchel_core::kernels;

/// Iterates combined at a time.
const MEMORY: usize = 5;

/// Numbers of the differences that are formed at a time.
const CHUNK: usize = 512;

/// The last iterates on the working set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Anderson {
    iterates: Vec<Vec<f64>>,
    /// Buffers of forgotten iterates, for the next ones.
    spare: Vec<Vec<f64>>,
}

impl Anderson {
    /// Forgets all iterates.
    pub fn clear(&mut self) {
        self.spare.append(&mut self.iterates);
    }

    /// Remembers an iterate; every `MEMORY + 1` iterates returns their extrapolation and forgets.
    pub fn push(&mut self, iterate: impl Iterator<Item = f64>) -> Option<Vec<f64>> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend(iterate);
        self.iterates.push(buffer);
        if self.iterates.len() <= MEMORY {
            return None;
        }
        let extrapolated = self.extrapolate();
        self.clear();
        extrapolated
    }

    fn extrapolate(&self) -> Option<Vec<f64>> {
        let mut gram = self.products_of_differences();
        let trace: f64 = (0..MEMORY).map(|a| gram[a * MEMORY + a]).sum();
        if trace.is_nan() || trace <= 0.0 {
            return None;
        }
        for a in 0..MEMORY {
            gram[a * MEMORY + a] += 1e-12 * trace;
        }
        let mut c = solve(gram, vec![1.0; MEMORY])?;
        let total: f64 = c.iter().sum();
        if !total.is_normal() {
            return None;
        }
        c.iter_mut().for_each(|c| *c /= total);
        let mut point = vec![0.0; self.iterates[0].len()];
        for (c, iterate) in c.iter().zip(&self.iterates[1..]) {
            kernels::axpy(*c, iterate, &mut point);
        }
        point.iter().all(|x| x.is_finite()).then_some(point)
    }

    /// `U'U`, row by row.
    fn products_of_differences(&self) -> Vec<f64> {
        let mut gram = vec![0.0; MEMORY * MEMORY];
        let mut differences = [[0.0; CHUNK]; MEMORY];
        let all = self.iterates[0].len();
        for begin in (0..all).step_by(CHUNK) {
            let range = begin..all.min(begin + CHUNK);
            for (pair, difference) in self.iterates.windows(2).zip(&mut differences) {
                let pairs = pair[1][range.clone()].iter().zip(&pair[0][range.clone()]);
                difference.iter_mut().zip(pairs).for_each(|(d, (new, old))| *d = new - old);
            }
            for (a, of_a) in differences.iter().enumerate() {
                for (b, of_b) in differences[..=a].iter().enumerate() {
                    let product = kernels::dot(&of_a[..range.len()], &of_b[..range.len()]);
                    gram[a * MEMORY + b] += product;
                }
            }
        }
        for a in 0..MEMORY {
            (0..a).for_each(|b| gram[b * MEMORY + a] = gram[a * MEMORY + b]);
        }
        gram
    }
}

/// Gaussian elimination with partial pivoting on a tiny dense system.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let m = b.len();
    for i in 0..m {
        let pivot = (i..m).max_by(|&r, &s| a[r * m + i].abs().total_cmp(&a[s * m + i].abs()))?;
        if a[pivot * m + i].abs() < f64::MIN_POSITIVE {
            return None;
        }
        if pivot != i {
            for k in 0..m {
                a.swap(i * m + k, pivot * m + k);
            }
            b.swap(i, pivot);
        }
        for r in i + 1..m {
            let factor = a[r * m + i] / a[i * m + i];
            for k in i..m {
                a[r * m + k] -= factor * a[i * m + k];
            }
            b[r] -= factor * b[i];
        }
    }
    for i in (0..m).rev() {
        for k in i + 1..m {
            b[i] -= a[i * m + k] * b[k];
        }
        b[i] /= a[i * m + i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::Anderson;

    #[test]
    fn a_linear_iteration_is_extrapolated_to_its_fixed_point() {
        // x <- D x + (1 - D) x*, with a diagonal D: five differences span the three modes.
        let (factors, fixed) = ([0.9, 0.5, -0.3], [1.0, -2.0, 3.0]);
        let mut x = [0.0; 3];
        let mut anderson = Anderson::default();
        loop {
            if let Some(point) = anderson.push(x.iter().copied()) {
                for (p, f) in point.iter().zip(fixed) {
                    assert!((p - f).abs() < 1e-4, "{p} against {f}");
                }
                break;
            }
            for ((x, d), f) in x.iter_mut().zip(factors).zip(fixed) {
                *x = d * *x + (1.0 - d) * f;
            }
        }
    }
}
