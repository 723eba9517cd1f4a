//! Questions to penalties.

use fenchel_core::{Blocks, Context, Error, Kind, Penalty, Separable};

use super::resolve::Parent;
use super::{Failure, Server};
use crate::isolate::protocol::{About, Op, offers, write_lineality};
use crate::isolate::words::{Garbled, Reader, Sink, Spread};

fn about(id: u64, penalty: &dyn Penalty) -> About {
    let bits = [
        (offers::PROX, penalty.as_prox().is_some()),
        (offers::SEPARABLE, penalty.as_separable().is_some()),
        (offers::BLOCKS, penalty.as_blocks().is_some()),
        (offers::SUBDIFFERENTIAL, penalty.as_subdifferential().is_some()),
        (offers::CONJUGATE, penalty.as_conjugate().is_some()),
        (offers::ZERO_THRESHOLD, penalty.as_zero_threshold().is_some()),
        (offers::ELEMENTARY, penalty.as_elementary().is_some()),
    ];
    let offers = bits.iter().filter(|(_, is)| *is).fold(0, |all, (bit, _)| all | bit);
    About { id, offers, convexity: penalty.convexity() }
}

/// What a question that is only asked of penalties with a capability finds.
fn has<T>(capability: Option<T>) -> Result<T, Garbled> {
    capability.ok_or(Garbled)
}

impl Server {
    pub(super) fn create_penalty(
        &mut self,
        at: usize,
        parameters: &str,
        (features, outputs): (usize, usize),
        to: &mut Vec<u64>,
    ) -> Result<(), Failure> {
        let resolve = Parent(self.channel.clone());
        let space = resolve.space(features, outputs);
        let context = Context { space: &space, resolve: &resolve };
        let maker = self.maker(Kind::Penalty, at)?;
        let penalty = maker.penalty(parameters, &context)?;
        if penalty.as_terms().is_some() && penalty.as_prox().is_none() {
            let message = "a sum of penalties cannot be asked for across processes";
            return Err(Error::Unsupported(message.into()).into());
        }
        self.keep_penalty(penalty, to);
        Ok(())
    }

    pub(super) fn scaled(&mut self, id: u64, scale: f64, to: &mut Vec<u64>) -> Result<(), Failure> {
        let scaled = self.penalties.get(&id).ok_or(Garbled)?.scaled(scale);
        self.keep_penalty(scaled, to);
        Ok(())
    }

    fn keep_penalty(&mut self, penalty: Box<dyn Penalty>, to: &mut Vec<u64>) {
        let id = self.number();
        about(id, &*penalty).write(to);
        self.penalties.insert(id, penalty);
    }

    pub(super) fn penalty(
        &mut self,
        op: Op,
        from: &mut Reader<'_>,
        to: &mut Vec<u64>,
    ) -> Result<(), Failure> {
        let id = from.word()?;
        if op == Op::DropPenalty {
            self.penalties.remove(&id);
            return Ok(());
        }
        let penalty = &**self.penalties.get(&id).ok_or(Garbled)?;
        match op {
            Op::Lineality => write_lineality(&penalty.lineality(), to),
            Op::Groups => {
                let groups = has(penalty.as_blocks())?.groups();
                to.size(groups.len());
                (0..groups.len()).for_each(|g| to.sizes(groups.members(g)));
            }
            Op::Sweep | Op::SweepBlocks => {
                let report = self.designs.sweep(penalty, op == Op::SweepBlocks, from)?;
                to.number(report.largest_step);
            }
            Op::ValueAt
            | Op::ProxAt
            | Op::ProxEach
            | Op::SubdiffDistAt
            | Op::SubdiffDistRange
            | Op::ValueOn => {
                coordinates(has(penalty.as_separable())?, op, from, &mut self.spread[0], to)?;
            }
            Op::ValueBlock
            | Op::ProxBlock
            | Op::SubdiffDistBlock
            | Op::BlockDists
            | Op::BlockValueOn => {
                blocks(has(penalty.as_blocks())?, op, from, &mut self.spread[0], to)?;
            }
            _ => whole(penalty, op, from, &mut self.spread[0], to)?,
        }
        Ok(())
    }
}

