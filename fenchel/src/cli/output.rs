//! Standard output and standard error, with nobody listening as an ordinary case.

use std::io::{self, ErrorKind, Write};

use crate::Error;

/// Prints text on standard output. A reader that has gone away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::input(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints an error, or anything else that is not the result, on standard error.
pub(super) fn complain(what: &dyn std::fmt::Display) {
    // Where even this fails there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{what}");
}

/// Lines of a table with aligned columns, the last one ragged.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|c| rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
