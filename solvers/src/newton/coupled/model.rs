//! The quadratic model of a loss at a point, `q(d, t) = g'd + 1/2 d'Hd` in the change `d` of the
//! predictor, whose blocks of curvature couple the K columns of a sample.
//!
//! What is kept is the gradient of `q` (n x K), so that a coordinate costs one inner product. A step
//! along one column moves the gradient in all that are coupled to it: its neighbours for tridiagonal
//! blocks. For `diag(c) - v v'` the second part is kept as one number a sample, `s = v'd`, which
//! leaves every step as cheap as with one column; and it is brought up to date only when steps go on
//! to another column.
//!
//! Intercepts or thresholds (below: free parameters) move a column of the predictor as a whole. They
//! are eliminated: each step along a coordinate takes them along, by `-M^-1 m` times the step with
//! `M` the curvature in them and `m` that between them and the coordinate. So they are optimal at
//! every moment, for O(K) a step, and so are the constants that centring a sparse column brings in:
//! both are one `shift` a column, which the gradient is kept without.

use faer::{MatRef, Side};
use fenchel_core::{Column, CurvatureForm, DataFit, Design, Thresholds, kernels};

use crate::coordinate::{Curvatures, Quadratic};

/// Curvatures are kept above this share of the largest, as in the model of a diagonal curvature.
const CURVATURE_FLOOR: f64 = 1e-6;

/// Directions of the free parameters with less than this share of the largest curvature stay put.
const FLAT: f64 = 1e-11;

#[derive(Debug)]
pub(super) struct Model {
    n: usize,
    /// Columns of `eta`.
    pub outputs: usize,
    /// Columns of the predictor: L where thresholds share one column of `eta`, else K.
    pub wide: usize,
    /// Whether the free parameters are there.
    pub free: bool,
    /// Of the curvature in `eta`.
    form: CurvatureForm,
    curvature: Vec<f64>,
    /// The diagonal of the blocks, n x K.
    diagonal: Vec<f64>,
    /// Curvature between the one column of `eta` and each of several thresholds, n x L.
    cross: Vec<f64>,
    /// `sum_i` of the curvature in the predictor, L x L, and its pseudoinverse.
    information: Vec<f64>,
    inverse: Vec<f64>,
    /// The curvature between one column of `eta` and all of them, for rank-one blocks, n x K.
    products: Vec<f64>,
    /// The moving parts.
    pub at: Position,
    /// The column of `eta` that is being descended on, for rank-one blocks.
    resident: Resident,
}

/// What steps along one column of `eta` move is kept beside the position, so that they touch neither
/// the projection nor its factor before another column is entered.
#[derive(Debug, Default)]
struct Resident {
    column: Option<usize>,
    /// The gradient in that column, without `shift`.
    gradient: Vec<f64>,
    /// What was added to that column, without `shift`.
    moved: Vec<f64>,
}

/// What a step moves, beside the coefficients and the free parameters.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// The gradient in `eta` without `shift` and, for rank-one blocks, without `v s`; n x K.
    gradient: Vec<f64>,
    /// `s = v'd` of every sample, for rank-one blocks.
    projection: Vec<f64>,
    /// What was added to each column of the predictor.
    shift: Vec<f64>,
    /// Sums of the true gradient over samples, one a column of the predictor.
    sums: Vec<f64>,
}

/// A loss at a point.
pub(super) struct Local<'a> {
    pub fit: &'a dyn DataFit,
    pub thresholds: Option<Thresholds<'a>>,
    /// Whether intercepts are fitted.
    pub intercept: bool,
    pub eta: &'a [f64],
    pub own: &'a [f64],
    pub grad_eta: &'a [f64],
    pub grad_own: &'a [f64],
}

