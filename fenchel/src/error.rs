//! The error of the roof: what is wrong, where, and what would have been right. Lower floors know
//! neither file nor line; what they report is given its place in [`crate::file::Document`].

use std::fmt;

/// An error as the user meets it. `Display` writes the whole report, over several lines.
#[derive(Debug)]
pub struct Error(Box<Report>);

#[derive(Debug)]
struct Report {
    fault: Fault,
    message: String,
    place: Option<Place>,
    help: Option<String>,
}

/// Who is at fault; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Command line, problem file or data.
    Input,
    /// A plugin.
    Plugin,
}

impl Fault {
    /// The exit code of the process: 2 for the input, 3 for a plugin.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Input => 2,
            Self::Plugin => 3,
        }
    }
}

/// Where in a file an error is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it, or the part of the command line.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column, from 1 in characters, or the name of a column of a table.
    pub column: Option<String>,
    /// The dotted path into a problem file.
    pub path: Option<String>,
    /// The line itself, with the part to underline.
    pub excerpt: Option<Excerpt>,
}

/// One line of a file with a part to underline, counted in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, without its end.
    pub text: String,
    /// First character to underline, from 0.
    pub start: usize,
    /// Number of characters to underline.
    pub width: usize,
}

impl Error {
    /// An error in the input, with no place yet.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Fault::Input, message)
    }

    /// An error of a plugin, with no place yet.
    pub fn plugin(message: impl Into<String>) -> Self {
        Self::new(Fault::Plugin, message)
    }

    fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self(Box::new(Report { fault, message: message.into(), place: None, help: None }))
    }

    /// The same error at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// The same error in a file, with neither line nor column.
    #[must_use]
    pub fn in_file(self, file: impl Into<String>) -> Self {
        self.at(Place { file: file.into(), ..Place::default() })
    }

    /// The same error with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The same error with the advice to use the nearest of the names that would have been right.
    #[must_use]
    pub fn nearest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match fenchel_core::nearest(name, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// What is wrong, in one line or a few.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where, if anywhere.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// Who is at fault.
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The exit code of the process: 2 for the input, 3 for a plugin.
    pub fn exit_code(&self) -> u8 {
        self.0.fault.exit_code()
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { message, place, help, .. } = &*self.0;
        write!(f, "error: {message}")?;
        let margin = place.as_ref().and_then(|p| p.line).map_or(1, |l| l.to_string().len());
        if let Some(place) = place {
            write!(f, "\n{:margin$}--> {place}", "")?;
            if let (Some(line), Some(excerpt)) = (place.line, &place.excerpt) {
                let (text, start) = excerpt.window();
                let marks = "^".repeat(excerpt.width.clamp(1, text.chars().count().max(1)));
                write!(f, "\n{:margin$} |\n{line} | {text}\n{:margin$} | ", "", "")?;
                write!(f, "{:start$}{marks}", "")?;
            }
        }
        match help {
            Some(help) => write!(f, "\n{:margin$}help: {help}", ""),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.column {
            Some(column) if column.bytes().all(|b| b.is_ascii_digit()) && self.line.is_some() => {
                write!(f, ":{column}")?;
            }
            Some(column) => write!(f, ", column \"{column}\"")?,
            None => {}
        }
        match &self.path {
            Some(path) if !path.is_empty() => write!(f, " at {path}"),
            _ => Ok(()),
        }
    }
}

impl Excerpt {
    /// Characters of a line that are shown at most.
    const WIDTH: usize = 100;

    /// The part of the line that is shown, and where the underlining begins in it. Tabs become
    /// single spaces, so that the marks stand below what they mark.
    fn window(&self) -> (String, usize) {
        let first = if self.start + self.width.min(20) > Self::WIDTH {
            self.start.saturating_sub(Self::WIDTH / 2)
        } else {
            0
        };
        let flat = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = self.text.chars().skip(first).take(Self::WIDTH).map(flat).collect();
        let start = self.start - first;
        (text, start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, start: usize, width: usize) -> Place {
        Place {
            file: "fit.toml".into(),
            line: Some(9),
            column: Some((start + 1).to_string()),
            path: Some("penalty.terms[1].lamda".into()),
            excerpt: Some(Excerpt { text: text.into(), start, width }),
        }
    }

    #[test]
    fn a_report_shows_the_line_and_underlines_the_culprit() {
        let error = Error::input("unknown field `lamda`, expected `lambda` or `weights`")
            .at(place("lamda = 0.1", 0, 5))
            .nearest("lamda", ["lambda", "weights"]);
        assert_eq!(
            error.to_string(),
            "error: unknown field `lamda`, expected `lambda` or `weights`\n \
             --> fit.toml:9:1 at penalty.terms[1].lamda\n  \
             |\n\
             9 | lamda = 0.1\n  \
             | ^^^^^\n \
             help: did you mean `lambda`?"
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_culprit() {
        let text = format!("{}lamda{}", " ".repeat(500), "x".repeat(500));
        let report = Error::input("wrong").at(place(&text, 500, 5)).to_string();
        let lines: Vec<&str> = report.lines().collect();
        let at = lines[3].find("lamda").unwrap();
        assert_eq!(lines[4].find("^^^^^"), Some(at));
        assert!(lines[3].len() < 120);
    }

    #[test]
    fn exit_codes_name_who_is_at_fault() {
        assert_eq!(Error::input("").exit_code(), 2);
        assert_eq!(Error::plugin("").exit_code(), 3);
    }
}
