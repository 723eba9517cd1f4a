//! One epoch of (block) coordinate descent on a weighted least-squares model,
//! ```text
//! min  1/2 sum_k sum_i h_ik r_ik^2 + Omega(beta),      r = z - b0 - X beta  (n x K)
//! ```
//! The context is a struct of slices and the body is generic in the penalty, so that the compiler
//! builds the loop once per penalty and nothing virtual is called inside it.
//!
//! What is kept is the weighted residual `h r`, the negative gradient in the predictor: a correlation
//! gathers one number an entry, and only a step asks for curvatures.
//!
//! Centred columns stay implicit: the true weighted residual is `residual + h shift`, one shift a column
//! of outputs, so that a step along a sparse centred column touches its stored entries only. The
//! intercept's optimal step is a shift as well, hence taken after every coordinate at no cost.

mod abreast;

use crate::copies::Copied;
use crate::design::Design;
use crate::kernels::{ABREAST, Stored};
use crate::matrix::Column;
use crate::penalty::{Blocks, Separable};

/// The weighted least-squares model and the point that an epoch moves.
#[derive(Debug)]
pub struct Sweep<'a> {
    /// The design, n x p.
    pub design: &'a Design,
    /// Where the design holds the columns of this epoch only: the one of each entry of `working`; of
    /// each member of a block, by the block's place in `offsets` divided by K. `None` where column
    /// `j` is feature `j`.
    pub columns: Option<&'a [usize]>,
    /// Copies of the column of each entry of `working`, for coordinates of a single output where all
    /// curvatures are 1: the factors of the copies are the roots of what they were.
    pub copies: Option<Copied<'a>>,
    /// Curvatures `h`, n x K, or `None` where all are `uniform`.
    pub curvature: Option<&'a [f64]>,
    /// The common curvature where `curvature` is `None`.
    pub uniform: f64,
    /// Whether an intercept is fitted along.
    pub intercept: bool,
    /// Coefficients, p x K.
    pub beta: &'a mut [f64],
    /// Intercepts, length K (unused without intercept).
    pub intercepts: &'a mut [f64],
    /// The weighted residual `h r` less its shift, n x K.
    pub residual: &'a mut [f64],
    /// The shift of each output's residual, length K.
    pub shift: &'a mut [f64],
    /// `sum_i h_ik r_ik` of each output, with the true residual, length K.
    pub weighted_sum: &'a mut [f64],
    /// `sum_i h_ik` of each output, length K.
    pub total: &'a [f64],
    /// `sum_i h_ik x_ij` with the *stored* column: by position in `working` for coordinates; for
    /// blocks, `|g| x K` column by column from each block's offset on.
    pub stored_sums: &'a [f64],
    /// Flat coefficient indices (separable) or group numbers (blocks) to visit, in order.
    pub working: &'a [usize],
    /// Curvature along each entry of `working`: `sum_i h_ik x_ij^2`, or a bound for a block.
    pub lipschitz: &'a [f64],
    /// Where each block's stored sums begin, length `working.len()`; empty for separable sweeps.
    pub offsets: &'a [usize],
    /// The curvature of each block, where it is the same for all outputs; see [`Grams`].
    pub grams: Option<Grams<'a>>,
    /// Scratch of at least five times the largest block.
    pub scratch: &'a mut [f64],
}

/// `sum_i h_i x_ia x_ib` of the features of a block, with the design's columns: a block that has it is
/// brought nearly to its own minimum, at no further product with the data.
#[derive(Debug, Clone, Copy)]
pub struct Grams<'a> {
    /// One square matrix after the other.
    pub values: &'a [f64],
    /// Where the one of each entry of `working` begins, and one more; it may have none.
    pub starts: &'a [usize],
}

impl<'a> Grams<'a> {
    fn of(&self, at: usize) -> Option<&'a [f64]> {
        let gram = &self.values[self.starts[at]..self.starts[at + 1]];
        Some(gram).filter(|gram| !gram.is_empty())
    }
}

/// Proximal gradient steps within one block at most.
const STEPS: usize = 10;

/// The share of the first of them below which the block counts as solved.
const SOLVED: f64 = 0.1;

/// What an epoch did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SweepReport {
    /// Largest `lipschitz * |step|` of the first step over the visited coordinates or blocks: the size of the
    /// violation that the epoch found, in units of the gradient.
    pub largest_step: f64,
}

