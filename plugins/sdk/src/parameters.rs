//! From the JSON that the host hands over to the author's spec.

use fenchel_core::Error;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::report::joined;

/// Reads a spec. Errors: [`Error::Spec`], at the path of what is wrong.
pub(crate) fn read<S: DeserializeOwned>(json: &[u8]) -> Result<S, Error> {
    // By way of a value: the reader of texts would put lines and columns of this JSON, which no
    // user has seen, into its messages.
    let value: serde_json::Value =
        serde_json::from_slice(json).map_err(|e| Error::Spec { message: e.to_string() })?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = text(error.path());
        let error = Error::Spec { message: error.into_inner().to_string() };
        if path.is_empty() { error } else { error.at(path) }
    })
}

fn text(path: &Path) -> String {
    path.iter().fold(String::new(), |text: String, segment| match segment {
        Segment::Seq { index } => joined(&text, &format!("[{index}]")),
        Segment::Map { key } => joined(&text, key),
        Segment::Enum { .. } | Segment::Unknown => text,
    })
}
