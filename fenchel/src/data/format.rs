//! Which reader a file gets: by its extension.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::DataError;
use super::source::{Source, unreadable};
use super::table::Table;
use super::{csv, mtx, npy, npz, parquet, svmlight};

/// The extensions that are read.
const EXTENSIONS: [&str; 8] = ["csv", "tsv", "parquet", "npy", "npz", "svm", "libsvm", "mtx"];

/// Reads a data file of any supported format, with the SHA-256 of its bytes in hexadecimal.
///
/// Errors: the file is absent, a directory, empty or of another format; and those of each reader.
pub fn read_table(path: &Path) -> Result<(Table, String), DataError> {
    let extension =
        path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).unwrap_or_default();
    if !EXTENSIONS.contains(&extension.as_str()) && !path.is_dir() {
        let message = match extension.as_str() {
            "" => "a data file needs an extension that tells its format".to_owned(),
            other => format!("unknown data format \".{other}\""),
        };
        return Err(DataError::new(path, message).help(format!(
            "supported are .{}",
            EXTENSIONS.join(" .").replace(" .libsvm", "/.libsvm")
        )));
    }
    let (source, sha256) = Source::open(path)?;
    let table = match extension.as_str() {
        "csv" => csv::read(path, source, b','),
        "tsv" => csv::read(path, source, b'\t'),
        "parquet" => parquet::read(path, source),
        "npy" => npy::read(path, source),
        "npz" => npz::read(path, source),
        "svm" | "libsvm" => svmlight::read(path, source),
        _ => mtx::read(path, source),
    }?;
    Ok((table, sha256))
}

/// The lines of a names file, blank ones left out.
pub(super) fn read_names(path: &Path) -> Result<Vec<String>, DataError> {
    let (mut source, _) = Source::open(path)?;
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    let text =
        String::from_utf8(bytes).map_err(|_| DataError::new(path, "the text is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// One digest for several files, in the order of reading: that of the file where there is one, else
/// that of their hexadecimal digests one after another.
pub(super) fn combined(digests: &[String]) -> String {
    match digests {
        [only] => only.clone(),
        several => hex(&Sha256::digest(several.concat())),
    }
}

/// The error of a file that is not there.
pub(super) fn absent(path: &Path) -> DataError {
    let error = DataError::new(path, "no such file");
    let (Some(name), Some(parent)) = (path.file_name().and_then(|n| n.to_str()), path.parent())
    else {
        return error;
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let mut beside: Vec<String> = fs::read_dir(parent)
        .map(|entries| entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    beside.sort(); // the order of a directory is not the same everywhere
    error.suggest(name, beside.iter().map(String::as_str))
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
        text
    })
}
