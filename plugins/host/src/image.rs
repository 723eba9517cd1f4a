//! The bytes of a library, read once. What was hashed is what is loaded: the bytes go into memory
//! that nobody can write to any more, and the loader gets that memory instead of the file, so no
//! exchange of the file in between has an effect.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::LoadError;
use crate::sealed::Sealed;

/// The most bytes that are read: far above any library, far below what would hurt.
const MOST_BYTES: u64 = 1 << 30;

/// A library's bytes, sealed, with their digest.
#[derive(Debug)]
pub struct Image {
    path: PathBuf,
    sha256: String,
    sealed: Sealed,
}

impl Image {
    /// Reads the file, once.
    ///
    /// Errors: what is not a regular file once symbolic links are resolved, is larger than 1 GiB,
    /// cannot be read, or cannot be sealed.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let path = fs::canonicalize(path)
            .map_err(|source| LoadError::Read { path: path.to_path_buf(), source })?;
        let bytes = read(&path)?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        match Sealed::new(&bytes) {
            Ok(sealed) => Ok(Self { path, sha256, sealed }),
            Err(source) => Err(LoadError::Seal { path, source }),
        }
    }

    /// The image that another process made of the file at `path`, from its [`Image::file`].
    ///
    /// Errors: where the copy is not sealed.
    #[cfg(target_os = "linux")]
    pub(crate) fn inherited(file: File, path: PathBuf, sha256: String) -> Result<Self, LoadError> {
        match Sealed::inherited(file) {
            Ok(sealed) => Ok(Self { path, sha256, sealed }),
            Err(source) => Err(LoadError::Seal { path, source }),
        }
    }

    /// Where the file is, symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The sealed copy, for handing it to a child process. It is closed on exec.
    pub fn file(&self) -> &File {
        self.sealed.file()
    }

    /// Where the loader of this process finds the sealed copy.
    pub(crate) fn loadable(&self) -> &Path {
        self.sealed.path()
    }

    /// Says that the copy was loaded.
    pub(crate) fn keep(self) {
        self.sealed.keep();
    }
}

impl AsFd for Image {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file().as_fd()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |source: io::Error| LoadError::Read { path: path.to_path_buf(), source };
    // Opening a pipe would wait for a writer; the file may also have changed since it was resolved.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW);
    let file = options.open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(LoadError::NotAFile { path: path.to_path_buf() });
    }
    let too_large = || LoadError::TooLarge { path: path.to_path_buf(), limit: MOST_BYTES };
    if metadata.len() > MOST_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn bytes_are_read_once_and_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        fs::write(&path, "abc").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let image = Image::read(&link).unwrap();
        assert_eq!(image.path(), fs::canonicalize(&path).unwrap());
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            image.sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        fs::write(&path, "xyz").unwrap();
        assert_eq!(fs::read(image.loadable()).unwrap(), b"abc");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_can_write_to_a_sealed_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        fs::write(&path, "abc").unwrap();
        let image = Image::read(&path).unwrap();
        let mut again = OpenOptions::new().write(true).open(image.loadable()).unwrap();
        assert_eq!(again.write(b"x").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(image.file().set_len(0).is_err() && image.file().set_len(9).is_err());
    }

    #[test]
    fn what_is_no_regular_file_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = |path: &Path| Image::read(path).unwrap_err().to_string();
        assert!(text(folder.path()).ends_with(": not a regular file"));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(text(&pipe).ends_with("pipe: not a regular file"));
        let absent = text(&folder.path().join("absent.so"));
        assert!(absent.contains("absent.so: cannot read the file: No such file"), "{absent}");
    }

    #[test]
    fn a_file_of_many_bytes_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.so");
        File::create(&path).unwrap().set_len(MOST_BYTES + 1).unwrap();
        let error = Image::read(&path).unwrap_err().to_string();
        assert!(error.ends_with("larger than the 1073741824 bytes that a plugin may have"));
    }
}
