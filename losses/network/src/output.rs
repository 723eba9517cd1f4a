//! What the last units are compared with: classes, or numbers.

use fenchel_core::{Error, Samples};

/// The loss of the last layer's sums `eta`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// Classes: `log sum_k exp(eta_k) - eta_y`.
    #[default]
    Softmax,
    /// Numbers: `1/2 sum_k (y_k - eta_k)^2`.
    Linear,
}

/// The responses, with the shares `w_i / n` of the samples.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    shares: Vec<f64>,
    truth: Truth,
}

#[derive(Debug, Clone)]
enum Truth {
    Classes(Vec<u32>, usize),
    /// n x K, column by column.
    Numbers(Vec<f64>, usize),
}

impl Target {
    /// Errors: another kind of response; fewer than two classes, a label that is a number but not
    /// whole; a number that is not finite.
    pub(crate) fn new(output: Output, samples: &Samples) -> Result<Self, Error> {
        let n = samples.len();
        let truth = match output {
            Output::Softmax => {
                let (class, labels) = samples.classes()?;
                let fraction = |l: &&String| l.parse::<f64>().is_ok_and(|x| x.fract() != 0.0);
                if let Some(label) = labels.iter().find(fraction) {
                    return Err(Error::Data(format!(
                        "the response {label} is no class label: expected whole numbers or text, or \
                         `output = \"linear\"` for numbers"
                    )));
                }
                if labels.len() < 2 {
                    return Err(Error::Data("the response has one class only".into()));
                }
                Truth::Classes(class.to_vec(), labels.len())
            }
            Output::Linear => {
                let (values, columns) = samples.numbers()?;
                fenchel_core::elementwise::check_responses(values, n, |_| true, "a finite number")?;
                Truth::Numbers(values.to_vec(), columns)
            }
        };
        let shares = (0..n).map(|i| samples.weight(i) / n as f64).collect();
        Ok(Self { shares, truth })
    }

    pub(crate) fn samples(&self) -> usize {
        self.shares.len()
    }

    /// Number of units of the last layer, K.
    pub(crate) fn columns(&self) -> usize {
        match &self.truth {
            Truth::Classes(_, columns) | Truth::Numbers(_, columns) => *columns,
        }
    }

    /// The first class that no sample of positive weight is in.
    pub(crate) fn absent(&self) -> Option<usize> {
        let Truth::Classes(class, count) = &self.truth else { return None };
        let mut weights = vec![0.0; *count];
        class.iter().zip(&self.shares).for_each(|(c, share)| weights[*c as usize] += share);
        weights.iter().position(|weight| *weight == 0.0)
    }

    /// `share l(y, eta)` of sample `i`; `eta` becomes its derivative, times `share`. A sample without
    /// weight does not count.
    pub(crate) fn term(&self, i: usize, eta: &mut [f64]) -> f64 {
        let share = self.shares[i];
        if share == 0.0 {
            eta.fill(0.0);
            return 0.0;
        }
        match &self.truth {
            Truth::Classes(class, _) => {
                let y = class[i] as usize;
                let own = eta[y];
                let log_sum = softmax(eta);
                eta[y] -= 1.0;
                eta.iter_mut().for_each(|e| *e *= share);
                share * (log_sum - own)
            }
            Truth::Numbers(y, _) => {
                let n = self.shares.len();
                let mut square = 0.0;
                for (k, e) in eta.iter_mut().enumerate() {
                    let rest = *e - y[i + k * n];
                    square += rest * rest;
                    *e = share * rest;
                }
                0.5 * share * square
            }
        }
    }
}

/// `eta <- exp(eta) / sum exp(eta)`; returns `log sum exp(eta)`.
pub(crate) fn softmax(eta: &mut [f64]) -> f64 {
    let top = eta.iter().fold(f64::NEG_INFINITY, |top, e| top.max(*e));
    let mut sum = 0.0;
    for e in eta.iter_mut() {
        *e = (*e - top).exp();
        sum += *e;
    }
    eta.iter_mut().for_each(|e| *e /= sum);
    top + sum.ln()
}

/// Twice the mean of the loss less that of a saturated model; `eta` is n x K, column by column.
///
/// Errors: as [`Target::new`]; another number of predictors than samples and columns.
pub(crate) fn deviance(output: Output, eta: &[f64], samples: &Samples) -> Result<f64, Error> {
    let target = Target::new(output, samples)?;
    let (n, columns) = (samples.len(), target.columns());
    Error::check_length("predictor", eta.len(), n * columns)?;
    let mut row = vec![0.0; columns];
    let mut total = 0.0;
    for i in 0..n {
        row.iter_mut().enumerate().for_each(|(k, e)| *e = eta[i + k * n]);
        total += target.term(i, &mut row);
    }
    Ok(2.0 * total)
}
