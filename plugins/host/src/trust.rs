//! The libraries that this user trusts, by the digest of their bytes. `fit` and its like load nothing
//! else, and ask here before a library is opened, as its initialisers run there.
//!
//! The file is as good as the list of programs that may run under this account, so one that somebody
//! else could have written is not believed.

mod file;
mod pin;

use std::io;
use std::path::{Path, PathBuf};

pub use pin::{Pin, PinnedType};

use crate::{Image, LibraryInfo};

/// What stands in the trust file, and where that is.
#[derive(Debug, Clone)]
pub struct Trust {
    path: Option<PathBuf>,
    pins: Vec<Pin>,
}

/// Why a library is not trusted, or the trust file is not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Never pinned.
    #[error("plugin {}: is not trusted (SHA-256 {sha256})", .path.display())]
    Unknown {
        /// The library.
        path: PathBuf,
        /// Of its bytes.
        sha256: String,
    },
    /// Pinned with other bytes.
    #[error(
        "plugin {}: has changed since it was trusted on {date}: pinned SHA-256 {pinned}, now {found}",
        .path.display()
    )]
    Changed {
        /// The library.
        path: PathBuf,
        /// When it was pinned.
        date: String,
        /// The digest that is pinned.
        pinned: String,
        /// The digest of the bytes that are there now.
        found: String,
    },
    /// Neither `XDG_CONFIG_HOME` nor `HOME` says where the trust file is.
    #[error(
        "there is no place for the trust file: neither XDG_CONFIG_HOME nor HOME is a full path"
    )]
    Nowhere,
    /// Somebody else could have written the trust file.
    #[error("the trust file is not believed: {} {what}", .path.display())]
    Unsafe {
        /// The file, or its folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// What would mend it.
        remedy: String,
    },
    /// The trust file is not what `plugin trust` writes.
    #[error("the trust file {} is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The trust file cannot be read or written.
    #[error("cannot {verb} the trust file {}: {source}", .path.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A path that the file cannot hold.
    #[error("plugin {}: the path is not UTF-8, so it cannot be written down", .path.display())]
    Path {
        /// The library.
        path: PathBuf,
    },
}

impl TrustError {
    /// What the user can do about it, where that is one sentence.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Unknown { path, .. } => {
                Some(format!("`fenchel plugin trust {}` pins it", path.display()))
            }
            Self::Changed { path, .. } => {
                Some(format!("inspect it, then `fenchel plugin trust {}`", path.display()))
            }
            Self::Unsafe { remedy, .. } => Some(remedy.clone()),
            Self::Damaged { .. } => {
                Some("mend it, or remove it and trust your plugins anew".into())
            }
            _ => None,
        }
    }
}

impl Trust {
    /// Reads the user's trust file; without one, nothing is trusted.
    ///
    /// Errors: a file or folder that somebody else owns or may write to, one that is damaged or
    /// cannot be read.
    pub fn read() -> Result<Self, TrustError> {
        match file::location() {
            Some(path) => Self::read_from(&path),
            None => Ok(Self { path: None, pins: Vec::new() }),
        }
    }

    /// The same for a file of another place.
    pub fn read_from(path: &Path) -> Result<Self, TrustError> {
        let pins = file::read(path)?;
        Ok(Self { path: Some(path.to_path_buf()), pins })
    }

    /// Where the file is, or would be.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// All pins, in the order in which they were made.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Whether these bytes are pinned, wherever the file is.
    ///
    /// Errors: [`TrustError::Changed`] where others are pinned for its path, else
    /// [`TrustError::Unknown`].
    pub fn check(&self, image: &Image) -> Result<(), TrustError> {
        self.check_bytes(image.path(), image.sha256())
    }

    fn check_bytes(&self, path: &Path, sha256: &str) -> Result<(), TrustError> {
        if self.pins.iter().any(|pin| pin.sha256 == sha256) {
            return Ok(());
        }
        let (path, found) = (path.to_path_buf(), sha256.to_string());
        match self.pins.iter().find(|pin| pin.path == path) {
            Some(Pin { date, sha256: pinned, .. }) => {
                Err(TrustError::Changed { path, date: date.clone(), pinned: pinned.clone(), found })
            }
            None => Err(TrustError::Unknown { path, sha256: found }),
        }
    }

    /// Pins a library with its types, in place of an older pin of the same path.
    ///
    /// Errors: as for [`Trust::read`], and where the file cannot be written.
    pub fn pin(info: &LibraryInfo, types: Vec<PinnedType>) -> Result<Pin, TrustError> {
        let pin = Pin::new(info, types);
        if info.path.to_str().is_none() {
            return Err(TrustError::Path { path: info.path.clone() });
        }
        file::edit(&file::location().ok_or(TrustError::Nowhere)?, |pins| {
            pins.retain(|old| old.path != pin.path);
            pins.push(pin.clone());
        })?;
        Ok(pin)
    }

    /// Takes the pins of these bytes away, wherever they are, and says which there were.
    ///
    /// Errors: as for [`Trust::pin`].
    pub fn unpin(sha256: &[String]) -> Result<Vec<Pin>, TrustError> {
        let location = file::location().ok_or(TrustError::Nowhere)?;
        let mut gone = Vec::new();
        file::edit(&location, |pins| {
            gone = pins.extract_if(.., |pin| sha256.contains(&pin.sha256)).collect();
        })?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(path: &str, sha256: &str) -> Pin {
        Pin {
            path: path.into(),
            sha256: sha256.into(),
            name: "berhu".into(),
            version: "1.0".into(),
            date: "2026-11-24T19:00:00Z".into(),
            types: Vec::new(),
        }
    }

    #[test]
    fn bytes_are_trusted_and_not_paths() {
        let trust = Trust { path: None, pins: vec![pin("/a.so", "11"), pin("/b.so", "22")] };
        assert!(trust.check_bytes(Path::new("/a.so"), "11").is_ok());
        assert!(trust.check_bytes(Path::new("/elsewhere.so"), "22").is_ok());
        let changed = trust.check_bytes(Path::new("/a.so"), "33").unwrap_err();
        assert_eq!(
            changed.to_string(),
            "plugin /a.so: has changed since it was trusted on 2026-11-24T19:00:00Z: \
             pinned SHA-256 11, now 33"
        );
        assert!(changed.remedy().unwrap().contains("inspect it"));
        let unknown = trust.check_bytes(Path::new("/c.so"), "33").unwrap_err();
        assert_eq!(unknown.remedy().unwrap(), "`fenchel plugin trust /c.so` pins it");
    }
}
