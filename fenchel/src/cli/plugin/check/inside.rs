//! Trying the laws, in the process that the library is loaded into.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use fenchel_core::{Card, Error as Core, Kind, Loss, Penalty, Space};
use fenchel_laws::{Case, Outcome, Violation};
use fenchel_plugin_host::{Fault, watch};

use super::super::opened;
use super::lines::{Counterexample, Fared, Line, Listed, Tried, TypeName};
use super::{Check, DESTROYED, EXAMPLE, PARAMETERS};
use crate::cli::Done;
use crate::{Error, plugins, registry};

/// Loads the library and says what is in it.
pub(super) fn list(library: &Path) -> Result<Listed, Error> {
    let (info, cards) = opened(library)?;
    Ok(Listed {
        name: info.name.clone(),
        version: info.version.clone(),
        sha256: info.sha256.clone(),
        path: info.path.display().to_string(),
        types: cards.iter().map(|card| TypeName::new(card.kind, card.name)).collect(),
    })
}

/// Everything that is to be said of a type of a library that is loaded.
pub(super) fn lines(check: &Check, each: &TypeName) -> Vec<Line> {
    let mut lines = Vec::new();
    try_type(check, each, &mut |line| lines.push(line));
    lines
}

/// The process of one type, or, where none is named, the one that lists them.
pub(super) fn child(check: &Check, report: &Path) -> Done {
    let cannot = |e: std::io::Error| Error::input(format!("{}: {e}", report.display()));
    let open = || OpenOptions::new().append(true).create(true).open(report);
    let (mut file, mut of_watch) = (open().map_err(cannot)?, open().map_err(cannot)?);
    let mut say = |line: Line| write(&mut file, &line);
    let deadline = Instant::now() + check.time_limit;
    // Whoever reads this ends the process: an exit from here would wait for the loader's lock, which
    // a library that does not come back from being loaded holds.
    let _watch = watch(deadline, move |fault: Fault| {
        write(&mut of_watch, &Line::Stuck(fault.to_string()));
    })
    .map_err(|e| Error::input(format!("no thread can be started: {e}")))?;
    let listed = list(&check.library)?;
    let chosen =
        listed.types.iter().find(|each| check.only.as_ref() == Some(&each.full())).cloned();
    say(Line::Library(listed));
    if let Some(each) = chosen {
        try_type(check, &each, &mut say);
    }
    say(Line::Done);
    Ok(0)
}

/// A line that cannot be written is missed by the reader, who takes this process for ended then.
fn write(file: &mut impl Write, line: &Line) {
    let mut text = serde_json::to_string(line).expect("texts and numbers only");
    text.push('\n');
    let _ = file.write_all(text.as_bytes());
}

/// A loss, or a penalty with its coefficients.
enum Built {
    Penalty(Box<dyn Penalty>, Space),
    Loss(Box<dyn Loss>),
}

fn build(card: &Card, case: &Case) -> Result<Built, Core> {
    match (card.kind, case.shape) {
        (Kind::Penalty, Some((features, outputs))) => {
            let space = Space::numbered(features, outputs);
            let penalty = registry::build_penalty(&case.parameters, &space, Path::new("."))?;
            let scaled = case.scale.map(|scale| penalty.scaled(scale));
            Ok(Built::Penalty(scaled.unwrap_or(penalty), space))
        }
        _ => Ok(Built::Loss(registry::build_loss(&case.parameters)?)),
    }
}

/// What the library did wrong since this was asked last.
fn fault() -> Option<String> {
    plugins::faults().take().map(|fault| fault.to_string())
}

