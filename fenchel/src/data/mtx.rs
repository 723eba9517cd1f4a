//! Matrix Market files: coordinate or array; real, integer or pattern; general, symmetric or
//! skew-symmetric. Boisvert, Pozo & Remington (1996), NISTIR 5935.

use std::path::Path;
use std::str::SplitAsciiWhitespace;

use super::block::zeros;
use super::error::{DataError, shown};
use super::lines::TextLines;
use super::source::{Source, unreadable};
use super::sparse::{Triplets, check_shape};
use super::table::{Body, Columns, Table};

/// Reads a matrix: sparse from `coordinate`, dense from `array`. Entries at one place are added up.
///
/// Errors, with the line: another header, a bad size or entry, an index outside the size, an entry
/// above the diagonal of a symmetric matrix, fewer or more entries than announced.
pub(super) fn read(path: &Path, source: Source) -> Result<Table, DataError> {
    let length = source.len().map_err(|error| unreadable(path, &error))?;
    let mut text = TextLines::new(path, source);
    let header = Header::parse(path, text.next()?.map_or("", |(_, line)| line))?;
    let mut lines = Lines { path, text };
    let [rows, cols, entries] = lines.size(header.sparse)?;
    if rows == 0 || cols == 0 {
        return Err(lines.error(format!("a {rows} x {cols} matrix holds no samples")));
    }
    if header.symmetry != Symmetry::General && rows != cols {
        return Err(lines.error(format!("a symmetric matrix is square, not {rows} x {cols}")));
    }
    let body = if header.sparse {
        let triplets = coordinate(&mut lines, &header, rows, cols, entries)?;
        lines.end()?;
        Body::Sparse(triplets.into_matrix(path, rows, cols)?)
    } else {
        let values = array(&mut lines, header.symmetry, rows, cols, length)?;
        lines.end()?;
        Body::Columns(Columns::of_numbers(values, cols))
    };
    Ok(Table::unnamed(path, body, rows, None))
}

struct Header {
    sparse: bool,
    pattern: bool,
    symmetry: Symmetry,
}

#[derive(Clone, Copy, PartialEq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
}

impl Header {
    fn parse(path: &Path, line: &str) -> Result<Self, DataError> {
        let lower = line.to_ascii_lowercase();
        let words: Vec<&str> = lower.split_ascii_whitespace().collect();
        let error = |message: String| DataError::new(path, message).at_line(1);
        let ["%%matrixmarket", "matrix", form, field, symmetry] = words.as_slice() else {
            return Err(error(format!("expected a Matrix Market header, got {}", shown(line)))
                .help("the first line reads: %%MatrixMarket matrix coordinate real general"));
        };
        let pattern = *field == "pattern";
        if !pattern && !matches!(*field, "real" | "integer" | "double") {
            return Err(error(format!("expected real, integer or pattern numbers, got {field}")));
        }
        let sparse = match *form {
            "coordinate" => true,
            "array" if !pattern => false,
            other => {
                return Err(error(format!("expected coordinate or array, got {other} {field}")));
            }
        };
        let symmetry = match *symmetry {
            "general" => Symmetry::General,
            "symmetric" => Symmetry::Symmetric,
            "skew-symmetric" => Symmetry::Skew,
            other => {
                let message = format!("expected general, symmetric or skew-symmetric, got {other}");
                return Err(error(message));
            }
        };
        Ok(Self { sparse, pattern, symmetry })
    }
}

