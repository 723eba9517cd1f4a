//! Row indices of sparse columns, in as few bytes as the number of rows allows: where columns are read one
//! after the other, time goes with the bytes of their entries.

use std::ops::Range;

/// Most rows whose indices take two bytes.
const NARROW: usize = 1 << 16;

/// A row index as it is stored.
pub trait RowIndex: Copy {
    /// The row.
    fn row(self) -> usize;
}

impl RowIndex for u16 {
    #[inline(always)]
    fn row(self) -> usize {
        usize::from(self)
    }
}

impl RowIndex for u32 {
    #[inline(always)]
    fn row(self) -> usize {
        self as usize
    }
}

/// The rows of the stored entries of a sparse column, ascending.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Two bytes an entry.
    Narrow(&'a [u16]),
    /// Four bytes an entry.
    Wide(&'a [u32]),
}

/// Those of all columns of a matrix, narrow ones where it has at most 2^16 rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StoredRows {
    /// Of narrow ones two a word: they are made, and taken apart, in the memory that wide ones came in.
    words: Vec<u32>,
    len: usize,
    narrow: bool,
}

/// Calls `$call` with the slice inside of `$rows`, compiled for both kinds.
macro_rules! each_kind {
    ($rows:expr, $stored:ident => $call:expr) => {
        match $rows {
            $crate::rows::Rows::Narrow($stored) => $call,
            $crate::rows::Rows::Wide($stored) => $call,
        }
    };
}
pub(crate) use each_kind;

impl<'a> Rows<'a> {
    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = usize> + Clone + 'a {
        let (narrow, wide): (&[u16], &[u32]) = match self {
            Self::Narrow(stored) => (stored, &[]),
            Self::Wide(stored) => (&[], stored),
        };
        narrow.iter().map(|i| i.row()).chain(wide.iter().map(|i| i.row()))
    }

    /// Number of stored entries.
    #[expect(clippy::len_without_is_empty, reason = "a column without entries is nothing special")]
    pub fn len(self) -> usize {
        each_kind!(self, stored => stored.len())
    }

    /// The row of entry `k`.
    pub fn at(self, k: usize) -> usize {
        each_kind!(self, stored => stored[k].row())
    }

    /// How many entries stand above row `row`.
    pub fn above(self, row: usize) -> usize {
        each_kind!(self, stored => stored.partition_point(|i| i.row() < row))
    }
}

impl StoredRows {
    /// Bytes of an index where there are so many rows.
    pub fn width(rows: usize) -> usize {
        if rows <= NARROW { size_of::<u16>() } else { size_of::<u32>() }
    }

    /// The indices `wide` of a matrix with `rows` rows, all of them below.
    pub fn new(rows: usize, wide: Vec<u32>) -> Self {
        let (len, narrow) = (wide.len(), rows <= NARROW);
        let mut words = wide;
        if narrow {
            // Entry k is written after it was read, at half of its place.
            for k in 0..len {
                let row = words[k] as u16;
                halves_mut(&mut words)[k] = row;
            }
            words.truncate(len.div_ceil(2));
            words.shrink_to_fit();
            halves_mut(&mut words)[len..].fill(0);
        }
        Self { words, len, narrow }
    }

    /// None yet, of a matrix with `rows` rows, with room for exactly so many `entries`.
    pub fn begin(&mut self, rows: usize, entries: usize) {
        self.clear();
        self.narrow = rows <= NARROW;
        self.words.reserve_exact(self.words_of(entries));
    }

    pub fn clear(&mut self) {
        self.words.clear();
        self.len = 0;
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Those of the entries `range`.
    #[inline(always)]
    pub fn of(&self, range: Range<usize>) -> Rows<'_> {
        if self.narrow {
            Rows::Narrow(&bytemuck::cast_slice(&self.words)[range])
        } else {
            Rows::Wide(&self.words[range])
        }
    }

    /// Bytes of memory that they take.
    pub fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// Appends rows that are below the number of rows.
    pub fn extend(&mut self, rows: Rows<'_>) {
        let (begin, end) = (self.len, self.len + rows.len());
        self.words.resize(self.words_of(end), 0);
        match (self.narrow, rows) {
            (true, Rows::Narrow(rows)) => {
                halves_mut(&mut self.words)[begin..end].copy_from_slice(rows);
            }
            (true, rows) => {
                let places = &mut halves_mut(&mut self.words)[begin..end];
                places.iter_mut().zip(rows.iter()).for_each(|(place, i)| *place = i as u16);
            }
            (false, rows) => {
                let places = &mut self.words[begin..end];
                places.iter_mut().zip(rows.iter()).for_each(|(place, i)| *place = i as u32);
            }
        }
        self.len = end;
    }

    /// In four bytes each.
    pub fn into_wide(self) -> Vec<u32> {
        let Self { mut words, len, narrow } = self;
        if narrow {
            words.resize(len, 0);
            // From the last one on, as each is written at twice its place.
            for k in (0..len).rev() {
                words[k] = u32::from(halves_mut(&mut words)[k]);
            }
        }
        words
    }

    fn words_of(&self, entries: usize) -> usize {
        if self.narrow { entries.div_ceil(2) } else { entries }
    }
}

fn halves_mut(words: &mut [u32]) -> &mut [u16] {
    bytemuck::cast_slice_mut(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_as_they_went_in() {
        for (rows, narrow) in [(NARROW, true), (NARROW + 1, false)] {
            for len in 0..9 {
                let wide: Vec<u32> = (0..len).map(|k| (rows - 1) as u32 - 3 * k).collect();
                let stored = StoredRows::new(rows, wide.clone());
                assert_eq!(stored.narrow, narrow);
                assert_eq!(stored.len(), wide.len());
                for (k, &row) in wide.iter().enumerate() {
                    assert_eq!(stored.of(0..stored.len()).at(k), row as usize);
                }
                for split in 0..=wide.len() {
                    let (first, rest) = wide.split_at(split);
                    let mut joined = StoredRows::new(5, vec![1, 2, 3]);
                    joined.begin(rows, split);
                    joined.extend(Rows::Wide(first));
                    joined.extend(StoredRows::new(rows, rest.to_vec()).of(0..rest.len()));
                    assert_eq!(joined, stored);
                }
                assert_eq!(stored.into_wide(), wide);
            }
        }
    }

    #[test]
    fn entries_above_a_row_are_counted() {
        for rows in [NARROW, NARROW + 1] {
            let stored = StoredRows::new(rows, vec![2, 5, 9]);
            let above = [0, 2, 3, 5, 6, 10].map(|row| stored.of(0..3).above(row));
            assert_eq!(above, [0, 0, 1, 1, 2, 3]);
        }
    }
}
