//! The parent's end: one call at a time, until the child is gone.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fenchel_core::{Error, Resolve, Space};

use super::channel::{Channel, LastWords, NAME, Question, Silence};
use super::designs::Designs;
use super::errors;
use super::process::Process;
use super::protocol::{Op, Status};
use super::words::{Garbled, Reader, Sink};
use crate::calls::{Call, Origin};
use crate::fault::{Fault, Faults};
use crate::watch::{GRACE, STUCK};

/// A process with a library in it. Threads take turns.
#[derive(Debug)]
pub(super) struct Child {
    link: Mutex<Link>,
    faults: Arc<Faults>,
    deadline: Option<Instant>,
    grace: Duration,
}

#[derive(Debug)]
struct Link {
    /// `None` once the child is gone: whoever asks then gets no answer.
    alive: Option<Alive>,
}

#[derive(Debug)]
struct Alive {
    channel: Channel,
    process: Process,
    designs: Designs,
}

/// What was called, for the fault that it may end in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called<'a> {
    pub plugin: &'a str,
    pub call: &'static str,
}

impl<'a> Called<'a> {
    pub fn new(origin: &'a Origin, call: &'static Call) -> Self {
        Self { plugin: &origin.plugin, call: call.0 }
    }
}

/// What the child may ask back for in the midst of a call.
#[derive(Default, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub resolve: Option<&'a dyn Resolve>,
    pub space: Option<&'a Space>,
}

/// An answer, out of the child's reach but for the numbers that it was asked to write.
pub(super) struct Answer<'a> {
    pub words: Reader<'a>,
    channel: &'a Channel,
}

impl Answer<'_> {
    /// Copies the numbers that stand at `from`, see [`Question::room`].
    pub fn copy_out(&self, from: usize, out: &mut [f64]) {
        self.channel.copy_out(from, out);
    }
}

impl Child {
    pub fn new(
        channel: Channel,
        process: Process,
        faults: Arc<Faults>,
        deadline: Option<Instant>,
    ) -> Self {
        let alive = Alive { channel, process, designs: Designs::default() };
        Self { link: Mutex::new(Link { alive: Some(alive) }), faults, deadline, grace: GRACE }
    }

    /// The same, with another time that a call may take once the deadline is over.
    #[cfg(test)]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    #[cfg(test)]
    pub fn process(&self) -> Option<u32> {
        self.lock().alive.as_ref().map(|alive| alive.process.id())
    }

