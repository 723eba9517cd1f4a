//! What a run of the laws found.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A counterexample to a law, as text that a reader can act on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{law}: at {input}: expected {expected}, got {got}")]
pub struct Violation {
    /// The law's name.
    pub law: &'static str,
    /// Where it fails.
    pub input: String,
    /// What the law asks for.
    pub expected: String,
    /// What was there.
    pub got: String,
}

impl Violation {
    /// A counterexample.
    pub fn new(
        law: &'static str,
        input: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self { law, input: input.into(), expected: expected.into(), got: got.into() }
    }
}

/// How one law fared.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// No counterexample was found.
    Held,
    /// One was found.
    Violated(Violation),
    /// The implementation does not offer what the law is about.
    NotApplicable,
}

impl Outcome {
    /// How a law fared; a panic in it is a violation too.
    pub(crate) fn of(
        law: &'static str,
        check: impl FnOnce() -> Option<Result<(), Violation>>,
    ) -> Self {
        match catch_unwind(AssertUnwindSafe(check)) {
            Ok(None) => Self::NotApplicable,
            Ok(Some(Ok(()))) => Self::Held,
            Ok(Some(Err(violation))) => Self::Violated(violation),
            Err(panic) => {
                Self::Violated(Violation::new(law, "some input", "no panic", said(&*panic)))
            }
        }
    }
}

/// The message of a panic.
pub(crate) fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// How all laws fared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Name and outcome of each law, in the order in which they were tried.
    pub outcomes: Vec<(&'static str, Outcome)>,
}

impl Report {
    /// The laws that were violated.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.outcomes.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Violated(violation) => Some(violation),
            _ => None,
        })
    }

    /// Whether no law was violated.
    pub fn holds(&self) -> bool {
        self.violations().next().is_none()
    }

    /// The outcome of the law with this name.
    pub fn outcome(&self, law: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|(name, _)| *name == law).map(|(_, outcome)| outcome)
    }
}

impl fmt::Display for Report {
    /// One line a law.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in &self.outcomes {
            match outcome {
                Outcome::Held => writeln!(f, "held            {name}")?,
                Outcome::NotApplicable => writeln!(f, "not applicable  {name}")?,
                Outcome::Violated(violation) => writeln!(f, "violated        {violation}")?,
            }
        }
        Ok(())
    }
}
