//! A penalty on the sorted magnitudes: no coefficient's share is known without all the others.

use fenchel_core::{Convexity, Lineality, Penalty, Prox, Space};

/// SLOPE, `sum_j w_j |b|_(j)` with `w` not increasing and `|b|_(1)` the largest magnitude.
/// Source: Bogdan et al. (2015), Annals of Applied Statistics 9(3), algorithm 3.
#[derive(Debug, Clone)]
pub struct Ordered(pub Vec<f64>);

fn descending(v: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..v.len()).collect();
    order.sort_by(|&a, &b| v[b].abs().total_cmp(&v[a].abs()));
    order
}

impl Penalty for Ordered {
    fn value(&self, beta: &[f64]) -> f64 {
        descending(beta).iter().zip(&self.0).map(|(&j, w)| w * beta[j].abs()).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self(self.0.iter().map(|w| scale * w).collect()))
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.0.iter().all(|w| *w == 0.0) { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
}

impl Prox for Ordered {
    /// Pools adjacent violators of the decreasing sequence `|v|_(j) - step w_j`.
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let order = descending(v);
        let mut pools: Vec<(f64, usize)> = Vec::new(); // sum and size
        for (&j, w) in order.iter().zip(&self.0) {
            let mut pool = (v[j].abs() - step * w, 1);
            while let Some(last) = pools.last()
                && last.0 / last.1 as f64 <= pool.0 / pool.1 as f64
            {
                pool = (pool.0 + last.0, pool.1 + last.1);
                pools.pop();
            }
            pools.push(pool);
        }
        let magnitudes =
            pools.iter().flat_map(|(sum, size)| vec![(sum / *size as f64).max(0.0); *size]);
        for (&j, magnitude) in order.iter().zip(magnitudes) {
            out[j] = magnitude.copysign(v[j]);
        }
        self.value(out)
    }
}

#[test]
fn an_ordered_penalty_obeys_the_laws() {
    let penalty = Ordered(vec![2.0, 1.2, 1.2, 0.7, 0.1, 0.0]);
    fenchel_laws::penalty::assert_laws(&penalty, &Space::numbered(6, 1));
}

#[test]
fn neighbours_in_size_are_tied_together() {
    let mut out = [0.0; 3];
    let value = Ordered(vec![3.0, 1.0, 0.0]).prox(&[5.0, -4.5, 0.2], 1.0, &mut out);
    // 5 - 3 < 4.5 - 1, so both become (2 + 3.5) / 2.
    assert_eq!(out, [2.75, -2.75, 0.2]);
    assert_eq!(value, 3.0 * 2.75 + 2.75);
}
