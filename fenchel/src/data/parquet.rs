//! Parquet tables of numeric, boolean and string columns, through the column readers (no Arrow).

use std::path::Path;

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::contain::contain;
use super::error::DataError;
use super::table::{Cells, Table, TextBuilder};

/// Reads a Parquet file. Null cells are missing; so are NaN. Booleans are 0 and 1; decimals kept as
/// integers are scaled. Columns of other types (dates, lists, ...) are an error only where used.
///
/// Errors: the file is damaged or cut short, has no rows, or a string is not UTF-8.
pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<Table, DataError> {
    contain(|| table(path, bytes)).unwrap_or_else(|| {
        Err(DataError::new(path, "this is not a readable Parquet file: a page is damaged"))
    })
}

fn table(path: &Path, bytes: Vec<u8>) -> Result<Table, DataError> {
    let damaged = |error: ParquetError| {
        DataError::new(path, format!("this is not a readable Parquet file: {error}"))
            .help("the file may be damaged or cut short: write it again")
    };
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();

    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for (leaf, descriptor) in schema.columns().iter().enumerate() {
        let parts = descriptor.path().parts();
        let name = parts.first().cloned().unwrap_or_default();
        if parts.len() > 1 && names.last() == Some(&name) {
            continue; // another leaf of a nested column
        }
        names.push(name);
        columns.push((leaf, Collector::new(descriptor)));
    }
    let mut rows = 0;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(damaged)?;
        let count = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        rows += count;
        for ((leaf, collector), name) in columns.iter_mut().zip(&names) {
            if matches!(collector, Collector::Skip(_)) {
                continue;
            }
            let max_def = schema.column(*leaf).max_def_level();
            let chunk = group.get_column_reader(*leaf).map_err(damaged)?;
            collector
                .take(chunk, max_def, count)
                .map_err(|error| damaged(error).in_column(name.as_str()))?;
            if collector.len().is_some_and(|len| len != rows) {
                return Err(DataError::new(
                    path,
                    "the column has fewer cells than the file has rows",
                )
                .in_column(name.as_str()));
            }
        }
    }
    if rows == 0 {
        return Err(DataError::new(path, "the file has no rows"));
    }
    let cells = columns.into_iter().map(|(_, collector)| collector.finish()).collect();
    Table::named(path, names, cells, rows, None)
}

/// One column while it is read.
enum Collector {
    Numbers { values: Vec<f64>, kind: Kind },
    Text(TextBuilder, usize),
    Skip(String),
}

/// What an integer stands for.
#[derive(Clone, Copy)]
enum Kind {
    Signed,
    Unsigned,
    Decimal(i32),
}

