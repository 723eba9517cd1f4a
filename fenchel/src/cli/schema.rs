//! `fenchel schema`: the JSON Schema of problem files.

use clap::Args;
use fenchel_core::{Kind, cards};
use schemars::{JsonSchema, Schema, schema_for};
use serde_json::{Map, Value, json};

use super::{Done, output};
use crate::data::DataConfig;
use crate::file::{CvConfig, ModelConfig, PathConfig, PluginsConfig, SECTIONS, SolverConfig};
use crate::registry;

/// JSON Schema of problem files, for editors that complete and check them
#[derive(Debug, Args)]
pub(super) struct SchemaCommand {}

impl SchemaCommand {
    pub(super) fn run(&self) -> Done {
        let text = serde_json::to_string_pretty(&problem_schema()).expect("texts and lists only");
        output::print(&format!("{text}\n"))?;
        Ok(0)
    }
}

/// The schema of a whole problem file.
pub(super) fn problem_schema() -> Value {
    let mut definitions = Definitions::default();
    definitions.section::<DataConfig>("data");
    definitions.section::<ModelConfig>("model");
    definitions.section::<SolverConfig>("solver");
    definitions.section::<PathConfig>("path");
    definitions.section::<CvConfig>("cv");
    definitions.section::<PluginsConfig>("plugins");
    definitions.types(Kind::Loss);
    definitions.types(Kind::Penalty);

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
        self.add(name, schema_for!(T));
    }

    /// Adds every type of a kind, and one definition that is any of them.
    fn types(&mut self, kind: Kind) {
        let word = registry::word(kind);
        let mut any = Vec::new();
        for card in cards(kind) {
            let name = format!("{word}.{}", card.name);
            self.add(&name, card.schema());
            let schema = self.0[&name].as_object_mut().expect("a spec is a struct");
            schema.insert("title".into(), json!(card.name));
            schema.insert("description".into(), json!(card.summary));
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
            any.push(json!({ "$ref": format!("#/$defs/{name}") }));
        }
        self.0.insert(word.into(), json!({ "oneOf": any }));
    }

    /// Adds a schema under a name, and what it defines beside it. A nested table with a `type` is
    /// a penalty. Two different definitions of one name are kept apart.
    fn add(&mut self, name: &str, schema: Schema) {
        let mut schema = Value::from(schema);
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
            if key != "Raw" && self.0.get(key).is_some_and(|known| known != definition) {
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
