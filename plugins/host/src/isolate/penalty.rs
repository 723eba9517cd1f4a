//! A penalty that lives in the child, as everybody else sees it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use fenchel_core::{
    Blocks, Conjugate, Context, Convexity, Elementary, Error, Lineality, Penalty, Prox, Scalar,
    Separable, Space, Subdifferential, ZeroThreshold,
};

use super::channel::Question;
use super::child::{Answer, Called, Child, Desk};
use super::parts::{BlockWise, Coordinates};
use super::protocol::{About, Op, offers, read_lineality};
use super::words::{Garbled, Sink};
use crate::calls::{self, Call, Origin};

/// A penalty's number in the child, and how to ask it. The child drops the penalty with this.
pub(super) struct Remote {
    child: Arc<Child>,
    origin: &'static Origin,
    about: About,
    space: Space,
}

impl Remote {
    pub fn id(&self) -> u64 {
        self.about.id
    }
    pub fn child(&self) -> &Child {
        &self.child
    }
    pub fn called(&self, call: &'static Call) -> Called<'static> {
        Called::new(self.origin, call)
    }
    pub fn features(&self) -> usize {
        self.space.features()
    }
    /// Number of coefficients, p K.
    pub fn length(&self) -> usize {
        self.space.len()
    }

    /// Asks for something of this penalty.
    pub fn ask<W, T>(
        &self,
        call: &'static Call,
        op: Op,
        write: impl FnOnce(&mut Question<'_>) -> W,
        read: impl FnOnce(W, &mut Answer<'_>) -> Result<T, Garbled>,
    ) -> Option<T> {
        let write = |to: &mut Question<'_>, _: &mut _| {
            to.word(self.id());
            write(to)
        };
        self.child.ask(self.called(call), op, write, read)
    }

    /// Asks for one number.
    pub fn number(
        &self,
        call: &'static Call,
        op: Op,
        write: impl FnOnce(&mut Question<'_>),
    ) -> Option<f64> {
        self.ask(call, op, write, |(), answer| answer.words.number())
    }

    /// Asks for as many numbers as `out` has, which are NaN where there is no answer.
    pub fn fill(
        &self,
        call: &'static Call,
        op: Op,
        out: &mut [f64],
        write: impl FnOnce(&mut Question<'_>),
    ) -> bool {
        let count = out.len();
        let write = |to: &mut Question<'_>| {
            write(to);
            to.room(count)
        };
        let read = |room, answer: &mut Answer<'_>| {
            answer.copy_out(room, out);
            Ok(())
        };
        let done = self.ask(call, op, write, read).is_some();
        if !done {
            out.fill(f64::NAN);
        }
        done
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.ask(&calls::DESTROY, Op::DropPenalty, |_| (), |(), _| Ok(()));
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {} (isolated)", self.origin.plugin)
    }
}

/// A penalty in the child.
#[derive(Debug)]
pub(super) struct IsolatedPenalty {
    remote: Arc<Remote>,
    coordinates: Coordinates,
    blocks: BlockWise,
    lineality: OnceLock<Lineality>,
    scalars: OnceLock<Vec<Scalar>>,
}

impl IsolatedPenalty {
    /// Builds the penalty of type number `at` in the child.
    pub fn create(
        child: &Arc<Child>,
        origin: &'static Origin,
        at: usize,
        parameters: &str,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let write = |to: &mut Question<'_>, _: &mut _| {
            to.size(at);
            to.text(parameters);
            to.size(context.space.features());
            to.size(context.space.outputs());
        };
        let called = Called::new(origin, &calls::CREATE);
        let read = |(), answer: &mut Answer<'_>| About::read(&mut answer.words);
        let desk = Desk { resolve: Some(context.resolve), space: Some(context.space) };
        let answer = child.ask_resolving(called, Op::CreatePenalty, desk, write, read);
        let about = answer.unwrap_or_else(|| Err(child.lost()))?;
        let space = context.space.clone();
        Ok(Self::new(Remote { child: child.clone(), origin, about, space }))
    }

    fn new(remote: Remote) -> Self {
        let remote = Arc::new(remote);
        Self {
            coordinates: Coordinates::new(remote.clone()),
            blocks: BlockWise::new(remote.clone()),
            remote,
            lineality: OnceLock::new(),
            scalars: OnceLock::new(),
        }
    }

    fn offers<'a, T: ?Sized>(&self, what: u64, it: &'a T) -> Option<&'a T> {
        (self.remote.about.offers & what != 0).then_some(it)
    }

    fn scalars(&self) -> Vec<Scalar> {
        let length = self.remote.length();
        let mut numbers = vec![0.0; 4 * length];
        self.remote.fill(&calls::SCALARS, Op::Scalars, &mut numbers, |_| ());
        let scalar = |x: &[f64]| {
            // A clamp to bounds that are none would panic; the fault is written down already.
            let (lower, upper) =
                if x[2] <= x[3] { (x[2], x[3]) } else { (f64::NEG_INFINITY, f64::INFINITY) };
            Scalar { l1: x[0], l2: x[1], lower, upper }
        };
        numbers.chunks(4).map(scalar).collect()
    }
}

