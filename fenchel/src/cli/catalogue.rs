//! The types that can be shown: built in, of a library that was loaded, or written down when their
//! library was trusted.

use std::path::PathBuf;

use fenchel_core::{Card, Kind};
use fenchel_plugin_host::trust::{Pin, PinnedType, Trust};

use super::{capabilities, output};
use crate::plugins::{self, Opening, Source, Wanted};
use crate::{Error, registry};

/// A type that can be shown.
pub(super) struct Entry {
    pub card: &'static Card,
    /// Which library it is from; none for a built-in type.
    pub source: Option<Source>,
    /// What was found when its library was trusted; none for a type that is here to be asked.
    recorded: Option<PinnedType>,
}

impl Entry {
    /// A built-in type, or one that was loaded.
    fn here(card: &'static Card) -> Self {
        let source = registry::origin(card.kind, card.name).map(|info| Source::from(&*info));
        Self { card, source, recorded: None }
    }

    fn pinned(pin: &Pin, found: &PinnedType) -> Self {
        let (source, recorded) = (Some(Source::from(pin)), Some(found.clone()));
        Self { card: found.card(), source, recorded }
    }

    /// What it can do, in short words.
    pub fn capabilities(&self) -> Vec<String> {
        match &self.recorded {
            Some(found) => found.capabilities.clone(),
            None => capabilities::of(self.card),
        }
    }

    /// Convex or not, in words, for a penalty.
    pub fn convexity(&self) -> Option<String> {
        match &self.recorded {
            Some(found) => found.convexity.clone(),
            None => capabilities::convexity_of(self.card),
        }
    }
}

/// Everything that can be shown.
pub(super) struct Catalogue {
    pins: Vec<Pin>,
}

impl Catalogue {
    /// Loads the libraries that the command line names, and reads the cards of those that are
    /// trusted. A trust file that is not believed is complained about; built-in types need none.
    ///
    /// Errors: as for [`plugins::load`].
    pub fn open(options: &[PathBuf]) -> Result<Self, Error> {
        let wanted: Vec<Wanted> = options.iter().map(|path| Wanted::option(path)).collect();
        plugins::load(&wanted, Opening::default())?;
        let pins = match Trust::read() {
            Ok(trust) => trust.pins().to_vec(),
            Err(error) => {
                output::complain(&format!("warning: {error}; types of plugins are not shown"));
                if let Some(remedy) = error.remedy() {
                    output::complain(&format!(" help: {remedy}"));
                }
                Vec::new()
            }
        };
        Ok(Self { pins })
    }

    /// The types of a kind by name; where libraries that are not loaded share one, each of them.
    pub fn entries(&self, kind: Kind) -> Vec<Entry> {
        let here = registry::names(kind).into_iter().filter_map(|name| registry::card(kind, name));
        let mut entries: Vec<Entry> = here.map(Entry::here).collect();
        let mut shown: Vec<&str> = Vec::new();
        for pin in &self.pins {
            // The same bytes may be pinned at several places; loaded, they speak for themselves.
            if shown.contains(&pin.sha256.as_str()) || registry::library(&pin.sha256).is_some() {
                continue;
            }
            shown.push(&pin.sha256);
            let types = pin.types.iter().filter(|found| found.kind() == kind);
            entries.extend(types.map(|found| Entry::pinned(pin, found)));
        }
        entries.sort_by(|a, b| {
            let key = |e: &Entry| (e.card.name, e.source.as_ref().map(Source::short));
            key(a).cmp(&key(b))
        });
        entries
    }
}
