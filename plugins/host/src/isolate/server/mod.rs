//! The child: waits for questions, and asks the library.

mod last_words;
mod loss;
mod penalty;
mod resolve;
mod sweep;

use std::any::Any;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fenchel_core::{DataFit, Error, Loss, Penalty};

use super::channel::{Channel, Silence};
use super::errors;
use super::memory::Memory;
use super::process::{IMAGE, MEMORY, SOCKET};
use super::protocol::{Op, Status};
use super::words::{Garbled, Reader, Sink, Spread};
use super::{Opener, data};
use crate::fault::Faults;
use crate::library::Library;

/// What the child holds.
struct Server {
    channel: Arc<Mutex<Channel>>,
    faults: Arc<Faults>,
    library: Option<Library>,
    next: u64,
    penalties: HashMap<u64, Box<dyn Penalty>>,
    losses: HashMap<u64, Box<dyn Loss>>,
    fits: HashMap<u64, Box<dyn DataFit>>,
    designs: sweep::Designs,
    /// Vectors that came as their nonzeros.
    spread: [Spread; 2],
}

/// Why a question has no answer.
enum Failure {
    /// The user's to mend.
    Refused(Error),
    /// A question that nobody asks.
    Garbled,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Garbled> for Failure {
    fn from(_: Garbled) -> Self {
        Self::Garbled
    }
}

/// Serves until the parent is gone.
///
/// Errors: where this process was not started as a server.
pub(super) fn serve(open: Opener) -> io::Result<()> {
    let socket = UnixStream::from(inherited(SOCKET)?);
    let memory = Memory::map(File::from(inherited(MEMORY)?))?;
    let image = File::from(inherited(IMAGE)?);
    last_words::prepare(&memory)?;
    last_words::watch_for_the_end(&socket)?;
    let channel = Arc::new(Mutex::new(Channel::new(memory, socket)?));
    last_words::ignore_signals_of_the_terminal();
    let mut server = Server {
        channel,
        faults: Faults::new(Arc::default()),
        library: None,
        next: 0,
        penalties: HashMap::new(),
        losses: HashMap::new(),
        fits: HashMap::new(),
        designs: sweep::Designs::default(),
        spread: Default::default(),
    };
    let mut library = Some((open, image));
    loop {
        match server.turn(&mut library) {
            Ok(()) => {}
            Err(Silence::Gone) => return Ok(()),
            Err(silence) => return Err(io::Error::other(format!("{silence:?}"))),
        }
    }
}

fn lock(channel: &Mutex<Channel>) -> MutexGuard<'_, Channel> {
    channel.lock().unwrap_or_else(PoisonError::into_inner)
}

fn inherited(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: a command that does nothing but fail where there is no such descriptor; one that is
    // there was given to this process under this number, see `process::start`.
    #[allow(unsafe_code)]
    unsafe {
        if libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// A question that is answered once the message is out of the way, as what answers it may ask back.
enum Asked {
    Open {
        path: PathBuf,
        sha256: String,
    },
    /// The space is given by the numbers of features and outputs.
    Penalty {
        at: usize,
        parameters: String,
        space: (usize, usize),
    },
    Scaled {
        id: u64,
        scale: f64,
    },
    Answered(Result<(), Failure>),
}

impl Server {
    /// Answers one question.
    fn turn(&mut self, library: &mut Option<(Opener, File)>) -> Result<(), Silence> {
        let mut body = Vec::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let asked = self.hear(&mut body)?;
            Ok(match asked {
                Asked::Answered(outcome) => outcome,
                Asked::Open { path, sha256 } => match library.take() {
                    Some((open, image)) => self.open(open, image, path, sha256, &mut body),
                    None => Err(Failure::Garbled),
                },
                Asked::Scaled { id, scale } => self.scaled(id, scale, &mut body),
                Asked::Penalty { at, parameters, space } => {
                    self.create_penalty(at, &parameters, space, &mut body)
                }
            })
        }));
        let mut answer = Vec::with_capacity(body.len() + 2);
        answer.option(self.faults.take(), |answer, fault| {
            [&fault.plugin, &fault.call, &fault.what]
                .into_iter()
                .for_each(|text| answer.text(text));
        });
        match outcome {
            Ok(Ok(Ok(()))) => {
                Status::Done.write(&mut answer);
                answer.append(&mut body);
            }
            Ok(Ok(Err(Failure::Refused(error)))) => {
                Status::Refused.write(&mut answer);
                errors::write(&error, &mut answer);
            }
            Ok(Ok(Err(Failure::Garbled))) => return Err(Silence::Garbled),
            Ok(Err(silence)) => return Err(silence),
            Err(payload) => {
                Status::Panicked.write(&mut answer);
                answer.text(&message(&*payload));
            }
        }
        lock(&self.channel).answer(&answer)
    }

    fn hear(&mut self, to: &mut Vec<u64>) -> Result<Asked, Silence> {
        let channel = self.channel.clone();
        let mut channel = lock(&channel);
        let mut from = Reader::new(channel.listen()?);
        Ok(match Op::read(&mut from)? {
            Op::Open => Asked::Open { path: PathBuf::from(from.text()?), sha256: from.text()? },
            Op::CreatePenalty => Asked::Penalty {
                at: from.size()?,
                parameters: from.text()?,
                space: (from.size()?, from.size()?),
            },
            Op::Scaled => Asked::Scaled { id: from.word()?, scale: from.number()? },
            op => Asked::Answered(self.handle(op, &mut from, to)),
        })
    }

    fn open(
        &mut self,
        open: Opener,
        image: File,
        path: PathBuf,
        sha256: String,
        to: &mut Vec<u64>,
    ) -> Result<(), Failure> {
        let library = open(image, path, sha256, &self.faults).map_err(Error::Data)?;
        to.text(&library.info.name);
        to.text(&library.info.version);
        to.flag(library.info.aborts);
        to.size(library.types.len());
        library.types.iter().for_each(|it| data::write_card(it.card, to));
        self.library = Some(library);
        Ok(())
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
