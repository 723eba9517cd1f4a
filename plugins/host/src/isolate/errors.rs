//! Errors of core as words: what the roof reads out of them survives, above all their path.

use fenchel_core::Error;

use super::words::{Garbled, Reader, Sink};

/// What errors say that they are about; they hold constant texts there.
const WORDS: [&str; 7] = ["feature", "penalty", "loss", "solver", "response", "weight", "name"];

/// How deep a path may be.
const DEEPEST: usize = 64;

pub(super) fn write(error: &Error, to: &mut impl Sink) {
    match error {
        Error::At { path, source } => {
            to.word(0);
            to.text(path);
            write(source, to);
        }
        Error::Parameter { name, expected, got } => {
            to.word(1);
            [name, expected, got].into_iter().for_each(|text| to.text(text));
        }
        Error::Length { name, got, expected } => {
            to.word(2);
            to.text(name);
            to.size(*got);
            to.size(*expected);
        }
        Error::Unknown { kind, name, known } => {
            to.word(3);
            to.text(kind);
            to.text(name);
            to.size(known.len());
            known.iter().for_each(|name| to.text(name));
        }
        Error::Domain { what, sample, got, expected } => {
            to.word(4);
            to.text(what);
            to.size(*sample);
            to.number(*got);
            to.text(expected);
        }
        Error::Data(text) => {
            to.word(5);
            to.text(text);
        }
        Error::Spec { message } => {
            to.word(6);
            to.text(message);
        }
        other => {
            to.word(7);
            to.text(&other.to_string());
        }
    }
}

pub(super) fn read(from: &mut Reader<'_>) -> Result<Error, Garbled> {
    read_below(from, 0)
}

fn read_below(from: &mut Reader<'_>, depth: usize) -> Result<Error, Garbled> {
    Ok(match from.word()? {
        0 if depth < DEEPEST => {
            let path = from.text()?;
            read_below(from, depth + 1)?.at(path)
        }
        1 => Error::Parameter { name: from.text()?, expected: from.text()?, got: from.text()? },
        2 => Error::Length { name: from.text()?, got: from.size()?, expected: from.size()? },
        3 => Error::Unknown {
            kind: word(&from.text()?),
            name: from.text()?,
            known: from.list(Reader::text)?,
        },
        4 => Error::Domain {
            what: word(&from.text()?),
            sample: from.size()?,
            got: from.number()?,
            expected: from.text()?,
        },
        5 => Error::Data(from.text()?),
        6 => Error::Spec { message: from.text()? },
        7 => Error::Unsupported(from.text()?),
        _ => return Err(Garbled),
    })
}

fn word(text: &str) -> &'static str {
    WORDS.into_iter().find(|word| *word == text).unwrap_or("name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_arrive_with_their_paths_and_fields() {
        let known = vec!["age".to_string(), "bmi".into()];
        let errors = [
            Error::parameter("delta", "greater than 0", -1).at("terms[1]").at("penalty"),
            Error::Length { name: "weights".into(), got: 3, expected: 2 },
            Error::Unknown { kind: "feature", name: "agee".into(), known },
            Error::Domain {
                what: "response",
                sample: 7,
                got: -1.0,
                expected: "a number above 0".into(),
            },
            Error::Data("there are no samples".into()),
            Error::Spec { message: "missing field `k`".into() },
            Error::Unsupported("not with this".into()),
        ];
        for error in errors {
            let mut message = Vec::new();
            write(&error, &mut message);
            assert_eq!(read(&mut Reader::new(&mut message)), Ok(error));
        }
    }
}
