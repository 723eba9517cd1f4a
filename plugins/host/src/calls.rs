//! Which plugin's function each thread is inside of. A thread says so before it calls and takes it
//! back afterwards, at about a nanosecond each; two readers need it when it is too late to ask: the
//! watchdog, for a function that does not return, and the handler of fatal signals.

use std::cell::Cell;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

/// Threads that are watched at a time; calls of further ones go unmarked.
const MOST_THREADS: usize = 256;

/// Where a type is from, for as long as the process.
#[derive(Debug)]
pub struct Origin {
    /// The type, and the library that it is from, as faults name them.
    pub plugin: String,
}

/// A function of the ABI.
#[derive(Debug)]
pub struct Call(pub &'static str);

macro_rules! calls {
    ($($name:ident $text:literal),* $(,)?) => {
        $(#[doc = concat!("`", $text, "`.")] pub static $name: Call = Call($text);)*
    };
}

calls! {
    LOAD "loading", CREATE "create", DESTROY "destroy", VALUE "value", CONVEXITY "convexity",
    CAPABILITY "capability", PROX "prox", PROXES "proxes", PROX_AT "prox_at", VALUES "values",
    SUBDIFF_DIST "subdiff_dist", SUBDIFF_DISTS "subdiff_dists", GROUPS "groups",
    CONJUGATE "conjugate", DUAL_SCALE "dual_scale", DUAL_NORM "dual_norm",
    ZERO_THRESHOLD "zero_threshold", SCALARS "scalars", LINEALITY "lineality", SCALED "scaled",
    READS "reads", BIND "bind", OUTPUTS "outputs", TAKES_INTERCEPT "takes_intercept",
    GRADIENT "gradient", HESSIAN_BOUND "hessian_bound", CURVATURE "curvature", OWN "own",
    RESPONSE "response", CLASSES "classes", DEVIANCE "deviance",
}

/// What one thread is inside of: null for nothing.
#[derive(Debug)]
pub(crate) struct Slot {
    taken: AtomicBool,
    origin: AtomicPtr<Origin>,
    call: AtomicPtr<Call>,
    /// Calls that came back; tells a long call from many short ones.
    returned: AtomicU64,
}

impl Slot {
    const fn free() -> Self {
        Self {
            taken: AtomicBool::new(false),
            origin: AtomicPtr::new(null_mut()),
            call: AtomicPtr::new(null_mut()),
            returned: AtomicU64::new(0),
        }
    }

    /// Plugin and function, where the thread is inside one, and how many came back before.
    pub(crate) fn inside(&self) -> Option<(&'static Origin, &'static Call, u64)> {
        let origin = self.origin.load(Ordering::Acquire);
        let call = self.call.load(Ordering::Relaxed);
        let returned = self.returned.load(Ordering::Relaxed);
        // SAFETY: both are null or were made from 'static references by `enter`.
        #[allow(unsafe_code)]
        let (origin, call) = unsafe { (origin.as_ref()?, call.as_ref()?) };
        Some((origin, call, returned))
    }
}

static SLOTS: [Slot; MOST_THREADS] = [const { Slot::free() }; MOST_THREADS];

/// All slots, for the watchdog.
pub(crate) fn slots() -> &'static [Slot] {
    &SLOTS
}

thread_local! {
    /// This thread's slot, null before its first call. Const and without a destructor, so that a
    /// signal handler may read it.
    static CURRENT: Cell<*const Slot> = const { Cell::new(null()) };
    /// Gives the slot back at the thread's end.
    static LEASE: Cell<Option<Lease>> = const { Cell::new(None) };
}

struct Lease(&'static Slot);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

/// The slot of the calling thread, where it has one. Safe to call from a signal handler.
pub(crate) fn current() -> Option<&'static Slot> {
    // SAFETY: null or an element of `SLOTS`.
    #[allow(unsafe_code)]
    CURRENT.try_with(|slot| unsafe { slot.get().as_ref() }).ok().flatten()
}

#[cold]
fn lease() -> Option<&'static Slot> {
    let free = |slot: &&Slot| {
        let swap = (Ordering::Acquire, Ordering::Relaxed);
        slot.taken.compare_exchange(false, true, swap.0, swap.1).is_ok()
    };
    let slot = SLOTS.iter().find(free)?;
    // At the very end of a thread nothing can be leased any more; then the call goes unmarked.
    if LEASE.try_with(|lease| lease.set(Some(Lease(slot)))).is_err() {
        slot.taken.store(false, Ordering::Release);
        return None;
    }
    CURRENT.with(|current| current.set(slot));
    Some(slot)
}

/// Says that this thread is inside a plugin's function until the guard is dropped.
#[inline]
pub fn enter(origin: &'static Origin, call: &'static Call) -> Inside {
    let slot = current().or_else(lease);
    let before = slot.map(|slot| {
        let before = (slot.origin.load(Ordering::Relaxed), slot.call.load(Ordering::Relaxed));
        slot.call.store(std::ptr::from_ref(call).cast_mut(), Ordering::Relaxed);
        slot.origin.store(std::ptr::from_ref(origin).cast_mut(), Ordering::Release);
        (slot, before)
    });
    Inside(before)
}

/// What the slot held before a call: null, or the call that this one is nested in.
type Before = (*mut Origin, *mut Call);

/// A call in progress.
#[derive(Debug)]
pub struct Inside(Option<(&'static Slot, Before)>);

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        if let Some((slot, (origin, call))) = self.0 {
            slot.origin.store(origin, Ordering::Release);
            slot.call.store(call, Ordering::Relaxed);
            // One writer, so no read-modify-write is needed.
            slot.returned.store(slot.returned.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(name: &str) -> &'static Origin {
        Box::leak(Box::new(Origin { plugin: name.into() }))
    }

    #[test]
    fn a_thread_is_inside_of_what_it_called_last_and_has_not_returned_from() {
        let (outer, inner) = (origin("outer"), origin("inner"));
        let now = || {
            let (origin, call, _) = current()?.inside()?;
            Some((origin.plugin.as_str(), call.0))
        };
        assert_eq!(now(), None);
        let first = enter(outer, &CREATE);
        let second = enter(inner, &PROX);
        assert_eq!(now(), Some(("inner", "prox")));
        drop(second);
        assert_eq!(now(), Some(("outer", "create")));
        drop(first);
        assert_eq!(now(), None);
    }

    #[test]
    fn slots_are_given_back_when_threads_end() {
        let origin = origin("many");
        for _ in 0..2 * MOST_THREADS {
            std::thread::spawn(|| assert!(enter(origin, &VALUE).0.is_some())).join().unwrap();
        }
    }
}
