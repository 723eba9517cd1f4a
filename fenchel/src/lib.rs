//! Loss plus penalty problems, composed at run time.
//!
//! | subject | module |
//! |---|---|
//! | problem and result files | [`mod@file`] |
//! | data files | [`data`] |
//! | names of losses, penalties and solvers | [`registry`] |
//! | features chosen before the fit | [`screen`] |
//! | one fit, a path, a cross-validated path | [`drive`] |
//! | libraries that bring types of their own | [`mod@plugins`] |
//! | the command line | [`cli`] |
//! | memory in large pages, for programs with large designs | [`pages`] |

pub mod auto;
pub mod cli;
pub mod data;
pub mod drive;
mod error;
pub mod file;
pub mod pages;
pub mod plugins;
pub mod registry;
pub mod screen;

pub use error::{Error, Excerpt, Fault, Place};
pub use fenchel_core as core;
pub use fenchel_solvers as solvers;

/// Names every family, so that it is linked and its types register.
mod families {
    include!(concat!(env!("OUT_DIR"), "/families.rs"));
}
