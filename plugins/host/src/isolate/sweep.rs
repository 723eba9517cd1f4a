//! Epochs of descent in the child: one call an epoch, whatever the size of the working set.

use fenchel_core::{Groups, Sweep, SweepReport};

use super::channel::Question;
use super::designs::Designs;
use super::penalty::Remote;
use super::protocol::Op;
use super::words::Sink;
use crate::calls;

/// Where the parts of the point stand in the message, which the child moves them in.
struct Point {
    residual: usize,
    beta: usize,
    shift: usize,
    weighted_sum: usize,
    intercepts: usize,
}

/// One epoch over coordinates or, with `groups`, over blocks.
pub(super) fn run(remote: &Remote, groups: Option<&Groups>, s: &mut Sweep<'_>) -> SweepReport {
    let outputs = s.total.len().max(1);
    let p = s.beta.len() / outputs;
    let (op, call) = match groups {
        None => (Op::Sweep, &calls::PROX_AT),
        Some(_) => (Op::SweepBlocks, &calls::PROXES),
    };
    // The flat indices that may move, and the features that they belong to, block by block.
    let (mut flat, mut features) = (Vec::new(), Vec::new());
    match groups {
        None => {
            flat.extend_from_slice(s.working);
            features.extend(s.working.iter().map(|&j| j % p));
        }
        Some(groups) => {
            for &g in s.working {
                let members = groups.members(g);
                features.extend_from_slice(members);
                flat.extend((0..outputs).flat_map(|k| members.iter().map(move |j| j + k * p)));
            }
        }
    }
    let mut beta: Vec<f64> = flat.iter().map(|&j| s.beta[j]).collect();
    let write = |to: &mut Question<'_>, designs: &mut Designs, s: &Sweep<'_>, beta: &[f64]| {
        to.word(remote.id());
        designs.write(to, s, &features);
        Point {
            residual: to.shared(s.residual),
            beta: to.shared(beta),
            shift: to.shared(s.shift),
            weighted_sum: to.shared(s.weighted_sum),
            intercepts: to.shared(s.intercepts),
        }
    };
    let largest_step = remote.child().ask(
        remote.called(call),
        op,
        |to, designs| (write(to, designs, s, &beta), s, &mut beta),
        |(point, s, beta), answer| {
            let largest_step = answer.words.number()?;
            answer.copy_out(point.residual, s.residual);
            answer.copy_out(point.beta, beta);
            answer.copy_out(point.shift, s.shift);
            answer.copy_out(point.weighted_sum, s.weighted_sum);
            answer.copy_out(point.intercepts, s.intercepts);
            for (&j, &b) in flat.iter().zip(&*beta) {
                s.beta[j] = b;
            }
            Ok(largest_step)
        },
    );
    // Without an answer nothing has moved, and no violation was found to be small.
    SweepReport { largest_step: largest_step.unwrap_or(f64::INFINITY) }
}
