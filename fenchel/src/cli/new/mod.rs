//! `fenchel new`: the project of a plugin, ready to build.

mod name;
mod project;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Done, output};

/// Write the project of a plugin with one penalty or loss, ready to build, check and load
#[derive(Debug, Args)]
pub(super) struct New {
    /// What the plugin offers
    kind: What,
    /// The `type` that problem files name: lower-case letters, digits and underscores
    name: String,
    /// The language to write it in
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// The folder to create [default: NAME]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Penalty,
    Loss,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Rust,
    C,
}

impl New {
    pub(super) fn run(&self) -> Done {
        name::check(&self.name)?;
        let folder = self.output.clone().unwrap_or_else(|| PathBuf::from(&self.name));
        project::write(&folder, self.kind, self.lang, &self.name)?;
        output::print(&self.next_steps(&folder.display().to_string()))?;
        Ok(0)
    }

    fn next_steps(&self, folder: &str) -> String {
        let kind = self.kind.word();
        let (language, build, library) = match self.lang {
            Language::C => ("C", "make".to_string(), format!("lib{}.so", self.name)),
            Language::Rust => (
                "Rust",
                "cargo build --release --offline".to_string(),
                format!(
                    "target/release/{}{}{}",
                    std::env::consts::DLL_PREFIX,
                    self.name,
                    std::env::consts::DLL_SUFFIX
                ),
            ),
        };
        let steps = [
            (format!("cd {}", quoted(folder)), ""),
            (build, "build it"),
            (format!("fenchel plugin check {library}"), "try every law on it"),
            (format!("fenchel plugin trust {library}"), "after every build"),
            ("fenchel fit problem.toml".to_string(), ""),
        ];
        let width = steps.iter().map(|(step, _)| step.len()).max().unwrap_or(0);
        let mut text = format!("{folder}: a {kind} in {language}. Next:\n\n");
        for (step, note) in steps {
            let note = if note.is_empty() { String::new() } else { format!("  # {note}") };
            text.push_str(format!("    {step:width$}{note}").trim_end());
            text.push('\n');
        }
        text
    }
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) { path.into() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Penalty => "penalty",
            Self::Loss => "loss",
        }
    }
}

impl Language {
    fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::C => "c",
        }
    }
}
