//! The data layer: what each file becomes, and what each fault says.

mod binary;
mod cells;
mod parts;
mod predict;
mod tables;
mod text;

use std::path::{Path, PathBuf};

use fenchel::data::{self, ColumnRef, DataConfig, DataError, Dataset, ResponseConfig};
use fenchel_core::{Column, Matrix, ResponseKind};

/// A directory with files, gone at the end of the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            folder.write(name, content.as_bytes());
        }
        folder
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.0.path().join(name), content).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load(&self, config: &DataConfig, kind: ResponseKind) -> Result<Dataset, DataError> {
        data::load(config, self.path(), kind)
    }

    /// The error of a load, with the directory taken out.
    fn error(&self, config: &DataConfig, kind: ResponseKind) -> String {
        let error = self.load(config, kind).expect_err("the data is at fault");
        error.to_string().replace(&format!("{}/", self.path().display()), "")
    }
}

/// `[data]` with a file and a response column.
fn config(file: &str, response: &str) -> DataConfig {
    DataConfig { response: Some(ResponseConfig::Column(response.into())), ..DataConfig::new(file) }
}

fn column(name: &str) -> Option<ColumnRef> {
    Some(ColumnRef::Column(name.into()))
}

/// The error of loading one CSV text with response `y`.
fn csv_error(text: &str) -> String {
    Folder::new(&[("d.csv", text)]).error(&config("d.csv", "y"), ResponseKind::Number)
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The columns of a matrix, sparse ones written out.
fn dense(matrix: &Matrix) -> Vec<Vec<f64>> {
    (0..matrix.cols())
        .map(|j| match matrix.column(j) {
            Column::Dense(x) => x.to_vec(),
            Column::Sparse(rows, values) => {
                let mut x = vec![0.0; matrix.rows()];
                rows.iter().zip(values).for_each(|(i, &v)| x[i] = v);
                x
            }
        })
        .collect()
}
