//! What the tests of steps on the support have in common.

use fenchel_core::Separable;

/// `l1 |b| + l2/2 b^2`.
pub struct Elastic(pub f64, pub f64);

impl Separable for Elastic {
    fn value_at(&self, _: usize, b: f64) -> f64 {
        self.0 * b.abs() + 0.5 * self.1 * b * b
    }
    fn prox_at(&self, _: usize, v: f64, step: f64) -> f64 {
        fenchel_core::kernels::soft_threshold(v, step * self.0) / (1.0 + step * self.1)
    }
    fn subdiff_dist_at(&self, _: usize, b: f64, grad: f64) -> f64 {
        if b == 0.0 {
            return (grad.abs() - self.0).max(0.0);
        }
        (grad + self.0.copysign(b) + self.1 * b).abs()
    }
}

/// Numbers without a pattern, below 1 in magnitude.
pub fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i as f64 * 12.9898).sin() * 43758.5453 % 1.0).collect()
}