impl Position {
    /// Takes over another position without allocating.
    pub fn copy_from(&mut self, other: &Self) {
        self.gradient.clone_from(&other.gradient);
        self.projection.clone_from(&other.projection);
        self.shift.clone_from(&other.shift);
        self.sums.clone_from(&other.sums);
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            n: 0,
            outputs: 0,
            wide: 0,
            free: false,
            form: CurvatureForm::Diagonal,
            curvature: Vec::new(),
            diagonal: Vec::new(),
            cross: Vec::new(),
            information: Vec::new(),
            inverse: Vec::new(),
            products: Vec::new(),
            at: Position::default(),
            resident: Resident::default(),
        }
    }
}

impl Model {
    /// The model of a loss at a point.
    pub fn set(&mut self, local: &Local<'_>) {
        let (fit, thresholds) = (local.fit, local.thresholds);
        let seen = thresholds.map_or(fit, |thresholds| thresholds.fit);
        let curvature = seen.as_curvature().expect("`supports` asked for a curvature");
        (self.n, self.outputs, self.wide) = (fit.samples(), fit.outputs(), seen.outputs());
        self.free = local.intercept || thresholds.is_some();
        self.form = curvature.form();
        self.curvature.resize(self.form.length(self.n, self.wide), 0.0);
        let mut predictor = Vec::new();
        match thresholds {
            Some(thresholds) => thresholds.predictor(local.eta, local.own, &mut predictor),
            None => predictor.extend_from_slice(local.eta),
        }
        curvature.curvature(&predictor, &[], &mut self.curvature);
        self.set_information(&mut predictor);
        if self.wide > self.outputs {
            self.share_column(&predictor);
        } else {
            self.cross.clear();
            self.raise(local.grad_eta);
        }
        self.set_inverse();
        self.set_diagonal();

        self.resident.column = None;
        let at = &mut self.at;
        at.gradient.clear();
        at.gradient.extend_from_slice(local.grad_eta);
        at.projection.clear();
        at.projection.resize(if self.form == CurvatureForm::RankOne { self.n } else { 0 }, 0.0);
        at.shift.clear();
        at.shift.resize(self.wide, 0.0);
        at.sums.clear();
        match thresholds {
            Some(_) => at.sums.extend_from_slice(local.grad_own),
            None => at.sums.extend(local.grad_eta.chunks(self.n).map(kernels::sum)),
        }
    }

    /// Fills `information`; `scratch` is overwritten.
    fn set_information(&mut self, scratch: &mut Vec<f64>) {
        let (n, wide) = (self.n, self.wide);
        let mut indicator = vec![0.0; n * wide];
        scratch.resize(n * wide, 0.0);
        self.information.clear();
        for l in 0..wide {
            indicator[l * n..(l + 1) * n].fill(1.0);
            self.form.multiply(n, &self.curvature, &indicator, scratch);
            indicator[l * n..(l + 1) * n].fill(0.0);
            self.information.extend(scratch.chunks(n).map(kernels::sum));
        }
    }

    /// One column of `eta` moves all columns of the predictor: its curvature is the sum of theirs.
    fn share_column(&mut self, predictor: &[f64]) {
        let n = self.n;
        let ones = vec![1.0; predictor.len()];
        self.cross.resize(predictor.len(), 0.0);
        self.form.multiply(n, &self.curvature, &ones, &mut self.cross);
        self.form = CurvatureForm::Diagonal;
        self.curvature.clear();
        self.curvature.resize(n, 0.0);
        for cross in self.cross.chunks(n) {
            kernels::axpy(1.0, cross, &mut self.curvature);
        }
    }

    /// Keeps the diagonal away from 0 where the gradient is not 0.
    fn raise(&mut self, grad: &[f64]) {
        if self.form == CurvatureForm::Blocks {
            return;
        }
        let diagonal = &mut self.curvature[..grad.len()];
        let floor = CURVATURE_FLOOR * kernels::max_abs(diagonal);
        for (h, g) in diagonal.iter_mut().zip(grad) {
            if *g != 0.0 {
                *h = h.max(floor);
            }
        }
    }

