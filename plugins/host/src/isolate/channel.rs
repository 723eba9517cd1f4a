//! Two processes take turns: one asks and waits, the other answers and waits. Whose turn it is, is
//! a number in shared memory, which is looked at for a while before its reader goes to sleep on a
//! socket; the socket also tells when the other process is gone.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::memory::Memory;
use super::words::Sink;

/// How long a side that waits looks at memory before it sleeps. Waking up takes about as long as
/// this; an epoch of descent is often shorter.
const SPIN: Duration = Duration::from_micros(50);

/// Words before the first message.
const HEADER: usize = 512;

/// The most words of an answer: 1 GiB.
const MOST_WORDS: u64 = 1 << 27;

/// Bytes of a name in [`LastWords`].
pub(super) const NAME: usize = 256;

/// What one side says of its last message. A cache line of its own, as the other side spins on it.
#[repr(C, align(64))]
struct Side {
    /// Number of the message.
    turn: AtomicU64,
    /// Words of the message.
    words: AtomicU64,
    /// Whether this side sleeps until the other wakes it.
    sleeps: AtomicU32,
}

/// Where a process that is about to die says whose function it was in.
#[repr(C)]
pub(super) struct LastWords {
    pub plugin: [AtomicU64; NAME / 8],
    pub call: [AtomicU64; NAME / 8],
}

#[repr(C, align(64))]
struct Header {
    asking: Side,
    answering: Side,
    last: LastWords,
}

const _: () = assert!(size_of::<Header>() <= HEADER * 8);

/// Why there is no message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The other process is gone.
    Gone,
    /// The time is over.
    Late,
    /// What came is not what has to come.
    Garbled,
    /// The system refuses.
    System(io::ErrorKind),
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        Self::System(error.kind())
    }
}

/// One end.
#[derive(Debug)]
pub(super) struct Channel {
    memory: Memory,
    socket: UnixStream,
    spin: Duration,
    turn: u64,
    /// Words of the last question.
    asked: usize,
}

fn header(memory: &Memory) -> &Header {
    // SAFETY: the mapping begins at a page and is longer than a header, which is made of atomics; it
    // moves with `&mut Memory` only.
    #[allow(unsafe_code)]
    unsafe {
        memory.start().cast().as_ref()
    }
}

impl Channel {
    pub fn new(memory: Memory, socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        // With one processor, looking keeps the other side from writing.
        let several = std::thread::available_parallelism().is_ok_and(|n| n.get() > 1);
        let spin = if several { SPIN } else { Duration::ZERO };
        Ok(Self { memory, socket, spin, turn: 0, asked: 0 })
    }

    fn header(&self) -> &Header {
        header(&self.memory)
    }

    /// Where last words are written.
    pub fn last_words(&self) -> &LastWords {
        &self.header().last
    }

    /// The same in a mapping of the same memory.
    pub fn last_words_in(memory: &Memory) -> &LastWords {
        &header(memory).last
    }

