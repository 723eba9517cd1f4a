//! The registry's index cards. typetag can neither list its tags nor describe them, so every
//! registered type also submits a card; one macro writes both.

use schemars::Schema;

/// What the registry knows of a built-in type.
#[derive(Debug)]
pub struct Card {
    /// Penalty, loss or solver.
    pub kind: Kind,
    /// The `type` in problem files.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The formula, as plain text.
    pub formula: &'static str,
    /// For a penalty its prox, for a loss its gradient and curvature, for a solver its iteration.
    pub method: &'static str,
    /// What it combines with, and what it does not.
    pub combines: &'static str,
    /// The rest of a table after `type = "name"`, as TOML lines, ready to run.
    pub example: &'static str,
    /// Paper and equation.
    pub source: &'static str,
    /// JSON Schema of the parameters, without `type`.
    pub parameters: Parameters,
}

/// Where the JSON Schema of a type's parameters comes from.
#[derive(Debug, Clone, Copy)]
pub enum Parameters {
    /// The spec, by its derive.
    Derived(fn() -> Schema),
    /// A text, as a plugin brings it. Where it is no schema, nothing is known of the parameters.
    Text(&'static str),
}

impl Card {
    /// JSON Schema of the parameters, without `type`.
    pub fn schema(&self) -> Schema {
        match self.parameters {
            Parameters::Derived(schema) => schema(),
            Parameters::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }
}

/// What a card is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A penalty.
    Penalty,
    /// A loss.
    Loss,
    /// A solver.
    Solver,
}

inventory::collect!(Card);

/// All cards of one kind that are linked in, sorted by name.
pub fn cards(kind: Kind) -> Vec<&'static Card> {
    let mut cards: Vec<_> =
        inventory::iter::<Card>.into_iter().filter(|c| c.kind == kind).collect();
    cards.sort_by_key(|card| card.name);
    cards
}

/// Registers a penalty's spec under its `type`, with its card.
///
/// The spec implements [`BuildPenalty`](crate::BuildPenalty), `Debug`, `serde::Deserialize` with
/// `deny_unknown_fields`, and `schemars::JsonSchema`. The crate depends on `typetag`.
#[macro_export]
macro_rules! register_penalty {
    ($name:literal, $spec:ty, { $($field:ident : $value:expr),* $(,)? }) => {
        #[typetag::deserialize(name = $name)]
        impl $crate::PenaltySpec for $spec {
            fn build(
                &self,
                context: &$crate::Context<'_>,
            ) -> Result<Box<dyn $crate::Penalty>, $crate::Error> {
                $crate::BuildPenalty::build_penalty(self, context)
            }
        }
        $crate::inventory::submit! {
            $crate::Card {
                kind: $crate::Kind::Penalty,
                name: $name,
                parameters: $crate::Parameters::Derived(|| $crate::schemars::schema_for!($spec)),
                $($field: $value),*
            }
        }
    };
}

/// Registers a loss's spec under its `type`, with its card; see [`register_penalty!`].
#[macro_export]
macro_rules! register_loss {
    ($name:literal, $spec:ty, { $($field:ident : $value:expr),* $(,)? }) => {
        #[typetag::deserialize(name = $name)]
        impl $crate::LossSpec for $spec {
            fn build(&self) -> Result<Box<dyn $crate::Loss>, $crate::Error> {
                $crate::BuildLoss::build_loss(self)
            }
        }
        $crate::inventory::submit! {
            $crate::Card {
                kind: $crate::Kind::Loss,
                name: $name,
                parameters: $crate::Parameters::Derived(|| $crate::schemars::schema_for!($spec)),
                $($field: $value),*
            }
        }
    };
}

/// How a penalty's spec becomes the penalty.
pub trait BuildPenalty {
    /// Checks the parameters against the coefficients and builds the penalty.
    fn build_penalty(
        &self,
        context: &crate::Context<'_>,
    ) -> Result<Box<dyn crate::Penalty>, crate::Error>;
}

/// How a loss's spec becomes the loss.
pub trait BuildLoss {
    /// Checks the hyperparameters and builds the loss.
    fn build_loss(&self) -> Result<Box<dyn crate::Loss>, crate::Error>;
}
