//! `fenchel plugin`: looking at a library, and trusting it.

mod check;
mod trust;

use clap::{Args, Subcommand};

use super::Done;

/// Check a library, or trust it
#[derive(Debug, Args)]
pub(super) struct PluginCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Check(check::Check),
    Trust(trust::TrustLibrary),
}

impl PluginCommand {
    pub(super) fn run(&self) -> Done {
        match &self.action {
            Action::Check(command) => command.run(),
            Action::Trust(command) => command.run(),
        }
    }
}
