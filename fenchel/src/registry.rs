//! From the `type` of a table to the loss or the penalty. The one gate through which every name
//! passes, nested ones too: composites keep their children raw and come back here.
//!
//! Built-in types come from typetag, and from the cards beside it, as typetag cannot list its tags.
//! Types of libraries are known from when the library is registered, and are looked up first: none
//! of them can have the name of a built-in one.

mod loaded;

use std::path::Path;

use fenchel_core::{
    Card, Context, Error, Kind, Loss, LossSpec, Penalty, PenaltySpec, Raw, Resolve, Space, cards,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::data;

pub use loaded::{Taken, library, origin, register};

/// Penalties inside penalties, at most.
pub const MOST_NESTED: usize = 32;

/// Builds the loss that a table names.
///
/// Errors: no `type`, an unknown one, and whatever is wrong with its parameters.
pub fn build_loss(raw: &Raw) -> Result<Box<dyn Loss>, Error> {
    if let Some(plugin) = loaded::find(Kind::Loss, tag(Kind::Loss, raw)?) {
        return plugin.build_loss(raw);
    }
    spec::<Box<dyn LossSpec>>(Kind::Loss, raw)?.build()
}

/// Builds the penalty that a table names, on the coefficients of `space`; files that it names are
/// relative to `base`.
///
/// Errors: no `type`, an unknown one, and whatever is wrong with its parameters or with those of a
/// penalty inside it, under that one's path.
pub fn build_penalty(raw: &Raw, space: &Space, base: &Path) -> Result<Box<dyn Penalty>, Error> {
    Resolver { base, depth: 0 }.penalty(raw, space)
}

/// The names of every loss, penalty or solver, built in or loaded, sorted.
pub fn names(kind: Kind) -> Vec<&'static str> {
    let mut names: Vec<_> = match kind {
        Kind::Solver => fenchel_solvers::methods().iter().map(|m| m.name()).collect(),
        Kind::Loss | Kind::Penalty => {
            cards(kind).into_iter().chain(loaded::cards(kind)).map(|card| card.name).collect()
        }
    };
    names.sort_unstable();
    names
}

/// The card of a type, built in or loaded.
pub fn card(kind: Kind, name: &str) -> Option<&'static Card> {
    built_in(kind, name).or_else(|| Some(loaded::find(kind, name)?.card))
}

/// The card of a built-in type.
pub fn built_in(kind: Kind, name: &str) -> Option<&'static Card> {
    cards(kind).into_iter().find(|card| card.name == name)
}

/// A card's example as a table, `type` included.
///
/// # Panics
/// Where the example is not TOML, which a test rules out for every linked card.
pub fn example(card: &Card) -> Raw {
    read_example(card).unwrap_or_else(|e| panic!("the example of \"{}\": {e}", card.name))
}

/// A card's example as a table, `type` included; for cards of libraries, which nobody has tested.
///
/// Errors: where it is not TOML, in the parser's words.
pub fn read_example(card: &Card) -> Result<Raw, String> {
    let text = format!("type = \"{}\"\n{}", card.name, card.example);
    match toml::from_str::<Value>(&text) {
        Ok(Value::Object(table)) => Ok(Raw(table)),
        Ok(_) => Err("not a table".into()),
        Err(error) => Err(error.message().into()),
    }
}

/// What a kind is called in messages.
pub fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Penalty => "penalty",
        Kind::Loss => "loss",
        Kind::Solver => "solver",
    }
}

/// That there is no such name of this kind, with the names that there are.
pub fn unknown(kind: Kind, name: &str) -> Error {
    let known = names(kind).into_iter().map(String::from).collect();
    Error::Unknown { kind: word(kind), name: name.into(), known }
}

/// Services for a spec while it is built, at some depth of nesting.
struct Resolver<'a> {
    base: &'a Path,
    depth: usize,
}

