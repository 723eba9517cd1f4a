//! NumPy archives: one dense array, or a sparse matrix as `scipy.sparse.save_npz` writes it.

use std::io::Read;
use std::path::Path;

use npyz::NpyHeader;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::block::room;
use super::error::DataError;
use super::npy::Array;
use super::source::Source;
use super::sparse::{Triplets, check_entries, check_shape, from_columns};
use super::table::{Body, Table};

/// Reads an archive that holds one array, or an array called `x` or `arr_0`, or a sparse matrix in
/// the format csr, csc or coo; entries of a sparse matrix at one place are added up.
///
/// Errors: no archive, a file cut short, none or several arrays, another sparse format, indices
/// outside the shape.
pub(super) fn read(path: &Path, source: Source) -> Result<Table, DataError> {
    let mut archive = Archive::open(path, source)?;
    if ["format", "shape", "data"].iter().all(|key| archive.has(key)) {
        return archive.sparse();
    }
    let name = match archive.names.as_slice() {
        [only] => only.clone(),
        names => match ["x", "arr_0"].iter().find(|key| names.iter().any(|name| name == *key)) {
            Some(key) => (*key).to_owned(),
            None => {
                let names = if names.is_empty() { "none".into() } else { names.join(", ") };
                return Err(DataError::new(path, format!("the archive has the arrays {names}"))
                    .help("save one array, or call the matrix `x`"));
            }
        },
    };
    archive.array(&name, |array| array.into_table())
}

struct Archive<'p> {
    path: &'p Path,
    zip: ZipArchive<Source>,
    names: Vec<String>,
}

impl<'p> Archive<'p> {
    fn open(path: &'p Path, source: Source) -> Result<Self, DataError> {
        let damaged = |error: zip::result::ZipError| {
            DataError::new(path, format!("this is not a readable NumPy archive: {error}"))
                .help("the file may be damaged or cut short: write it again")
        };
        let zip = ZipArchive::new(source).map_err(damaged)?;
        let mut names = Vec::new();
        for name in zip.file_names() {
            names.extend(name.map_err(damaged)?.strip_suffix(".npy").map(str::to_owned));
        }
        names.sort();
        Ok(Self { path, zip, names })
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// What `read` makes of an array.
    fn array<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Array<'p, ZipFile<'_, Source>>) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let path = self.path;
        let entry = self.zip.by_name(&format!("{name}.npy")).map_err(|error| {
            DataError::new(path, format!("the array `{name}` cannot be read: {error}"))
        })?;
        let length = entry.size();
        Array::open(path, entry, length).and_then(read).map_err(|mut error| {
            error.message = format!("array `{name}`: {}", error.message);
            error
        })
    }

    /// All numbers of an array.
    fn numbers(&mut self, name: &str) -> Result<Vec<f64>, DataError> {
        let path = self.path;
        self.array(name, |array| {
            let mut values = room(path, array.len(), 1)?;
            array.each(|x| values.push(x))?;
            Ok(values)
        })
    }

    /// An array of whole numbers below `bound`, each as `to` has it.
    fn indices<T>(
        &mut self,
        name: &str,
        bound: usize,
        to: impl Fn(usize) -> T,
    ) -> Result<Vec<T>, DataError> {
        let path = self.path;
        let mut outside = None;
        let indices = self.array(name, |array| {
            let mut indices = Vec::new();
            indices.try_reserve_exact(array.len()).map_err(|_| {
                DataError::new(path, format!("{} indices do not fit into memory", array.len()))
            })?;
            array.each(|x| match x >= 0.0 && x < bound as f64 && x.fract() == 0.0 {
                true => indices.push(to(x as usize)),
                false => outside = outside.or(Some(x)),
            })?;
            Ok(indices)
        })?;
        match outside {
            None => Ok(indices),
            Some(x) => {
                let message = format!("array `{name}`: {x} is not an index below {bound}");
                Err(DataError::new(path, message))
            }
        }
    }

    /// The text in the array `format`.
    fn format(&mut self) -> Result<String, DataError> {
        let path = self.path;
        let fail = |error: String| DataError::new(path, format!("array `format`: {error}"));
        let entry = self.zip.by_name("format.npy").map_err(|error| fail(error.to_string()))?;
        let mut entry = entry.take(1 << 16);
        NpyHeader::from_reader(&mut entry).map_err(|error| fail(error.to_string()))?;
        let mut text = Vec::new();
        entry.read_to_end(&mut text).map_err(|error| fail(error.to_string()))?;
        // A byte string or a UTF-32 one, padded with zeros.
        Ok(text.iter().filter(|&&b| b != 0).map(|&b| char::from(b)).collect())
    }

    fn sparse(&mut self) -> Result<Table, DataError> {
        let path = self.path;
        let format = self.format()?;
        let shape = self.indices("shape", 1 << 53, |n| n)?;
        let [rows, cols] = *shape.as_slice() else {
            return Err(DataError::new(path, format!("an array of shape {shape:?} is no matrix")));
        };
        check_shape(path, rows, cols)?;
        if rows == 0 || cols == 0 {
            let message = format!("an array of shape {shape:?} holds no samples");
            return Err(DataError::new(path, message));
        }
        // Both are below 2^32, so that their indices are.
        let index = |i: usize| i as u32;
        let values = self.numbers("data")?;
        let triplets = match format.as_str() {
            "coo" => {
                let row = self.indices("row", rows, index)?;
                let col = self.indices("col", cols, index)?;
                if row.len() != values.len() || col.len() != values.len() {
                    return Err(DataError::new(path, "`row`, `col` and `data` differ in length"));
                }
                Triplets { rows: row, cols: col, values }
            }
            "csr" | "csc" => {
                let by_row = format == "csr";
                let (outer, inner) = if by_row { (rows, cols) } else { (cols, rows) };
                let pointers = self.indices("indptr", values.len() + 1, |k| k)?;
                let indices = self.indices("indices", inner, index)?;
                if pointers.len() != outer + 1
                    || indices.len() != values.len()
                    || pointers[0] != 0
                    || pointers[outer] != values.len()
                    || pointers.windows(2).any(|p| p[0] > p[1])
                {
                    let message = "`indptr`, `indices` and `data` do not fit each other";
                    return Err(DataError::new(path, message));
                }
                if !by_row {
                    check_entries(path, values.len())?;
                    let matrix = from_columns(rows, cols, pointers, indices, values);
                    return Ok(Table::unnamed(path, Body::Sparse(matrix), rows, None));
                }
                let mut row = Vec::with_capacity(indices.len());
                for (i, ends) in pointers.windows(2).enumerate() {
                    row.resize(ends[1], index(i));
                }
                Triplets { rows: row, cols: indices, values }
            }
            other => {
                let message = format!("a sparse matrix in the format \"{other}\" is not supported");
                return Err(DataError::new(path, message).help("convert it: matrix.tocsr()"));
            }
        };
        let matrix = triplets.into_matrix(path, rows, cols)?;
        Ok(Table::unnamed(path, Body::Sparse(matrix), rows, None))
    }
}
