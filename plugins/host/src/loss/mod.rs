//! A loss of a plugin, as a [`Loss`] like any other.
use fenchel_core::{Context, Error, Loss, Penalty};

mod functions;
pub(crate) use functions::Functions;

use crate::library::Maker;
use crate::plugin::Plugin;

/// Makes the losses of one type.
#[derive(Debug, Clone)]
pub(crate) struct LossMaker {
    pub(crate) plugin: Plugin,
    pub(crate) functions: Functions,
}

impl Maker for LossMaker {
    fn penalty(&self, _: &str, _: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported(format!("plugin {}: a loss, not a penalty", self.plugin.name())))
    }
    fn loss(&self, _parameters: &str) -> Result<Box<dyn Loss>, Error> {
        Err(Error::Unsupported("losses come next".into()))
    }
}
