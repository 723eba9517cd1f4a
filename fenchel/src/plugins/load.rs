//! Loading the libraries that somebody named: read once, checked against the pins, opened,
//! registered.

use std::path::{Path, PathBuf};

use fenchel_plugin_host::{Image, trust::Trust};

use super::{Opening, PluginRecord, distrusted, open, unloadable};
use crate::file::{KeyPath, Problem};
use crate::{Error, Place, registry};

/// A library that is to be loaded.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Relative to the working directory, or absolute.
    pub path: PathBuf,
    /// Who asks for it.
    pub place: Place,
}

impl Wanted {
    /// What the command line names.
    pub fn option(path: &Path) -> Self {
        let file = format!("--plugin {}", path.display());
        Self { path: path.to_path_buf(), place: Place { file, ..Place::default() } }
    }

    /// What `[plugins]` names.
    ///
    /// Errors: an empty path.
    pub fn of(problem: &Problem) -> Result<Vec<Self>, Error> {
        let section = KeyPath::from("plugins.load");
        let one = |(i, path): (usize, &String)| {
            let place = problem.document.locate(&section.index(i));
            if path.is_empty() {
                return Err(Error::input("expected the path of a library, got none").at(place));
            }
            // Joined even where it has no folder: the loader is never to search.
            Ok(Self { path: problem.base.join(path), place })
        };
        problem.plugins.load.iter().enumerate().map(one).collect()
    }
}

/// Loads what is wanted. Libraries that are loaded already, or named twice, stay as they are.
///
/// Errors, all before a library's own code runs: one that cannot be read, or whose bytes are not
/// pinned. Then: one that does not load, or has a name that is taken.
pub fn load(wanted: &[Wanted], how: Opening) -> Result<(), Error> {
    let mut images = Vec::new();
    for Wanted { path, place } in wanted {
        let image = Image::read(path).map_err(|e| unloadable(&e).at(place.clone()))?;
        images.push((image, place.clone()));
    }
    admit(images, how)
}

/// Loads the libraries that a result was made with, but for those that are loaded already.
///
/// Errors: as for [`load`], and a file that is no longer what the result was made with.
pub fn load_recorded(records: &[PluginRecord], shown: &str, how: Opening) -> Result<(), Error> {
    let place = Place { file: shown.into(), ..Place::default() };
    let wrong = |error: Error| {
        error
            .at(place.clone())
            .help("`--plugin LIBRARY` names the one that the result was made with")
    };
    let mut images = Vec::new();
    for record in records {
        if registry::library(&record.sha256).is_some() {
            continue;
        }
        let image = Image::read(&record.path).map_err(|e| wrong(unloadable(&e)))?;
        if image.sha256() != record.sha256 {
            return Err(wrong(Error::plugin(format!(
                "plugin {}: it is no longer {} {}, which the result was made with: expected \
                 SHA-256 {}, got {}",
                record.path.display(),
                record.name,
                record.version,
                record.sha256,
                image.sha256()
            ))));
        }
        images.push((image, place.clone()));
    }
    admit(images, how)
}

/// Opens and registers images, once all of them are known to be trusted.
fn admit(images: Vec<(Image, Place)>, how: Opening) -> Result<(), Error> {
    if images.is_empty() {
        return Ok(());
    }
    let trust = Trust::read().map_err(|e| distrusted(&e))?;
    for (image, place) in &images {
        trust.check(image).map_err(|e| distrusted(&e).at(place.clone()))?;
    }
    for (image, place) in images {
        if registry::library(image.sha256()).is_some() {
            continue;
        }
        let library = open(image, how).map_err(|e| unloadable(&e).at(place.clone()))?;
        registry::register(library).map_err(|e| Error::plugin(e.to_string()).at(place))?;
    }
    Ok(())
}
