//! The script for the linker.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::program::Program;

/// The shares of the fits by which functions are put apart: what all run, what most do, and so on.
const SHARES: [f64; 5] = [0.99, 0.7, 0.3, 0.1, 0.0];

/// Where less than this of the code that a pattern stands for is run, functions are named in full. The hashes in
/// their names are others with another compiler.
const LEAST: f64 = 0.5;

/// What a pattern stands for: bytes of all of it, of what is run, and that times the number of fits; and the
/// functions that are run, with the number of fits.
#[derive(Default)]
struct Code<'p> {
    all: u64,
    run: u64,
    weighted: u64,
    functions: Vec<(&'p str, u64)>,
}

/// Names every function that one of the fits runs, those first that most of them do. Names are patterns that
/// do not depend on hashes, as far as that gets, together with the crate that has compiled the function.
pub fn of(program: &Program, runs: &[HashSet<String>]) -> String {
    let mut codes = BTreeMap::<(&str, String), Code<'_>>::new();
    for section in &program.sections {
        let code = codes.entry((&section.objects, pattern(&section.name))).or_default();
        let fits = runs.iter().filter(|run| run.contains(section.function())).count() as u64;
        code.all += section.size;
        code.run += section.size * fits.min(1);
        code.weighted += section.size * fits;
        if fits > 0 {
            code.functions.push((&section.name, fits));
        }
    }
    // The share of the fits that run what is named.
    let mut names = BTreeMap::<(&str, String), f64>::new();
    let share = |fits: f64| fits / runs.len() as f64;
    for ((objects, pattern), code) in codes {
        if code.run > 0 && code.run as f64 >= LEAST * code.all as f64 {
            names.insert((objects, pattern), share(code.weighted as f64 / code.all as f64));
        } else {
            for (name, fits) in code.functions {
                names.insert((objects, without_suffix(name)), share(fits as f64));
            }
        }
    }
    for ((objects, name), share) in names.clone() {
        if let Some(twin) = with_widest_vectors(&name) {
            let most = names.entry((objects, twin)).or_default();
            *most = most.max(share);
        }
    }
    let mut text = String::from(
        "/* Functions that fits run, next to each other: written by `cargo bench -p fenchel --bench order --\n   \
         --record`. What is not named here comes after it. */\n\
         SECTIONS {\n.text.fit : {\n*(.text.startup .text.startup.*)\n",
    );
    let mut above = f64::INFINITY;
    for share in SHARES {
        let mut statements = BTreeMap::<&str, Vec<&str>>::new();
        for ((objects, name), fits) in &names {
            if (share..above).contains(fits) {
                statements.entry(objects).or_default().push(name);
            }
        }
        above = share;
        for (objects, names) in statements {
            writeln!(text, "{objects}(").expect("a text grows");
            names.iter().for_each(|name| writeln!(text, ".text.{name}").expect("a text grows"));
            text.push_str(")\n");
        }
    }
    text.push_str("}\n}\nINSERT BEFORE .text;\n");
    text
}

/// A name whatever hash it ends with, and whatever is appended to it.
fn pattern(name: &str) -> String {
    before_hash(name).map_or_else(|| without_suffix(name), |name| format!("{name}17h*"))
}

/// What comes before the hash at the end of a name: `17h`, sixteen digits and `E`.
fn before_hash(name: &str) -> Option<&str> {
    let hashed = |at: &usize| {
        let digits = name[at + 3..].bytes();
        digits.take_while(u8::is_ascii_hexdigit).count() >= 16
    };
    name.match_indices("17h").map(|(at, _)| at).find(hashed).map(|at| &name[..at])
}

/// What runs in place of a loop that is compiled for vectors of 256 bits, where the machine has some of 512:
/// valgrind shows a machine without. Their hashes are not known from each other's.
fn with_widest_vectors(name: &str) -> Option<String> {
    let twin = name.replace("3x862v32V3", "3x862v42V4");
    (twin != name).then(|| pattern(&twin))
}

/// A name whatever link-time optimisation appends to it.
fn without_suffix(name: &str) -> String {
    name.split_once(".llvm.").map_or(name.to_owned(), |(name, _)| format!("{name}.llvm.*"))
}