impl Penalty for IsolatedPenalty {
    fn value(&self, beta: &[f64]) -> f64 {
        let value = self.remote.number(&calls::VALUE, Op::Value, |to| to.vector(beta));
        value.unwrap_or(f64::INFINITY)
    }

    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let remote = &self.remote;
        let write = |to: &mut Question<'_>, _: &mut _| {
            to.word(remote.id());
            to.number(scale);
        };
        let read = |(), answer: &mut Answer<'_>| About::read(&mut answer.words);
        let desk = Desk { resolve: None, space: Some(&remote.space) };
        let called = remote.called(&calls::SCALED);
        let about = remote.child.ask_resolving(called, Op::Scaled, desk, write, read);
        // Where there is none, nobody answers to any number.
        let about = about.and_then(Result::ok).unwrap_or(About { id: u64::MAX, ..remote.about });
        Box::new(Self::new(Remote {
            child: remote.child.clone(),
            origin: remote.origin,
            about,
            space: remote.space.clone(),
        }))
    }

    fn convexity(&self) -> Convexity {
        self.remote.about.convexity
    }

    fn lineality(&self) -> Lineality {
        let ask = || {
            let read = |(), answer: &mut Answer<'_>| {
                read_lineality(&mut answer.words, self.remote.length())
            };
            let lineality = self.remote.ask(&calls::LINEALITY, Op::Lineality, |_| (), read);
            lineality.unwrap_or(Lineality::Trivial)
        };
        self.lineality.get_or_init(ask).clone()
    }

    fn as_prox(&self) -> Option<&dyn Prox> {
        self.offers(offers::PROX, self as &dyn Prox)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        self.offers(offers::SEPARABLE, &self.coordinates as &dyn Separable)
    }
    fn as_blocks(&self) -> Option<&dyn Blocks> {
        self.offers(offers::BLOCKS, &self.blocks as &dyn Blocks)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        self.offers(offers::SUBDIFFERENTIAL, self as &dyn Subdifferential)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        self.offers(offers::CONJUGATE, self as &dyn Conjugate)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        self.offers(offers::ZERO_THRESHOLD, self as &dyn ZeroThreshold)
    }
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        self.offers(offers::ELEMENTARY, self as &dyn Elementary)
    }
}

impl Prox for IsolatedPenalty {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let count = out.len();
        let write = |to: &mut Question<'_>| {
            to.number(step);
            to.vector(v);
            to.room(count)
        };
        let read = |room, answer: &mut Answer<'_>| {
            let value = answer.words.number()?;
            answer.copy_out(room, out);
            Ok(value)
        };
        let value = self.remote.ask(&calls::PROX, Op::Prox, write, read);
        value.unwrap_or_else(|| {
            out.fill(f64::NAN);
            f64::NAN
        })
    }
}

impl Subdifferential for IsolatedPenalty {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let write = |to: &mut Question<'_>| {
            to.vector(beta);
            to.numbers(grad);
        };
        let dist = self.remote.number(&calls::SUBDIFF_DIST, Op::SubdiffDist, write);
        dist.unwrap_or(f64::INFINITY)
    }
}

impl Conjugate for IsolatedPenalty {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let value = self.remote.number(&calls::CONJUGATE, Op::Conjugate, |to| to.vector(u));
        value.unwrap_or(f64::INFINITY)
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let scale = self.remote.number(&calls::DUAL_SCALE, Op::DualScale, |to| to.vector(u));
        scale.unwrap_or(f64::NAN)
    }
}

impl ZeroThreshold for IsolatedPenalty {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let read = |(), answer: &mut Answer<'_>| answer.words.option(|from| from.number());
        let write = |to: &mut Question<'_>| to.vector(grad);
        self.remote.ask(&calls::ZERO_THRESHOLD, Op::ZeroThreshold, write, read).flatten()
    }
}

impl Elementary for IsolatedPenalty {
    /// All of them are asked for with the first.
    fn scalar(&self, j: usize) -> Scalar {
        self.scalars.get_or_init(|| self.scalars())[j]
    }
}
