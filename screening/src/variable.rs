//! A column as the estimators see it.

use fenchel_core::Error;

use crate::density::{Axis, Profiles, close_gaps};
use crate::joint::Work;
use crate::settings::{Method, Settings};
use crate::spread::Spread;
use crate::{bins, conditional, joint};

/// Distinct values up to which numbers may be classes.
const MOST_CLASSES: usize = 10;

/// Samples a value, on average, from which they are.
const SAMPLES_A_CLASS: usize = 5;

/// The smallest `1 - r^2`, so that an exact relation has a finite score.
const LEAST: f64 = f64::EPSILON;

/// A column, prepared once.
#[derive(Debug)]
pub(crate) enum Variable {
    /// One value only: it says nothing.
    Constant,
    /// Class or bin numbers and how many there are.
    Classes(Vec<u32>, usize),
    /// Numbers with the axis of their density, and the kernel around each where many others are
    /// compared with them.
    Numbers(Vec<f64>, Axis, Option<Profiles>),
    /// Deviations from the mean, of length 1.
    Direction(Vec<f64>),
}

impl Variable {
    /// Of finite values, at least two. At most ten distinct values, with five samples each on average,
    /// are classes.
    pub fn new(values: &[f64], settings: &Settings) -> Self {
        let mut sorted = Vec::with_capacity(values.len());
        let spread = Spread::of(values.iter().copied(), &mut sorted);
        if spread.distinct == 1 {
            return Self::Constant;
        }
        if settings.method == Method::Pearson {
            return Self::direction(values, &spread);
        }
        if spread.distinct <= MOST_CLASSES && spread.distinct * SAMPLES_A_CLASS <= values.len() {
            sorted.dedup();
            let code = |x: &f64| sorted.partition_point(|value| value < x) as u32;
            return Self::Classes(values.iter().map(code).collect(), sorted.len());
        }
        match settings.method {
            Method::Binning => {
                let (codes, count) = bins::choose(values, spread.low, spread.high);
                Self::Classes(codes, count)
            }
            _ => {
                // In units of the spread, so that no magnitude overflows.
                let unit = if spread.scale.is_normal() { spread.scale } else { 1.0 };
                let low = spread.low;
                let mut scaled: Vec<f64> = values.iter().map(|x| (x - low) / unit).collect();
                sorted.iter_mut().for_each(|x| *x = (*x - low) / unit);
                let width = settings.width(spread.scale / unit, values.len());
                let high = close_gaps(&mut scaled, &sorted, settings.kernel, width);
                Self::Numbers(scaled, Axis::fitting(settings.kernel, high, width), None)
            }
        }
    }

    /// Of class numbers. Errors: [`Error::Data`] for more than two under [`Method::Pearson`].
    pub fn of_classes(classes: &[u32], settings: &Settings) -> Result<Self, Error> {
        let mut known: Vec<u32> = classes.to_vec();
        known.sort_unstable();
        known.dedup();
        if known.len() == 1 {
            return Ok(Self::Constant);
        }
        let code = |c: &u32| known.partition_point(|k| k < c) as u32;
        let codes: Vec<u32> = classes.iter().map(code).collect();
        if settings.method != Method::Pearson {
            return Ok(Self::Classes(codes, known.len()));
        }
        if known.len() > 2 {
            return Err(Error::Data(format!(
                "correlation is with numbers or two classes, and the response has {}: take \"kde\" \
                 or \"binning\"",
                known.len()
            )));
        }
        let numbers: Vec<f64> = codes.iter().map(|c| f64::from(*c)).collect();
        let spread = Spread::of(numbers.iter().copied(), &mut Vec::new());
        Ok(Self::direction(&numbers, &spread))
    }

    fn direction(values: &[f64], spread: &Spread) -> Self {
        // Scaled first, so that no square overflows.
        let size = spread.high.abs().max(spread.low.abs());
        let n = values.len() as f64;
        let mean = values.iter().map(|x| x / size / n).sum::<f64>();
        let deviations: Vec<f64> = values.iter().map(|x| x / size - mean).collect();
        let length = fenchel_core::kernels::norm2(&deviations);
        if length == 0.0 {
            return Self::Constant;
        }
        Self::Direction(deviations.into_iter().map(|d| d / length).collect())
    }

    /// The same, made ready for many partners.
    pub fn shared(self) -> Self {
        match self {
            Self::Numbers(values, axis, _) => {
                let profiles = Profiles::new(&values, &axis);
                Self::Numbers(values, axis, profiles)
            }
            other => other,
        }
    }

    /// The mutual information with another column of the same samples, in nats.
    pub fn information(&self, other: &Self, settings: &Settings, work: &mut Work) -> f64 {
        match (self, other) {
            (Self::Numbers(a, along_a, _), Self::Numbers(b, along_b, profiles)) => {
                joint::information((a, along_a), (b, along_b), profiles.as_ref(), work)
            }
            (Self::Numbers(x, ..), Self::Classes(c, count))
            | (Self::Classes(c, count), Self::Numbers(x, ..)) => {
                conditional::information(x, c, *count, settings, work)
            }
            (Self::Classes(a, count_a), Self::Classes(b, count_b)) => {
                bins::information((a, *count_a), (b, *count_b))
            }
            (Self::Direction(a), Self::Direction(b)) => {
                let r = fenchel_core::kernels::dot(a, b);
                -0.5 * (1.0 - r * r).max(LEAST).ln()
            }
            // A constant, as all columns are prepared for one method.
            _ => 0.0,
        }
    }
}
