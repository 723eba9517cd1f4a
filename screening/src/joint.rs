//! Mutual information of two continuous variables by a kernel density on a grid.

use realfft::RealFftPlanner;

use crate::density::{Axis, Profiles, smooth};
use crate::fourier::Convolution;
use crate::settings::Kernel;

/// Buffers, one a thread.
#[derive(Default)]
pub(crate) struct Work {
    /// Rows and columns of the grid.
    shape: [usize; 2],
    /// Masses of the grid, `a` by rows; smoothed in the end.
    mass: Vec<f64>,
    /// The same, smoothed along the rows.
    rows: Vec<f64>,
    moments: [Vec<f64>; 3],
    planner: RealFftPlanner<f64>,
}

/// `I(a; b)` of samples on two axes, with a product kernel. `profiles` are those of `b` on its axis, where
/// somebody has made them.
///
/// Linear binning of the samples, the kernel along one axis and then along the other, the sums of rows
/// and columns as marginals. Source: Wand & Jones (1995), Kernel Smoothing, appendix D (binning);
/// Moon, Rajagopalan & Lall (1995), Phys. Rev. E 52 (mutual information from kernel densities).
pub(crate) fn information(
    a: (&[f64], &Axis),
    b: (&[f64], &Axis),
    profiles: Option<&Profiles>,
    work: &mut Work,
) -> f64 {
    work.shape = [a.1.cells(), b.1.cells()];
    match profiles {
        Some(profiles) => work.spread(a, profiles),
        None => {
            work.bin(a, b);
            work.smooth_rows(b.1);
        }
    }
    match a.1.kernel() {
        Kernel::Epanechnikov => work.smooth_columns(a.1),
        Kernel::Gaussian => work.transform_columns(a.1),
    }
    work.plug_in()
}

fn empty(buffer: &mut Vec<f64>, length: usize) {
    buffer.clear();
    buffer.resize(length, 0.0);
}

impl Work {
    fn bin(&mut self, (a, along_a): (&[f64], &Axis), (b, along_b): (&[f64], &Axis)) {
        let [rows, columns] = self.shape;
        empty(&mut self.mass, rows * columns);
        for (a, b) in a.iter().zip(b) {
            let ((row, down), (column, right)) = (along_a.place(*a), along_b.place(*b));
            let at = row * columns + column;
            self.mass[at] += (1.0 - down) * (1.0 - right);
            self.mass[at + 1] += (1.0 - down) * right;
            self.mass[at + columns] += down * (1.0 - right);
            self.mass[at + columns + 1] += down * right;
        }
    }

    fn smooth_rows(&mut self, along_b: &Axis) {
        let [rows, columns] = self.shape;
        empty(&mut self.rows, rows * columns);
        let mut transform = self.transform(along_b);
        for (mass, out) in self.mass.chunks(columns).zip(self.rows.chunks_mut(columns)) {
            if mass.iter().any(|m| *m > 0.0) {
                match &mut transform {
                    Some(transform) => transform.smooth(mass, out),
                    None => smooth(mass, along_b, out),
                }
            }
        }
    }

    /// The convolution with kernels that have no moving sums.
    fn transform(&mut self, axis: &Axis) -> Option<Convolution> {
        (axis.kernel() == Kernel::Gaussian).then(|| Convolution::new(axis, &mut self.planner))
    }

    /// One line of masses, smoothed.
    pub fn smooth_line(&mut self, mass: &[f64], axis: &Axis, out: &mut [f64]) {
        match self.transform(axis) {
            Some(mut transform) => transform.smooth(mass, out),
            None => smooth(mass, axis, out),
        }
    }

    /// As [`Self::smooth_columns`], by transforms of each column. The result is in `mass`, turned over: the
    /// information does not mind.
    fn transform_columns(&mut self, along_a: &Axis) {
        let [rows, columns] = self.shape;
        let mut transform = Convolution::new(along_a, &mut self.planner);
        let [line, ..] = &mut self.moments;
        empty(line, rows);
        empty(&mut self.mass, rows * columns);
        for (column, out) in self.mass.chunks_mut(rows).enumerate() {
            for (cell, row) in line.iter_mut().zip(self.rows.chunks(columns)) {
                *cell = row[column];
            }
            if line.iter().any(|m| *m > 0.0) {
                transform.smooth(line, out);
            }
        }
        self.shape = [columns, rows];
    }

