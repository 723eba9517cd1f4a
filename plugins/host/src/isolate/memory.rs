//! Memory that two processes share. It grows on demand and never shrinks: the seal against
//! shrinking keeps whoever reads it from being killed for a page that the other took away.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::NonNull;

/// Bytes in a word. Everything shared is made of words, so that everything is aligned.
pub(super) const WORD: usize = 8;

/// The first size.
const FIRST: usize = 1 << 20;

/// A mapping of shared memory, its words counted from 0.
#[derive(Debug)]
pub(super) struct Memory {
    file: File,
    at: NonNull<u64>,
    words: usize,
}

// SAFETY: the mapping belongs to this value alone, as far as this process goes.
#[allow(unsafe_code)]
unsafe impl Send for Memory {}

impl Memory {
    /// New shared memory, all zero.
    pub fn new() -> io::Result<Self> {
        // SAFETY: a constant text and flags; the result is checked.
        #[allow(unsafe_code)]
        let made = unsafe {
            libc::memfd_create(
                c"fenchel-channel".as_ptr(),
                libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING,
            )
        };
        if made < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that was just made, which nobody else owns.
        #[allow(unsafe_code)]
        let file = unsafe { File::from_raw_fd(made) };
        file.set_len(FIRST as u64)?;
        // SAFETY: a valid descriptor, a command and its integer argument.
        #[allow(unsafe_code)]
        let sealed = unsafe {
            libc::fcntl(made, libc::F_ADD_SEALS, libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL)
        };
        if sealed != 0 {
            return Err(io::Error::last_os_error());
        }
        Self::map(file)
    }

    /// The memory behind a descriptor that [`Memory::new`] made in another process.
    pub fn map(file: File) -> io::Result<Self> {
        let bytes = file.metadata()?.len() as usize;
        // SAFETY: a new mapping of a file that is at least this long, and stays so.
        #[allow(unsafe_code)]
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at null"))?;
        Ok(Self { file, at, words: bytes / WORD })
    }

    /// The descriptor, for handing it to the other process.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it begins. Moves when the memory grows.
    pub fn start(&self) -> NonNull<u64> {
        self.at
    }

    /// Makes sure that `words` words are there and mapped, growing the memory where it must.
    pub fn grow(&mut self, words: usize) -> io::Result<()> {
        if words <= self.words {
            return Ok(());
        }
        let bytes = words
            .checked_next_power_of_two()
            .and_then(|words| words.checked_mul(WORD))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        if self.file.metadata()?.len() < bytes as u64 {
            self.file.set_len(bytes as u64)?;
        }
        self.remap(bytes)
    }

    /// Makes sure that `words` words are mapped, which the other process may have added.
    ///
    /// Errors: where there are fewer.
    pub fn follow(&mut self, words: usize) -> io::Result<()> {
        if words <= self.words {
            return Ok(());
        }
        let bytes = self.file.metadata()?.len();
        let needed = (words as u64).checked_mul(WORD as u64);
        if needed.is_none_or(|needed| needed > bytes) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.remap(bytes as usize)
    }

    fn remap(&mut self, bytes: usize) -> io::Result<()> {
        // SAFETY: the old mapping is ours and as long as said; nothing borrowed from it survives a
        // call with `&mut self`; the file is at least as long as the new one.
        #[allow(unsafe_code)]
        let at = unsafe {
            libc::mremap(self.at.as_ptr().cast(), self.words * WORD, bytes, libc::MREMAP_MAYMOVE)
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        self.at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at null"))?;
        self.words = bytes / WORD;
        Ok(())
    }

    /// The words `from .. from + count`, to write to while the other process waits.
    ///
    /// A process that does not wait when it should can change them meanwhile: they are plain
    /// numbers, so then the numbers are wrong, and no more than that.
    pub fn slice(&mut self, from: usize, count: usize) -> &mut [u64] {
        assert!(from.checked_add(count).is_some_and(|end| end <= self.words));
        // SAFETY: in bounds; borrowed like `self`; every bit pattern is a u64.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts_mut(self.at.as_ptr().add(from), count)
        }
    }

    /// Copies the numbers at `from` into memory that the other process cannot reach.
    pub fn copy_out(&self, from: usize, out: &mut [f64]) {
        assert!(from.checked_add(out.len()).is_some_and(|end| end <= self.words));
        // SAFETY: in bounds; the two cannot overlap; every bit pattern is an f64.
        #[allow(unsafe_code)]
        unsafe {
            std::ptr::copy_nonoverlapping(
                self.at.as_ptr().add(from).cast::<f64>(),
                out.as_mut_ptr(),
                out.len(),
            );
        }
    }

    /// Copies words likewise.
    pub fn words(&self, from: usize, count: usize) -> Vec<u64> {
        assert!(from.checked_add(count).is_some_and(|end| end <= self.words));
        let mut out = vec![0; count];
        // SAFETY: as in `copy_out`.
        #[allow(unsafe_code)]
        unsafe {
            std::ptr::copy_nonoverlapping(self.at.as_ptr().add(from), out.as_mut_ptr(), count);
        }
        out
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing borrowed from it is left.
        #[allow(unsafe_code)]
        unsafe {
            libc::munmap(self.at.as_ptr().cast(), self.words * WORD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_mappings_see_what_one_writes_after_it_grew() {
        let mut one = Memory::new().unwrap();
        let mut two = Memory::map(one.file().try_clone().unwrap()).unwrap();
        let far = FIRST / WORD + 5;
        assert!(two.follow(far + 1).is_err());
        one.grow(far + 1).unwrap();
        one.slice(far, 1)[0] = 2.5f64.to_bits();
        two.follow(far + 1).unwrap();
        let mut out = [0.0];
        two.copy_out(far, &mut out);
        assert_eq!((out, two.words(far, 1)), ([2.5], vec![2.5f64.to_bits()]));
    }

    #[test]
    fn nobody_can_take_pages_away() {
        let memory = Memory::new().unwrap();
        assert!(memory.file().set_len(0).is_err());
    }
}
