//! NumPy arrays: real numbers of any width and byte order, in C or Fortran order.

use std::io::{self, BufReader, Read, Take};
use std::path::Path;

use npyz::{DType, Deserialize, NpyHeader, Order, TypeChar, TypeRead};

use super::block::{FromRows, room};
use super::error::DataError;
use super::source::{Source, unreadable};
use super::table::{Body, Columns, Table};

/// Bytes that are decoded at once; whole numbers of any type.
const PIECE: usize = 1 << 16;

/// An array of numbers whose header has been read.
pub(super) struct Array<'p, R> {
    path: &'p Path,
    pub(super) shape: Vec<usize>,
    dtype: DType,
    kind: (TypeChar, u64),
    fortran: bool,
    rest: Take<R>,
}

/// Reads a matrix; an array with one axis is one column. Booleans are 0 and 1.
///
/// Errors: no NumPy file, a file cut short, another type than numbers, more than two axes, no rows.
pub(super) fn read(path: &Path, source: Source) -> Result<Table, DataError> {
    let length = source.len().map_err(|error| unreadable(path, &error))?;
    Array::open(path, BufReader::new(source), length)?.into_table()
}

impl<'p, R: Read> Array<'p, R> {
    /// Reads the header of an array that takes `length` bytes with it.
    ///
    /// Errors: as [`read`], but for the number of axes.
    pub(super) fn open(path: &'p Path, source: R, length: u64) -> Result<Self, DataError> {
        let mut rest = source.take(length);
        let header = NpyHeader::from_reader(&mut rest).map_err(|error| {
            DataError::new(path, format!("this is not a readable NumPy array: {error}"))
        })?;
        let DType::Plain(plain) = header.dtype() else {
            return Err(DataError::new(path, "the array has named fields: expected plain numbers"));
        };
        let shape: Vec<usize> =
            header.shape().iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        let needed =
            shape.iter().try_fold(plain.num_bytes().unwrap_or(0), |total, &n| total.checked_mul(n));
        let present = rest.limit();
        if needed.is_none_or(|needed| needed as u64 > present) {
            let message = format!(
                "the file is cut short: an array of shape {shape:?} needs {} bytes, there are \
                 {present}",
                needed.map_or("too many".into(), |n| n.to_string())
            );
            return Err(DataError::new(path, message));
        }
        let kind = (plain.type_char(), plain.size_field());
        if !is_number(kind) {
            let message = format!("an array of type {plain} is not supported");
            return Err(DataError::new(path, message).help("save it as floats or integers"));
        }
        let fortran = header.order() == Order::Fortran;
        Ok(Self { path, shape, dtype: header.dtype(), kind, fortran, rest })
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Hands over the numbers, in the order of the file.
    pub(super) fn each(self, mut push: impl FnMut(f64)) -> Result<(), DataError> {
        let path = self.path;
        let read = match self.kind {
            (TypeChar::Float, 8) => self.numbers::<f64>(push),
            (TypeChar::Float, 4) => self.numbers::<f32>(|x| push(x.into())),
            (TypeChar::Int, 8) => self.numbers::<i64>(|x| push(x as f64)),
            (TypeChar::Int, 4) => self.numbers::<i32>(|x| push(x.into())),
            (TypeChar::Int, 2) => self.numbers::<i16>(|x| push(x.into())),
            (TypeChar::Int, 1) => self.numbers::<i8>(|x| push(x.into())),
            (TypeChar::Uint, 8) => self.numbers::<u64>(|x| push(x as f64)),
            (TypeChar::Uint, 4) => self.numbers::<u32>(|x| push(x.into())),
            (TypeChar::Uint, 2) => self.numbers::<u16>(|x| push(x.into())),
            (TypeChar::Uint, 1) => self.numbers::<u8>(|x| push(x.into())),
            _ => self.numbers::<bool>(|x| push(f64::from(u8::from(x)))),
        };
        read.map_err(|error| DataError::new(path, format!("the array is damaged: {error}")))
    }

    fn numbers<T: Deserialize>(mut self, mut push: impl FnMut(T)) -> io::Result<()> {
        let reader = T::reader(&self.dtype).map_err(io::Error::other)?;
        let size = self.dtype.num_bytes().unwrap_or(1).max(1);
        let mut left = self.len() * size;
        let mut piece = vec![0; left.min(PIECE)];
        while left > 0 {
            let count = left.min(piece.len());
            self.rest.read_exact(&mut piece[..count])?;
            for mut bytes in piece[..count].chunks_exact(size) {
                push(reader.read_one(&mut bytes)?);
            }
            left -= count;
        }
        Ok(())
    }

    /// The array as unnamed columns.
    pub(super) fn into_table(self) -> Result<Table, DataError> {
        let path = self.path;
        let (rows, cols) = match *self.shape.as_slice() {
            [rows] => (rows, 1),
            [rows, cols] => (rows, cols),
            _ => {
                let message = format!("an array of shape {:?} is no matrix", self.shape);
                return Err(DataError::new(path, message).help("one or two axes are expected"));
            }
        };
        if rows == 0 || cols == 0 {
            let message = format!("an array of shape {:?} holds no samples", self.shape);
            return Err(DataError::new(path, message));
        }
        let values = if self.fortran || cols == 1 || rows == 1 {
            let mut values = room(path, rows, cols)?;
            self.each(|x| values.push(x))?;
            values
        } else {
            let mut values = FromRows::new(path, rows, cols)?;
            self.each(|x| values.push(x))?;
            values.finish()
        };
        let columns = Columns::of_numbers(values, cols);
        Ok(Table::unnamed(path, Body::Columns(columns), rows, None))
    }
}

/// Whether numbers of a type are read.
fn is_number(kind: (TypeChar, u64)) -> bool {
    match kind {
        (TypeChar::Float, size) => matches!(size, 4 | 8),
        (TypeChar::Int | TypeChar::Uint, size) => matches!(size, 1 | 2 | 4 | 8),
        (TypeChar::Bool, _) => true,
        _ => false,
    }
}