fn whole(
    penalty: &dyn Penalty,
    op: Op,
    from: &mut Reader<'_>,
    spread: &mut Spread,
    to: &mut Vec<u64>,
) -> Result<(), Garbled> {
    match op {
        Op::Value => to.number(penalty.value(from.vector(spread)?)),
        Op::Prox => {
            let step = from.number()?;
            let (v, out) = (from.vector(spread)?, from.numbers()?);
            to.number(has(penalty.as_prox())?.prox(v, step, out));
        }
        Op::SubdiffDist => {
            let (beta, grad) = (from.vector(spread)?, from.numbers()?);
            to.number(has(penalty.as_subdifferential())?.subdiff_dist(beta, grad));
        }
        Op::Conjugate => {
            to.number(has(penalty.as_conjugate())?.conjugate(from.vector(spread)?));
        }
        Op::DualScale => {
            to.number(has(penalty.as_conjugate())?.dual_scale(from.vector(spread)?));
        }
        Op::ZeroThreshold => {
            let threshold = has(penalty.as_zero_threshold())?;
            let scale = threshold.zero_threshold(from.vector(spread)?);
            to.option(scale, |to, scale| to.number(scale));
        }
        Op::Scalars => {
            let elementary = has(penalty.as_elementary())?;
            for (j, out) in from.numbers()?.chunks_mut(4).enumerate() {
                let scalar = elementary.scalar(j);
                out.copy_from_slice(&[scalar.l1, scalar.l2, scalar.lower, scalar.upper]);
            }
        }
        _ => return Err(Garbled),
    }
    Ok(())
}

fn coordinates(
    penalty: &dyn Separable,
    op: Op,
    from: &mut Reader<'_>,
    spread: &mut Spread,
    to: &mut Vec<u64>,
) -> Result<(), Garbled> {
    match op {
        Op::ValueAt => to.number(penalty.value_at(from.size()?, from.number()?)),
        Op::ProxAt => to.number(penalty.prox_at(from.size()?, from.number()?, from.number()?)),
        Op::ProxEach => {
            let flat = from.sizes()?;
            let (v, steps, out) = (from.numbers()?, from.numbers()?, from.numbers()?);
            penalty.prox_each(&flat, v, steps, out);
        }
        Op::SubdiffDistAt => {
            to.number(penalty.subdiff_dist_at(from.size()?, from.number()?, from.number()?));
        }
        Op::SubdiffDistRange => {
            let first = from.size()?;
            let (b, grad, out) = (from.vector(spread)?, from.numbers()?, from.numbers()?);
            penalty.subdiff_dist_range(first, b, grad, out);
        }
        Op::ValueOn => {
            let working = from.sizes()?;
            to.number(penalty.value_over(&working, entries(from, spread)?));
        }
        _ => return Err(Garbled),
    }
    Ok(())
}

fn blocks(
    penalty: &dyn Blocks,
    op: Op,
    from: &mut Reader<'_>,
    spread: &mut Spread,
    to: &mut Vec<u64>,
) -> Result<(), Garbled> {
    match op {
        Op::ValueBlock => to.number(penalty.value_block(from.size()?, from.numbers()?)),
        Op::ProxBlock => {
            let (g, step) = (from.size()?, from.number()?);
            let (v, out) = (from.numbers()?, from.numbers()?);
            penalty.prox_block(g, v, step, out);
        }
        Op::SubdiffDistBlock => {
            let g = from.size()?;
            to.number(penalty.subdiff_dist_block(g, from.numbers()?, from.numbers()?));
        }
        Op::BlockDists => {
            let (beta, grad, out) = (from.vector(spread)?, from.numbers()?, from.numbers()?);
            penalty.subdiff_dists_blocks(beta, grad, out);
        }
        Op::BlockValueOn => {
            let working = from.sizes()?;
            to.number(penalty.value_over_blocks(&working, entries(from, spread)?));
        }
        _ => return Err(Garbled),
    }
    Ok(())
}

/// A vector of which some entries were sent.
fn entries<'b>(from: &mut Reader<'_>, spread: &'b mut Spread) -> Result<&'b [f64], Garbled> {
    let (length, flat) = (from.size()?, from.sizes()?);
    let values = from.numbers()?;
    spread.fill(length, flat.into_iter().zip(values.iter().copied()))
}
