//! What plugins did wrong while they were at work. The traits of losses and penalties return
//! numbers, not errors, so a plugin that breaks its promises is written down here, and the run is
//! asked to stop.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The type, and the library that it is from.
    pub plugin: String,
    /// The function that was called.
    pub call: String,
    /// What it did, as in `returned NaN for coefficient 3`.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {}: {} {}", self.plugin, self.call, self.what)
    }
}

/// Where the faults of all libraries of a process are written down.
#[derive(Debug, Default)]
pub struct Faults {
    first: Mutex<Option<Fault>>,
    stop: Arc<AtomicBool>,
}

impl Faults {
    /// `stop` is set with the first fault: the flag that the solvers look at.
    pub fn new(stop: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self { first: Mutex::new(None), stop })
    }

    /// Writes a fault down, unless there is one already: what follows it are consequences.
    pub fn report(&self, fault: Fault) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(fault);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The first fault, if there was any.
    pub fn first(&self) -> Option<Fault> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the first fault away, so that the next one counts.
    pub fn take(&self) -> Option<Fault> {
        self.stop.store(false, Ordering::Relaxed);
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
