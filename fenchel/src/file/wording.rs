//! serde's messages, put into the words of problem files.

/// A message of serde in plain words: no Rust types, no stray positions.
pub(crate) fn plain(message: &str) -> String {
    // Longer words first, so that none is cut by a shorter one.
    const WORDS: [(&str, &str); 16] = [
        ("expected internally tagged enum ", "expected a table with a `type`: "),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected a table"),
        ("expected a string", "expected a text"),
        ("expected a boolean", "expected true or false"),
        ("expected f64", "expected a number"),
        ("expected usize", "expected a whole number, at least 0"),
        ("expected u64", "expected a whole number, at least 0"),
        ("expected u32", "expected a whole number, at least 0"),
        ("expected i64", "expected a whole number"),
        ("invalid type: sequence", "wrong type: a list"),
        ("invalid type: map", "wrong type: a table"),
        ("invalid type: string ", "wrong type: the text "),
        ("invalid type: floating point ", "wrong type: the number "),
        ("invalid type: ", "wrong type: "),
        ("invalid value: ", "wrong value: "),
    ];
    let message = message.lines().collect::<Vec<_>>().join(" ");
    if message.contains("did not match any variant of untagged enum") {
        return "none of the forms that this key takes: `fenchel describe` shows them".into();
    }
    let mut plain = match message.find(", expected struct ") {
        Some(at) => format!("{}, expected a table", &message[..at]),
        None => message,
    };
    for (from, to) in WORDS {
        plain = plain.replace(from, to);
    }
    plain
}

/// What serde complains about by name: `unknown field`, `unknown variant`, `missing field`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    /// A key that nobody reads, and the keys that would be read.
    UnknownKey(&'a str, Vec<&'a str>),
    /// A word that is none of the choices, and the choices.
    UnknownWord(&'a str, Vec<&'a str>),
    /// A key that is needed.
    Missing(&'a str),
}

/// The names in a message of serde.
pub(crate) fn named(message: &str) -> Option<Named<'_>> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (first, rest) = quoted.split_first()?;
    if message.starts_with("unknown field ") {
        Some(Named::UnknownKey(first, rest.to_vec()))
    } else if message.starts_with("unknown variant ") {
        Some(Named::UnknownWord(first, rest.to_vec()))
    } else if message.starts_with("missing field ") {
        Some(Named::Missing(first))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_types_are_put_into_words() {
        assert_eq!(
            plain("invalid type: string \"a\", expected f64"),
            "wrong type: the text \"a\", expected a number"
        );
        assert_eq!(
            plain("invalid type: sequence, expected struct SolverConfig"),
            "wrong type: a list, expected a table"
        );
    }

    #[test]
    fn the_names_in_a_message_are_found() {
        assert_eq!(
            named("unknown field `lamda`, expected `lambda` or `weights`"),
            Some(Named::UnknownKey("lamda", vec!["lambda", "weights"]))
        );
        assert_eq!(named("missing field `file`"), Some(Named::Missing("file")));
        assert_eq!(named("invalid type: null"), None);
    }
}
