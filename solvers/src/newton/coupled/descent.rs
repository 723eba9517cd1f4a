//! Minimises the coupled model plus the penalty over a working set, by epochs of (block) coordinate
//! descent with Anderson extrapolation.

use fenchel_core::{Blocks, Design, LinearModel, Separable, kernels, worst};

use super::model::{Local, Model, Position};
use crate::coordinate::{Anderson, Curvatures, Inner, Units, block_bound, column_moments};

/// Least share of its curvature that a coordinate keeps when the free parameters go along: less is
/// rounding.
const LEAST_LEFT: f64 = 1e-10;

/// The model and the buffers of the inner solve.
#[derive(Debug, Default)]
pub(crate) struct Descent {
    model: Model,
    coordinates: Vec<Coordinate>,
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
        for _ in 0..inner.epochs {
            let largest = match units {
                Units::Coordinates(penalty) => self.sweep(*penalty, design, &mut params),
                Units::Blocks(penalty) => self.sweep_blocks(*penalty, design, working, &mut params),
            };
            if largest <= inner.tol {
                break;
            }
            if inner.extrapolate {
                let iterate = self.coordinates.iter().map(|c| params.beta[c.flat]);
                if let Some(point) = self.anderson.push(iterate) {
                    self.jump(units, design, working, &point, &mut params);
                }
            }
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
        self.moments.clear();
        self.moments.resize(flat.len() * wide, 0.0);
        self.responses.clear();
        self.responses.resize(flat.len() * wide, 0.0);
        let totals: Vec<f64> = (0..self.model.outputs).map(|k| self.model.total(k)).collect();
        let mut centred = vec![0.0; wide];
        let moments = self.moments.chunks_mut(wide).zip(self.responses.chunks_mut(wide));
        for (flat, (moments, response)) in flat.into_iter().zip(moments) {
            let (j, k) = (flat % p, flat / p);
            self.model.moments(design.stored_column(j), k, moments);
            centred.copy_from_slice(moments);
            self.model.centre(design, j, k, &mut centred);
            let diagonal = Curvatures::Each(self.model.diagonal(k));
            let (_, square) = column_moments(design, j, diagonal, totals[k]);
            let mut curvature = square;
            if self.model.free {
                self.model.solve(&centred, response);
                curvature -= response.iter().zip(&centred).map(|(r, m)| r * m).sum::<f64>();
                curvature = curvature.max(LEAST_LEFT * square);
            } else {
                response.copy_from_slice(&centred);
            }
            self.coordinates.push(Coordinate { flat, place: (j, k), curvature });
        }
        self.bounds.clear();
        if let Units::Blocks(penalty) = units {
            self.bound_blocks(*penalty, design, working);
            self.block.resize(3 * penalty.groups().largest() * self.model.outputs, 0.0);
        }
    }

    /// The blocks of curvature are at most a diagonal, under which the outputs are apart.
    fn bound_blocks(&mut self, penalty: &dyn Blocks, design: &Design, working: &[usize]) {
        let n = design.samples();
        self.model.bound(&mut self.diagonal_bound);
        for &unit in working {
            let members = penalty.groups().members(unit);
            let bound = self.diagonal_bound.chunks(n).fold(0.0f64, |top, h| {
                let (total, h) = (kernels::sum(h), Curvatures::Each(h));
                let square = |&j: &usize| column_moments(design, j, h, total).1;
                let trace = members.iter().map(square).sum();
                top.max(block_bound(members, design, h, trace))
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
        for (at, c) in self.coordinates.iter().enumerate() {
            if c.curvature <= 0.0 {
                continue; // the column is zero in this model: the objective does not see it
            }
            let column = design.stored_column(c.place.0);
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

    /// Moves to the extrapolated point if the objective of the model falls. What the model changes by
    /// is summed up on the way, one coordinate after the other.
    fn jump(
        &mut self,
        units: &Units<'_>,
        design: &Design,
        working: &[usize],
        point: &[f64],
        params: &mut Parameters<'_>,
    ) {
        let wide = self.model.wide;
        let before = units.value(working, params.beta);
        self.saved.beta.clear();
        self.saved.beta.extend(self.coordinates.iter().map(|c| params.beta[c.flat]));
        self.saved.free.clear();
        self.saved.free.extend_from_slice(params.free);
        self.saved.at.copy_from(&self.model.at);
        let mut change = 0.0;
        for (at, (c, &target)) in self.coordinates.iter().zip(point).enumerate() {
            let step = target - params.beta[c.flat];
            if step == 0.0 {
                continue;
            }
            let column = design.stored_column(c.place.0);
            let moments = &self.moments[at * wide..(at + 1) * wide];
            let slope = self.model.derivative(design, column, c.place, moments);
            change += step * (slope + 0.5 * c.curvature * step);
            let response = &self.responses[at * wide..(at + 1) * wide];
            self.model.advance(design, column, c.place, step, response, params.free);
            params.beta[c.flat] = target;
        }
        let after = units.value(working, params.beta) + change;
        if after.is_nan() || after >= before {
            for (c, &old) in self.coordinates.iter().zip(&self.saved.beta) {
                params.beta[c.flat] = old;
            }
            params.free.copy_from_slice(&self.saved.free);
            std::mem::swap(&mut self.model.at, &mut self.saved.at);
        }
    }
}
