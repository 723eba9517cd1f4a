//! What the process of a plugin runs, see `--isolate`. Started by this program and by nobody else.

use fenchel_plugin_host::isolate;

use super::Done;
use crate::Error;

pub(super) fn run() -> Done {
    isolate::serve().map_err(|error| {
        Error::input(format!("fenchel starts this itself, for `--isolate`: {error}"))
    })?;
    Ok(0)
}
