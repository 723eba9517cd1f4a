//! What a penalty is, and what it may offer beyond its value. A capability is asked for
//! (`as_separable` and its like), never assumed: a penalty that cannot do a thing has no method
//! that pretends to.
//!
//! Coefficients `beta` are p x K, column by column: entry `(j, k)` stands at `j + k p`. A penalty
//! knows p and K from the [`Space`](crate::Space) it was built for.

use std::fmt::Debug;

use crate::blocks;
use crate::convex_concave::ConvexConcave;
use crate::groups::Groups;
use crate::kernels;
use crate::sweep::{self, Sweep, SweepReport};

/// A function `Omega` of the coefficients, extended-valued: `+inf` outside its domain.
pub trait Penalty: Debug + Send + Sync {
    /// `Omega(beta)`; `+inf` outside the domain, where an indicator is meant.
    fn value(&self, beta: &[f64]) -> f64;

    /// The same penalty with every `lambda` multiplied by `scale >= 0`, all other parameters kept.
    ///
    /// For a convex penalty that is linear in lambda this is `scale * Omega`; for mcp and scad it
    /// is the usual family in lambda; an indicator has no lambda and returns itself.
    fn scaled(&self, scale: f64) -> Box<dyn Penalty>;

    /// Whether the penalty is convex, weakly convex, or neither.
    fn convexity(&self) -> Convexity;

    /// Directions along which the penalty is constant (its lineality space): unpenalised
    /// coefficients, or the constant vector for a penalty on differences.
    fn lineality(&self) -> Lineality;

    /// The prox of the whole penalty, in closed form or by a finite algorithm.
    fn as_prox(&self) -> Option<&dyn Prox> {
        None
    }
    /// The penalty as a sum over single coefficients.
    fn as_separable(&self) -> Option<&dyn Separable> {
        None
    }
    /// The penalty as a sum over blocks of features.
    fn as_blocks(&self) -> Option<&dyn Blocks> {
        None
    }
    /// The distance to the subdifferential.
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        None
    }
    /// The convex conjugate.
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        None
    }
    /// The scale from which on zero is a solution.
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        None
    }
    /// The penalty coefficient by coefficient as `l1 |b| + l2/2 b^2` on an interval.
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        None
    }
    /// The penalty as a sum of simpler penalties, each perhaps behind a linear operator.
    fn as_terms(&self) -> Option<&dyn Terms> {
        None
    }
    /// A nonconvex penalty as a convex part with a prox and a smooth concave part.
    fn as_convex_concave(&self) -> Option<&dyn ConvexConcave> {
        None
    }
    /// The penalty of some coefficients, all others being zero.
    fn as_restrict(&self) -> Option<&dyn Restrict> {
        None
    }
}

/// The curvature class of a penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Convexity {
    /// Convex, lower semicontinuous, proper.
    Convex,
    /// `Omega + rho/2 ||.||^2` is convex for this `rho > 0` and no smaller one.
    WeaklyConvex(f64),
    /// Neither.
    Nonconvex,
}

/// The lineality space of a penalty: all `d` with `Omega(beta + c d) = Omega(beta)` for every `c`.
#[derive(Debug, Clone, PartialEq)]
pub enum Lineality {
    /// Only zero.
    Trivial,
    /// The coordinates with these flat indices, ascending.
    Coordinates(Vec<usize>),
    /// A basis, each vector of length p K.
    Basis(Vec<Vec<f64>>),
    /// Every coordinate: the penalty is constant.
    Everything,
}

/// `prox_{step Omega}(v) = argmin_b Omega(b) + ||b - v||^2 / (2 step)`.
pub trait Prox: Send + Sync {
    /// Writes a minimiser into `out` and returns `Omega(out)`. `v` and `out` have length p K;
    /// `step > 0`. Where several minimisers exist (nonconvex penalties), one of them, always the
    /// same for the same input.
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64;
}

