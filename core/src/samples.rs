//! What a loss sees of the data besides the linear predictor: responses and sample weights.

use crate::Error;

/// Responses and weights of `n` samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    response: Response,
    weights: Option<Vec<f64>>,
    subject: Option<Vec<u32>>,
    n: usize,
}

/// The responses.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// One or several numeric columns, n x r, column by column.
    Numeric {
        /// The values.
        values: Vec<f64>,
        /// Number of columns, `r`.
        columns: usize,
    },
    /// Class numbers `0 .. labels.len()`; labels are in sorted order (numbers by value).
    Classes {
        /// Class of each sample.
        class: Vec<u32>,
        /// The labels as the data spells them.
        labels: Vec<String>,
    },
    /// Survival times with event indicators.
    Survival {
        /// Time of the event or of censoring.
        time: Vec<f64>,
        /// Whether the event was seen.
        event: Vec<bool>,
    },
    /// No response: the objective is of the data matrix alone.
    None {
        /// Number of samples.
        samples: usize,
    },
}

/// The kind of response that a loss reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseKind {
    /// One numeric column.
    Number,
    /// One or several numeric columns.
    Numbers,
    /// Exactly two labels.
    TwoClasses,
    /// Two or more labels.
    Classes,
    /// Times and events.
    Survival,
    /// None.
    Nothing,
}

impl Samples {
    /// Responses with optional weights, which are rescaled to mean 1.
    ///
    /// Errors: [`Error::Data`] with no samples, a negative or non-finite weight, or weights that
    /// are all zero; [`Error::Length`] unless there is one weight a sample.
    pub fn new(response: Response, weights: Option<Vec<f64>>) -> Result<Self, Error> {
        let n = response.samples();
        if n == 0 {
            return Err(Error::Data("there are no samples".into()));
        }
        let weights = weights.map(|w| normalized(w, n)).transpose()?;
        Ok(Self { response, weights, subject: None, n })
    }

    /// The same samples, with the subject (cluster) that each belongs to.
    ///
    /// Errors: [`Error::Length`] unless there is one subject a sample.
    pub fn with_subject(mut self, subject: Vec<u32>) -> Result<Self, Error> {
        Error::check_length("subject", subject.len(), self.n)?;
        self.subject = Some(subject);
        Ok(self)
    }

    /// Number of samples, `n`.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are none; never so.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The responses.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The weights, with mean 1, or `None` where all are 1.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Weight of sample `i`.
    #[inline]
    pub fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    /// The subject of each sample, where the data has one.
    pub fn subject(&self) -> Option<&[u32]> {
        self.subject.as_deref()
    }

    /// The samples `rows`, in that order, weights rescaled to mean 1 among them.
    ///
    /// Class labels are kept even where the subset has none of a class.
    pub fn select(&self, rows: &[usize]) -> Result<Self, Error> {
        let pick = |v: &[f64]| rows.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let response = match &self.response {
            Response::Numeric { values, columns } => Response::Numeric {
                values: values.chunks(self.n).flat_map(pick).collect(),
                columns: *columns,
            },
            Response::Classes { class, labels } => Response::Classes {
                class: rows.iter().map(|&i| class[i]).collect(),
                labels: labels.clone(),
            },
            Response::Survival { time, event } => Response::Survival {
                time: pick(time),
                event: rows.iter().map(|&i| event[i]).collect(),
            },
            Response::None { .. } => Response::None { samples: rows.len() },
        };
        let mut subset = Self::new(response, self.weights.as_deref().map(pick))?;
        subset.subject = self.subject.as_ref().map(|s| rows.iter().map(|&i| s[i]).collect());
        Ok(subset)
    }

    /// One numeric response column. Errors: [`Error::Unsupported`] on another kind of response.
    pub fn number(&self) -> Result<&[f64], Error> {
        match &self.response {
            Response::Numeric { values, columns: 1 } => Ok(values),
            other => Err(other.unfit("one numeric column")),
        }
    }

