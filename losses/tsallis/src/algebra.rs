//! `Psi_g = I + Z_g L L' Z_g'` of one subject through k x k matrices (Woodbury), so that a subject
//! costs `O(n_g k^2)` and nothing is inverted that may be singular:
//! ```text
//! M = I + L'Z'ZL,   v = M^-1 L'Z'r,   e = r - Z L v = Psi^-1 r,   Q = r'Psi^-1 r = e'e + v'v,   det Psi = det M
//! ```
//! `Q` is a sum of squares, so that nothing cancels where the random effects explain most of `r`.

use crate::subjects::Subjects;

/// Buffers, and what was found of the last subject.
#[derive(Debug, Default)]
pub(crate) struct Subject {
    /// `Psi^-1 r`.
    pub e: Vec<f64>,
    /// `r'Psi^-1 r`.
    pub square: f64,
    /// `log det Psi`.
    pub log_det: f64,
    /// `v`, which is also `L'Z'Psi^-1 r`.
    pub v: Vec<f64>,
    zl: Vec<f64>, // L v
    m: Vec<f64>,  // the Cholesky factor of M, row by row
    s: Vec<f64>,  // Z'Z L
}

impl Subject {
    /// Solves for subject `g` with `r` in `e`. `false` where numbers are not finite.
    pub fn solve(&mut self, subjects: &Subjects, g: usize, l: &[f64]) -> bool {
        let k = subjects.effects;
        if k == 0 {
            self.log_det = 0.0;
            self.square = fenchel_core::kernels::dot(&self.e, &self.e);
            return self.square.is_finite();
        }
        if !self.factor(subjects.zz(g), l, k) {
            return false;
        }
        let (z, size) = (subjects.z(g), self.e.len());
        self.zl.clear();
        self.zl.extend((0..k).map(|a| fenchel_core::kernels::dot(&z[a * size..][..size], &self.e)));
        self.v.clear();
        for b in 0..k {
            self.v.push((b..k).map(|a| l[a * k + b] * self.zl[a]).sum());
        }
        self.back_substitute(k);
        for a in 0..k {
            self.zl[a] = (0..=a).map(|b| l[a * k + b] * self.v[b]).sum();
        }
        for a in 0..k {
            fenchel_core::kernels::axpy(-self.zl[a], &z[a * size..][..size], &mut self.e);
        }
        self.square = fenchel_core::kernels::dot(&self.e, &self.e)
            + fenchel_core::kernels::dot(&self.v, &self.v);
        self.square.is_finite() && self.log_det.is_finite()
    }

    /// `M` and its Cholesky factor; `false` where that is not finite. `M - I` is positive
    /// semidefinite, so that pivots are at least 1 but for rounding.
    fn factor(&mut self, zz: &[f64], l: &[f64], k: usize) -> bool {
        self.s.clear();
        for a in 0..k {
            for b in 0..k {
                self.s.push((b..k).map(|c| zz[a * k + c] * l[c * k + b]).sum());
            }
        }
        self.m.resize(k * k, 0.0);
        self.log_det = 0.0;
        for a in 0..k {
            for b in 0..=a {
                let mut entry: f64 = (a..k).map(|c| l[c * k + a] * self.s[c * k + b]).sum();
                entry += if a == b { 1.0 } else { 0.0 };
                for c in 0..b {
                    entry -= self.m[a * k + c] * self.m[b * k + c];
                }
                if a == b {
                    if entry.is_nan() || entry <= 0.0 {
                        return false;
                    }
                    self.m[a * k + a] = entry.sqrt();
                    self.log_det += entry.ln();
                } else {
                    self.m[a * k + b] = entry / self.m[b * k + b];
                }
            }
        }
        true
    }

    /// `v <- M^-1 v`.
    fn back_substitute(&mut self, k: usize) {
        substitute(&self.m, &mut self.v, k);
    }

    /// Adds the derivative in `L` (k x k, row by row; entries above the diagonal mean nothing) of
    /// `weight (log det Psi / 2 + tilt r'Psi^-1 r / 2)`: `weight (Z'Z L M^-1 - tilt Z'Psi^-1 r v')`.
    pub fn add_slopes(
        &mut self,
        subjects: &Subjects,
        g: usize,
        (weight, tilt): (f64, f64),
        out: &mut [f64],
    ) {
        let (k, size) = (subjects.effects, self.e.len());
        let z = subjects.z(g);
        for a in 0..k {
            let along = fenchel_core::kernels::dot(&z[a * size..][..size], &self.e);
            // M is symmetric, so that a row of S M^-1 is M^-1 times the row.
            let row = &mut self.s[a * k..(a + 1) * k];
            substitute(&self.m, row, k);
            for b in 0..=a {
                out[a * k + b] += weight * (row[b] - tilt * along * self.v[b]);
            }
        }
    }
}

/// `v <- M^-1 v` by the factor of `M`.
fn substitute(m: &[f64], v: &mut [f64], k: usize) {
    for a in 0..k {
        for c in 0..a {
            v[a] -= m[a * k + c] * v[c];
        }
        v[a] /= m[a * k + a];
    }
    for a in (0..k).rev() {
        for c in a + 1..k {
            v[a] -= m[c * k + a] * v[c];
        }
        v[a] /= m[a * k + a];
    }
}
