//! The product `X'u` at a dual point that moves, where most of its entries are only bounded.
//!
//! Of two dual points, `u' = c u + r` with the factor that makes `r` least, as a residual shrinks along a
//! path. For a product `g_j = x_j'u` then `|x_j'u' - c g_j| <= ||x_j|| ||r||`, and so on from point to point.
//! An entry whose coefficient is zero and whose bound lies well inside the subdifferential at zero makes no
//! violation, no part of a working set and no term of a conjugate: its column is left alone, and `c g_j`
//! stands for the product.
//!
//! Source: Ndiaye, Fercoq, Gramfort & Salmon (2017), J. Mach. Learn. Res. 18(128), whose spheres are
//! around a dual optimum; here the centre is where a column was multiplied.

use crate::design::Design;
use crate::kernels;
use crate::matrix::Matrix;
use crate::penalty::Separable;

/// The share of a penalty within which entries of a gradient need not be exact.
pub const NEAR: f64 = 0.9;

/// Entries that are bounded at a time.
const CHUNK: usize = 256;

/// Norms are not taken before the dual point has moved so often, as along a path: one fit has little use for them.
const FIRST: usize = 10;

/// Between these lengths a column stays in the cache for its norm, and its product costs much more than a
/// bound.
const SHORT: usize = 64;
const LONG: usize = 1 << 14;

/// A factor beyond this, or its inverse, is none: another dual point.
const FARTHEST: f64 = 10.0;

/// What rounding may add to a bound, and to the square of a norm of what it is the difference of.
const ROUNDING: f64 = 1e-6;
const CANCELLED: f64 = 1e-10;

/// The last products, and how old they are.
#[derive(Debug, Default)]
pub(crate) struct Products {
    /// A gradient in `eta`, and its product with `X'`, or what stands for it.
    dual: Vec<f64>,
    gradient: Vec<f64>,
    /// The product of the factors so far, and the sum of the remainders over it: of the output with the
    /// largest at each step.
    scale: f64,
    way: f64,
    /// What the way was when each column was multiplied; none where all products are of now.
    ages: Vec<f64>,
    /// The norms of the columns, not less than they are.
    norms: Vec<f32>,
    /// How often the dual point moved before they were taken.
    moves: usize,
    features: Vec<usize>,
}

impl Products {
    /// `grad <- X'u`.
    pub fn exact(&mut self, design: &Design, u: &[f64], grad: &mut [f64]) {
        if self.go_to(design, u) || self.ages.iter().any(|age| *age < self.way) {
            self.begin_anew(design);
        }
        grad.copy_from_slice(&self.gradient);
    }

    /// The same but for entries of coefficients that are zero and whose values are certain to lie in the
    /// subdifferential of `near` at zero: of those, what it was at a dual point before.
    pub fn bounded(
        &mut self,
        design: &Design,
        near: &dyn Separable,
        beta: &[f64],
        u: &[f64],
        grad: &mut [f64],
    ) {
        let moved = self.go_to(design, u);
        let measured = !self.norms.is_empty();
        if measured && self.way.is_finite() {
            self.bring_up_to_date(design, near, beta);
        } else if moved && !measured && self.moves > FIRST && pays(design) {
            self.measure(design);
        } else if moved {
            self.begin_anew(design);
        }
        grad.copy_from_slice(&self.gradient);
    }

    /// Takes `u` for the dual point; whether it was another one.
    fn go_to(&mut self, design: &Design, u: &[f64]) -> bool {
        let length = design.features() * (u.len() / design.samples().max(1));
        if self.gradient.len() == length && same(&self.dual, u) {
            return false;
        }
        if self.gradient.len() == length && self.dual.len() == u.len() {
            if !self.norms.is_empty() {
                let square = kernels::dot(&self.dual, &self.dual);
                let factor = kernels::dot(&self.dual, u) / square;
                let factor =
                    if (1.0 / FARTHEST..FARTHEST).contains(&factor) { factor } else { 1.0 };
                let outputs = self.dual.chunks(design.samples()).zip(u.chunks(design.samples()));
                let remainder = outputs.map(|(a, b)| distance(factor, a, b));
                self.scale *= factor;
                self.way += remainder.fold(0.0, crate::worst) / self.scale;
                self.gradient.iter_mut().for_each(|g| *g *= factor);
            }
        } else {
            *self = Self::default();
        }
        self.dual.clear();
        self.dual.extend_from_slice(u);
        self.moves = self.moves.saturating_add(1);
        true
    }

