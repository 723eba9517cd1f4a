//! A type of a plugin, as its objects see it: whom to name, whom to tell, and how to call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fenchel_core::Error;
use fenchel_plugin_abi as abi;

use crate::calls::{self, Call, Inside, Origin};
use crate::fault::{Fault, Faults};
use crate::output::{Allowed, Flaw, Output, UNWRITTEN};
use crate::refusal::{self, Refusal};

/// Where an object is from, and who hears of its faults.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    origin: &'static Origin,
    faults: Arc<Faults>,
    turn: Arc<Mutex<()>>,
}

/// What the entries of an output are called, and the number of the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entries(pub(crate) &'static str, pub(crate) usize);

impl Plugin {
    pub(crate) fn new(origin: &'static Origin, faults: Arc<Faults>, turn: Arc<Mutex<()>>) -> Self {
        Self { origin, faults, turn }
    }

    /// The type and its library, as messages name them.
    pub(crate) fn name(&self) -> &str {
        &self.origin.plugin
    }

    /// Marks the calling thread as inside a function of the plugin.
    #[inline]
    pub(crate) fn enter(&self, call: &'static Call) -> Inside {
        calls::enter(self.origin, call)
    }

    /// For the functions that are called from one thread at a time.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a fault down.
    #[cold]
    pub(crate) fn report(&self, call: &'static Call, what: impl Into<String>) {
        self.faults.report(self.fault(call, what));
    }

    /// Writes a fault down that also ends what is being built.
    #[cold]
    pub(crate) fn broken(&self, call: &'static Call, what: impl Into<String>) -> Error {
        let fault = self.fault(call, what);
        let error = Error::Unsupported(fault.to_string());
        self.faults.report(fault);
        error
    }

    fn fault(&self, call: &'static Call, what: impl Into<String>) -> Fault {
        Fault { plugin: self.name().into(), call: call.0.into(), what: what.into() }
    }

    /// The error of a function whose user, not the plugin, may be at fault.
    pub(crate) fn refused(&self, call: &'static Call, refusal: Refusal) -> Error {
        let message = format!("plugin {}: {}", self.name(), refusal.reason());
        let error = match refusal.status {
            abi::INVALID => Error::Data(message),
            abi::UNSUPPORTED => Error::Unsupported(message),
            _ => return self.broken(call, refusal.fault()),
        };
        if refusal.path.is_empty() { error } else { error.at(refusal.path) }
    }

    /// Runs a function without which nothing can be built.
    pub(crate) fn demand(
        &self,
        call: &'static Call,
        run: impl FnOnce(*mut abi::Error) -> i32,
    ) -> Result<(), Error> {
        let inside = self.enter(call);
        let result = refusal::call(run);
        drop(inside);
        result.map_err(|refusal| self.broken(call, refusal.fault()))
    }

    /// Runs a function that may not fail; whether it did not.
    pub(crate) fn attempt(
        &self,
        call: &'static Call,
        run: impl FnOnce(*mut abi::Error) -> i32,
    ) -> bool {
        let inside = self.enter(call);
        let result = refusal::call(run);
        drop(inside);
        result.map_err(|refusal| self.report(call, refusal.fault())).is_ok()
    }

    /// Runs a function that writes as many numbers as `out` has; they are NaN where it fails.
    /// Numbers that are not `allowed` are its fault only where all `inputs` are finite.
    pub(crate) fn fill(
        &self,
        call: &'static Call,
        (entries, allowed): (Entries, Allowed),
        inputs: &[&[f64]],
        out: &mut [f64],
        run: impl FnOnce(*mut f64, *mut abi::Error) -> i32,
    ) -> bool {
        let mut output = Output::new(out.len());
        let written = self.attempt(call, |error| run(output.as_mut_ptr(), error));
        if !written {
            out.fill(f64::NAN);
            return false;
        }
        self.settle(call, (entries, allowed), inputs, &output, out)
    }

    /// Takes over what a function wrote, as [`Plugin::fill`] does.
    pub(crate) fn settle(
        &self,
        call: &'static Call,
        (entries, allowed): (Entries, Allowed),
        inputs: &[&[f64]],
        output: &Output,
        out: &mut [f64],
    ) -> bool {
        match output.flaw(allowed) {
            None => {}
            Some(Flaw::Number(..)) if !finite(inputs) => {}
            Some(flaw) => {
                self.report(call, flaw.text(entries));
                out.fill(f64::NAN);
                return false;
            }
        }
        out.copy_from_slice(output.numbers());
        true
    }

    /// Runs a function that writes one number; `None` where it fails.
    pub(crate) fn number(
        &self,
        call: &'static Call,
        allowed: Allowed,
        inputs: &[&[f64]],
        run: impl FnOnce(*mut f64, *mut abi::Error) -> i32,
    ) -> Option<f64> {
        let mut number = UNWRITTEN;
        if !self.attempt(call, |error| run(&mut number, error)) {
            return None;
        }
        self.judge(call, allowed, inputs, number)
    }

    /// Takes over one number.
    pub(crate) fn judge(
        &self,
        call: &'static Call,
        allowed: Allowed,
        inputs: &[&[f64]],
        number: f64,
    ) -> Option<f64> {
        if allowed.takes(number) {
            return Some(number);
        }
        if number.to_bits() == UNWRITTEN.to_bits() {
            self.report(call, "left its result unwritten");
            return None;
        }
        if finite(inputs) {
            self.report(call, format!("returned {number}{}", allowed.expected()));
            return None;
        }
        Some(number)
    }
}

fn finite(inputs: &[&[f64]]) -> bool {
    inputs.iter().all(|input| input.iter().all(|x| x.is_finite()))
}
