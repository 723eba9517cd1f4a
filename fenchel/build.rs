//! Two things that are made from the files of the workspace, so that nobody keeps a list: the
//! families of losses and penalties, and what `fenchel new` writes; and the order of functions in the program.

#[path = "build/families.rs"]
mod families;
#[path = "build/lock.rs"]
mod lock;
#[path = "build/manifest.rs"]
mod manifest;
#[path = "build/order.rs"]
mod order;
#[path = "build/projects.rs"]
mod projects;

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let root = folder.parent().expect("this crate is a folder of the workspace");
    for watched in ["Cargo.toml", "build.rs", "build"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest is there");
    let write = |name: &str, text: String| {
        fs::write(out.join(name), text).expect("the output folder is writable");
    };
    write("families.rs", families::uses(&manifest));
    write("projects.rs", projects::tables(root));
    if let Some(argument) = order::argument(&folder.join("build/order.ld")) {
        println!("cargo::rustc-link-arg-bin=fenchel={argument}");
    }
}
