//! `fenchel plugin trust`: the bytes of a library are pinned.

use std::path::PathBuf;

use clap::Args;
use fenchel_plugin_host::trust::{PinnedType, Trust};

use super::super::{Done, capabilities, output};
use super::opened;
use crate::plugins;

/// Pin the SHA-256 of a library, so that `fit` may load it. Loads it once, to ask for its types
#[derive(Debug, Args)]
pub(in crate::cli) struct TrustLibrary {
    /// The library
    library: PathBuf,
}

impl TrustLibrary {
    pub(super) fn run(&self) -> Done {
        let (info, cards) = opened(&self.library)?;
        let pinned =
            |card| PinnedType::new(card, capabilities::of(card), capabilities::convexity_of(card));
        let types: Vec<PinnedType> = cards.into_iter().map(pinned).collect();
        plugins::kept()?;
        let pin = Trust::pin(&info, types).map_err(|e| plugins::distrusted(&e))?;
        let names: Vec<&str> = pin.types.iter().map(|each| each.name.as_str()).collect();
        output::print(&format!(
            "trusted  {} {}\npath     {}\nsha256   {}\ntypes    {}\n",
            pin.name,
            pin.version,
            pin.path.display(),
            pin.sha256,
            names.join(", ")
        ))?;
        Ok(0)
    }
}
