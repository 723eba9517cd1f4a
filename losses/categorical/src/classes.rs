//! Class labels as both losses read them.

use fenchel_core::{Error, Samples};

/// Classes and shares `w_i / n` of the samples.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    /// Class number of each sample.
    pub class: Vec<u32>,
    /// `w_i / n`.
    pub shares: Vec<f64>,
    /// Number of classes.
    pub count: usize,
    /// The share of each class.
    pub weights: Vec<f64>,
}

impl Classes {
    /// The classes of the samples, whether or not each occurs.
    ///
    /// Errors: [`Error::Unsupported`] on another kind of response; [`Error::Data`] with fewer than
    /// `fewest` classes, or where a label is a number that is not whole.
    pub fn new(samples: &Samples, fewest: usize) -> Result<Self, Error> {
        let (class, labels) = samples.classes()?;
        let fraction = |label: &&String| label.parse::<f64>().is_ok_and(|x| x.fract() != 0.0);
        if let Some(label) = labels.iter().find(fraction) {
            return Err(Error::Data(format!(
                "the response {label} is no class label: expected whole numbers or text"
            )));
        }
        if labels.len() < fewest {
            return Err(Error::Data(match labels {
                [one] => format!(
                    "the response has one class only (\"{one}\"): at least {fewest} are needed"
                ),
                _ => format!(
                    "the response has {} classes: at least {fewest} are needed",
                    labels.len()
                ),
            }));
        }
        let n = samples.len();
        let shares: Vec<f64> = (0..n).map(|i| samples.weight(i) / n as f64).collect();
        let mut weights = vec![0.0; labels.len()];
        class.iter().zip(&shares).for_each(|(c, share)| weights[*c as usize] += share);
        Ok(Self { class: class.to_vec(), shares, count: labels.len(), weights })
    }

    /// The same, for a fit: each class has to occur.
    ///
    /// Errors: as [`Classes::new`]; [`Error::Data`] where no sample of positive weight is in a class.
    pub fn observed(samples: &Samples, fewest: usize) -> Result<Self, Error> {
        let classes = Self::new(samples, fewest)?;
        match classes.weights.iter().position(|weight| *weight == 0.0) {
            None => Ok(classes),
            Some(absent) => {
                let label = &samples.classes()?.1[absent];
                Err(Error::Data(format!(
                    "no sample to fit is in class \"{label}\": every class is needed"
                )))
            }
        }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.class.len()
    }
}

/// The number of the largest of n x K numbers in each row, the first among equals.
pub(crate) fn largest(values: &[f64], columns: usize) -> Vec<u32> {
    let n = values.len() / columns.max(1);
    let best = |i: usize| {
        (1..columns)
            .fold(0, |best, k| if values[i + n * k] > values[i + n * best] { k } else { best })
    };
    (0..n).map(|i| best(i) as u32).collect()
}

#[cfg(test)]
mod tests {
    use fenchel_core::Response;

    use super::*;

    fn samples(class: &[u32], labels: &[&str], weights: Option<Vec<f64>>) -> Samples {
        let labels = labels.iter().map(ToString::to_string).collect();
        Samples::new(Response::Classes { class: class.to_vec(), labels }, weights).unwrap()
    }

    #[test]
    fn labels_that_cannot_be_fitted_are_refused() {
        let refusal =
            |samples: &Samples, fewest| Classes::observed(samples, fewest).unwrap_err().to_string();
        let fraction = refusal(&samples(&[0, 1], &["0.5", "1"], None), 2);
        assert!(fraction.contains("0.5 is no class label"), "{fraction}");
        let one = refusal(&samples(&[0, 0], &["a"], None), 2);
        assert!(one.contains("one class only (\"a\")"), "{one}");
        let two = refusal(&samples(&[0, 1], &["1", "2"], None), 3);
        assert!(two.contains("2 classes: at least 3"), "{two}");
        let absent = refusal(&samples(&[0, 2, 1], &["a", "b", "c"], Some(vec![1.0, 1.0, 0.0])), 3);
        assert!(absent.contains("in class \"b\""), "{absent}");
    }

    #[test]
    fn shares_are_those_of_the_weights() {
        let classes =
            Classes::observed(&samples(&[0, 1, 1], &["a", "1"], Some(vec![2.0, 1.0, 1.0])), 2);
        assert_eq!(classes.unwrap().weights, [0.5, 0.5]);
    }

    #[test]
    fn the_largest_column_wins_and_the_first_among_equals() {
        assert_eq!(largest(&[1.0, 5.0, 3.0, 5.0, 2.0, 4.0], 3), [1, 0]);
    }
}
