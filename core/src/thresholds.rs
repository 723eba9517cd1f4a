//! Parameters of a loss that are the intercepts of a predictor of its own.

use crate::kernels;
use crate::loss::DataFit;
use crate::subset::Subset;

/// Samples whose sums by class are kept apart, so that no sum is of very many terms.
const STRETCH: usize = 256;

/// A loss whose own parameters are the intercepts of a predictor of their own,
/// ```text
/// f(eta, own) = g(z),      z_l = eta_l + own_l,  or  z_l = eta + own_l  where K = 1,
/// ```
/// so that derivatives and the conjugate of `g`, which has no parameters, are all there is to know.
#[derive(Clone, Copy)]
pub struct Thresholds<'a> {
    /// `g`, on n x L; L is the number of own parameters, and K is L or 1.
    pub fit: &'a (dyn DataFit + 'static),
    /// The same seen sample by sample, where K = 1 and a sample sees two columns of `z` at most.
    pub neighbours: Option<&'a dyn Neighbours>,
}

impl Thresholds<'_> {
    /// `z <- eta + own`, n x L.
    pub fn predictor(&self, eta: &[f64], own: &[f64], z: &mut Vec<f64>) {
        let n = self.fit.samples();
        z.clear();
        for (l, own) in own.iter().enumerate() {
            let from = if eta.len() == n { 0 } else { l * n };
            z.extend(eta[from..from + n].iter().map(|eta| eta + own));
        }
    }

    /// The transpose of the step from `eta` to `z`: `out` (n x K) from `g` (n x L).
    pub fn fold(&self, g: &[f64], out: &mut [f64]) {
        if out.len() == g.len() {
            out.copy_from_slice(g);
            return;
        }
        out.fill(0.0);
        g.chunks(out.len()).for_each(|g| kernels::axpy(1.0, g, out));
    }
}

/// A loss of one predictor and L thresholds, of which a sample of class `y` in `0..=L` sees those above
/// and below its class: `z_y` unless `y = L`, and `z_{y-1}` unless `y = 0`. Derivatives are two numbers
/// a sample then, whatever L is.
pub trait Neighbours: Send + Sync {
    /// The class of each sample.
    fn classes(&self) -> &[u32];
    /// Returns `f` and writes its first derivatives and, if `curved`, second ones, else leaves those as
    /// they are; unspecified where `f` is `+inf`. There is room for n samples.
    fn expand(&self, eta: &[f64], own: &[f64], curved: bool, out: &mut Pairs) -> f64;
    /// [`FitConjugate::conjugate`](crate::FitConjugate) of `g` for duals of the two ends (n each; 0 for
    /// one that is not there), times `scale`.
    fn conjugate(&self, upper: &[f64], lower: &[f64], scale: f64) -> f64;
}

/// Derivatives by the two ends that each sample sees; zero for an end that is not there.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    /// First derivatives.
    pub upper: Vec<f64>,
    /// First derivatives.
    pub lower: Vec<f64>,
    /// Along `eta`, which moves both: their sum, but for what cancels in it.
    pub along: Vec<f64>,
    /// Sums of the rows of the Hessian, whose diagonal is those less `mixed`.
    pub row_upper: Vec<f64>,
    /// Sums of the rows of the Hessian, whose diagonal is those less `mixed`.
    pub row_lower: Vec<f64>,
    /// The mixed second derivative.
    pub mixed: Vec<f64>,
}

impl Pairs {
    /// Makes room for `n` samples.
    pub fn resize(&mut self, n: usize) {
        let Self { upper, lower, along, row_upper, row_lower, mixed } = self;
        for part in [upper, lower, along, row_upper, row_lower, mixed] {
            part.resize(n, 0.0);
        }
    }

    /// The second derivatives of some samples, times `times`, which alone are left in this.
    pub(crate) fn cut(&mut self, part: &Subset, times: f64) -> Self {
        let mut cut = Self::default();
        let Self { row_upper, row_lower, mixed, .. } = self;
        let parts = [&mut cut.row_upper, &mut cut.row_lower, &mut cut.mixed];
        for (from, to) in [row_upper, row_lower, mixed].into_iter().zip(parts) {
            part.cut(from.len(), from, times, to);
        }
        cut
    }

