//! The loss's own parameters and what they stand for: the scale sigma, the shape `kappa = 1/m`, and
//! the factor `L` of the random effects' covariance ratios `L L'`.
//!
//! Each is smooth and free, and an estimate at a bound is an ordinary stationary point: sigma enters
//! by its logarithm, L as it is, and kappa as `lo + (hi - lo) sin^2`. All are in the unit of the
//! responses, as coefficients are: then a problem in other units has the same relative certificates
//! and is no harder, and no parameter is much stiffer than the rest.

use fenchel_core::OwnReport;

use crate::subjects::Subjects;

/// The bounds of `kappa` where it is estimated: m between 0.1 and 1e4.
const LEAST_KAPPA: f64 = 1e-4;
const MOST_KAPPA: f64 = 10.0;

/// Distance to a bound of kappa, relative to it, that counts as having reached it.
const AT_BOUND: f64 = 1e-3;

/// `kappa` at the start, and the diagonal of `L` with columns of unit root mean square.
const FIRST_KAPPA: f64 = 0.1;
const FIRST_RATIO: f64 = 0.5;

/// `1/m` of the entropic index of a single observation: `q = 1 + 2 / (m + 1)`.
pub(crate) fn kappa_of_q(q: f64) -> f64 {
    (q - 1.0) / (3.0 - q)
}

/// What is known and what is estimated.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub sigma: Option<f64>,
    pub kappa: Option<f64>,
    /// Ratios of the effects' variances, where they are known.
    pub tau: Option<Vec<f64>>,
    /// Whether effects may be correlated.
    pub correlated: bool,
    /// Of the data: the unit of the responses, and of each effect's column.
    pub unit: f64,
    pub scales: Vec<f64>,
}

/// Values of the components; `l` is k x k, row by row, for columns of unit root mean square.
#[derive(Debug, Clone, Default)]
pub(crate) struct Components {
    pub sigma: f64,
    pub kappa: f64,
    pub l: Vec<f64>,
}

/// Derivatives in `log sigma`, `kappa` and `l`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slopes {
    pub log_sigma: f64,
    pub kappa: f64,
    pub l: Vec<f64>,
}

impl Layout {
    pub fn of(mut self, subjects: &Subjects) -> Self {
        self.unit = subjects.unit;
        self.scales.clone_from(&subjects.scales);
        self
    }

    fn effects(&self) -> usize {
        self.scales.len()
    }

    /// The free entries of `L`, as (row, column).
    fn entries(&self) -> impl Iterator<Item = (usize, usize)> {
        let (k, correlated) = (self.effects(), self.correlated);
        let rows = if self.tau.is_some() { 0 } else { k };
        (0..rows).flat_map(move |a| (if correlated { 0 } else { a }..=a).map(move |b| (a, b)))
    }

    /// Number of free parameters.
    pub fn len(&self) -> usize {
        usize::from(self.sigma.is_none())
            + usize::from(self.kappa.is_none())
            + self.entries().count()
    }

    pub fn start(&self) -> Vec<f64> {
        let k = self.effects();
        let diagonal = |a: usize, b: usize| if a == b { FIRST_RATIO } else { 0.0 };
        let l = (0..k * k).map(|at| diagonal(at / k, at % k)).collect();
        self.pack(&Components { sigma: self.unit, kappa: FIRST_KAPPA, l })
    }

    /// The free parameters that stand for these components.
    fn pack(&self, components: &Components) -> Vec<f64> {
        let mut own = Vec::with_capacity(self.len());
        if self.sigma.is_none() {
            own.push(self.unit * (components.sigma / self.unit).ln());
        }
        if self.kappa.is_none() {
            let share = (components.kappa - LEAST_KAPPA) / (MOST_KAPPA - LEAST_KAPPA);
            own.push(self.unit * share.clamp(0.0, 1.0).sqrt().asin());
        }
        let k = self.effects();
        own.extend(self.entries().map(|(a, b)| self.unit * components.l[a * k + b]));
        own
    }

