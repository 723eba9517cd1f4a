//! What is found of a type, for readers and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::lines::{Counterexample, Fared, Line, Listed, Tried, TypeName};
use super::{Check, EXAMPLE, laws};

/// How a type fared.
pub(super) struct TypeReport {
    name: TypeName,
    /// Ways of setting it up that were tried.
    cases: usize,
    laws: Vec<LawReport>,
}

/// How one law fared, over all cases.
struct LawReport {
    law: &'static str,
    /// Cases on which it was tried and is about something.
    cases: usize,
    /// None where it was not tried.
    fared: Option<Fared>,
    violation: Option<Found>,
}

/// A violation, and how to see it again.
struct Found {
    tried: Tried,
    counterexample: Counterexample,
    reproduce: String,
}

impl TypeReport {
    /// Puts together what a process said of a type.
    pub fn new(name: &TypeName, lines: Vec<Line>, check: &Check, listed: &Listed) -> Self {
        let wanted = |law: &&str| check.law.as_ref().is_none_or(|only| only == law);
        let unseen = |law| LawReport { law, cases: 0, fared: None, violation: None };
        let mut laws: Vec<LawReport> =
            laws(name.kind()).into_iter().filter(wanted).map(unseen).collect();
        let mut cases = 0;
        let mut last = Tried { law: EXAMPLE.into(), ..Tried::default() };
        for line in lines {
            match line {
                Line::Cases(number) => cases = number,
                Line::Begin(tried) => last = tried,
                Line::Tried(tried, fared) => add(&mut laws, name, tried, fared, check, listed),
                Line::Stuck(how) => {
                    let found = Counterexample::fault("some input", how);
                    // With one law wanted, what is not said of others happened on the way to it.
                    if let (Some(law), false) =
                        (&check.law, laws.iter().any(|law| law.law == last.law))
                    {
                        last.law.clone_from(law);
                    }
                    let fared = Fared::Violated(found);
                    add(&mut laws, name, last.clone(), fared, check, listed);
                }
                Line::Library(_) | Line::Done => {}
            }
        }
        Self { name: name.clone(), cases, laws }
    }

    /// Whether every law was tried, and none is violated.
    pub fn holds(&self) -> bool {
        self.laws.iter().all(|law| law.violation.is_none() && law.fared.is_some())
    }

    /// A head, and a line a law with what there is to say of it.
    pub fn text(&self) -> String {
        let s = if self.cases == 1 { "" } else { "s" };
        let mut text =
            format!("{} \"{}\", set up in {} way{s}\n", self.name.word, self.name.name, self.cases);
        for law in &self.laws {
            let _ = write!(text, "{:<16}{}", law.word(), law.law);
            let Some(Found { tried, counterexample, reproduce }) = &law.violation else {
                text.push('\n');
                continue;
            };
            let Counterexample { input, expected, got, fault } = counterexample;
            let _ = writeln!(text, ": at {input}: expected {expected}, got {got}");
            if let Some(fault) = fault.as_ref().filter(|fault| *fault != got) {
                let _ = writeln!(text, "{:16}fault: {fault}", "");
            }
            if !tried.configuration.is_empty() {
                let _ = writeln!(text, "{:16}with:  {}", "", tried.configuration);
            }
            let _ = writeln!(text, "{:16}again: {reproduce}", "");
        }
        text
    }

    fn json(&self) -> Value {
        let example = self.laws.iter().all(|law| law.law != EXAMPLE || law.violation.is_none());
        let laws: Vec<Value> = self.laws.iter().map(LawReport::json).collect();
        json!({
            "kind": self.name.word, "name": self.name.name, "example": example,
            "cases": self.cases, "holds": self.holds(), "laws": laws,
        })
    }

    fn fault(&self) -> Option<&String> {
        self.laws.iter().find_map(|law| law.violation.as_ref()?.counterexample.fault.as_ref())
    }
}

/// All of it as JSON.
pub(super) fn as_json(listed: &Listed, reports: &[TypeReport]) -> String {
    let types: Vec<Value> = reports.iter().map(TypeReport::json).collect();
    let whole = json!({
        "holds": reports.iter().all(TypeReport::holds),
        "library": {
            "name": listed.name, "version": listed.version, "sha256": listed.sha256,
            "path": listed.path,
        },
        "fault": reports.iter().find_map(TypeReport::fault),
        "types": types,
    });
    format!("{}\n", serde_json::to_string_pretty(&whole).expect("texts and lists only"))
}

impl LawReport {
    fn word(&self) -> &'static str {
        match (&self.violation, &self.fared) {
            (Some(_), _) => "violated",
            (None, Some(Fared::Held)) => "held",
            (None, Some(_)) => "not applicable",
            (None, None) => "not tried",
        }
    }

    fn json(&self) -> Value {
        let mut value = json!({ "law": self.law, "outcome": self.word(), "cases": self.cases });
        if let Some(Found { tried, counterexample, reproduce }) = &self.violation {
            value["case"] = if tried.case > 0 { tried.case.into() } else { Value::Null };
            value["configuration"] = tried.configuration.clone().into();
            value["input"] = counterexample.input.clone().into();
            value["expected"] = counterexample.expected.clone().into();
            value["got"] = counterexample.got.clone().into();
            value["fault"] = json!(counterexample.fault);
            value["reproduce"] = reproduce.clone().into();
        }
        value
    }
}

/// Counts what was tried in; the first violation of a law is the one that is told.
fn add(
    laws: &mut [LawReport],
    name: &TypeName,
    tried: Tried,
    fared: Fared,
    check: &Check,
    listed: &Listed,
) {
    let Some(law) = laws.iter_mut().find(|law| law.law == tried.law) else { return };
    law.cases += usize::from(fared != Fared::NotApplicable);
    match fared {
        Fared::Violated(counterexample) if law.violation.is_none() => {
            let reproduce = reproduce(check, listed, name, &tried);
            law.violation = Some(Found { tried, counterexample, reproduce });
        }
        Fared::Held => law.fared = Some(Fared::Held),
        // A law may be about some ways of setting a type up, and not about others.
        other => _ = law.fared.get_or_insert(other),
    }
}

/// The command that tries this law on this case and nothing else.
fn reproduce(check: &Check, listed: &Listed, name: &TypeName, tried: &Tried) -> String {
    let alone = listed.types.iter().filter(|other| other.name == name.name).count() == 1;
    let of_type = if alone { name.name.clone() } else { name.full() };
    let library = quoted(&check.library.display().to_string());
    let mut command =
        format!("fenchel plugin check {library} --type {of_type} --law {}", tried.law);
    if tried.case > 0 {
        let _ = write!(command, " --case {}", tried.case);
    }
    command
}

/// As a shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
