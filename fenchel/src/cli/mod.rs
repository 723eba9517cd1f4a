//! The command line: one file a command. Everything that a command prints goes through
//! `output`, everything that can go wrong comes back as an [`Error`].

mod capabilities;
mod catalogue;
mod check;
mod describe;
mod ending;
mod fit;
mod graph;
mod interrupt;
mod job;
mod libraries;
mod list;
mod new;
mod options;
mod output;
mod plugin;
mod predict;
mod progress;
mod schema;
mod screen;
mod serve;
mod summary;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::Error;
use crate::plugins::SERVER;

/// Minimise loss + penalty, composed at run time.
#[derive(Debug, Parser)]
#[command(name = "fenchel", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 solved to tolerance; 1 stopped before (iteration or time limit); 2 the input is at
fault; 3 a plugin is at fault; 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    Fit(fit::Fit),
    Check(check::Check),
    Plugin(plugin::PluginCommand),
    Predict(predict::Predict),
    Graph(graph::Graph),
    Screen(screen::Screen),
    List(list::List),
    Describe(describe::Describe),
    Schema(schema::SchemaCommand),
    New(new::New),
    /// A plugin's own process
    #[command(name = SERVER, hide = true)]
    Serve,
}

/// Parses the command line, runs the command, and tells how it went.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are "errors" of clap's too, with exit code 0. A closed pipe is
            // nobody's fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match &cli.command {
        Command::Fit(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Plugin(command) => command.run(),
        Command::Predict(command) => command.run(),
        Command::Graph(command) => command.run(),
        Command::Screen(command) => command.run(),
        Command::List(command) => command.run(),
        Command::Describe(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::New(command) => command.run(),
        Command::Serve => serve::run(),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// How a command ends: an exit code, or an error that has one.
type Done = Result<u8, Error>;
