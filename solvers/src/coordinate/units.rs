//! What descent moves at a time: a coefficient of a separable penalty, or a block of features of a
//! block-separable one. Everything above this file is written once for both.

use fenchel_core::kernels::Stored;
use fenchel_core::{Blocks, Column, Design, Penalty, Separable, Sweep, SweepReport, kernels};

use super::model::Model;

/// Blocks up to this size get a curvature bound by repeated squaring of their Gram matrix; larger
/// ones the trace, which is cheap and never too small.
const LARGEST_SQUARED: usize = 128;

/// Coefficients whose violations are computed at a time: a question to a library each.
const CHUNK: usize = 2048;

/// The share of a column's square that may be left by centring before that cancels.
const LEAST_LEFT: f64 = 1e-8;

/// The penalty, piece by piece.
#[derive(Clone, Copy)]
pub(crate) enum Units<'a> {
    /// One coefficient at a time.
    Coordinates(&'a dyn Separable),
    /// One block of features, in all outputs, at a time.
    Blocks(&'a dyn Blocks),
}

impl<'a> Units<'a> {
    /// The finest pieces that the penalty offers.
    pub fn of(penalty: &'a dyn Penalty) -> Option<Self> {
        penalty
            .as_separable()
            .map(Units::Coordinates)
            .or_else(|| penalty.as_blocks().map(Units::Blocks))
    }

    /// Visits all pieces in order, each with the distance of `-grad` to the subdifferential.
    pub fn violations(&self, beta: &[f64], grad: &[f64], mut visit: impl FnMut(usize, f64)) {
        match self {
            Self::Coordinates(penalty) => {
                let mut distances = [0.0; CHUNK];
                let parts = beta.chunks(CHUNK).zip(grad.chunks(CHUNK)).enumerate();
                for (first, (beta, grad)) in parts.map(|(at, part)| (at * CHUNK, part)) {
                    let distances = &mut distances[..beta.len()];
                    penalty.subdiff_dist_range(first, beta, grad, distances);
                    distances.iter().enumerate().for_each(|(i, d)| visit(first + i, *d));
                }
            }
            Self::Blocks(penalty) => {
                let mut distances = vec![0.0; penalty.groups().len()];
                penalty.subdiff_dists_blocks(beta, grad, &mut distances);
                distances.into_iter().enumerate().for_each(|(unit, d)| visit(unit, d));
            }
        }
    }

    /// Appends the pieces that have a nonzero coefficient, in order.
    pub fn active(&self, beta: &[f64], out: &mut Vec<usize>) {
        match self {
            Self::Coordinates(_) => {
                for (flat, b) in beta.iter().enumerate() {
                    if *b != 0.0 {
                        out.push(flat);
                    }
                }
            }
            Self::Blocks(penalty) => {
                out.extend((0..penalty.groups().len()).filter(|&unit| self.is_active(unit, beta)));
            }
        }
    }

    /// Whether piece `unit` has a nonzero coefficient.
    pub fn is_active(&self, unit: usize, beta: &[f64]) -> bool {
        match self {
            Self::Coordinates(_) => beta[unit] != 0.0,
            Self::Blocks(penalty) => {
                let groups = penalty.groups();
                let members = groups.members(unit);
                beta.chunks(groups.features()).any(|beta| members.iter().any(|&j| beta[j] != 0.0))
            }
        }
    }

    /// Appends the flat indices of the coefficients of piece `unit`.
    pub fn coefficients(&self, unit: usize, coefficients: usize, out: &mut Vec<usize>) {
        match self {
            Self::Coordinates(_) => out.push(unit),
            Self::Blocks(penalty) => {
                let (groups, p) = (penalty.groups(), penalty.groups().features());
                for k in 0..coefficients / p.max(1) {
                    out.extend(groups.members(unit).iter().map(|j| j + k * p));
                }
            }
        }
    }

    /// The features of the pieces in `working`, ascending, each once.
    pub fn features(&self, working: &[usize], features: usize, out: &mut Vec<usize>) {
        out.clear();
        for &unit in working {
            match self {
                Self::Coordinates(_) => out.push(unit % features),
                Self::Blocks(penalty) => out.extend_from_slice(penalty.groups().members(unit)),
            }
        }
        out.sort_unstable();
        out.dedup();
    }

    /// The penalty summed over the pieces in `working`.
    pub fn value(&self, working: &[usize], beta: &[f64]) -> f64 {
        match self {
            Self::Coordinates(penalty) => penalty.value_over(working, beta),
            Self::Blocks(penalty) => penalty.value_over_blocks(working, beta),
        }
    }

    /// Numbers of scratch that a sweep needs.
    pub fn scratch(&self, outputs: usize) -> usize {
        match self {
            Self::Coordinates(_) => 0,
            Self::Blocks(penalty) => 5 * penalty.groups().largest() * outputs,
        }
    }

    /// Appends the stored column sums of piece `unit` under the model's curvature, and that curvature
    /// to `grams` where the piece is a block and has the same one in all outputs; returns a bound on
    /// the curvature along the piece.
    pub fn moments(
        &self,
        unit: usize,
        design: &Design,
        model: &Model,
        sums: &mut Vec<f64>,
        grams: &mut Vec<f64>,
    ) -> f64 {
        let p = design.features();
        match self {
            Self::Coordinates(_) => {
                let (j, k) = (unit % p, unit / p);
                let (sum, square) = column_moments(design, j, model.weights(k), model.total(k));
                sums.push(sum);
                square
            }
            Self::Blocks(penalty) => {
                let members = penalty.groups().members(unit);
                let mut bound = 0.0f64;
                let mut gram = Vec::new();
                for k in 0..model.outputs() {
                    let mut trace = 0.0;
                    for &j in members {
                        let weights = model.weights(k);
                        let (sum, square) = column_moments(design, j, weights, model.total(k));
                        sums.push(sum);
                        trace += square;
                    }
                    // With one curvature for all outputs, one bound serves them all.
                    if k == 0 || !model.is_uniform() {
                        let h = model.weights(k);
                        bound = bound.max(block_bound(members, design, h, trace, &mut gram));
                    }
                }
                if model.is_uniform() || model.outputs() == 1 {
                    grams.extend_from_slice(&gram);
                }
                bound
            }
        }
    }

    /// One epoch.
    pub fn sweep(&self, sweep: &mut Sweep<'_>) -> SweepReport {
        match self {
            Self::Coordinates(penalty) => penalty.sweep(sweep),
            Self::Blocks(penalty) => penalty.sweep_blocks(sweep),
        }
    }
}

/// Curvatures of one output: one a sample, or the same for all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Curvatures<'a> {
    Uniform(f64),
    Each(&'a [f64]),
}

impl Curvatures<'_> {
    /// `u_i <- h_i u_i`.
    pub fn weigh(self, u: &mut [f64]) {
        match self {
            Self::Each(h) => u.iter_mut().zip(h).for_each(|(u, h)| *u *= h),
            Self::Uniform(h) => u.iter_mut().for_each(|u| *u *= h),
        }
    }

    /// `sum_i h_i x_i` of a stored column.
    pub fn dot(self, column: Column<'_>) -> f64 {
        match (self, column) {
            (Self::Each(h), column) => column.dot(h),
            (Self::Uniform(h), Column::Dense(x) | Column::Sparse(_, x)) => h * kernels::sum(x),
        }
    }
}

