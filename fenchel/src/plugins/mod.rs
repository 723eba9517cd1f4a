//! Libraries that bring types of their own: which are asked for, whether they are trusted, and what
//! came of it.
//!
//! A library is loaded where the problem file or the command line names it *and* the user has pinned
//! its bytes. There is no search path and no environment variable that would load anything. What it
//! does wrong later is written down once for the whole process, and becomes the error of whatever
//! was under way.

mod load;
mod opener;
mod shelf;
mod used;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use fenchel_plugin_host::{Fault, Faults, LoadError, trust::TrustError};

pub use load::{Wanted, load, load_recorded};
pub use opener::Opening;
pub(crate) use opener::{SERVER, open, this_program};
pub use shelf::{FileState, Source, shelved_with};
pub use used::{PluginRecord, used};

use crate::Error;

/// The flag that asks whatever runs to stop: set by the first fault, and by whoever else has it.
pub fn stop() -> Arc<AtomicBool> {
    static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
    STOP.clone()
}

/// What plugins did wrong in this process.
pub fn faults() -> &'static Arc<Faults> {
    static FAULTS: LazyLock<Arc<Faults>> = LazyLock::new(|| Faults::new(stop()));
    &FAULTS
}

/// Unit, if no plugin broke a promise so far.
///
/// Errors: the first fault.
pub fn kept() -> Result<(), Error> {
    faults().first().map_or(Ok(()), |fault| Err(broken(&fault)))
}

/// A plugin's fault as an error.
pub fn broken(fault: &Fault) -> Error {
    Error::plugin(fault.to_string())
}

/// The error itself, or the fault that led to it, at the same place.
pub(crate) fn blame(error: Error) -> Error {
    let Some(fault) = faults().first() else { return error };
    if error.fault() == crate::Fault::Plugin {
        return error;
    }
    match error.place() {
        Some(place) => broken(&fault).at(place.clone()),
        None => broken(&fault),
    }
}

/// A library that does not load.
pub(crate) fn unloadable(error: &LoadError) -> Error {
    Error::plugin(error.to_string())
}

/// A library that is not trusted, or a trust file that is not.
pub(crate) fn distrusted(error: &TrustError) -> Error {
    let plain = Error::plugin(error.to_string());
    match error.remedy() {
        Some(remedy) => plain.help(remedy),
        None => plain,
    }
}
