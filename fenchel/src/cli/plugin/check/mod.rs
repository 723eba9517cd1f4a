//! `fenchel plugin check`: the laws that built-in types obey, tried on a library's types, each set up
//! in many ways.
//!
//! A type is checked in a process of its own, so that one that crashes, aborts or never returns is a
//! violation in the report and the others are checked all the same. That process is this program
//! again, with `--report`; what it finds it writes there line by line, and what was being tried when
//! it ended is known from the last line.

mod children;
mod inside;
mod lines;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use fenchel_core::Kind;

use super::super::{Done, options, output};
use crate::{Error, Fault};

use lines::{Listed, TypeName};
use report::TypeReport;

/// Load a library, trusted or not, and try every law on every type, each in a process of its own
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The library
    library: PathBuf,
    /// Only this type; `loss:NAME` and the like where two kinds share it
    #[arg(long = "type", value_name = "NAME")]
    only: Option<String>,
    /// Only this law
    #[arg(long, value_name = "LAW")]
    law: Option<String>,
    /// Only this way of setting the type up, by the number that a violation names
    #[arg(long, value_name = "N", requires = "only", value_parser = options::number)]
    case: Option<usize>,
    /// Give up on a type after this time
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = options::seconds)]
    time_limit: Duration,
    /// Start no other process, so that a debugger sees everything; no time limit
    #[arg(long)]
    in_process: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Where the process of one type writes what it finds
    #[arg(long, hide = true, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(&self) -> Done {
        if let Some(report) = &self.report {
            return inside::child(self, report);
        }
        let listed = if self.in_process {
            inside::list(&self.library)?
        } else {
            match children::list(self)? {
                Ok(listed) => listed,
                // It does not load, and has said why.
                Err(code) => return Ok(code),
            }
        };
        let chosen = self.chosen(&listed)?;
        let mut reports = Vec::new();
        for each in chosen {
            let ended = if self.in_process {
                inside::lines(self, each)
            } else {
                children::check(self, each, &listed)?
            };
            reports.push(TypeReport::new(each, ended, self, &listed));
        }
        let text = if self.json {
            report::as_json(&listed, &reports)
        } else {
            reports.iter().map(TypeReport::text).collect()
        };
        output::print(&text)?;
        let holds = reports.iter().all(TypeReport::holds);
        Ok(if holds { 0 } else { Fault::Plugin.exit_code() })
    }

    /// The types that are to be checked.
    ///
    /// Errors: none to choose from, and names that there are not.
    fn chosen<'a>(&self, listed: &'a Listed) -> Result<Vec<&'a TypeName>, Error> {
        if listed.types.is_empty() {
            return Err(Error::plugin(format!("plugin {}: it offers no type", listed.name)));
        }
        let wanted = |each: &&TypeName| {
            self.only.as_ref().is_none_or(|only| *only == each.name || *only == each.full())
        };
        let chosen: Vec<&TypeName> = listed.types.iter().filter(wanted).collect();
        if let (Some(only), true) = (&self.only, chosen.is_empty()) {
            let known = listed.types.iter().map(|each| each.name.as_str());
            let message = format!("plugin {} has no type \"{only}\"", listed.name);
            return Err(Error::input(message).nearest(only, known));
        }
        if let Some(law) = &self.law {
            let known: Vec<&str> = chosen.iter().flat_map(|each| laws(each.kind())).collect();
            if !known.contains(&law.as_str()) {
                return Err(Error::input(format!("unknown law \"{law}\"")).nearest(law, known));
            }
        }
        Ok(chosen)
    }
}

/// That the table on a card can be built.
const EXAMPLE: &str = "the_example_can_be_built";
/// That parameters which the schema allows are built, or refused in good order.
const PARAMETERS: &str = "parameters_are_built_or_refused";
/// That objects can be thrown away.
const DESTROYED: &str = "objects_are_destroyed_in_order";

/// The names of all laws for a kind, in the order in which they are tried.
fn laws(kind: Kind) -> Vec<&'static str> {
    let own: Vec<&str> = match kind {
        Kind::Penalty => fenchel_laws::penalty::LAWS.iter().map(|law| law.name).collect(),
        Kind::Loss => fenchel_laws::loss::LAWS.iter().map(|law| law.name).collect(),
        Kind::Solver => Vec::new(),
    };
    [EXAMPLE, PARAMETERS].into_iter().chain(own).chain([DESTROYED]).collect()
}