    /// Begins a question.
    pub fn question(&mut self) -> Question<'_> {
        Question { memory: &mut self.memory, at: HEADER, spill: Vec::new(), failed: None }
    }

    /// Sends the question of so many words, and waits for the answer, which is copied.
    ///
    /// Errors: see [`Silence`]; afterwards the two sides no longer agree on whose turn it is.
    pub fn ask(&mut self, words: usize, until: Option<Instant>) -> Result<Vec<u64>, Silence> {
        self.turn += 1;
        self.asked = words;
        let header = self.header();
        header.asking.words.store(words as u64, Ordering::Relaxed);
        header.asking.turn.store(self.turn, Ordering::SeqCst);
        self.wake(&header.answering)?;
        let before = self.turn - 1;
        let turn = self.wait(|header| (&header.asking, &header.answering), before, until)?;
        if turn != self.turn {
            return Err(Silence::Garbled);
        }
        let words = self.header().answering.words.load(Ordering::Relaxed);
        if words > MOST_WORDS {
            return Err(Silence::Garbled);
        }
        let (from, words) = (HEADER + self.asked, words as usize);
        self.memory.follow(from + words).map_err(|_| Silence::Garbled)?;
        Ok(self.memory.words(from, words))
    }

    /// Copies numbers of the last question, where the other side may have written to them.
    pub fn copy_out(&self, from: usize, out: &mut [f64]) {
        self.memory.copy_out(from, out);
    }

    /// Waits for the next question.
    pub fn listen(&mut self) -> Result<&mut [u64], Silence> {
        let turn = self.wait(|header| (&header.answering, &header.asking), self.turn, None)?;
        self.turn = turn;
        let words = self.header().asking.words.load(Ordering::Relaxed) as usize;
        self.asked = words;
        self.memory.follow(HEADER + words)?;
        Ok(self.memory.slice(HEADER, words))
    }

    /// Answers the last question.
    pub fn answer(&mut self, answer: &[u64]) -> Result<(), Silence> {
        let from = HEADER + self.asked;
        self.memory.grow(from + answer.len())?;
        self.memory.slice(from, answer.len()).copy_from_slice(answer);
        let header = self.header();
        header.answering.words.store(answer.len() as u64, Ordering::Relaxed);
        header.answering.turn.store(self.turn, Ordering::SeqCst);
        self.wake(&header.asking)
    }

    /// Wakes the other side, if it sleeps.
    fn wake(&self, other: &Side) -> Result<(), Silence> {
        if other.sleeps.swap(0, Ordering::SeqCst) == 0 {
            return Ok(());
        }
        match (&self.socket).write(&[1]) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Silence::Gone),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the other side's turn is no longer `before`, and returns it.
    fn wait(
        &self,
        sides: impl for<'h> Fn(&'h Header) -> (&'h Side, &'h Side),
        before: u64,
        until: Option<Instant>,
    ) -> Result<u64, Silence> {
        let (own, other) = sides(self.header());
        let began = Instant::now();
        loop {
            for _ in 0..32 {
                let turn = other.turn.load(Ordering::Acquire);
                if turn != before {
                    return Ok(turn);
                }
                std::hint::spin_loop();
            }
            if began.elapsed() >= self.spin {
                break;
            }
        }
        loop {
            own.sleeps.store(1, Ordering::SeqCst);
            let turn = other.turn.load(Ordering::SeqCst);
            if turn != before {
                own.sleeps.store(0, Ordering::Relaxed);
                return Ok(turn);
            }
            self.sleep(until)?;
        }
    }

    /// Sleeps until there is something on the socket, and takes it.
    fn sleep(&self, until: Option<Instant>) -> Result<(), Silence> {
        let timeout = match until {
            None => -1,
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(Silence::Late);
                }
                // Rounded up, so that the last millisecond is slept through as well.
                i32::try_from(left.as_millis() + 1).unwrap_or(i32::MAX)
            }
        };
        let mut poll =
            libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one pollfd, for this call.
        #[allow(unsafe_code)]
        let ready = unsafe { libc::poll(&mut poll, 1, timeout) };
        if ready < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted {
                Ok(())
            } else {
                Err(error.into())
            };
        }
        if ready == 0 {
            return Ok(());
        }
        match (&self.socket).read(&mut [0; 64]) {
            Ok(0) => Err(Silence::Gone),
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
                io::ErrorKind::ConnectionReset => Err(Silence::Gone),
                _ => Err(error.into()),
            },
        }
    }
}

/// A question while it is written, in shared memory itself.
#[derive(Debug)]
pub(super) struct Question<'a> {
    memory: &'a mut Memory,
    at: usize,
    /// Takes what no longer fits, once memory has failed to grow.
    spill: Vec<u64>,
    failed: Option<io::Error>,
}

impl Question<'_> {
    /// Numbers that the other side may write over; where they stand.
    pub fn shared(&mut self, numbers: &[f64]) -> usize {
        self.numbers(numbers);
        self.at - numbers.len()
    }

    /// Room for so many numbers, which the other side is to fill; where it is.
    pub fn room(&mut self, count: usize) -> usize {
        self.size(count);
        self.next(count);
        self.at - count
    }

    /// Ends the question; the number of its words.
    pub fn end(self) -> Result<usize, Silence> {
        match self.failed {
            None => Ok(self.at - HEADER),
            Some(error) => Err(error.into()),
        }
    }
}

impl Sink for Question<'_> {
    fn next(&mut self, words: usize) -> &mut [u64] {
        if self.failed.is_none() {
            self.failed = self.memory.grow(self.at + words).err();
        }
        if self.failed.is_some() {
            self.spill.resize(words, 0);
            return &mut self.spill;
        }
        let from = self.at;
        self.at += words;
        self.memory.slice(from, words)
    }
}
