//! Minimises the coupled model plus the penalty over a working set, by epochs of (block) coordinate
//! descent with Anderson extrapolation, and Newton steps on the support where one column of `eta`
//! moves all thresholds.

use fenchel_core::{Blocks, Column, Design, LinearModel, Separable, kernels, worst};

use super::model::{Local, Model, Position};
use crate::coordinate::{
    Anderson, Curvatures, DIRECT, FOCUS, Inner, Patience, Quadratic, SupportNewton, Triangle,
    Units, block_bound, column_moments, few_nonzero, price,
};

/// Least share of its curvature that a coordinate keeps when the free parameters go along: less is
/// rounding.
const LEAST_LEFT: f64 = 1e-10;

/// The model and the buffers of the inner solve.
#[derive(Debug, Default)]
pub(crate) struct Descent {
    model: Model,
    coordinates: Vec<Coordinate>,
    /// Which of them an epoch visits, where pieces are coefficients.
    visited: Vec<usize>,
    /// Of each piece, where its coordinates begin, and one more.
    starts: Vec<usize>,
    /// Stored moments of each coordinate, and how the free parameters respond to it; L numbers each.
    moments: Vec<f64>,
    responses: Vec<f64>,
    /// A bound on the curvature along each piece, where pieces are blocks.
    bounds: Vec<f64>,
    diagonal_bound: Vec<f64>,
    block: Vec<f64>,
    anderson: Anderson,
    newton: SupportNewton,
    patience: Patience,
    /// The largest step of the epoch before; 0 where that visited others.
    before: f64,
    end: Vec<f64>,
    saved: Saved,
}

/// One coefficient of the working set.
#[derive(Debug, Clone, Copy)]
struct Coordinate {
    flat: usize,
    /// Feature and output.
    place: (usize, usize),
    /// Curvature along it, free parameters going along.
    curvature: f64,
}

/// A point to return to where an extrapolation does not pay.
#[derive(Debug, Default)]
struct Saved {
    beta: Vec<f64>,
    free: Vec<f64>,
    at: Position,
}

/// A loss at a point, with the parameters that descent may move.
pub(crate) struct Start<'a> {
    pub model: &'a LinearModel,
    pub eta: &'a [f64],
    pub own: &'a [f64],
    pub grad_eta: &'a [f64],
    pub grad_own: &'a [f64],
}

/// The parameters.
struct Parameters<'a> {
    beta: &'a mut [f64],
    free: &'a mut [f64],
}

impl Descent {
    /// Moves `beta` and the free parameters (intercepts or thresholds) to a minimiser of the model at
    /// `start` plus the penalty.
    pub fn run(
        &mut self,
        start: &Start<'_>,
        units: &Units<'_>,
        working: &[usize],
        beta: &mut [f64],
        free: &mut [f64],
        inner: Inner,
    ) {
        let model = start.model;
        self.model.set(&Local {
            fit: &*model.fit,
            thresholds: model.fit.as_own().and_then(|own| own.as_thresholds()),
            intercept: model.intercept,
            eta: start.eta,
            own: start.own,
            grad_eta: start.grad_eta,
            grad_own: start.grad_own,
        });
        let design = &model.design;
        let mut params = Parameters { beta, free };
        self.prepare(units, design, working, params.beta.len());
        self.model.settle(params.free);
        let mut left = inner.epochs;
        while left > 0 {
            let all = 0..self.coordinates.len();
            self.visited.clear();
            self.visited.extend(all);
            let largest = self.epoch(units, design, working, &mut params);
            left -= 1;
            if largest <= inner.tol {
                break;
            }
            if !self.visit_nonzero(units, params.beta) {
                self.hasten(units, design, working, &mut params, largest, inner);
                continue;
            }
            // The nonzero coefficients alone cost less and do most of the work.
            self.anderson.clear();
            self.begin();
            let tol = inner.tol.max(FOCUS * largest);
            while left > 0 {
                let largest = self.epoch(units, design, working, &mut params);
                left -= 1;
                if largest <= tol {
                    break;
                }
                self.hasten(units, design, working, &mut params, largest, inner);
            }
            self.anderson.clear();
            self.begin();
        }
    }

