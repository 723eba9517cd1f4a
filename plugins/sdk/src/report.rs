//! What went wrong, in the host's buffers.
#![allow(unsafe_code)]

use std::ffi::c_char;

use fenchel_core::Error;
use fenchel_plugin_abi as abi;

use crate::boundary::caught;

/// Why a function of this library did not do what it was asked to.
pub(crate) enum Failure {
    /// The user's to mend, or a combination that does not work.
    Refused(Error),
    /// The author's to mend.
    Broken(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Runs the body of a function of the boundary; a panic becomes a status.
///
/// # Safety
/// `error` is the host's, as the header says.
pub(crate) unsafe fn guarded(
    error: *mut abi::Error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> i32 {
    match caught(body) {
        Ok(Ok(())) => abi::OK,
        // SAFETY: the caller's promise, here and below.
        Ok(Err(Failure::Refused(refused))) => unsafe { refuse(error, &refused) },
        Ok(Err(Failure::Broken(message))) => unsafe { write(error, abi::FAILED, "", &message) },
        Err(message) => unsafe { write(error, abi::PANIC, "", &message) },
    }
}

unsafe fn refuse(error: *mut abi::Error, refused: &Error) -> i32 {
    let (mut path, mut inner) = (String::new(), refused);
    while let Error::At { path: below, source } = inner {
        path = joined(&path, below);
        inner = source;
    }
    match inner {
        Error::Domain { what: "response", sample, expected, .. } => {
            // SAFETY: the caller's promise, here and below.
            unsafe { (*error).sample = i64::try_from(*sample).unwrap_or(-1) };
            unsafe { write(error, abi::INVALID, &path, expected) }
        }
        Error::Unsupported(message) => unsafe { write(error, abi::UNSUPPORTED, &path, message) },
        Error::Parameter { name, .. } | Error::Length { name, .. } if is_path(name) => unsafe {
            write(error, abi::INVALID, &joined(&path, name), &inner.to_string())
        },
        _ => unsafe { write(error, abi::INVALID, &path, &inner.to_string()) },
    }
}

/// Two paths, one below the other: `groups` and `[1][0]`, `on` and `lambda`.
pub(crate) fn joined(path: &str, below: &str) -> String {
    let dot = if path.is_empty() || below.is_empty() || below.starts_with('[') { "" } else { "." };
    format!("{path}{dot}{below}")
}

/// Whether the name in an error can be looked up in a problem file; some say `feature index`.
fn is_path(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.[]".contains(&b))
}

unsafe fn write(error: *mut abi::Error, status: i32, path: &str, message: &str) -> i32 {
    // SAFETY: the caller's promise: each buffer has room for `capacity` bytes.
    unsafe {
        fill((*error).message, (*error).message_capacity, message);
        fill((*error).path, (*error).path_capacity, path);
    }
    status
}

/// Copies as many whole characters as fit before the NUL.
unsafe fn fill(buffer: *mut c_char, capacity: usize, text: &str) {
    if capacity == 0 || buffer.is_null() {
        return;
    }
    let end = text.floor_char_boundary(capacity - 1);
    // SAFETY: `end` < `capacity`, and the two do not overlap.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), end);
        buffer.add(end).write(0);
    }
}