impl Sweep<'_> {
    /// `sum_i h_ik x_ij r_ik` for the centred and scaled column.
    #[inline(always)]
    fn correlation<V: Stored>(
        &self,
        column: Column<'_, V>,
        j: usize,
        k: usize,
        stored_sum: f64,
    ) -> f64 {
        let n = self.design.samples();
        let residual = &self.residual[k * n..(k + 1) * n];
        self.correlated(column.dot(residual), j, k, stored_sum)
    }

    /// The same from the product of the stored column with the residual as it is kept.
    #[inline(always)]
    fn correlated(&self, product: f64, j: usize, k: usize, stored_sum: f64) -> f64 {
        let product = product + self.shift[k] * stored_sum;
        (product - self.design.centre(j) * self.weighted_sum[k]) / self.design.scale(j)
    }

    /// Moves coefficient `(j, k)` by `step` and keeps residual, shift and weighted sum true.
    #[inline(always)]
    fn advance<V: Stored>(
        &mut self,
        column: Column<'_, V>,
        j: usize,
        k: usize,
        step: f64,
        stored_sum: f64,
    ) {
        let of = k * self.design.samples()..(k + 1) * self.design.samples();
        let (centre, scale) = (self.design.centre(j), self.design.scale(j));
        let curvature = self.curvature.map(|h| &h[of.clone()]);
        let (residual, shift) = (&mut self.residual[of], &mut self.shift[k]);
        fall(column, (centre, scale), step, (curvature, self.uniform), residual, shift);
        self.follow(j, k, step, stored_sum);
    }

    /// Keeps the weighted sum true after a step that residual and shift have taken.
    #[inline(always)]
    fn follow(&mut self, j: usize, k: usize, step: f64, stored_sum: f64) {
        let (centre, scale) = (self.design.centre(j), self.design.scale(j));
        self.weighted_sum[k] -= step * (stored_sum - centre * self.total[k]) / scale;
    }

    /// Moves the intercept of output `k` to its optimum.
    #[inline(always)]
    fn advance_intercept(&mut self, k: usize) {
        if self.intercept && self.total[k] > 0.0 {
            let step = self.weighted_sum[k] / self.total[k];
            self.intercepts[k] += step;
            self.shift[k] -= step;
            self.weighted_sum[k] = 0.0;
        }
    }
}

/// Takes `step` times a column, with its centre and scale, from the residual of one output, weighted by its
/// curvatures, or the one of all samples where it has no others.
#[inline(always)]
pub fn fall<V: Stored>(
    column: Column<'_, V>,
    (centre, scale): (f64, f64),
    step: f64,
    (curvature, uniform): (Option<&[f64]>, f64),
    residual: &mut [f64],
    shift: &mut f64,
) {
    match curvature {
        None => column.axpy(-step * uniform / scale, residual),
        Some(h) => column.axpy3(-step / scale, h, residual),
    }
    *shift += step * centre / scale;
}

/// One epoch over the coordinates in `working`.
pub fn run<P: Separable + ?Sized>(penalty: &P, s: &mut Sweep<'_>) -> SweepReport {
    let design = s.design;
    let p = s.beta.len() / s.total.len().max(1);
    let mut report = SweepReport::default();
    let (mut next, abreast) = (0, s.is_abreast());
    while next < s.working.len() {
        let at = next;
        if abreast && let Some(largest) = s.move_abreast(penalty, at) {
            report.largest_step = crate::worst(report.largest_step, largest);
            next += ABREAST;
            continue;
        }
        next += 1;
        let flat = s.working[at];
        let (j, k) = if flat < p { (flat, 0) } else { (flat % p, flat / p) };
        let lipschitz = s.lipschitz[at];
        if lipschitz <= 0.0 {
            continue; // the column is zero in this model: the objective does not see it
        }
        let step = match s.copies {
            Some(copies) => {
                let (column, lacking) = copies.column(at);
                let lacking = lacking / design.scale(j);
                move_coordinate(penalty, s, at, (j, k), column, lacking)
            }
            None => {
                let j = s.columns.map_or(j, |columns| columns[at]);
                move_coordinate(penalty, s, at, (j, k), design.stored_column(j), 0.0)
            }
        };
        if step != 0.0 {
            report.largest_step = crate::worst(report.largest_step, lipschitz * step.abs());
        }
    }
    report
}

