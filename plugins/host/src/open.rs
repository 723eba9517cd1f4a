//! A library is loaded into this process: its entry is checked before any of its functions is
//! called, and then its types.

use std::collections::HashSet;
use std::error::Error as _;
use std::mem::offset_of;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fenchel_core::{Card, Kind};
use fenchel_plugin_abi as abi;
use libloading::os::unix::{Library as Loaded, RTLD_LOCAL, RTLD_NOW};

use crate::calls::{self, Origin};
use crate::cards;
use crate::error::LoadError;
use crate::fault::Faults;
use crate::image::Image;
use crate::library::{Library, LibraryInfo, PluginType};
use crate::loss::{self, LossMaker};
use crate::penalty::{Functions, PenaltyMaker};
use crate::plugin::Plugin;
use crate::{tables, texts};

/// The most types of a kind that a library may have.
const MOST_TYPES: usize = 4096;

/// Loads the image into this process, for as long as the process lives. `faults` is told what the
/// library's types do wrong later on.
///
/// Its initialisers run before anything can be checked, so open only what is trusted.
///
/// Errors: what the loader refuses, what is no plugin, another ABI, and types with something absent.
pub fn open(image: Image, faults: &Arc<Faults>) -> Result<Library, LoadError> {
    let path = image.path().to_path_buf();
    let origin = leak(format!("`{}`", path.display()));
    let _inside = calls::enter(origin, &calls::LOAD);
    let loaded = load(&image)?;
    let sha256 = image.sha256().to_string();
    image.keep();
    let entry = entry(&loaded, &path);
    // Never unloaded: what the library started, or left with the system, may refer to it for ever.
    std::mem::forget(loaded);
    let entry = entry?;
    let text = |member: &str, text| {
        // SAFETY: a text of the entry, which the header asks to be NUL-terminated.
        #[allow(unsafe_code)]
        unsafe { texts::read(text) }.map_err(|what| LoadError::Table {
            path: path.clone(),
            place: "`fenchel_plugin_v1`".into(),
            what: format!("`{member}` {what}"),
        })
    };
    let info = Arc::new(LibraryInfo {
        name: texts::line(text("name", entry.name)?.as_bytes()),
        version: texts::line(text("version", entry.version)?.as_bytes()),
        path: path.clone(),
        sha256,
        aborts: entry.flags & abi::ABORTS != 0,
    });
    let types = types(&entry, &info, faults)?;
    Ok(Library { info, types })
}

fn leak(plugin: String) -> &'static Origin {
    Box::leak(Box::new(Origin { plugin }))
}

fn load(image: &Image) -> Result<Loaded, LoadError> {
    // SAFETY: the library's initialisers run here; whoever opens an image trusts it. Bound at once,
    // as a symbol that is missing at the first call would end the process.
    #[allow(unsafe_code)]
    let loaded = unsafe { Loaded::open(Some(image.loadable()), RTLD_NOW | RTLD_LOCAL) };
    loaded.map_err(|error| {
        // The reason is one layer down, and names the sealed copy.
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let sealed = image.loadable().display().to_string();
        let reason = reason.replace(&format!("{sealed}: "), "");
        let reason = reason.replace(&sealed, &image.path().display().to_string());
        LoadError::Load { path: image.path().to_path_buf(), reason }
    })
}

/// Finds and checks the entry; nothing of the library is called.
fn entry(loaded: &Loaded, path: &Path) -> Result<abi::Plugin, LoadError> {
    let path = || path.to_path_buf();
    // SAFETY: a symbol is an address; that of a plugin's entry is the entry's.
    #[allow(unsafe_code)]
    let symbol = unsafe { loaded.get::<*const abi::Plugin>(abi::ENTRY) };
    let at: *const abi::Plugin = match symbol {
        Ok(symbol) => *symbol,
        Err(_) => return Err(LoadError::NoEntry { path: path() }),
    };
    let wrong =
        |what: String| LoadError::Table { path: path(), place: "`fenchel_plugin_v1`".into(), what };
    if at.is_null() {
        return Err(LoadError::NoEntry { path: path() });
    }
    if !at.is_aligned() {
        return Err(wrong("is not aligned as the entry is: expected a `fenchel_plugin`".into()));
    }
    // SAFETY: not null and aligned; every entry has size, magic and ABI, whatever else it has.
    #[allow(unsafe_code)]
    let (size, magic, number) = unsafe {
        (
            (&raw const (*at).size).read(),
            (&raw const (*at).magic).read(),
            (&raw const (*at).abi).read(),
        )
    };
    if magic != abi::MAGIC {
        return Err(LoadError::Magic { path: path(), found: magic });
    }
    if number != abi::ABI {
        return Err(LoadError::Abi { path: path(), found: number });
    }
    let ends = [
        ("flags", offset_of!(abi::Plugin, name)),
        ("name", offset_of!(abi::Plugin, version)),
        ("version", offset_of!(abi::Plugin, penalty)),
        ("penalty", offset_of!(abi::Plugin, loss)),
        ("loss", size_of::<abi::Plugin>()),
    ];
    if let Some((member, _)) = ends.iter().find(|(_, end)| size < *end) {
        return Err(wrong(format!(
            "its `size` is {size}, which ends before `{member}`: expected at least {}",
            size_of::<abi::Plugin>()
        )));
    }
    // SAFETY: as above, and its size reaches every member of ABI 1.
    #[allow(unsafe_code)]
    Ok(unsafe { at.read() })
}