    /// Binning along `a` of what is smooth along `b` already.
    fn spread(&mut self, (a, along_a): (&[f64], &Axis), profiles: &Profiles) {
        let [rows, columns] = self.shape;
        empty(&mut self.rows, rows * columns);
        empty(&mut self.mass, rows * columns);
        for (i, a) in a.iter().enumerate() {
            let (row, down) = along_a.place(*a);
            let (first, taps) = profiles.of(i);
            for (row, share) in [(row, 1.0 - down), (row + 1, down)] {
                let cells = &mut self.rows[row * columns + first..][..taps.len()];
                cells.iter_mut().zip(taps).for_each(|(cell, tap)| *cell += share * tap);
            }
        }
    }

    /// All columns at once, by the moments of [`smooth`]. The result is in `mass`.
    fn smooth_columns(&mut self, along_a: &Axis) {
        let [rows, columns] = self.shape;
        let (half, curvature) = (along_a.half(), along_a.curvature());
        let reach = half as f64;
        let [zeroth, first, second] = &mut self.moments;
        for moment in [&mut *zeroth, &mut *first, &mut *second] {
            empty(moment, columns);
        }
        let add = |g: usize, s: f64, sign: f64, moments: [&mut [f64]; 3]| {
            let [zeroth, first, second] = moments;
            let row = &self.rows[g * columns..][..columns];
            for (((m, z), f), q) in row.iter().zip(zeroth).zip(first).zip(second) {
                let m = sign * m;
                *z += m;
                *f += s * m;
                *q += s * s * m;
            }
        };
        for g in 0..half.min(rows) {
            add(g, g as f64 + 1.0, 1.0, [zeroth, first, second]); // seen from row -1
        }
        for g in 0..rows {
            for ((z, f), q) in zeroth.iter().zip(&mut *first).zip(&mut *second) {
                *q += z - 2.0 * *f;
                *f -= z;
            }
            if g > half {
                add(g - half - 1, -(reach + 1.0), -1.0, [zeroth, first, second]);
            }
            if g + half < rows {
                add(g + half, reach, 1.0, [zeroth, first, second]);
            }
            let out = &mut self.mass[g * columns..][..columns];
            for ((out, z), q) in out.iter_mut().zip(&*zeroth).zip(&*second) {
                *out = (z - curvature * q).max(0.0);
            }
        }
    }

    /// `sum p ln p - sum p_a ln p_a - sum p_b ln p_b` for `p` the masses over their sum.
    fn plug_in(&mut self) -> f64 {
        let width = self.shape[1];
        let total: f64 = self.mass.chunks(width).map(|row| row.iter().sum::<f64>()).sum();
        let share = 1.0 / total;
        let [columns, terms, _] = &mut self.moments;
        empty(columns, width);
        empty(terms, width);
        let mut rows = 0.0;
        for row in self.mass.chunks(width) {
            for ((m, column), term) in row.iter().zip(&mut *columns).zip(&mut *terms) {
                let p = share * m;
                *column += p;
                *term += p * ln(p);
            }
            rows += entropy(share * row.iter().sum::<f64>());
        }
        let joint: f64 = terms.iter().sum();
        let columns: f64 = columns.iter().map(|p| entropy(*p)).sum();
        (joint - rows - columns).max(0.0)
    }
}

/// `p ln p`, 0 at 0.
pub(crate) fn entropy(p: f64) -> f64 {
    if p > 0.0 { p * p.ln() } else { 0.0 }
}