/// Moves entry `at` of the working set, whose column is `j`, to its minimum; returns its step.
#[inline(always)]
fn move_coordinate<P: Separable + ?Sized, V: Stored>(
    penalty: &P,
    s: &mut Sweep<'_>,
    at: usize,
    (j, k): (usize, usize),
    column: Column<'_, V>,
    lacking: f64,
) -> f64 {
    let stored_sum = s.stored_sums[at];
    let correlation = s.correlation(column, j, k, stored_sum) + lacking;
    let step = set(penalty, s, at, correlation);
    if step != 0.0 {
        s.advance(column, j, k, step, stored_sum);
        s.advance_intercept(k);
    }
    step
}

/// Sets the coefficient of entry `at` of the working set to its minimum, where its column has this correlation with
/// the residual; returns its step, which the residual has to follow.
#[inline(always)]
fn set<P: Separable + ?Sized>(penalty: &P, s: &mut Sweep<'_>, at: usize, correlation: f64) -> f64 {
    let (flat, lipschitz) = (s.working[at], s.lipschitz[at]);
    let old = s.beta[flat];
    let new = penalty.prox_at(flat, old + correlation / lipschitz, 1.0 / lipschitz);
    let step = new - old;
    if step != 0.0 {
        s.beta[flat] = new;
    }
    step
}

/// One epoch over the blocks in `working`: one proximal gradient step a block, or several where its
/// curvature is at hand.
pub fn run_blocks<P: Blocks + ?Sized>(penalty: &P, s: &mut Sweep<'_>) -> SweepReport {
    let design = s.design;
    let groups = penalty.groups();
    let outputs = s.total.len();
    let mut report = SweepReport::default();
    for at in 0..s.working.len() {
        let g = s.working[at];
        let members = groups.members(g);
        let size = members.len() * outputs;
        let lipschitz = s.lipschitz[at];
        if lipschitz <= 0.0 {
            continue;
        }
        let scratch = std::mem::take(&mut s.scratch);
        let (old, rest) = scratch.split_at_mut(size);
        let (target, rest) = rest.split_at_mut(size);
        let (correlations, rest) = rest.split_at_mut(size);
        let (new, rest) = rest.split_at_mut(size);
        let next = &mut rest[..size];
        groups.gather(g, s.beta, old);
        let columns = match s.columns {
            Some(columns) => &columns[s.offsets[at] / outputs..][..members.len()],
            None => members,
        };
        for k in 0..outputs {
            for (m, &j) in columns.iter().enumerate() {
                let stored_sum = s.stored_sums[s.offsets[at] + k * members.len() + m];
                let correlation = s.correlation(design.stored_column(j), j, k, stored_sum);
                let b = k * members.len() + m;
                correlations[b] = correlation;
                target[b] = old[b] + correlation / lipschitz;
            }
        }
        penalty.prox_block(g, target, 1.0 / lipschitz, new);
        let first = distance(old, new);
        report.largest_step = crate::worst(report.largest_step, lipschitz * first);
        if let Some(gram) = s.grams.and_then(|grams| grams.of(at)) {
            let mut left = if first > 0.0 { STEPS - 1 } else { 0 };
            while left > 0 {
                let m = members.len();
                for (b, target) in target.iter_mut().enumerate() {
                    let (row, k) = (&gram[b % m * m..][..m], b / m * m);
                    let steps = new[k..k + m].iter().zip(&old[k..k + m]);
                    let moved: f64 = row.iter().zip(steps).map(|(q, (b, a))| q * (b - a)).sum();
                    *target = new[b] + (correlations[b] - moved) / lipschitz;
                }
                penalty.prox_block(g, target, 1.0 / lipschitz, next);
                let moved = distance(new, next);
                new.copy_from_slice(next);
                left = if moved > SOLVED * first { left - 1 } else { 0 };
            }
        }
        let mut square = 0.0;
        for k in 0..outputs {
            for (m, &j) in columns.iter().enumerate() {
                let step = new[k * members.len() + m] - old[k * members.len() + m];
                if step != 0.0 {
                    let stored_sum = s.stored_sums[s.offsets[at] + k * members.len() + m];
                    s.advance(design.stored_column(j), j, k, step, stored_sum);
                    square += step * step;
                }
            }
        }
        if square > 0.0 {
            groups.scatter(g, new, s.beta);
            for k in 0..outputs {
                s.advance_intercept(k);
            }
        }
        s.scratch = scratch;
    }
    report
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (b - a) * (b - a)).sum::<f64>().sqrt()
}