    /// Numeric response columns and their number. Errors: [`Error::Unsupported`] on another kind.
    pub fn numbers(&self) -> Result<(&[f64], usize), Error> {
        match &self.response {
            Response::Numeric { values, columns } => Ok((values, *columns)),
            other => Err(other.unfit("numeric columns")),
        }
    }

    /// Class numbers and labels. Errors: [`Error::Unsupported`] on another kind of response.
    pub fn classes(&self) -> Result<(&[u32], &[String]), Error> {
        match &self.response {
            Response::Classes { class, labels } => Ok((class, labels)),
            other => Err(other.unfit("class labels")),
        }
    }

    /// Class numbers 0 or 1.
    ///
    /// Errors: [`Error::Unsupported`] on another kind of response, [`Error::Data`] unless there are
    /// exactly two labels.
    pub fn two_classes(&self) -> Result<&[u32], Error> {
        let (class, labels) = self.classes()?;
        match labels.len() {
            2 => Ok(class),
            1 => Err(Error::Data(format!(
                "the response has one class only (\"{}\"): two are needed",
                labels[0]
            ))),
            many => Err(Error::Data(format!("the response has {many} classes: two are needed"))),
        }
    }

    /// That there is no response. Errors: [`Error::Unsupported`] where there is one.
    pub fn nothing(&self) -> Result<(), Error> {
        match &self.response {
            Response::None { .. } => Ok(()),
            other => Err(other.unfit("no response")),
        }
    }

    /// Times and events. Errors: [`Error::Unsupported`] on another kind of response.
    pub fn survival(&self) -> Result<(&[f64], &[bool]), Error> {
        match &self.response {
            Response::Survival { time, event } => Ok((time, event)),
            other => Err(other.unfit("{ time, event } columns")),
        }
    }
}

impl Response {
    /// Number of samples.
    pub fn samples(&self) -> usize {
        match self {
            Self::Numeric { values, columns } => values.len() / (*columns).max(1),
            Self::Classes { class, .. } => class.len(),
            Self::Survival { time, .. } => time.len(),
            Self::None { samples } => *samples,
        }
    }

    fn unfit(&self, expected: &str) -> Error {
        let got = match self {
            Self::Numeric { columns, .. } => format!("{columns} numeric column(s)"),
            Self::Classes { labels, .. } => format!("labels of {} classes", labels.len()),
            Self::Survival { .. } => "times and events".into(),
            Self::None { .. } => "no response".into(),
        };
        Error::Unsupported(format!("the loss reads {expected}, but the data has {got}"))
    }
}

fn normalized(mut weights: Vec<f64>, n: usize) -> Result<Vec<f64>, Error> {
    Error::check_length("weights", weights.len(), n)?;
    if let Some(i) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(Error::Domain {
            what: "weight",
            sample: i,
            got: weights[i],
            expected: "finite and at least 0".into(),
        });
    }
    let total: f64 = weights.iter().sum();
    if total == 0.0 {
        return Err(Error::Data("all sample weights are 0".into()));
    }
    // Weights that were rescaled before keep their bits: only rounding is left of the difference.
    if (total - n as f64).abs() > (n as f64) * (n as f64) * f64::EPSILON {
        weights.iter_mut().for_each(|w| *w *= n as f64 / total);
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_were_rescaled_once_keep_their_bits() {
        let rescaled = |weights: &[f64]| {
            let response = Response::None { samples: weights.len() };
            Samples::new(response, Some(weights.to_vec())).unwrap().weights().unwrap().to_vec()
        };
        assert_eq!(rescaled(&[1.0, 3.0]), [0.5, 1.5]);
        let many: Vec<f64> = (0..1001).map(|i| 0.1 + f64::from(i * 7 % 13)).collect();
        for n in [1, 3, 10, 1001] {
            let once = rescaled(&many[..n]);
            assert_eq!(rescaled(&once), once);
        }
    }
}
