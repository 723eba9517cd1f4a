//! The `fenchel` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    fenchel::cli::run()
}
