//! A penalty in the child, piece by piece: coefficient by coefficient, or block by block. A whole
//! epoch, all distances, several proxes, and the value of a working set are one call each.

use std::sync::{Arc, OnceLock};

use fenchel_core::{Blocks, Groups, Separable, Sweep, SweepReport};

use super::channel::Question;
use super::child::Answer;
use super::penalty::Remote;
use super::protocol::Op;
use super::sweep;
use super::words::{Garbled, Sink};
use crate::calls;

/// The penalty as a sum over coefficients.
#[derive(Debug)]
pub(super) struct Coordinates(Arc<Remote>);

impl Coordinates {
    pub fn new(remote: Arc<Remote>) -> Self {
        Self(remote)
    }
}

impl Separable for Coordinates {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        let write = |to: &mut Question<'_>| {
            to.size(j);
            to.number(b);
        };
        self.0.number(&calls::VALUES, Op::ValueAt, write).unwrap_or(f64::INFINITY)
    }

    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let write = |to: &mut Question<'_>| {
            to.size(j);
            to.number(v);
            to.number(step);
        };
        self.0.number(&calls::PROX_AT, Op::ProxAt, write).unwrap_or(f64::NAN)
    }

    fn prox_each(&self, flat: &[usize], v: &[f64], steps: &[f64], out: &mut [f64]) {
        self.0.fill(&calls::PROX_AT, Op::ProxEach, out, |to| {
            to.sizes(flat);
            to.numbers(v);
            to.numbers(steps);
        });
    }

    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let write = |to: &mut Question<'_>| {
            to.size(j);
            to.number(b);
            to.number(grad);
        };
        self.0.number(&calls::SUBDIFF_DISTS, Op::SubdiffDistAt, write).unwrap_or(f64::INFINITY)
    }

    fn subdiff_dist_range(&self, first: usize, b: &[f64], grad: &[f64], out: &mut [f64]) {
        distances(&self.0, Op::SubdiffDistRange, Some(first), b, grad, out);
    }

    fn value_over(&self, working: &[usize], beta: &[f64]) -> f64 {
        value_over(&self.0, Op::ValueOn, working, working, beta)
    }

    fn sweeps_here(&self) -> bool {
        false
    }
    fn sweep(&self, s: &mut Sweep<'_>) -> SweepReport {
        sweep::run(&self.0, None, s)
    }
}

/// The penalty as a sum over blocks.
#[derive(Debug)]
pub(super) struct BlockWise {
    remote: Arc<Remote>,
    groups: OnceLock<Groups>,
}

impl BlockWise {
    pub fn new(remote: Arc<Remote>) -> Self {
        Self { remote, groups: OnceLock::new() }
    }

    /// The child's groups, which have to be a partition.
    fn ask_groups(&self) -> Option<Groups> {
        let features = self.remote.features();
        let read = |(), answer: &mut Answer<'_>| {
            let lists = answer.words.list(|from| from.sizes())?;
            Groups::new(features, &lists, |j| j.to_string()).map_err(|_| Garbled)
        };
        self.remote.ask(&calls::GROUPS, Op::Groups, |_| (), read)
    }
}

impl Blocks for BlockWise {
    fn groups(&self) -> &Groups {
        let features = self.remote.features();
        self.groups
            .get_or_init(|| self.ask_groups().unwrap_or_else(|| Groups::singletons(features)))
    }

    fn value_block(&self, g: usize, b: &[f64]) -> f64 {
        let write = |to: &mut Question<'_>| {
            to.size(g);
            to.numbers(b);
        };
        self.remote.number(&calls::VALUES, Op::ValueBlock, write).unwrap_or(f64::INFINITY)
    }

    fn prox_block(&self, g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        self.remote.fill(&calls::PROXES, Op::ProxBlock, out, |to| {
            to.size(g);
            to.number(step);
            to.numbers(v);
        });
    }

    fn subdiff_dist_block(&self, g: usize, b: &[f64], grad: &[f64]) -> f64 {
        let write = |to: &mut Question<'_>| {
            to.size(g);
            to.numbers(b);
            to.numbers(grad);
        };
        let dist = self.remote.number(&calls::SUBDIFF_DISTS, Op::SubdiffDistBlock, write);
        dist.unwrap_or(f64::INFINITY)
    }

    fn subdiff_dists_blocks(&self, beta: &[f64], grad: &[f64], out: &mut [f64]) {
        distances(&self.remote, Op::BlockDists, None, beta, grad, out);
    }

    fn value_over_blocks(&self, working: &[usize], beta: &[f64]) -> f64 {
        let (groups, p) = (self.groups(), self.remote.features().max(1));
        let members = working.iter().flat_map(|&g| groups.members(g));
        let flat: Vec<usize> =
            (0..beta.len() / p).flat_map(|k| members.clone().map(move |j| j + k * p)).collect();
        value_over(&self.remote, Op::BlockValueOn, working, &flat, beta)
    }

    fn sweep_blocks(&self, s: &mut Sweep<'_>) -> SweepReport {
        sweep::run(&self.remote, Some(self.groups()), s)
    }
}

/// The distances of the blocks, or of the coefficients from `first` on.
fn distances(
    remote: &Remote,
    op: Op,
    first: Option<usize>,
    b: &[f64],
    grad: &[f64],
    out: &mut [f64],
) {
    let done = remote.fill(&calls::SUBDIFF_DISTS, op, out, |to| {
        first.into_iter().for_each(|first| to.size(first));
        to.vector(b);
        to.numbers(grad);
    });
    if !done {
        out.fill(f64::INFINITY);
    }
}

/// The value of the pieces `working`, which hold the coefficients `flat`.
fn value_over(remote: &Remote, op: Op, working: &[usize], flat: &[usize], beta: &[f64]) -> f64 {
    let write = |to: &mut Question<'_>| {
        to.sizes(working);
        to.size(beta.len());
        to.sizes(flat);
        to.size(flat.len());
        for (word, &j) in to.next(flat.len()).iter_mut().zip(flat) {
            *word = beta[j].to_bits();
        }
    };
    remote.number(&calls::VALUES, op, write).unwrap_or(f64::INFINITY)
}
