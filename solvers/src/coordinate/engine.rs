//! Minimises the local model plus the penalty over a working set, by epochs of (block) coordinate
//! descent with Anderson extrapolation, and Newton steps on the support where they pay.

use fenchel_core::design::Identity;
use fenchel_core::{Copies, Design, Grams, Separable, Sweep};

use super::anderson::Anderson;
use super::conjugate::{At, SupportCg};
use super::model::{Model, Profiled};
use super::pieces::{Columns, Pieces};
use super::support::{Patience, SupportNewton, price};
use super::units::Units;

/// The share of a whole epoch's largest step down to which the nonzero pieces are moved alone before
/// the next one.
pub(crate) const FOCUS: f64 = 0.1;

/// The share of the design's memory that copies may take: with the vectors of its sides a fit stays near one
/// and a half designs.
const COPIED: f64 = 0.3;

/// The largest share of change that curvatures are held for, and how many columns of Newton steps that takes: with so
/// many their products cost as much as some ten steps (measured: with a quarter of that, loose fits take longer).
const NEAR: f64 = 0.1;
const MANY: f64 = 512.0;

/// Epochs that a Newton step by conjugate gradients costs.
const CONJUGATE: f64 = 30.0;

/// The price up to which steps on the matrix are preferred: they go on without touching the data.
pub(crate) const DIRECT: f64 = 80.0;

/// Buffers of the inner solve, and the model that it moves.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    /// The model; its residual is true for the point on return, but for 1e-7 of its change where descent
    /// worked on [`Copies`].
    pub model: Model,
    all: Pieces,
    /// Those of the working set before.
    before: Pieces,
    nonzero: Pieces,
    scratch: Vec<f64>,
    anderson: Anderson,
    newton: SupportNewton,
    conjugate: SupportCg,
    /// Columns visited since it was last set to zero.
    pub visits: usize,
    patience: Patience,
    saved: Option<Saved>,
    end: Vec<f64>,
    shifts: Vec<f64>,
    grad_eta: Vec<f64>,
    design: Option<Identity>,
    /// Copies of the columns of all pieces, with the roots of the curvatures in them.
    copies: Copies,
}

/// The Newton step that suits a support, and its price in epochs over it.
#[derive(Debug, Clone, Copy)]
enum Newton {
    /// On the matrix, of which products may be kept.
    Matrix {
        price: f64,
        kept: bool,
    },
    Conjugate,
    None,
}

impl Newton {
    fn price(self) -> f64 {
        match self {
            Self::Matrix { price, .. } => price,
            Self::Conjugate => CONJUGATE,
            Self::None => f64::INFINITY,
        }
    }
}

/// A point to return to where an extrapolation does not pay.
#[derive(Debug, Default)]
struct Saved {
    beta: Vec<f64>,
    intercepts: Vec<f64>,
    residual: Vec<f64>,
    shift: Vec<f64>,
    weighted_sum: Vec<f64>,
}

/// When the inner solve may stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inner {
    /// Largest `curvature * |step|` of an epoch that counts as solved.
    pub tol: f64,
    /// Most epochs.
    pub epochs: usize,
    /// Whether the penalty is convex: else points are not extrapolated, and coefficients leave its pieces.
    pub convex: bool,
    /// Whether points are extrapolated and Newton steps on the support tried.
    pub hasten: bool,
    /// Whether no violator was left out, so that the support is likely to stay.
    pub complete: bool,
    /// Whether a Newton step on a matrix that is taken ends it, where others go on with an epoch over all pieces: that
    /// makes sure of progress.
    pub ends: bool,
}

impl Engine {
    /// Begins on a problem with this design, perhaps with what is kept from another one with the same
    /// loss.
    pub fn begin(&mut self, design: &Design) {
        if self.design.as_ref().is_none_or(|kept| !kept.is(design)) {
            *self = Self { design: Some(design.identity()), ..Self::default() };
        }
        self.patience.start();
    }

