//! The one error of this floor. Data travels in fields; the text is made once, in `Display`; the
//! roof adds the file, the line and the nearest valid name.

/// What can be wrong with parameters, shapes, data and combinations.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside its bounds.
    #[error("`{name}` must be {expected}, got {got}")]
    Parameter {
        /// The parameter's name, as the problem file spells it.
        name: String,
        /// What would have been right.
        expected: String,
        /// What was there.
        got: String,
    },
    /// A list has the wrong length.
    #[error("`{name}` has length {got}, expected {expected}")]
    Length {
        /// What has the wrong length.
        name: String,
        /// Its length.
        got: usize,
        /// The length that would have been right.
        expected: usize,
    },
    /// A name (of a feature, a penalty, a loss, a solver) that nobody knows.
    #[error("unknown {kind} \"{name}\"{}", suggestion(.name, .known))]
    Unknown {
        /// What was looked for: `feature`, `penalty`, `loss`, `solver`.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// Every name that would have been right.
        known: Vec<String>,
    },
    /// A response value outside the domain of the loss.
    #[error(
        "{what} {got} at sample {sample} is outside the domain of the loss: expected {expected}"
    )]
    Domain {
        /// What is outside, for example `response`.
        what: &'static str,
        /// Zero-based number of the sample.
        sample: usize,
        /// The value.
        got: f64,
        /// What would have been right.
        expected: String,
    },
    /// A column of the design that the loss cannot take.
    #[error("feature {} {fault}", .feature + 1)]
    Feature {
        /// Zero-based number of the column.
        feature: usize,
        /// What is wrong with it, to be read after its name.
        fault: String,
    },
    /// Data that cannot be fitted at all, for example one class only.
    #[error("{0}")]
    Data(String),
    /// The pieces of a problem do not fit together.
    #[error("{0}")]
    Unsupported(String),
    /// An error further down the problem file.
    #[error("{source}")]
    At {
        /// The key below the current table, for example `terms[1]`.
        path: String,
        /// The error there.
        source: Box<Error>,
    },
    /// A specification that could not be read: unknown key, wrong type, missing key.
    #[error("{message}")]
    Spec {
        /// The reader's own words.
        message: String,
    },
}

/// `: did you mean "x"?`, or nothing where no known name is near.
fn suggestion(name: &str, known: &[String]) -> String {
    nearest(name, known.iter().map(String::as_str))
        .map(|near| format!(": did you mean \"{near}\"?"))
        .unwrap_or_default()
}

/// The known name nearest to `name` by edit distance, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

impl Error {
    /// Wraps the error with the key under which it happened.
    pub fn at(self, path: impl Into<String>) -> Self {
        Self::At { path: path.into(), source: Box::new(self) }
    }

    /// The error below all [`Error::At`] layers.
    pub fn innermost(&self) -> &Self {
        match self {
            Self::At { source, .. } => source.innermost(),
            other => other,
        }
    }

    /// A parameter out of bounds.
    pub fn parameter(name: &str, expected: impl Into<String>, got: impl ToString) -> Self {
        Self::Parameter { name: name.into(), expected: expected.into(), got: got.to_string() }
    }

    /// `value` if it is finite and at least 0.
    pub fn check_non_negative(name: &str, value: f64) -> Result<f64, Self> {
        if value.is_finite() && value >= 0.0 {
            Ok(value)
        } else {
            Err(Self::parameter(name, "finite and at least 0", value))
        }
    }

    /// `value` if it is finite and greater than `bound`.
    pub fn check_above(name: &str, value: f64, bound: f64) -> Result<f64, Self> {
        if value.is_finite() && value > bound {
            Ok(value)
        } else {
            Err(Self::parameter(name, format!("finite and greater than {bound}"), value))
        }
    }

    /// `value` if it lies in `[0, 1]`.
    pub fn check_fraction(name: &str, value: f64) -> Result<f64, Self> {
        if (0.0..=1.0).contains(&value) {
            Ok(value)
        } else {
            Err(Self::parameter(name, "between 0 and 1", value))
        }
    }

    /// Unit if `got == expected`.
    pub fn check_length(name: &str, got: usize, expected: usize) -> Result<(), Self> {
        if got == expected {
            Ok(())
        } else {
            Err(Self::Length { name: name.into(), got, expected })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        let error = Error::Unknown {
            kind: "penalty",
            name: "fussed".into(),
            known: vec!["l1".into(), "fused".into(), "scad".into()],
        };
        assert_eq!(error.to_string(), "unknown penalty \"fussed\": did you mean \"fused\"?");
    }

    #[test]
    fn a_name_that_is_far_from_all_gets_no_suggestion() {
        assert_eq!(nearest("zzzzzz", ["l1", "fused"]), None);
    }
}