    /// Forgets the rate, as other coefficients are visited from now on.
    fn begin(&mut self) {
        self.patience.begin();
        self.before = 0.0;
    }

    /// Whether descent comes to its tolerance in fewer epochs than a Newton step costs, at the rate at
    /// which its largest steps fall.
    fn is_soon_over(&self, price: f64, step: f64, tol: f64) -> bool {
        let rate = step / self.before;
        rate < 1.0 && (tol / step).ln() / rate.ln() <= price
    }

    fn epoch(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        params: &mut Parameters<'_>,
    ) -> f64 {
        match units {
            Units::Coordinates(penalty) => self.sweep(*penalty, design, params),
            Units::Blocks(penalty) => self.sweep_blocks(*penalty, design, working, params),
        }
    }

    /// Takes what is zero out of the next epochs; whether that is worth while.
    fn visit_nonzero(&mut self, units: &Units<'_>, beta: &[f64]) -> bool {
        if matches!(units, Units::Blocks(_)) {
            return false;
        }
        let all = self.visited.len();
        self.visited.retain(|&at| beta[self.coordinates[at].flat] != 0.0);
        let left = self.visited.len();
        if few_nonzero(left, all) {
            return true;
        }
        self.visited.clear();
        self.visited.extend(0..all);
        false
    }

    /// Between epochs: a Newton step where it is due, and else the extrapolation of the last points.
    fn hasten(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        params: &mut Parameters<'_>,
        largest: f64,
        inner: Inner,
    ) {
        if !inner.convex || !inner.hasten {
            return;
        }
        if let Units::Coordinates(penalty) = units
            && self.model.is_single()
        {
            let coordinates = || self.visited.iter().map(|&at| self.coordinates[at]);
            let support: Vec<usize> = coordinates().map(|c| c.flat).collect();
            let price = price(design, &support, None, true);
            let soon = self.is_soon_over(price, largest, inner.tol);
            if price <= DIRECT && self.patience.is_over(price, largest, inner) && !soon {
                let bounds: Vec<f64> = coordinates().map(|c| c.curvature).collect();
                let support = (support.as_slice(), bounds.as_slice());
                let mut end = std::mem::take(&mut self.end);
                let single = Single {
                    model: &self.model,
                    coordinates: &self.coordinates,
                    moments: &self.moments,
                    responses: &self.responses,
                };
                let found =
                    self.newton.run(*penalty, design, &single, support, params.beta, &mut end);
                let taken = found && self.jump(units, design, working, &end, params);
                self.end = end;
                self.patience.renew(taken);
                self.before = 0.0;
                self.anderson.clear();
                return;
            }
            self.before = largest;
        }
        let iterate = self.visited.iter().map(|&at| params.beta[self.coordinates[at].flat]);
        if let Some(point) = self.anderson.push(iterate) {
            self.jump(units, design, working, &point, params);
        }
    }

    /// Curvatures, moments and responses of the working set.
    fn prepare(&mut self, units: &Units<'_>, design: &Design, working: &[usize], count: usize) {
        let (p, wide) = (design.features(), self.model.wide);
        self.anderson.clear();
        self.coordinates.clear();
        self.starts.clear();
        let mut flat = Vec::new();
        for &unit in working {
            self.starts.push(flat.len());
            units.coefficients(unit, count, &mut flat);
        }
        self.starts.push(flat.len());
        self.coordinates.extend(flat.into_iter().map(|flat| Coordinate {
            flat,
            place: (flat % p, flat / p),
            curvature: 0.0,
        }));
        self.moments.resize(self.coordinates.len() * wide, 0.0);
        self.responses.resize(self.coordinates.len() * wide, 0.0);
        let mut centred = vec![0.0; wide];
        for k in 0..self.model.outputs {
            self.model.prepare_moments(k);
            let total = self.model.total(k);
            let parts = self.moments.chunks_mut(wide).zip(self.responses.chunks_mut(wide));
            let along = self.coordinates.iter_mut().zip(parts).filter(|(c, _)| c.place.1 == k);
            for (coordinate, (moments, response)) in along {
                let j = coordinate.place.0;
                self.model.moments(design.stored_column(j), k, moments);
                centred.copy_from_slice(moments);
                self.model.centre(design, j, k, &mut centred);
                let diagonal = Curvatures::Each(self.model.diagonal(k));
                let (_, square) = column_moments(design, j, diagonal, total);
                coordinate.curvature = square;
                if self.model.free {
                    self.model.solve(&centred, response);
                    let along: f64 = response.iter().zip(&centred).map(|(r, m)| r * m).sum();
                    coordinate.curvature = (square - along).max(LEAST_LEFT * square);
                } else {
                    response.copy_from_slice(&centred);
                }
            }
        }
        self.bounds.clear();
        if let Units::Blocks(penalty) = units {
            self.bound_blocks(*penalty, design, working);
            self.block.resize(3 * penalty.groups().largest() * self.model.outputs, 0.0);
        }
    }