/// All types, penalties first.
fn types(
    entry: &abi::Plugin,
    info: &Arc<LibraryInfo>,
    faults: &Arc<Faults>,
) -> Result<Vec<PluginType>, LoadError> {
    let turn = Arc::new(Mutex::new(()));
    let mut types = Vec::new();
    // Each type is named by its card, and by its number until that is read.
    let plugin = |card: &Card| {
        let origin = leak(format!("`{}` ({} {})", card.name, info.name, info.version));
        Plugin::new(origin, faults.clone(), turn.clone())
    };
    list(entry.penalty, info, "penalty", |table, place| {
        // SAFETY: what `penalty` returns lives as long as the library.
        #[allow(unsafe_code)]
        let table = unsafe { tables::read(table) }.map_err(|what| place.wrong(what))?;
        let card = card(table.card, Kind::Penalty, &place)?;
        let functions = Functions::of(&table).expect("checked when it was read");
        let maker = Arc::new(PenaltyMaker { plugin: plugin(card), functions, card });
        types.push(PluginType::new(Kind::Penalty, card, info.clone(), maker));
        Ok(card.name)
    })?;
    list(entry.loss, info, "loss", |table, place| {
        // SAFETY: what `loss` returns lives as long as the library, and so does its `fit`.
        #[allow(unsafe_code)]
        let (table, fit) = unsafe {
            let table: abi::LossType = tables::read(table).map_err(|what| place.wrong(what))?;
            let fit = tables::read(table.fit);
            (table, fit.map_err(|what| place.wrong(format!("`fit`: {what}")))?)
        };
        let card = card(table.card, Kind::Loss, &place)?;
        let functions = loss::Functions::of(&table, &fit).expect("checked when it was read");
        let maker = Arc::new(LossMaker { plugin: plugin(card), functions });
        types.push(PluginType::new(Kind::Loss, card, info.clone(), maker));
        Ok(card.name)
    })?;
    Ok(types)
}

/// Where a type stands.
struct Place<'a> {
    info: &'a LibraryInfo,
    kind: &'static str,
    number: usize,
}

impl Place<'_> {
    fn wrong(&self, what: String) -> LoadError {
        LoadError::Table {
            path: self.info.path.clone(),
            place: format!("{} type {}", self.kind, self.number),
            what,
        }
    }
}

/// Hands every type that `get` has to `take`, which returns its name.
fn list<T>(
    get: Option<unsafe extern "C" fn(usize) -> *const T>,
    info: &LibraryInfo,
    kind: &'static str,
    mut take: impl FnMut(*const T, Place<'_>) -> Result<&'static str, LoadError>,
) -> Result<(), LoadError> {
    let Some(get) = get else { return Ok(()) };
    let mut names = HashSet::new();
    for number in 0..MOST_TYPES {
        // SAFETY: a function of the entry, called with any number by one thread.
        #[allow(unsafe_code)]
        let table = unsafe { get(number) };
        if table.is_null() {
            return Ok(());
        }
        let name = take(table, Place { info, kind, number })?;
        if !names.insert(name) {
            return Err(LoadError::Twice { path: info.path.clone(), kind, name: name.into() });
        }
    }
    Err(LoadError::Endless { path: info.path.clone(), kind, limit: MOST_TYPES })
}

fn card(card: *const abi::Card, kind: Kind, place: &Place<'_>) -> Result<&'static Card, LoadError> {
    // SAFETY: the card of a type lives as long as the library.
    #[allow(unsafe_code)]
    let read = unsafe { cards::read(card, kind) };
    read.map_err(|what| place.wrong(format!("`card`: {what}")))
}