    fn set_inverse(&mut self) {
        let m = self.wide;
        let matrix = MatRef::from_column_major_slice(&self.information, m, m);
        self.inverse.clear();
        self.inverse.resize(m * m, 0.0);
        let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) else { return };
        let values = eigen.S().column_vector();
        let top = (0..m).fold(0.0f64, |top, e| top.max(values[e]));
        for e in (0..m).filter(|&e| values[e] > FLAT * top) {
            let vector = eigen.U().col(e);
            for (l, f) in (0..m).flat_map(|l| (0..m).map(move |f| (l, f))) {
                self.inverse[f + m * l] += vector[f] * vector[l] / values[e];
            }
        }
    }

    fn set_diagonal(&mut self) {
        let (n, outputs) = (self.n, self.outputs);
        self.diagonal.clear();
        match self.form {
            CurvatureForm::Blocks => {
                (0..outputs).for_each(|k| {
                    self.diagonal.extend_from_slice(plane(&self.curvature, n, k * (outputs + 1)))
                });
            }
            CurvatureForm::RankOne => {
                let (c, v) = self.curvature.split_at(n * outputs);
                self.diagonal.extend(c.iter().zip(v).map(|(c, v)| c - v * v));
            }
            _ => self.diagonal.extend_from_slice(&self.curvature[..n * outputs]),
        }
    }

    /// A diagonal (n x K) that bounds the blocks: the absolute row sums.
    pub fn bound(&self, out: &mut Vec<f64>) {
        let n = self.n;
        out.clear();
        out.resize(n * self.outputs, 0.0);
        if self.form == CurvatureForm::RankOne {
            out.copy_from_slice(&self.curvature[..n * self.outputs]);
            return;
        }
        for (k, out) in out.chunks_mut(n).enumerate() {
            for l in self.coupled(k) {
                let block = self.block(k, l);
                out.iter_mut().zip(block).for_each(|(out, h)| *out += h.abs());
            }
        }
    }

    /// The diagonal of the blocks in column `k`.
    pub fn diagonal(&self, k: usize) -> &[f64] {
        plane(&self.diagonal, self.n, k)
    }

    /// `sum_i` of that.
    pub fn total(&self, k: usize) -> f64 {
        kernels::sum(self.diagonal(k))
    }

    /// Columns whose gradient a step along column `k` moves.
    fn coupled(&self, k: usize) -> std::ops::Range<usize> {
        match self.form {
            CurvatureForm::Blocks => 0..self.outputs,
            CurvatureForm::Tridiagonal => k.saturating_sub(1)..(k + 2).min(self.outputs),
            _ => k..k + 1,
        }
    }

    /// Entry `(k, l)` of the blocks, but for rank-one blocks.
    fn block(&self, k: usize, l: usize) -> &[f64] {
        let at = match self.form {
            CurvatureForm::Blocks => k + self.outputs * l,
            CurvatureForm::Tridiagonal if k != l => self.outputs + k.min(l),
            _ => k,
        };
        plane(&self.curvature, self.n, at)
    }

    /// `v` of column `k`, for rank-one blocks.
    fn factor(&self, k: usize) -> &[f64] {
        plane(&self.curvature, self.n, self.outputs + k)
    }

    /// Makes ready for [`Model::moments`] along column `k` of `eta`.
    pub fn prepare_moments(&mut self, k: usize) {
        if self.form != CurvatureForm::RankOne {
            return;
        }
        let (n, outputs) = (self.n, self.outputs);
        self.products.resize(n * outputs, 0.0);
        let factors = &self.curvature[n * outputs..];
        let factor = plane(factors, n, k);
        for (out, other) in self.products.chunks_mut(n).zip(factors.chunks(n)) {
            out.iter_mut().zip(factor).zip(other).for_each(|((out, v), w)| *out = -v * w);
        }
        self.products[k * n..(k + 1) * n].copy_from_slice(plane(&self.diagonal, n, k));
    }

    /// Writes `sum_i x_i h_il` for the stored column `x`, where `h_l` is the curvature between column
    /// `k` of `eta` and each column of the predictor.
    pub fn moments(&self, column: Column<'_>, k: usize, out: &mut [f64]) {
        if self.wide > self.outputs {
            column.dot_each(self.n, &self.cross, out);
        } else if self.form == CurvatureForm::RankOne {
            column.dot_each(self.n, &self.products, out);
        } else {
            out.fill(0.0);
            for l in self.coupled(k) {
                out[l] = column.dot(self.block(k, l));
            }
        }
    }

    /// From those moments to those of the design's column: centred and scaled.
    pub fn centre(&self, design: &Design, j: usize, k: usize, moments: &mut [f64]) {
        let (centre, scale, wide) = (design.centre(j), design.scale(j), self.wide);
        for (f, moment) in moments.iter_mut().enumerate() {
            let total: f64 = self.columns(k).map(|l| self.information[f + wide * l]).sum();
            *moment = (*moment - centre * total) / scale;
        }
    }

    /// Columns of the predictor that column `k` of `eta` moves.
    fn columns(&self, k: usize) -> std::ops::Range<usize> {
        if self.wide > self.outputs { 0..self.wide } else { k..k + 1 }
    }

    /// `out <- M^+ v`.
    pub fn solve(&self, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (v, column) in v.iter().zip(self.inverse.chunks(self.wide)) {
            kernels::axpy(*v, column, out);
        }
    }

    /// Moves the free parameters to their optimum.
    pub fn settle(&mut self, free: &mut [f64]) {
        if !self.free {
            return;
        }
        let mut step = vec![0.0; self.wide];
        self.solve(&self.at.sums, &mut step);
        for ((free, shift), step) in free.iter_mut().zip(&mut self.at.shift).zip(&step) {
            *free -= step;
            *shift -= step;
        }
        self.at.sums.fill(0.0);
    }

    /// Makes steps along column `k` of `eta` cheap, until [`Model::leave`] or another column.
    pub fn enter(&mut self, k: usize) {
        if self.form != CurvatureForm::RankOne || self.resident.column == Some(k) {
            return;
        }
        self.leave();
        let mut resident = std::mem::take(&mut self.resident);
        resident.column = Some(k);
        resident.moved.clear();
        resident.moved.resize(self.n, 0.0);
        resident.gradient.clear();
        let parts = plane(&self.at.gradient, self.n, k).iter().zip(self.factor(k));
        resident.gradient.extend(parts.zip(&self.at.projection).map(|((g, v), s)| g - v * s));
        self.resident = resident;
    }

    /// Brings the position up to date; without effect where no column was entered.
    pub fn leave(&mut self) {
        let Some(k) = self.resident.column.take() else { return };
        let (n, moved) = (self.n, &self.resident.moved);
        let c = plane(&self.curvature, n, k);
        kernels::axpy3(1.0, c, moved, &mut self.at.gradient[k * n..(k + 1) * n]);
        let v = plane(&self.curvature, n, self.outputs + k);
        kernels::axpy3(1.0, v, moved, &mut self.at.projection);
    }

    /// The derivative along coefficient `(j, k)`, whose stored moments are `moments`.
    #[inline]
    pub fn derivative(
        &self,
        design: &Design,
        column: Column<'_>,
        (j, k): (usize, usize),
        moments: &[f64],
    ) -> f64 {
        let gradient = plane(&self.at.gradient, self.n, k);
        let product = if self.resident.column == Some(k) {
            column.dot(&self.resident.gradient)
        } else if self.form == CurvatureForm::RankOne {
            column.dot_less(gradient, self.factor(k), &self.at.projection)
        } else {
            column.dot(gradient)
        };
        let shifted: f64 = moments.iter().zip(&self.at.shift).map(|(m, t)| m * t).sum();
        let sums: f64 = self.at.sums[self.columns(k)].iter().sum();
        (product + shifted - design.centre(j) * sums) / design.scale(j)
    }

    /// Moves coefficient `(j, k)` by `step`, and the free parameters with it by `response` times that.
    /// Without free parameters `response` holds the moments of the design's column.
    #[inline]
    pub fn advance(
        &mut self,
        design: &Design,
        column: Column<'_>,
        (j, k): (usize, usize),
        step: f64,
        response: &[f64],
        free: &mut [f64],
    ) {
        let a = step / design.scale(j);
        let n = self.n;
        let mut gradient = std::mem::take(&mut self.at.gradient);
        if self.resident.column == Some(k) {
            let Resident { gradient, moved, .. } = &mut self.resident;
            column.axpy_both(a, plane(&self.diagonal, n, k), gradient, moved);
        } else if self.form == CurvatureForm::RankOne {
            let c = plane(&self.curvature, n, k);
            column.axpy3(a, c, &mut gradient[k * n..(k + 1) * n]);
            let mut projection = std::mem::take(&mut self.at.projection);
            column.axpy3(a, self.factor(k), &mut projection);
            self.at.projection = projection;
        } else {
            for l in self.coupled(k) {
                column.axpy3(a, self.block(k, l), &mut gradient[l * n..(l + 1) * n]);
            }
        }
        self.at.gradient = gradient;
        let centre = a * design.centre(j);
        let moved = self.columns(k);
        self.at.shift[moved].iter_mut().for_each(|t| *t -= centre);
        if self.free {
            for ((free, shift), r) in free.iter_mut().zip(&mut self.at.shift).zip(response) {
                *free -= step * r;
                *shift -= step * r;
            }
        } else {
            self.at.sums.iter_mut().zip(response).for_each(|(sum, m)| *sum += step * m);
        }
    }
}

