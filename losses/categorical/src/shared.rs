//! The cumulative logit where one predictor moves all thresholds: what lies between two of them is the
//! same for all samples of a class, so that a sample costs one exponential and one logarithm.
//! ```text
//! x = exp(-alpha_y) / E,   y = exp(alpha_{y-1}) E,   E = exp(eta),   q = x y = exp(alpha_{y-1} - alpha_y)
//! l = log(1 + x + y + q) - log(1 - q),    1 + x + y + q = (1 + x) (1 + y)
//! dl/da = -x / (1 + x) - q / (1 - q),     dl/db = y / (1 + y) + q / (1 - q)
//! row sums of the Hessian in (a, b): x / (1 + x)^2 and y / (1 + y)^2; mixed: -q / (1 - q)^2
//! ```

use fenchel_core::functions::{exp, exp_and_rest, ln};
use fenchel_core::kernels::{self, widest};
use fenchel_core::{ClassSums, Pairs};

use crate::classes::Classes;

/// Predictors and thresholds up to which no product of exponentials overflows.
const REACH: f64 = 300.0;

/// Samples of a stretch.
const LENGTH: usize = 256;

/// What samples of a class share, class by class.
struct Tables {
    /// `exp(-alpha_y)`, 0 for the last class.
    fall: Vec<f64>,
    /// `exp(alpha_{y-1})`, 0 for the first.
    rise: Vec<f64>,
    ratio: Vec<f64>,
    /// `q / (1 - q)` and `q / (1 - q)^2`.
    odds: Vec<f64>,
    between: Vec<f64>,
    /// `-log(1 - q)`.
    rest: Vec<f64>,
}

impl Tables {
    /// `None` where thresholds are out of order, or out of reach.
    fn new(own: &[f64]) -> Option<Self> {
        let ordered = own.windows(2).all(|pair| pair[0] < pair[1]);
        if !ordered || !own.iter().all(|alpha| alpha.abs() <= REACH) {
            return None;
        }
        let none = || Vec::with_capacity(own.len() + 1);
        let mut tables = Self {
            fall: none(),
            rise: none(),
            ratio: none(),
            odds: none(),
            between: none(),
            rest: none(),
        };
        for y in 0..=own.len() {
            let (above, below) = (own.get(y), y.checked_sub(1).map(|below| own[below]));
            tables.fall.push(above.map_or(0.0, |alpha| exp(-alpha)));
            tables.rise.push(below.map_or(0.0, exp));
            let (ratio, inside) = match (above, below) {
                (Some(above), Some(below)) => exp_and_rest(below - above),
                _ => (0.0, 1.0),
            };
            tables.ratio.push(ratio);
            tables.odds.push(ratio / inside);
            tables.between.push(ratio / (inside * inside));
            tables.rest.push(-inside.ln());
        }
        Some(tables)
    }
}

/// A sample by the formulas above, without what its class adds.
struct Term {
    /// `1 + x + y + q`, and its reciprocal.
    sum: f64,
    /// What rounding took from the sum.
    lost: f64,
    reciprocal: f64,
    /// `x`, `y`, and the reciprocals of 1 more.
    x: f64,
    y: f64,
    of_x: f64,
    of_y: f64,
}

impl Term {
    #[inline(always)]
    fn new(eta: f64, fall: f64, rise: f64, ratio: f64) -> Self {
        let e = exp(eta);
        let (x, y) = (fall / e, rise * e);
        let more = x + y + ratio;
        let sum = 1.0 + more;
        let reciprocal = 1.0 / sum;
        let (of_x, of_y) = ((1.0 + y) * reciprocal, (1.0 + x) * reciprocal);
        Self { sum, lost: more - (sum - 1.0), reciprocal, x, y, of_x, of_y }
    }
    #[inline(always)]
    fn value(&self) -> f64 {
        ln(self.sum) + self.lost * self.reciprocal
    }
    /// `sigma(-a)` and `sigma(b)`.
    #[inline(always)]
    fn missed(&self) -> (f64, f64) {
        (self.x * self.of_x, self.y * self.of_y)
    }
}

/// Numbers of a stretch. Loops run over such arrays alone: of slices from elsewhere the compiler would
/// have to prove that they do not overlap.
type Stretch = [f64; LENGTH];

const NONE: Stretch = [0.0; LENGTH];

