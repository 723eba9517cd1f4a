//! The product `X'u` at a dual point that moves, where most of its entries are only bounded.
//!
//! With two dual points at which a column was multiplied, `u = a u_1 + b u_2 + r` with the numbers that make
//! `r` least, and `|x_j'u - a x_j'u_1 - b x_j'u_2| <= ||x_j|| ||r||`: along a path of solutions, which is
//! smooth or even straight, `r` is small. An entry whose coefficient is zero and whose bound lies inside
//! the subdifferential at zero makes no violation, no part of a working set and no term of a conjugate: its
//! column is left alone, and the combination stands for the product.
//!
//! Source: Ndiaye, Fercoq, Gramfort & Salmon (2017), J. Mach. Learn. Res. 18(128), whose spheres are
//! around a dual optimum; here the centre is between points at which a column was multiplied.

mod history;

use crate::design::Design;
use crate::kernels;
use crate::matrix::{Column, Matrix};
use crate::penalty::Separable;
use history::{History, NONE, Worth};

/// Entries that are bounded at a time.
const CHUNK: usize = 256;

/// Norms are not taken before the dual point has moved so often, as along a path: one fit has little use for them.
const FIRST: usize = 6;

/// Between these lengths a column stays in the cache for its norm, and its product costs much more than a
/// bound.
const SHORT: usize = 64;
const LONG: usize = 1 << 14;

/// Columns below which a product of all costs no more than looking for those that matter.
const FEW: usize = 128;

/// What rounding may add to a bound, and to the square of a norm of what it is the difference of.
const ROUNDING: f64 = 1e-6;
const CANCELLED: f64 = 1e-10;

/// Which entries of `X'u` are wanted.
#[derive(Clone, Copy)]
pub(crate) enum Reach<'a> {
    /// All.
    All,
    /// All that may be of account under a penalty at these coefficients, see [`Products::bounded`].
    Bounded(&'a dyn Separable, &'a [f64]),
    /// All, but without a look at the design as far as there is something to expect, see
    /// [`Products::expected`]; or else as [`Reach::Bounded`].
    Expected(&'a dyn Separable, &'a [f64]),
    /// Those of some features; the others are zero.
    Over(&'a [usize]),
}

/// The last products, and where they were taken.
#[derive(Debug, Default)]
pub(crate) struct Products {
    /// A gradient in `eta`.
    dual: Vec<f64>,
    /// The product of each column with it; once there is a memory, with the point at which the column was
    /// multiplied last.
    gradient: Vec<f64>,
    memory: Option<Memory>,
    /// How often the dual point moved before there was one.
    moves: usize,
}

/// What is known of each column.
#[derive(Debug, Default)]
struct Memory {
    history: History,
    worth: Worth,
    /// The norms of the columns, not less than they are.
    norms: Vec<f32>,
    /// The points at which each column was multiplied last and before that.
    last: Vec<u8>,
    earlier: Vec<u8>,
    /// The products of before that.
    before: Vec<f64>,
    features: Vec<usize>,
}

impl Products {
    /// `grad <- X'u`.
    pub fn exact(&mut self, design: &Design, u: &[f64], grad: &mut [f64]) {
        let moved = self.go_to(design, u);
        match &mut self.memory {
            Some(memory) => {
                memory.features.clear();
                memory.features.extend(0..design.features());
                memory.multiply(design, &self.dual, &mut self.gradient);
            }
            None if moved => self.multiply_all(design),
            None => {}
        }
        grad.copy_from_slice(&self.gradient);
    }

    /// The same but for entries of coefficients that are zero and whose values are certain to lie in the
    /// subdifferential of `penalty` at zero: of those, another value that does.
    pub fn bounded(
        &mut self,
        design: &Design,
        penalty: &dyn Separable,
        beta: &[f64],
        u: &[f64],
        grad: &mut [f64],
    ) {
        let moved = self.go_to(design, u);
        match &mut self.memory {
            Some(memory) => {
                memory.history.measure(design.samples(), &self.dual);
                memory.choose(design, penalty, beta, &self.gradient, grad);
                memory.multiply(design, &self.dual, &mut self.gradient);
                return take(&memory.features, design.features(), &self.gradient, grad);
            }
            None if moved && self.moves > FIRST && pays(design) => self.remember(design),
            None if moved => self.multiply_all(design),
            None => {}
        }
        grad.copy_from_slice(&self.gradient);
    }

    /// Whether products at earlier points are remembered.
    pub fn expects(&self) -> bool {
        self.memory.is_some()
    }

