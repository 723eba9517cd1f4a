//! Parquet tables of numeric, boolean and string columns, through the column readers (no Arrow).

use std::path::Path;

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::block::room;
use super::contain::contain;
use super::error::DataError;
use super::source::Source;
use super::table::{Columns, Kind, Table, TextBuilder};

/// Reads a Parquet file. Null cells are missing; so are NaN. Booleans are 0 and 1; decimals kept as
/// integers are scaled. Columns of other types (dates, lists, ...) are an error only where used.
///
/// Errors: the file is damaged or cut short, has no rows, or a string is not UTF-8.
pub(super) fn read(path: &Path, source: Source) -> Result<Table, DataError> {
    let read = || match source {
        Source::File(file) => table(path, file),
        Source::Memory(bytes) => table(path, Bytes::from(bytes.into_inner())),
    };
    contain(read).unwrap_or_else(|| {
        Err(DataError::new(path, "this is not a readable Parquet file: a page is damaged"))
    })
}

fn table(path: &Path, source: impl ChunkReader + 'static) -> Result<Table, DataError> {
    let damaged = |error: ParquetError| {
        DataError::new(path, format!("this is not a readable Parquet file: {error}"))
            .help("the file may be damaged or cut short: write it again")
    };
    let reader = SerializedFileReader::new(source).map_err(damaged)?;
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
    let groups: Vec<usize> = reader
        .metadata()
        .row_groups()
        .iter()
        .map(|g| g.num_rows().try_into().unwrap_or(0))
        .collect();
    let rows = groups.iter().fold(0usize, |rows, &count| rows.saturating_add(count));
    if rows == 0 {
        return Err(DataError::new(path, "the file has no rows"));
    }
    let numeric = columns.iter().filter(|(_, column)| matches!(column, Collector::Numbers(_)));
    let mut numbers = room(path, rows, numeric.count())?;
    let mut kinds = Vec::with_capacity(names.len());
    // Column by column, so that numbers are appended to those of the columns before.
    for ((leaf, mut collector), name) in columns.into_iter().zip(&names) {
        let start = numbers.len();
        let max_def = schema.column(leaf).max_def_level();
        for (group, &count) in groups.iter().enumerate() {
            if matches!(collector, Collector::Skip(_)) {
                continue;
            }
            let group = reader.get_row_group(group).map_err(damaged)?;
            let chunk = group.get_column_reader(leaf).map_err(damaged)?;
            collector
                .take(chunk, max_def, count, &mut numbers)
                .map_err(|error| damaged(error).in_column(name.as_str()))?;
        }
        let (kind, cells) = match collector {
            Collector::Numbers(_) => (Kind::Numbers(start / rows), numbers.len() - start),
            Collector::Text(builder, len) => (Kind::Text(builder.finish()), len),
            Collector::Skip(kind) => (Kind::Unsupported(kind), rows),
        };
        if cells != rows {
            let message = "the column has not as many cells as the file has rows";
            return Err(DataError::new(path, message).in_column(name.as_str()));
        }
        kinds.push(kind);
    }
    Table::named(path, names, Columns { numbers, kinds }, rows, None)
}

/// One column while it is read.
enum Collector {
    Numbers(Scale),
    Text(TextBuilder, usize),
    Skip(String),
}

/// What an integer stands for.
#[derive(Clone, Copy)]
enum Scale {
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
            (Some(LogicalType::Integer(integer)), _) if !integer.is_signed => Scale::Unsigned,
            (Some(LogicalType::Integer(_)), _) => Scale::Signed,
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
                Scale::Decimal(column.type_scale())
            }
            (Some(LogicalType::String | LogicalType::Enum | LogicalType::Json), _) => Scale::Signed,
            (Some(LogicalType::Unknown), _) => Scale::Signed, // a column of nulls
            (Some(other), _) => return Self::Skip(type_name(&format!("{other:?}"))),
            (None, ConvertedType::UINT_8 | ConvertedType::UINT_16) => Scale::Unsigned,
            (None, ConvertedType::UINT_32 | ConvertedType::UINT_64) => Scale::Unsigned,
            (None, ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::ENUM) => {
                Scale::Signed
            }
            (None, ConvertedType::INT_8 | ConvertedType::INT_16) => Scale::Signed,
            (None, ConvertedType::INT_32 | ConvertedType::INT_64) => Scale::Signed,
            (None, other) => return Self::Skip(type_name(&format!("{other:?}"))),
        };
        match (column.physical_type(), kind) {
            (Physical::BYTE_ARRAY, Scale::Signed) => Self::Text(TextBuilder::default(), 0),
            (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY | Physical::INT96, _) => {
                Self::Skip(type_name(&column.physical_type().to_string()))
            }
            _ => Self::Numbers(kind),
        }
    }

    fn take(
        &mut self,
        chunk: ColumnReader,
        max_def: i16,
        count: usize,
        numbers: &mut Vec<f64>,
    ) -> Result<(), ParquetError> {
        match (self, chunk) {
            (Self::Numbers(kind), chunk) => {
                let kind = *kind;
                let mut push = |x: Option<f64>| numbers.push(x.unwrap_or(f64::NAN));
                match chunk {
                    ColumnReader::BoolColumnReader(c) => {
                        each(c, max_def, count, |x| push(x.map(|&b| f64::from(u8::from(b)))))
                    }
                    ColumnReader::Int32ColumnReader(c) => each(c, max_def, count, |x| {
                        push(x.map(|&x| match kind {
                            Scale::Unsigned => f64::from(x as u32),
                            _ => kind.scaled(f64::from(x)),
                        }))
                    }),
                    ColumnReader::Int64ColumnReader(c) => each(c, max_def, count, |x| {
                        push(x.map(|&x| match kind {
                            Scale::Unsigned => x as u64 as f64,
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
}

impl Scale {
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