/// The loss at one point, where the formulas hold.
pub(crate) struct Shared<'a> {
    classes: &'a Classes,
    all: &'a [f64],
    tables: Tables,
    eta: Stretch,
    share: Stretch,
    fall: Stretch,
    rise: Stretch,
    ratio: Stretch,
    terms: Stretch,
    /// `sigma(-a)` and `sigma(b)`, times the share, and their difference.
    missed_a: Stretch,
    missed_b: Stretch,
    along: Stretch,
}

impl<'a> Shared<'a> {
    /// `None` where predictors or thresholds are out of reach, or thresholds out of order.
    pub fn new(classes: &'a Classes, all: &'a [f64], own: &[f64]) -> Option<Self> {
        let tables = Tables::new(own)?;
        // Counted, as a loop takes several verdicts at a time; NaN is out of reach as well.
        let near = |all: &[f64]| all.iter().filter(|eta| eta.abs() <= REACH).count();
        all.chunks(LENGTH).all(|all| near(all) == all.len()).then_some(Self {
            classes,
            all,
            tables,
            eta: NONE,
            share: NONE,
            fall: NONE,
            rise: NONE,
            ratio: NONE,
            terms: NONE,
            missed_a: NONE,
            missed_b: NONE,
            along: NONE,
        })
    }

    /// What the classes add to the loss.
    fn rest(&self) -> f64 {
        self.classes.weights.iter().zip(&self.tables.rest).map(|(w, rest)| w * rest).sum()
    }

    /// Gathers the samples of a stretch, and says how many they are.
    fn gather(&mut self, begin: usize) -> usize {
        let classes = self.classes;
        let len = LENGTH.min(self.all.len() - begin);
        let stretch = begin..begin + len;
        self.eta[..len].copy_from_slice(&self.all[stretch.clone()]);
        self.share[..len].copy_from_slice(&classes.shares[stretch.clone()]);
        let Tables { fall, rise, ratio, .. } = &self.tables;
        for (at, &y) in classes.class[stretch].iter().enumerate() {
            let y = y as usize;
            (self.fall[at], self.rise[at], self.ratio[at]) = (fall[y], rise[y], ratio[y]);
        }
        len
    }

