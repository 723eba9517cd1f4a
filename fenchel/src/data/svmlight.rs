//! Sparse rows in svmlight text: `label index:value index:value ... # comment`, indices from 1.
//! A `qid:n` pair, which only ranking reads, is skipped.

use std::path::Path;

use super::error::{DataError, shown};
use super::lines::{Lines, TextLines};
use super::source::Source;
use super::sparse::{MAX_COLUMNS, Triplets};
use super::table::{Body, Table};

/// Reads the rows; there are as many columns as the largest index says.
///
/// Errors, with the line: no label, a pair that is not `index:value`, an index 0, indices that do
/// not ascend; and a file without rows or without features.
pub(super) fn read(path: &Path, source: Source) -> Result<Table, DataError> {
    let (mut triplets, mut labels, mut lines) = (Triplets::default(), Vec::new(), Lines::default());
    let mut cols = 0;
    let mut text = TextLines::new(path, source);
    while let Some((line, content)) = text.next()? {
        let content = content.split('#').next().unwrap_or_default();
        let mut words = content.trim_start_matches('\u{feff}').split_ascii_whitespace();
        let Some(label) = words.next() else { continue };
        let row = labels.len();
        labels.push(label.parse::<f64>().map_err(|_| {
            DataError::new(path, format!("expected a label, got {}", shown(label)))
                .at_line(line)
                .help("a line reads: label index:value index:value ...")
        })?);
        lines.push(line);
        let mut last = 0;
        for word in words {
            if let Some((index, value)) = pair(path, line, word)? {
                if index <= last {
                    let message = format!("index {index} after {last}: indices must ascend");
                    return Err(DataError::new(path, message).at_line(line));
                }
                last = index;
                triplets.push(row, index - 1, value);
            }
        }
        cols = cols.max(last);
    }
    let rows = labels.len();
    if rows == 0 {
        return Err(DataError::new(path, "the file has no rows"));
    }
    if cols == 0 {
        return Err(DataError::new(path, "no row has an index:value pair"));
    }
    let matrix = triplets.into_matrix(path, rows, cols)?;
    let mut table = Table::unnamed(path, Body::Sparse(matrix), rows, Some(lines));
    table.labels = Some(labels);
    Ok(table)
}

/// `index:value`; `None` for `qid:n`.
fn pair(path: &Path, line: u64, word: &str) -> Result<Option<(usize, f64)>, DataError> {
    let error = |message: String| DataError::new(path, message).at_line(line);
    let (index, value) = word
        .split_once(':')
        .ok_or_else(|| error(format!("expected index:value, got {}", shown(word))))?;
    if index == "qid" {
        return Ok(None);
    }
    let index: usize = index
        .parse()
        .map_err(|_| error(format!("expected an index from 1, got {}", shown(index))))?;
    if index == 0 {
        return Err(error("index 0: indices count from 1".into())
            .help("if the file counts from 0, add 1 to every index"));
    }
    if index > MAX_COLUMNS {
        return Err(error(format!("index {index} is too large: at most {MAX_COLUMNS}")));
    }
    let value = value
        .parse()
        .map_err(|_| error(format!("index {index}: expected a number, got {}", shown(value))))?;
    Ok(Some((index, value)))
}
