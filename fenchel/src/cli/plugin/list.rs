//! `fenchel plugin list`: `fenchel list plugins` by another name.

use clap::Args;

use super::super::{Done, libraries};

/// The libraries that are trusted, and whether their files are still what was trusted
#[derive(Debug, Args)]
pub(in crate::cli) struct ListLibraries {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ListLibraries {
    pub(super) fn run(&self) -> Done {
        libraries::list(self.json, &[])
    }
}
