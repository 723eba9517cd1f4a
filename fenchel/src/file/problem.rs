//! The problem file, read into its sections.

use std::path::{Path, PathBuf};

use fenchel_core::{Kind, Raw};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::config::{CvConfig, ModelConfig, PathConfig, PluginsConfig, ScreenConfig, SolverConfig};
use super::document::Document;
use super::keypath::KeyPath;
use super::read::read_document;
use super::wording::{self, Named};
use super::{check, defaults};
use crate::data::DataConfig;
use crate::{Error, plugins};

/// The sections of a problem file, in the order in which they are documented.
pub const SECTIONS: [&str; 9] =
    ["data", "screen", "model", "loss", "penalty", "solver", "path", "cv", "plugins"];

/// A problem file as it is to be solved, `--set` values included.
#[derive(Debug, Clone)]
pub struct Problem {
    /// `[data]`.
    pub data: DataConfig,
    /// `[screen]`.
    pub screen: Option<ScreenConfig>,
    /// `[model]`.
    pub model: ModelConfig,
    /// `[loss]`, not yet built.
    pub loss: Raw,
    /// `[penalty]`, not yet built; `none` where the file has none.
    pub penalty: Raw,
    /// `[solver]`.
    pub solver: SolverConfig,
    /// `[path]`.
    pub path: Option<PathConfig>,
    /// `[cv]`.
    pub cv: Option<CvConfig>,
    /// `[plugins]`.
    pub plugins: PluginsConfig,
    /// The folder that paths in the file are relative to.
    pub base: PathBuf,
    /// Where everything was written.
    pub document: Document,
}

impl Problem {
    /// Reads and checks a problem file; `sets` are `--set` arguments.
    ///
    /// Errors: everything that can be known without opening the data, with file, line and column.
    pub fn load(path: &Path, sets: &[String]) -> Result<Self, Error> {
        let document = read_document(path, sets)?;
        check_sections(&document)?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let none = || Raw(Map::from_iter([("type".to_string(), Value::from("none"))]));
        let problem = Self {
            data: section(&document, "data")?.ok_or_else(|| missing(&document, "data"))?,
            screen: section(&document, "screen")?,
            model: section(&document, "model")?.unwrap_or_default(),
            loss: section(&document, "loss")?.ok_or_else(|| missing(&document, "loss"))?,
            penalty: section(&document, "penalty")?.unwrap_or_else(none),
            solver: section(&document, "solver")?.unwrap_or_default(),
            path: section(&document, "path")?,
            cv: section(&document, "cv")?,
            plugins: section(&document, "plugins")?.unwrap_or_default(),
            base,
            document,
        };
        check::sections(&problem)?;
        Ok(problem)
    }

    /// The problem as solved, defaults filled in, for the result file.
    pub fn effective(&self) -> Value {
        defaults::effective(self)
    }

    /// Gives an error of a lower floor its place below `section`.
    pub fn explain(&self, section: &str, error: &fenchel_core::Error) -> Error {
        explain(&self.document, KeyPath::from(section), error)
    }
}

fn check_sections(document: &Document) -> Result<(), Error> {
    let root = KeyPath::default();
    for name in document.keys(&root) {
        if !SECTIONS.contains(&name) {
            let expected = SECTIONS.map(|s| format!("`{s}`")).join(", ");
            return Err(Error::input(format!("unknown section `{name}`, expected {expected}"))
                .at(document.locate_key(&root.key(name)))
                .nearest(name, SECTIONS));
        }
    }
    Ok(())
}

fn missing(document: &Document, section: &str) -> Error {
    document.error(&KeyPath::default(), format!("the problem file has no section `[{section}]`"))
}

/// Reads one section, if it is there.
fn section<T: DeserializeOwned>(document: &Document, name: &str) -> Result<Option<T>, Error> {
    let base = KeyPath::default().key(name);
    let Some(value) = document.get(&base) else { return Ok(None) };
    match serde_path_to_error::deserialize(value) {
        Ok(section) => Ok(Some(section)),
        Err(error) => {
            let path = base.join(&KeyPath::from(error.path()));
            Err(unreadable(document, &path, &error.into_inner().to_string()))
        }
    }
}

/// An error for what serde said at a path.
fn unreadable(document: &Document, path: &KeyPath, message: &str) -> Error {
    let text = wording::plain(message);
    match wording::named(message) {
        Some(Named::UnknownKey(key, known)) => {
            // The reader's path may or may not end in the key itself.
            let inner = path.key(key);
            let path = if document.contains(&inner) { &inner } else { path };
            Error::input(text).at(document.locate_key(path)).nearest(key, known)
        }
        Some(Named::UnknownWord(word, known)) => document.error(path, text).nearest(word, known),
        Some(Named::Missing(_)) => Error::input(text).at(document.locate_key(path)),
        None => document.error(path, text),
    }
}

/// Gives an error of core its place: the path that it carries, then the parameter that it names.
pub(crate) fn explain(document: &Document, base: KeyPath, error: &fenchel_core::Error) -> Error {
    use fenchel_core::Error as Core;
    let mut path = base;
    let mut error = error;
    while let Core::At { path: inner, source } = error {
        path = path.join(&KeyPath::from(inner.as_str()));
        error = source;
    }
    match error {
        Core::Spec { message } => unreadable(document, &path, message),
        Core::Parameter { name, .. } | Core::Length { name, .. } => {
            let inner = path.join(&KeyPath::from(name.as_str()));
            let path = if document.contains(&inner) { inner } else { path };
            document.error(&path, error.to_string())
        }
        Core::Unknown { kind: kind @ ("penalty" | "loss" | "solver"), name, known } => {
            let tag = path.key("type");
            let path = if document.contains(&tag) { tag } else { path };
            let brought = match *kind {
                "loss" => Some(Kind::Loss),
                "penalty" => Some(Kind::Penalty),
                _ => None, // no library brings solvers
            };
            let help = match brought.and_then(|kind| plugins::shelved_with(kind, name)) {
                Some(source) => format!(
                    "the trusted plugin {} {} has it: `[plugins] load = [\"{}\"]` loads it",
                    source.library,
                    source.version,
                    source.path.display()
                ),
                None => format!("known: {}", known.join(", ")),
            };
            document.error(&path, error.to_string()).help(help)
        }
        Core::Unknown { name, known, .. } => {
            let path = document.find_text(&path, name).unwrap_or(path);
            let shown: Vec<&str> = known.iter().take(20).map(String::as_str).collect();
            let more = if known.len() > shown.len() { ", ..." } else { "" };
            document
                .error(&path, error.to_string())
                .help(format!("known: {}{more}", shown.join(", ")))
        }
        _ => document.error(&path, error.to_string()),
    }
}