    /// The blocks of curvature are at most a diagonal, under which the outputs are apart.
    fn bound_blocks(&mut self, penalty: &dyn Blocks, design: &Design, working: &[usize]) {
        let (n, mut gram) = (design.samples(), Vec::new());
        self.model.bound(&mut self.diagonal_bound);
        for &unit in working {
            let members = penalty.groups().members(unit);
            let bound = self.diagonal_bound.chunks(n).fold(0.0f64, |top, h| {
                let (total, h) = (kernels::sum(h), Curvatures::Each(h));
                let square = |&j: &usize| column_moments(design, j, h, total).1;
                let trace = members.iter().map(square).sum();
                top.max(block_bound(members, design, h, trace, &mut gram))
            });
            self.bounds.push(bound);
        }
    }

    fn sweep(
        &mut self,
        penalty: &dyn Separable,
        design: &Design,
        params: &mut Parameters<'_>,
    ) -> f64 {
        let wide = self.model.wide;
        let mut largest = 0.0;
        for &at in &self.visited {
            let c = self.coordinates[at];
            if c.curvature <= 0.0 {
                continue; // the column is zero in this model: the objective does not see it
            }
            let column = design.stored_column(c.place.0);
            if matches!(column, Column::Dense(_)) {
                self.model.enter(c.place.1);
            }
            let moments = &self.moments[at * wide..(at + 1) * wide];
            let slope = self.model.derivative(design, column, c.place, moments);
            let old = params.beta[c.flat];
            let new = penalty.prox_at(c.flat, old - slope / c.curvature, 1.0 / c.curvature);
            if new != old {
                params.beta[c.flat] = new;
                let response = &self.responses[at * wide..(at + 1) * wide];
                self.model.advance(design, column, c.place, new - old, response, params.free);
                largest = worst(largest, c.curvature * (new - old).abs());
            }
        }
        self.model.leave();
        largest
    }

    fn sweep_blocks(
        &mut self,
        penalty: &dyn Blocks,
        design: &Design,
        working: &[usize],
        params: &mut Parameters<'_>,
    ) -> f64 {
        let wide = self.model.wide;
        let mut largest = 0.0;
        for (unit, (range, bound)) in working.iter().zip(self.starts.windows(2).zip(&self.bounds)) {
            if *bound <= 0.0 {
                continue;
            }
            let range = range[0]..range[1];
            let size = range.len();
            let (old, rest) = self.block.split_at_mut(size);
            let (target, rest) = rest.split_at_mut(size);
            let new = &mut rest[..size];
            for (b, at) in range.clone().enumerate() {
                let c = self.coordinates[at];
                let column = design.stored_column(c.place.0);
                let moments = &self.moments[at * wide..(at + 1) * wide];
                old[b] = params.beta[c.flat];
                let slope = self.model.derivative(design, column, c.place, moments);
                target[b] = old[b] - slope / bound;
            }
            penalty.prox_block(*unit, target, 1.0 / bound, new);
            let mut square = 0.0;
            for (b, at) in range.enumerate().filter(|(b, _)| new[*b] != old[*b]) {
                let (c, step) = (self.coordinates[at], new[b] - old[b]);
                params.beta[c.flat] = new[b];
                let column = design.stored_column(c.place.0);
                let response = &self.responses[at * wide..(at + 1) * wide];
                self.model.advance(design, column, c.place, step, response, params.free);
                square += step * step;
            }
            largest = worst(largest, bound * square.sqrt());
        }
        largest
    }

