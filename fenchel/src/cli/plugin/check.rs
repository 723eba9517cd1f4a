//! `fenchel plugin check`: the laws that built-in types obey, tried on a library's types.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use fenchel_core::{Card, Kind};
use fenchel_laws::{Outcome, Report};
use serde_json::{Value, json};

use super::super::{Done, capabilities, output};
use super::opened;
use crate::{Fault, plugins, registry};

/// Load a library, in this process and trusted or not, and try every law on every type
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The library
    library: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self) -> Done {
        let (_, cards) = opened(&self.library)?;
        let reports: Vec<(&Card, Option<Report>)> =
            cards.into_iter().map(|card| (card, report(card))).collect();
        let fault = plugins::faults().first();
        let holds = fault.is_none()
            && reports.iter().all(|(_, report)| report.as_ref().is_some_and(Report::holds));
        let text = if self.json {
            let types: Vec<Value> = reports.iter().map(|(card, r)| as_json(card, r)).collect();
            let whole = json!({
                "holds": holds, "fault": fault.map(|f| f.to_string()), "types": types,
            });
            format!("{}\n", serde_json::to_string_pretty(&whole).expect("texts and lists only"))
        } else {
            let mut text: String = reports.iter().map(|(card, r)| as_text(card, r)).collect();
            if let Some(fault) = fault {
                let _ = writeln!(text, "fault: {fault}");
            }
            text
        };
        output::print(&text)?;
        Ok(if holds { 0 } else { Fault::Plugin.exit_code() })
    }
}

/// The laws on the card's example; `None` where the example cannot be built.
fn report(card: &Card) -> Option<Report> {
    match card.kind {
        Kind::Penalty => {
            let (penalty, space) = capabilities::example_on_space(card)?;
            Some(fenchel_laws::penalty::check_all(&*penalty, &space))
        }
        Kind::Loss => {
            capabilities::example_loss(card).map(|loss| fenchel_laws::loss::check_all(&*loss))
        }
        Kind::Solver => None,
    }
}

fn as_text(card: &Card, report: &Option<Report>) -> String {
    let head = format!("{} \"{}\"", registry::word(card.kind), card.name);
    match report {
        Some(report) => format!("{head}\n{report}"),
        None => format!("{head}\nviolated        the example of its card cannot be built\n"),
    }
}

fn as_json(card: &Card, report: &Option<Report>) -> Value {
    let laws: Vec<Value> = report.iter().flat_map(|r| &r.outcomes).map(law).collect();
    json!({
        "kind": registry::word(card.kind), "name": card.name, "example": report.is_some(),
        "laws": laws,
    })
}

fn law((name, outcome): &(&'static str, Outcome)) -> Value {
    match outcome {
        Outcome::Held => json!({ "law": name, "outcome": "held" }),
        Outcome::NotApplicable => json!({ "law": name, "outcome": "not applicable" }),
        Outcome::Violated(v) => json!({
            "law": name, "outcome": "violated", "input": v.input, "expected": v.expected,
            "got": v.got,
        }),
    }
}
