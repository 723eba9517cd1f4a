//! Why a library was not loaded.

use std::io;
use std::path::PathBuf;

/// A file that cannot be read as a plugin. Every message names the file, what was found and what
/// was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("plugin {}: cannot read the file: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("plugin {}: not a regular file", .path.display())]
    NotAFile {
        /// What it is called, links resolved.
        path: PathBuf,
    },
    /// More bytes than any plugin has.
    #[error("plugin {}: larger than the {limit} bytes that a plugin may have", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// The private copy that is loaded could not be made.
    #[error("plugin {}: cannot make the sealed copy that is loaded: {source}", .path.display())]
    Seal {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system's loader refuses it.
    #[error("plugin {}: not a library that loads here: {reason}", .path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// The loader's words.
        reason: String,
    },
    /// It has no entry.
    #[error(
        "plugin {}: not a fenchel plugin: it exports no `fenchel_plugin_v1`",
        .path.display()
    )]
    NoEntry {
        /// The file.
        path: PathBuf,
    },
    /// Its entry does not say what it is.
    #[error(
        "plugin {}: not a fenchel plugin: `fenchel_plugin_v1` has the magic number {found:#010x}, \
         expected {:#010x}",
        .path.display(),
        fenchel_plugin_abi::MAGIC
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// What is there instead.
        found: u32,
    },
    /// It was built for another host.
    #[error(
        "plugin {}: speaks plugin ABI {found}; this host speaks {}: rebuild it against this host's \
         fenchel_plugin.h",
        .path.display(),
        fenchel_plugin_abi::ABI
    )]
    Abi {
        /// The file.
        path: PathBuf,
        /// The number that it speaks.
        found: u32,
    },
    /// Something that the entry, a type or a card has to have is absent or wrong.
    #[error("plugin {}: {place}: {what}", .path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// The struct, as in `penalty type 0 ("berhu")`.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// Two types of one kind have one name.
    #[error("plugin {}: two {kind} types are named \"{name}\"", .path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// `penalty` or `loss`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A type list has no end.
    #[error(
        "plugin {}: `{kind}` still returns a type at {limit}: it has to return NULL from the end on",
        .path.display()
    )]
    Endless {
        /// The file.
        path: PathBuf,
        /// `penalty` or `loss`.
        kind: &'static str,
        /// Where the host stopped asking.
        limit: usize,
    },
    /// The process that a plugin was to run in could not be started, or failed.
    #[error("plugin {}: {what}", .path.display())]
    Process {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        what: String,
    },
}
