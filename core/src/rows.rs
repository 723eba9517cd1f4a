//! Row indices of sparse columns, in as few bytes as the number of rows allows: where columns are read one
//! after the other, time goes with the bytes of their entries.

use std::ops::Range;

/// Most rows whose indices take two bytes, and three.
const NARROW: usize = 1 << 16;
const MIDDLE: usize = 1 << 24;

/// A row index of three bytes, the lowest first.
type Three = [u8; 3];

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

impl RowIndex for Three {
    #[inline(always)]
    fn row(self) -> usize {
        let [low, middle, high] = self;
        usize::from(u16::from_le_bytes([low, middle])) | usize::from(high) << 16
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
    /// Three bytes an entry.
    Middle(&'a [[u8; 3]]),
    /// Four bytes an entry.
    Wide(&'a [u32]),
}

/// Those of all columns of a matrix, in as few bytes each as its number of rows allows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StoredRows {
    /// One after the other, also across words: they are made, and taken apart, in the memory that wide ones
    /// came in.
    words: Vec<u32>,
    len: usize,
    width: Width,
}

/// Bytes of an index.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Width {
    #[default]
    Two,
    Three,
    Four,
}

/// Calls `$call` with the slice inside of `$rows`, compiled for each kind.
macro_rules! each_kind {
    ($rows:expr, $stored:ident => $call:expr) => {
        match $rows {
            $crate::rows::Rows::Narrow($stored) => $call,
            $crate::rows::Rows::Middle($stored) => $call,
            $crate::rows::Rows::Wide($stored) => $call,
        }
    };
}
pub(crate) use each_kind;

impl<'a> Rows<'a> {
    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = usize> + Clone + 'a {
        let (narrow, middle, wide): (&[u16], &[Three], &[u32]) = match self {
            Self::Narrow(stored) => (stored, &[], &[]),
            Self::Middle(stored) => (&[], stored, &[]),
            Self::Wide(stored) => (&[], &[], stored),
        };
        let few = narrow.iter().map(|i| i.row()).chain(middle.iter().map(|i| i.row()));
        few.chain(wide.iter().map(|i| i.row()))
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

impl Width {
    fn of(rows: usize) -> Self {
        if rows <= NARROW {
            Self::Two
        } else if rows <= MIDDLE {
            Self::Three
        } else {
            Self::Four
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
        }
    }

    fn words(self, entries: usize) -> usize {
        (entries * self.bytes()).div_ceil(size_of::<u32>())
    }
}

impl StoredRows {
    /// Bytes of an index where there are so many rows.
    pub fn width(rows: usize) -> usize {
        Width::of(rows).bytes()
    }

    /// The indices `wide` of a matrix with `rows` rows, all of them below.
    pub fn new(rows: usize, wide: Vec<u32>) -> Self {
        let (len, width) = (wide.len(), Width::of(rows));
        let mut words = wide;
        // Entry k is written after it was read, where it was or before that.
        for k in 0..len {
            let row = words[k];
            put(&mut words, width, k, row);
        }
        let all = width.words(len);
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words[..all]);
        bytes[len * width.bytes()..].fill(0);
        words.truncate(all);
        words.shrink_to_fit();
        Self { words, len, width }
    }

    /// None yet, of a matrix with `rows` rows, with room for exactly so many `entries`.
    pub fn begin(&mut self, rows: usize, entries: usize) {
        self.clear();
        self.width = Width::of(rows);
        self.words.reserve_exact(self.width.words(entries));
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
        match self.width {
            Width::Two => Rows::Narrow(&bytemuck::cast_slice(&self.words)[range]),
            Width::Three => Rows::Middle(&threes(&self.words)[range]),
            Width::Four => Rows::Wide(&self.words[range]),
        }
    }

    /// Bytes of memory that they take.
    pub fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// Appends rows that are below the number of rows.
    pub fn extend(&mut self, rows: Rows<'_>) {
        let (begin, end) = (self.len, self.len + rows.len());
        self.words.resize(self.width.words(end), 0);
        let words = &mut self.words;
        match (self.width, rows) {
            (Width::Two, Rows::Narrow(rows)) => {
                bytemuck::cast_slice_mut(words)[begin..end].copy_from_slice(rows);
            }
            (Width::Three, Rows::Middle(rows)) => {
                threes_mut(words)[begin..end].copy_from_slice(rows);
            }
            (width, rows) => {
                let places = begin..end;
                places.zip(rows.iter()).for_each(|(k, i)| put(words, width, k, i as u32));
            }
        }
        self.len = end;
    }

    /// In four bytes each.
    pub fn into_wide(self) -> Vec<u32> {
        let Self { mut words, len, width } = self;
        words.resize(len, 0);
        // From the last one on, as each is written where it was or after that.
        for k in (0..len).rev() {
            words[k] = match width {
                Width::Two => bytemuck::cast_slice::<u32, u16>(&words)[k].into(),
                Width::Three => threes(&words)[k].row() as u32,
                Width::Four => words[k],
            };
        }
        words
    }
}

/// Writes index `k`.
#[inline(always)]
fn put(words: &mut [u32], width: Width, k: usize, row: u32) {
    match width {
        Width::Two => bytemuck::cast_slice_mut(words)[k] = row as u16,
        Width::Three => {
            let [low, middle, high, _] = row.to_le_bytes();
            threes_mut(words)[k] = [low, middle, high];
        }
        Width::Four => words[k] = row,
    }
}

/// All indices of three bytes that lie in so many words.
#[inline(always)]
fn threes(words: &[u32]) -> &[Three] {
    bytemuck::cast_slice::<u32, u8>(words).as_chunks().0
}

#[inline(always)]
fn threes_mut(words: &mut [u32]) -> &mut [Three] {
    bytemuck::cast_slice_mut::<u32, u8>(words).as_chunks_mut().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_as_they_went_in() {
        let widths = [
            (NARROW, Width::Two),
            (NARROW + 1, Width::Three),
            (MIDDLE, Width::Three),
            (MIDDLE + 1, Width::Four),
        ];
        for (rows, width) in widths {
            for len in 0..9 {
                let wide: Vec<u32> = (0..len).map(|k| (rows - 1) as u32 - 3 * k).collect();
                let stored = StoredRows::new(rows, wide.clone());
                assert_eq!(stored.width, width);
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
        for rows in [NARROW, NARROW + 1, MIDDLE + 1] {
            let stored = StoredRows::new(rows, vec![2, 5, 9]);
            let above = [0, 2, 3, 5, 6, 10].map(|row| stored.of(0..3).above(row));
            assert_eq!(above, [0, 0, 1, 1, 2, 3]);
        }
    }
}
