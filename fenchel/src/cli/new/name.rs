//! Names that a type of one's own may have.

use fenchel_core::Kind;

use super::project;
use crate::{Error, registry};

/// Length that still makes a readable file name.
const LONGEST: usize = 64;

/// Words that the languages of a project keep for themselves, and names that cargo refuses.
const KEPT: &str = "\
abstract alignas alignof alloc as asm async auto await become bool box break build case char const \
constexpr continue core crate default do double dyn else enum examples extern false final float fn \
for gen goto if impl in incremental inline int let long loop macro main match mod move mut nullptr \
override priv proc_macro pub ref register restrict return self short signed sizeof static \
static_assert std struct super switch test thread_local trait true try type typedef typeof \
typeof_unqual union unsafe unsigned unsized use virtual void volatile where while yield";

/// Whether a new type may have this name.
///
/// Errors: a name that is not in snake case, too long, a keyword, taken by a built-in type or by a
/// package that a project stands on; each with a name that would do.
pub(super) fn check(name: &str) -> Result<(), Error> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(letter)
        || name.ends_with('_')
        || name.contains("__")
    {
        let error = Error::input(format!(
            "\"{name}\" is no name for a type: lower-case letters, digits and single underscores \
             are, a letter first"
        ));
        return Err(suggest(error, &snake(name)));
    }
    if name.len() > LONGEST {
        return Err(Error::input(format!(
            "the name has {} characters: at most {LONGEST} are allowed",
            name.len()
        )));
    }
    match refusal(name) {
        Some(reason) => {
            let other = format!("my_{name}");
            Err(suggest(Error::input(format!("\"{name}\" {reason}")), &other))
        }
        None => Ok(()),
    }
}

/// Why a name in snake case cannot be had.
fn refusal(name: &str) -> Option<String> {
    if KEPT.split(' ').any(|kept| kept == name) {
        return Some("is kept by Rust or C for themselves".into());
    }
    for kind in [Kind::Penalty, Kind::Loss, Kind::Solver] {
        if registry::names(kind).contains(&name) {
            return Some(format!("is a built-in {}", registry::word(kind)));
        }
    }
    if project::packages().any(|package| package.replace('-', "_") == name) || name == "fenchel" {
        return Some("is a package that the project stands on".into());
    }
    None
}

fn suggest(error: Error, name: &str) -> Error {
    if check(name).is_ok() { error.help(format!("`{name}` would do")) } else { error }
}

/// What was probably meant: `MyPenalty` and `my-penalty` become `my_penalty`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for c in name.chars().take(LONGEST) {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        before = c;
    }
    snake.trim_matches('_').trim_start_matches(|c: char| c.is_ascii_digit()).to_string()
}

/// `my_penalty` as the name of a type in code, `MyPenalty`.
pub(super) fn camel(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> String {
        check(name).expect_err(name).to_string()
    }

    #[test]
    fn ordinary_names_are_taken() {
        for name in ["berhu", "group_linf", "l3", "my_l1", "x"] {
            assert!(check(name).is_ok(), "{name}");
        }
        assert_eq!((camel("group_linf").as_str(), camel("l3").as_str()), ("GroupLinf", "L3"));
    }

    #[test]
    fn a_name_that_is_not_in_snake_case_is_met_with_one_that_is() {
        for (name, better) in [
            ("my-penalty", "my_penalty"),
            ("MyPenalty", "my_penalty"),
            ("my  penalty!", "my_penalty"),
            ("_mine_", "mine"),
            ("a__b", "a_b"),
            ("3rd_party", "rd_party"),
            ("../evil", "evil"),
        ] {
            assert!(message(name).contains(&format!("`{better}` would do")), "{}", message(name));
        }
        for name in ["", "Ω", "-", "___", "12"] {
            let message = message(name);
            assert!(message.contains("is no name") && !message.contains("would do"), "{message}");
        }
    }

    #[test]
    fn names_that_somebody_has_are_refused() {
        for (name, reason) in [
            ("loop", "kept by Rust or C"),
            ("typedef", "kept by Rust or C"),
            ("test", "kept by Rust or C"),
            ("l1", "a built-in penalty"),
            ("quadratic", "a built-in loss"),
            ("fista", "a built-in solver"),
            ("fenchel_core", "a package"),
            ("serde", "a package"),
        ] {
            assert!(message(name).contains(reason), "{}", message(name));
            assert!(message(name).contains(&format!("`my_{name}` would do")), "{}", message(name));
        }
        assert!(message(&"x".repeat(65)).contains("at most 64"));
    }
}
