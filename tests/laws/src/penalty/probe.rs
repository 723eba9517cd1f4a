//! The points and steps at which the laws are tried: zeros, ties, signs, sparse and dense vectors,
//! small and large magnitudes; steps far below and far beyond a weak-convexity limit.

use fenchel_core::{Convexity, Lineality, Penalty, Prox, Space, kernels};

use crate::Random;

/// Vectors of length p K. They need not be in the penalty's domain.
pub(super) fn vectors(space: &Space) -> Vec<Vec<f64>> {
    let (n, p) = (space.len(), space.features().max(1));
    let mut random = Random::new(0x5eed);
    let mut all = vec![
        vec![0.0; n],
        vec![1.0; n],
        vec![-3.0; n],
        (0..n).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect(),
        (0..n).map(|i| i as f64 - 0.5 * n as f64).collect(),
        (0..n).map(|i| 0.8 * (n - i) as f64).collect(),
        (0..n).map(|i| if i % p < p.div_ceil(2) { 2.0 } else { 0.1 }).collect(),
        (0..n).map(|i| if i < p { -1.5 } else { 0.0 }).collect(),
    ];
    for (at, height) in [(0, 2.0), (n.saturating_sub(1), -40.0)] {
        let mut spike = vec![0.0; n];
        if let Some(entry) = spike.get_mut(at) {
            *entry = height;
        }
        all.push(spike);
    }
    for deviation in [1e-9, 1e-2, 0.3, 1.0, 1.0, 1.0, 3.0, 3.0, 10.0, 1e3, 1e6] {
        all.push(random.normals(n, deviation));
    }
    for deviation in [1.0, 4.0] {
        let z = random.normals(n, deviation);
        all.push(z.iter().map(|z| z.abs()).collect());
        all.push(z.iter().map(|z| z.round()).collect());
        all.push(z.iter().map(|z| if random.uniform() < 0.5 { 0.0 } else { *z }).collect());
    }
    all.push((0..n).map(|_| random.normal() * 10f64.powi(random.below(9) as i32 - 5)).collect());
    let row: Vec<f64> = (0..p).map(|_| 2.0 * random.uniform().round()).collect();
    all.push((0..n).map(|i| row[i % p] * random.normal()).collect());
    all
}

/// Single numbers of every magnitude and both signs.
pub(super) fn scalars() -> Vec<f64> {
    let positive = [
        1e-300, 1e-9, 1e-3, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0, 1.1, 1.5, 2.0, 2.5, 3.0, 4.0, 7.0,
        15.0, 100.0, 1e4, 1e8,
    ];
    positive.iter().flat_map(|&v| [v, -v]).chain([0.0, -0.0]).collect()
}

/// Steps of a prox, ascending; around and beyond `1 / rho` for a weakly convex penalty.
pub(super) fn steps(penalty: &dyn Penalty) -> Vec<f64> {
    let mut steps = vec![1e-5, 0.05, 0.4, 1.0, 3.7, 60.0, 1e6];
    if let Convexity::WeaklyConvex(rho) = penalty.convexity()
        && rho > 0.0
    {
        steps.extend([0.5, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 1.01, 1.6, 2.5, 30.0].map(|c| c / rho));
    }
    steps.sort_by(f64::total_cmp);
    steps
}

/// `x = prox_step(v)`, with the value that the prox reported.
#[derive(Debug, Clone)]
pub(super) struct ProxPair {
    pub v: Vec<f64>,
    pub step: f64,
    pub x: Vec<f64>,
    pub reported: f64,
}

impl ProxPair {
    /// Calls the prox on a result buffer full of NaN, so that an entry left unwritten shows.
    pub(super) fn new(prox: &dyn Prox, v: &[f64], step: f64) -> Self {
        let mut x = vec![f64::NAN; v.len()];
        let reported = prox.prox(v, step, &mut x);
        Self { v: v.to_vec(), step, x, reported }
    }

    /// `(v - x) / step`, a subgradient at `x`.
    pub(super) fn subgradient(&self) -> Vec<f64> {
        self.v.iter().zip(&self.x).map(|(v, x)| (v - x) / self.step).collect()
    }

    /// What rounding `v` and `x` costs in an entry of the subgradient.
    pub(super) fn rounding(&self) -> f64 {
        let top = kernels::max_abs(&self.v).max(kernels::max_abs(&self.x));
        64.0 * f64::EPSILON * top / self.step
    }

