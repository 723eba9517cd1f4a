//! What the subgradients of a fused chain can be. One question stands behind the conjugate, the
//! zero threshold and the distance to the subdifferential:
//! ```text
//! u_j = z_{j-1} - z_j + v_j   for j = 1 .. p,   with every z_j and v_j in an interval of its own
//! ```
//! Such z and v exist if and only if no stretch `a < j <= b` asks for too much, that is, if
//! `sum_{a<j<=b} u_j` lies between `low(z_a) - high(z_b) + sum low(v_j)` and
//! `high(z_a) - low(z_b) + sum high(v_j)` for every `0 <= a < b <= p`. The most violated stretch is
//! found in O(p), and the ratios of interest follow by Dinkelbach's method in a few rounds.

const BATCH: usize = 8;

/// Finds the stretch `(a, b]` with the largest `from(a) + to(b)` over `0 <= a < b <= p`.
struct Widest {
    /// That value, and the stretch.
    best: (f64, usize, usize),
    start: (usize, f64),
}

impl Widest {
    /// From the ends of the chain on.
    fn new(p: usize, from: f64) -> Self {
        Self { best: (f64::NEG_INFINITY, 0, p), start: (0, from) }
    }

    /// Goes on to `b`, one after another from 1 on.
    #[inline(always)]
    fn see(&mut self, b: usize, from: f64, to: f64) {
        let value = self.start.1 + to;
        if value > self.best.0 {
            self.best = (value, self.start.0, b);
        }
        if from > self.start.1 {
            self.start = (b, from);
        }
    }

    /// Whether to see these would change nothing.
    #[inline(always)]
    fn passes(&self, from: &[f64; BATCH], to: &[f64; BATCH]) -> bool {
        let top = |a: &[f64; BATCH]| {
            let four: [f64; 4] = std::array::from_fn(|l| larger(a[l], a[l + 4]));
            larger(larger(four[0], four[2]), larger(four[1], four[3]))
        };
        self.start.1 + top(to) <= self.best.0 && top(from) <= self.start.1
    }
}

/// The larger one, or the second where one is NaN.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

fn widest(p: usize, from: impl Fn(usize) -> f64, to: impl Fn(usize) -> f64) -> (f64, usize, usize) {
    let mut widest = Widest::new(p, from(0));
    (1..=p).for_each(|b| widest.see(b, from(b), to(b)));
    widest.best
}

/// Adds numbers up and carries the errors of the sums along, so that each is rounded once.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    #[inline(always)]
    fn plus(&mut self, u: f64) -> f64 {
        let next = self.sum + u;
        let part = next - self.sum;
        self.lost += (self.sum - (next - part)) + (u - part);
        self.sum = next;
        next + self.lost
    }
}

/// `u_1 + u_2 + ...`, rounded once.
pub(crate) fn total(u: &[f64]) -> f64 {
    let mut sum = Sum::default();
    u.iter().fold(0.0, |_, &u| sum.plus(u))
}

/// `0, u_1, u_1 + u_2, ...`, each rounded once.
fn partial_sums(u: impl ExactSizeIterator<Item = f64>) -> Vec<f64> {
    let mut sum = Sum::default();
    let mut sums = Vec::with_capacity(u.len() + 1);
    sums.push(0.0);
    sums.extend(u.map(|u| sum.plus(u)));
    sums
}

/// The gauge without sizes: the largest partial sum, the mean taken off first.
fn gauge_of_sums(u: &[f64], jump: f64) -> f64 {
    let Some((_, inner)) = u.split_last() else { return 0.0 };
    let total = total(u);
    if !total.is_finite() {
        return f64::INFINITY;
    }
    let (drift, mut sum, mut top) = (total / u.len() as f64, Sum::default(), 0.0);
    for (j, &u) in inner.iter().enumerate() {
        let at = (sum.plus(u) - (j + 1) as f64 * drift).abs();
        top = if at > top { at } else { top };
    }
    if top > 0.0 { top / jump } else { 0.0 }
}