/// The natural logarithm of a normal number, to a relative 1e-13, with no branch, so that many are
/// computed at once; finite at 0. For `m` between `sqrt(1/2)` and `sqrt 2`,
/// `ln(m 2^e) = e ln 2 + 2 artanh((m - 1)/(m + 1))`, by the series of the latter.
fn ln(p: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let bits = p.to_bits();
    let exponent = (bits.wrapping_sub(SQRT_HALF) as i64 >> 52) as i32;
    let m = f64::from_bits(bits.wrapping_sub((i64::from(exponent) << 52) as u64));
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let series = 1.0 / 15.0 + z * (1.0 / 17.0);
    let series = 1.0 / 11.0 + z * (1.0 / 13.0 + z * series);
    let series = 1.0 / 7.0 + z * (1.0 / 9.0 + z * series);
    let series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * series));
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNELS: [Kernel; 2] = [Kernel::Epanechnikov, Kernel::Gaussian];

    /// Against a grid of three times as many points: exact curves, among them one with a long tail, and noise.
    #[test]
    fn a_fitting_grid_is_fine_enough() {
        let n = 1000;
        let a: Vec<f64> = (0..n).map(|i| f64::from(i * 617 % n) / 160.0).collect();
        let partners: [Vec<f64>; 4] = [
            a.iter().map(|a| (a - 3.0).powi(2)).collect(),
            (0..n).map(|i| f64::from(i * i % 997) / 160.0).collect(),
            a.iter().map(|a| (0.5 * a).exp()).collect(),
            a.iter().map(|a| (0.7 * a).exp()).collect(),
        ];
        for (kernel, (b, width)) in KERNELS
            .into_iter()
            .flat_map(|kernel| partners.iter().zip([0.5, 0.3, 0.5, 0.6]).map(move |b| (kernel, b)))
        {
            let high = b.iter().copied().fold(0.0, f64::max);
            let score = |along_a: Axis, along_b: Axis| {
                information((&a, &along_a), (b, &along_b), None, &mut Work::default())
            };
            let fine = |high, width| Axis::new(kernel, (0.0, high), width, 1200);
            let fine = score(fine(6.3, 0.3), fine(high, width));
            let got = score(Axis::fitting(kernel, 6.3, 0.3), Axis::fitting(kernel, high, width));
            assert!((got - fine).abs() < 0.005 * fine.max(1.0), "{kernel:?}: {got} for {fine}");
        }
    }

    #[test]
    fn transforms_are_the_direct_sums_of_the_gaussian() {
        let mut work = Work::default();
        // Even and odd numbers of cells, kernels of one cell and of nearly half of the axis.
        for (bandwidth, cells) in [(1e-3, 120), (0.3, 120), (1.0, 75), (40.0, 81)] {
            let axis = Axis::new(Kernel::Gaussian, (0.0, 10.0), bandwidth, cells);
            let mut mass = vec![0.0; cells];
            for i in 0..60 {
                let (cell, share) = axis.place(f64::from(i * i * 37 % 101) / 10.0);
                mass[cell] += 1.0 - share;
                mass[cell + 1] += share;
            }
            let mut out = vec![f64::NAN; cells];
            work.smooth_line(&mass, &axis, &mut out);
            for (g, out) in out.iter().enumerate() {
                let bandwidths = |j: usize| {
                    g.abs_diff(j) as f64 * (10.0 / bandwidth + 10.0) / (cells - 1) as f64
                };
                let direct: f64 = mass
                    .iter()
                    .enumerate()
                    .filter(|(j, _)| g.abs_diff(*j) <= axis.half())
                    .map(|(j, m)| m * (-0.5 * bandwidths(j).powi(2)).exp())
                    .sum();
                assert!(
                    (out - direct).abs() < 1e-12 * 60.0,
                    "{bandwidth}, {g}: {out} for {direct}"
                );
            }
        }
    }

    #[test]
    fn the_logarithm_is_the_natural_one() {
        let mut p = 1e-300;
        while p < 1e3 {
            assert!((ln(p) - p.ln()).abs() <= 1e-13 * p.ln().abs().max(1.0), "{p:e}");
            p *= 1.37;
        }
        assert!(ln(0.0).is_finite() && ln(1.0) == 0.0);
    }

    #[test]
    fn profiles_and_rows_come_to_the_same() {
        let a: Vec<f64> = (0..50).map(|i| f64::from(i * 17 % 50)).collect();
        let b: Vec<f64> = (0..50).map(|i| f64::from(i * i % 53)).collect();
        for (kernel, bandwidth) in
            KERNELS.into_iter().flat_map(|kernel| [1e-3, 2.0, 30.0].map(|width| (kernel, width)))
        {
            let along = Axis::new(kernel, (0.0, 53.0), bandwidth, 300);
            let profiles = Profiles::new(&b, &along).unwrap();
            let mut work = Work::default();
            let rows = information((&a, &along), (&b, &along), None, &mut work);
            let shared = information((&a, &along), (&b, &along), Some(&profiles), &mut work);
            assert!((rows - shared).abs() < 1e-10, "{kernel:?}, {bandwidth}: {rows} and {shared}");
        }
    }
}
