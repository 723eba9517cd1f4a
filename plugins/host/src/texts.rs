//! Texts that a plugin hands over.

use std::ffi::{CStr, c_char};

/// The longest text that is looked at: beyond it, the NUL at the end was forgotten.
const LONGEST: usize = 1 << 20;

/// The NUL-terminated UTF-8 text at `text`, copied; or what is wrong with it.
///
/// # Safety
/// `text` is null or points to a NUL-terminated text, or to 1 MiB of readable bytes.
#[allow(unsafe_code)]
pub(crate) unsafe fn read(text: *const c_char) -> Result<String, &'static str> {
    if text.is_null() {
        return Err("is NULL");
    }
    // SAFETY: the caller's promise; the length found is that up to the NUL.
    let bytes = unsafe {
        if libc::strnlen(text, LONGEST) == LONGEST {
            return Err("has no NUL within 1 MiB");
        }
        CStr::from_ptr(text)
    };
    bytes.to_str().map(str::to_string).map_err(|_| "is not UTF-8")
}

/// A plugin's words for a message of one line: control characters, which may move a terminal's
/// cursor, become spaces.
pub(crate) fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_text_is_said() {
        let endless = vec![b'x'; LONGEST];
        // SAFETY: null, NUL-terminated texts, and 1 MiB of readable bytes.
        #[allow(unsafe_code)]
        let read = |text: *const u8| unsafe { read(text.cast()) };
        assert_eq!(read(c"berhu".as_ptr().cast()), Ok("berhu".into()));
        assert_eq!(read(std::ptr::null()), Err("is NULL"));
        assert_eq!(read(c"\xff".as_ptr().cast()), Err("is not UTF-8"));
        assert_eq!(read(endless.as_ptr()), Err("has no NUL within 1 MiB"));
    }

    #[test]
    fn messages_are_one_line_of_text() {
        assert_eq!(line(b"a\n\x1b[2Jb\xff."), "a  [2Jb\u{fffd}");
    }
}
