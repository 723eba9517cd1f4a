//! The bytes of a data file. Readers take them in pieces, so that no file stands in memory beside
//! the numbers that are made of it.

use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::DataError;
use super::format::{absent, hex};

/// Bytes that are asked for at once.
const PIECE: usize = 1 << 16;

/// An open data file.
pub(super) enum Source {
    /// A file that can be read more than once.
    File(File),
    /// What came out of a pipe.
    Memory(Cursor<Vec<u8>>),
}

impl Source {
    /// Opens a file and takes the SHA-256 of its bytes, in hexadecimal.
    ///
    /// Errors: the file is absent, a directory, unreadable or empty.
    pub(super) fn open(path: &Path) -> Result<(Self, String), DataError> {
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => absent(path),
            _ if path.is_dir() => DataError::new(path, "this is a directory: expected a file"),
            _ => unreadable(path, &error),
        };
        let mut file = File::open(path).map_err(failed)?;
        let mut source = if file.metadata().is_ok_and(|kind| kind.is_file()) {
            Self::File(file)
        } else {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            Self::Memory(Cursor::new(bytes))
        };
        let (mut digest, mut length) = (Sha256::new(), 0);
        source
            .pieces(|piece| {
                digest.update(piece);
                length += piece.len();
            })
            .map_err(failed)?;
        if length == 0 {
            return Err(DataError::new(path, "the file is empty"));
        }
        Ok((source, hex(&digest.finalize())))
    }

    /// Hands all bytes over in pieces, and goes back to the first.
    pub(super) fn pieces(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        self.rewind()?;
        loop {
            match self.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => each(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.rewind()
    }

    /// Number of bytes.
    pub(super) fn len(&self) -> io::Result<u64> {
        match self {
            Self::File(file) => Ok(file.metadata()?.len()),
            Self::Memory(bytes) => Ok(bytes.get_ref().len() as u64),
        }
    }
}

/// The error of a file that stops being readable.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> DataError {
    DataError::new(path, format!("the file cannot be read: {error}"))
}

impl Read for Source {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(bytes),
            Self::Memory(source) => source.read(bytes),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(source) => source.seek(to),
        }
    }
}