/// Every law on every way of setting the type up; a law that was violated is not tried again.
fn try_type(check: &Check, each: &TypeName, say: &mut dyn FnMut(Line)) {
    let Some(card) = registry::card(each.kind(), &each.name) else { return };
    let mut say = |line: Line| match &line {
        Line::Begin(tried) | Line::Tried(tried, _)
            if check.law.as_ref().is_some_and(|law| *law != tried.law) => {}
        _ => say(line),
    };
    let cases = cases(card, &mut say);
    say(Line::Cases(cases.len()));
    let mut violated: Vec<&str> = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        let number = i + 1;
        if check.case.is_some_and(|only| only != number) {
            continue;
        }
        let tried =
            |law: &str| Tried { law: law.into(), case: number, configuration: case.to_string() };
        let wanted = |law: &str| check.law.as_ref().is_none_or(|only| only == law);
        let built = match (build(card, case), fault()) {
            (Ok(built), None) => built,
            (_, None) => continue,
            (_, Some(wrong)) => {
                let found = Counterexample::fault(&case.to_string(), wrong);
                say(Line::Tried(tried(PARAMETERS), Fared::Violated(found)));
                continue;
            }
        };
        let mut one = |law: &'static str, outcome: &dyn Fn() -> Outcome| {
            if violated.contains(&law) || !wanted(law) {
                return;
            }
            say(Line::Begin(tried(law)));
            let outcome = outcome();
            let fared = Fared::new(outcome, fault());
            if matches!(fared, Fared::Violated(_)) {
                violated.push(law);
            }
            say(Line::Tried(tried(law), fared));
        };
        match &built {
            Built::Penalty(penalty, space) => {
                for law in fenchel_laws::penalty::LAWS {
                    one(law.name, &|| law.outcome(&**penalty, space));
                }
            }
            Built::Loss(loss) => {
                for law in fenchel_laws::loss::LAWS {
                    one(law.name, &|| law.outcome(&**loss));
                }
            }
        }
        let built = std::cell::Cell::new(Some(built));
        one(DESTROYED, &|| {
            drop(built.take());
            Outcome::Held
        });
        drop(built);
        let _ = fault(); // told once, or not asked for
    }
}

/// The ways of setting a type up, and what came of building them.
fn cases(card: &Card, say: &mut dyn FnMut(Line)) -> Vec<Case> {
    let begin = |law: &str, case: &dyn std::fmt::Display| Tried {
        law: law.into(),
        case: 0,
        configuration: case.to_string(),
    };
    let example = match registry::read_example(card) {
        Ok(example) => example,
        Err(reason) => {
            let expected = "TOML, as in `lambda = 0.1`".to_string();
            let found = Violation::new(EXAMPLE, format!("{:?}", card.example), expected, reason);
            let tried = begin(EXAMPLE, &"the example of the card");
            say(Line::Tried(tried, Fared::new(Outcome::Violated(found), None)));
            return Vec::new();
        }
    };
    let mut wrong: Option<(String, String)> = None;
    let mut refusal = String::new();
    let cases = fenchel_laws::cases(card, &example, &mut |case| {
        say(Line::Begin(begin(PARAMETERS, case)));
        let built = build(card, case);
        match (built, fault()) {
            (_, Some(fault)) => {
                wrong.get_or_insert((case.to_string(), fault));
                false
            }
            (Err(error), None) => {
                if refusal.is_empty() {
                    refusal = error.to_string();
                }
                false
            }
            (Ok(built), None) => {
                drop(built);
                // The same fault is found where objects are destroyed on purpose.
                let _ = fault();
                true
            }
        }
    });
    let tried = begin(EXAMPLE, &"the example of the card");
    let fared = match (cases.is_empty(), &wrong) {
        (false, _) => Fared::Held,
        (true, Some((case, fault))) => Fared::Violated(Counterexample::fault(case, fault.clone())),
        (true, None) => {
            let expected = "coefficients or responses that it can be built for";
            let found = Violation::new(EXAMPLE, card.example.trim(), expected, refusal);
            Fared::new(Outcome::Violated(found), None)
        }
    };
    say(Line::Tried(tried, fared));
    let fared = match wrong {
        None => Fared::Held,
        Some((case, fault)) => Fared::Violated(Counterexample::fault(&case, fault)),
    };
    say(Line::Tried(begin(PARAMETERS, &""), fared));
    cases
}