/// A penalty `sum_j omega_j(beta_j)` over flat coefficient indices `0 .. p K`.
pub trait Separable: Send + Sync {
    /// `omega_j(b)`.
    fn value_at(&self, j: usize, b: f64) -> f64;
    /// `argmin_b omega_j(b) + (b - v)^2 / (2 step)`, a global minimiser.
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64;
    /// Distance of `-grad` to the (limiting) subdifferential of `omega_j` at `b`; `+inf` where `b`
    /// is outside the domain.
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64;
    /// The sum of `omega_j(beta_j)` over the flat indices in `working`. Provided, and compiled anew for every
    /// implementing type.
    fn value_over(&self, working: &[usize], beta: &[f64]) -> f64 {
        working.iter().map(|&j| self.value_at(j, beta[j])).sum()
    }
    /// Writes `omega_j(b)` of a range of coefficients, `out[i]` for `j = first + i`. Provided, as
    /// above, for a library that answers for a range in one call; so are the next two.
    fn value_range(&self, first: usize, b: &[f64], out: &mut [f64]) {
        for (i, (b, out)) in b.iter().zip(out).enumerate() {
            *out = self.value_at(first + i, *b);
        }
    }
    /// Writes the prox of a range of coefficients, each at its own step.
    fn prox_range(&self, first: usize, v: &[f64], steps: &[f64], out: &mut [f64]) {
        for (i, ((v, step), out)) in v.iter().zip(steps).zip(out).enumerate() {
            *out = self.prox_at(first + i, *v, *step);
        }
    }
    /// Writes the prox of the coefficients `flat`, each at its own step. Provided, and compiled anew for every
    /// implementing type.
    fn prox_each(&self, flat: &[usize], v: &[f64], steps: &[f64], out: &mut [f64]) {
        for ((&j, out), (v, step)) in flat.iter().zip(out).zip(v.iter().zip(steps)) {
            *out = self.prox_at(j, *v, *step);
        }
    }
    /// Writes the distance of a range of coefficients.
    fn subdiff_dist_range(&self, first: usize, b: &[f64], grad: &[f64], out: &mut [f64]) {
        kernels::widest(
            #[inline(always)]
            || {
                for (i, ((b, g), out)) in b.iter().zip(grad).zip(out).enumerate() {
                    *out = self.subdiff_dist_at(first + i, *b, *g);
                }
            },
        );
    }
    /// Whether an epoch runs where the columns are. Where it does not, columns that are copied for it have to
    /// be sent again. Provided.
    fn sweeps_here(&self) -> bool {
        true
    }
    /// One epoch of coordinate descent. Provided, and compiled anew for every implementing type, so
    /// that no virtual call is paid inside the epoch.
    fn sweep(&self, sweep: &mut Sweep<'_>) -> SweepReport {
        sweep::run(self, sweep)
    }
}

impl<S: Separable + ?Sized> Prox for S {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        struct Run<'a, S: ?Sized>(&'a S, &'a [f64], f64, &'a mut [f64]);
        impl<S: Separable + ?Sized> pulp::NullaryFnOnce for Run<'_, S> {
            type Output = f64;
            #[inline(always)]
            fn call(self) -> f64 {
                prox_and_value(self.0, self.1, self.2, self.3)
            }
        }
        // As in `kernels`: for wide vectors as well, with the same bits.
        pulp::Arch::new().dispatch(Run(self, v, step, out))
    }
}

/// Block by block through an array of its own, which is certain to be apart from `penalty`: what is the same for
/// all coefficients is computed once a block.
#[inline(always)]
fn prox_and_value<S: Separable + ?Sized>(
    penalty: &S,
    v: &[f64],
    step: f64,
    out: &mut [f64],
) -> f64 {
    // Several sums, as one would wait for each addition.
    const LANES: usize = 8;
    const BLOCK: usize = 16 * LANES;
    let mut sums = [0.0; LANES];
    let n = v.len().min(out.len());
    let (blocks, rest) = v[..n].as_chunks::<BLOCK>();
    let (out_blocks, out_rest) = out[..n].as_chunks_mut::<BLOCK>();
    for (b, (v, out)) in blocks.iter().zip(out_blocks).enumerate() {
        let mut block = [0.0; BLOCK];
        for l in 0..BLOCK {
            block[l] = penalty.prox_at(b * BLOCK + l, v[l], step);
        }
        for c in 0..BLOCK / LANES {
            for l in 0..LANES {
                sums[l] += penalty.value_at(b * BLOCK + c * LANES + l, block[c * LANES + l]);
            }
        }
        *out = block;
    }
    let done = n - rest.len();
    for (l, (v, out)) in rest.iter().zip(out_rest).enumerate() {
        *out = penalty.prox_at(done + l, *v, step);
        sums[l % LANES] += penalty.value_at(done + l, *out);
    }
    sums.iter().sum()
}

/// A penalty that is of its own kind on fewer coefficients: solvers that do not take a penalty apart
/// can work on some coefficients at a time.
pub trait Restrict: Send + Sync {
    /// `b -> Omega(beta)` with `beta[at[i]] = b[i]` and zero elsewhere; the flat indices `at` differ.
    fn restricted(&self, at: &[usize]) -> Box<dyn Penalty>;
}