    fn lock(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Asks, where the child lives, and reads the answer; `None` where there is none, of which the
    /// cause is written down.
    pub fn ask<W, T>(
        &self,
        called: Called<'_>,
        op: Op,
        write: impl FnOnce(&mut Question<'_>, &mut Designs) -> W,
        read: impl FnOnce(W, &mut Answer<'_>) -> Result<T, Garbled>,
    ) -> Option<T> {
        self.ask_resolving(called, op, Desk::default(), write, read)?.ok()
    }

    /// The same for what may be refused: errors are the user's to mend, unless there is a fault.
    pub fn ask_resolving<W, T>(
        &self,
        called: Called<'_>,
        op: Op,
        desk: Desk<'_>,
        write: impl FnOnce(&mut Question<'_>, &mut Designs) -> W,
        read: impl FnOnce(W, &mut Answer<'_>) -> Result<T, Garbled>,
    ) -> Option<Result<T, Error>> {
        let mut link = self.lock();
        let alive = link.alive.as_mut()?;
        let until = self.deadline.map(|deadline| deadline.max(Instant::now()) + self.grace);
        match self.exchange(alive, called, op, until, desk, write, read) {
            Ok(answer) => Some(answer),
            Err(silence) => {
                let mut gone = link.alive.take()?;
                drop(link);
                self.faults.report(obituary(&mut gone, called, silence));
                None
            }
        }
    }

    /// An error in the place of what a child that is gone should have made.
    pub fn lost(&self) -> Error {
        match self.faults.first() {
            Some(fault) => Error::Unsupported(fault.to_string()),
            None => Error::Unsupported("the plugin's process is gone".into()),
        }
    }

    #[allow(clippy::too_many_arguments)] // the parts of one call
    fn exchange<W, T>(
        &self,
        alive: &mut Alive,
        called: Called<'_>,
        op: Op,
        until: Option<Instant>,
        desk: Desk<'_>,
        write: impl FnOnce(&mut Question<'_>, &mut Designs) -> W,
        read: impl FnOnce(W, &mut Answer<'_>) -> Result<T, Garbled>,
    ) -> Result<Result<T, Error>, Silence> {
        let Alive { channel, designs, .. } = alive;
        let mut question = channel.question();
        op.write(&mut question);
        let written = write(&mut question, designs);
        let mut words = question.end()?;
        loop {
            let mut answer = channel.ask(words, until)?;
            let mut reader = Reader::new(&mut answer);
            if let Some(fault) = reader.option(read_fault)? {
                // Who it was is known here; what the child remembers, the plugin may have written on.
                self.faults.report(Fault { plugin: called.plugin.into(), ..fault });
            }
            let status = Status::read(&mut reader)?;
            match status {
                Status::Done => {
                    let mut answer = Answer { words: reader, channel };
                    return Ok(Ok(read(written, &mut answer)?));
                }
                Status::Refused => return Ok(Err(errors::read(&mut reader)?)),
                Status::Panicked => {
                    let what = format!("panicked: {}", reader.text()?);
                    let (plugin, call) = (called.plugin.into(), called.call.into());
                    let fault = Fault { plugin, call, what };
                    let error = Error::Unsupported(fault.to_string());
                    self.faults.report(fault);
                    return Ok(Err(error));
                }
                _ => {}
            }
            let mut question = channel.question();
            Op::Answer.write(&mut question);
            desk.reply(status, &mut reader, &mut question)?;
            words = question.end()?;
        }
    }
}

impl Desk<'_> {
    /// Answers what the child asks back.
    fn reply(
        self,
        status: Status,
        from: &mut Reader<'_>,
        to: &mut Question<'_>,
    ) -> Result<(), Garbled> {
        let resolve = || self.resolve.ok_or(Garbled);
        match status {
            Status::NeedsColumn => {
                let (file, column) = (from.text()?, from.text()?);
                let cells = resolve()?.table_column(&file, &column);
                reply(to, cells, |to, cells| texts(to, &cells));
            }
            Status::NeedsMatrix => {
                let numbers = resolve()?.matrix(&from.text()?);
                reply(to, numbers, |to, (numbers, cols)| {
                    to.numbers(&numbers);
                    to.size(cols);
                });
            }
            Status::NeedsNames => {
                let space = self.space.ok_or(Garbled)?;
                reply(to, Ok(space.names()), texts);
            }
            Status::Done | Status::Refused | Status::Panicked => return Err(Garbled),
        }
        Ok(())
    }
}

fn texts(to: &mut impl Sink, texts: &[String]) {
    to.size(texts.len());
    texts.iter().for_each(|text| to.text(text));
}

impl From<Garbled> for Silence {
    fn from(_: Garbled) -> Self {
        Self::Garbled
    }
}

fn reply<T, S: Sink>(to: &mut S, result: Result<T, Error>, write: impl FnOnce(&mut S, T)) {
    to.flag(result.is_ok());
    match result {
        Ok(it) => write(to, it),
        Err(error) => errors::write(&error, to),
    }
}

fn read_fault(from: &mut Reader<'_>) -> Result<Fault, Garbled> {
    Ok(Fault { plugin: from.text()?, call: from.text()?, what: from.text()? })
}

/// What became of a child that did not answer.
fn obituary(gone: &mut Alive, called: Called<'_>, silence: Silence) -> Fault {
    let what = match silence {
        Silence::Gone => gone.process.last_deed(),
        Silence::Late => STUCK.into(),
        Silence::Garbled => "wrote over the memory that it shares with the host".into(),
        Silence::System(kind) => format!("could not be reached: {kind}"),
    };
    gone.process.end();
    let (plugin, call) = match last_words(gone.channel.last_words()) {
        Some(last) if silence == Silence::Gone => last,
        _ => (called.plugin.into(), called.call.into()),
    };
    Fault { plugin, call, what }
}

/// What the child left behind, where it could.
fn last_words(last: &LastWords) -> Option<(String, String)> {
    let text = |words: &[std::sync::atomic::AtomicU64; NAME / 8]| {
        let bytes: Vec<u8> =
            words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches(['\0', '\u{fffd}']).to_string();
        let printable = !text.is_empty() && !text.contains(char::is_control);
        printable.then_some(text)
    };
    Some((text(&last.plugin)?, text(&last.call)?))
}
