//! The `fenchel` command.

use std::process::ExitCode;

use fenchel::pages::{self, LargePages};

#[global_allocator]
static ALLOCATOR: LargePages = LargePages;

fn main() -> ExitCode {
    pages::give_back();
    fenchel::cli::run()
}
