//! Copies of bytes that only this process can reach and, on Linux, nobody can write to.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How often a copy is sealed whose pages the kernel itself is at work on, as where it moves memory, and the pause in
/// between.
#[cfg(target_os = "linux")]
const ATTEMPTS: u32 = 50;
#[cfg(target_os = "linux")]
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// A copy, and where the loader finds it.
#[derive(Debug)]
pub(crate) struct Sealed {
    file: File,
    path: PathBuf,
}

impl Sealed {
    /// The copy, open for reading.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where this process finds the copy.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(target_os = "linux")]
impl Sealed {
    /// A file in memory with these bytes, sealed against writing, growing and shrinking.
    pub(crate) fn new(bytes: &[u8]) -> io::Result<Self> {
        use std::os::fd::FromRawFd;
        let plain = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        // Kernels from 6.3 on may deny execution unless it is asked for; older ones know no such
        // flag.
        let made = [plain | libc::MFD_EXEC, plain].into_iter().find_map(|flags| {
            // SAFETY: a constant text and flags; the result is checked.
            #[allow(unsafe_code)]
            let made = unsafe { libc::memfd_create(c"fenchel-plugin".as_ptr(), flags) };
            (made >= 0).then_some(made)
        });
        let Some(made) = made else { return Err(io::Error::last_os_error()) };
        // SAFETY: a descriptor that was just made, which nobody else owns.
        #[allow(unsafe_code)]
        let mut file = unsafe { File::from_raw_fd(made) };
        file.write_all(bytes)?;
        let seals =
            libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
        let mut left = ATTEMPTS;
        loop {
            // SAFETY: a valid descriptor, a command and its integer argument.
            #[allow(unsafe_code)]
            let sealed = unsafe { libc::fcntl(made, libc::F_ADD_SEALS, seals) };
            if sealed == 0 {
                return Ok(Self::at(file));
            }
            let error = io::Error::last_os_error();
            left -= 1;
            if error.kind() != io::ErrorKind::ResourceBusy || left == 0 {
                return Err(error);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// A copy that another process has sealed.
    pub(crate) fn inherited(file: File) -> io::Result<Self> {
        use std::os::fd::AsRawFd;
        // SAFETY: a valid descriptor and a command without an argument.
        #[allow(unsafe_code)]
        let seals = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) };
        let needed = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
        if seals & needed != needed || seals < 0 {
            return Err(io::Error::other("it is not sealed"));
        }
        Ok(Self::at(file))
    }

    fn at(file: File) -> Self {
        use std::os::fd::AsRawFd;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
        Self { file, path }
    }

    /// Says that the copy was loaded. Its descriptor then stays open, as the loader would take the
    /// next library that is found under the same path for this one.
    pub(crate) fn keep(self) {
        std::mem::forget(self.file);
    }
}

#[cfg(not(target_os = "linux"))]
impl Sealed {
    /// A read-only file in a folder of its own that nobody but this user may enter.
    pub(crate) fn new(bytes: &[u8]) -> io::Result<Self> {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        use std::sync::atomic::{AtomicU32, Ordering};
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let folder = format!("fenchel-plugin-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        // Fails where the folder is there already, whoever made it.
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let path = folder.join("plugin");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o500);
        options.open(&path).and_then(|mut file| file.write_all(bytes))?;
        Ok(Self { file: File::open(&path)?, path })
    }

    /// Says that the copy was loaded: its name is not needed any more.
    pub(crate) fn keep(self) {}
}

#[cfg(not(target_os = "linux"))]
impl Drop for Sealed {
    fn drop(&mut self) {
        // The folder is private, so what is left behind harms nobody.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.path.parent().map(std::fs::remove_dir);
    }
}
