//! `fenchel list`: what is registered.

use clap::{Args, ValueEnum};
use fenchel_core::{Kind, cards};
use serde_json::{Value, json};

use super::{Done, capabilities, output};
use crate::registry;

/// What is registered, one line each: name, summary, capabilities
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only these
    what: Option<What>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Losses,
    Penalties,
    Solvers,
    /// Loaded libraries; this build loads none
    Plugins,
}

/// One line of the list.
struct Entry {
    kind: Kind,
    name: &'static str,
    summary: &'static str,
    capabilities: Vec<String>,
}

impl List {
    pub(super) fn run(&self) -> Done {
        let kinds = [
            (What::Losses, Kind::Loss, "Losses"),
            (What::Penalties, Kind::Penalty, "Penalties"),
            (What::Solvers, Kind::Solver, "Solvers"),
        ];
        let chosen = kinds.iter().filter(|(what, ..)| self.what.is_none_or(|w| w == *what));
        if self.json {
            let list: Vec<Value> = chosen
                .flat_map(|(_, kind, _)| entries(*kind))
                .map(|e| {
                    json!({
                        "kind": registry::word(e.kind), "name": e.name, "summary": e.summary,
                        "capabilities": e.capabilities, "source": "built-in",
                    })
                })
                .collect();
            let text = serde_json::to_string_pretty(&list).expect("texts and lists only");
            output::print(&format!("{text}\n"))?;
            return Ok(0);
        }
        let mut text = String::new();
        for (_, kind, title) in chosen {
            if self.what.is_none() {
                let gap = if text.is_empty() { "" } else { "\n" };
                text.push_str(&format!("{gap}{title}\n"));
            }
            let rows: Vec<Vec<String>> = entries(*kind)
                .into_iter()
                .map(|e| {
                    let mut row = vec![e.name.into(), e.summary.into()];
                    if !e.capabilities.is_empty() {
                        row.push(format!("[{}]", e.capabilities.join(", ")));
                    }
                    row
                })
                .collect();
            text.push_str(&output::columns(&rows));
        }
        output::print(&text)?;
        Ok(0)
    }
}

fn entries(kind: Kind) -> Vec<Entry> {
    let linked = cards(kind);
    registry::names(kind)
        .into_iter()
        .map(|name| {
            let card = linked.iter().find(|card| card.name == name);
            Entry {
                kind,
                name,
                summary: card.map_or("", |card| card.summary),
                capabilities: card.map_or_else(Vec::new, |card| capabilities::of(card)),
            }
        })
        .collect()
}
