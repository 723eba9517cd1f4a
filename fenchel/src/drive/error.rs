//! What can go wrong on this floor, with the section of the problem file that is at fault.

use std::path::PathBuf;

use fenchel_plugin_host::Fault;

use crate::data::DataError;

/// Why a problem could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A section of the problem file does not fit its parameters, the data or another section.
    #[error("{source}")]
    Section {
        /// `data`, `screen`, `model`, `loss`, `penalty`, `solver`, `path` or `cv`.
        section: &'static str,
        /// What is wrong; its [`At`](fenchel_core::Error::At) layers are keys below the section.
        source: fenchel_core::Error,
    },
    /// A data file is at fault.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A checkpoint could not be written, read, or belongs to another problem.
    #[error("checkpoint {}: {message}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A solver failed to evaluate the problem.
    #[error("solver \"{solver}\": {message}")]
    Solver {
        /// Its name.
        solver: &'static str,
        /// Its own words.
        message: String,
    },
    /// A plugin broke its promises before any point was finished.
    #[error("{0}")]
    Plugin(Fault),
    /// Worker threads could not be started.
    #[error("cannot start {threads} worker threads: {message}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The system's own words.
        message: String,
    },
}

impl Error {
    /// An error of a whole section.
    pub fn section(section: &'static str, source: fenchel_core::Error) -> Self {
        Self::Section { section, source }
    }

    /// An error of one key of a section.
    pub fn key(section: &'static str, key: &str, source: fenchel_core::Error) -> Self {
        Self::Section { section, source: source.at(key) }
    }

    /// The dotted path in the problem file, for example `penalty.terms[1].lambda`, where there is
    /// one.
    pub fn path(&self) -> Option<String> {
        let Self::Section { section, source } = self else { return None };
        let mut path = (*section).to_string();
        let mut error = source;
        while let fenchel_core::Error::At { path: key, source } = error {
            if !key.starts_with('[') {
                path.push('.');
            }
            path.push_str(key);
            error = source;
        }
        Some(path)
    }
}

/// Wraps an error of the floor below with its section, as `map_err(within("cv"))`.
pub(super) fn within(section: &'static str) -> impl Fn(fenchel_core::Error) -> Error {
    move |source| Error::section(section, source)
}

/// Data at fault: a message with no better place than the `[data]` section.
pub(super) fn unfit_data(message: impl Into<String>) -> Error {
    Error::section("data", fenchel_core::Error::Data(message.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_error_follows_its_layers() {
        let deep = fenchel_core::Error::parameter("lambda", "at least 0", -1).at("[1]").at("terms");
        let error = Error::section("penalty", deep);
        assert_eq!(error.path().as_deref(), Some("penalty.terms[1]"));
        assert_eq!(error.to_string(), "`lambda` must be at least 0, got -1");
    }
}
