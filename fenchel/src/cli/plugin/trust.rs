//! `fenchel plugin trust`: the bytes of a library are pinned.

use std::path::PathBuf;

use clap::Args;
use fenchel_core::Kind;
use fenchel_plugin_host::Image;
use fenchel_plugin_host::trust::{PinnedType, Trust};

use super::super::{Done, capabilities, output};
use crate::{plugins, registry};

/// Pin the SHA-256 of a library, so that `fit` may load it. Loads it once, to ask for its types
#[derive(Debug, Args)]
pub(in crate::cli) struct TrustLibrary {
    /// The library
    library: PathBuf,
}

impl TrustLibrary {
    pub(super) fn run(&self) -> Done {
        let image = Image::read(&self.library).map_err(|e| plugins::unloadable(&e))?;
        let library = plugins::open(image, plugins::Opening::default())
            .map_err(|e| plugins::unloadable(&e))?;
        let info = library.info.clone();
        let cards: Vec<_> = library.types.iter().map(|each| each.card).collect();
        registry::register(library).map_err(|e| crate::Error::plugin(e.to_string()))?;
        let types = cards.iter().map(|card| {
            let convexity = match card.kind {
                Kind::Penalty => {
                    capabilities::example_penalty(card).map(|p| capabilities::convexity(&*p))
                }
                Kind::Loss | Kind::Solver => None,
            };
            PinnedType::new(card, capabilities::of(card), convexity)
        });
        let types: Vec<PinnedType> = types.collect();
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
