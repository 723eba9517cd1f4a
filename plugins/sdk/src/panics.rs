//! Panics: what they print, and what is kept of one that had no room for its message. A library that a host loaded has a standard library and a panic hook of its
//! own, and its host tells of a panic better than that hook: so it is silent, and only remembers where
//! it was. With `RUST_BACKTRACE` it prints as ever.

use std::any::Any;
use std::cell::Cell;
use std::fs;
use std::panic::{Location, resume_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
    static KEPT: Cell<Option<Box<dyn Any + Send>>> = const { Cell::new(None) };
}

/// Silences the panics of this library, but not those of a program that it is a part of.
pub(crate) fn silence() {
    static ONCE: Once = Once::new();
    // Without unwinding nobody else is going to tell.
    if cfg!(panic = "abort") || !is_loaded() {
        return;
    }
    ONCE.call_once(|| {
        let before = take_hook();
        let verbose = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        set_hook(Box::new(move |panic| {
            PLACE.set(panic.location().map(Location::to_string));
            if verbose {
                before(panic);
            }
        }));
    });
}

/// Where this thread's latest panic was, once.
pub(crate) fn place() -> Option<String> {
    PLACE.take()
}

/// Keeps a panic of `prox_at` for the next call of `proxes` on this thread.
#[cold]
pub(crate) fn keep(panic: Box<dyn Any + Send>) {
    // One that nobody asked for is forgotten: it may panic when it is dropped.
    std::mem::forget(KEPT.replace(Some(panic)));
}

/// Goes on with the panic that was kept, if there is one.
pub(crate) fn resume_kept() {
    if let Some(panic) = KEPT.take() {
        resume_unwind(panic);
    }
}

/// Whether this code is in another file than the program.
fn is_loaded() -> bool {
    let here = is_loaded as fn() -> bool as usize;
    let holds = |range: &str| {
        let (from, to) = range.split_once('-')?;
        let [from, to] = [from, to].map(|text| usize::from_str_radix(text, 16).ok());
        Some((from?..to?).contains(&here))
    };
    // A line: range, rights, offset, device, inode, path.
    let file = |line: &str| {
        let range = line.split(' ').next()?;
        holds(range)?.then(|| line.splitn(6, ' ').nth(5).unwrap_or_default().trim().to_string())
    };
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let program = fs::read_link("/proc/self/exe").unwrap_or_default();
    maps.lines().find_map(file).is_some_and(|file| file != program.to_string_lossy())
}
