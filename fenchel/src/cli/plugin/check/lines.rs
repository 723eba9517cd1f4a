//! What a checking process says, line by line.

use fenchel_core::Kind;
use fenchel_laws::Outcome;
use serde::{Deserialize, Serialize};

use crate::registry;

/// A library and its types.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Listed {
    pub name: String,
    pub version: String,
    pub sha256: String,
    pub path: String,
    pub types: Vec<TypeName>,
}

/// Which type of a library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TypeName {
    /// `penalty` or `loss`.
    pub word: String,
    pub name: String,
}

impl TypeName {
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { word: registry::word(kind).into(), name: name.into() }
    }

    pub fn kind(&self) -> Kind {
        if self.word == registry::word(Kind::Loss) { Kind::Loss } else { Kind::Penalty }
    }

    /// The name that no other type of the library has.
    pub fn full(&self) -> String {
        format!("{}:{}", self.word, self.name)
    }
}

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// What was loaded.
    Library(Listed),
    /// How many ways of setting the type up there are.
    Cases(usize),
    /// What is tried from here on.
    Begin(Tried),
    /// How that fared.
    Tried(Tried, Fared),
    /// A function of the plugin did not return in time.
    Stuck(String),
    /// Everything was tried.
    Done,
}

/// A law on one way of setting a type up.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Tried {
    pub law: String,
    /// From 1; 0 where it is about no particular one.
    pub case: usize,
    /// The case in words.
    pub configuration: String,
}

/// How a law fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fared {
    Held,
    NotApplicable,
    Violated(Counterexample),
}

/// Where a law does not hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counterexample {
    pub input: String,
    pub expected: String,
    pub got: String,
    /// What the library did wrong beside that: it returned NaN, failed, crashed.
    pub fault: Option<String>,
}

impl Fared {
    /// How a law fared while the library did something wrong, or not.
    pub fn new(outcome: Outcome, fault: Option<String>) -> Self {
        match (outcome, fault) {
            (Outcome::Violated(v), fault) => Self::Violated(Counterexample {
                input: v.input,
                expected: v.expected,
                got: v.got,
                fault,
            }),
            (_, Some(fault)) => Self::Violated(Counterexample::fault("some input", fault)),
            (Outcome::Held, None) => Self::Held,
            (Outcome::NotApplicable, None) => Self::NotApplicable,
        }
    }
}

impl Counterexample {
    /// What a library did wrong where no law was at stake.
    pub fn fault(input: &str, fault: String) -> Self {
        let (input, expected) = (input.into(), "no fault of the plugin".into());
        Self { input, expected, got: fault.clone(), fault: Some(fault) }
    }
}
