//! Values and proxes against a second algorithm: with `w` minimised out, both are smooth convex
//! programs over `D_k = { 0 <= u <= 1, sum u <= k }`, which projected gradient solves.
//!
//! ```text
//! S_k(z)                                = 1/2 min_u sum_g z_g^2 / u_g
//! min_w c S_k(z(w)) + 1/2 ||w - v||^2   = 1/2 min_u sum_g c d_g ||v_g||^2 / (u_g + c d_g)
//! ```

use fenchel_core::{Groups, Penalty, Prox, Space};
use fenchel_penalty_sef::{GroupSef, KSupport, Sef};

/// The point of `D_k` that is nearest to `u`, by bisection on the multiplier of the sum.
fn project(u: &mut [f64], k: f64) {
    let sum = |shift: f64| u.iter().map(|u| (u - shift).clamp(0.0, 1.0)).sum::<f64>();
    let (mut low, mut high) = (0.0, u.iter().fold(0.0, |top: f64, u| top.max(*u)));
    if sum(0.0) > k {
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if sum(middle) > k { low = middle } else { high = middle }
        }
    } else {
        high = 0.0;
    }
    u.iter_mut().for_each(|u| *u = (*u - high).clamp(0.0, 1.0));
}

/// Minimises `1/2 sum_g a_g / (u_g + b_g)` over `D_k` by projected gradient with backtracking from
/// the centre, and momentum that restarts where the value rises.
fn minimise(a: &[f64], b: &[f64], k: usize) -> (f64, Vec<f64>) {
    let n = a.len();
    let value = |u: &[f64]| {
        let terms = a.iter().zip(b).zip(u).filter(|((a, _), _)| **a > 0.0);
        0.5 * terms.map(|((a, b), u)| a / (u + b)).sum::<f64>()
    };
    let mut u = vec![k as f64 / n as f64; n];
    let (mut from, mut step, mut t) = (u.clone(), 1.0, 1.0);
    let mut best = value(&u);
    for _ in 0..20_000 {
        let at = value(&from);
        let slope: Vec<f64> = (0..n).map(|g| -0.5 * a[g] / (from[g] + b[g]).powi(2)).collect();
        let next = loop {
            let mut next: Vec<f64> = from.iter().zip(&slope).map(|(u, s)| u - step * s).collect();
            project(&mut next, k as f64);
            let (mut linear, mut square) = (0.0, 0.0);
            for g in 0..n {
                linear += slope[g] * (next[g] - from[g]);
                square += (next[g] - from[g]).powi(2);
            }
            if value(&next) <= at + linear + square / (2.0 * step) + 1e-15 * at || step < 1e-300 {
                break next;
            }
            step *= 0.5;
        };
        let now = value(&next);
        let moved = next.iter().zip(&u).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if now > best {
            t = 1.0;
            from.clone_from(&u);
            step *= 2.0;
            continue;
        }
        let faster = 0.5 * (1.0 + (1.0f64 + 4.0 * t * t).sqrt());
        let share = (t - 1.0) / faster;
        t = faster;
        from = next.iter().zip(&u).map(|(a, b)| (a + share * (a - b)).max(0.0)).collect();
        u = next;
        best = now;
        if moved < 1e-15 {
            break;
        }
    }
    (best, u)
}

struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    fn numbers(&mut self, n: usize) -> Vec<f64> {
        (0..n)
            .map(|_| match (6.0 * self.uniform()) as u32 {
                0 => 0.0,
                1 => 1.5,
                _ => 4.0 * self.uniform() - 2.0,
            })
            .collect()
    }
}

#[test]
fn weighted_groups_have_the_value_and_prox_of_the_program() {
    let mut random = Random(7);
    for trial in 0..60 {
        let count = 2 + trial % 5;
        let groups = Groups::consecutive(2 * count, 2).unwrap();
        let v = random.numbers(2 * count);
        let d: Vec<f64> = (0..count).map(|_| 0.2 + 3.0 * random.uniform()).collect();
        let squares: Vec<f64> =
            v.chunks(2).zip(&d).map(|(v, d)| d * (v[0] * v[0] + v[1] * v[1])).collect();
        let k = 1 + trial % count;
        let c = [0.05, 0.6, 4.0][trial % 3];
        let penalty = GroupSef::new(1.0, k, groups, Some(&d)).unwrap();

        let (value, _) = minimise(&squares, &vec![1e-9; count], k); // not 0, where 0 / 0 would stand
        // Every u bounds the value from above; near u = 0 the program is steep, and its solution loose.
        let own = penalty.value(&v);
        assert!(own <= value * (1.0 + 1e-5) && value <= own * (1.0 + 1e-2), "{own} {value}");

        let a: Vec<f64> = squares.iter().map(|s| c * s).collect();
        let b: Vec<f64> = d.iter().map(|d| c * d).collect();
        let (_, u) = minimise(&a, &b, k);
        let mut w = vec![f64::NAN; v.len()];
        penalty.prox(&v, c, &mut w);
        for (j, (w, v)) in w.iter().zip(&v).enumerate() {
            let g = j / 2;
            let expected = v * u[g] / (u[g] + c * d[g]);
            assert!((w - expected).abs() < 1e-5, "{v:?} {d:?} {k} {c}: {w} is not {expected}");
        }
    }
}

#[test]
fn single_coefficients_have_the_prox_of_the_program() {
    let mut random = Random(11);
    for trial in 0..60 {
        let n = 2 + trial % 6;
        let v = random.numbers(n);
        let k = 1 + trial % n;
        let c = [0.05, 0.6, 4.0][trial % 3];
        let a: Vec<f64> = v.iter().map(|v| c * v * v).collect();
        let (best, u) = minimise(&a, &vec![c; n], k);
        let sef = Sef::new(1.0, k, &Space::numbered(n, 1)).unwrap();
        let mut w = vec![f64::NAN; n];
        let value = sef.prox(&v, c, &mut w);
        let square: f64 = w.iter().zip(&v).map(|(w, v)| (w - v).powi(2)).sum();
        assert!((c * value + 0.5 * square - best).abs() <= 1e-9 * (1.0 + best));
        for ((w, v), u) in w.iter().zip(&v).zip(&u) {
            assert!((w - v * u / (u + c)).abs() < 1e-5);
        }
    }
}

#[test]
fn the_prox_of_the_norm_beats_every_mixture_of_the_program() {
    // ||w||_k^sp = min_u sqrt(sum w^2 / u) = min_{s, u} (sum w^2 / u / s + s) / 2: for every s the
    // program bounds the prox objective from above, and the best s meets it.
    let mut random = Random(13);
    for trial in 0..30 {
        let n = 2 + trial % 5;
        let v = random.numbers(n);
        let k = 1 + trial % n;
        let penalty = KSupport::new(0.8, k, &Space::numbered(n, 1)).unwrap();
        let mut w = vec![f64::NAN; n];
        let value = penalty.prox(&v, 1.0, &mut w);
        let square: f64 = w.iter().zip(&v).map(|(w, v)| (w - v).powi(2)).sum();
        let own = value + 0.5 * square;
        let bound = |s: f64| {
            let c = 0.8 / s;
            let a: Vec<f64> = v.iter().map(|v| c * v * v).collect();
            minimise(&a, &vec![c; n], k).0 + 0.4 * s
        };
        let norm = value / 0.8;
        if norm > 0.0 {
            assert!((bound(norm) - own).abs() <= 1e-8 * own, "{v:?} {k}");
        }
        for s in [0.2, 0.9, 2.0, 5.0] {
            assert!(bound(s) >= own - 1e-9 * own, "{v:?} {k} {s}");
        }
    }
}
