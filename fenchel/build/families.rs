//! Names every family of losses and penalties in this crate's own manifest, so that it is linked
//! and its types register. A dependency that no code names is not linked.

use std::fmt::Write as _;

/// One `use` a family.
pub fn uses(manifest: &str) -> String {
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
    families
}