impl Collector {
    fn new(column: &ColumnDescriptor) -> Self {
        if column.path().parts().len() > 1 || column.max_rep_level() > 0 {
            return Self::Skip("nested".into());
        }
        let converted = column.converted_type();
        let kind = match (column.logical_type_ref(), converted) {
            (Some(LogicalType::Integer(integer)), _) if !integer.is_signed => Kind::Unsigned,
            (Some(LogicalType::Integer(_)), _) => Kind::Signed,
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
                Kind::Decimal(column.type_scale())
            }
            (Some(LogicalType::String | LogicalType::Enum | LogicalType::Json), _) => Kind::Signed,
            (Some(LogicalType::Unknown), _) => Kind::Signed, // a column of nulls
            (Some(other), _) => return Self::Skip(type_name(&format!("{other:?}"))),
            (None, ConvertedType::UINT_8 | ConvertedType::UINT_16) => Kind::Unsigned,
            (None, ConvertedType::UINT_32 | ConvertedType::UINT_64) => Kind::Unsigned,
            (None, ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::ENUM) => Kind::Signed,
            (None, ConvertedType::INT_8 | ConvertedType::INT_16) => Kind::Signed,
            (None, ConvertedType::INT_32 | ConvertedType::INT_64) => Kind::Signed,
            (None, other) => return Self::Skip(type_name(&format!("{other:?}"))),
        };
        match (column.physical_type(), kind) {
            (Physical::BYTE_ARRAY, Kind::Signed) => Self::Text(TextBuilder::default(), 0),
            (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY | Physical::INT96, _) => {
                Self::Skip(type_name(&column.physical_type().to_string()))
            }
            _ => Self::Numbers { values: Vec::new(), kind },
        }
    }

    fn take(
        &mut self,
        chunk: ColumnReader,
        max_def: i16,
        count: usize,
    ) -> Result<(), ParquetError> {
        match (self, chunk) {
            (Self::Numbers { values, kind }, chunk) => {
                let kind = *kind;
                let mut push = |x: Option<f64>| values.push(x.unwrap_or(f64::NAN));
                match chunk {
                    ColumnReader::BoolColumnReader(c) => {
                        each(c, max_def, count, |x| push(x.map(|&b| f64::from(u8::from(b)))))
                    }
                    ColumnReader::Int32ColumnReader(c) => each(c, max_def, count, |x| {
                        push(x.map(|&x| match kind {
                            Kind::Unsigned => f64::from(x as u32),
                            _ => kind.scaled(f64::from(x)),
                        }))
                    }),
                    ColumnReader::Int64ColumnReader(c) => each(c, max_def, count, |x| {
                        push(x.map(|&x| match kind {
                            Kind::Unsigned => x as u64 as f64,
                            _ => kind.scaled(x as f64),
                        }))
                    }),
                    ColumnReader::FloatColumnReader(c) => {
                        each(c, max_def, count, |x| push(x.map(|&x| f64::from(x))))
                    }
                    ColumnReader::DoubleColumnReader(c) => {
                        each(c, max_def, count, |x| push(x.copied()))
                    }
                    _ => Err(ParquetError::General("the column changes its type".into())),
                }
            }
            (Self::Text(builder, len), ColumnReader::ByteArrayColumnReader(c)) => {
                let mut bad = false;
                each(c, max_def, count, |x| {
                    let text = x.map(|bytes| std::str::from_utf8(bytes.data()));
                    bad |= matches!(text, Some(Err(_)));
                    builder.push(text.and_then(Result::ok));
                    *len += 1;
                })?;
                if bad {
                    Err(ParquetError::General("a string is not UTF-8".into()))
                } else {
                    Ok(())
                }
            }
            (Self::Text(..), _) => Err(ParquetError::General("the column changes its type".into())),
            (Self::Skip(_), _) => Ok(()),
        }
    }

    fn len(&self) -> Option<usize> {
        match self {
            Self::Numbers { values, .. } => Some(values.len()),
            Self::Text(_, len) => Some(*len),
            Self::Skip(_) => None,
        }
    }

    fn finish(self) -> Cells {
        match self {
            Self::Numbers { values, .. } => Cells::Numbers(values),
            Self::Text(builder, _) => Cells::Text(builder.finish()),
            Self::Skip(kind) => Cells::Unsupported(kind),
        }
    }
}

impl Kind {
    fn scaled(self, x: f64) -> f64 {
        match self {
            Self::Decimal(scale) => x / 10f64.powi(scale),
            Self::Signed | Self::Unsigned => x,
        }
    }
}

/// Calls `push` for each cell of a flat column chunk, `None` where it is null.
fn each<T: DataType>(
    mut column: ColumnReaderImpl<T>,
    max_def: i16,
    count: usize,
    mut push: impl FnMut(Option<&T::T>),
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut left = count;
    while left > 0 {
        values.clear();
        levels.clear();
        let (records, ..) =
            column.read_records(left.min(8192), Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        left = left.saturating_sub(records);
        if max_def == 0 {
            values.iter().for_each(|x| push(Some(x)));
        } else {
            let mut present = values.iter();
            levels.iter().for_each(|&l| push((l == max_def).then(|| present.next()).flatten()));
        }
    }
    Ok(())
}

/// The first word of a type's debug text, in lower case.
fn type_name(debug: &str) -> String {
    debug.split(['(', ' ', '{']).next().unwrap_or_default().to_ascii_lowercase()
}
