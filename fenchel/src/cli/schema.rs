//! `fenchel schema`: the JSON Schema of problem files.

use std::path::PathBuf;

use clap::Args;
use fenchel_core::Kind;
use schemars::{JsonSchema, Schema, schema_for};
use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Entry};
use super::{Done, output};
use crate::data::DataConfig;
use crate::file::{
    CvConfig, ModelConfig, PathConfig, PluginsConfig, SECTIONS, ScreenConfig, SolverConfig,
};
use crate::registry;

/// JSON Schema of problem files, for editors that complete and check them; types of trusted
/// libraries are in it
#[derive(Debug, Args)]
pub(super) struct SchemaCommand {
    /// Load this library, which has to be trusted, and take the schemas that it has now
    #[arg(long = "plugin", value_name = "LIBRARY")]
    plugins: Vec<PathBuf>,
}

impl SchemaCommand {
    pub(super) fn run(&self) -> Done {
        let schema = problem_schema(&Catalogue::open(&self.plugins)?);
        let text = serde_json::to_string_pretty(&schema).expect("texts and lists only");
        output::print(&format!("{text}\n"))?;
        Ok(0)
    }
}

/// The schema of a whole problem file.
fn problem_schema(catalogue: &Catalogue) -> Value {
    let mut definitions = Definitions::default();
    definitions.section::<DataConfig>("data");
    definitions.section::<ScreenConfig>("screen");
    definitions.section::<ModelConfig>("model");
    definitions.section::<SolverConfig>("solver");
    definitions.section::<PathConfig>("path");
    definitions.section::<CvConfig>("cv");
    definitions.section::<PluginsConfig>("plugins");
    definitions.types(Kind::Loss, catalogue);
    definitions.types(Kind::Penalty, catalogue);

    let mut solvers = vec!["auto"];
    solvers.extend(registry::names(Kind::Solver));
    if let Some(name) =
        definitions.0.get_mut("solver").and_then(|s| s.pointer_mut("/properties/type"))
    {
        name["enum"] = json!(solvers);
    }
    let properties: Map<String, Value> = SECTIONS
        .iter()
        .map(|section| ((*section).to_string(), json!({ "$ref": format!("#/$defs/{section}") })))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fenchel problem file",
        "type": "object",
        "properties": properties,
        "required": ["data", "loss"],
        "additionalProperties": false,
        "$defs": definitions.0,
    })
}

/// `$defs` under construction.
#[derive(Default)]
struct Definitions(Map<String, Value>);

impl Definitions {
    fn section<T: JsonSchema>(&mut self, name: &str) {
        self.add(name, schema_for!(T), false);
    }

    /// Adds every type of a kind, and one definition that is any of them. Types of one name, from
    /// different libraries, are one option: which of them is meant is known to the problem file.
    fn types(&mut self, kind: Kind, catalogue: &Catalogue) {
        let word = registry::word(kind);
        let entries = catalogue.entries(kind);
        let mut any = Vec::new();
        for same in entries.chunk_by(|a, b| a.card.name == b.card.name) {
            let name = format!("{word}.{}", same[0].card.name);
            if let [only] = same {
                self.one(&name, only);
            } else {
                let mut options = Vec::new();
                for (i, entry) in same.iter().enumerate() {
                    let name = format!("{name}.{}", i + 1);
                    self.one(&name, entry);
                    options.push(json!({ "$ref": format!("#/$defs/{name}") }));
                }
                self.0.insert(name.clone(), json!({ "anyOf": options }));
            }
            any.push(json!({ "$ref": format!("#/$defs/{name}") }));
        }
        self.0.insert(word.into(), json!({ "oneOf": any }));
    }

    /// Adds the schema of a table with this `type`.
    fn one(&mut self, name: &str, entry: &Entry) {
        let card = entry.card;
        self.add(name, card.schema(), entry.source.is_some());
        let Some(Value::Object(schema)) = self.0.get_mut(name) else { return };
        schema.insert("title".into(), json!(card.name));
        schema.insert("description".into(), json!(card.summary));
        if let Some(source) = &entry.source {
            schema.insert("$comment".into(), json!(format!("from {}", source.short())));
        }
        schema.insert("type".into(), json!("object"));
        schema.insert("additionalProperties".into(), json!(false));
        let mut properties = Map::from_iter([("type".into(), json!({ "const": card.name }))]);
        if let Some(Value::Object(own)) = schema.get("properties") {
            properties.extend(own.clone());
        }
        schema.insert("properties".into(), properties.into());
        let mut required = vec![json!("type")];
        if let Some(Value::Array(own)) = schema.get("required") {
            required.extend(own.iter().cloned());
        }
        schema.insert("required".into(), required.into());
    }

    /// Adds a schema under a name, and what it defines beside it. A nested table with a `type` is
    /// a penalty. Two different definitions of one name are kept apart, and those of a `foreign`
    /// schema from all others.
    fn add(&mut self, name: &str, schema: Schema, foreign: bool) {
        let mut schema = Value::from(schema);
        if !schema.is_object() {
            schema = json!({}); // `true`, as a trust file may say: nothing is known
        }
        let own = schema
            .as_object_mut()
            .and_then(|s| {
                s.shift_remove("$schema");
                s.shift_remove("$defs")
            })
            .and_then(|d| if let Value::Object(d) = d { Some(d) } else { None })
            .unwrap_or_default();
        let mut renamed = vec![("Raw".to_string(), "penalty".to_string())];
        for (key, definition) in &own {
            let taken = self.0.get(key).is_some_and(|known| known != definition);
            if key != "Raw" && (foreign || taken) {
                renamed.push((key.clone(), format!("{name}.{key}")));
            }
        }
        rename(&mut schema, &renamed);
        for (key, mut definition) in own {
            if key == "Raw" {
                continue;
            }
            rename(&mut definition, &renamed);
            let key =
                renamed.iter().find(|(from, _)| *from == key).map_or(key.clone(), |r| r.1.clone());
            self.0.insert(key, definition);
        }
        self.0.insert(name.into(), schema);
    }
}

/// Rewrites references to renamed definitions.
fn rename(schema: &mut Value, renamed: &[(String, String)]) {
    match schema {
        Value::Object(table) => {
            if let Some(Value::String(reference)) = table.get_mut("$ref") {
                for (from, to) in renamed {
                    if *reference == format!("#/$defs/{from}") {
                        *reference = format!("#/$defs/{to}");
                        break;
                    }
                }
            }
            table.values_mut().for_each(|v| rename(v, renamed));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| rename(v, renamed)),
        _ => {}
    }
}
