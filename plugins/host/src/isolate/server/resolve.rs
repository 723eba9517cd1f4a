//! Side files are the parent's to open: the child asks back for what is in them.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use fenchel_core::{Error, Penalty, Raw, Resolve, Space};

use crate::isolate::channel::{Channel, Silence};
use crate::isolate::errors;
use crate::isolate::protocol::{Op, Status};
use crate::isolate::words::{Garbled, Reader, Sink};

/// Asks the parent, in the middle of its own question.
#[derive(Clone)]
pub(super) struct Parent(pub(super) Arc<Mutex<Channel>>);

impl Parent {
    /// The coefficients, with names that are asked for where somebody wants one.
    pub fn space(&self, features: usize, outputs: usize) -> Space {
        let parent = self.clone();
        Space::named_by(features, outputs, move || {
            let names = parent.ask(Status::NeedsNames, &[], |from| from.list(Reader::text));
            names
                .ok()
                .filter(|names| names.len() == features)
                .unwrap_or_else(|| Space::numbered(features, outputs).names().to_vec())
        })
    }

    fn ask<T>(
        &self,
        status: Status,
        texts: &[&str],
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Garbled>,
    ) -> Result<T, Error> {
        let mut question = Vec::new();
        question.flag(false); // no fault
        status.write(&mut question);
        texts.iter().for_each(|text| question.text(text));
        let mut channel = match self.0.try_lock() {
            Ok(channel) => channel,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            // In the midst of a question that the parent does not expect to be asked back about.
            Err(TryLockError::WouldBlock) => return Err(unanswered()),
        };
        let exchange = || -> Result<Result<T, Error>, Silence> {
            channel.answer(&question)?;
            let mut from = Reader::new(channel.listen()?);
            if Op::read(&mut from)? != Op::Answer {
                return Err(Silence::Garbled);
            }
            Ok(if from.flag()? { Ok(read(&mut from)?) } else { Err(errors::read(&mut from)?) })
        };
        exchange().unwrap_or_else(|_| Err(unanswered()))
    }
}

fn unanswered() -> Error {
    Error::Unsupported("the host does not answer".into())
}

impl Resolve for Parent {
    fn penalty(&self, _: &Raw, _: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("a plugin's penalty cannot hold other penalties".into()))
    }
    fn table_column(&self, file: &str, column: &str) -> Result<Vec<String>, Error> {
        self.ask(Status::NeedsColumn, &[file, column], |from| from.list(Reader::text))
    }
    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        self.ask(Status::NeedsMatrix, &[file], |from| Ok((from.numbers()?.to_vec(), from.size()?)))
    }
}
