//! Fatal signals inside a plugin's function. Nothing can be saved then, as the plugin may have
//! written anywhere in the process, but the reader is told who it was, and the exit code says so.
#![allow(unsafe_code)]

use std::sync::Once;

use crate::calls;

/// Exit code of a plugin at fault.
const PLUGIN_AT_FAULT: i32 = 3;

/// Signals that native code ends in.
const FATAL: [(libc::c_int, &str); 5] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGABRT, "SIGABRT"),
];

/// What the process did on each signal before.
static mut BEFORE: [Option<libc::sigaction>; FATAL.len()] = [None; FATAL.len()];

/// From now on, a fatal signal inside a plugin's function ends the process with a message that names
/// the plugin, and exit code 3. Elsewhere signals do what they did before.
pub fn name_crashes() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (i, (signal, _)) in FATAL.iter().enumerate() {
            // SAFETY: zero is a valid sigaction; the handler has the signature that SA_SIGINFO asks
            // for and calls async-signal-safe functions only. BEFORE[i] is written here alone, before
            // the handler that reads it can run for this signal.
            unsafe {
                let mut before: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(*signal, std::ptr::null(), &mut before) != 0 {
                    continue;
                }
                (&raw mut BEFORE[i]).write(Some(before));
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = handle as *const () as usize;
                // The standard library gives its threads an alternate stack: a plugin that
                // overflows the stack is told of as well.
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigemptyset(&mut action.sa_mask);
                libc::sigaction(*signal, &action, std::ptr::null_mut());
            }
        }
    });
}

/// Ends the process at once, with nothing run at its exit: some thread may still be inside a plugin's
/// function, under which the library's own data would be taken away.
pub fn leave(code: u8) -> ! {
    use std::io::Write as _;
    // Nobody is left to tell of a stream that fails.
    let _ = std::io::stdout().flush();
    // SAFETY: takes any number and does not return.
    unsafe { libc::_exit(i32::from(code)) }
}

extern "C" fn handle(signal: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let Some(i) = FATAL.iter().position(|(s, _)| *s == signal) else { return };
    if let Some((origin, call, _)) = calls::current().and_then(calls::Slot::inside) {
        let parts =
            ["error: plugin ", &origin.plugin, ": ", call.0, " crashed with ", FATAL[i].1, "\n"];
        for part in parts {
            // SAFETY: a readable range; write and _exit are async-signal-safe.
            unsafe { libc::write(libc::STDERR_FILENO, part.as_ptr().cast(), part.len()) };
        }
        // SAFETY: as above.
        unsafe { libc::_exit(PLUGIN_AT_FAULT) };
    }
    // Not in a plugin: as before. The faulting instruction runs again, and abort() raises again.
    // SAFETY: written before this handler was installed, and never after.
    unsafe {
        if let Some(before) = (&raw const BEFORE[i]).read() {
            libc::sigaction(signal, &before, std::ptr::null_mut());
        }
    }
}