    fn begin_anew(&mut self, design: &Design) {
        let outputs = self.dual.len() / design.samples().max(1);
        self.gradient.resize(design.features() * outputs, 0.0);
        design.mul_t(&self.dual, &mut self.gradient);
        (self.scale, self.way) = (1.0, 0.0);
        self.ages.fill(0.0);
    }

    /// Multiplies all columns, and takes their norms on the way.
    fn measure(&mut self, design: &Design) {
        let outputs = self.dual.len() / design.samples().max(1);
        self.gradient.resize(design.features() * outputs, 0.0);
        let norms = &mut self.norms;
        let n = design.samples() as f64;
        design.mul_t_visiting(&self.dual, &mut self.gradient, |j| {
            let (sum, square) = design.stored_column(j).moments(None);
            let centre = design.centre(j);
            let centred = square - 2.0 * centre * sum + n * centre * centre;
            // What cancels, and more.
            let rounding = CANCELLED * (square + n * centre * centre);
            let norm = (centred.max(0.0) + rounding).sqrt() / design.scale(j);
            norms.push(((1.0 + ROUNDING) * norm) as f32);
        });
        (self.scale, self.way) = (1.0, 0.0);
        self.ages.resize(design.features(), 0.0);
    }

    /// Multiplies the columns that are not certain to be of no account.
    fn bring_up_to_date(&mut self, design: &Design, near: &dyn Separable, beta: &[f64]) {
        let p = design.features();
        let (zeros, mut bounds, mut distances) = ([0.0; CHUNK], [0.0; CHUNK], [0.0; CHUNK]);
        let mut features = std::mem::take(&mut self.features);
        features.clear();
        for begin in (0..p).step_by(CHUNK) {
            let end = p.min(begin + CHUNK);
            let mut wanted = [false; CHUNK];
            for (k, gradient) in self.gradient.chunks(p).enumerate() {
                let first = k * p + begin;
                let bounds = &mut bounds[..end - begin];
                for (i, bound) in bounds.iter_mut().enumerate() {
                    let j = begin + i;
                    let way = self.scale * (self.way - self.ages[j]);
                    *bound = gradient[j].abs() + f64::from(self.norms[j]) * way;
                    *bound *= 1.0 + ROUNDING;
                }
                let distances = &mut distances[..end - begin];
                for _ in 0..2 {
                    near.subdiff_dist_range(first, &zeros[..end - begin], bounds, distances);
                    for (i, distance) in distances.iter().enumerate() {
                        wanted[i] |= *distance > 0.0 || distance.is_nan();
                    }
                    bounds.iter_mut().for_each(|bound| *bound = -*bound);
                }
                for (wanted, b) in wanted.iter_mut().zip(&beta[first..k * p + end]) {
                    *wanted |= *b != 0.0;
                }
            }
            let old = |j: &usize| wanted[j - begin] && self.ages[*j] < self.way;
            features.extend((begin..end).filter(old));
        }
        design.mul_t_into(&features, &self.dual, &mut self.gradient);
        features.iter().for_each(|&j| self.ages[j] = self.way);
        self.features = features;
    }
}

/// Whether bounds cost less than what they save.
fn pays(design: &Design) -> bool {
    let (p, dense) = (design.features().max(1), matches!(**design.matrix(), Matrix::Dense(_)));
    let length = design.matrix().stored() / p;
    length >= SHORT && (!dense || length <= LONG)
}

