//! Manifests of workspace crates, made to stand alone: what they inherit is written out, and the
//! crates of the workspace become neighbours in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// A crate of the workspace that is to stand beside its siblings, outside of it.
pub struct Vendored {
    /// The package's name, and the name of its folder.
    pub name: String,
    /// Where it is in the workspace.
    pub folder: PathBuf,
    /// Its manifest, standing alone.
    pub manifest: String,
    /// The packages that it depends on, by name.
    pub dependencies: Vec<String>,
}

/// The named crates and every crate of the workspace that they depend on.
pub fn vendored(root: &Path, names: &[&str]) -> Vec<Vendored> {
    let workspace = read(&root.join("Cargo.toml"));
    let mut open: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut done: Vec<Vendored> = Vec::new();
    while let Some(name) = open.pop() {
        if done.iter().any(|vendored| vendored.name == name) {
            continue;
        }
        let inherited = &workspace["workspace"]["dependencies"][&name];
        let Some(path) = inherited.get("path").and_then(Value::as_str) else {
            continue; // from a registry
        };
        let vendored = stand_alone(&workspace, name, root.join(path));
        open.extend(vendored.dependencies.iter().cloned());
        done.push(vendored);
    }
    done.sort_by(|a, b| a.name.cmp(&b.name));
    done
}

fn stand_alone(workspace: &Table, name: String, folder: PathBuf) -> Vendored {
    let mut manifest = read(&folder.join("Cargo.toml"));
    let shared = &workspace["workspace"];
    for (key, value) in table(&mut manifest, "package") {
        if inherits(value) {
            *value = shared["package"][key].clone();
        }
    }
    let dependencies = table(&mut manifest, "dependencies");
    for (name, value) in dependencies.iter_mut() {
        if inherits(value) {
            *value = written_out(name, value, &shared["dependencies"][name]);
        }
    }
    let dependencies = dependencies.keys().cloned().collect();
    // Tests stay behind, and with them what only they need.
    manifest.remove("dev-dependencies");
    manifest.remove("lints");
    let manifest = toml::to_string(&manifest).expect("a table is TOML");
    Vendored { name, folder, manifest, dependencies }
}

/// A dependency with what it inherits from the workspace and what it adds.
fn written_out(name: &str, own: &Value, shared: &Value) -> Value {
    let mut all = match shared {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_string(), version.clone())]),
    };
    if all.contains_key("path") {
        all.insert("path".into(), Value::String(format!("../{name}")));
    }
    for (key, value) in own.as_table().into_iter().flatten().filter(|(key, _)| *key != "workspace")
    {
        match (all.get_mut(key), value) {
            (Some(Value::Array(have)), Value::Array(more)) => have.extend(more.iter().cloned()),
            _ => {
                all.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Table(all)
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn table<'a>(manifest: &'a mut Table, key: &str) -> &'a mut Table {
    let entry = manifest.entry(key).or_insert_with(|| Value::Table(Table::new()));
    entry.as_table_mut().expect("a section is a table")
}

/// A TOML file of the workspace.
pub fn read(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
