//! `fenchel list plugins`, `fenchel plugin list`: the libraries that are trusted.

use std::path::PathBuf;

use fenchel_plugin_host::trust::{Pin, Trust};
use serde_json::{Value, json};

use super::{Done, output};
use crate::plugins::{self, FileState, Opening, Source, Wanted};
use crate::registry;

/// Prints the trusted libraries; those of `options` are loaded first, which has to succeed.
pub(super) fn list(json: bool, options: &[PathBuf]) -> Done {
    let wanted: Vec<Wanted> = options.iter().map(|path| Wanted::option(path)).collect();
    plugins::load(&wanted, Opening::default())?;
    let trust = Trust::read().map_err(|e| plugins::distrusted(&e))?;
    if json {
        let list: Vec<Value> = trust.pins().iter().map(as_json).collect();
        let text = serde_json::to_string_pretty(&list).expect("texts and lists only");
        output::print(&format!("{text}\n"))?;
    } else {
        let rows: Vec<Vec<String>> = trust.pins().iter().map(row).collect();
        output::print(&output::columns(&rows))?;
    }
    Ok(0)
}

/// Name, version and digest, when it was trusted, what became of the file, types, path.
fn row(pin: &Pin) -> Vec<String> {
    let types: Vec<&str> = pin.types.iter().map(|each| each.name.as_str()).collect();
    let types = if types.is_empty() { "no types".into() } else { types.join(", ") };
    vec![
        Source::from(pin).short(),
        format!("trusted {}", pin.date),
        FileState::of(pin).word().into(),
        types,
        pin.path.display().to_string(),
    ]
}

fn as_json(pin: &Pin) -> Value {
    let types: Vec<Value> = pin
        .types
        .iter()
        .map(|each| {
            json!({
                "kind": registry::word(each.kind()), "name": each.name, "summary": each.summary,
                "capabilities": each.capabilities,
            })
        })
        .collect();
    json!({
        "name": pin.name, "version": pin.version, "sha256": pin.sha256, "path": pin.path,
        "date": pin.date, "file": FileState::of(pin).word(), "types": types,
    })
}
