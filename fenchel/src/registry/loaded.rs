//! The types of the libraries that were loaded. A library is never unloaded, so what was registered
//! stays; names are taken all together or not at all.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use fenchel_core::{Card, Kind};
use fenchel_plugin_host::{Library, LibraryInfo, PluginType};

/// Libraries with their types, for as long as the process.
static LIBRARIES: RwLock<Vec<&'static Library>> = RwLock::new(Vec::new());

/// A name that two want to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    kind: Kind,
    name: String,
    library: Arc<LibraryInfo>,
    /// Who has it; none for a built-in type.
    owner: Option<Arc<LibraryInfo>>,
}

impl std::error::Error for Taken {}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = super::word(self.kind);
        let by = |l: &LibraryInfo| format!("{} {} ({})", l.name, l.version, l.path.display());
        write!(f, "plugin {}: its {word} \"{}\" has the name of ", by(&self.library), self.name)?;
        match &self.owner {
            None => write!(f, "a built-in {word}"),
            Some(owner) => write!(f, "a {word} of plugin {}", by(owner)),
        }
    }
}

/// Adds a library's types to those that problem files may name. A library of the same bytes that is
/// registered already stands for this one too.
///
/// Errors: a type with the name of a built-in one, or of one that is registered.
pub fn register(library: Library) -> Result<Arc<LibraryInfo>, Taken> {
    let mut libraries = LIBRARIES.write().unwrap_or_else(PoisonError::into_inner);
    let same = |other: &&&Library| other.info.sha256 == library.info.sha256;
    if let Some(known) = libraries.iter().find(same) {
        return Ok(known.info.clone());
    }
    for PluginType { kind, card, .. } in &library.types {
        let clash = |other: &&PluginType| other.kind == *kind && other.card.name == card.name;
        let mut others = libraries.iter().flat_map(|library| &library.types);
        let owner = others.find(clash).map(|other| other.library.clone());
        if owner.is_some() || super::built_in(*kind, card.name).is_some() {
            let (name, library) = (card.name.into(), library.info.clone());
            return Err(Taken { kind: *kind, name, library, owner });
        }
    }
    let info = library.info.clone();
    libraries.push(Box::leak(Box::new(library)));
    Ok(info)
}

/// The library with this digest, where it is registered.
pub fn library(sha256: &str) -> Option<&'static Library> {
    all().into_iter().find(|library| library.info.sha256 == sha256)
}

/// Which library a type is from; none for a built-in type or an unknown one.
pub fn origin(kind: Kind, name: &str) -> Option<Arc<LibraryInfo>> {
    find(kind, name).map(|plugin| plugin.library.clone())
}

/// The type of a library with this name.
pub(super) fn find(kind: Kind, name: &str) -> Option<&'static PluginType> {
    types().find(|plugin| plugin.kind == kind && plugin.card.name == name)
}

/// The cards of all types of a kind.
pub(super) fn cards(kind: Kind) -> impl Iterator<Item = &'static Card> {
    types().filter(move |plugin| plugin.kind == kind).map(|plugin| plugin.card)
}

fn types() -> impl Iterator<Item = &'static PluginType> {
    all().into_iter().flat_map(|library| &library.types)
}

fn all() -> Vec<&'static Library> {
    LIBRARIES.read().unwrap_or_else(PoisonError::into_inner).clone()
}