    /// Moves to `point` if the objective of the model falls; whether it did. What the model changes by
    /// is summed up on the way, one coordinate after the other.
    fn jump(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        point: &[f64],
        params: &mut Parameters<'_>,
    ) -> bool {
        let wide = self.model.wide;
        let before = units.value(working, params.beta);
        self.saved.beta.clear();
        let flat = |&at: &usize| self.coordinates[at].flat;
        self.saved.beta.extend(self.visited.iter().map(|at| params.beta[flat(at)]));
        self.saved.free.clear();
        self.saved.free.extend_from_slice(params.free);
        self.saved.at.copy_from(&self.model.at);
        let mut change = 0.0;
        for (&at, &target) in self.visited.iter().zip(point) {
            let c = self.coordinates[at];
            let step = target - params.beta[c.flat];
            if step == 0.0 {
                continue;
            }
            let column = design.stored_column(c.place.0);
            if matches!((units, column), (Units::Coordinates(_), Column::Dense(_))) {
                self.model.enter(c.place.1);
            }
            let moments = &self.moments[at * wide..(at + 1) * wide];
            let slope = self.model.derivative(design, column, c.place, moments);
            change += step * (slope + 0.5 * c.curvature * step);
            let response = &self.responses[at * wide..(at + 1) * wide];
            self.model.advance(design, column, c.place, step, response, params.free);
            params.beta[c.flat] = target;
        }
        self.model.leave();
        let after = units.value(working, params.beta) + change;
        let taken = after < before;
        if !taken {
            for (&at, &old) in self.visited.iter().zip(&self.saved.beta) {
                params.beta[self.coordinates[at].flat] = old;
            }
            params.free.copy_from_slice(&self.saved.free);
            std::mem::swap(&mut self.model.at, &mut self.saved.at);
        }
        taken
    }
}

/// The model of a single column of `eta`, free parameters at their best, with the moments of the working
/// set at hand.
struct Single<'a> {
    model: &'a Model,
    coordinates: &'a [Coordinate],
    moments: &'a [f64],
    responses: &'a [f64],
}

impl Quadratic for Single<'_> {
    fn outputs(&self) -> usize {
        1
    }
    fn weighted_residual(&self, _: usize, out: &mut Vec<f64>) {
        self.model.residual(out);
    }
    fn weights(&self, _: usize) -> Curvatures<'_> {
        Curvatures::Each(self.model.diagonal(0))
    }
    fn lasting(&self) -> Option<u64> {
        None
    }
    fn eliminate(
        &self,
        k: usize,
        design: &Design,
        features: &[usize],
        first: usize,
        _kept: &mut Vec<f64>,
        products: &mut Triangle,
    ) {
        if !self.model.free {
            return;
        }
        let (wide, m) = (self.model.wide, features.len());
        // Threshold by threshold, so that a column of products is gone through as a whole.
        let mut along = vec![0.0; m * wide];
        let (mut centred, mut responses) = (vec![0.0; wide], vec![0.0; m * wide]);
        for (c, (&j, response)) in features.iter().zip(responses.chunks_mut(wide)).enumerate() {
            let at = self.coordinates.binary_search_by_key(&j, |coordinate| coordinate.flat);
            let at = at.expect("steps are on coordinates of the working set, which ascend");
            let range = at * wide..(at + 1) * wide;
            centred.copy_from_slice(&self.moments[range.clone()]);
            self.model.centre(design, j, k, &mut centred);
            centred.iter().enumerate().for_each(|(f, moment)| along[f * m + c] = *moment);
            response.copy_from_slice(&self.responses[range]);
        }
        for end in first..m {
            let column = products.column_mut(end);
            for (along, r) in along.chunks(m).zip(&responses[end * wide..]) {
                kernels::axpy(-r, &along[..=end], column);
            }
        }
    }
}