    /// What products at earlier points lead to expect of `X'u`, without a look at the design; whether there is
    /// something to expect of every entry.
    pub fn expected(&mut self, design: &Design, u: &[f64], grad: &mut [f64]) -> bool {
        self.go_to(design, u);
        let Some(memory) = &mut self.memory else { return false };
        memory.history.measure(design.samples(), &self.dual);
        memory.expect(design.features(), &self.gradient, grad)
    }

    /// The products of the columns `features` alone: `grad` is zero elsewhere.
    pub fn over(&mut self, design: &Design, features: &[usize], u: &[f64], grad: &mut [f64]) {
        if self.memory.is_some() {
            self.go_to(design, u);
        }
        let Some(memory) = &mut self.memory else { return design.mul_t_over(features, u, grad) };
        memory.features.clear();
        memory.features.extend_from_slice(features);
        memory.multiply(design, &self.dual, &mut self.gradient);
        grad.fill(0.0);
        take(features, design.features(), &self.gradient, grad);
    }

    /// Takes `u` for the dual point; whether it was another one.
    fn go_to(&mut self, design: &Design, u: &[f64]) -> bool {
        let n = design.samples();
        let length = design.features() * (u.len() / n.max(1));
        if self.gradient.len() == length && same(&self.dual, u) {
            return false;
        }
        if self.gradient.len() != length || self.dual.len() != u.len() {
            *self = Self::default();
        }
        if let Some(memory) = &mut self.memory {
            memory.history.leave();
        }
        self.dual.clear();
        self.dual.extend_from_slice(u);
        self.moves = self.moves.saturating_add(1);
        true
    }

    fn multiply_all(&mut self, design: &Design) {
        let outputs = self.dual.len() / design.samples().max(1);
        self.gradient.resize(design.features() * outputs, 0.0);
        design.mul_t(&self.dual, &mut self.gradient);
    }

    /// Multiplies all columns, takes their norms on the way, and begins to remember.
    fn remember(&mut self, design: &Design) {
        let (n, p) = (design.samples(), design.features());
        let mut norms = Vec::with_capacity(p);
        self.gradient.resize(p * (self.dual.len() / n.max(1)), 0.0);
        design.mul_t_visiting(&self.dual, &mut self.gradient, |j| {
            let (Column::Dense(x) | Column::Sparse(_, x)) = design.stored_column(j);
            let (centre, n) = (design.centre(j), n as f64);
            let sum = if centre == 0.0 { 0.0 } else { kernels::sum(x) };
            let square = kernels::dot(x, x);
            let centred = square - 2.0 * centre * sum + n * centre * centre;
            // What cancels, and more.
            let rounding = CANCELLED * (square + n * centre * centre);
            let norm = (centred.max(0.0) + rounding).sqrt() / design.scale(j);
            norms.push(((1.0 + ROUNDING) * norm) as f32);
        });
        let mut history = History::new(p);
        let (here, _) = history.keep(n, &self.dual, &Worth::default());
        let (last, earlier) = (vec![here; p], vec![NONE; p]);
        let before = vec![0.0; self.gradient.len()];
        let (worth, features) = (Worth::new(here, p), Vec::new());
        self.memory = Some(Memory { history, worth, norms, last, earlier, before, features });
    }
}

impl Memory {
    /// Writes the combinations that stand for the products to `grad`; whether all entries have one, a finite one.
    fn expect(&self, p: usize, gradient: &[f64], grad: &mut [f64]) -> bool {
        let mut known = true;
        for (k, grad) in grad.chunks_mut(p).enumerate() {
            let (table, part) = (self.history.table(k), k * p..(k + 1) * p);
            let points = self.earlier.iter().zip(&self.last);
            let products = self.before[part.clone()].iter().zip(&gradient[part]);
            for ((grad, (earlier, last)), (before, after)) in
                grad.iter_mut().zip(points).zip(products)
            {
                let by = table.by(*earlier, *last);
                *grad = by.of(*before, *after);
                known &= by.distance.is_finite() & grad.is_finite();
            }
        }
        known
    }

