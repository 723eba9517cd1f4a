//! `fenchel plugin`: looking at a library, trusting it, and taking that back.

mod check;
mod list;
mod trust;
mod untrust;

use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand};
use fenchel_core::Card;
use fenchel_plugin_host::{Image, LibraryInfo};

use super::Done;
use crate::plugins::{self, Opening};
use crate::{Error, registry};

/// Check a library, trust it or no longer, list those that are trusted
#[derive(Debug, Args)]
pub(super) struct PluginCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Check(check::Check),
    Trust(trust::TrustLibrary),
    Untrust(untrust::Untrust),
    List(list::ListLibraries),
}

impl PluginCommand {
    pub(super) fn run(&self) -> Done {
        match &self.action {
            Action::Check(command) => command.run(),
            Action::Trust(command) => command.run(),
            Action::Untrust(command) => command.run(),
            Action::List(command) => command.run(),
        }
    }
}

/// Opens a library, trusted or not, as whoever names it here asks for just that, and registers its
/// types.
///
/// Errors: one that does not load, or has a name that is taken.
fn opened(path: &Path) -> Result<(Arc<LibraryInfo>, Vec<&'static Card>), Error> {
    let image = Image::read(path).map_err(|e| plugins::unloadable(&e))?;
    let library = plugins::open(image, Opening::default()).map_err(|e| plugins::unloadable(&e))?;
    let cards = library.types.iter().map(|each| each.card).collect();
    let info = registry::register(library).map_err(|e| Error::plugin(e.to_string()))?;
    Ok((info, cards))
}
