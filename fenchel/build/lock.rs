//! A lock file for a new project, cut from the workspace's: the same versions of the same packages,
//! so that a project builds offline wherever this program was built.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use crate::manifest::{self, Vendored};

/// The packages that vendored crates stand on, each as its entry in a lock file.
pub struct Lock {
    packages: BTreeMap<(String, String), Table>,
}

impl Lock {
    /// Cuts the workspace's lock file down to the vendored crates and what they need.
    pub fn cut(root: &Path, vendored: &[Vendored]) -> Self {
        let lock = manifest::read(&root.join("Cargo.lock"));
        let all: Vec<&Table> =
            lock["package"].as_array().into_iter().flatten().filter_map(Value::as_table).collect();
        let find = |wanted: &str| {
            let (name, version) = wanted.split_once(' ').unwrap_or((wanted, ""));
            let fits = |p: &&&Table| {
                text(p, "name") == name && (version.is_empty() || text(p, "version") == version)
            };
            (*all.iter().find(fits).unwrap_or_else(|| panic!("Cargo.lock has no {wanted}"))).clone()
        };
        let mut packages = BTreeMap::new();
        let mut open: Vec<String> = vendored.iter().map(|v| v.name.clone()).collect();
        while let Some(wanted) = open.pop() {
            let mut package = find(&wanted);
            let key = (text(&package, "name").to_string(), text(&package, "version").to_string());
            if packages.contains_key(&key) {
                continue;
            }
            if let Some(crate_) = vendored.iter().find(|v| v.name == key.0) {
                // The entry of a member counts what its tests need, which is left behind.
                let needed = |d: &Value| {
                    let name = d.as_str().and_then(|d| d.split(' ').next()).unwrap_or_default();
                    crate_.dependencies.iter().any(|needed| needed == name)
                };
                if let Some(Value::Array(list)) = package.get_mut("dependencies") {
                    list.retain(needed);
                }
            }
            open.extend(dependencies(&package));
            packages.insert(key, package);
        }
        Self { packages }
    }

    /// The lock file of a project with these dependencies.
    pub fn text(&self, name: &str, version: &str, dependencies: &[String]) -> String {
        let mut root = Table::new();
        root.insert("name".into(), name.into());
        root.insert("version".into(), version.into());
        root.insert("dependencies".into(), dependencies.to_vec().into());
        let mut packages: Vec<Table> = self.packages.values().cloned().collect();
        packages.push(root);
        packages.sort_by_key(|p| (text(p, "name").to_string(), text(p, "version").to_string()));
        for package in &mut packages {
            self.shorten(package);
        }
        let mut lock = Table::new();
        lock.insert("version".into(), 4.into());
        lock.insert("package".into(), packages.into());
        toml::to_string(&lock).expect("a table is TOML")
    }

    /// Names of all packages, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.packages.keys().map(|(name, _)| name.as_str()).collect();
        names.dedup();
        names
    }

    /// A dependency has its version written beside it only where there are several.
    fn shorten(&self, package: &mut Table) {
        let Some(Value::Array(list)) = package.get_mut("dependencies") else { return };
        for dependency in list.iter_mut() {
            let name = dependency.as_str().and_then(|d| d.split(' ').next()).unwrap_or_default();
            if self.packages.keys().filter(|(known, _)| known == name).count() == 1 {
                *dependency = name.into();
            }
        }
        if list.is_empty() {
            package.remove("dependencies");
        }
    }
}

fn text<'a>(package: &'a Table, key: &str) -> &'a str {
    package.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn dependencies(package: &Table) -> Vec<String> {
    let list = package.get("dependencies").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(String::from).collect()
}
