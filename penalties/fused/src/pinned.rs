//! The prox of total variation on short chains, without memory: rows of coefficients, of which there
//! are many. Long chains go to [`crate::tv`], which is linear on every input.

use std::ops::Range;

/// Calls `write(range, x)` for every constant stretch of
/// `argmin_x 1/2 sum_k (x_k - y(k))^2 + lambda sum_k |x_k - x_{k-1}|`, `k = 0 .. n`, with `x_{-1} = 0`
/// where the chain is `pinned`, else without a first term. Quadratic in `n` at worst.
///
/// A pinned chain is half of a free one that is mirrored at its beginning with the sign changed.
pub(crate) fn chain(
    n: usize,
    pinned: bool,
    y: impl Fn(usize) -> f64,
    lambda: f64,
    mut write: impl FnMut(Range<usize>, f64),
) {
    if !pinned {
        return string(n, y, lambda, write);
    }
    let mirrored = |k: usize| if k < n { -y(n - 1 - k) } else { y(k - n) };
    string(2 * n, mirrored, lambda, |range, x| {
        let across = range.start < n && range.end > n && !x.is_nan();
        let x = if across { 0.0 } else { x };
        if range.end > n {
            write(range.start.max(n) - n..range.end - n, x);
        }
    });
}

/// The free chain, by Condat's direct method: the taut string, told by the lowest and the highest
/// value that the current stretch may have.
///
/// Source: Condat (2013), IEEE Signal Process. Lett. 20(11), algorithm 1.
fn string(
    n: usize,
    y: impl Fn(usize) -> f64,
    lambda: f64,
    mut write: impl FnMut(Range<usize>, f64),
) {
    if n == 0 {
        return;
    }
    if (0..n).any(|k| y(k).is_nan()) {
        return write(0..n, f64::NAN); // comparisons below would lose it
    }
    let (mut start, mut k, mut low_end, mut high_end) = (0, 0, 0, 0);
    let (mut low, mut high) = (y(0) - lambda, y(0) + lambda);
    // How far the string of the lowest (highest) value is above the lower (upper) side of its tube.
    let (mut above, mut below) = (lambda, -lambda);
    loop {
        while k + 1 == n {
            if above < 0.0 {
                write(start..low_end + 1, low);
                start = low_end + 1;
                (k, low_end) = (start, start);
                low = y(k);
                below = low + lambda - high;
                above = lambda;
            } else if below > 0.0 {
                write(start..high_end + 1, high);
                start = high_end + 1;
                (k, high_end) = (start, start);
                high = y(k);
                above = high - lambda - low;
                below = -lambda;
            } else {
                return write(start..n, low + above / (k - start + 1) as f64);
            }
        }
        let next = y(k + 1);
        if next + above < low - lambda {
            write(start..low_end + 1, low);
            start = low_end + 1;
            (k, low_end, high_end) = (start, start, start);
            (low, high) = (y(k), y(k) + 2.0 * lambda);
            (above, below) = (lambda, -lambda);
        } else if next + below > high + lambda {
            write(start..high_end + 1, high);
            start = high_end + 1;
            (k, low_end, high_end) = (start, start, start);
            (low, high) = (y(k) - 2.0 * lambda, y(k));
            (above, below) = (lambda, -lambda);
        } else {
            k += 1;
            above += next - low;
            below += next - high;
            let length = (k - start + 1) as f64;
            if above >= lambda {
                low += (above - lambda) / length;
                above = lambda;
                low_end = k;
            }
            if below <= -lambda {
                high += (below + lambda) / length;
                below = -lambda;
                high_end = k;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::chain;
    use crate::tv;

    fn signal(n: usize, seed: f64) -> Vec<f64> {
        (0..n).map(|i| 3.0 * (i as f64 * 12.9898 + seed).sin()).collect()
    }

    #[test]
    fn a_free_chain_is_that_of_dynamic_programming() {
        for n in 1..12 {
            for lambda in [0.0, 1e-9, 0.1, 0.7, 3.0, 20.0] {
                let y = signal(n, lambda);
                let (mut expected, mut got) = (vec![0.0; n], vec![f64::NAN; n]);
                tv::prox(&y, lambda, &mut expected);
                chain(n, false, |k| y[k], lambda, |range, x| got[range].fill(x));
                for (e, g) in expected.iter().zip(&got) {
                    assert!((e - g).abs() < 1e-13, "{n} {lambda}: {expected:?} {got:?}");
                }
            }
        }
    }

    #[test]
    fn a_pinned_chain_meets_its_optimality_conditions() {
        for n in 1..9 {
            for lambda in [0.05, 0.5, 2.0, 30.0] {
                let (y, mut x) = (signal(n, 1.0 + lambda), vec![f64::NAN; n]);
                chain(n, true, |k| y[k], lambda, |range, value| x[range].fill(value));
                // z_k = sum_{l >= k} (y_l - x_l) is lambda times the sign of jump k.
                let mut z = 0.0;
                for k in (0..n).rev() {
                    z += y[k] - x[k];
                    let jump = x[k] - if k > 0 { x[k - 1] } else { 0.0 };
                    let off = if jump == 0.0 {
                        (z.abs() - lambda).max(0.0)
                    } else {
                        (z - lambda * jump.signum()).abs()
                    };
                    assert!(off < 1e-12, "{n} {lambda}: {off:e} at {k} of {x:?}");
                }
            }
        }
    }

    #[test]
    fn a_nan_is_passed_on_and_not_lost() {
        let mut x = [0.0; 3];
        chain(3, true, |k| [1.0, f64::NAN, 2.0][k], 0.5, |range, value| x[range].fill(value));
        assert!(x.iter().any(|x| x.is_nan()));
    }
}