    /// The share of all curvatures by which they may have changed and be held. A step under curvatures of before
    /// leaves about that share of the violation before it, and saves the products of the columns of Newton steps: the
    /// more the more of them there are, beside the passes over columns that each step takes. None without products;
    /// with some at least `enough`, which does no harm.
    pub fn near(&self, enough: f64) -> f64 {
        match self.newton.columns() {
            0 => 0.0,
            columns => NEAR * (columns as f64 / MANY).max(enough / NEAR).min(1.0),
        }
    }

    /// Runs epochs over `working`, and between them epochs over its nonzero pieces only, which cost
    /// less and do most of the work. Returns how many.
    pub fn descend(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        beta: &mut [f64],
        intercepts: &mut [f64],
        inner: Inner,
    ) -> usize {
        let (mut all, mut nonzero) =
            (std::mem::take(&mut self.all), std::mem::take(&mut self.nonzero));
        self.prepare(units, design, working, beta.len(), &mut all);
        // A step along a coordinate takes the intercept along; there may be none to take.
        self.model.settle(intercepts);
        let mut left = inner.epochs;
        'descent: while left > 0 {
            let last = self.epoch(units, design, &all, beta, intercepts);
            left -= 1;
            if last <= inner.tol {
                break;
            }
            let fewer = nonzero.take_nonzero(&all, units, beta);
            let suited = self.suited(units, design, &nonzero, inner);
            if fewer {
                self.anderson.clear();
                self.patience.begin();
                let tol = inner.tol.max(FOCUS * last);
                while left > 0 {
                    let step = self.epoch(units, design, &nonzero, beta, intercepts);
                    left -= 1;
                    if step <= tol {
                        break;
                    }
                    if self.is_due(suited, step, inner)
                        && self.newton(suited, units, design, &nonzero, beta, intercepts)
                    {
                        // The certificate tells, or the next epoch over all pieces.
                        if inner.ends {
                            break 'descent;
                        }
                        break;
                    }
                    self.extrapolate(units, design, &nonzero, beta, intercepts, inner);
                }
                self.anderson.clear();
                self.patience.begin();
            } else {
                if self.is_due(suited, last, inner)
                    && self.newton(suited, units, design, &nonzero, beta, intercepts)
                    && inner.ends
                {
                    break 'descent;
                }
                self.extrapolate(units, design, &all, beta, intercepts, inner);
            }
        }
        (self.all, self.nonzero) = (all, nonzero);
        self.model.take_roots_out();
        inner.epochs - left
    }

    /// Copies the columns of coordinates where they are sparse and curvatures differ, see [`Copies`].
    fn copy(&mut self, units: &Units<'_>, design: &Design, working: &[usize]) {
        self.copies.clear();
        let here = matches!(units, Units::Coordinates(penalty) if penalty.sweeps_here());
        let single = self.model.outputs() == 1 && !self.model.is_uniform();
        if !here || !single || !design.matrix().is_sparse() {
            return;
        }
        let stored = |&j: &usize| design.stored_column(j).stored();
        let bytes = Copies::bytes(design, working.iter().map(stored).sum());
        if bytes as f64 > COPIED * design.matrix().bytes() as f64 {
            return;
        }
        self.model.divide_by_roots();
        if let Some(roots) = self.model.roots()
            && !self.copies.take(design, working, roots, &self.model.residual)
        {
            self.model.take_roots_out();
        }
    }

    /// Remembers the point, and now and then tries the extrapolation of the last ones.
    fn extrapolate(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        pieces: &Pieces,
        beta: &mut [f64],
        intercepts: &mut [f64],
        inner: Inner,
    ) {
        if inner.convex && inner.hasten {
            let iterate = pieces.support().iter().map(|&f| beta[f]);
            if let Some(point) = self.anderson.push(iterate) {
                self.jump(units, design, pieces, beta, intercepts, &point);
            }
        }
    }

    /// The Newton step that suits `pieces`.
    fn suited(&self, units: &Units<'_>, design: &Design, pieces: &Pieces, inner: Inner) -> Newton {
        match units {
            Units::Coordinates(_) if !pieces.support().is_empty() => {
                let lasting = self.model.lasting();
                let missing = self.newton.missing(design, lasting, pieces.support());
                let price = price(design, pieces.support(), missing, inner.convex);
                // Pairs of sparse columns take so long that conjugate gradients are there before.
                let most = if design.matrix().is_sparse() { CONJUGATE } else { DIRECT };
                let kept = missing.is_some();
                if price <= most { Newton::Matrix { price, kept } } else { Newton::Conjugate }
            }
            _ => Newton::None,
        }
    }

    /// Counts an epoch with this largest step; whether it is time for a Newton step.
    fn is_due(&mut self, suited: Newton, step: f64, inner: Inner) -> bool {
        // A matrix serves further steps. Conjugate gradients in haste took longer than the epochs that
        // they saved (twice the instructions on a sparse lasso).
        let haste = matches!(suited, Newton::Matrix { .. }) && inner.complete;
        let inner = Inner { complete: haste, ..inner };
        let kept = matches!(suited, Newton::Matrix { kept: true, .. });
        let at_once = haste && kept && self.patience.trusts(suited.price());
        (self.patience.is_over(suited.price(), step, inner) || at_once) && inner.hasten
    }

    /// Tries a Newton step on the support, and makes the next one wait for longer if it is not taken;
    /// whether the support is all but solved now, as by steps on a matrix that were.
    fn newton(
        &mut self,
        suited: Newton,
        units: &Units<'_>,
        design: &Design,
        pieces: &Pieces,
        beta: &mut [f64],
        intercepts: &mut [f64],
    ) -> bool {
        let Units::Coordinates(penalty) = units else { return false };
        let support = (pieces.support(), pieces.lipschitz.as_slice());
        let mut end = std::mem::take(&mut self.end);
        let found = match suited {
            Newton::Matrix { .. } => {
                let model = Profiled { model: &self.model, intercept: !intercepts.is_empty() };
                self.newton.run(*penalty, design, &model, support, beta, &mut end)
            }
            Newton::Conjugate => {
                self.conjugate_step(*penalty, design, pieces, (beta, intercepts), &mut end)
            }
            Newton::None => false,
        };
        let taken = found && self.jump(units, design, pieces, beta, intercepts, &end);
        self.end = end;
        self.patience.renew(taken);
        self.anderson.clear();
        taken && matches!(suited, Newton::Matrix { .. })
    }

    fn conjugate_step(
        &mut self,
        penalty: &dyn Separable,
        design: &Design,
        pieces: &Pieces,
        (beta, intercepts): (&[f64], &[f64]),
        end: &mut Vec<f64>,
    ) -> bool {
        let (model, n) = (&self.model, design.samples());
        self.grad_eta.clear();
        (0..model.outputs()).for_each(|k| model.weighted_residual(k, &mut self.grad_eta));
        self.grad_eta.iter_mut().for_each(|g| *g = -*g);
        let at = At {
            support: pieces.support(),
            lipschitz: &pieces.lipschitz,
            beta,
            grad_eta: &self.grad_eta,
            totals: if intercepts.is_empty() { &[] } else { model.totals() },
            copies: self.copies.at(&pieces.places).zip(model.roots()),
        };
        let mut hessian = |v: &[f64], out: &mut [f64]| {
            out.copy_from_slice(v);
            if model.roots().is_none() {
                out.chunks_mut(n).enumerate().for_each(|(k, out)| model.weights(k).weigh(out));
            }
        };
        self.conjugate.run(penalty, design, &mut hessian, at, end, &mut self.shifts)
    }

    /// Curvature bounds and column sums of the working set.
    fn prepare(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        coefficients: usize,
        all: &mut Pieces,
    ) {
        self.anderson.clear();
        let stays = all.curvature.is_some() && all.curvature == self.model.lasting();
        self.copy(units, design, working);
        if stays && all.units == working {
            return;
        }
        // Nothing is taken from pieces of other curvatures.
        let none = Pieces::default();
        let before = if stays {
            std::mem::swap(all, &mut self.before);
            &self.before
        } else {
            &none
        };
        let columns = Columns { design, copies: &self.copies };
        all.renew(before, units, columns, &self.model, (working, coefficients));
        self.scratch.resize(units.scratch(self.model.outputs()), 0.0);
    }

    fn epoch(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        pieces: &Pieces,
        beta: &mut [f64],
        intercepts: &mut [f64],
    ) -> f64 {
        self.visits += pieces.support().len();
        let (mut residual, mut shift, mut weighted_sum) = self.model.take_point();
        let (curvature, uniform) = self.model.swept();
        let report = units.sweep(&mut Sweep {
            design,
            columns: None,
            copies: self.copies.at(&pieces.places),
            curvature,
            uniform,
            intercept: !intercepts.is_empty(),
            beta,
            intercepts,
            residual: &mut residual,
            shift: &mut shift,
            weighted_sum: &mut weighted_sum,
            total: self.model.totals(),
            stored_sums: &pieces.sums,
            working: &pieces.units,
            lipschitz: &pieces.lipschitz,
            offsets: &pieces.offsets,
            grams: Some(Grams { values: &pieces.grams, starts: &pieces.gram_starts }),
            scratch: &mut self.scratch,
        });
        self.model.put_point(residual, shift, weighted_sum);
        report.largest_step
    }

    /// Moves to `point` if the objective of the model falls; whether it did.
    fn jump(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        pieces: &Pieces,
        beta: &mut [f64],
        intercepts: &mut [f64],
        point: &[f64],
    ) -> bool {
        let before = self.model.value() + units.value(&pieces.units, beta);
        let mut saved = self.saved.take().unwrap_or_default();
        saved.beta.clear();
        saved.beta.extend(pieces.support().iter().map(|&f| beta[f]));
        saved.intercepts.clear();
        saved.intercepts.extend_from_slice(intercepts);
        saved.residual.clone_from(&self.model.residual);
        saved.shift.clone_from(&self.model.shift);
        saved.weighted_sum.clone_from(&self.model.weighted_sum);

        let p = design.features();
        let copied = self.copies.at(&pieces.places);
        let steps = pieces.support().iter().zip(point).map(|(&flat, to)| (flat, to - beta[flat]));
        let steps = steps.enumerate().filter(|(_, (_, step))| *step != 0.0);
        if !self.model.advance_all(design, steps.clone().map(|(_, step)| step)) {
            for (at, (flat, step)) in steps {
                let (j, k) = (flat % p, flat / p);
                let placed = (design.centre(j), design.scale(j));
                match copied {
                    None => self.model.advance(design.stored_column(j), placed, k, step),
                    Some(copied) => self.model.advance(copied.column(at).0, placed, k, step),
                }
            }
        }
        pieces.support().iter().zip(point).for_each(|(&flat, to)| beta[flat] = *to);
        self.model.refresh_sums();
        self.model.settle(intercepts);
        let after = self.model.value() + units.value(&pieces.units, beta);
        let taken = after < before;
        if !taken {
            for (&flat, &old) in pieces.support().iter().zip(&saved.beta) {
                beta[flat] = old;
            }
            intercepts.copy_from_slice(&saved.intercepts);
            self.model.residual.clone_from(&saved.residual);
            self.model.shift.clone_from(&saved.shift);
            self.model.weighted_sum.clone_from(&saved.weighted_sum);
        }
        self.saved = Some(saved);
        taken
    }
}
