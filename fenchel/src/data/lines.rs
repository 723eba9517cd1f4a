//! Lines of text files: read one at a time, counted, and remembered for errors.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::error::DataError;
use super::source::unreadable;

/// The lines of a text, without their ends.
pub(super) struct TextLines<'p, R> {
    path: &'p Path,
    reader: BufReader<R>,
    buffer: Vec<u8>,
    /// The number of the line that was read last, from 1.
    pub(super) line: u64,
}

impl<'p, R: Read> TextLines<'p, R> {
    pub(super) fn new(path: &'p Path, source: R) -> Self {
        let reader = BufReader::with_capacity(1 << 16, source);
        Self { path, reader, buffer: Vec::new(), line: 0 }
    }

    /// The next line with its number; `None` after the last.
    ///
    /// Errors: bytes that are not UTF-8.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &str)>, DataError> {
        self.next_where(|_| true)
    }

    /// The next line of which `wanted` is true.
    pub(super) fn next_where(
        &mut self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<(u64, &str)>, DataError> {
        let end = loop {
            match self.advance()? {
                None => return Ok(None),
                Some(line) if wanted(line) => break line.len(),
                Some(_) => {}
            }
        };
        let line = std::str::from_utf8(&self.buffer[..end]).unwrap_or_default();
        Ok(Some((self.line, line)))
    }

    fn advance(&mut self) -> Result<Option<&str>, DataError> {
        self.buffer.clear();
        let count = self
            .reader
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| unreadable(self.path, &error))?;
        if count == 0 {
            return Ok(None);
        }
        self.line += 1;
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(line) => Ok(Some(line)),
            Err(_) => Err(DataError::new(self.path, "the text is not UTF-8").at_line(self.line)),
        }
    }
}

/// The line of each row of a table. Rows mostly follow line by line, so only those that do not are
/// kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    rows: usize,
    /// A row and its line, wherever the distance between the two changes.
    jumps: Vec<(usize, u64)>,
}

impl Lines {
    /// The line of the next row.
    pub(super) fn push(&mut self, line: u64) {
        if self.rows == 0 || self.get(self.rows) != line {
            self.jumps.push((self.rows, line));
        }
        self.rows += 1;
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// The line of row `row`.
    pub(super) fn get(&self, row: usize) -> u64 {
        let after = self.jumps.partition_point(|jump| jump.0 <= row);
        let (first, line) = self.jumps[after.saturating_sub(1)];
        line + (row - first) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_keeps_its_line() {
        let lines = [2, 3, 4, 7, 8, 20, 22, 23];
        let mut kept = Lines::default();
        lines.iter().for_each(|&line| kept.push(line));
        let got: Vec<u64> = (0..lines.len()).map(|row| kept.get(row)).collect();
        assert_eq!(got, lines);
        assert_eq!((kept.len(), kept.jumps.len()), (8, 4));
    }
}
