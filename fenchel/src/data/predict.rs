//! New data for a model that has been fitted: the same columns, treated in the same way.

use std::collections::HashMap;
use std::path::Path;

use fenchel_core::{Column, DenseMatrix, Matrix, Names};

use super::config::{ColumnRef, DataConfig, DesignConfig, ResponseConfig};
use super::design::{Encoding, level_name};
use super::error::{DataError, shown};
use super::format::{read_names, read_table};
use super::part::Part;
use super::parts;
use super::sparse;
use super::table::{Body, Table};

/// What predictions are made from.
#[derive(Debug, Clone)]
pub struct NewData {
    /// The design, with the columns of the fit.
    pub matrix: Matrix,
    /// What is added to the linear predictor.
    pub offset: Option<Vec<f64>>,
    /// Number of samples.
    pub rows: usize,
}

/// Reads new data for a fit of `config`, whose design had the columns `feature_names`.
///
/// Columns are matched by name, others are ignored. In a file without names they are called 1 to p;
/// where the fit gave such columns names (`feature_names` in `[data]`) they are taken by position,
/// unless only some of them were features: then the names are read again, relative to `base`.
/// Columns beyond the last of an svmlight file are 0. An identity design needs the rows of the fit.
///
/// Errors: of the readers; a missing column; a level that the fit has not seen; a missing cell,
/// unless the fit replaced those by a mean; an offset or exposure that stood in a file of its own.
pub fn load_for_prediction(
    path: &Path,
    config: &DataConfig,
    base: &Path,
    feature_names: &Names,
    encoding: &[Encoding],
) -> Result<NewData, DataError> {
    let (mut table, _) = read_table(path)?;
    let rows = table.rows();
    let all: Vec<usize> = (0..rows).collect();
    if config.design == Some(DesignConfig::Identity) {
        if rows != feature_names.len() {
            let expected = feature_names.len();
            let message = format!("the file has {rows} rows, but the fit had {expected}");
            return Err(DataError::new(path, message)
                .help("with design = \"identity\" a fit speaks of its own rows only"));
        }
        let offset = offset(&table, config, &all)?;
        return Ok(NewData { matrix: Matrix::identity(rows), offset, rows });
    }
    if let (Some(file), false) = (&config.feature_names, table.is_named()) {
        if config.uses_part_of_file() {
            let source = base.join(file);
            table.rename(read_names(&source)?, &source)?;
        } else {
            rename_by_position(&mut table, feature_names)?;
        }
    }
    let offset = offset(&table, config, &all);
    let matrix = match &table.body {
        Body::Columns(_) => dense(&table, feature_names, encoding, &all)?,
        Body::Sparse(_) => sparse_columns(table, feature_names, encoding)?,
    };
    Ok(NewData { matrix, offset: offset?, rows })
}

impl DataConfig {
    /// Whether some columns of the data file are no features.
    fn uses_part_of_file(&self) -> bool {
        let in_file = |column: &ColumnRef| matches!(column, ColumnRef::Column(_));
        let response = match &self.response {
            Some(ResponseConfig::Column(_) | ResponseConfig::Columns(_)) => true,
            Some(ResponseConfig::Survival(survival)) => {
                in_file(&survival.time) || in_file(&survival.event)
            }
            Some(ResponseConfig::File(_)) | None => false,
        };
        let single = [&self.weights, &self.offset, &self.exposure, &self.subject];
        response || self.features.is_some() || single.into_iter().flatten().any(in_file)
    }
}

fn rename_by_position(table: &mut Table, feature_names: &Names) -> Result<(), DataError> {
    let (cols, expected) = (table.names().len(), feature_names.len());
    if cols > expected || (cols < expected && !table.is_svmlight()) {
        let message = format!("the file has {cols} columns, but the fit had {expected}");
        return Err(DataError::new(table.path(), message));
    }
    let path = table.path().to_path_buf();
    table.rename(feature_names.to_vec(), &path)
}

fn offset(
    table: &Table,
    config: &DataConfig,
    rows: &[usize],
) -> Result<Option<Vec<f64>>, DataError> {
    let part = |column: &Option<ColumnRef>, what: &str| match column {
        None => Ok(None),
        Some(ColumnRef::Column(name)) => {
            let j = table.find(name).map_err(|mut error| {
                error.message = format!("no column \"{name}\", which is the {what} of the fit");
                error
            })?;
            Ok(Some(Part::of_column(table, j)))
        }
        Some(ColumnRef::File(file)) => {
            let message = format!("the fit read its {what} from {}", shown(&file.file));
            Err(DataError::new(table.path(), message)
                .help(format!("to predict, fit with the {what} as a column of the data file")))
        }
    };
    let (offset, exposure) = (part(&config.offset, "offset")?, part(&config.exposure, "exposure")?);
    parts::offset(offset.as_ref(), exposure.as_ref(), rows)
}

