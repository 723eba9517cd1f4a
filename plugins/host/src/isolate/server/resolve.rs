//! Side files are the parent's to open: the child asks back for what is in them.

use std::cell::RefCell;

use fenchel_core::{Error, Penalty, Raw, Resolve, Space};

use crate::isolate::channel::{Channel, Silence};
use crate::isolate::errors;
use crate::isolate::protocol::{Op, Status};
use crate::isolate::words::{Garbled, Reader, Sink};

/// Asks the parent, in the middle of its own question.
pub(super) struct Parent<'a>(pub(super) &'a RefCell<Channel>);

impl Parent<'_> {
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
        let mut channel = self.0.borrow_mut();
        let mut exchange = || -> Result<Result<T, Error>, Silence> {
            channel.answer(&question)?;
            let mut from = Reader::new(channel.listen()?);
            if Op::read(&mut from)? != Op::Answer {
                return Err(Silence::Garbled);
            }
            Ok(if from.flag()? { Ok(read(&mut from)?) } else { Err(errors::read(&mut from)?) })
        };
        exchange().unwrap_or_else(|_| Err(Error::Unsupported("the host does not answer".into())))
    }
}

impl Resolve for Parent<'_> {
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
