//! A bound loss that lives in the child.

use std::fmt;
use std::sync::Arc;

use fenchel_core::{
    Curvature, CurvatureForm, DataFit, FitConjugate, FitProx, OwnParameters, OwnReport, SmoothFit,
};

use super::channel::Question;
use super::child::{Answer, Called, Child};
use super::data;
use super::protocol::{AboutFit, Op};
use super::words::{Garbled, Sink};
use crate::calls::{self, Call, Origin};

/// A bound loss in the child.
pub(super) struct IsolatedFit {
    child: Arc<Child>,
    origin: &'static Origin,
    about: AboutFit,
}

impl IsolatedFit {
    pub fn new(child: Arc<Child>, origin: &'static Origin, about: AboutFit) -> Self {
        Self { child, origin, about }
    }

    fn ask<W, T>(
        &self,
        call: &'static Call,
        op: Op,
        write: impl FnOnce(&mut Question<'_>) -> W,
        read: impl FnOnce(W, &mut Answer<'_>) -> Result<T, Garbled>,
    ) -> Option<T> {
        let write = |to: &mut Question<'_>, _: &mut _| {
            to.word(self.about.id);
            write(to)
        };
        self.child.ask(Called::new(self.origin, call), op, write, read)
    }

    /// Asks for as many numbers as `out` has, which are NaN where there is no answer.
    fn fill(
        &self,
        call: &'static Call,
        op: Op,
        out: &mut [f64],
        write: impl FnOnce(&mut Question<'_>),
    ) {
        let count = out.len();
        let write = |to: &mut Question<'_>| {
            write(to);
            to.room(count)
        };
        let read = |room, answer: &mut Answer<'_>| {
            answer.copy_out(room, out);
            Ok(())
        };
        if self.ask(call, op, write, read).is_none() {
            out.fill(f64::NAN);
        }
    }
}

impl Drop for IsolatedFit {
    fn drop(&mut self) {
        self.ask(&calls::DESTROY, Op::DropFit, |_| (), |(), _| Ok(()));
    }
}

impl fmt::Debug for IsolatedFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {} (isolated), bound", self.origin.plugin)
    }
}

impl DataFit for IsolatedFit {
    fn samples(&self) -> usize {
        self.about.samples
    }
    fn outputs(&self) -> usize {
        self.about.outputs
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        let write = |to: &mut Question<'_>| {
            to.numbers(eta);
            to.numbers(own);
        };
        let read = |(), answer: &mut Answer<'_>| answer.words.number();
        self.ask(&calls::VALUE, Op::FitValue, write, read).unwrap_or(f64::INFINITY)
    }
    fn takes_intercept(&self) -> bool {
        self.about.takes_intercept
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        self.about.own.as_ref().map(|_| self as &dyn OwnParameters)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        self.about.smooth.map(|_| self as &dyn SmoothFit)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        self.about.curvature.map(|_| self as &dyn Curvature)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        self.about.conjugate.then_some(self)
    }
    fn as_prox(&self) -> Option<&dyn FitProx> {
        self.about.prox.then_some(self)
    }
}

impl SmoothFit for IsolatedFit {
    fn gradient(
        &self,
        eta: &[f64],
        own: &[f64],
        grad_eta: &mut [f64],
        grad_own: &mut [f64],
    ) -> f64 {
        let lengths = (grad_eta.len(), grad_own.len());
        let write = |to: &mut Question<'_>| {
            to.numbers(eta);
            to.numbers(own);
            (to.room(lengths.0), to.room(lengths.1))
        };
        let read = |rooms: (usize, usize), answer: &mut Answer<'_>| {
            let value = answer.words.number()?;
            answer.copy_out(rooms.0, grad_eta);
            answer.copy_out(rooms.1, grad_own);
            Ok(value)
        };
        let value = self.ask(&calls::GRADIENT, Op::Gradient, write, read);
        value.unwrap_or_else(|| {
            grad_eta.fill(f64::NAN);
            grad_own.fill(f64::NAN);
            f64::NAN
        })
    }
    fn hessian_bound(&self) -> Option<f64> {
        self.about.smooth.flatten()
    }
}

impl Curvature for IsolatedFit {
    fn form(&self) -> CurvatureForm {
        self.about.curvature.expect("asked for where there is a curvature")
    }
    fn curvature(&self, eta: &[f64], own: &[f64], out: &mut [f64]) {
        self.fill(&calls::CURVATURE, Op::FitCurvature, out, |to| {
            to.numbers(eta);
            to.numbers(own);
        });
    }
}

impl FitConjugate for IsolatedFit {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let read = |(), answer: &mut Answer<'_>| answer.words.number();
        let value = self.ask(&calls::CONJUGATE, Op::FitConjugate, |to| to.numbers(u), read);
        value.unwrap_or(f64::INFINITY)
    }
}

impl FitProx for IsolatedFit {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.fill(&calls::PROX, Op::FitProx, out, |to| {
            to.number(step);
            to.numbers(v);
        });
    }
}

impl OwnParameters for IsolatedFit {
    fn start(&self) -> Vec<f64> {
        self.about.own.clone().unwrap_or_default()
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        let read = |(), answer: &mut Answer<'_>| data::read_report(&mut answer.words);
        self.ask(&calls::OWN, Op::Report, |to| to.numbers(own), read).unwrap_or_default()
    }
}
