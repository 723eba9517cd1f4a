//! Sparse envelopes of vectors and of groups, and their proxes, through one root.
//!
//! `S_k(x) = 1/2 min_u sum_i x_i^2 / u_i` over `0 <= u <= 1`, `sum u <= k` (0/0 = 0), is the
//! biconjugate of `1/2 ||x||^2` restricted to at most k nonzeros. With the threshold `theta` that
//! solves
//! ```text
//! h(theta) = sum_i clip(|x_i| / theta - c, 0, 1) = k
//! ```
//! the value is found at `c = 0` and the prox of `c S_k` at `c > 0`. Groups of weight `d_g` enter by
//! `z_g = sqrt(d_g) ||x_g||` in place of `|x_i|` and `c d_g` in place of `c`.
//!
//! Source: Beck & Refael (2022), J. Global Optim. 82, sections 3 and 5; the weighted groups of
//! Refael, Arbel & Huleihel (2022), arXiv 2212.12921, from the same definition.

use fenchel_core::{Error, Space};

use crate::root::{Branch, Entry, Root};

/// `k`, where it is a number of coefficients.
///
/// Errors: [`Error::Parameter`] unless `1 <= k <= p K`.
pub fn check_level(k: usize, space: &Space) -> Result<usize, Error> {
    if k == 0 || k > space.len() {
        let expected = format!("between 1 and the number of coefficients, {}", space.len());
        return Err(Error::parameter("k", expected, k));
    }
    Ok(k)
}

/// `S_k(x)`.
pub fn value(x: &[f64], k: usize) -> f64 {
    value_of(x.len(), |i| x[i].abs(), k)
}

/// The level `tau` below which entries count as the tail: `sum_i min(|x_i| / tau, 1) = k`; `None`
/// where at most k entries are nonzero.
pub fn tail_level(x: &[f64], k: usize) -> Option<f64> {
    Root::find(x.len(), |i| x[i].abs(), k, 0.0).map(|root| root.theta)
}

/// Writes `argmin_w c S_k(w) + 1/2 ||w - x||^2` into `w` and returns `S_k(w)`; `c > 0`.
/// ```text
/// w_i = sign(x_i) min( max(|x_i| - c theta, 0), |x_i| / (1 + c) ),   w = x / (1 + c) for nnz(x) <= k
/// ```
pub fn prox(x: &[f64], k: usize, c: f64, w: &mut [f64]) -> f64 {
    let signed = |size: f64, x: f64| if size == 0.0 { 0.0 } else { size.copysign(x) };
    shrink(x.len(), |i| x[i].abs(), k, c, |i, size| w[i] = signed(size, x[i]))
}

/// The prox of the envelope of weighted groups, whose value is that of the vector of their sizes:
/// `sqrt(d_g) ||w_g||` from entries `(sqrt(d_g) ||x_g||, d_g)`, handed to `write` with its group;
/// returns the value there.
/// ```text
/// w_g = x_g u_g / (u_g + c d_g),   u_g = clip(z_g / theta - c d_g, 0, 1),   sum_g u_g = k
/// ```
pub fn group_prox(entries: &[(f64, f64)], k: usize, c: f64, write: impl FnMut(usize, f64)) -> f64 {
    shrink(entries.len(), |g| entries[g], k, c, write)
}

/// The radius of the subdifferential at entries that are zero: `tau` where more than k are not, the
/// least of them where there are k, and 0 below.
pub fn level(x: &[f64], k: usize) -> f64 {
    if let Some(tau) = tail_level(x, k) {
        return tau;
    }
    let support = x.iter().map(|x| x.abs()).filter(|x| *x > 0.0);
    let (count, least) =
        support.fold((0, f64::INFINITY), |(count, least), x| (count + 1, x.min(least)));
    if count == k { least } else { 0.0 }
}

/// The sum of the k largest squares.
pub fn top_squares(x: &[f64], k: usize) -> f64 {
    let mut squares: Vec<f64> = x.iter().map(|x| x * x).collect();
    if k < squares.len() {
        squares.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
        squares.truncate(k);
    }
    fenchel_core::kernels::sum(&squares)
}

fn value_of<E: Entry>(n: usize, at: impl Fn(usize) -> E, k: usize) -> f64 {
    let sizes = || (0..n).map(|i| at(i).size());
    match Root::find(n, &at, k, 0.0) {
        None => 0.5 * sizes().map(|z| z * z).sum::<f64>(),
        Some(root) => {
            let tau = root.theta;
            let (mut big, mut tail) = (0.0, 0.0);
            sizes().for_each(|z| if z >= tau { big += z * z } else { tail += z });
            0.5 * (big + tau * tail)
        }
    }
}

/// The sizes of the prox, in order; returns the envelope there.
fn shrink<E: Entry>(
    n: usize,
    at: impl Fn(usize) -> E,
    k: usize,
    c: f64,
    mut write: impl FnMut(usize, f64),
) -> f64 {
    let ridge = |entry: E| entry.size() / (1.0 + c * entry.weight());
    let Some(root) = Root::find(n, &at, k, c) else {
        let mut square = 0.0;
        for i in 0..n {
            let size = ridge(at(i));
            square += size * size;
            write(i, size);
        }
        return 0.5 * square;
    };
    let middle = Middle::new(n, &at, k, &root);
    let (mut big, mut tail) = (0.0, 0.0);
    for i in 0..n {
        let entry = at(i);
        let size = match root.branch(entry) {
            Branch::Zero => 0.0,
            Branch::One => {
                let size = ridge(entry);
                big += size * size;
                size
            }
            Branch::Middle => {
                let size = middle.shrunk(entry);
                tail += size;
                size
            }
        };
        write(i, size);
    }
    0.5 * (big + root.theta * tail)
}

