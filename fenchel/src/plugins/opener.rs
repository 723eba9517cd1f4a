//! The one place where a library is opened: in this process, or in one of its own.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;

use fenchel_plugin_host::{Image, Library, LoadError, isolate, name_crashes};

use super::faults;

/// The command that a plugin's own process runs.
pub(crate) const SERVER: &str = "serve-plugin";

/// How a library is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Opening {
    /// In a process of its own, which runs this very program: its `main` has to be
    /// [`cli::run`](crate::cli::run).
    pub isolated: bool,
    /// When calls into a process of its own are given up.
    pub deadline: Option<Instant>,
}

/// Opens an image. Whoever calls this has made sure that it is trusted, or was told to run it.
///
/// Errors: whatever keeps it from loading.
pub(crate) fn open(image: Image, how: Opening) -> Result<Library, LoadError> {
    if how.isolated {
        let mut server = this_program();
        server.arg(SERVER);
        return isolate::open(image, server, faults(), how.deadline);
    }
    name_crashes();
    fenchel_plugin_host::open(image, faults())
}

/// This program again. By this path it is the same one even where its file was replaced meanwhile.
pub(crate) fn this_program() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("fenchel");
    command
}
