//! The data file and the files beside it, all read before anything looks into them.

use std::path::{Path, PathBuf};

use super::config::{ColumnRef, DataConfig, FileColumn, ResponseConfig};
use super::error::DataError;
use super::format::{combined, read_names, read_table};
use super::part::Part;
use super::table::Table;

/// The data file and the files beside it.
pub(super) struct Files {
    base: PathBuf,
    main: Table,
    beside: Vec<(String, Table)>,
    digests: Vec<String>,
}

impl Files {
    /// Reads every file that the section names.
    ///
    /// Errors: of the readers; a file with another number of rows than the data file.
    pub(super) fn open(config: &DataConfig, base: &Path) -> Result<Self, DataError> {
        let Some(file) = config.main_file() else {
            return Err(DataError::new(base, "missing field `file`"));
        };
        let (mut main, digest) = read_table(&base.join(file))?;
        if let Some(file) = &config.feature_names {
            let source = base.join(file);
            if main.is_named() {
                let message = format!("{} has column names of its own", main.path().display());
                return Err(DataError::new(&source, message).help("leave out `feature_names`"));
            }
            main.rename(read_names(&source)?, &source)?;
        }
        let mut files = Self { base: base.into(), main, beside: Vec::new(), digests: vec![digest] };
        for file in config.files_beside() {
            if files.table(file).is_some() {
                continue;
            }
            let (table, digest) = read_table(&files.base.join(file))?;
            let (got, expected) = (table.rows(), files.main.rows());
            if got != expected {
                let main = files.main.path().display();
                let message = format!("the file has {got} rows, but {main} has {expected}");
                return Err(DataError::new(table.path(), message));
            }
            files.beside.push((file.to_owned(), table));
            files.digests.push(digest);
        }
        Ok(files)
    }

    /// The data file.
    pub(super) fn main(&self) -> &Table {
        &self.main
    }

    /// The data file, by value.
    pub(super) fn into_main(self) -> Table {
        self.main
    }

    /// The digest of all files.
    pub(super) fn sha256(&self) -> String {
        combined(&self.digests)
    }

    /// The column that is meant, and its number where it is one of the data file.
    pub(super) fn column(
        &self,
        column: &ColumnRef,
    ) -> Result<(Part<'_>, Option<usize>), DataError> {
        match column {
            ColumnRef::Column(name) => {
                let j = self.main.find(name)?;
                Ok((Part::of_column(&self.main, j), Some(j)))
            }
            ColumnRef::File(file) => match <[_; 1]>::try_from(self.columns(file)?) {
                Ok([part]) => Ok((part, None)),
                Err(several) => {
                    let path = self.base.join(&file.file);
                    let message = format!("the file has {} columns: one is needed", several.len());
                    Err(DataError::new(&path, message)
                        .help("say which: { file = \"...\", column = \"...\" }"))
                }
            },
        }
    }

    /// The columns of a file beside the data; the only one of a file without names is called after
    /// the file.
    pub(super) fn columns(&self, file: &FileColumn) -> Result<Vec<Part<'_>>, DataError> {
        let table = self.table(&file.file).expect("`open` has read every file that is named");
        if let Some(column) = &file.column {
            return Ok(vec![Part::of_column(table, table.find(column)?)]);
        }
        let mut parts: Vec<Part<'_>> =
            (0..table.names().len()).map(|j| Part::of_column(table, j)).collect();
        if let ([part], false) = (parts.as_mut_slice(), table.is_named())
            && let Some(stem) = table.path().file_stem().and_then(|stem| stem.to_str())
        {
            part.name = stem.to_owned();
        }
        Ok(parts)
    }

    fn table(&self, file: &str) -> Option<&Table> {
        self.beside.iter().find(|(name, _)| name == file).map(|(_, table)| table)
    }
}

impl DataConfig {
    /// The files beside the data file that hold columns, in the order of the section's keys.
    fn files_beside(&self) -> Vec<&str> {
        let mut files = Vec::new();
        match &self.response {
            Some(ResponseConfig::File(file)) => files.push(file.file.as_str()),
            Some(ResponseConfig::Survival(survival)) => {
                files.extend(file_of(&survival.time));
                files.extend(file_of(&survival.event));
            }
            _ => {}
        }
        for column in [&self.weights, &self.offset, &self.exposure, &self.subject] {
            files.extend(column.as_ref().and_then(file_of));
        }
        files
    }
}

fn file_of(column: &ColumnRef) -> Option<&str> {
    match column {
        ColumnRef::File(file) => Some(&file.file),
        ColumnRef::Column(_) => None,
    }
}
