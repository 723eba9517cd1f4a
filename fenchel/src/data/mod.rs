//! From data files to what a fit needs: a design, samples, an offset.
//!
//! Every reader produces the same [`Table`], named columns that know their lines, and everything
//! below (parts, missing cells, one-hot columns, responses) is written once against it. A reader thus
//! knows nothing of losses, and [`load`] nothing of formats.
//!
//! | file | read as |
//! |---|---|
//! | `.csv` `.tsv` | named columns, numbers or text; spaces around cells are dropped |
//! | `.parquet` | named columns: numbers, booleans as 0 and 1, strings |
//! | `.npy` `.npz` | unnamed columns; archives also as `scipy.sparse.save_npz` writes them |
//! | `.svm` `.libsvm` | unnamed sparse columns, and a label |
//! | `.mtx` | unnamed columns, sparse or dense |
//!
//! - Missing is: empty, `NA`, `NaN`, `nan` or `null` in a text file; null in Parquet; NaN anywhere.
//!   An infinite number is an error wherever it is used.
//! - A column of a text file is text when more than half of its present cells are no numbers. Where
//!   at least half are numbers, a cell that is none is an error, unless the column is used as labels.
//! - No file stands in memory. Readers take it in pieces and put the numbers where the design will
//!   have them (`block`, `sparse`); columns and rows that are none of it are taken out in place.
//! - Rows, columns and errors are those of the file's order; nothing depends on threads.

mod beside;
mod block;
mod config;
mod contain;
mod csv;
mod dataset;
mod design;
mod error;
mod files;
mod format;
mod lines;
mod magnitude;
mod mtx;
mod npy;
mod npz;
mod parquet;
mod part;
mod parts;
mod predict;
mod response;
mod rows;
mod source;
mod sparse;
mod svmlight;
mod table;

pub use beside::{read_matrix, read_numbers};
pub use config::{
    Categorical, ColumnRef, DataConfig, DesignConfig, FileColumn, Missing, ResponseConfig,
    SurvivalConfig,
};
pub use dataset::{Dataset, Needs, Screened, load};
pub use design::Encoding;
pub use error::DataError;
pub use format::read_table;
pub use predict::{NewData, load_for_prediction};
pub use table::{Cells, Table, Text};
