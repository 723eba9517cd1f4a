//! The `fenchel` command.

use std::process::ExitCode;

use fenchel::pages::LargePages;

#[global_allocator]
static ALLOCATOR: LargePages = LargePages;

fn main() -> ExitCode {
    fenchel::cli::run()
}
