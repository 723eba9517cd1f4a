//! Names every family of losses and penalties in this crate's own manifest, so that it is linked
//! and its types register. A dependency that no code names is not linked.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=Cargo.toml");
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest is there");
    let mut families = String::new();
    let dependencies = manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    for line in dependencies {
        let name = line.split(['=', '.', ' ']).next().unwrap_or("");
        if name.starts_with("fenchel-penalty-") || name.starts_with("fenchel-loss-") {
            writeln!(families, "use {} as _;", name.replace('-', "_")).expect("a string grows");
        }
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("families.rs"), families).expect("the output folder is writable");
}
