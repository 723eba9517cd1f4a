//! Plugins in a process of their own. The library is loaded by a child, and the solver stays in the
//! parent: what crashes, hangs or writes where it should not is the child's, and the run goes on to
//! say what happened.
//!
//! The boundary is drawn at the level of core's traits, not of the ABI: the child loads the library
//! as a host does that keeps it in its own process, and answers for the penalties and losses that
//! come out. So everything that a host checks is checked there, and one epoch of descent is one call.
//!
//! A call is two numbers in shared memory, one for each side's turn, looked at for some microseconds
//! before whoever waits goes to sleep. The child is not trusted: lengths and places are the parent's
//! own, numbers are copied before they are used, and what does not parse is a fault.

mod channel;
mod child;
mod data;
mod designs;
mod errors;
mod fit;
mod loss;
mod memory;
mod parts;
mod penalty;
mod process;
mod protocol;
mod server;
mod sweep;
mod words;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use fenchel_core::{Context, Error, Loss, Penalty};

use crate::calls::{self, Origin};
use crate::error::LoadError;
use crate::fault::Faults;
use crate::image::Image;
use crate::library::{Library, LibraryInfo, Maker, PluginType};
use child::{Called, Child, Desk};
use loss::IsolatedLoss;
use penalty::IsolatedPenalty;
use protocol::Op;
use words::Sink;

/// Loads what a server serves: in a child, from the image that it was given.
type Opener = fn(File, PathBuf, String, &Arc<Faults>) -> Result<Library, String>;

/// Loads the image into a process of its own.
///
/// `server` starts a program that calls [`serve`], which has to be this very program, as both sides
/// speak one protocol. A call that goes on for two seconds beyond `deadline`, or begins after it and
/// takes as long, ends the child. `faults` is told what the library's types do wrong, and how the
/// child ended where it did.
///
/// Errors: as [`open`](crate::open), and where the child cannot be started or ends too early.
pub fn open(
    image: Image,
    server: Command,
    faults: &Arc<Faults>,
    deadline: Option<Instant>,
) -> Result<Library, LoadError> {
    let path = image.path().to_path_buf();
    let failed = |what: String| LoadError::Process { path: path.clone(), what };
    let (process, channel) = process::start(server, image.file()).map_err(|error| {
        failed(format!("cannot start the process that it was to run in: {error}"))
    })?;
    let child = Child::new(channel, process, faults.clone(), deadline);
    introduce(child, &path, image.sha256().into()).map_err(failed)
}

/// Has the child open its library, and learns what types there are.
fn introduce(child: Child, path: &Path, sha256: String) -> Result<Library, String> {
    let plugin = format!("`{}`", path.display());
    let called = Called { plugin: &plugin, call: calls::LOAD.0 };
    let before = child.faults().first();
    let answer = child.ask_resolving(
        called,
        Op::Open,
        Desk::default(),
        |to, _| {
            to.text(&path.to_string_lossy());
            to.text(&sha256);
        },
        |(), answer| {
            let from = &mut answer.words;
            let (name, version, aborts) = (from.text()?, from.text()?, from.flag()?);
            Ok((name, version, aborts, from.list(data::read_card)?))
        },
    );
    let (name, version, aborts, cards) = match answer {
        Some(Ok(opened)) => opened,
        Some(Err(Error::Data(refusal))) => return Err(refusal),
        Some(Err(error)) => return Err(error.to_string()),
        None => {
            let fault = if before.is_none() { child.faults().take() } else { None };
            let what = fault.map_or_else(|| "failed".into(), |fault| fault.what);
            return Err(format!("{} {what}", calls::LOAD.0));
        }
    };
    let info = Arc::new(LibraryInfo { path: path.to_path_buf(), name, version, sha256, aborts });
    let child = Arc::new(child);
    let types = cards.into_iter().enumerate().map(|(at, card)| {
        let plugin = format!("`{}` ({} {})", card.name, info.name, info.version);
        let origin = Box::leak(Box::new(Origin { plugin }));
        let maker = Arc::new(Isolated { child: child.clone(), origin, at });
        PluginType::new(card.kind, card, info.clone(), maker)
    });
    Ok(Library { types: types.collect(), info })
}

/// What the child runs: loads the library that it was given, and answers until the parent is gone.
///
/// Nothing else may have been started before: no thread, no handler of signals.
///
/// Errors: where this process is no child of [`open`].
pub fn serve() -> std::io::Result<()> {
    server::serve(|image, path, sha256, faults| {
        let image = Image::inherited(image, path, sha256).map_err(|error| error.to_string())?;
        crate::open(image, faults).map_err(|error| error.to_string())
    })
}

/// A type of a library that the child has.
#[derive(Debug)]
struct Isolated {
    child: Arc<Child>,
    origin: &'static Origin,
    at: usize,
}

impl Maker for Isolated {
    fn penalty(&self, parameters: &str, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let penalty =
            IsolatedPenalty::create(&self.child, self.origin, self.at, parameters, context)?;
        Ok(Box::new(penalty))
    }
    fn loss(&self, parameters: &str) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(IsolatedLoss::create(&self.child, self.origin, self.at, parameters)?))
    }
}
