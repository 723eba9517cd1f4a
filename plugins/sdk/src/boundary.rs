//! What comes over the boundary as pointers, and what must not go back over it: panics.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::panics;

/// Runs `body`; a panic becomes its message. The objects of a plugin are as they were before it or
/// their authors' locks are poisoned, so nothing is asserted that was not so.
pub(crate) fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let message = message(panic.as_ref()).unwrap_or_else(|| {
            // A payload of the author's own type may panic when it is dropped.
            std::mem::forget(panic);
            "a panic without a message".into()
        });
        match panics::place() {
            Some(place) => format!("{message} ({place})"),
            None => message,
        }
    })
}

fn message(panic: &(dyn Any + Send)) -> Option<String> {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).into());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
}

/// Drops what a host gives back. A panic ends here: there is nobody left to tell.
pub(crate) fn dropped<T>(object: T) {
    let _ = caught(|| drop(object));
}

/// `length` readable numbers; an empty array may be NULL.
///
/// # Safety
/// That they are there while the slice lives, and nobody writes to them.
pub(crate) unsafe fn input<'a, T>(numbers: *const T, length: usize) -> &'a [T] {
    if length == 0 || numbers.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(numbers, length) }
}

/// `length` writable numbers; an empty array may be NULL.
///
/// # Safety
/// That they are there while the slice lives, and nobody else looks at them.
pub(crate) unsafe fn output<'a, T>(numbers: *mut T, length: usize) -> &'a mut [T] {
    if length == 0 || numbers.is_null() {
        return &mut [];
    }
    // SAFETY: the caller's promise; any bytes are a number.
    unsafe { std::slice::from_raw_parts_mut(numbers, length) }
}

/// A NUL-terminated text, or the empty one for NULL.
///
/// # Safety
/// That it is one.
pub(crate) unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Whether `id` and `revision` ask for the capability `T`.
///
/// # Safety
/// `id` is a NUL-terminated text.
pub(crate) unsafe fn asks_for<T: fenchel_plugin_abi::Capability>(
    id: *const c_char,
    revision: u32,
) -> bool {
    // SAFETY: the caller's promise.
    revision == T::REVISION && !id.is_null() && unsafe { CStr::from_ptr(id) } == T::ID
}
