//! What can be wrong with data files: which file, where in it, what, and what to do.

use std::fmt;
use std::path::Path;

/// An error in a data file, or between a data file and the `[data]` section that names it.
///
/// Shown as `diabetes.csv:17: column "bmi": expected a number, got "n/a?"`, with the help on a line
/// of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// The file.
    pub path: Box<Path>,
    /// The line in a text file, counted from 1.
    pub line: Option<u64>,
    /// The row in a file without lines (Parquet, NumPy), counted from 1.
    pub row: Option<u64>,
    /// The column.
    pub column: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl DataError {
    /// An error about the file as a whole.
    pub fn new(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            row: None,
            column: None,
            message: message.into(),
            help: None,
        }
    }

    /// The same error, at a line counted from 1.
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The same error, about a column.
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// The same error, with advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error, with `did you mean "x"?` where a known name is near.
    pub(crate) fn suggest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match fenchel_core::nearest(name, known) {
            Some(near) => self.help(format!("did you mean \"{near}\"?")),
            None => self,
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(row) = self.row {
            write!(f, ": row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ": column \"{column}\"")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DataError {}

/// A text from a file as an error shows it: cut after 40 characters.
pub(crate) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push_str("...");
    }
    format!("\"{}\"", cut.escape_debug())
}
