//! What a function of a plugin came to, and its words in the host's buffers.

use std::mem::MaybeUninit;

use fenchel_plugin_abi as abi;

use crate::texts;

const MESSAGE: usize = 1024;
const PATH: usize = 256;

/// A status that is not OK.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: i32,
    pub(crate) message: String,
    pub(crate) path: String,
    /// The sample at fault; negative for none.
    pub(crate) sample: i64,
}

impl Refusal {
    /// The plugin's words.
    pub(crate) fn reason(&self) -> &str {
        if self.message.is_empty() { "it gave no reason" } else { &self.message }
    }

    /// As a fault says it.
    pub(crate) fn fault(&self) -> String {
        match self.status {
            abi::PANIC => format!("panicked: {}", self.reason()),
            abi::INVALID..=abi::FAILED => format!("failed: {}", self.reason()),
            unknown => format!("returned the unknown status {unknown}"),
        }
    }
}

/// Hands `run` buffers for its words, and reads them where its status is not OK.
#[inline]
pub(crate) fn call(run: impl FnOnce(*mut abi::Error) -> i32) -> Result<(), Refusal> {
    let mut message = Text::<MESSAGE>::new();
    let mut path = Text::<PATH>::new();
    let mut error = abi::Error {
        size: size_of::<abi::Error>(),
        message: message.0.as_mut_ptr().cast(),
        message_capacity: MESSAGE,
        path: path.0.as_mut_ptr().cast(),
        path_capacity: PATH,
        sample: -1,
    };
    let status = run(&mut error);
    if status == abi::OK {
        return Ok(());
    }
    Err(Refusal { status, message: message.read(), path: path.read(), sample: error.sample })
}

/// An empty text with room for more. Not zeroed as a whole: a call that goes well, as nearly all do,
/// is not to pay for the words of one that does not.
struct Text<const N: usize>(MaybeUninit<[u8; N]>);

impl<const N: usize> Text<N> {
    #[inline]
    fn new() -> Self {
        let mut text = MaybeUninit::<[u8; N]>::uninit();
        // SAFETY: the first and the last of N bytes.
        #[allow(unsafe_code)]
        unsafe {
            text.as_mut_ptr().cast::<u8>().write(0);
            text.as_mut_ptr().cast::<u8>().add(N - 1).write(0);
        }
        Self(text)
    }

    #[cold]
    fn read(&self) -> String {
        let bytes = self.0.as_ptr().cast::<u8>();
        // SAFETY: what was written is NUL-terminated, by the header's rule; where it is not, the
        // buffer ends all the same.
        #[allow(unsafe_code)]
        let written = unsafe {
            let length = libc::strnlen(bytes.cast(), N);
            std::slice::from_raw_parts(bytes, length)
        };
        texts::line(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: i32, words: &[u8]) -> Refusal {
        call(|error| {
            // SAFETY: buffers with room for the words.
            #[allow(unsafe_code)]
            unsafe {
                (*error).message.cast::<u8>().copy_from(words.as_ptr(), words.len());
            }
            status
        })
        .unwrap_err()
    }

    #[test]
    fn each_status_has_its_words() {
        assert!(call(|_| abi::OK).is_ok());
        assert_eq!(refusal(abi::FAILED, b"no memory\0").fault(), "failed: no memory");
        assert_eq!(refusal(abi::PANIC, b"index 3\0").fault(), "panicked: index 3");
        assert_eq!(refusal(abi::INVALID, b"").fault(), "failed: it gave no reason");
        assert_eq!(refusal(77, b"").fault(), "returned the unknown status 77");
        assert_eq!(refusal(-1, b"").fault(), "returned the unknown status -1");
    }

    #[test]
    fn words_without_an_end_stop_with_the_buffer() {
        assert_eq!(refusal(abi::FAILED, &[b'x'; MESSAGE]).message.len(), MESSAGE);
        assert_eq!(refusal(abi::FAILED, b"\xf0\x9f\0").message, "\u{fffd}");
    }
}
