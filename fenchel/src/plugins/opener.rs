//! The one place where a library is opened: in this process, or in one of its own.

use std::time::Instant;

use fenchel_plugin_host::{Image, Library, LoadError, name_crashes};

use super::faults;

/// How a library is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Opening {
    /// In a process of its own.
    pub isolated: bool,
    /// When calls into a process of its own are given up.
    pub deadline: Option<Instant>,
}

/// Opens an image. Whoever calls this has made sure that it is trusted, or was told to run it.
///
/// Errors: whatever keeps it from loading.
pub(crate) fn open(image: Image, how: Opening) -> Result<Library, LoadError> {
    if how.isolated {
        let what = "isolation is not part of this build".to_string();
        return Err(LoadError::Process { path: image.path().to_path_buf(), what });
    }
    name_crashes();
    fenchel_plugin_host::open(image, faults())
}