/// Whether all numbers agree to the last bit, so that what follows from them does.
pub(crate) fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// `||b - factor a||`.
fn distance(factor: f64, a: &[f64], b: &[f64]) -> f64 {
    let square = |(a, b): (&f64, &f64)| (b - factor * a) * (b - factor * a);
    a.iter().zip(b).map(square).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use super::Products;
    use crate::{DenseMatrix, Design, Matrix, Separable, SparseMatrix};

    /// `|b|` to the right, twice that to the left.
    struct Lopsided;

    impl Separable for Lopsided {
        fn value_at(&self, _: usize, b: f64) -> f64 {
            b.max(-2.0 * b)
        }
        fn prox_at(&self, _: usize, v: f64, step: f64) -> f64 {
            (v - step).max(0.0) + (v + 2.0 * step).min(0.0)
        }
        fn subdiff_dist_at(&self, _: usize, b: f64, grad: f64) -> f64 {
            match b {
                b if b > 0.0 => (1.0 + grad).abs(),
                b if b < 0.0 => (grad - 2.0).abs(),
                _ => (grad - 2.0).max(-1.0 - grad).max(0.0),
            }
        }
    }

    const N: usize = 80;
    const P: usize = 700;

    fn numbers(seed: f64, count: usize) -> Vec<f64> {
        (0..count).map(|i| ((i as f64 + seed) * 12.9898).sin() * 43758.5453 % 1.0).collect()
    }

    fn designs() -> [Design; 3] {
        let values = numbers(0.0, N * P);
        let starts = (0..=P).map(|j| j * N).collect();
        let indices = (0..P).flat_map(|_| 0..N as u32).collect();
        let sparse = SparseMatrix::new(N, P, starts, indices, values.clone()).unwrap();
        let dense = DenseMatrix::new(N, P, values).unwrap();
        [
            Design::new(Matrix::Dense(dense.clone())),
            Design::standardized(Matrix::Dense(dense), None),
            Design::standardized(Matrix::Sparse(sparse), None),
        ]
    }

    #[test]
    fn what_is_left_alone_lies_inside_and_the_rest_is_exact() {
        for (design, outputs) in designs().iter().flat_map(|design| [(design, 1), (design, 2)]) {
            let mut products = Products::default();
            let mut u: Vec<f64> = numbers(SQRT_2, N * outputs);
            u.iter_mut().for_each(|u| *u *= 0.15);
            let mut beta = vec![0.0; P * outputs];
            let (mut got, mut exact) = (beta.clone(), beta.clone());
            let mut left_alone = 0;
            for round in 0..30 {
                beta[round * 37 % P] = round as f64 % 3.0;
                // It shrinks, as along a path, and moves a little; then far; then is not a number.
                let far = if round == 20 { 1.0 } else { 1e-4 };
                let steps = numbers(round as f64, u.len());
                u.iter_mut().zip(&steps).for_each(|(u, step)| *u = 0.97 * *u + far * step);
                if round == 25 {
                    u[0] = f64::NAN;
                } else if round == 26 {
                    u[0] = 0.1;
                }
                products.bounded(design, &Lopsided, &beta, &u, &mut got);
                design.mul_t(&u, &mut exact);
                for ((got, exact), b) in got.iter().zip(&exact).zip(&beta) {
                    if got.to_bits() != exact.to_bits() {
                        left_alone += 1;
                        let inside = |g: f64| Lopsided.subdiff_dist_at(0, 0.0, g) == 0.0;
                        assert!(*b == 0.0 && inside(*got) && inside(*exact), "{got}, {exact}");
                    }
                }
                if round % 7 == 6 {
                    products.exact(design, &u, &mut got);
                    assert!(got.iter().zip(&exact).all(|(a, b)| a.to_bits() == b.to_bits()));
                }
            }
            assert!(left_alone > 1000, "only {left_alone} products were spared");
        }
    }
}
