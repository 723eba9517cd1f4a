//! A library that was loaded, and the types that it brought.

use std::path::PathBuf;
use std::sync::Arc;

use fenchel_core::{Card, Context, Error, Kind, Loss, Penalty, Raw};

use crate::parameters;

/// Which library a type is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryInfo {
    /// Where the file is, symbolic links resolved.
    pub path: PathBuf,
    /// As the library calls itself.
    pub name: String,
    /// As the library says.
    pub version: String,
    /// SHA-256 of the file's bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// Whether a panic or an exception inside the library ends the process, as it says itself.
    pub aborts: bool,
}

/// A library with its types. It is never unloaded.
#[derive(Debug)]
pub struct Library {
    /// Which one.
    pub info: Arc<LibraryInfo>,
    /// Its penalties, then its losses.
    pub types: Vec<PluginType>,
}

/// A type that a library brought.
#[derive(Debug, Clone)]
pub struct PluginType {
    /// Penalty or loss.
    pub kind: Kind,
    /// Its card, which lives as long as the process, as the library does.
    pub card: &'static Card,
    /// Where it is from.
    pub library: Arc<LibraryInfo>,
    maker: Arc<dyn Maker>,
}

/// Builds the objects of one type: in this process, or in one of their own.
pub(crate) trait Maker: std::fmt::Debug + Send + Sync {
    /// `parameters` is a JSON object, checked and with its defaults filled in.
    fn penalty(&self, parameters: &str, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error>;
    /// The same for a loss.
    fn loss(&self, parameters: &str) -> Result<Box<dyn Loss>, Error>;
}

impl PluginType {
    pub(crate) fn new(
        kind: Kind,
        card: &'static Card,
        library: Arc<LibraryInfo>,
        maker: Arc<dyn Maker>,
    ) -> Self {
        Self { kind, card, library, maker }
    }

    /// What builds objects from parameters that are checked already.
    pub(crate) fn maker(&self) -> &dyn Maker {
        &*self.maker
    }

    /// Builds the penalty that a table describes.
    ///
    /// Errors: parameters that the schema or the plugin refuses, under their path.
    pub fn build_penalty(
        &self,
        raw: &Raw,
        context: &Context<'_>,
    ) -> Result<Box<dyn Penalty>, Error> {
        self.maker.penalty(&parameters::checked(self.card, raw)?, context)
    }

    /// Builds the loss that a table describes.
    ///
    /// Errors: parameters that the schema or the plugin refuses, under their path.
    pub fn build_loss(&self, raw: &Raw) -> Result<Box<dyn Loss>, Error> {
        self.maker.loss(&parameters::checked(self.card, raw)?)
    }
}
