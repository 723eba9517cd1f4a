//! Comma and tab separated tables: quoted cells, CRLF, a byte order mark, blank lines skipped. The
//! first line names the columns; there are no comments.
//!
//! A cell is parsed as a number at once, and its text forgotten. Only columns in which something else
//! turns up are read a second time, as text: a wide numeric file is read in one pass.

use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::error::{DataError, shown};
use super::table::{Cells, Table, TextBuilder};

/// Reads a table with cells separated by `delimiter`. Spaces around cells are dropped.
///
/// Errors, with the line: a row with more or fewer cells than the header, bytes that are not UTF-8,
/// a header without names or without rows below it.
pub(super) fn read(path: &Path, bytes: &[u8], delimiter: u8) -> Result<Table, DataError> {
    let mut rows = Rows::new(path, bytes, delimiter);
    let names = match rows.next()? {
        Some((line, record)) => {
            record.iter().map(|name| utf8(path, line, None, name)).collect::<Result<Vec<_>, _>>()?
        }
        None => return Err(DataError::new(path, "the file is empty")),
    };
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();

    let mut numbers: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    let mut is_text = vec![false; names.len()];
    let mut lines = Vec::new();
    while let Some((line, record)) = rows.next()? {
        if record.len() != names.len() {
            return Err(ragged(path, line, names.len(), record));
        }
        lines.push(line);
        for (j, cell) in record.iter().enumerate() {
            if is_text[j] {
                continue;
            }
            let cell = utf8(path, line, Some(&names[j]), cell)?;
            match number(cell) {
                Some(x) => numbers[j].push(x),
                None => {
                    is_text[j] = true;
                    numbers[j] = Vec::new();
                }
            }
        }
    }
    if lines.is_empty() {
        return Err(DataError::new(path, "there is a header, but no rows below it"));
    }

    let mut cells: Vec<Cells> = numbers.into_iter().map(Cells::Numbers).collect();
    let texts: Vec<usize> = (0..names.len()).filter(|&j| is_text[j]).collect();
    if !texts.is_empty() {
        let mut builders: Vec<TextBuilder> = texts.iter().map(|_| TextBuilder::default()).collect();
        let mut rows = Rows::new(path, bytes, delimiter);
        rows.next()?; // the header
        while let Some((line, record)) = rows.next()? {
            for (&j, builder) in texts.iter().zip(&mut builders) {
                let cell = utf8(path, line, Some(&names[j]), &record[j])?;
                builder.push((!is_missing(cell)).then_some(cell));
            }
        }
        for (j, builder) in texts.into_iter().zip(builders) {
            cells[j] = Cells::Text(builder.finish());
        }
    }
    let rows = lines.len();
    Table::named(path, names, cells, rows, Some(lines)).map_err(|error| error.at_line(1))
}

/// Whether a cell of a text file says that there is nothing.
pub(super) fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "NaN" | "nan" | "null")
}

/// A cell as a number, NaN where it is missing; `None` where it is text.
fn number(cell: &str) -> Option<f64> {
    match cell.parse::<f64>() {
        Ok(x) => Some(x),
        Err(_) => is_missing(cell).then_some(f64::NAN),
    }
}

fn utf8<'a>(
    path: &Path,
    line: u64,
    column: Option<&str>,
    cell: &'a [u8],
) -> Result<&'a str, DataError> {
    match std::str::from_utf8(cell) {
        Ok(cell) => Ok(cell.trim()),
        Err(_) => {
            let mut error = DataError::new(path, "the text is not UTF-8").at_line(line);
            error.column = column.map(str::to_owned);
            Err(error.help("save the file with the encoding UTF-8"))
        }
    }
}

fn ragged(path: &Path, line: u64, expected: usize, record: &ByteRecord) -> DataError {
    let error = DataError::new(
        path,
        format!("expected {expected} cells, as in the header, got {}", record.len()),
    )
    .at_line(line);
    match record.iter().find(|cell| cell.contains(&b'\n')) {
        Some(cell) => error.help(format!(
            "the cell {} goes on over the end of its line: is a quote left open?",
            shown(&String::from_utf8_lossy(cell))
        )),
        None => error,
    }
}

/// The records of a file with the line on which each begins, which the parser itself gets wrong
/// after blank lines and between CR and LF.
struct Rows<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    reader: Reader<&'a [u8]>,
    record: ByteRecord,
    counted: usize,
    line: u64,
}

impl<'a> Rows<'a> {
    fn new(path: &'a Path, bytes: &'a [u8], delimiter: u8) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(bytes);
        Self { path, bytes, reader, record: ByteRecord::new(), counted: 0, line: 1 }
    }

    fn next(&mut self) -> Result<Option<(u64, &ByteRecord)>, DataError> {
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| DataError::new(self.path, error.to_string()))?;
        if !more {
            return Ok(None);
        }
        let mut start = self.record.position().map_or(0, |p| p.byte() as usize);
        while self.bytes.get(start).is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            start += 1;
        }
        let skipped = &self.bytes[self.counted..start];
        self.line += skipped.iter().filter(|&&b| b == b'\n').count() as u64;
        self.counted = start;
        Ok(Some((self.line, &self.record)))
    }
}
