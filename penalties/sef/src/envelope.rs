//! The sparse envelope function `S_k` and its prox, through one root.
//!
//! `S_k(x) = 1/2 min_u sum_i x_i^2 / u_i` over `0 <= u <= 1`, `sum u <= k` (0/0 = 0), is the
//! biconjugate of `1/2 ||x||^2` restricted to at most k nonzeros. With the threshold `theta` that
//! solves
//! ```text
//! h(theta) = sum_i clip(|x_i| / theta - c, 0, 1) = k
//! ```
//! the value is found at `c = 0` and the prox of `c S_k` at `c > 0`. (Papers search `eta =
//! 1 / theta`; in `theta` no breakpoint overflows for small entries, and the results need no
//! division.)
//!
//! Source: Beck & Refael (2022), J. Global Optim. 82, sections 3 and 5.

/// `S_k(x)`.
pub fn value(x: &[f64], k: usize) -> f64 {
    match tail_level(x, k) {
        None => 0.5 * square(x.iter().copied()),
        Some(tau) => {
            let big = square(x.iter().copied().filter(|x| x.abs() >= tau));
            let tail: f64 = x.iter().map(|x| x.abs()).filter(|x| *x < tau).sum();
            0.5 * (big + tau * tail)
        }
    }
}

/// The level `tau` below which entries count as the tail: `sum_i min(|x_i| / tau, 1) = k`; `None`
/// where at most k entries are nonzero.
pub fn tail_level(x: &[f64], k: usize) -> Option<f64> {
    Root::find(x, k, 0.0).map(|root| root.theta)
}

/// Writes `argmin_w c S_k(w) + 1/2 ||w - x||^2` into `w` and returns `S_k(w)`; `c > 0`.
/// ```text
/// w_i = sign(x_i) min( max(|x_i| - c theta, 0), |x_i| / (1 + c) ),   w = x / (1 + c) for nnz(x) <= k
/// ```
pub fn prox(x: &[f64], k: usize, c: f64, w: &mut [f64]) -> f64 {
    let Some(root) = Root::find(x, k, c) else {
        for (w, x) in w.iter_mut().zip(x) {
            *w = x / (1.0 + c);
        }
        return 0.5 * square(w.iter().copied());
    };
    // On the middle branch `|x_i| - c theta` would lose digits for large c, where all |x_i| there
    // are close: with their mean m it is `(|x_i| - m) + theta (k - ones) / middle`.
    let middle = || x.iter().map(|x| x.abs()).filter(|a| root.branch(*a) == Branch::Middle);
    let reference = middle().next().unwrap_or(0.0);
    let share = 1.0 / root.middle.max(1.0);
    let mean = share * middle().map(|a| a - reference).sum::<f64>();
    let lift = root.theta * (k as f64 - root.ones) * share;
    let (mut big, mut tail) = (0.0, 0.0);
    for (w, x) in w.iter_mut().zip(x) {
        *w = match root.branch(x.abs()) {
            Branch::Zero => 0.0,
            Branch::One => {
                let ridge = x / (1.0 + c);
                big += ridge * ridge;
                ridge
            }
            Branch::Middle => {
                let size = (((x.abs() - reference) - mean) + lift).max(0.0);
                tail += size;
                size.copysign(*x)
            }
        };
    }
    0.5 * (big + root.theta * tail)
}

/// Where the term of an entry in `h` stands at the root.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Branch {
    Zero,
    Middle,
    One,
}

/// The root of `h`, with the bracket `(left, right)` that holds it and no breakpoint.
struct Root {
    theta: f64,
    left: f64,
    right: f64,
    /// How many terms are one, and how many are in between.
    ones: f64,
    middle: f64,
    c: f64,
}

impl Root {
    /// `None` where at most k entries are nonzero.
    ///
    /// Every round halves the breakpoints that are left by their median, found by selection, and
    /// folds the entries whose branch is settled into a line; so the time is O(n) on every input.
    fn find(x: &[f64], k: usize, c: f64) -> Option<Self> {
        let mut open: Vec<f64> = x.iter().map(|x| x.abs()).filter(|a| *a > 0.0).collect();
        if open.len() <= k {
            return None;
        }
        let mut pool: Vec<f64> =
            open.iter().flat_map(|&a| [full(a, c), none(a, c)]).filter(|t| t.is_finite()).collect();
        let (left, right) = (0.0, f64::INFINITY);
        let mut root = Self { theta: 0.0, left, right, ones: 0.0, middle: 0.0, c };
        let mut slope = 0.0; // sum of the entries in between
        while !pool.is_empty() {
            let at = pool.len() / 2;
            let pivot = *pool.select_nth_unstable_by(at, f64::total_cmp).1;
            let settled = root.ones + (slope / pivot - c * root.middle);
            let terms: f64 = open.iter().map(|&a| (a / pivot - c).clamp(0.0, 1.0)).sum();
            if settled + terms >= k as f64 {
                root.left = pivot;
            } else {
                root.right = pivot;
            }
            pool.retain(|t| root.left < *t && *t < root.right);
            open.retain(|&a| {
                let undecided = |t: f64| root.left < t && t < root.right;
                if undecided(full(a, c)) || undecided(none(a, c)) {
                    return true;
                }
                match root.branch(a) {
                    Branch::Zero => {}
                    Branch::One => root.ones += 1.0,
                    Branch::Middle => {
                        root.middle += 1.0;
                        slope += a;
                    }
                }
                false
            });
        }
        // Without a middle h is flat at k on the bracket, and every theta in it gives the same.
        root.theta = if root.middle > 0.0 {
            let theta = slope / (k as f64 - root.ones + c * root.middle);
            theta.max(root.left).min(root.right)
        } else {
            root.left
        };
        Some(root)
    }

    /// The branch of an entry with no breakpoint inside the bracket.
    fn branch(&self, a: f64) -> Branch {
        if a == 0.0 || none(a, self.c) <= self.left {
            Branch::Zero
        } else if self.right <= full(a, self.c) {
            Branch::One
        } else {
            Branch::Middle
        }
    }
}

/// The term of `a` is 1 for `theta` up to here.
fn full(a: f64, c: f64) -> f64 {
    a / (1.0 + c)
}

/// The term of `a` is 0 for `theta` from here on.
fn none(a: f64, c: f64) -> f64 {
    a / c
}

fn square(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).sum()
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
