//! Matrix Market files: coordinate or array; real, integer or pattern; general, symmetric or
//! skew-symmetric. Boisvert, Pozo & Remington (1996), NISTIR 5935.

use std::path::Path;
use std::str::SplitAsciiWhitespace;

use super::error::{DataError, shown};
use super::sparse::{Triplets, check_shape};
use super::table::{Body, Cells, Table};

/// Reads a matrix: sparse from `coordinate`, dense from `array`. Entries at one place are added up.
///
/// Errors, with the line: another header, a bad size or entry, an index outside the size, an entry
/// above the diagonal of a symmetric matrix, fewer or more entries than announced.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Table, DataError> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| DataError::new(path, "the text is not UTF-8"))?;
    let mut lines = Lines { path, lines: text.lines(), line: 0 };
    let header = Header::parse(path, lines.lines.next().unwrap_or_default())?;
    lines.line = 1;
    let mut size =
        lines.next().ok_or_else(|| DataError::new(path, "the line with the size is missing"))?;
    let (rows, cols) = (lines.whole(&mut size)?, lines.whole(&mut size)?);
    if rows == 0 || cols == 0 {
        return Err(lines.error(format!("a {rows} x {cols} matrix holds no samples")));
    }
    if header.symmetry != Symmetry::General && rows != cols {
        return Err(lines.error(format!("a symmetric matrix is square, not {rows} x {cols}")));
    }
    if header.sparse {
        let entries = lines.whole(&mut size)?;
        let matrix = coordinate(&mut lines, &header, rows, cols, entries)?;
        lines.end()?;
        let matrix = matrix.into_matrix(path, rows, cols)?;
        Ok(Table::unnamed(path, Body::Sparse(matrix), rows, None))
    } else {
        let columns = array(&mut lines, header.symmetry, rows, cols, bytes.len())?;
        lines.end()?;
        let cells = columns.into_iter().map(Cells::Numbers).collect();
        Ok(Table::unnamed(path, Body::Columns(cells), rows, None))
    }
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
        let mut words = lines.next().ok_or_else(|| lines.short(done, entries))?;
        let (i, j) = (lines.whole(&mut words)?, lines.whole(&mut words)?);
        if i == 0 || j == 0 || i > rows || j > cols {
            let message =
                format!("entry ({i}, {j}) is outside a {rows} x {cols} matrix from (1, 1)");
            return Err(lines.error(message));
        }
        let value = if header.pattern { 1.0 } else { lines.number(&mut words)? };
        triplets.push(i - 1, j - 1, value);
        match header.symmetry {
            Symmetry::General => {}
            _ if j > i => {
                return Err(lines.error(format!(
                    "entry ({i}, {j}) is above the diagonal: a symmetric matrix lists the lower half"
                )));
            }
            Symmetry::Skew if i == j => {
                return Err(lines.error("a skew-symmetric matrix has no diagonal".into()));
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
    bytes: usize,
) -> Result<Vec<Vec<f64>>, DataError> {
    let entries = rows.saturating_mul(cols);
    if entries / 4 > bytes {
        // Each number takes two bytes at least, and half of them may be left out.
        return Err(DataError::new(
            lines.path,
            format!("the file is too short for a {rows} x {cols} matrix"),
        ));
    }
    let mut values = vec![0.0; entries];
    let mut done = 0;
    for j in 0..cols {
        let first = match symmetry {
            Symmetry::General => 0,
            Symmetry::Symmetric => j,
            Symmetry::Skew => j + 1,
        };
        for i in first..rows {
            let mut words = lines.next().ok_or_else(|| lines.short(done, entries))?;
            let value = lines.number(&mut words)?;
            values[i + rows * j] = value;
            match symmetry {
                Symmetry::General => {}
                Symmetry::Symmetric => values[j + rows * i] = value,
                Symmetry::Skew => values[j + rows * i] = -value,
            }
            done += 1;
        }
    }
    Ok(values.chunks(rows).map(<[f64]>::to_vec).collect())
}

/// The lines below the header, comments and blank ones left out.
struct Lines<'a> {
    path: &'a Path,
    lines: std::str::Lines<'a>,
    line: u64,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<SplitAsciiWhitespace<'a>> {
        loop {
            let content = self.lines.next()?;
            self.line += 1;
            if !content.starts_with('%') && !content.trim().is_empty() {
                return Some(content.split_ascii_whitespace());
            }
        }
    }

    fn whole(&self, words: &mut SplitAsciiWhitespace<'_>) -> Result<usize, DataError> {
        let word = words.next().unwrap_or_default();
        word.parse()
            .map_err(|_| self.error(format!("expected a whole number, got {}", shown(word))))
    }

    fn number(&self, words: &mut SplitAsciiWhitespace<'_>) -> Result<f64, DataError> {
        let word = words.next().unwrap_or_default();
        word.parse().map_err(|_| self.error(format!("expected a number, got {}", shown(word))))
    }

    fn end(&mut self) -> Result<(), DataError> {
        match self.next() {
            Some(_) => Err(self.error("more entries than the size line announces".into())),
            None => Ok(()),
        }
    }

    fn short(&self, done: usize, entries: usize) -> DataError {
        DataError::new(self.path, format!("the file ends after {done} of {entries} entries"))
    }

    fn error(&self, message: String) -> DataError {
        DataError::new(self.path, message).at_line(self.line)
    }
}