/// `(sum_i h_i x_ij, sum_i h_i z_ij^2)` with the stored column `x` and the design's column `z`, where
/// `total` is `sum_i h_i`.
pub(crate) fn column_moments(
    design: &Design,
    j: usize,
    h: Curvatures<'_>,
    total: f64,
) -> (f64, f64) {
    let column = design.stored_column(j);
    let (factor, h) = match h {
        Curvatures::Uniform(h) => (h, None),
        Curvatures::Each(h) => (1.0, Some(h)),
    };
    let (sum, square) = column.moments(h);
    let (sum, square) = (factor * sum, factor * square);
    let (centre, scale) = (design.centre(j), design.scale(j));
    let centred = square - 2.0 * centre * sum + centre * centre * total;
    // The textbook form cancels where the mean dwarfs the spread: then by differences.
    let centred = if centred > LEAST_LEFT * square {
        centred / (scale * scale)
    } else {
        factor * design.column_square(j, h)
    };
    (sum, centred)
}

/// The same of the copy of a column whose rows are multiplied by the roots of `h`; `None` where rounding
/// takes part.
pub(crate) fn rooted_moments(
    copy: Column<'_, f32>,
    (centre, scale): (f64, f64),
    roots: &[f64],
    total: f64,
) -> Option<(f64, f64)> {
    let (sum, square) = (copy.dot(roots), copy.square());
    let centred = square - 2.0 * centre * sum + centre * centre * total;
    (centred > LEAST_LEFT * square).then_some((sum, centred / (scale * scale)))
}

/// An upper bound on the largest eigenvalue of the block's Gram matrix `M`: `tr(M^32)^(1/32)`. Writes
/// `M` to `gram`, which is empty for blocks of one feature and for large ones.
pub(crate) fn block_bound(
    members: &[usize],
    design: &Design,
    h: Curvatures<'_>,
    trace: f64,
    gram: &mut Vec<f64>,
) -> f64 {
    gram.clear();
    let m = members.len();
    if m == 1 || m > LARGEST_SQUARED || trace.is_nan() || trace <= 0.0 {
        return trace;
    }
    let n = design.samples();
    let mut column = vec![0.0; n];
    gram.resize(m * m, 0.0);
    for (a, &i) in members.iter().enumerate() {
        column.fill(0.0);
        design.column_axpy(i, 1.0, &mut column);
        h.weigh(&mut column);
        let sum = kernels::sum(&column);
        for (b, &j) in members.iter().enumerate().skip(a) {
            let product = design.column_dot(j, &column, sum);
            (gram[a * m + b], gram[b * m + a]) = (product, product);
        }
    }
    let mut gram: Vec<f64> = gram.iter().map(|q| q / trace).collect();
    let mut square = vec![0.0; m * m];
    for _ in 0..5 {
        for a in 0..m {
            for b in 0..m {
                let rows = (&gram[a * m..(a + 1) * m], &gram[b * m..(b + 1) * m]);
                square[a * m + b] = kernels::dot(rows.0, rows.1);
            }
        }
        std::mem::swap(&mut gram, &mut square);
    }
    let power: f64 = (0..m).map(|a| gram[a * m + a]).sum();
    trace * power.powf(1.0 / 32.0).min(1.0)
}

/// Adds `step` times the design's column to a residual-like pair of stored entries and shift.
pub(crate) fn shifted_axpy<V: Stored>(
    column: Column<'_, V>,
    (centre, scale): (f64, f64),
    step: f64,
    stored: &mut [f64],
    shift: &mut f64,
) {
    let a = step / scale;
    column.axpy(a, stored);
    *shift -= a * centre;
}
