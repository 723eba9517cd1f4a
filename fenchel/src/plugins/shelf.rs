//! Types that are within reach without being loaded: the cards that were written down when their
//! libraries were trusted. Reading them runs none of the libraries' code.

use std::io::ErrorKind;
use std::path::PathBuf;

use fenchel_core::Kind;
use fenchel_plugin_host::trust::{Pin, Trust};
use fenchel_plugin_host::{Image, LibraryInfo, LoadError};
use serde_json::{Value, json};

/// Which library a type is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The library, as it calls itself.
    pub library: String,
    /// As it says.
    pub version: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Source {
    /// As `list` and its like show it.
    pub fn short(&self) -> String {
        let digest = self.sha256.get(..12).unwrap_or(&self.sha256);
        format!("{} {} {digest}", self.library, self.version)
    }

    /// For `--json`.
    pub fn json(&self) -> Value {
        json!({
            "library": self.library, "version": self.version, "sha256": self.sha256,
            "path": self.path,
        })
    }
}

impl From<&Pin> for Source {
    fn from(pin: &Pin) -> Self {
        Self {
            library: pin.name.clone(),
            version: pin.version.clone(),
            sha256: pin.sha256.clone(),
            path: pin.path.clone(),
        }
    }
}

impl From<&LibraryInfo> for Source {
    fn from(info: &LibraryInfo) -> Self {
        Self {
            library: info.name.clone(),
            version: info.version.clone(),
            sha256: info.sha256.clone(),
            path: info.path.clone(),
        }
    }
}

/// What became of the file of a pinned library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// The bytes are those that are pinned.
    Unchanged,
    /// There are others.
    Changed,
    /// It is gone.
    Missing,
    /// What is there cannot be read, or is no regular file.
    Unreadable,
}

impl FileState {
    /// Reads the file at the pin's path. None of its code runs.
    pub fn of(pin: &Pin) -> Self {
        match Image::read(&pin.path) {
            Ok(image) if image.sha256() == pin.sha256 => Self::Unchanged,
            Ok(_) => Self::Changed,
            Err(LoadError::Read { source, .. })
                if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Self::Missing
            }
            Err(_) => Self::Unreadable,
        }
    }

    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A pinned library that has a type of this name. A trust file that cannot be read has none: this
/// serves a hint.
pub fn shelved_with(kind: Kind, name: &str) -> Option<Source> {
    let trust = Trust::read().ok()?;
    let has = |pin: &&Pin| pin.types.iter().any(|t| t.kind() == kind && t.name == name);
    trust.pins().iter().find(has).map(Source::from)
}
