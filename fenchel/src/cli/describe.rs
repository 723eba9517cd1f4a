//! `fenchel describe NAME`: everything that is known of a type.

use std::fmt::Write as _;

use clap::Args;
use fenchel_core::{Card, Kind, Raw, ResponseKind};
use serde_json::{Map, Value, json};

use super::{Done, capabilities, output};
use crate::{Error, registry};

/// Formula, parameters, prox, convexity, what it combines with, and a ready example
#[derive(Debug, Args)]
pub(super) struct Describe {
    /// Name of a loss, a penalty or a solver; `loss:NAME` and the like where two share it
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Describe {
    pub(super) fn run(&self) -> Done {
        let found = find(&self.name)?;
        if self.json {
            let list: Vec<Value> = found.iter().map(|card| as_json(card)).collect();
            // One object for one type, which is nearly always so.
            let value = if let [only] = list.as_slice() { only.clone() } else { list.into() };
            let text = serde_json::to_string_pretty(&value).expect("texts and lists only");
            output::print(&format!("{text}\n"))?;
        } else {
            let pages: Vec<String> = found.iter().map(|card| as_text(card)).collect();
            output::print(&pages.join("\n"))?;
        }
        Ok(0)
    }
}

const KINDS: [Kind; 3] = [Kind::Loss, Kind::Penalty, Kind::Solver];

/// The cards with this name, perhaps of several kinds (`tsallis` is a loss and a penalty).
fn find(name: &str) -> Result<Vec<&'static Card>, Error> {
    let (wanted, name) = match name.split_once(':') {
        Some((kind, rest)) => (Some(kind), rest),
        None => (None, name),
    };
    let kinds = || KINDS.into_iter().filter(|k| wanted.is_none_or(|w| w == registry::word(*k)));
    let found: Vec<_> = kinds().filter_map(|kind| registry::card(kind, name)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<&str> = kinds().flat_map(registry::names).collect();
    Err(Error::input(format!("unknown name \"{name}\"")).nearest(name, known))
}

/// One parameter, from the JSON Schema of its type.
struct Parameter {
    name: String,
    kind: String,
    default: String,
    bounds: String,
    summary: String,
}

fn parameters(card: &Card) -> Vec<Parameter> {
    let schema = card.schema();
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, property)| Parameter {
            name: name.clone(),
            kind: type_words(property, definitions),
            default: match property.get("default") {
                _ if required.contains(&name.as_str()) => "required".into(),
                None | Some(Value::Null) => "none".into(),
                Some(Value::Number(number)) => {
                    number.as_f64().map_or(number.to_string(), |x| x.to_string())
                }
                Some(default) => default.to_string(),
            },
            bounds: bounds(property),
            summary: property
                .get("description")
                .and_then(Value::as_str)
                .map(|text| text.replace('\n', " "))
                .unwrap_or_default(),
        })
        .collect()
}

/// The type of a property in words.
fn type_words(property: &Value, definitions: Option<&Map<String, Value>>) -> String {
    if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        if name == "Raw" {
            return "a penalty".into();
        }
        return match definitions.and_then(|d| d.get(name)) {
            Some(target) => type_words(target, definitions),
            None => name.into(),
        };
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = property.get(key).and_then(Value::as_array) {
            return either(options.iter().map(|o| type_words(o, definitions)));
        }
    }
    if let Some(choices) = property.get("enum").and_then(Value::as_array) {
        return either(choices.iter().filter(|c| !c.is_null()).map(Value::to_string));
    }
    if let Some(choice) = property.get("const") {
        return choice.to_string();
    }
    let word = |name: &str| match name {
        "number" => "number".to_string(),
        "integer" => "whole number".into(),
        "string" => "text".into(),
        "boolean" => "true or false".into(),
        "null" => String::new(),
        "array" => match property.get("items") {
            Some(items) => format!("list of {}", type_words(items, definitions)),
            None => "list".into(),
        },
        "object" => match property.get("properties").and_then(Value::as_object) {
            Some(keys) => {
                format!("{{ {} }}", keys.keys().cloned().collect::<Vec<_>>().join(", "))
            }
            None => "table".into(),
        },
        other => other.into(),
    };
    match property.get("type") {
        Some(Value::String(name)) => word(name),
        Some(Value::Array(names)) => either(names.iter().filter_map(Value::as_str).map(word)),
        _ => "any".into(),
    }
}

