//! `fenchel describe NAME`: everything that is known of a type.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use fenchel_core::{Card, Kind, Raw, ResponseKind};
use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Entry};
use super::{Done, capabilities, output};
use crate::plugins::{self, Source};
use crate::{Error, registry};

/// Formula, parameters, prox, convexity, what it combines with, and a ready example
#[derive(Debug, Args)]
pub(super) struct Describe {
    /// Name of a loss, a penalty or a solver; `loss:NAME` and the like where two share it
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Load this library, which has to be trusted, and describe its types as it has them now
    #[arg(long = "plugin", value_name = "LIBRARY")]
    plugins: Vec<PathBuf>,
}

impl Describe {
    pub(super) fn run(&self) -> Done {
        let found = find(&self.name, &Catalogue::open(&self.plugins)?)?;
        let text = if self.json {
            let list: Vec<Value> = found.iter().map(as_json).collect();
            // One object for one type, which is nearly always so.
            let value = if let [only] = list.as_slice() { only.clone() } else { list.into() };
            format!("{}\n", serde_json::to_string_pretty(&value).expect("texts and lists only"))
        } else {
            found.iter().map(as_text).collect::<Vec<_>>().join("\n")
        };
        // Types that were loaded were asked what they can do.
        plugins::kept()?;
        output::print(&text)?;
        Ok(0)
    }
}

const KINDS: [Kind; 3] = [Kind::Loss, Kind::Penalty, Kind::Solver];

/// The types with this name, perhaps of several kinds (`tsallis` is a loss and a penalty) or of
/// several libraries.
fn find(name: &str, catalogue: &Catalogue) -> Result<Vec<Entry>, Error> {
    let (wanted, name) = match name.split_once(':') {
        Some((kind, rest)) => (Some(kind), rest),
        None => (None, name),
    };
    let kinds = KINDS.into_iter().filter(|k| wanted.is_none_or(|w| w == registry::word(*k)));
    let all: Vec<Entry> = kinds.flat_map(|kind| catalogue.entries(kind)).collect();
    let (found, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|e| e.card.name == name);
    if found.is_empty() {
        let known = others.iter().map(|entry| entry.card.name);
        return Err(Error::input(format!("unknown name \"{name}\"")).nearest(name, known));
    }
    Ok(found)
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
fn problem(entry: &Entry) -> String {
    let card = entry.card;
    let table = format!("type = \"{}\"\n{}", card.name, card.example);
    let table = table.trim_end();
    let quadratic = "type = \"quadratic\"";
    // A solver of few losses is shown with one of them.
    let taken = capabilities::loss_for(card).filter(|loss| loss.name != "quadratic");
    let taken = taken.map(|loss| format!("type = \"{}\"\n{}", loss.name, loss.example));
    let (loss, penalty, solver) = match card.kind {
        Kind::Loss => (table, "type = \"l1\"\nlambda = 0.1", ""),
        Kind::Penalty => (quadratic, table, ""),
        Kind::Solver => {
            (taken.as_deref().unwrap_or(quadratic), "type = \"l1\"\nlambda = 0.1", table)
        }
    };
    let capabilities = entry.capabilities();
    let reads = |kind| capabilities.iter().any(|word| word == capabilities::reads(kind));
    let graph = reads(ResponseKind::Nothing) || taken.is_some();
    let response = match () {
        () if reads(ResponseKind::Survival) => {
            "response = { time = \"time\", event = \"event\" }\n"
        }
        () if graph => "",
        () => "response = \"y\"\n",
    };
    let load = entry.source.as_ref().map_or_else(String::new, |source| {
        format!("load = [{}]", Value::from(source.path.to_string_lossy()))
    });
    let mut text = format!("[data]\nfile = \"data.csv\"\n{response}");
    // A graph is learnt from columns as they are.
    let model = if graph { "standardize = false" } else { "" };
    let sections = [
        ("model", model),
        ("loss", loss),
        ("penalty", penalty),
        ("solver", solver),
        ("plugins", &load),
    ];
    for (section, body) in sections {
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

fn as_json(entry: &Entry) -> Value {
    let card = entry.card;
    let parameters: Vec<Value> = parameters(card)
        .into_iter()
        .map(|p| {
            json!({
                "name": p.name, "type": p.kind, "default": p.default, "bounds": p.bounds,
                "summary": p.summary,
            })
        })
        .collect();
    // Nobody has tested that the example of a library is TOML.
    let example = registry::read_example(card).ok().map(|Raw(table)| table);
    json!({
        "kind": registry::word(card.kind),
        "name": card.name,
        "summary": card.summary,
        "formula": card.formula,
        "parameters": parameters,
        method_title(card.kind): method(card),
        "convexity": entry.convexity(),
        "capabilities": entry.capabilities(),
        "combines": card.combines,
        "example": example,
        "problem": problem(entry),
        "source": card.source,
        "plugin": entry.source.as_ref().map(Source::json),
        "schema": card.schema(),
    })
}

fn as_text(entry: &Entry) -> String {
    let card = entry.card;
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
    section("Convexity", entry.convexity().as_deref().unwrap_or(""));
    section("Capabilities", &entry.capabilities().join(", "));
    section("Combines with", card.combines);
    section("Example", &problem(entry));
    section("Source", card.source);
    if let Some(source) = &entry.source {
        section("Plugin", &format!("{}\n{}", source.short(), source.path.display()));
    }
    text
}
