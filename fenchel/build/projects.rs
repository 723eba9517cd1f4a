//! What `fenchel new` writes: templates, headers, and for Rust the sources of the crates that a
//! plugin is built on, as tables of paths and texts.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::lock::Lock;
use crate::manifest;

/// The crates that a plugin in Rust names; what they stand on follows.
const FOR_RUST: [&str; 2] = ["fenchel-plugin", "fenchel-laws"];

/// The tables, as Rust source.
pub fn tables(root: &Path) -> String {
    let mut source = Source::default();
    let templates = files(&root.join("plugins/templates"));
    source.table("TEMPLATES", &templates);
    source.table("HEADERS", &files(&root.join("plugins/include")));

    let vendored = manifest::vendored(root, &FOR_RUST);
    let lock = Lock::cut(root, &vendored);
    let mut crates = Vec::new();
    for package in vendored {
        for (path, text) in files(&package.folder.join("src")) {
            crates.push((format!("{}/src/{path}", package.name), text));
        }
        crates.push((format!("{}/Cargo.toml", package.name), Text::Here(package.manifest)));
    }
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        crates.push((name.into(), Text::File(root.join(name))));
    }
    source.table("CRATES", &crates);
    source.names("PACKAGES", &lock.names());

    let mut locks = Vec::new();
    for (path, text) in &templates {
        if let (Some(folder), Text::File(file)) = (path.strip_suffix("/Cargo.toml"), text) {
            locks.push((folder.to_string(), Text::Here(lock_of(file, &lock))));
        }
    }
    source.table("LOCKS", &locks);
    source.0
}

/// The lock file of the project that a template becomes.
fn lock_of(manifest: &Path, lock: &Lock) -> String {
    let manifest = manifest::read(manifest);
    let mut dependencies: Vec<String> = ["dependencies", "dev-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flat_map(|section| section.keys().cloned())
        .collect();
    dependencies.sort();
    dependencies.dedup();
    let text = |key: &str| manifest["package"][key].as_str().unwrap_or_default();
    lock.text(text("name"), text("version"), &dependencies)
}

/// A text, in a file or made here.
enum Text {
    File(PathBuf),
    Here(String),
}

/// Every file below a folder, by its path from there, sorted; build output is passed over.
fn files(folder: &Path) -> Vec<(String, Text)> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(inner) = open.pop() {
        let entries = fs::read_dir(&inner).unwrap_or_else(|e| panic!("{}: {e}", inner.display()));
        for entry in entries {
            let path = entry.expect("a folder can be read").path();
            let built = |e: &std::ffi::OsStr| ["so", "o", "dylib", "dll"].iter().any(|b| e == *b);
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    open.push(path);
                }
            } else if !path.extension().is_some_and(built) {
                let below = path.strip_prefix(folder).expect("it was found below the folder");
                let name = below.to_string_lossy().replace('\\', "/");
                found.push((name, Text::File(path)));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[derive(Default)]
struct Source(String);

impl Source {
    /// Path and text of each file.
    fn table(&mut self, name: &str, files: &[(String, Text)]) {
        self.line(&format!("static {name}: &[(&str, &str)] = &["));
        for (path, text) in files {
            let text = match text {
                Text::File(file) => format!("include_str!({:?})", file.display().to_string()),
                Text::Here(text) => format!("{text:?}"),
            };
            self.line(&format!("    ({path:?}, {text}),"));
        }
        self.line("];");
    }

    fn names(&mut self, name: &str, names: &[&str]) {
        self.line(&format!("static {name}: &[&str] = &{names:?};"));
    }

    fn line(&mut self, line: &str) {
        writeln!(self.0, "{line}").expect("a string grows");
    }
}
