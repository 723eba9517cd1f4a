//! Side files that a penalty reads while it is created. They are kept, because a penalty that does
//! not scale by itself is created again along a path, when nobody can open files any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fenchel_core::{Error, Penalty, Raw, Resolve, Space};

/// The answers so far. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Answers>>);

#[derive(Debug, Default)]
struct Answers {
    columns: HashMap<(String, String), Vec<String>>,
    matrices: HashMap<String, (Vec<f64>, usize)>,
}

/// Answers from what is kept, and asks `first` for what is not.
pub(super) struct Recorded<'a> {
    first: Option<&'a dyn Resolve>,
    kept: &'a Kept,
}

impl<'a> Recorded<'a> {
    pub(super) fn new(first: Option<&'a dyn Resolve>, kept: &'a Kept) -> Self {
        Self { first, kept }
    }

    fn first(&self, file: &str) -> Result<&'a dyn Resolve, Error> {
        self.first.ok_or_else(|| {
            Error::Unsupported(format!("\"{file}\" was not read when the penalty was first made"))
        })
    }
}

impl Resolve for Recorded<'_> {
    fn penalty(&self, _raw: &Raw, _space: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("a plugin's penalty holds no other penalties".into()))
    }

    fn table_column(&self, file: &str, column: &str) -> Result<Vec<String>, Error> {
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (file.to_string(), column.to_string());
        if let Some(cells) = kept.columns.get(&key) {
            return Ok(cells.clone());
        }
        let cells = self.first(file)?.table_column(file, column)?;
        kept.columns.insert(key, cells.clone());
        Ok(cells)
    }

    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(matrix) = kept.matrices.get(file) {
            return Ok(matrix.clone());
        }
        let matrix = self.first(file)?.matrix(file)?;
        kept.matrices.insert(file.to_string(), matrix.clone());
        Ok(matrix)
    }
}
