//! How the child ends: it says whose function it was in where it crashes, and goes with its parent.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::calls;
use crate::isolate::channel::{Channel, LastWords, NAME};
use crate::isolate::memory::Memory;

/// Signals that native code ends in.
const FATAL: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGSYS];

/// Where the words go: a mapping of its own, which never moves.
static WORDS: AtomicPtr<LastWords> = AtomicPtr::new(std::ptr::null_mut());

/// From now on, a fatal signal or a call of `exit` inside a plugin's function is told to the parent.
pub(super) fn prepare(memory: &Memory) -> io::Result<()> {
    let own = Box::leak(Box::new(Memory::map(memory.file().try_clone()?)?));
    WORDS.store(std::ptr::from_ref(Channel::last_words_in(own)).cast_mut(), Ordering::Release);
    for signal in FATAL {
        // SAFETY: zero is a valid sigaction; the handler calls async-signal-safe functions only.
        #[allow(unsafe_code)]
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = crash as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
    // SAFETY: a function that stays where it is.
    #[allow(unsafe_code)]
    unsafe {
        libc::atexit(speak);
    }
    Ok(())
}

extern "C" fn crash(signal: libc::c_int) {
    speak();
    // Ends the process as it would have ended without this handler, once the handler returns.
    // SAFETY: both are async-signal-safe.
    #[allow(unsafe_code)]
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

extern "C" fn speak() {
    // SAFETY: null, or a mapping that is never undone.
    #[allow(unsafe_code)]
    let words = unsafe { WORDS.load(Ordering::Acquire).as_ref() };
    let inside = calls::current().and_then(calls::Slot::inside);
    if let (Some(words), Some((origin, call, _))) = (words, inside) {
        write(&words.plugin, &origin.plugin);
        write(&words.call, call.0);
    }
}

fn write(to: &[AtomicU64; NAME / 8], text: &str) {
    let bytes = text.as_bytes();
    for (i, word) in to.iter().enumerate() {
        let byte = |b: usize| bytes.get(8 * i + b).copied().unwrap_or(0);
        word.store(u64::from_ne_bytes(std::array::from_fn(byte)), Ordering::Relaxed);
    }
}

/// Ends this process when the parent is gone, even inside a function that does not return.
pub(super) fn watch_for_the_end(socket: &UnixStream) -> io::Result<()> {
    let socket = socket.try_clone()?;
    std::thread::Builder::new().name("fenchel-parent".into()).spawn(move || {
        let mut poll = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
        loop {
            // SAFETY: one pollfd, for this call.
            #[allow(unsafe_code)]
            let ready = unsafe { libc::poll(&mut poll, 1, -1) };
            if ready > 0 {
                // SAFETY: ends the process.
                #[allow(unsafe_code)]
                unsafe {
                    libc::_exit(0)
                }
            }
        }
    })?;
    Ok(())
}

/// An interrupt from the terminal reaches the whole group; what it means is the parent's to say.
pub(super) fn ignore_signals_of_the_terminal() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: sets no handler.
        #[allow(unsafe_code)]
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}