/// The least `t >= 0` with `u` in `t` times the dual ball: `|z_j| <= jump`, `|v_j| <= size`,
/// `z_0 = z_p = 0`. Where `size` is 0 the mean of `u` is taken off first; 0 for `u = 0`, `inf`
/// where no `t` is enough.
pub(crate) fn gauge(u: &[f64], jump: f64, size: f64) -> f64 {
    if size == 0.0 {
        return gauge_of_sums(u, jump);
    }
    let p = u.len();
    let sums = partial_sums(u.iter().copied());
    if !sums[p].is_finite() {
        return f64::INFINITY;
    }
    let end = |j: usize| if j == 0 || j == p { 0.0 } else { jump };
    let capacity = |a: usize, b: usize| end(a) + end(b) + (b - a) as f64 * size;
    let mut t = 0.0;
    loop {
        let mut next = t;
        for sign in [1.0, -1.0] {
            let (excess, a, b) = widest(
                p,
                |a| -sign * sums[a] - t * (end(a) - a as f64 * size),
                |b| sign * sums[b] - t * (end(b) + b as f64 * size),
            );
            if excess > 0.0 {
                let ratio = (sums[b] - sums[a]).abs() / capacity(a, b);
                next = if ratio > next { ratio } else { next };
            }
        }
        // Strictly increasing over finitely many stretches, and superlinear.
        if next <= t * (1.0 + 1e-15) || next.is_infinite() {
            return next;
        }
        t = next;
    }
}

/// The least `t` such that some subgradient of `jump sum |b_j - b_{j-1}| + size sum |b_j|` at
/// `beta` differs from `u` by at most `t` in every coordinate.
pub(crate) fn distance(beta: &[f64], u: &[f64], jump: f64, size: f64) -> f64 {
    let p = beta.len();
    if beta.iter().chain(u).any(|x| !x.is_finite()) {
        return f64::INFINITY;
    }
    // Both are selected, as a branch at every jump would be guessed wrong.
    let interval = |d: f64, radius: f64| {
        (if d > 0.0 { radius } else { -radius }, if d < 0.0 { -radius } else { radius })
    };
    let end = |j: usize| match j {
        0 => (0.0, 0.0),
        j if j == p => (0.0, 0.0),
        j => interval(beta[j] - beta[j - 1], jump),
    };
    let entries = || u.iter().zip(beta);
    let above = partial_sums(entries().map(|(u, b)| u - interval(*b, size).1));
    // Without sizes these are the same sums with their signs changed.
    let below = match size {
        0.0 => Vec::new(),
        _ => partial_sums(entries().map(|(u, b)| interval(*b, size).0 - u)),
    };
    let below = |j: usize| if size == 0.0 { -above[j] } else { below[j] };
    let mut t = 0.0;
    loop {
        let mut next = t;
        let (low, high) = end(0);
        let mut over = Widest::new(p, -above[0] - high);
        let mut under = Widest::new(p, -below(0) + low);
        let mut b = 1;
        while b <= p {
            // Few points are of interest: a batch is looked at in passing.
            if b + BATCH <= p {
                let (mut over_from, mut over_to) = ([0.0; BATCH], [0.0; BATCH]);
                let (mut under_from, mut under_to) = ([0.0; BATCH], [0.0; BATCH]);
                let (above, betas) = (&above[b..][..BATCH], &beta[b - 1..][..BATCH + 1]);
                for l in 0..BATCH {
                    let (low, high) = interval(betas[l + 1] - betas[l], jump);
                    let (share, below) = (
                        t * (b as f64 + l as f64),
                        if size == 0.0 { -above[l] } else { below(b + l) },
                    );
                    over_from[l] = -above[l] + share - high;
                    over_to[l] = above[l] - share + low;
                    under_from[l] = -below + share + low;
                    under_to[l] = below - share - high;
                }
                if over.passes(&over_from, &over_to) && under.passes(&under_from, &under_to) {
                    b += BATCH;
                    continue;
                }
            }
            let ((low, high), share) = (end(b), t * b as f64);
            over.see(b, -above[b] + share - high, above[b] - share + low);
            under.see(b, -below(b) + share + low, below(b) - share - high);
            b += 1;
        }
        let (excess, a, b) = over.best;
        if excess > 0.0 {
            let over = above[b] - above[a] - end(a).1 + end(b).0;
            next = next.max(over / (b - a) as f64);
        }
        let (excess, a, b) = under.best;
        if excess > 0.0 {
            let under = below(b) - below(a) + end(a).0 - end(b).1;
            next = next.max(under / (b - a) as f64);
        }
        if next <= t * (1.0 + 1e-15) || next.is_infinite() {
            return next;
        }
        t = next;
    }
}

