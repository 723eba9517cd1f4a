//! Responses and weights, as a plugin gets them.

use std::ffi::{CString, c_char};
use std::ptr::null;

use fenchel_core::elementwise::check_responses;
use fenchel_core::{Error, Response, ResponseKind, Samples};
use fenchel_plugin_abi as abi;

use crate::calls::Call;
use crate::plugin::Plugin;
use crate::refusal::Refusal;

/// The samples in C's terms; what C spells otherwise than Rust is kept here.
pub(super) struct View<'a> {
    table: abi::Samples,
    _events: Vec<u8>,
    _labels: (Vec<CString>, Vec<*const c_char>),
    _samples: &'a Samples,
}

impl<'a> View<'a> {
    /// Errors: a response of another kind than the loss reads, or numbers that are not finite.
    pub(super) fn new(reads: ResponseKind, samples: &'a Samples) -> Result<Self, Error> {
        check(reads, samples)?;
        let mut table = abi::Samples {
            size: size_of::<abi::Samples>(),
            samples: samples.len(),
            kind: kind(reads),
            values: null(),
            columns: 0,
            classes: null(),
            labels: null(),
            class_count: 0,
            time: null(),
            event: null(),
            weights: samples.weights().map_or(null(), <[f64]>::as_ptr),
            subjects: samples.subject().map_or(null(), <[u32]>::as_ptr),
        };
        let (mut events, mut labels) = (Vec::new(), (Vec::new(), Vec::new()));
        match samples.response() {
            Response::Numeric { values, columns } => {
                table.values = values.as_ptr();
                table.columns = *columns;
            }
            Response::Classes { class, labels: names } => {
                labels.0 = names
                    .iter()
                    .map(|name| CString::new(name.as_str()))
                    .collect::<Result<_, _>>()
                    .map_err(|_| Error::Data("a label of the response has a NUL".into()))?;
                labels.1 = labels.0.iter().map(|label: &CString| label.as_ptr()).collect();
                table.classes = class.as_ptr();
                table.labels = labels.1.as_ptr();
                table.class_count = names.len();
            }
            Response::Survival { time, event } => {
                events = event.iter().map(|&seen| u8::from(seen)).collect();
                table.time = time.as_ptr();
                table.event = events.as_ptr();
            }
            Response::None { .. } => {}
        }
        Ok(Self { table, _events: events, _labels: labels, _samples: samples })
    }

    /// What functions of the plugin get.
    pub(super) fn table(&self) -> &abi::Samples {
        &self.table
    }
}

fn kind(reads: ResponseKind) -> i32 {
    match reads {
        ResponseKind::Number | ResponseKind::Numbers | ResponseKind::Nothing => abi::NUMBERS,
        ResponseKind::TwoClasses => abi::TWO_CLASSES,
        ResponseKind::Classes => abi::CLASSES,
        ResponseKind::Survival => abi::SURVIVAL,
    }
}

fn check(reads: ResponseKind, samples: &Samples) -> Result<(), Error> {
    let finite =
        |numbers: &[f64]| check_responses(numbers, samples.len(), |_| true, "a finite number");
    match reads {
        ResponseKind::Number => finite(samples.number()?),
        ResponseKind::Numbers => finite(samples.numbers()?.0),
        ResponseKind::TwoClasses => samples.two_classes().map(drop),
        ResponseKind::Classes => match samples.classes()?.1 {
            [] | [_] => Err(Error::Data("the response has one class only: two are needed".into())),
            _ => Ok(()),
        },
        ResponseKind::Survival => finite(samples.survival()?.0),
        ResponseKind::Nothing => Ok(()),
    }
}

/// The error of a function that looked at samples.
pub(super) fn refused(
    plugin: &Plugin,
    call: &'static Call,
    refusal: Refusal,
    samples: &Samples,
) -> Error {
    let sample = usize::try_from(refusal.sample).ok().filter(|sample| *sample < samples.len());
    let (abi::INVALID, Some(sample)) = (refusal.status, sample) else {
        return plugin.refused(call, refusal);
    };
    let got = match samples.response() {
        Response::Numeric { values, .. } => values[sample],
        Response::Classes { class, .. } => f64::from(class[sample]),
        Response::Survival { time, .. } => time[sample],
        Response::None { .. } => return plugin.refused(call, refusal),
    };
    let expected = match refusal.message {
        message if message.is_empty() => "another value".into(),
        message => message,
    };
    Error::Domain { what: "response", sample, got, expected }
}
