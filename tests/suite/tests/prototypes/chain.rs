//! Penalties on differences along a chain: between features (fused lasso) and between the columns
//! of B (PRESTO, where the chain of each feature begins at a pinned zero).

use fenchel_core::{Convexity, Lineality, Penalty, Prox, Space};

use crate::tools::assert_close;

/// `lambda sum_j |b_j - b_(j-1)|` within each column.
#[derive(Debug, Clone)]
pub struct Fused {
    pub lambda: f64,
    pub features: usize,
    pub outputs: usize,
}

/// `lambda (||b_1||_1 + sum_k ||b_k - b_(k-1)||_1)` over the columns of B (p x K).
/// Source: Faletto & Bien (2023), ICML.
#[derive(Debug, Clone)]
pub struct Presto {
    pub lambda: f64,
    pub features: usize,
}

impl Presto {
    fn row<'a>(&self, beta: &'a [f64], j: usize) -> impl Iterator<Item = f64> + 'a {
        beta.iter().skip(j).step_by(self.features).copied()
    }
}

impl Penalty for Fused {
    fn value(&self, beta: &[f64]) -> f64 {
        let jumps = |column: &[f64]| column.windows(2).map(|b| (b[1] - b[0]).abs()).sum::<f64>();
        self.lambda * beta.chunks(self.features).map(jumps).sum::<f64>()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..*self })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    /// The constant vector of each column.
    fn lineality(&self) -> Lineality {
        let p = self.features;
        if self.lambda == 0.0 || p == 1 {
            return Lineality::Everything;
        }
        let constant = |k: usize| {
            let mut d = vec![0.0; p * self.outputs];
            d[k * p..(k + 1) * p].fill(1.0);
            d
        };
        Lineality::Basis((0..self.outputs).map(constant).collect())
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
}

impl Prox for Fused {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        for (v, out) in v.chunks(self.features).zip(out.chunks_mut(self.features)) {
            out.copy_from_slice(&denoise(v, step * self.lambda, false));
        }
        self.value(out)
    }
}

impl Penalty for Presto {
    fn value(&self, beta: &[f64]) -> f64 {
        let row = |j| {
            let mut last = 0.0;
            self.row(beta, j).map(|b| (b - std::mem::replace(&mut last, b)).abs()).sum::<f64>()
        };
        self.lambda * (0..self.features).map(row).sum::<f64>()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..*self })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
}

impl Prox for Presto {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        for j in 0..self.features {
            let row: Vec<f64> = self.row(v, j).collect();
            for (k, b) in denoise(&row, step * self.lambda, true).into_iter().enumerate() {
                out[j + k * self.features] = b;
            }
        }
        self.value(out)
    }
}

/// `argmin_b 1/2 ||b - v||^2 + t (sum_j |b_j - b_(j-1)| + |b_1| if pinned)`, by dynamic programming:
/// the derivative of the cost up to `j` is `d_j(b) = b - v_j + clip(d_(j-1)(b), -t, t)`, and the
/// best `b_j` given `b_(j+1)` is the latter clipped to where `|d_j| <= t`. Cubic in the length, as a
/// prototype may be. Source: Johnson (2013), J. Computational and Graphical Statistics 22(2).
fn denoise(v: &[f64], t: f64, pinned: bool) -> Vec<f64> {
    let mut b = vec![0.0; v.len()];
    let mut ends: Vec<(f64, f64)> = Vec::new(); // where d_j is -t and t
    for j in 0..v.len() {
        let d = |b: f64, side: f64| derivative(&v[..=j], t, pinned, b, side);
        let mut knots: Vec<f64> = ends.iter().flat_map(|e| [e.0, e.1]).collect();
        knots.extend([0.0, v[j]]);
        knots.sort_by(f64::total_cmp);
        b[j] = crossing(&d, &knots, 0.0); // what counts is that of the last
        ends.push((crossing(&d, &knots, -t), crossing(&d, &knots, t)));
    }
    for i in (1..v.len()).rev() {
        b[i - 1] = b[i].min(ends[i - 1].1).max(ends[i - 1].0);
    }
    b
}

/// `d_j(b)` and its slope; `side` is the sign of zero, where a pinned chain jumps.
fn derivative(v: &[f64], t: f64, pinned: bool, b: f64, side: f64) -> (f64, f64) {
    let sign = if b == 0.0 { side } else { b.signum() };
    let first = if pinned { t * sign } else { 0.0 };
    v.iter().fold((first, 0.0), |(message, slope), v| {
        let slope = if message.abs() < t { slope } else { 0.0 };
        (b - v + message.clamp(-t, t), 1.0 + slope)
    })
}

/// Where the increasing, piecewise linear `d` crosses `level`; it bends, or jumps, at knots only,
/// and has slope 1 beyond them. From the nearer knot, as the other may be very far.
fn crossing(d: &dyn Fn(f64, f64) -> (f64, f64), knots: &[f64], level: f64) -> f64 {
    let at = knots.iter().position(|&b| d(b, 1.0).0 >= level).unwrap_or(knots.len());
    let below = (at > 0).then(|| (knots[at - 1], level - d(knots[at - 1], 1.0).0));
    let above = knots.get(at).map(|&b| (b, level - d(b, -1.0).0));
    match (below, above) {
        (_, Some((knot, rise))) if rise >= 0.0 => knot,
        (Some(left), Some(right)) => {
            let slope = d(0.5 * (left.0 + right.0), 1.0).1;
            let (knot, rise) = if left.1 < -right.1 { left } else { right };
            knot + rise / slope
        }
        (Some((knot, rise)), None) | (None, Some((knot, rise))) => knot + rise,
        (None, None) => level,
    }
}

#[test]
fn chains_between_features_obey_the_laws() {
    let penalty = Fused { lambda: 0.7, features: 4, outputs: 2 };
    fenchel_laws::penalty::assert_laws(&penalty, &Space::numbered(4, 2));
}

#[test]
fn chains_between_outputs_obey_the_laws() {
    let penalty = Presto { lambda: 0.7, features: 2 };
    fenchel_laws::penalty::assert_laws(&penalty, &Space::numbered(2, 4));
}

#[test]
fn a_strong_chain_gives_the_mean_and_a_pinned_one_gives_zero() {
    let v = [3.0, -1.0, 2.0, 4.0];
    assert_close(&denoise(&v, 100.0, false), &[2.0; 4], 1e-12);
    assert_close(&denoise(&v, 100.0, true), &[0.0; 4], 1e-12);
    // Two points: each end moves by t towards the other.
    assert_close(&denoise(&[0.0, 5.0], 1.0, false), &[1.0, 4.0], 1e-12);
}
