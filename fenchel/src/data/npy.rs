//! NumPy arrays: real numbers of any width and byte order, in C or Fortran order.

use std::path::Path;

use npyz::{DType, Deserialize, NpyFile, Order, TypeChar};

use super::error::DataError;
use super::table::{Body, Cells, Table};

/// An array of numbers, in the order of the file.
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
    fortran: bool,
}

/// Reads a matrix; an array with one axis is one column. Booleans are 0 and 1.
///
/// Errors: no NumPy file, a file cut short, another type than numbers, more than two axes, no rows.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Table, DataError> {
    array(path, bytes)?.into_table(path)
}

/// Reads the array. Errors: as [`read`], but for the number of axes.
pub(super) fn array(path: &Path, bytes: &[u8]) -> Result<Array, DataError> {
    let mut rest = bytes;
    let file = NpyFile::new(&mut rest).map_err(|error| {
        DataError::new(path, format!("this is not a readable NumPy array: {error}"))
    })?;
    let header = file.header();
    let DType::Plain(dtype) = header.dtype() else {
        return Err(DataError::new(path, "the array has named fields: expected plain numbers"));
    };
    let fortran = header.order() == Order::Fortran;
    let shape: Vec<usize> =
        header.shape().iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    let needed =
        shape.iter().try_fold(dtype.num_bytes().unwrap_or(0), |total, &n| total.checked_mul(n));
    let start = bytes.len() - file.into_inner().len();
    let present = bytes.len() - start;
    if needed.is_none_or(|needed| needed > present) {
        let message = format!(
            "the file is cut short: an array of shape {shape:?} needs {} bytes, there are {present}",
            needed.map_or("too many".into(), |n| n.to_string())
        );
        return Err(DataError::new(path, message));
    }
    let values = match (dtype.type_char(), dtype.size_field()) {
        (TypeChar::Float, 8) => numbers::<f64>(bytes, |x| x),
        (TypeChar::Float, 4) => numbers::<f32>(bytes, f64::from),
        (TypeChar::Int, 8) => numbers::<i64>(bytes, |x| x as f64),
        (TypeChar::Int, 4) => numbers::<i32>(bytes, f64::from),
        (TypeChar::Int, 2) => numbers::<i16>(bytes, f64::from),
        (TypeChar::Int, 1) => numbers::<i8>(bytes, f64::from),
        (TypeChar::Uint, 8) => numbers::<u64>(bytes, |x| x as f64),
        (TypeChar::Uint, 4) => numbers::<u32>(bytes, f64::from),
        (TypeChar::Uint, 2) => numbers::<u16>(bytes, f64::from),
        (TypeChar::Uint, 1) => numbers::<u8>(bytes, f64::from),
        (TypeChar::Bool, _) => numbers::<bool>(bytes, |x| f64::from(u8::from(x))),
        _ => {
            let message = format!("an array of type {dtype} is not supported");
            return Err(DataError::new(path, message).help("save it as floats or integers"));
        }
    };
    let values =
        values.map_err(|error| DataError::new(path, format!("the array is damaged: {error}")))?;
    Ok(Array { shape, values, fortran })
}

fn numbers<T: Deserialize>(bytes: &[u8], to: impl Fn(T) -> f64) -> std::io::Result<Vec<f64>> {
    let data = NpyFile::new(bytes)?.data::<T>().map_err(std::io::Error::other)?;
    data.map(|x| x.map(&to)).collect()
}

impl Array {
    /// The array as unnamed columns.
    pub(super) fn into_table(self, path: &Path) -> Result<Table, DataError> {
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
        let columns: Vec<Vec<f64>> = if self.fortran || cols == 1 {
            self.values.chunks_exact(rows).map(<[f64]>::to_vec).collect()
        } else {
            // Row by row, so that the file is walked once and each column is appended to.
            let mut columns = vec![Vec::with_capacity(rows); cols];
            for row in self.values.chunks_exact(cols) {
                columns.iter_mut().zip(row).for_each(|(column, &x)| column.push(x));
            }
            columns
        };
        let cells = columns.into_iter().map(Cells::Numbers).collect();
        Ok(Table::unnamed(path, Body::Columns(cells), rows, None))
    }
}