    fn begins(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.all.len()).step_by(LENGTH)
    }

    /// The loss.
    pub fn value(mut self) -> f64 {
        let mut total = self.rest();
        for begin in self.begins() {
            let len = self.gather(begin);
            let Self { eta, share, fall, rise, ratio, terms, .. } = &mut self;
            widest(
                #[inline(always)]
                || {
                    for at in 0..len {
                        let term = Term::new(eta[at], fall[at], rise[at], ratio[at]);
                        terms[at] = share[at] * term.value();
                    }
                },
            );
            total += kernels::sum(&self.terms[..len]);
        }
        total
    }

    /// The loss; its derivatives in `eta` and in the thresholds.
    pub fn gradient(mut self, grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        let mut total = self.rest();
        let classes = self.classes;
        let mut sums = ClassSums::new(classes.count);
        for begin in self.begins() {
            let len = self.gather(begin);
            let Self { eta, share, fall, rise, ratio, terms, missed_a, missed_b, along, .. } =
                &mut self;
            widest(
                #[inline(always)]
                || {
                    for at in 0..len {
                        let term = Term::new(eta[at], fall[at], rise[at], ratio[at]);
                        let (a, b) = term.missed();
                        terms[at] = share[at] * term.value();
                        along[at] = share[at] * (b - a);
                        missed_a[at] = -share[at] * a;
                        missed_b[at] = share[at] * b;
                    }
                },
            );
            total += kernels::sum(&terms[..len]);
            grad[begin..begin + len].copy_from_slice(&along[..len]);
            let class = &classes.class[begin..begin + len];
            sums.add(class, &missed_a[..len], &missed_b[..len]);
        }
        let odds = |y: usize| classes.weights[y] * self.tables.odds[y];
        for (k, own) in grad_own.iter_mut().enumerate() {
            *own = (sums.upper(k) - odds(k)) + (sums.lower(k + 1) + odds(k + 1));
        }
        total
    }

    /// The loss, and derivatives by the ends of each sample: first ones and, if `CURVED`, second ones.
    pub fn expand<const CURVED: bool>(mut self, out: &mut Pairs) -> f64 {
        let mut total = self.rest();
        let (mut odds, mut between, mut upper, mut lower) = (NONE, NONE, NONE, NONE);
        let (mut row_upper, mut row_lower, mut mixed) = (NONE, NONE, NONE);
        for begin in self.begins() {
            let len = self.gather(begin);
            let stretch = begin..begin + len;
            for (at, &y) in self.classes.class[stretch.clone()].iter().enumerate() {
                let y = y as usize;
                (odds[at], between[at]) = (self.tables.odds[y], self.tables.between[y]);
            }
            let Self { eta, share, fall, rise, ratio, terms, along, .. } = &mut self;
            widest(
                #[inline(always)]
                || {
                    for at in 0..len {
                        let term = Term::new(eta[at], fall[at], rise[at], ratio[at]);
                        let (a, b) = term.missed();
                        terms[at] = share[at] * term.value();
                        along[at] = share[at] * (b - a);
                        upper[at] = -share[at] * (a + odds[at]);
                        lower[at] = share[at] * (b + odds[at]);
                        if CURVED {
                            row_upper[at] = share[at] * a * term.of_x;
                            row_lower[at] = share[at] * b * term.of_y;
                            mixed[at] = -share[at] * between[at];
                        }
                    }
                },
            );
            total += kernels::sum(&terms[..len]);
            let parts = [
                (&mut out.upper, &upper),
                (&mut out.lower, &lower),
                (&mut out.along, &*along),
                (&mut out.row_upper, &row_upper),
                (&mut out.row_lower, &row_lower),
                (&mut out.mixed, &mixed),
            ];
            for (out, part) in parts.into_iter().take(if CURVED { 6 } else { 3 }) {
                out[stretch.clone()].copy_from_slice(&part[..len]);
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::{DataFit, Neighbours, Pairs, Response, Samples, SmoothFit};

    use crate::classes::Classes;
    use crate::threshold::ThresholdFit;

    /// What a loss says at a point, all of it.
    fn all(fit: &ThresholdFit, eta: &[f64], own: &[f64]) -> Vec<f64> {
        let (mut grad, mut grad_own) = (vec![f64::NAN; eta.len()], vec![f64::NAN; own.len()]);
        let mut pairs = Pairs::default();
        pairs.resize(eta.len());
        let values = [
            fit.value(eta, own),
            fit.gradient(eta, own, &mut grad, &mut grad_own),
            fit.expand(eta, own, true, &mut pairs),
        ];
        let Pairs { upper, lower, along, row_upper, row_lower, mixed } = pairs;
        let parts = [upper, lower, along, row_upper, row_lower, mixed];
        values.into_iter().chain(grad).chain(grad_own).chain(parts.concat()).collect()
    }

    fn fit(n: usize) -> ThresholdFit {
        let class = (0..n).map(|i| (i * 7 % 11 % 4) as u32).collect();
        let labels = (0..4).map(|c| c.to_string()).collect();
        let weights = (0..n).map(|i| (i % 5) as f64).collect();
        let samples = Samples::new(Response::Classes { class, labels }, Some(weights)).unwrap();
        ThresholdFit::new(Classes::observed(&samples, 3).unwrap(), true)
    }

    #[test]
    fn a_common_shift_out_of_reach_changes_nothing() {
        let fit = fit(600);
        let eta: Vec<f64> = (0..600).map(|i| 8.0 * (1.7 * i as f64).sin()).collect();
        let own = [-1.5, 0.25, 0.75];
        let near = all(&fit, &eta, &own);
        // A power of two, so that little is lost in the sums.
        for shift in [-1024.0, 1024.0] {
            let far: Vec<f64> = eta.iter().map(|e| e + shift).collect();
            let far = all(&fit, &far, &own.map(|alpha| alpha - shift));
            assert_eq!(near.len(), far.len());
            for (near, far) in near.iter().zip(&far) {
                assert!((near - far).abs() <= 1e-11 * (near.abs() + 1e-3), "{near:e} {far:e}");
            }
        }
    }

    #[test]
    fn thresholds_out_of_order_and_what_is_no_number_are_infinitely_bad() {
        let fit = fit(20);
        let mut eta = vec![0.5; 20];
        for own in [[0.0, 0.0, 1.0], [1.0, 0.0, 2.0], [f64::NAN, 0.0, 1.0]] {
            assert!(all(&fit, &eta, &own)[..3].iter().all(|value| *value == f64::INFINITY));
        }
        eta[3] = f64::NAN;
        assert!(all(&fit, &eta, &[0.0, 1.0, 2.0])[..3].iter().all(|v| *v == f64::INFINITY));
    }
}