impl Model {
    /// Curvature between a single column of `eta` and each column of the predictor, n x L.
    fn shared(&self) -> &[f64] {
        if self.wide > 1 { &self.cross } else { &self.curvature[..self.n] }
    }

    /// Whether a single column of `eta` moves all there is, so that nothing couples its samples.
    pub fn is_single(&self) -> bool {
        self.outputs == 1 && self.form != CurvatureForm::RankOne
    }
}

/// Of a single column of `eta`, free parameters at their best.
impl Quadratic for Model {
    fn outputs(&self) -> usize {
        1
    }
    fn weighted_residual(&self, _: usize, out: &mut Vec<f64>) {
        let begin = out.len();
        out.extend_from_slice(&self.at.gradient);
        for (cross, shift) in self.shared().chunks(self.n).zip(&self.at.shift) {
            kernels::axpy(*shift, cross, &mut out[begin..]);
        }
        out[begin..].iter_mut().for_each(|g| *g = -*g);
    }
    fn weights(&self, _: usize) -> Curvatures<'_> {
        Curvatures::Each(self.diagonal(0))
    }
    fn is_fixed(&self) -> bool {
        false
    }
    fn eliminate(
        &self,
        k: usize,
        design: &Design,
        features: &[usize],
        first: usize,
        products: &mut [f64],
    ) {
        if !self.free {
            return;
        }
        let (wide, m) = (self.wide, features.len());
        let mut moments = vec![0.0; m * wide];
        for (&j, moments) in features.iter().zip(moments.chunks_mut(wide)) {
            self.moments(design.stored_column(j), k, moments);
            self.centre(design, j, k, moments);
        }
        let mut response = vec![0.0; wide];
        for (b, column) in products.chunks_mut(m).enumerate() {
            let end = first + b;
            self.solve(&moments[end * wide..][..wide], &mut response);
            for (entry, moments) in column[..=end].iter_mut().zip(moments.chunks(wide)) {
                *entry -= kernels::dot(moments, &response);
            }
        }
    }
}

fn plane(values: &[f64], n: usize, at: usize) -> &[f64] {
    &values[at * n..(at + 1) * n]
}
