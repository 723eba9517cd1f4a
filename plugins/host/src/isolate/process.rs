//! The process that a plugin runs in: how it starts, and how it ended.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::channel::Channel;
use super::memory::Memory;

/// Where the child finds what it was given.
pub(super) const SOCKET: RawFd = 3;
pub(super) const MEMORY: RawFd = 4;
pub(super) const IMAGE: RawFd = 5;

/// How long a process that hung up may take to end.
const LINGER: Duration = Duration::from_millis(500);

/// A running child.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    ended: Option<ExitStatus>,
}

/// Starts the server with the library's sealed image.
///
/// It may gain no privileges, reads nothing, and prints to standard error only. It is not asked to
/// die with the thread that started it, as `PR_SET_PDEATHSIG` would, but with this process: it looks
/// at its end of the socket.
pub(super) fn start(mut server: Command, image: &File) -> io::Result<(Process, Channel)> {
    let memory = Memory::new()?;
    let (ours, theirs) = UnixStream::pair()?;
    // Out of the way of the numbers that the child expects them under.
    let given = [
        (above(theirs.as_raw_fd())?, SOCKET),
        (above(memory.file().as_raw_fd())?, MEMORY),
        (above(image.as_raw_fd())?, IMAGE),
    ];
    let numbers = given.each_ref().map(|(from, to)| (from.as_raw_fd(), *to));
    server.stdin(Stdio::null());
    // SAFETY: between fork and exec only system calls are made.
    #[allow(unsafe_code)]
    unsafe {
        server.pre_exec(move || arrange(&numbers));
    }
    let child = server.spawn()?;
    Ok((Process { child, ended: None }, Channel::new(memory, ours)?))
}

fn above(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: a valid descriptor, a command and its integer argument; what is made is ours.
    #[allow(unsafe_code)]
    unsafe {
        let made = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, IMAGE + 1);
        if made < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(made)) }
    }
}

/// In the child, before it becomes the server.
fn arrange(given: &[(RawFd, RawFd)]) -> io::Result<()> {
    let done = |result: libc::c_int| {
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: system calls on descriptors of this process, and with constants.
    #[allow(unsafe_code)]
    unsafe {
        done(libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO))?;
        for (from, to) in given {
            done(libc::dup2(*from, *to))?;
        }
        // What a library of the parent left open on exec is none of the plugin's business. Older
        // kernels cannot do this; the standard library's own descriptors close on exec anyway.
        let (first, last) = (IMAGE as libc::c_uint + 1, libc::c_uint::MAX);
        libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC);
        done(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    }
}

impl Process {
    /// What the process did, once it hung up; it is killed where it goes on.
    pub fn last_deed(&mut self) -> String {
        let until = Instant::now() + LINGER;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.ended = Some(status);
                    return deed(status);
                }
                Ok(None) => std::thread::sleep(Duration::from_micros(200)),
                Err(_) => break,
            }
        }
        self.end();
        "closed the connection to the host".into()
    }

    /// Kills the process if it still runs, and leaves no zombie.
    pub fn end(&mut self) {
        if self.ended.is_none() {
            // Fails only where it is gone already.
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }

    #[cfg(test)]
    pub fn of(child: Child) -> Self {
        Self { child, ended: None }
    }

    #[cfg(test)]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn deed(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("ended the process with exit code {code}");
    }
    let signal = status.signal().unwrap_or(0);
    let (verb, name) = match signal {
        libc::SIGSEGV => ("crashed with", "SIGSEGV"),
        libc::SIGBUS => ("crashed with", "SIGBUS"),
        libc::SIGILL => ("crashed with", "SIGILL"),
        libc::SIGFPE => ("crashed with", "SIGFPE"),
        libc::SIGABRT => ("crashed with", "SIGABRT"),
        libc::SIGSYS => ("crashed with", "SIGSYS"),
        libc::SIGKILL => ("was killed by", "SIGKILL"),
        libc::SIGTERM => ("was killed by", "SIGTERM"),
        _ => return format!("was killed by signal {signal}"),
    };
    format!("{verb} {name} (signal {signal})")
}
