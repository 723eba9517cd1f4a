//! `fenchel list`: what is registered, and what trusted libraries would bring.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fenchel_core::Kind;
use serde_json::{Value, json};

use super::catalogue::{Catalogue, Entry};
use super::{Done, libraries, output};
use crate::plugins::{self, Source};
use crate::registry;

/// What there is, one line each: name, summary, capabilities, and the library where it is from one
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only these
    what: Option<What>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Load this library, which has to be trusted, and show its types as it has them now
    #[arg(long = "plugin", value_name = "LIBRARY")]
    plugins: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Losses,
    Penalties,
    Solvers,
    /// Libraries that are trusted, and whether their files are still what was trusted
    Plugins,
}

impl List {
    pub(super) fn run(&self) -> Done {
        if self.what == Some(What::Plugins) {
            return libraries::list(self.json, &self.plugins);
        }
        let catalogue = Catalogue::open(&self.plugins)?;
        let kinds = [
            (What::Losses, Kind::Loss, "Losses"),
            (What::Penalties, Kind::Penalty, "Penalties"),
            (What::Solvers, Kind::Solver, "Solvers"),
        ];
        let chosen = kinds.iter().filter(|(what, ..)| self.what.is_none_or(|w| w == *what));
        let text = if self.json {
            let entries = chosen.flat_map(|(_, kind, _)| catalogue.entries(*kind));
            let list: Vec<Value> = entries.map(|entry| as_json(&entry)).collect();
            format!("{}\n", serde_json::to_string_pretty(&list).expect("texts and lists only"))
        } else {
            let mut text = String::new();
            for (_, kind, title) in chosen {
                if self.what.is_none() {
                    let gap = if text.is_empty() { "" } else { "\n" };
                    text.push_str(&format!("{gap}{title}\n"));
                }
                let rows: Vec<Vec<String>> = catalogue.entries(*kind).iter().map(row).collect();
                text.push_str(&output::columns(&rows));
            }
            text
        };
        // Types that were loaded were asked what they can do.
        plugins::kept()?;
        output::print(&text)?;
        Ok(0)
    }
}

fn as_json(entry: &Entry) -> Value {
    json!({
        "kind": registry::word(entry.card.kind), "name": entry.card.name,
        "summary": entry.card.summary, "capabilities": entry.capabilities(),
        "source": entry.source.as_ref().map(Source::json),
    })
}

fn row(entry: &Entry) -> Vec<String> {
    let mut notes = Vec::new();
    let capabilities = entry.capabilities();
    if !capabilities.is_empty() {
        notes.push(format!("[{}]", capabilities.join(", ")));
    }
    if let Some(source) = &entry.source {
        notes.push(format!("from {}", source.short()));
    }
    vec![entry.card.name.into(), entry.card.summary.into(), notes.join(" ")]
}