/// A penalty `sum_g omega_g(beta_g)` over disjoint blocks. A block holds the rows of `groups()[g]`
/// in all K columns; its coefficients travel as `|g| x K`, column by column.
pub trait Blocks: Send + Sync {
    /// The partition of the features.
    fn groups(&self) -> &Groups;
    /// `omega_g(b)`.
    fn value_block(&self, g: usize, b: &[f64]) -> f64;
    /// Writes `argmin_b omega_g(b) + ||b - v||^2 / (2 step)` into `out`.
    fn prox_block(&self, g: usize, v: &[f64], step: f64, out: &mut [f64]);
    /// Euclidean distance of `-grad` to the subdifferential of `omega_g` at `b`.
    fn subdiff_dist_block(&self, g: usize, b: &[f64], grad: &[f64]) -> f64;
    /// Writes the distance of every block, `out[g]` for group `g`. Provided, as it is asked of all
    /// blocks at once.
    fn subdiff_dists_blocks(&self, beta: &[f64], grad: &[f64], out: &mut [f64]) {
        blocks::subdiff_dists(self, beta, grad, out);
    }
    /// The sum of `omega_g(beta_g)` over the groups in `working`. Provided, as above.
    fn value_over_blocks(&self, working: &[usize], beta: &[f64]) -> f64 {
        blocks::value_over(self, working.iter().copied(), beta)
    }
    /// One epoch of block coordinate descent, compiled anew for every implementing type.
    fn sweep_blocks(&self, sweep: &mut Sweep<'_>) -> SweepReport {
        sweep::run_blocks(self, sweep)
    }
}

/// The distance of a gradient to stationarity.
pub trait Subdifferential: Send + Sync {
    /// `dist(-grad, dOmega(beta))`, the largest over coordinates or blocks (Euclidean inside a
    /// block); `+inf` outside the domain. `beta` and `grad` have length p K.
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64;
}

impl<S: Separable + ?Sized> Subdifferential for S {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        beta.iter()
            .zip(grad)
            .enumerate()
            .fold(0.0, |top, (j, (b, g))| crate::worst(top, self.subdiff_dist_at(j, *b, *g)))
    }
}

/// The convex conjugate `Omega*(u) = sup_b <u, b> - Omega(b)` of a convex penalty.
pub trait Conjugate: Send + Sync {
    /// `Omega*(u)`, `+inf` outside its domain. Coordinates in the penalty's lineality space are 0
    /// in `u` exactly; elsewhere a relative excess of `1e-12` over the domain counts as inside, as
    /// rounding in a scaled dual point leaves no more.
    fn conjugate(&self, u: &[f64]) -> f64;
    /// The largest `s` in `[0, 1]` with `Omega*(s u) < inf` (1 where the conjugate is finite
    /// everywhere); 0 where only `u = 0` is inside.
    fn dual_scale(&self, u: &[f64]) -> f64;
}

/// The end of a path.
pub trait ZeroThreshold: Send + Sync {
    /// The smallest `s >= 0` for which `-grad` lies in the subdifferential at zero of
    /// [`Penalty::scaled`]`(s)`; `None` where no finite scale makes zero a solution.
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64>;
}

/// `l1 |b| + l2/2 b^2` on `[lower, upper]`, `+inf` outside. Sums of such functions are again such
/// functions, so their prox, conjugate and subdifferential stay in closed form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scalar {
    /// Weight of the absolute value, at least 0.
    pub l1: f64,
    /// Weight of half the square, at least 0.
    pub l2: f64,
    /// Lower end of the interval, at most 0 (perhaps `-inf`).
    pub lower: f64,
    /// Upper end of the interval, at least 0 (perhaps `inf`).
    pub upper: f64,
}

/// A separable penalty whose parts are all [`Scalar`]s.
pub trait Elementary: Send + Sync {
    /// The part on flat coefficient `j`.
    fn scalar(&self, j: usize) -> Scalar;
}

impl Scalar {
    /// The function that is 0 everywhere.
    pub const ZERO: Self =
        Self { l1: 0.0, l2: 0.0, lower: f64::NEG_INFINITY, upper: f64::INFINITY };

    /// The sum of two such functions.
    pub fn plus(self, other: Self) -> Self {
        Self {
            l1: self.l1 + other.l1,
            l2: self.l2 + other.l2,
            lower: self.lower.max(other.lower),
            upper: self.upper.min(other.upper),
        }
    }

    /// The value at `b`.
    pub fn value(self, b: f64) -> f64 {
        if b < self.lower || b > self.upper {
            return f64::INFINITY;
        }
        self.l1 * b.abs() + 0.5 * self.l2 * b * b
    }

    /// `argmin_b value(b) + (b - v)^2 / (2 step)`.
    pub fn prox(self, v: f64, step: f64) -> f64 {
        let free = kernels::soft_threshold(v, step * self.l1) / (1.0 + step * self.l2);
        free.clamp(self.lower, self.upper)
    }