    /// What free parameters stand for.
    pub fn unpack(&self, own: &[f64]) -> Components {
        let mut own = own.iter().map(|own| own / self.unit);
        let mut next = || own.next().unwrap_or(f64::NAN);
        let sigma = self.sigma.unwrap_or_else(|| self.unit * next().exp());
        let kappa = self.kappa.unwrap_or_else(|| {
            let sine = next().sin();
            LEAST_KAPPA + (MOST_KAPPA - LEAST_KAPPA) * sine * sine
        });
        let k = self.effects();
        let mut l = vec![0.0; k * k];
        self.entries().for_each(|(a, b)| l[a * k + b] = next());
        for (a, tau) in self.tau.iter().flatten().enumerate() {
            l[a * k + a] = self.scales[a] * tau.sqrt();
        }
        Components { sigma, kappa, l }
    }

    /// Derivatives in the free parameters.
    pub fn chain(&self, own: &[f64], slopes: &Slopes, out: &mut [f64]) {
        let (unit, k, mut at) = (self.unit, self.effects(), 0);
        if self.sigma.is_none() {
            out[at] = slopes.log_sigma / unit;
            at += 1;
        }
        if self.kappa.is_none() {
            let turn = (2.0 * own[at] / unit).sin();
            out[at] = slopes.kappa * (MOST_KAPPA - LEAST_KAPPA) * turn / unit;
            at += 1;
        }
        for (out, (a, b)) in out[at..].iter_mut().zip(self.entries()) {
            *out = slopes.l[a * k + b] / unit;
        }
    }

    /// The components in the units of the data files, which those of other samples are in as well.
    pub fn portable(&self, own: &[f64]) -> Vec<f64> {
        let components = self.unpack(own);
        let mut portable = vec![components.sigma, components.kappa];
        portable.extend(self.ratios_factor(&components));
        portable
    }

    /// The free parameters that stand for the components of another fit.
    pub fn adopt(&self, portable: &[f64]) -> Vec<f64> {
        let k = self.effects();
        let scaled = |(at, l): (usize, &f64)| l * self.scales[at / k];
        let l = portable[2..].iter().enumerate().map(scaled).collect();
        self.pack(&Components { sigma: portable[0], kappa: portable[1], l })
    }

    /// `L` for the columns as they are stored.
    fn ratios_factor(&self, components: &Components) -> Vec<f64> {
        let k = self.effects();
        components.l.iter().enumerate().map(|(at, l)| l / self.scales[at / k]).collect()
    }

    /// The components for the result's `extra`.
    pub fn report(&self, own: &[f64]) -> OwnReport {
        let components = self.unpack(own);
        let (kappa, k) = (components.kappa, self.effects());
        let mut extra = vec![
            ("sigma".to_string(), vec![components.sigma]),
            ("q".to_string(), vec![1.0 + 2.0 * kappa / (1.0 + kappa)]),
        ];
        if kappa > 0.0 {
            extra.push(("df".to_string(), vec![1.0 / kappa]));
        }
        let gaussian = kappa <= LEAST_KAPPA * (1.0 + AT_BOUND);
        let heaviest = kappa >= MOST_KAPPA * (1.0 - AT_BOUND);
        if self.kappa.is_none() && (gaussian || heaviest) {
            let bound = if gaussian { LEAST_KAPPA } else { MOST_KAPPA };
            extra.push(("df_at_bound".to_string(), vec![1.0 / bound]));
        }
        if k > 0 {
            let l = self.ratios_factor(&components);
            let ratio = |a: usize, b: usize| (0..k).map(|c| l[a * k + c] * l[b * k + c]).sum();
            let ratios: Vec<f64> = match self.correlated && self.tau.is_none() {
                true => (0..k * k).map(|at| ratio(at / k, at % k)).collect(),
                false => (0..k).map(|a| ratio(a, a)).collect(),
            };
            let square = components.sigma * components.sigma;
            let scaled = ratios.iter().map(|ratio| square * ratio).collect();
            extra.push(("tau".to_string(), ratios));
            extra.push(("random_effects".to_string(), scaled));
        }
        OwnReport { intercept: None, extra }
    }
}
