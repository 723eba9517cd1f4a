//! A part of the samples that stands for all of them in a Hessian: Newton's method with such a Hessian
//! and the exact gradient still comes closer by a factor a step, about `m / S` for m directions and a
//! part of S samples, and the Hessian costs the part only.
//!
//! Source: Roosta-Khorasani & Mahoney (2019), Math. Program. 174.

use crate::design::Design;
use crate::kernels;

/// Samples of the part for each direction.
const EACH: usize = 100;

/// A part that is not smaller than this share of all does not pay.
const SHARE: usize = 4;

/// Samples that are taken together, as single ones cost a line of the cache each.
const TOGETHER: usize = 32;

/// Some samples, and their rows of the design.
#[derive(Debug)]
pub(crate) struct Subset {
    rows: Vec<usize>,
    /// The rows of these samples.
    pub design: Design,
}

impl Subset {
    /// A part that is large enough for `directions` directions; `None` where it would not be small.
    /// One run of samples is taken from each of as many stretches of equal length, anywhere in it.
    pub fn of(design: &Design, directions: usize) -> Option<Self> {
        let n = design.samples();
        let runs = (EACH * directions).div_ceil(TOGETHER);
        if SHARE * runs * TOGETHER > n || directions == 0 {
            return None;
        }
        let stretch = n / runs;
        let mut rows = Vec::with_capacity(runs * TOGETHER);
        for run in 0..runs {
            // The high bits of a multiple of the golden ratio are spread evenly.
            let place = (run as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let begin = run * stretch + place as usize % (stretch - TOGETHER + 1);
            rows.extend(begin..begin + TOGETHER);
        }
        let design = design.select_rows(&rows);
        Some(Self { rows, design })
    }

    /// The entries of `of` (n a column) that belong to the part, times `times`; `of` is left with these,
    /// and zero elsewhere.
    pub fn cut(&self, n: usize, of: &mut [f64], times: f64, out: &mut Vec<f64>) {
        for column in of.chunks_mut(n) {
            let begin = out.len();
            out.extend(self.rows.iter().map(|&i| times * column[i]));
            column.fill(0.0);
            self.rows.iter().zip(&out[begin..]).for_each(|(&i, entry)| column[i] = *entry);
        }
    }

    /// By what factor the part's sum of these columns (n each) falls short of that of all, where it is one.
    pub fn times(&self, columns: &[&[f64]]) -> Option<f64> {
        let all: f64 = columns.iter().map(|h| kernels::sum(h)).sum();
        let part: f64 = columns.iter().flat_map(|h| self.rows.iter().map(|&i| h[i])).sum();
        let times = all / part;
        (part > 0.0 && times.is_finite() && times > 0.0).then_some(times)
    }

    /// The samples.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::{SHARE, Subset};
    use crate::{DenseMatrix, Design, Matrix};

    #[test]
    fn a_part_is_small_has_no_sample_twice_and_keeps_what_it_cuts() {
        let n = 5000;
        let values: Vec<f64> = (0..2 * n).map(|at| at as f64).collect();
        let matrix = Matrix::Dense(DenseMatrix::new(n, 2, values.clone()).unwrap());
        let design = Design::standardized(matrix, None);
        assert!(Subset::of(&design, 0).is_none() && Subset::of(&design, 20).is_none());
        let part = Subset::of(&design, 3).unwrap();
        let rows = part.rows();
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]) && *rows.last().unwrap() < n);
        assert!(rows.len() >= 300 && SHARE * rows.len() <= n);
        let (mut of, mut out) = (values, Vec::new());
        let times = part.times(&[&of[..n], &of[n..]]).unwrap();
        let sums: f64 = of.iter().sum();
        part.cut(n, &mut of, times, &mut out);
        assert!((of.iter().sum::<f64>() / sums - 1.0).abs() < 1e-12);
        let (mut whole, mut cut) = (vec![0.0; n], vec![0.0; rows.len()]);
        design.column_axpy(1, 2.0, &mut whole);
        part.design.column_axpy(1, 2.0, &mut cut);
        assert!(rows.iter().zip(&cut).all(|(&i, cut)| *cut == whole[i]));
        assert!(rows.iter().zip(&out).all(|(&i, entry)| of[i] == *entry));
        assert!(part.times(&[&vec![0.0; n]]).is_none());
    }
}
