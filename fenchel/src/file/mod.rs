//! Problem files and result files.
//!
//! A problem file is parsed into a [`Document`], a tree that remembers where everything was
//! written, and read from there into the sections of a [`Problem`]. Whatever a lower floor finds
//! wrong later is looked up in the document again, and so has file, line and column.

mod check;
pub mod config;
mod defaults;
mod document;
mod json_tree;
mod keypath;
mod layout;
mod problem;
mod read;
mod record;
mod result;
mod set;
mod toml_tree;
mod wording;

pub use config::{
    CvConfig, FoldColumn, FoldFile, Folds, Metric, ModelConfig, PathConfig, PluginsConfig, Rule,
    ScreenConfig, SolverConfig,
};
pub use document::Document;
pub use keypath::{KeyPath, Step};
pub use problem::{Problem, SECTIONS};
pub use read::read_document;
pub use result::{
    CertificateRecord, Coefficients, CvRecord, DataRecord, Output, PointRecord, ResultFile,
};

#[cfg(test)]
mod tests;
