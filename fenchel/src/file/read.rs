//! From a path to a [`Document`]: opening, decoding, and the choice of syntax.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::document::{Body, Document, Source};
use super::{json_tree, set, toml_tree};
use crate::Error;

/// Reads a problem file and writes the `--set` arguments over it.
///
/// Errors: absent, unreadable, a directory, neither `.toml` nor `.json`, not UTF-8, empty, not
/// valid; whatever is wrong with a `--set` argument.
pub fn read_document(path: &Path, sets: &[String]) -> Result<Document, Error> {
    let source = read_source(path)?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_lowercase();
    let root = match extension.as_str() {
        "toml" => toml_tree::parse(&source)?,
        "json" => json_tree::parse(&source)?,
        _ => {
            let message = format!(
                "a problem file ends in .toml or .json, got {}",
                if extension.is_empty() { "no extension".into() } else { format!(".{extension}") }
            );
            return Err(Error::input(message).in_file(source.name));
        }
    };
    if !matches!(root.body, Body::Table(_)) {
        let message = format!("a problem file is a table of sections, got {}", root.kind());
        return Err(Error::input(message).in_file(source.name));
    }
    let mut document = Document::new(source, root);
    for argument in sets {
        set::apply(&mut document, argument)?;
    }
    Ok(document)
}

fn read_source(path: &Path) -> Result<Source, Error> {
    let name = path.display().to_string();
    let bytes = read_bytes(path, "problem file")?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let text = String::from_utf8_lossy(&bytes[..valid]).into_owned();
        let mut place = Source { name: name.clone(), text }.place(valid..valid);
        place.excerpt = None;
        Error::input(format!("not UTF-8: byte 0x{:02x}", bytes[valid])).at(place)
    })?;
    // Some editors write a byte order mark.
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    if text.trim().is_empty() {
        return Err(Error::input("the problem file is empty").in_file(name));
    }
    Ok(Source { name, text })
}

/// The bytes of a file. Errors: in words, for what can be wrong with a path.
pub(crate) fn read_bytes(path: &Path, what: &str) -> Result<Vec<u8>, Error> {
    let fail = |message: String| Err(Error::input(message).in_file(path.display().to_string()));
    match fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fail(format!("the {what} does not exist"))
        }
        Err(_) if path.is_dir() => fail(format!("expected a {what}, got a directory")),
        Err(error) => fail(format!("cannot read the {what}: {error}")),
    }
}