/// The middle branch, `z - c d theta`. It would lose digits for large c, where all `z / d` there are
/// close: with their mean m, weighted by d, it is `d ((z / d - m) + theta (k - ones) / sum d`).
struct Middle {
    reference: f64,
    mean: f64,
    lift: f64,
}

impl Middle {
    fn new<E: Entry>(n: usize, at: impl Fn(usize) -> E, k: usize, root: &Root) -> Self {
        let ratio = |entry: E| entry.size() / entry.weight();
        let middle = || (0..n).map(&at).filter(|&entry| root.branch(entry) == Branch::Middle);
        let reference = middle().next().map_or(0.0, ratio);
        let share = if root.middle > 0.0 { 1.0 / root.middle } else { 0.0 };
        let above = |entry: E| entry.weight() * (ratio(entry) - reference);
        let mean = share * middle().map(above).sum::<f64>();
        Self { reference, mean, lift: root.theta * (k as f64 - root.ones) * share }
    }

    #[inline]
    fn shrunk(&self, entry: impl Entry) -> f64 {
        let d = entry.weight();
        (d * (((entry.size() / d - self.reference) - self.mean) + self.lift)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{prox, value};

    const X: [f64; 6] = [3.0, -2.5, 2.0, 1.9, -0.5, 0.1];

    fn close(a: &[f64], b: &[f64], slack: f64) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= slack), "{a:?} is not {b:?}");
    }

    #[test]
    fn the_values_are_those_of_the_definition() {
        assert!((value(&X, 2) - 25.0).abs() < 1e-12);
        assert!((value(&X, 3) - 50.0 / 3.0).abs() < 1e-12);
        let l1: f64 = X.iter().map(|x| x.abs()).sum();
        assert!((value(&X, 1) - 0.5 * l1 * l1).abs() < 1e-12);
        let l2: f64 = X.iter().map(|x| x * x).sum();
        assert!((value(&X, 6) - 0.5 * l2).abs() < 1e-12);
        assert_eq!(value(&[0.0; 3], 1), 0.0);
    }

    #[test]
    fn the_prox_passes_from_dense_to_a_hard_threshold() {
        let mut w = [0.0; 6];
        for (k, c, expected) in [
            (2, 0.1, [2.604, -2.104, 1.604, 1.504, -0.104, 0.0]),
            (2, 1.0, [1.433333333333, -0.933333333333, 0.433333333333, 0.333333333333, 0.0, 0.0]),
            (2, 10.0, [3.0 / 11.0, -2.5 / 11.0, 0.0, 0.0, 0.0, 0.0]),
            (3, 0.5, [2.0, -1.585714285714, 1.085714285714, 0.985714285714, 0.0, 0.0]),
        ] {
            let reported = prox(&X, k, c, &mut w);
            close(&w, &expected, 1e-11);
            assert!((reported - value(&w, k)).abs() < 1e-11);
        }
    }

    #[test]
    fn the_prox_meets_its_optimality_certificate() {
        // S_k(w) + S_k*(y) = <w, y> with y = (x - w) / c proves the prox.
        for seed in 0..600 {
            let n = 2 + seed % 39;
            let f = |i: usize| {
                let z = ((i * 37 + seed * 101) as f64 * 0.6180339887).sin() * 4.0;
                match seed % 4 {
                    0 => z.round(),
                    1 if i.is_multiple_of(3) => 0.0,
                    _ => z,
                }
            };
            let x: Vec<f64> = (0..n).map(f).collect();
            let k = 1 + (seed * 7) % n;
            for c in [1e-4, 0.1, 1.0, 30.0, 1e5] {
                let mut w = vec![f64::NAN; n];
                let s = prox(&x, k, c, &mut w);
                let y: Vec<f64> = x.iter().zip(&w).map(|(x, w)| (x - w) / c).collect();
                let mut squares: Vec<f64> = y.iter().map(|y| y * y).collect();
                squares.sort_by(|a, b| b.total_cmp(a));
                let conjugate = 0.5 * squares[..k].iter().sum::<f64>();
                let inner: f64 = y.iter().zip(&w).map(|(y, w)| y * w).sum();
                let gap = s + conjugate - inner;
                assert!(gap.abs() <= 1e-10 * (s + conjugate) + 1e-300, "{x:?} {k} {c}: {gap:e}");
                assert!((s - value(&w, k)).abs() <= 1e-9 * s, "{s} {}", value(&w, k));
            }
        }
    }

    #[test]
    fn extreme_entries_neither_overflow_nor_divide_by_zero() {
        let x = [1e-300, 1.0, -1e-200, 1e100, 0.0, -1.0];
        let mut w = [f64::NAN; 6];
        for k in 1..6 {
            for c in [1e-300, 1e-9, 1.0, 1e9, 1e300] {
                prox(&x, k, c, &mut w);
                assert!(w.iter().zip(&x).all(|(w, x)| w.is_finite() && w.abs() <= x.abs()));
            }
            assert!(value(&x, k).is_finite());
        }
    }

    #[test]
    fn a_million_entries_are_no_more_than_a_selection() {
        let x: Vec<f64> = (0..1_000_000).map(|i| (f64::from(i) * 0.7919).sin()).collect();
        let mut w = vec![0.0; x.len()];
        let s = prox(&x, 1000, 0.01, &mut w);
        assert!((s - value(&w, 1000)).abs() < 1e-9 * s);
        assert!(w.iter().filter(|w| **w != 0.0).count() >= 1000);
    }
}
