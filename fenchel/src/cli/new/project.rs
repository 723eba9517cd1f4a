//! The files of a new project: a template with its names filled in, and what it is built against,
//! so that nothing has to be fetched.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Language, What, name};
use crate::Error;

// TEMPLATES, HEADERS, CRATES, PACKAGES and LOCKS, made by the build script.
include!(concat!(env!("OUT_DIR"), "/projects.rs"));

/// Names of the packages that a project in Rust is built on.
pub(super) fn packages() -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().copied()
}

/// Writes the project as a whole, or nothing of it.
///
/// Errors: the folder is there already, or cannot be written.
pub(super) fn write(
    folder: &Path,
    kind: What,
    language: Language,
    name: &str,
) -> Result<(), Error> {
    let shown = folder.display();
    if fs::symlink_metadata(folder).is_ok() {
        let error = Error::input(format!("\"{shown}\" is there already"));
        return Err(error.help("name another folder with `-o`"));
    }
    let cannot = |error: std::io::Error| {
        Error::input(format!("the folder \"{shown}\" cannot be created: {error}"))
    };
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    if !parent.is_dir() {
        return Err(Error::input(format!("there is no folder \"{}\"", parent.display())));
    }
    // Written beside its place and renamed. The folder inside has ordinary permissions.
    let beside = tempfile::Builder::new().prefix(".fenchel-new-").tempdir_in(parent);
    let beside = beside.map_err(cannot)?;
    let draft = beside.path().join("project");
    for (path, text) in files(kind, language, name) {
        let path = draft.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&draft)).map_err(cannot)?;
        fs::write(path, text).map_err(cannot)?;
    }
    fs::rename(&draft, folder).map_err(cannot)
}

/// Path and text of every file.
fn files(kind: What, language: Language, name: &str) -> Vec<(PathBuf, String)> {
    let template = format!("{}/{}", language.word(), kind.word());
    let fill = |text: &str| {
        text.replace("{{name}}", name)
            .replace("{{Name}}", &name::camel(name))
            .replace("{{version}}", env!("CARGO_PKG_VERSION"))
    };
    let mut files: Vec<(PathBuf, String)> = TEMPLATES
        .iter()
        .filter_map(|(path, text)| {
            let path = path.strip_prefix(&template)?.strip_prefix('/')?;
            Some((fill(path).into(), fill(text)))
        })
        .collect();
    let as_is = |(path, text): &(&str, &str)| (PathBuf::from(path), text.to_string());
    match language {
        Language::C => files.extend(HEADERS.iter().map(as_is)),
        Language::Rust => {
            let below = |(path, text): (PathBuf, String)| (Path::new("vendor").join(path), text);
            files.extend(CRATES.iter().map(as_is).map(below));
            let lock = LOCKS.iter().find(|(path, _)| *path == template);
            files.extend(lock.map(|(_, text)| (PathBuf::from("Cargo.lock"), fill(text))));
        }
    }
    files
}
