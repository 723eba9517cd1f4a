//! Dotted paths into problem files, such as `penalty.terms[1].lambda`.

use std::fmt;

/// A path into a problem file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPath(Vec<Step>);

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a table.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

impl KeyPath {
    /// Reads `a.b[1].c`; keys that hold dots or brackets stand in double quotes.
    ///
    /// Errors: an empty key, a bracket that is not closed or holds no number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            if let Some(tail) = rest.strip_prefix('[') {
                let (inside, tail) =
                    tail.split_once(']').ok_or_else(|| format!("`{text}`: `[` is not closed"))?;
                let index = inside.parse().map_err(|_| {
                    format!("`{text}`: an index in brackets is a whole number, got `{inside}`")
                })?;
                steps.push(Step::Index(index));
                rest = tail;
            } else {
                let (key, tail) = match rest.strip_prefix('"') {
                    Some(quoted) => quoted
                        .split_once('"')
                        .ok_or_else(|| format!("`{text}`: a quote is not closed"))?,
                    None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
                };
                if key.is_empty() {
                    return Err(format!("`{text}` has an empty key"));
                }
                steps.push(Step::Key(key.into()));
                rest = tail;
            }
            if rest.is_empty() {
                return Ok(Self(steps));
            }
            if let Some(tail) = rest.strip_prefix('.') {
                if tail.is_empty() || tail.starts_with('[') {
                    return Err(format!("`{text}` has an empty key"));
                }
                rest = tail;
            } else if !rest.starts_with('[') {
                return Err(format!("`{text}`: expected `.` or `[` before `{rest}`"));
            }
        }
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path with one more key.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        let mut longer = self.clone();
        longer.0.push(Step::Key(key.into()));
        longer
    }

    /// The path with one more index.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut longer = self.clone();
        longer.0.push(Step::Index(index));
        longer
    }

    /// The path followed by another.
    #[must_use]
    pub fn join(&self, tail: &Self) -> Self {
        Self(self.0.iter().chain(&tail.0).cloned().collect())
    }
}

impl From<&str> for KeyPath {
    /// The path itself where it can be read as one, else a single key.
    fn from(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self(vec![Step::Key(text.into())]))
    }
}

impl From<&serde_path_to_error::Path> for KeyPath {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment;
        Self(
            path.iter()
                .filter_map(|segment| match segment {
                    Segment::Seq { index } => Some(Step::Index(*index)),
                    Segment::Map { key } => Some(Step::Key(key.clone())),
                    Segment::Enum { .. } | Segment::Unknown => None,
                })
                .collect(),
        )
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    let dot = if i == 0 { "" } else { "." };
                    let quote = if key.contains(['.', '[', ']']) { "\"" } else { "" };
                    write!(f, "{dot}{quote}{key}{quote}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_it_is_written() {
        for text in ["a", "penalty.terms[1].lambda", "[0][1]", "a[0].b", "a.\"x.y\".c"] {
            assert_eq!(KeyPath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_paths_are_refused() {
        for text in ["", ".a", "a.", "a..b", "a[", "a[x]", "a[1]b", "a.[1]", "\"a"] {
            assert!(KeyPath::parse(text).is_err(), "{text}");
        }
    }
}
