//! Puts the functions that fits run next to each other in the program, which is most of what a process
//! maps of it: the system maps 64 kB around each page that is touched. The script for the linker is written by
//! `cargo bench -p fenchel --bench order -- --record`; names that it does not know stay where they were.

use std::env;
use std::path::Path;

/// The argument for the linker, where the program is optimised and linked the way in which the script was
/// written: by the linker that comes with the compiler, which is asked for nothing else.
pub fn argument(script: &Path) -> Option<String> {
    let of = |name: &str| env::var(name).unwrap_or_default();
    let flags = of("CARGO_ENCODED_RUSTFLAGS");
    let plain = of("PROFILE") == "release"
        && of("TARGET") == "x86_64-unknown-linux-gnu"
        && of("RUSTC_LINKER").is_empty()
        && !flags.contains("link");
    let script = script.to_str()?;
    // A comma would be the end of the argument.
    (plain && !script.contains(',')).then(|| format!("-Wl,-T,{script}"))
}