    /// Distance of `-grad` to the subdifferential at `b`; `+inf` where either is NaN.
    pub fn subdiff_dist(self, b: f64, grad: f64) -> f64 {
        if !(self.lower..=self.upper).contains(&b) || grad.is_nan() {
            return f64::INFINITY;
        }
        // The subdifferential is the interval [low, high].
        let smooth = self.l2 * b;
        let (mut low, mut high) = match b {
            b if b > 0.0 => (smooth + self.l1, smooth + self.l1),
            b if b < 0.0 => (smooth - self.l1, smooth - self.l1),
            _ => (-self.l1, self.l1),
        };
        if b == self.lower {
            low = f64::NEG_INFINITY;
        }
        if b == self.upper {
            high = f64::INFINITY;
        }
        crate::worst(crate::worst(0.0, low + grad), -grad - high)
    }

    /// `sup_b u b - value(b)`; `+inf` where `u` is NaN.
    #[inline]
    pub fn conjugate(self, u: f64) -> f64 {
        // Without branches but on what is the same for all coefficients; so below.
        let supremum = if self.l2 > 0.0 {
            let b = (kernels::soft_threshold(u, self.l1) / self.l2).clamp(self.lower, self.upper);
            u * b - self.value(b)
        } else {
            // Linear on both sides of zero: the supremum is at zero or at an end.
            let slack = 1e-12 * self.l1;
            let at_end = |length: f64, slope: f64| {
                let value = if length == 0.0 { 0.0 } else { length * slope };
                if slope > slack { value } else { 0.0 }
            };
            at_end(self.upper, u - self.l1) + at_end(-self.lower, -u - self.l1)
        };
        if u.is_nan() { f64::INFINITY } else { supremum }
    }

    /// The largest `s` in `[0, 1]` with a finite conjugate at `s u`.
    #[inline]
    pub fn dual_scale(self, u: f64) -> f64 {
        let open = if u > 0.0 { self.upper } else { self.lower };
        let is_finite = (self.l2 > 0.0) | open.is_finite() | (u.abs() <= self.l1);
        let ratio = self.l1 / u.abs();
        if is_finite { 1.0 } else { ratio }
    }

    /// The smallest `s` for which 0 minimises `grad b + s l1 |b| + ...`; `None` where none does.
    pub fn zero_threshold(self, grad: f64) -> Option<f64> {
        let blocked = (grad > 0.0 && self.lower == 0.0) || (grad < 0.0 && self.upper == 0.0);
        if grad == 0.0 || blocked {
            Some(0.0)
        } else if self.l1 > 0.0 {
            Some(grad.abs() / self.l1)
        } else {
            None
        }
    }
}

/// A penalty `sum_t omega_t(D_t beta)`.
pub trait Terms: Send + Sync {
    /// The terms, in the order of the problem file.
    fn terms(&self) -> Vec<Term<'_>>;
}

/// One term of a sum.
#[derive(Clone, Copy)]
pub struct Term<'a> {
    /// The penalty, on `operator.rows()` numbers, or on the coefficients where there is none.
    pub penalty: &'a dyn Penalty,
    /// The operator in front; `None` stands for the identity.
    pub operator: Option<&'a dyn Operator>,
}

/// A linear operator from the coefficients (length p K) to `rows()` numbers.
pub trait Operator: Debug + Send + Sync {
    /// Length of the result.
    fn rows(&self) -> usize;
    /// `out <- D beta`.
    fn mul(&self, beta: &[f64], out: &mut [f64]);
    /// `out <- D' u`.
    fn mul_t(&self, u: &[f64], out: &mut [f64]);
    /// An upper bound on `||D||_2^2`.
    fn norm_bound(&self) -> f64;
}

#[cfg(test)]
mod tests {
    use super::{Prox, Separable};

    /// `j |b| / 8`, another one for each coefficient.
    struct Rising;

    impl Separable for Rising {
        fn value_at(&self, j: usize, b: f64) -> f64 {
            j as f64 * b.abs() / 8.0
        }
        fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
            v.signum() * (v.abs() - step * j as f64 / 8.0).max(0.0)
        }
        fn subdiff_dist_at(&self, _: usize, _: f64, _: f64) -> f64 {
            0.0
        }
    }

    #[test]
    fn whole_proxes_are_those_of_each_coefficient_at_every_length() {
        for n in [0, 1, 7, 8, 127, 128, 129, 300, 1024] {
            let v: Vec<f64> = (0..n).map(|i| 90.0 * (i as f64).sin()).collect();
            let mut out = vec![f64::NAN; n];
            let value = Rising.prox(&v, 1.5, &mut out);
            let each: Vec<f64> = (0..n).map(|j| Rising.prox_at(j, v[j], 1.5)).collect();
            assert_eq!(out, each);
            let sum: f64 = (0..n).map(|j| Rising.value_at(j, each[j])).sum();
            assert!((value - sum).abs() <= 1e-12 * sum, "{n}: {value}, {sum}");
        }
    }
}
