//! The arrows between crates point down, and what the architecture calls absent is absent.

#![allow(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two floors up").to_path_buf()
}

/// `(folder, manifest)` of every crate of the workspace.
fn crates() -> Vec<(String, toml::Table)> {
    let root = root();
    let mut folders = Vec::new();
    for parent in ["", "penalties", "losses", "plugins", "tests"] {
        let Ok(entries) = fs::read_dir(root.join(parent)) else { continue };
        for entry in entries {
            let folder = entry.unwrap().path();
            if folder.join("Cargo.toml").exists() {
                folders.push(folder);
            }
        }
    }
    folders.sort();
    folders
        .into_iter()
        .map(|folder| {
            let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            let name = folder.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, text.parse().unwrap())
        })
        .collect()
}

/// Crates of this workspace among the dependencies in the named section.
fn siblings(manifest: &toml::Table, section: &str) -> Vec<String> {
    let table = manifest.get(section).and_then(|s| s.as_table());
    let names = table.map(|t| t.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    names.into_iter().filter(|name| name.starts_with("fenchel")).collect()
}

/// Every `.rs` file below `folder`, with its text; build output is passed over.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

#[test]
fn core_knows_nobody() {
    let crates = crates();
    let (_, core) = crates.iter().find(|(folder, _)| folder == "core").unwrap();
    assert!(siblings(core, "dependencies").is_empty());
    assert!(siblings(core, "build-dependencies").is_empty());
}

#[test]
fn families_solvers_and_laws_know_core_only() {
    let crates = crates();
    let below = |folder: &str| {
        folder.starts_with("penalties/")
            || folder.starts_with("losses/")
            || folder == "solvers"
            || folder == "screening"
            || folder == "tests/laws"
    };
    let mut seen = 0;
    for (folder, manifest) in crates.iter().filter(|(folder, _)| below(folder)) {
        for name in siblings(manifest, "dependencies") {
            assert_eq!(name, "fenchel-core", "{folder} depends on {name}");
        }
        seen += 1;
    }
    assert!(seen >= 13, "only {seen} crates were looked at");
}

/// What is loaded knows the boundary and core, what loads it as well, and neither knows the other.
#[test]
fn plugins_know_core_and_the_boundary() {
    let allowed: [(&str, &[&str]); 3] = [
        ("plugins/abi", &[]),
        ("plugins/host", &["fenchel-core", "fenchel-plugin-abi"]),
        ("plugins/sdk", &["fenchel-core", "fenchel-plugin-abi"]),
    ];
    let crates = crates();
    for (name, allowed) in allowed {
        let (_, manifest) = crates.iter().find(|(folder, _)| folder == name).expect(name);
        for sibling in siblings(manifest, "dependencies") {
            assert!(allowed.contains(&sibling.as_str()), "{name} depends on {sibling}");
        }
    }
}

#[test]
fn core_reads_no_file_starts_no_thread_and_prints_nothing() {
    for (path, text) in sources(&root().join("core/src")) {
        for absent in ["std::fs", "std::thread", "std::net", "println!", "eprintln!", "unsafe "] {
            assert!(!text.contains(absent), "{} has {absent}", path.display());
        }
    }
}

#[test]
fn unsafe_code_is_allowed_in_named_places_only() {
    let named = [
        "plugins/",
        "fenchel/src/pages.rs",
        "tests/suite/tests/prototypes",
        "tests/suite/tests/rooms.rs",
    ];
    for (path, text) in sources(&root()) {
        let place = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        if text.contains("allow(unsafe_code)") {
            assert!(named.iter().any(|n| place.starts_with(n)), "{place} allows unsafe code");
        }
    }
}

#[test]
fn solvers_name_no_penalty_and_no_loss() {
    for (path, text) in sources(&root().join("solvers/src")) {
        for name in ["fenchel_penalty", "fenchel_loss"] {
            assert!(!text.contains(name), "{} names {name}", path.display());
        }
    }
}

#[test]
fn every_crate_inherits_the_workspace_lints() {
    for (folder, manifest) in crates() {
        let lints =
            manifest.get("lints").and_then(|l| l.get("workspace")).and_then(|w| w.as_bool());
        assert_eq!(lints, Some(true), "{folder} does not inherit the lints");
    }
}