fn either(options: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for option in options {
        if !option.is_empty() && !distinct.contains(&option) {
            distinct.push(option);
        }
    }
    distinct.join(" or ")
}

fn bounds(property: &Value) -> String {
    let number = |key: &str| property.get(key).and_then(Value::as_f64);
    let words = [
        ("minimum", "at least"),
        ("exclusiveMinimum", "greater than"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "less than"),
        ("minItems", "entries at least"),
    ];
    let parts: Vec<String> =
        words.iter().filter_map(|(key, word)| Some(format!("{word} {}", number(key)?))).collect();
    parts.join(", ")
}

/// What the card says of the prox, derivatives or iteration, without saying so twice.
fn method(card: &Card) -> &'static str {
    card.method.strip_prefix("prox: ").unwrap_or(card.method)
}

/// A whole problem file that uses the type.
fn problem(card: &Card) -> String {
    let table = format!("type = \"{}\"\n{}", card.name, card.example);
    let table = table.trim_end();
    let quadratic = "type = \"quadratic\"";
    let (loss, penalty, solver) = match card.kind {
        Kind::Loss => (table, "type = \"l1\"\nlambda = 0.1", ""),
        Kind::Penalty => (quadratic, table, ""),
        Kind::Solver => (quadratic, "type = \"l1\"\nlambda = 0.1", table),
    };
    let reads = match card.kind {
        Kind::Loss => registry::build_loss(&registry::example(card)).ok().map(|l| l.reads()),
        _ => None,
    };
    let response = match reads {
        Some(ResponseKind::Survival) => "response = { time = \"time\", event = \"event\" }\n",
        Some(ResponseKind::Nothing) => "",
        _ => "response = \"y\"\n",
    };
    let mut text = format!("[data]\nfile = \"data.csv\"\n{response}");
    for (section, body) in [("loss", loss), ("penalty", penalty), ("solver", solver)] {
        if !body.is_empty() {
            let _ = write!(text, "\n[{section}]\n{body}\n");
        }
    }
    text
}

fn method_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Penalty => "prox",
        Kind::Loss => "derivatives",
        Kind::Solver => "iteration",
    }
}

fn as_json(card: &Card) -> Value {
    let parameters: Vec<Value> = parameters(card)
        .into_iter()
        .map(|p| {
            json!({
                "name": p.name, "type": p.kind, "default": p.default, "bounds": p.bounds,
                "summary": p.summary,
            })
        })
        .collect();
    let Raw(example) = registry::example(card);
    json!({
        "kind": registry::word(card.kind),
        "name": card.name,
        "summary": card.summary,
        "formula": card.formula,
        "parameters": parameters,
        method_title(card.kind): method(card),
        "convexity": capabilities::convexity_of(card),
        "capabilities": capabilities::of(card),
        "combines": card.combines,
        "example": example,
        "problem": problem(card),
        "source": card.source,
        "schema": card.schema(),
    })
}

fn as_text(card: &Card) -> String {
    let mut text = format!("{} \"{}\": {}\n", registry::word(card.kind), card.name, card.summary);
    let mut section = |title: &str, body: &str| {
        if !body.trim().is_empty() {
            let _ = write!(text, "\n{title}\n");
            for line in body.trim_end().lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
    };
    section("Formula", card.formula);
    let rows: Vec<Vec<String>> = parameters(card)
        .into_iter()
        .map(|p| {
            let default =
                if p.default == "required" { p.default } else { format!("default {}", p.default) };
            let limits =
                if p.bounds.is_empty() { p.kind } else { format!("{}, {}", p.kind, p.bounds) };
            vec![p.name, limits, default, p.summary]
        })
        .collect();
    section("Parameters", if rows.is_empty() { "none" } else { "" });
    section("Parameters", &output::columns(&rows));
    let title = method_title(card.kind);
    section(&format!("{}{}", title[..1].to_uppercase(), &title[1..]), method(card));
    section("Convexity", capabilities::convexity_of(card).as_deref().unwrap_or(""));
    section("Capabilities", &capabilities::of(card).join(", "));
    section("Combines with", card.combines);
    section("Example", &problem(card));
    section("Source", card.source);
    text
}
