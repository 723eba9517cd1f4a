//! Ctrl-C (and a request to terminate): the first asks the solver to stop at its next iteration,
//! the second ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of an interrupted run.
pub(super) const INTERRUPTED: u8 = 130;

/// A flag that the first signal sets.
pub(super) fn flag() -> Arc<AtomicBool> {
    let flag = crate::plugins::stop();
    let raised = Arc::clone(&flag);
    // Fails only where a handler is set already: then the process ends as that one says.
    let _ = ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    });
    flag
}