    /// Puts the columns that are not certain to be of no account into `features`, and what stands for the
    /// products of the others into `grad`.
    fn choose(
        &mut self,
        design: &Design,
        penalty: &dyn Separable,
        beta: &[f64],
        gradient: &[f64],
        grad: &mut [f64],
    ) {
        let p = design.features();
        let (zeros, mut bounds) = ([0.0; CHUNK], [0.0; CHUNK]);
        let (mut above, mut below) = ([0.0; CHUNK], [0.0; CHUNK]);
        self.features.clear();
        for begin in (0..p).step_by(CHUNK) {
            let end = p.min(begin + CHUNK);
            let length = end - begin;
            let points = self.earlier[begin..end].iter().zip(&self.last[begin..end]);
            let mut settled = [true; CHUNK];
            for k in 0..grad.len() / p {
                let part = k * p + begin..k * p + end;
                let (table, bounds) = (self.history.table(k), &mut bounds[..length]);
                let products = self.before[part.clone()].iter().zip(&gradient[part.clone()]);
                let known = points.clone().zip(products).zip(&self.norms[begin..end]);
                let out = grad[part.clone()].iter_mut().zip(bounds.iter_mut());
                for ((((earlier, last), (before, after)), norm), (grad, bound)) in known.zip(out) {
                    let by = table.by(*earlier, *last);
                    *grad = by.of(*before, *after);
                    *bound = (1.0 + ROUNDING) * (grad.abs() + f64::from(*norm) * by.distance);
                }
                let (above, below) = (&mut above[..length], &mut below[..length]);
                penalty.subdiff_dist_range(part.start, &zeros[..length], bounds, above);
                bounds.iter_mut().for_each(|bound| *bound = -*bound);
                penalty.subdiff_dist_range(part.start, &zeros[..length], bounds, below);
                let distances = above.iter().zip(below.iter()).zip(bounds.iter());
                let entries = settled.iter_mut().zip(distances.zip(&beta[part]));
                for (settled, (((above, below), bound), b)) in entries {
                    let inside = (*above <= 0.0) & (*below <= 0.0) & bound.is_finite();
                    *settled &= inside & (*b == 0.0);
                }
            }
            self.features.extend((begin..end).zip(settled).filter(|(_, s)| !s).map(|(j, _)| j));
        }
    }

    /// Multiplies those of `features` that were not multiplied at the present dual point `u`, and leaves no
    /// others there.
    fn multiply(&mut self, design: &Design, u: &[f64], gradient: &mut [f64]) {
        let p = design.features();
        if let Some(here) = self.history.here() {
            self.features.retain(|&j| self.last[j] != here);
        }
        if self.features.is_empty() {
            return;
        }
        let here = self.history.here().unwrap_or_else(|| self.keep(design.samples(), u));
        for (before, gradient) in self.before.chunks_mut(p).zip(gradient.chunks(p)) {
            for &j in &self.features {
                // What is not a number leads nowhere, not even with the weight 0.
                let known = gradient[j].is_finite();
                before[j] = if known { gradient[j] } else { 0.0 };
                self.last[j] = if known { self.last[j] } else { NONE };
            }
        }
        design.mul_t_into(&self.features, u, gradient);
        for &j in &self.features {
            self.worth.pass_on(self.earlier[j], self.last[j], here);
            self.earlier[j] = self.last[j];
            self.last[j] = here;
        }
    }

    /// Keeps the present dual point `u`, and forgets another one if there is no room.
    fn keep(&mut self, n: usize, u: &[f64]) -> u8 {
        let (here, taken) = self.history.keep(n, u, &self.worth);
        if taken {
            let forget = |place: &mut u8| *place = if *place == here { NONE } else { *place };
            self.last.iter_mut().for_each(forget);
            self.earlier.iter_mut().for_each(forget);
            self.worth.forget(here);
        }
        here
    }
}

/// Copies the entries of some of p features.
fn take(features: &[usize], p: usize, from: &[f64], to: &mut [f64]) {
    for (to, from) in to.chunks_mut(p).zip(from.chunks(p)) {
        features.iter().for_each(|&j| to[j] = from[j]);
    }
}

/// Whether bounds cost less than what they save.
fn pays(design: &Design) -> bool {
    let (p, dense) = (design.features().max(1), matches!(**design.matrix(), Matrix::Dense(_)));
    let length = design.matrix().stored() / p;
    p >= FEW && length >= SHORT && (!dense || length <= LONG)
}

/// Whether all numbers agree to the last bit, so that what follows from them does.
fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
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
                if round % 4 == 3 {
                    let some: Vec<usize> = (0..P).step_by(5).collect();
                    products.over(design, &some, &u, &mut got);
                    design.mul_t_over(&some, &u, &mut exact);
                    assert_eq!(got, exact);
                }
                products.bounded(design, &Lopsided, &beta, &u, &mut got);
                if round % 5 == 1 {
                    products.bounded(design, &Lopsided, &beta, &u, &mut got);
                }
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
