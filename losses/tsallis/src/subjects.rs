//! Samples by subject, with the columns of their random effects.

use std::collections::BTreeMap;

use fenchel_core::{Column, Design, Error, Samples};

/// What a bound loss keeps of the data. A subject without weight is left out.
#[derive(Debug)]
pub(crate) struct Subjects {
    /// Sample numbers, subject by subject.
    pub order: Vec<usize>,
    /// Where each subject begins in `order`, and the end.
    pub starts: Vec<usize>,
    /// Weight of each subject's samples.
    pub weight: Vec<f64>,
    /// Number of samples, which is the sum of the weights.
    pub samples: usize,
    /// Responses, sample by sample.
    pub y: Vec<f64>,
    /// Number of random effects of a subject, `k`.
    pub effects: usize,
    /// `Z_g` of each subject, n_g x k, column by column, at `k starts[g]`.
    pub z: Vec<f64>,
    /// `Z_g'Z_g`, k x k.
    pub zz: Vec<f64>,
    /// What each column of `Z` was divided by: its root mean square.
    pub scales: Vec<f64>,
    /// The numbers of samples that subjects have, each once, and the place of each subject's.
    pub sizes: Vec<usize>,
    pub size_of: Vec<usize>,
    /// The standard deviation of the responses about their mean, or a stand-in where that is 0.
    pub spread: f64,
}

/// The column of a random effect: of ones, or of the data as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EffectColumn {
    Ones,
    Feature(usize),
}

impl Subjects {
    /// Groups the samples, each by itself unless `together`.
    ///
    /// Errors: responses or columns that are not finite; no subject where effects need one; weights
    /// that differ inside a subject.
    pub fn new(
        samples: &Samples,
        design: &Design,
        effects: &[EffectColumn],
        together: bool,
    ) -> Result<Self, Error> {
        let (y, n) = (samples.number()?, samples.len());
        fenchel_core::elementwise::check_responses(y, n, |_| true, "a finite number")?;
        let groups: Vec<Vec<usize>> = match samples.subject().filter(|_| together) {
            Some(subject) => {
                let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
                subject
                    .iter()
                    .enumerate()
                    .for_each(|(i, s)| members.entry(*s).or_default().push(i));
                members.into_values().collect()
            }
            None if effects.is_empty() => (0..n).map(|i| vec![i]).collect(),
            None => {
                let message = "random effects need to know whose each sample is: name the column \
                               by `subject` in [data]";
                return Err(Error::Unsupported(message.into()).at("random"));
            }
        };
        let columns = columns(design, effects)?;
        let scale = |z: &Vec<f64>| {
            let square = |(i, z): (usize, &f64)| samples.weight(i) * z * z;
            let mean = z.iter().enumerate().map(square).sum::<f64>() / n as f64;
            if mean > 0.0 && mean.is_finite() { mean.sqrt() } else { 1.0 }
        };
        let mut subjects = Self {
            order: Vec::with_capacity(n),
            starts: vec![0],
            weight: Vec::new(),
            samples: n,
            y: y.to_vec(),
            effects: effects.len(),
            z: Vec::new(),
            zz: Vec::new(),
            scales: columns.iter().map(scale).collect(),
            sizes: Vec::new(),
            size_of: Vec::new(),
            spread: deviation(y, samples),
        };
        groups.iter().try_for_each(|members| subjects.push(members, samples, &columns))?;
        Ok(subjects)
    }

    fn push(
        &mut self,
        members: &[usize],
        samples: &Samples,
        columns: &[Vec<f64>],
    ) -> Result<(), Error> {
        let weight = samples.weight(members[0]);
        if let Some(other) = members.iter().find(|&&i| samples.weight(i) != weight) {
            return Err(Error::Unsupported(format!(
                "samples {} and {other} are of one subject and have different weights: samples \
                 that depend on each other are counted together, so weights have to be the same \
                 within a subject",
                members[0]
            )));
        }
        if weight == 0.0 {
            return Ok(());
        }
        let from = self.z.len();
        for (column, scale) in columns.iter().zip(&self.scales) {
            self.z.extend(members.iter().map(|&i| column[i] / scale));
        }
        for a in 0..columns.len() {
            for b in 0..columns.len() {
                let column = |c: usize| &self.z[from + c * members.len()..][..members.len()];
                self.zz.push(fenchel_core::kernels::dot(column(a), column(b)));
            }
        }
        self.order.extend(members);
        self.starts.push(self.order.len());
        self.weight.push(weight);
        let place = self.sizes.iter().position(|size| *size == members.len());
        self.size_of.push(place.unwrap_or(self.sizes.len()));
        if place.is_none() {
            self.sizes.push(members.len());
        }
        Ok(())
    }

    /// Number of subjects.
    pub fn len(&self) -> usize {
        self.weight.len()
    }

    /// The sample numbers of a subject.
    pub fn members(&self, g: usize) -> &[usize] {
        &self.order[self.starts[g]..self.starts[g + 1]]
    }

    /// `Z_g`, column by column.
    pub fn z(&self, g: usize) -> &[f64] {
        &self.z[self.effects * self.starts[g]..self.effects * self.starts[g + 1]]
    }

    /// `Z_g'Z_g`.
    pub fn zz(&self, g: usize) -> &[f64] {
        let square = self.effects * self.effects;
        &self.zz[square * g..square * (g + 1)]
    }
}

fn columns(design: &Design, effects: &[EffectColumn]) -> Result<Vec<Vec<f64>>, Error> {
    let n = design.samples();
    let column = |effect: &EffectColumn| match *effect {
        EffectColumn::Ones => Ok(vec![1.0; n]),
        EffectColumn::Feature(j) if j >= design.features() => Err(Error::parameter(
            "random",
            format!("features below {}, as indices count from 0", design.features()),
            j,
        )),
        EffectColumn::Feature(j) => {
            let mut values = vec![0.0; n];
            match design.stored_column(j) {
                Column::Dense(dense) => values.copy_from_slice(dense),
                Column::Sparse(indices, stored) => {
                    indices.iter().zip(stored).for_each(|(i, v)| values[i] = *v);
                }
            }
            match values.iter().position(|v| !v.is_finite()) {
                Some(i) => Err(Error::Data(format!(
                    "feature {j} has a random effect and is {} at sample {i}",
                    values[i]
                ))),
                None => Ok(values),
            }
        }
    };
    effects.iter().map(column).collect()
}

fn deviation(y: &[f64], samples: &Samples) -> f64 {
    let n = y.len() as f64;
    let mean = |of: &dyn Fn(f64) -> f64| {
        y.iter().enumerate().map(|(i, y)| samples.weight(i) * of(*y)).sum::<f64>() / n
    };
    let centre = mean(&|y| y);
    let deviation = mean(&|y| (y - centre) * (y - centre)).sqrt();
    // Responses that are all the same have a size, or else none.
    let usable = |x: &f64| x.is_normal() && *x > 1e-12 * centre.abs();
    [deviation, centre.abs()].into_iter().find(usable).unwrap_or(1.0)
}