fn coordinate(
    lines: &mut Lines<'_>,
    header: &Header,
    rows: usize,
    cols: usize,
    entries: usize,
) -> Result<Triplets, DataError> {
    check_shape(lines.path, rows, cols)?;
    let mut triplets = Triplets::default();
    for done in 0..entries {
        let Some(mut words) = lines.next()? else { return Err(short(lines.path, done, entries)) };
        let (i, j) = (words.whole()?, words.whole()?);
        if i == 0 || j == 0 || i > rows || j > cols {
            let message =
                format!("entry ({i}, {j}) is outside a {rows} x {cols} matrix from (1, 1)");
            return Err(words.error(message));
        }
        let value = if header.pattern { 1.0 } else { words.number()? };
        triplets.push(i - 1, j - 1, value);
        match header.symmetry {
            Symmetry::General => {}
            _ if j > i => {
                return Err(words.error(format!(
                    "entry ({i}, {j}) is above the diagonal: a symmetric matrix lists the lower half"
                )));
            }
            Symmetry::Skew if i == j => {
                return Err(words.error("a skew-symmetric matrix has no diagonal".into()));
            }
            Symmetry::Symmetric if i == j => {}
            Symmetry::Symmetric => triplets.push(j - 1, i - 1, value),
            Symmetry::Skew => triplets.push(j - 1, i - 1, -value),
        }
    }
    Ok(triplets)
}

fn array(
    lines: &mut Lines<'_>,
    symmetry: Symmetry,
    rows: usize,
    cols: usize,
    length: u64,
) -> Result<Vec<f64>, DataError> {
    let entries = rows.saturating_mul(cols);
    if entries as u64 / 4 > length {
        // Each number takes two bytes at least, and half of them may be left out.
        return Err(DataError::new(
            lines.path,
            format!("the file is too short for a {rows} x {cols} matrix"),
        ));
    }
    let mut values = zeros(lines.path, rows, cols)?;
    let mut done = 0;
    for j in 0..cols {
        let first = match symmetry {
            Symmetry::General => 0,
            Symmetry::Symmetric => j,
            Symmetry::Skew => j + 1,
        };
        for i in first..rows {
            let Some(mut words) = lines.next()? else {
                return Err(short(lines.path, done, entries));
            };
            let value = words.number()?;
            values[i + rows * j] = value;
            match symmetry {
                Symmetry::General => {}
                Symmetry::Symmetric => values[j + rows * i] = value,
                Symmetry::Skew => values[j + rows * i] = -value,
            }
            done += 1;
        }
    }
    Ok(values)
}

fn short(path: &Path, done: usize, entries: usize) -> DataError {
    DataError::new(path, format!("the file ends after {done} of {entries} entries"))
}

/// The lines below the header, comments and blank ones left out.
struct Lines<'p> {
    path: &'p Path,
    text: TextLines<'p, Source>,
}

/// The words of one line.
struct Words<'l> {
    path: &'l Path,
    line: u64,
    words: SplitAsciiWhitespace<'l>,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Words<'_>>, DataError> {
        let path = self.path;
        let filled = |line: &str| !line.starts_with('%') && !line.trim().is_empty();
        let line = self.text.next_where(filled)?;
        Ok(line.map(|(line, text)| Words { path, line, words: text.split_ascii_whitespace() }))
    }

    /// Rows, columns, and entries where they are counted.
    fn size(&mut self, counted: bool) -> Result<[usize; 3], DataError> {
        let Some(mut words) = self.next()? else {
            return Err(DataError::new(self.path, "the line with the size is missing"));
        };
        let (rows, cols) = (words.whole()?, words.whole()?);
        Ok([rows, cols, if counted { words.whole()? } else { 0 }])
    }

    fn end(&mut self) -> Result<(), DataError> {
        match self.next()? {
            Some(words) => Err(words.error("more entries than the size line announces".into())),
            None => Ok(()),
        }
    }

    fn error(&self, message: String) -> DataError {
        DataError::new(self.path, message).at_line(self.text.line)
    }
}

impl Words<'_> {
    fn whole(&mut self) -> Result<usize, DataError> {
        let word = self.words.next().unwrap_or_default();
        word.parse()
            .map_err(|_| self.error(format!("expected a whole number, got {}", shown(word))))
    }

    fn number(&mut self) -> Result<f64, DataError> {
        let word = self.words.next().unwrap_or_default();
        word.parse().map_err(|_| self.error(format!("expected a number, got {}", shown(word))))
    }

    fn error(&self, message: String) -> DataError {
        DataError::new(self.path, message).at_line(self.line)
    }
}