    /// Appends the derivatives by the thresholds, L numbers.
    pub fn sums(&self, classes: &[u32], thresholds: usize, out: &mut Vec<f64>) {
        let sums = ClassSums::of(classes, &self.upper, &self.lower, thresholds + 1);
        out.extend((0..thresholds).map(|l| sums.upper(l) + sums.lower(l + 1)));
    }

    /// Second derivatives by the thresholds, L x L.
    pub fn total(&self, classes: &[u32], thresholds: usize) -> Vec<f64> {
        let rows = ClassSums::of(classes, &self.row_upper, &self.row_lower, thresholds + 1);
        let mixed = ClassSums::of(classes, &self.mixed, &[], thresholds + 1);
        let mut total = vec![0.0; thresholds * thresholds];
        for l in 0..thresholds {
            let upper = rows.upper(l) - mixed.upper(l);
            total[l + thresholds * l] = upper + rows.lower(l + 1) - mixed.upper(l + 1);
            if l > 0 {
                total[l - 1 + thresholds * l] = mixed.upper(l);
                total[l + thresholds * (l - 1)] = mixed.upper(l);
            }
        }
        total
    }

    /// Second derivatives by `eta` and each threshold, n x L.
    pub fn cross(&self, classes: &[u32], thresholds: usize, out: &mut Vec<f64>) {
        let n = classes.len();
        out.clear();
        out.resize(n * thresholds, 0.0);
        for (i, &y) in classes.iter().enumerate() {
            let y = y as usize;
            if y < thresholds {
                out[i + n * y] = self.row_upper[i];
            }
            if y > 0 {
                out[i + n * (y - 1)] = self.row_lower[i];
            }
        }
    }

    /// Takes from the first derivatives what they change by, to first order, where `eta` changes by
    /// `change` and the thresholds by `own`.
    pub fn step_back(&mut self, classes: &[u32], change: &[f64], own: &[f64]) {
        // Of the ends of each class; an end that is not there has no derivatives.
        let ends: Vec<(f64, f64)> = (0..=own.len())
            .map(|y| {
                let upper = own.get(y).or(own.last()).copied().unwrap_or(0.0);
                (upper, if y > 0 { own[y - 1] } else { upper })
            })
            .collect();
        for (i, (&y, change)) in classes.iter().zip(change).enumerate() {
            let (upper, lower) = ends[y as usize];
            let apart = self.mixed[i] * (upper - lower);
            let by_upper = self.row_upper[i] * (change + upper);
            let by_lower = self.row_lower[i] * (change + lower);
            self.upper[i] -= by_upper - apart;
            self.lower[i] -= by_lower + apart;
            self.along[i] -= by_upper + by_lower;
        }
    }
}

/// Sums over the samples of each class, of two numbers a sample.
#[derive(Debug, Clone)]
pub struct ClassSums {
    total: Vec<[f64; 2]>,
    stretch: Vec<[f64; 2]>,
}

impl ClassSums {
    /// No samples yet, of so many classes.
    pub fn new(classes: usize) -> Self {
        Self { total: vec![[0.0; 2]; classes], stretch: vec![[0.0; 2]; classes] }
    }

    fn of(classes: &[u32], upper: &[f64], lower: &[f64], count: usize) -> Self {
        let mut sums = Self::new(count);
        for (at, class) in classes.chunks(STRETCH).enumerate() {
            let stretch = at * STRETCH..at * STRETCH + class.len();
            let lower = if lower.is_empty() { lower } else { &lower[stretch.clone()] };
            sums.add(class, &upper[stretch], lower);
        }
        sums
    }

    /// Adds a stretch of samples; those beyond the end of a slice count as 0.
    pub fn add(&mut self, classes: &[u32], upper: &[f64], lower: &[f64]) {
        self.stretch.fill([0.0; 2]);
        if lower.is_empty() {
            classes.iter().zip(upper).for_each(|(&y, a)| self.stretch[y as usize][0] += a);
        } else {
            for ((&y, a), b) in classes.iter().zip(upper).zip(lower) {
                let sums = &mut self.stretch[y as usize];
                *sums = [sums[0] + a, sums[1] + b];
            }
        }
        for (total, stretch) in self.total.iter_mut().zip(&self.stretch) {
            *total = [total[0] + stretch[0], total[1] + stretch[1]];
        }
    }

    /// The sum of the first number over class `y`.
    pub fn upper(&self, y: usize) -> f64 {
        self.total[y][0]
    }

    /// The sum of the second.
    pub fn lower(&self, y: usize) -> f64 {
        self.total[y][1]
    }
}
