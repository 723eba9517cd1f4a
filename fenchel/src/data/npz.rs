//! NumPy archives: one dense array, or a sparse matrix as `scipy.sparse.save_npz` writes it.

use std::io::{Cursor, Read};
use std::path::Path;

use npyz::NpyHeader;
use zip::ZipArchive;

use super::error::DataError;
use super::npy::{self, Array};
use super::sparse::{Triplets, check_shape};
use super::table::{Body, Table};

/// Reads an archive that holds one array, or an array called `x` or `arr_0`, or a sparse matrix in
/// the format csr, csc or coo; entries of a sparse matrix at one place are added up.
///
/// Errors: no archive, a file cut short, none or several arrays, another sparse format, indices
/// outside the shape.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Table, DataError> {
    let mut archive = Archive::open(path, bytes)?;
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
    archive.array(&name)?.into_table(path)
}

struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
}

impl<'a> Archive<'a> {
    fn open(path: &'a Path, bytes: &'a [u8]) -> Result<Self, DataError> {
        let damaged = |error: zip::result::ZipError| {
            DataError::new(path, format!("this is not a readable NumPy archive: {error}"))
                .help("the file may be damaged or cut short: write it again")
        };
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
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

    fn bytes(&mut self, name: &str) -> Result<Vec<u8>, DataError> {
        let fail = |error: String| {
            DataError::new(self.path, format!("the array `{name}` cannot be read: {error}"))
        };
        let mut entry =
            self.zip.by_name(&format!("{name}.npy")).map_err(|error| fail(error.to_string()))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
        Ok(bytes)
    }

    fn array(&mut self, name: &str) -> Result<Array, DataError> {
        let bytes = self.bytes(name)?;
        npy::array(self.path, &bytes).map_err(|mut error| {
            error.message = format!("array `{name}`: {}", error.message);
            error
        })
    }

    /// An array of whole numbers below `bound`.
    fn indices(&mut self, name: &str, bound: usize) -> Result<Vec<usize>, DataError> {
        let values = self.array(name)?.values;
        let whole = |&x: &f64| {
            (x >= 0.0 && x < bound as f64 && x.fract() == 0.0).then_some(x as usize).ok_or_else(
                || {
                    let message = format!("array `{name}`: {x} is not an index below {bound}");
                    DataError::new(self.path, message)
                },
            )
        };
        values.iter().map(whole).collect()
    }

    fn sparse(&mut self) -> Result<Table, DataError> {
        let path = self.path;
        let format = self.bytes("format")?;
        let mut rest = format.as_slice();
        NpyHeader::from_reader(&mut rest)
            .map_err(|error| DataError::new(path, format!("array `format`: {error}")))?;
        // A byte string or a UTF-32 one, padded with zeros.
        let format: String = rest.iter().filter(|&&b| b != 0).map(|&b| char::from(b)).collect();
        let shape = self.indices("shape", 1 << 53)?;
        let [rows, cols] = *shape.as_slice() else {
            return Err(DataError::new(path, format!("an array of shape {shape:?} is no matrix")));
        };
        check_shape(path, rows, cols)?;
        if rows == 0 || cols == 0 {
            let message = format!("an array of shape {shape:?} holds no samples");
            return Err(DataError::new(path, message));
        }
        let values = self.array("data")?.values;
        let mut triplets = Triplets::default();
        match format.as_str() {
            "coo" => {
                let (row, col) = (self.indices("row", rows)?, self.indices("col", cols)?);
                if row.len() != values.len() || col.len() != values.len() {
                    return Err(DataError::new(path, "`row`, `col` and `data` differ in length"));
                }
                row.iter().zip(&col).zip(&values).for_each(|((&i, &j), &x)| triplets.push(i, j, x));
            }
            "csr" | "csc" => {
                let by_row = format == "csr";
                let (outer, inner) = if by_row { (rows, cols) } else { (cols, rows) };
                let pointers = self.indices("indptr", values.len() + 1)?;
                let indices = self.indices("indices", inner)?;
                if pointers.len() != outer + 1
                    || indices.len() != values.len()
                    || pointers[0] != 0
                    || pointers[outer] != values.len()
                    || pointers.windows(2).any(|p| p[0] > p[1])
                {
                    let message = "`indptr`, `indices` and `data` do not fit each other";
                    return Err(DataError::new(path, message));
                }
                for (i, ends) in pointers.windows(2).enumerate() {
                    for k in ends[0]..ends[1] {
                        let (row, col) = if by_row { (i, indices[k]) } else { (indices[k], i) };
                        triplets.push(row, col, values[k]);
                    }
                }
            }
            other => {
                let message = format!("a sparse matrix in the format \"{other}\" is not supported");
                return Err(DataError::new(path, message).help("convert it: matrix.tocsr()"));
            }
        }
        let matrix = triplets.into_matrix(path, rows, cols)?;
        Ok(Table::unnamed(path, Body::Sparse(matrix), rows, None))
    }
}