#[cfg(test)]
mod tests {
    use super::{distance, gauge, widest};

    #[test]
    fn the_widest_stretch_is_that_of_an_exhaustive_search() {
        for seed in 0..50 {
            let from: Vec<f64> = (0..8).map(|j| (j as f64 * 3.1 + f64::from(seed)).sin()).collect();
            let to: Vec<f64> = (0..8).map(|j| (j as f64 * 1.7 - f64::from(seed)).cos()).collect();
            let (value, a, b) = widest(7, |a| from[a], |b| to[b]);
            let all = (1..8).flat_map(|b| (0..b).map(move |a| (a, b)));
            let best = all.map(|(a, b)| from[a] + to[b]).fold(f64::MIN, f64::max);
            assert_eq!(value, best);
            assert_eq!(value, from[a] + to[b]);
        }
    }

    #[test]
    fn without_sizes_the_gauge_is_the_largest_partial_sum() {
        // The mean 1 is taken off: (2, -3, 1) has partial sums 2, -1, 0.
        assert!((gauge(&[3.0, -2.0, 2.0], 0.5, 0.0) - 4.0).abs() < 1e-15);
        assert_eq!(gauge(&[0.0; 4], 0.5, 0.0), 0.0);
        assert_eq!(gauge(&[5.0], 0.5, 0.0), 0.0);
    }

    #[test]
    fn with_sizes_every_coordinate_has_slack() {
        // The whole chain has its sizes only, 3 * 0.5; the middle alone has 2 * 1 + 0.5.
        assert!((gauge(&[0.0, 5.0, 0.0], 1.0, 0.5) - 5.0 / 1.5).abs() < 1e-15);
        assert!((gauge(&[-2.5, 5.0, -2.5], 1.0, 0.5) - 2.0).abs() < 1e-15);
        // A constant has only the sizes.
        assert!((gauge(&[1.0, 1.0, 1.0], 1.0, 0.5) - 2.0).abs() < 1e-15);
        assert_eq!(gauge(&[1.0], 1.0, 0.0), 0.0);
        assert_eq!(gauge(&[1.0, 0.0], 0.0, 0.5), 2.0);
    }

    #[test]
    fn the_distance_is_that_of_a_grid_of_subgradients() {
        let (jump, size) = (1.0, 0.5);
        for beta in [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 2.0, 2.0], [-1.0, 0.0, 1.0]] {
            for u in [[0.3, -2.0, 0.1], [1.0, 1.0, 1.0], [3.0, 0.2, -0.7], [0.0, 0.0, 0.0]] {
                let grid = |d: f64, r: f64| -> Vec<f64> {
                    if d == 0.0 {
                        (-20..=20).map(|i| f64::from(i) * r / 20.0).collect()
                    } else {
                        vec![r * d.signum()]
                    }
                };
                let mut best = f64::INFINITY;
                for z1 in grid(beta[1] - beta[0], jump) {
                    for z2 in grid(beta[2] - beta[1], jump) {
                        let worst = [-z1, z1 - z2, z2]
                            .iter()
                            .zip(beta.iter().zip(&u))
                            .map(|(z, (b, u))| {
                                let off = u - z;
                                if *b == 0.0 {
                                    (off.abs() - size).max(0.0)
                                } else {
                                    (off - size * b.signum()).abs()
                                }
                            })
                            .fold(0.0, f64::max);
                        best = best.min(worst);
                    }
                }
                let exact = distance(&beta, &u, jump, size);
                assert!(exact <= best + 1e-12 && exact >= best - 0.06, "{beta:?} {u:?}");
            }
        }
    }
}
