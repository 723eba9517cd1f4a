//! The problem file as it was solved: every default filled in.

use fenchel_core::Kind;
use serde::Serialize;
use serde_json::{Map, Value};

use super::config::PluginsConfig;
use super::problem::Problem;
use crate::registry;

/// All sections, with the defaults of the sections and of every loss, penalty and solver.
pub(super) fn effective(problem: &Problem) -> Value {
    let mut sections = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            sections.insert(name.into(), value);
        }
    };
    put("data", plain(&problem.data));
    put("screen", problem.screen.as_ref().map_or(Value::Null, plain));
    put("model", plain(&problem.model));
    put("loss", filled(Kind::Loss, &problem.loss.0));
    put("penalty", filled(Kind::Penalty, &problem.penalty.0));
    put("solver", solver(problem));
    put("path", problem.path.as_ref().map_or(Value::Null, grid));
    put("cv", problem.cv.as_ref().map_or(Value::Null, plain));
    let none = problem.plugins == PluginsConfig::default();
    put("plugins", if none { Value::Null } else { plain(&problem.plugins) });
    Value::Object(sections)
}

fn plain(section: &impl Serialize) -> Value {
    serde_json::to_value(section).expect("sections hold texts, numbers and lists only")
}

/// `[solver]` with the options that its type alone has.
fn solver(problem: &Problem) -> Value {
    match plain(&problem.solver) {
        Value::Object(table) => filled(Kind::Solver, &table),
        other => other,
    }
}

/// `[path]` without the keys that its `lambdas` stand instead of.
fn grid(path: &super::config::PathConfig) -> Value {
    let mut value = plain(path);
    if let (Some(_), Some(table)) = (&path.lambdas, value.as_object_mut()) {
        table.shift_remove("points");
        table.shift_remove("min_ratio");
    }
    value
}

/// A table with the defaults that the schema of its type knows, and those of tables inside it.
fn filled(kind: Kind, table: &Map<String, Value>) -> Value {
    let mut table = table.clone();
    let name = table.get("type").and_then(Value::as_str).unwrap_or_default();
    if let Some(card) = registry::card(kind, name) {
        let schema = card.schema();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            match property.get("default") {
                Some(default) if !default.is_null() && !table.contains_key(key) => {
                    table.insert(key.clone(), default.clone());
                }
                _ => {}
            }
        }
    }
    for value in table.values_mut() {
        fill_nested(value);
    }
    Value::Object(table)
}

/// Fills tables that name a penalty, directly or in a list.
fn fill_nested(value: &mut Value) {
    match value {
        Value::Object(table) if table.get("type").is_some_and(Value::is_string) => {
            *value = filled(Kind::Penalty, table);
        }
        Value::Array(items) => items.iter_mut().for_each(fill_nested),
        _ => {}
    }
}
