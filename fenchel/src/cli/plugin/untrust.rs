//! `fenchel plugin untrust`: pins are taken away.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use fenchel_plugin_host::Image;
use fenchel_plugin_host::trust::{Pin, Trust};

use super::super::{Done, output};
use crate::{Error, plugins};

/// Digits of a digest that are taken for one, at least: fewer may be a name with a typing error.
const FEWEST_DIGITS: usize = 4;

/// Take the pin of a library away, so that nothing loads it any more
#[derive(Debug, Args)]
pub(in crate::cli) struct Untrust {
    /// Its file, its name, or the first digits of its SHA-256
    #[arg(value_name = "LIBRARY|NAME|DIGEST")]
    which: String,
}

impl Untrust {
    pub(super) fn run(&self) -> Done {
        let trust = Trust::read().map_err(|e| plugins::distrusted(&e))?;
        let chosen = chosen(&self.which, trust.pins())?;
        // Bytes are trusted, wherever they are: all places of these are forgotten.
        let gone = Trust::unpin(&chosen).map_err(|e| plugins::distrusted(&e))?;
        let rows: Vec<Vec<String>> = gone.iter().map(|pin| row("untrusted", pin)).collect();
        output::print(&output::columns(&rows))?;
        Ok(0)
    }
}

/// The digests of what is meant: the bytes that are pinned for the path or are in the file there,
/// else those of the one library with the name or the digest.
///
/// Errors: none, or several.
fn chosen(which: &str, pins: &[Pin]) -> Result<Vec<String>, Error> {
    let path = full(Path::new(which));
    let bytes = Image::read(&path).ok().map(|image| image.sha256().to_string());
    let here = |pin: &&Pin| pin.path == path || bytes.as_ref() == Some(&pin.sha256);
    let of_path: BTreeSet<String> = pins.iter().filter(here).map(|p| p.sha256.clone()).collect();
    if !of_path.is_empty() {
        return Ok(of_path.into_iter().collect());
    }
    let digest = which.to_ascii_lowercase();
    let named = |pin: &&Pin| {
        pin.name == which || digest.len() >= FEWEST_DIGITS && pin.sha256.starts_with(&digest)
    };
    let found: Vec<&Pin> = pins.iter().filter(named).collect();
    let Some(first) = found.first() else {
        let error =
            Error::input(format!("no trusted plugin is, is named or has the digest {which}"));
        return Err(match fenchel_core::nearest(which, pins.iter().map(|pin| pin.name.as_str())) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("`fenchel plugin list` shows those that are trusted"),
        });
    };
    if found.iter().any(|pin| pin.sha256 != first.sha256) {
        let rows: Vec<Vec<String>> = found.iter().map(|pin| row(" ", pin)).collect();
        let list = output::columns(&rows);
        return Err(Error::input(format!(
            "{} trusted plugins are meant by {which}:\n{}",
            found.len(),
            list.trim_end()
        ))
        .help("name one by its file, or by digits of its SHA-256"));
    }
    Ok(vec![first.sha256.clone()])
}

/// The path as a pin has it: symbolic links resolved, where the file is gone those of its folder.
fn full(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let beside = || Some(fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?));
    fs::canonicalize(&path).ok().or_else(beside).unwrap_or(path)
}

fn row(word: &str, pin: &Pin) -> Vec<String> {
    vec![word.into(), plugins::Source::from(pin).short(), pin.path.display().to_string()]
}
