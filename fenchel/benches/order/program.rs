//! The program, and where the linker put each of its functions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::succeed;
use super::root;

/// The release binary.
pub struct Program {
    pub file: PathBuf,
    pub sections: Vec<Section>,
}

/// A piece of code that the linker moves as a whole: one function.
pub struct Section {
    pub begin: u64,
    pub size: u64,
    /// The object files that it may come from, as a pattern; the same whatever else changes.
    pub objects: String,
    /// What follows `.text.`: the name of the function, after `unlikely.` where it is a cold one.
    pub name: String,
}

impl Section {
    pub fn function(&self) -> &str {
        self.name.strip_prefix("unlikely.").unwrap_or(&self.name)
    }
}

impl Program {
    /// Builds the program with a map of what the linker did.
    pub fn build(map: &Path) -> Self {
        let output = succeed(
            Command::new(env!("CARGO"))
                .current_dir(root())
                .args(["rustc", "--release", "--locked", "-p", "fenchel", "--bin", "fenchel"])
                .args(["--message-format", "json", "--", "-C"])
                .arg(format!("link-arg=-Wl,-Map={}", map.display())),
        );
        let messages = String::from_utf8(output.stdout).expect("cargo writes text");
        let file = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
            .expect("cargo names the program");
        let map = fs::read_to_string(map).expect("the linker writes its map");
        let sections = map.lines().filter_map(section).collect::<Vec<_>>();
        assert!(!sections.is_empty(), "the map names the sections of functions");
        Self { file, sections }
    }
}

/// A line `address load-address size alignment file:(.text.name)`, the numbers in hexadecimal.
fn section(line: &str) -> Option<Section> {
    let (place, name) = line.strip_suffix(')')?.split_once(":(.text.")?;
    let fields: Vec<&str> = place.split_whitespace().collect();
    // A folder may have blanks in its name, an object file has none.
    let [begin, _, size, _, .., file] = fields[..] else { return None };
    let number = |text| u64::from_str_radix(text, 16).ok();
    let (begin, size) = (number(begin)?, number(size)?);
    Some(Section { begin, size, objects: objects(file), name: name.to_owned() })
}

/// A pattern for an object file of a crate. With link-time optimisation it is called
/// `fenchel-HASH.CRATE-HASH.CRATE.HASH-cgu.N.rcgu.o`, in a library `libCRATE-HASH.rlib`.
fn objects(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let of_crate = |part: &str| part.rsplit_once('-').map(|(name, _)| name.to_owned());
    if let Some((library, _)) = file.split_once(".rlib") {
        return of_crate(library).map_or("*".into(), |name| format!("*{name}-*"));
    }
    match file.split('.').nth(1).and_then(of_crate) {
        Some(name) => format!("*.{name}-*"),
        None => "*".into(),
    }
}
