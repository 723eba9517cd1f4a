//! An l1 penalty, made-up data, and the simplest solver that the traits allow.

use fenchel_core::{
    Conjugate, Convexity, DenseMatrix, Design, Elementary, Lineality, Matrix, Penalty, Problem,
    Prox, Scalar, Separable, Subdifferential, Workspace, kernels,
};
use fenchel_laws::Random;

/// `lambda ||B||_1`.
#[derive(Debug, Clone)]
pub struct L1(pub f64);

impl L1 {
    fn part(&self) -> Scalar {
        Scalar { l1: self.0, ..Scalar::ZERO }
    }
}

impl Penalty for L1 {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().map(|b| self.part().value(*b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self(scale * self.0))
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.0 == 0.0 { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        Some(self)
    }
}

impl Separable for L1 {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        self.part().value(b)
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        self.part().prox(v, step)
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        self.part().subdiff_dist(b, grad)
    }
}

impl Conjugate for L1 {
    fn conjugate(&self, u: &[f64]) -> f64 {
        u.iter().map(|u| self.part().conjugate(*u)).sum()
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        u.iter().fold(1.0, |s, u| s.min(self.part().dual_scale(*u)))
    }
}

impl Elementary for L1 {
    fn scalar(&self, _j: usize) -> Scalar {
        self.part()
    }
}

/// Proximal gradient with backtracking: needs a gradient of the objective and a prox of the
/// penalty, nothing else; outside the domain the value is infinite and the step halves.
pub fn proximal_gradient(problem: &Problem<'_>, mut x: Vec<f64>, iterations: usize) -> Vec<f64> {
    let smooth = problem.objective.as_smooth().expect("a smooth objective");
    let prox = problem.penalty.as_prox().expect("a proximable penalty");
    let coefficients = problem.shape().coefficients();
    let mut work = Workspace::default();
    let (mut gradient, mut ahead, mut step) = (vec![0.0; x.len()], vec![0.0; x.len()], 1.0f64);
    let mut value = smooth.value_gradient(&x, &mut gradient, &mut work);
    for _ in 0..iterations {
        step = (1.5 * step).min(1e6);
        let (next, reached) = loop {
            let forward: Vec<f64> = x.iter().zip(&gradient).map(|(x, g)| x - step * g).collect();
            let mut next = forward.clone();
            prox.prox(&forward[..coefficients], step, &mut next[..coefficients]);
            let moved: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
            let square = kernels::dot(&moved, &moved);
            let reached = smooth.value_gradient(&next, &mut ahead, &mut work);
            // The textbook's test of the value drowns in rounding near the optimum; there the change
            // of the gradient, which implies it for a convex objective, still tells.
            let by_value = value + kernels::dot(&moved, &gradient) + 0.5 * square / step;
            let bend = kernels::dot(&moved, &ahead) - kernels::dot(&moved, &gradient);
            let near = (reached - value).abs() <= 1e-9 * (1.0 + value.abs());
            if (near && 2.0 * bend <= square / step) || (!near && reached <= by_value) {
                break (next, reached);
            }
            step *= 0.5;
            if step < 1e-16 {
                return x; // rounding leaves nothing to gain
            }
        };
        std::mem::swap(&mut gradient, &mut ahead);
        (x, value) = (next, reached);
    }
    x
}

/// `objective + penalty`.
pub fn total(problem: &Problem<'_>, params: &[f64]) -> f64 {
    let (objective, penalty) = problem.values(params, &mut Workspace::default());
    objective + penalty
}

pub fn dense(rows: usize, cols: usize, values: Vec<f64>) -> Design {
    let matrix = DenseMatrix::new(rows, cols, values).expect("the length is the product");
    Design::new(Matrix::Dense(matrix))
}

/// A design of standard normals.
pub fn normal_design(rows: usize, cols: usize, seed: u64) -> Design {
    dense(rows, cols, Random::new(seed).normals(rows * cols, 1.0))
}

#[track_caller]
pub fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    let off = got.iter().zip(expected).any(|(g, e)| (g - e).abs() > tolerance || g.is_nan());
    assert!(!off, "got {got:?}, expected {expected:?}");
}
