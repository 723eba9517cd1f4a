//! A loss that lives in the child, before and after it is bound to data.

use std::fmt;
use std::sync::Arc;

use fenchel_core::{Bound, Design, Error, Loss, Predictor, ResponseKind, Samples};

use super::channel::Question;
use super::child::{Answer, Called, Child, Desk};
use super::data;
use super::fit::IsolatedFit;
use super::protocol::{AboutFit, AboutLoss, Op};
use super::words::{Garbled, Sink};
use crate::calls::{self, Call, Origin};

/// A loss in the child.
pub(super) struct IsolatedLoss {
    child: Arc<Child>,
    origin: &'static Origin,
    about: AboutLoss,
}

impl IsolatedLoss {
    /// Builds the loss of type number `at` in the child.
    pub fn create(
        child: &Arc<Child>,
        origin: &'static Origin,
        at: usize,
        parameters: &str,
    ) -> Result<Self, Error> {
        let write = |to: &mut Question<'_>, _: &mut _| {
            to.size(at);
            to.text(parameters);
        };
        let read = |(), answer: &mut Answer<'_>| AboutLoss::read(&mut answer.words);
        let called = Called::new(origin, &calls::CREATE);
        let answer = child.ask_resolving(called, Op::CreateLoss, Desk::default(), write, read);
        let about = answer.unwrap_or_else(|| Err(child.lost()))?;
        Ok(Self { child: child.clone(), origin, about })
    }

    fn ask<T>(
        &self,
        call: &'static Call,
        op: Op,
        write: impl FnOnce(&mut Question<'_>),
        read: impl FnOnce(&mut Answer<'_>) -> Result<T, Garbled>,
    ) -> Result<T, Error> {
        let write = |to: &mut Question<'_>, _: &mut _| {
            to.word(self.about.id);
            write(to);
        };
        let called = Called::new(self.origin, call);
        let answer = self.child.ask_resolving(called, op, Desk::default(), write, |(), a| read(a));
        answer.unwrap_or_else(|| Err(self.child.lost()))
    }
}

impl Drop for IsolatedLoss {
    fn drop(&mut self) {
        // Where there is no answer, nothing is left to drop.
        let _ = self.ask(&calls::DESTROY, Op::DropLoss, |_| (), |_| Ok(()));
    }
}

impl fmt::Debug for IsolatedLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {} (isolated)", self.origin.plugin)
    }
}

impl Loss for IsolatedLoss {
    fn reads(&self) -> ResponseKind {
        self.about.reads
    }

    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let about = self.ask(
            &calls::BIND,
            Op::Bind,
            |to| data::write_samples(samples, to),
            |answer| {
                let about = AboutFit::read(&mut answer.words)?;
                if about.samples == samples.len() { Ok(about) } else { Err(Garbled) }
            },
        )?;
        Ok(Bound::Eta(Box::new(IsolatedFit::new(self.child.clone(), self.origin, about))))
    }

    fn as_predictor(&self) -> Option<&dyn Predictor> {
        self.about.predicts.then_some(self)
    }
}

impl Predictor for IsolatedLoss {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        let samples = eta.len() / outputs.max(1);
        let response = self.ask(
            &calls::RESPONSE,
            Op::Response,
            |to| {
                to.numbers(eta);
                to.size(outputs);
            },
            |answer| {
                let (values, columns) = (answer.words.numbers()?.to_vec(), answer.words.size()?);
                let whole = samples.checked_mul(columns) == Some(values.len());
                if whole { Ok((values, columns)) } else { Err(Garbled) }
            },
        );
        response.unwrap_or_else(|_| (vec![f64::NAN; eta.len()], outputs))
    }

    fn class(&self, eta: &[f64], outputs: usize) -> Option<Vec<u32>> {
        let samples = eta.len() / outputs.max(1);
        let class = self.ask(
            &calls::CLASSES,
            Op::Class,
            |to| {
                to.numbers(eta);
                to.size(outputs);
            },
            |answer| {
                let class = answer.words.option(|from| from.small())?;
                let whole = class.as_ref().is_none_or(|class| class.len() == samples);
                if whole { Ok(class) } else { Err(Garbled) }
            },
        );
        class.unwrap_or(None)
    }

    fn deviance(&self, eta: &[f64], outputs: usize, samples: &Samples) -> Result<f64, Error> {
        self.ask(
            &calls::DEVIANCE,
            Op::Deviance,
            |to| {
                to.numbers(eta);
                to.size(outputs);
                data::write_samples(samples, to);
            },
            |answer| answer.words.number(),
        )
    }
}