    pub(super) fn describe(&self) -> String {
        format!("v = {}, step = {:e}, prox = {}", text(&self.v), self.step, text(&self.x))
    }
}

/// The prox at every vector and step.
pub(super) fn prox_pairs(penalty: &dyn Penalty, prox: &dyn Prox, space: &Space) -> Vec<ProxPair> {
    let steps = steps(penalty);
    let vectors = vectors(space);
    vectors.iter().flat_map(|v| steps.iter().map(|&t| ProxPair::new(prox, v, t))).collect()
}

/// Points of finite value: the vectors that are inside the domain, and prox points, which are
/// inside however thin the domain is.
pub(super) fn domain(penalty: &dyn Penalty, space: &Space) -> Vec<Vec<f64>> {
    let mut points = vectors(space);
    if let Some(prox) = penalty.as_prox() {
        let more: Vec<_> = points
            .iter()
            .flat_map(|v| [0.4, 3.7].map(|step| ProxPair::new(prox, v, step).x))
            .collect();
        points.extend(more);
    }
    points.retain(|b| b.iter().all(|b| b.is_finite()) && penalty.value(b).is_finite());
    points
}

/// Removes from `u` its component in the lineality space, where every subgradient is zero.
pub(super) fn restrict(lineality: &Lineality, u: &mut [f64]) {
    match lineality {
        Lineality::Trivial => {}
        Lineality::Everything => u.fill(0.0),
        Lineality::Coordinates(flat) => {
            for &j in flat {
                if let Some(u) = u.get_mut(j) {
                    *u = 0.0;
                }
            }
        }
        Lineality::Basis(basis) => {
            let before = kernels::max_abs(u);
            let orthonormal = orthonormal(basis);
            // Twice: the second pass removes what rounding left in the first.
            for d in orthonormal.iter().chain(&orthonormal) {
                let component = kernels::dot(d, u);
                kernels::axpy(-component, d, u);
            }
            // What is left of a vector inside the space is rounding.
            if kernels::max_abs(u) <= 1e-12 * before {
                u.fill(0.0);
            }
        }
    }
}

/// Gram-Schmidt with a second pass; dependent vectors drop out.
pub(super) fn orthonormal(basis: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut done: Vec<Vec<f64>> = Vec::new();
    for d in basis {
        let mut d = d.clone();
        let length = kernels::norm2(&d);
        for _ in 0..2 {
            for e in &done {
                let component = kernels::dot(e, &d);
                kernels::axpy(-component, e, &mut d);
            }
        }
        let rest = kernels::norm2(&d);
        if rest > 1e-9 * length {
            d.iter_mut().for_each(|d| *d /= rest);
            done.push(d);
        }
    }
    done
}

/// Up to `most` coordinates, the first and the last among them.
pub(super) fn coordinates(n: usize, most: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> =
        (0..most.min(n)).map(|i| i * n.saturating_sub(1) / (most.min(n) - 1).max(1)).collect();
    chosen.dedup();
    chosen
}

/// `<a, b>` and a bound on its rounding error.
pub(super) fn product(a: &[f64], b: &[f64]) -> (f64, f64) {
    let absolute: f64 = a.iter().zip(b).map(|(a, b)| (a * b).abs()).sum();
    (kernels::dot(a, b), f64::EPSILON * absolute)
}

/// `a + c d`.
pub(super) fn add(a: &[f64], c: f64, d: &[f64]) -> Vec<f64> {
    a.iter().zip(d).map(|(a, d)| a + c * d).collect()
}

/// A vector as text, cut after 24 entries.
pub(super) fn text(v: &[f64]) -> String {
    if v.len() <= 24 {
        format!("{v:?}")
    } else {
        format!("{:?} and {} more", &v[..24], v.len() - 24)
    }
}

/// `value > limit`, where NaN exceeds everything.
pub(super) fn exceeds(value: f64, limit: f64) -> bool {
    value.is_nan() || value > limit
}

/// What rounding in the entries of `b` may cost in the value, which for differences of entries can
/// be much more than the value's own rounding.
pub(super) fn rounding(penalty: &dyn Penalty, b: &[f64]) -> f64 {
    let top = kernels::max_abs(b);
    let generic = Random::new(0xb).normals(b.len(), top);
    let value = penalty.value(&generic).abs();
    1e-13 * if value.is_finite() { value } else { top }
}
