//! Comma and tab separated tables: quoted cells, CRLF, a byte order mark, blank lines skipped. The
//! first line names the columns; there are no comments.
//!
//! A cell is parsed as a number at once, and its text forgotten. Only columns in which something else
//! turns up are read a second time, as text. Lines are counted beforehand, so that each number goes
//! straight to its place.

use std::collections::VecDeque;
use std::io::{self, Read, Seek as _};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::block::FromRows;
use super::error::{DataError, shown};
use super::lines::Lines;
use super::source::{Source, unreadable};
use super::table::{Columns, Kind, Table, TextBuilder};

/// Reads a table with cells separated by `delimiter`. Spaces around cells are dropped.
///
/// Errors, with the line: a row with more or fewer cells than the header, bytes that are not UTF-8,
/// a header without names or without rows below it.
pub(super) fn read(path: &Path, mut source: Source, delimiter: u8) -> Result<Table, DataError> {
    let failed = |error: io::Error| unreadable(path, &error);
    let lines = filled_lines(&mut source).map_err(failed)?;
    let length = source.len().map_err(failed)?;

    let mut rows = Rows::new(path, &mut source, delimiter);
    let names: Vec<String> = match rows.next()? {
        Some((line, record)) => {
            let names = record.iter().map(|name| utf8(path, line, None, name).map(str::to_owned));
            names.collect::<Result<_, _>>()?
        }
        None => return Err(DataError::new(path, "the file is empty")),
    };
    // A row takes a line, and each of its cells a byte at least for what comes after it.
    let most = lines.saturating_sub(1).min((length as usize + 1) / names.len());
    let mut numbers = FromRows::new(path, most, names.len())?;
    let mut is_text = vec![false; names.len()];
    let mut lines = Lines::default();
    while let Some((line, record)) = rows.next()? {
        if record.len() != names.len() {
            return Err(ragged(path, line, names.len(), record));
        }
        if lines.len() == most {
            return Err(DataError::new(path, "the file was changed while it was read"));
        }
        lines.push(line);
        for ((cell, name), is_text) in record.iter().zip(&names).zip(&mut is_text) {
            if *is_text {
                numbers.push(f64::NAN);
                continue;
            }
            let x = number(utf8(path, line, Some(name), cell)?);
            *is_text = x.is_none();
            numbers.push(x.unwrap_or(f64::NAN));
        }
    }
    if lines.len() == 0 {
        return Err(DataError::new(path, "there is a header, but no rows below it"));
    }

    let mut columns = Columns::of_numbers(numbers.finish(), names.len());
    let texts: Vec<usize> = (0..names.len()).filter(|&j| is_text[j]).collect();
    if !texts.is_empty() {
        let mut builders: Vec<TextBuilder> = texts.iter().map(|_| TextBuilder::default()).collect();
        source.rewind().map_err(failed)?;
        let mut rows = Rows::new(path, &mut source, delimiter);
        rows.next()?; // the header
        while let Some((line, record)) = rows.next()? {
            for (&j, builder) in texts.iter().zip(&mut builders) {
                let cell = utf8(path, line, Some(&names[j]), &record[j])?;
                builder.push((!is_missing(cell)).then_some(cell));
            }
        }
        for (j, builder) in texts.into_iter().zip(builders) {
            columns.kinds[j] = Kind::Text(builder.finish());
        }
    }
    let rows = lines.len();
    Table::named(path, names, columns, rows, Some(lines)).map_err(|error| error.at_line(1))
}

/// The number of lines that hold something; a quoted cell may take several.
fn filled_lines(source: &mut Source) -> io::Result<usize> {
    let (mut lines, mut ended) = (0, true);
    source.pieces(|piece| {
        for &byte in piece {
            let end = is_end(byte);
            lines += usize::from(ended && !end);
            ended = end;
        }
    })?;
    Ok(lines)
}

/// Whether a byte ends a line.
fn is_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
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
    reader: Reader<Ends<'a>>,
    record: ByteRecord,
    line: u64,
}

impl<'a> Rows<'a> {
    fn new(path: &'a Path, source: &'a mut Source, delimiter: u8) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(Ends { source, at: 0, runs: VecDeque::new() });
        Self { path, reader, record: ByteRecord::new(), line: 1 }
    }

    fn next(&mut self) -> Result<Option<(u64, &ByteRecord)>, DataError> {
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| DataError::new(self.path, error.to_string()))?;
        if !more {
            return Ok(None);
        }
        // The place of a record is before the blank lines above it.
        let start = self.record.position().map_or(0, |p| p.byte());
        let runs = &mut self.reader.get_mut().runs;
        while let Some(run) = runs.front().filter(|run| run.first <= start) {
            self.line += run.lines;
            runs.pop_front();
        }
        Ok(Some((self.line, &self.record)))
    }
}

/// A source that notes where lines end in what has been taken from it.
struct Ends<'a> {
    source: &'a mut Source,
    at: u64,
    runs: VecDeque<Run>,
}

/// Ends of lines with nothing between them.
struct Run {
    first: u64,
    after: u64,
    /// How many of them are LF.
    lines: u64,
}

impl Read for Ends<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(bytes)?;
        for (at, &byte) in (self.at..).zip(&bytes[..count]).filter(|(_, byte)| is_end(**byte)) {
            let lines = u64::from(byte == b'\n');
            match self.runs.back_mut() {
                Some(run) if run.after == at => {
                    run.after += 1;
                    run.lines += lines;
                }
                _ => self.runs.push_back(Run { first: at, after: at + 1, lines }),
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}
