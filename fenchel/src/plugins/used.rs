//! Which libraries have a part in a problem, as results record it.

use std::path::PathBuf;

use fenchel_core::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::file::Problem;
use crate::registry;

/// A library that had a part in a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRecord {
    /// Where it was, symbolic links resolved.
    pub path: PathBuf,
    /// As it calls itself.
    pub name: String,
    /// As it says.
    pub version: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Whether it ran in a process of its own.
    pub isolated: bool,
}

/// The loaded libraries whose types the problem names, in the order in which it names them.
pub fn used(problem: &Problem, isolated: bool) -> Vec<PluginRecord> {
    let mut records = Vec::new();
    named(Kind::Loss, &problem.loss.0, isolated, &mut records);
    named(Kind::Penalty, &problem.penalty.0, isolated, &mut records);
    records
}

/// Adds the library of a table's type, and those of penalties inside it.
fn named(kind: Kind, table: &Map<String, Value>, isolated: bool, out: &mut Vec<PluginRecord>) {
    let name = table.get("type").and_then(Value::as_str).unwrap_or_default();
    if let Some(info) = registry::origin(kind, name)
        && !out.iter().any(|record| record.sha256 == info.sha256)
    {
        out.push(PluginRecord {
            path: info.path.clone(),
            name: info.name.clone(),
            version: info.version.clone(),
            sha256: info.sha256.clone(),
            isolated,
        });
    }
    table.values().for_each(|value| inside(value, isolated, out));
}

fn inside(value: &Value, isolated: bool, out: &mut Vec<PluginRecord>) {
    match value {
        Value::Object(table) => named(Kind::Penalty, table, isolated, out),
        Value::Array(items) => items.iter().for_each(|item| inside(item, isolated, out)),
        _ => {}
    }
}