impl Resolve for Resolver<'_> {
    fn penalty(&self, raw: &Raw, space: &Space) -> Result<Box<dyn Penalty>, Error> {
        if self.depth > MOST_NESTED {
            return Err(Error::Unsupported(format!(
                "penalties are nested more than {MOST_NESTED} deep"
            )));
        }
        let inner = Resolver { base: self.base, depth: self.depth + 1 };
        let context = Context { space, resolve: &inner };
        match loaded::find(Kind::Penalty, tag(Kind::Penalty, raw)?) {
            Some(plugin) => plugin.build_penalty(raw, &context),
            None => spec::<Box<dyn PenaltySpec>>(Kind::Penalty, raw)?.build(&context),
        }
    }

    fn table_column(&self, file: &str, column: &str) -> Result<Vec<String>, Error> {
        let (table, _) = data::read_table(&self.base.join(file)).map_err(in_file)?;
        table.column_text(column).map_err(in_file)
    }

    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        data::read_matrix(&self.base.join(file)).map_err(in_file)
    }
}

fn in_file(error: data::DataError) -> Error {
    Error::Data(error.to_string())
}

/// The `type` of a table.
fn tag(kind: Kind, raw: &Raw) -> Result<&str, Error> {
    match raw.0.get("type") {
        Some(Value::String(name)) => Ok(name),
        Some(other) => Err(Error::parameter("type", "a text", other)),
        None => {
            let message = format!("missing field `type`: the name of a {}", word(kind));
            Err(Error::Spec { message })
        }
    }
}

/// Reads a table as the built-in spec that its `type` names.
fn spec<S: DeserializeOwned>(kind: Kind, raw: &Raw) -> Result<S, Error> {
    let name = tag(kind, raw)?;
    if built_in(kind, name).is_none() {
        return Err(unknown(kind, name));
    }
    serde_path_to_error::deserialize(Value::Object(tag_first(&raw.0))).map_err(|error| {
        let path = crate::file::KeyPath::from(error.path()).to_string();
        let error = Error::Spec { message: error.into_inner().to_string() };
        if path.is_empty() { error } else { error.at(path) }
    })
}

/// The table with `type` in front: a table whose tag comes later is buffered by serde, and loses
/// the path of what goes wrong inside it.
fn tag_first(table: &Map<String, Value>) -> Map<String, Value> {
    let (tag, rest): (Vec<_>, Vec<_>) = table.iter().partition(|(key, _)| *key == "type");
    tag.into_iter().chain(rest).map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn raw(value: Value) -> Raw {
        match value {
            Value::Object(table) => Raw(table),
            other => panic!("not a table: {other}"),
        }
    }

    fn penalty(value: Value) -> Result<Box<dyn Penalty>, Error> {
        build_penalty(&raw(value), &Space::numbered(4, 1), Path::new("."))
    }

    #[test]
    fn no_two_types_share_a_name() {
        for kind in [Kind::Loss, Kind::Penalty, Kind::Solver] {
            let names = names(kind);
            let distinct: BTreeSet<_> = names.iter().collect();
            assert_eq!(names.len(), distinct.len(), "{names:?}");
        }
    }

    #[test]
    fn every_card_has_a_spec_under_its_name() {
        for card in cards(Kind::Penalty) {
            let table = example(card);
            assert!(spec::<Box<dyn PenaltySpec>>(Kind::Penalty, &table).is_ok(), "{}", card.name);
        }
        for card in cards(Kind::Loss) {
            let table = example(card);
            assert!(build_loss(&table).is_ok(), "{}", card.name);
        }
    }

    #[test]
    fn an_unknown_name_is_met_with_the_nearest() {
        let error = penalty(serde_json::json!({ "type": "fussed" })).unwrap_err();
        assert_eq!(error.to_string(), "unknown penalty \"fussed\": did you mean \"fused\"?");
        let error = build_loss(&raw(serde_json::json!({ "type": "quadratik" }))).unwrap_err();
        assert_eq!(error.to_string(), "unknown loss \"quadratik\": did you mean \"quadratic\"?");
    }

    #[test]
    fn errors_of_parameters_carry_their_path_wherever_the_tag_stands() {
        let table = serde_json::json!({ "weights": [1.0, "x", 1.0, 1.0], "type": "l1" });
        match penalty(table).unwrap_err() {
            Error::At { path, .. } => assert_eq!(path, "weights[1]"),
            other => panic!("no path: {other:?}"),
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let mut table = serde_json::json!({ "type": "l1" });
        for _ in 0..=MOST_NESTED {
            table = serde_json::json!({ "type": "sum", "terms": [table] });
        }
        assert!(penalty(table).unwrap_err().to_string().contains("nested more than 32 deep"));
    }
}