fn dense(
    table: &Table,
    feature_names: &Names,
    encoding: &[Encoding],
    rows: &[usize],
) -> Result<Matrix, DataError> {
    let mut indicators: HashMap<String, Vec<f64>> = HashMap::new();
    for encoding in encoding {
        if let Encoding::OneHot { column, levels } = encoding {
            let codes = codes(table, column, levels)?;
            for (k, level) in levels.iter().enumerate().skip(1) {
                let indicator = codes.iter().map(|&code| f64::from(u8::from(code == k))).collect();
                indicators.insert(level_name(column, level), indicator);
            }
        }
    }
    let means = means(encoding);
    let mut values = Vec::with_capacity(feature_names.len() * rows.len());
    for name in feature_names.iter() {
        if let Some(indicator) = indicators.remove(name) {
            values.extend(indicator);
            continue;
        }
        let part = Part::of_column(table, column(table, name)?);
        match means.get(name) {
            None => values.extend(part.numbers(rows)?),
            Some(mean) => {
                for (i, &x) in part.numbers_or_nan()?.iter().enumerate() {
                    if x.is_infinite() {
                        return Err(part.error(i, format!("expected a finite number, got {x}")));
                    }
                    values.push(if x.is_nan() { *mean } else { x });
                }
            }
        }
    }
    let matrix = DenseMatrix::new(rows.len(), feature_names.len(), values);
    Ok(Matrix::Dense(matrix.expect("each feature has one value a row")))
}

/// The level of each row, as its place in `levels`.
fn codes(table: &Table, name: &str, levels: &[String]) -> Result<Vec<usize>, DataError> {
    let part = Part::of_column(table, column(table, name)?);
    let place: HashMap<&str, usize> =
        levels.iter().enumerate().map(|(k, level)| (level.as_str(), k)).collect();
    (0..table.rows())
        .map(|i| {
            let text = part.text(i).ok_or_else(|| part.error(i, "the cell is missing"))?;
            place.get(text.as_str()).copied().ok_or_else(|| {
                let mut known = levels[..levels.len().min(10)].join(", ");
                if levels.len() > 10 {
                    known.push_str(", ...");
                }
                part.error(i, format!("the fit has not seen the level {}", shown(&text)))
                    .help(format!("it has seen {known}"))
            })
        })
        .collect()
}

fn sparse_columns(
    mut table: Table,
    feature_names: &Names,
    encoding: &[Encoding],
) -> Result<Matrix, DataError> {
    let mut matrix = table.take_sparse();
    let cols = matrix.cols();
    sparse::widen(&mut matrix, cols + 1); // its last column is 0
    let mut places = Vec::with_capacity(feature_names.len());
    for name in feature_names.iter() {
        let beyond = table.is_svmlight() && name.parse::<usize>().is_ok_and(|j| j > cols);
        places.push(if beyond { cols } else { column(&table, name)? });
    }
    sparse::keep_columns(&mut matrix, &places);
    let means = means(encoding);
    let fill: Vec<Option<f64>> =
        feature_names.iter().map(|name| means.get(name).copied()).collect();
    sparse::fill_missing(&mut matrix, &fill);
    for (j, name) in feature_names.iter().enumerate() {
        if let Column::Sparse(rows, values) = matrix.column(j)
            && let Some(at) = values.iter().position(|x| !x.is_finite())
        {
            let message = match values[at] {
                x if x.is_nan() => "the cell is missing".to_owned(),
                x => format!("expected a finite number, got {x}"),
            };
            return Err(table.error_at(rows.at(at), name, message));
        }
    }
    Ok(matrix)
}

fn column(table: &Table, name: &str) -> Result<usize, DataError> {
    table.find(name).map_err(|mut error| {
        error.message = format!("no column \"{name}\", which the fit has as a feature");
        if !table.is_named() && error.help.is_none() {
            error.help = Some("the file has no column names".into());
        }
        error
    })
}

fn means(encoding: &[Encoding]) -> HashMap<&str, f64> {
    let mean = |encoding| match encoding {
        &Encoding::Mean { ref column, mean } => Some((column.as_str(), mean)),
        Encoding::OneHot { .. } => None,
    };
    encoding.iter().filter_map(mean).collect()
}
