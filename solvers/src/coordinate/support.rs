//! Newton steps on the support: they minimise the model over the nonzero coefficients, each on the
//! quadratic piece of the penalty that it stands on.
//!
//! With the columns `Z` of the support under the model's curvature `H` (intercept profiled out), the
//! penalty's slopes `s` and curvatures `c`, a step solves `(Z'HZ + diag c) d = Z'H r - s`.
//! Coefficients that would change sign stop at zero, those at zero that gain from leaving it are let
//! go again, and the step is halved while the objective does not fall (projected Newton). The matrix
//! is formed once, so that further steps do not touch the data. Slopes and curvatures are read off
//! the prox, whose derivative is `1 / (1 + step c)`, so that every penalty that separates has them,
//! also a foreign one.
//!
//! Forming the matrix costs `n m^2` multiplications for a support of `m` and a step `m^3 / 3`, an
//! epoch over it `2 n m`, of which the former run [`ADVANTAGE`] times as fast. They are tried when
//! the epochs since the last time have cost as much: at worst, everything takes twice as long. While
//! they are taken they come at once where descent is so slow that it would cost several times as much.
//!
//! Under a penalty that is not convex coefficients may leave their pieces on the way: such a step is taken
//! where the objective of the model falls nevertheless, and not tried where descent ends soon.
//!
//! Source: Bertsekas (1982), SIAM J. Control Optim. 20(2), for the projected steps.

use fenchel_core::{Design, Matrix, Separable, kernels};

use super::engine::Inner;
use super::piece::{Piece, PieceFinder, Place};
use super::support_matrix::SupportMatrix;
use super::triangle::Triangle;
use super::units::Curvatures;

/// How many times faster products and factors of matrices are than the products with columns of an
/// epoch, a number at a time (measured: 35 against 2 thousand million multiplications a second).
const ADVANTAGE: f64 = 16.0;

/// Of the same, what spreading out a number of a sparse column costs: it is filled, weighted and added up.
const SPREAD: f64 = 4.0;

/// Steps on one matrix at most, and how many are reckoned with.
const STEPS: usize = 12;
const USUAL: f64 = 2.0;

/// Lengths of a step that are tried, each half of the one before.
const HALVINGS: usize = 10;

/// Supports beyond this are left to descent.
const LARGEST: usize = 4096;

/// What a Newton step is compared with: descent to this share of the tolerance, as the next rounds on
/// the same support ask for, by so many times fewer epochs than their rate says, as they are extrapolated
/// and the support may change yet (measured: with 2, hard single fits take a tenth longer).
const NEXT: f64 = 0.01;
const EXTRAPOLATED: f64 = 5.0;

/// The price up to which a step that is likely to be taken is not waited for (measured along a lasso path).
const AT_ONCE: f64 = 8.0;

/// The buffers of Newton steps.
#[derive(Debug, Default)]
pub(crate) struct SupportNewton {
    members: Vec<Member>,
    finder: PieceFinder,
    /// The support, by place in it, where the penalty is asked for pieces, and those.
    asked: Vec<usize>,
    places: Vec<Place>,
    pieces: Vec<Option<Piece>>,
    features: Vec<usize>,
    residual: Vec<f64>,
    matrix: SupportMatrix,
    /// Where the steps have come to, the slope of the model plus the penalty there, and a step.
    point: Vec<f64>,
    slope: Vec<f64>,
    step: Vec<f64>,
    product: Vec<f64>,
    /// Whether a member does not stay at zero, and the solution of the system of those that do not.
    free: Vec<bool>,
    right: Vec<f64>,
}

/// A quadratic model, as steps on its matrix see it.
pub(crate) trait Quadratic {
    /// Columns of the predictor, which the model does not couple.
    fn outputs(&self) -> usize;
    /// Appends the negative gradient in column `k` of the predictor.
    fn weighted_residual(&self, k: usize, out: &mut Vec<f64>);
    /// The curvatures of column `k`.
    fn weights(&self, k: usize) -> Curvatures<'_>;
    /// What tells these curvatures from others, where they may be the same at other points.
    fn lasting(&self) -> Option<u64>;
    /// Takes from `products`, those of the columns `features` with one another under those curvatures, what the
    /// free parameters make up for, from column `first` on. What `kept` holds is from the last time, one number
    /// for each of the first features, and may grow.
    fn eliminate(
        &self,
        k: usize,
        design: &Design,
        features: &[usize],
        first: usize,
        kept: &mut Vec<f64>,
        products: &mut Triangle,
    );
}

/// How long descent waits for a Newton step: its price in epochs, less where it has as many before it
/// at its present rate, and longer where the last step was not taken.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// Epochs since the last step.
    spent: f64,
    /// How many prices they are to come to, less one.
    prices: f64,
    /// The largest step of the epoch before; 0 where that visited others.
    before: f64,
    /// Whether the last step was taken.
    trusted: bool,
}

impl Patience {
    /// Begins on another problem.
    pub fn start(&mut self) {
        let trusted = self.trusted;
        *self = Self { trusted, ..Self::default() };
    }

    /// Forgets the rate, as other coefficients are visited from now on.
    pub fn begin(&mut self) {
        self.before = 0.0;
    }

    /// Counts an epoch with this largest step; whether it is time for a Newton step that costs as much
    /// as `price` epochs.
    pub fn is_over(&mut self, price: f64, step: f64, inner: Inner) -> bool {
        self.spent += 1.0;
        let rate = if self.before > 0.0 { step / self.before } else { 0.0 };
        self.before = step;
        // No rate, and one of 1 or above, has no end.
        let known = rate > 0.0 && rate < 1.0;
        let left = |goal: f64| if known { (goal / step).ln() / rate.ln() } else { f64::INFINITY };
        // Steps on pieces that coefficients are about to leave are in vain.
        if !inner.convex && left(inner.tol) < price {
            return false;
        }
        if inner.complete
            && self.prices == 0.0
            && rate > 0.0
            && left(NEXT * inner.tol) > EXTRAPOLATED * price
        {
            return true;
        }
        self.spent >= (1.0 + self.prices) * price
    }

    /// Whether a step at this price is taken at once, as the last one was and most of its products are kept.
    pub fn trusts(&self, price: f64) -> bool {
        self.trusted && price <= AT_ONCE
    }

    /// Begins anew after a step that was tried.
    pub fn renew(&mut self, taken: bool) {
        self.begin();
        self.spent = 0.0;
        self.trusted = taken;
        self.prices = if taken { 0.0 } else { 2.0 * self.prices + 1.0 };
    }
}

/// A coefficient of the support.
#[derive(Debug, Clone, Copy)]
struct Member {
    /// Its place among the pieces.
    at: usize,
    flat: usize,
    /// The slope of the penalty's piece at zero, its curvature, and the side that it is on; 0 for a
    /// coefficient that stays at zero.
    slope: f64,
    curvature: f64,
    side: f64,
}

/// How many epochs over `support` a Newton step on it costs, where the products of so many columns are
/// `missing`, all of them for `None`, and where the factor `lasts` but for them, as under a penalty whose
/// coefficients stay on their pieces; infinite where it is out of the question.
pub(crate) fn price(
    design: &Design,
    support: &[usize],
    missing: Option<usize>,
    lasts: bool,
) -> f64 {
    let (n, m) = (design.samples() as f64, support.len() as f64);
    let p = design.features();
    let stored: usize = support.iter().map(|flat| design.stored_column(flat % p).stored()).sum();
    let stored = stored as f64;
    // The triangle of products and their factor is not to take a twentieth of the room that the data takes.
    let room = (design.matrix().stored() / 20).max(1 << 18) as f64;
    if support.is_empty() || support.len() > LARGEST || 0.5 * m * m > room {
        return f64::INFINITY;
    }
    let new = missing.map_or(m, |missing| missing as f64);
    let products = match **design.matrix() {
        Matrix::Dense(_) => n * m * new,
        // Pairs of columns, a number at a time, and each column once spread out over all samples.
        Matrix::Sparse(_) => ADVANTAGE * stored * new / 2.0 + SPREAD * n * new,
    };
    let fast = products + USUAL * m * m * if lasts { new } else { m } / 3.0;
    // Solving with the factor reads it twice.
    (fast / ADVANTAGE + 2.0 * USUAL * m * m) / (2.0 * stored)
}

impl SupportNewton {
    /// Writes the end of the steps to `end`, one number for each coefficient of `support`, where
    /// `lipschitz` bounds the model's curvature along each; false where there are none.
    pub fn run(
        &mut self,
        penalty: &dyn Separable,
        design: &Design,
        model: &dyn Quadratic,
        (support, lipschitz): (&[usize], &[f64]),
        beta: &[f64],
        end: &mut Vec<f64>,
    ) -> bool {
        let p = design.features();
        end.clear();
        end.extend(support.iter().map(|&flat| beta[flat]));
        let mut moved = false;
        for k in 0..model.outputs() {
            self.members.clear();
            self.slope.clear();
            self.residual.clear();
            model.weighted_residual(k, &mut self.residual);
            self.asked.clear();
            self.places.clear();
            for (at, (&flat, &lipschitz)) in support.iter().zip(lipschitz).enumerate() {
                if flat / p == k && beta[flat] != 0.0 && lipschitz > 0.0 {
                    self.asked.push(at);
                    self.places.push(Place { flat, b: beta[flat], gradient: 0.0, lipschitz });
                }
            }
            let columns = self.asked.iter().map(|&at| support[at] % p);
            let mut places = self.places.iter_mut();
            design.each_product(columns, &self.residual, |_, product| {
                places.next().expect("each has a column").gradient = -product;
            });
            self.finder.find(penalty, &self.places, &mut self.pieces);
            for ((&at, place), piece) in self.asked.iter().zip(&self.places).zip(&self.pieces) {
                let Some((slope, curvature)) = *piece else { continue };
                let Place { flat, b, gradient, .. } = *place;
                let at_zero = slope - curvature * b;
                let side = b.signum();
                self.members.push(Member { at, flat, slope: at_zero, curvature, side });
                self.slope.push(gradient + slope);
            }
            if self.members.is_empty() || self.is_singular(design) {
                continue;
            }
            self.features.clear();
            self.features.extend(self.members.iter().map(|member| member.flat % p));
            let curvatures = self.members.iter().map(|member| member.curvature);
            self.matrix.form(design, model, k, &self.features, curvatures);
            self.step.resize(self.members.len(), 0.0);
            self.product.resize(self.members.len(), 0.0);
            self.point.clear();
            self.point.extend(self.members.iter().map(|member| beta[member.flat]));
            let mut whole = false;
            for _ in 0..STEPS {
                let freed = self.free_from_zero(penalty);
                if (whole && !freed) || !self.solve() {
                    break;
                }
                match self.advance() {
                    None => break,
                    Some(last) => (whole, moved) = (last, true),
                }
            }
            for (member, new) in self.members.iter().zip(&self.point) {
                end[member.at] = *new;
            }
        }
        moved && end.iter().all(|b| b.is_finite())
    }

    /// How many columns there are whose products are kept.
    pub fn columns(&self) -> usize {
        self.matrix.columns()
    }

    /// How many of `support` are not among the columns whose products are kept, as far as they hold under the
    /// curvatures that `lasting` tells from others; `None` where none does.
    pub fn missing(
        &self,
        design: &Design,
        lasting: Option<u64>,
        support: &[usize],
    ) -> Option<usize> {
        let p = design.features();
        self.matrix.missing(lasting, support.iter().map(|flat| flat % p))
    }

    /// Whether the matrix has no chance of being definite.
    fn is_singular(&self, design: &Design) -> bool {
        let flat = |member: &Member| member.curvature <= 0.0;
        self.members.len() > design.samples() && self.members.iter().all(flat)
    }

    /// Gives every coefficient at zero the side on which the objective falls, if there is one; whether
    /// any has.
    fn free_from_zero(&mut self, penalty: &dyn Separable) -> bool {
        let mut freed = false;
        for (c, member) in self.members.iter_mut().enumerate() {
            if self.point[c] == 0.0 {
                let gradient = self.slope[c] - member.slope;
                let distance = penalty.subdiff_dist_at(member.flat, 0.0, gradient);
                member.side = 0.0;
                if distance > 0.0 && distance.is_finite() {
                    member.side = -gradient.signum();
                    self.slope[c] = -member.side * distance;
                    member.slope = self.slope[c] - gradient;
                    freed = true;
                }
            }
        }
        freed
    }

    /// Moves along the step, as far as the objective falls; `None` where it does not, else whether
    /// this was the whole step and no coefficient came to zero.
    fn advance(&mut self) -> Option<bool> {
        let mut share = 1.0;
        for _ in 0..HALVINGS {
            let mut whole = share == 1.0;
            let mut change = 0.0;
            for (c, (step, member)) in self.step.iter_mut().zip(&self.members).enumerate() {
                let old = self.point[c];
                let new = old + share * self.right[c];
                let crosses = member.side != 0.0 && new * member.side <= 0.0;
                *step = if crosses { -old } else { new - old };
                whole &= !crosses;
                change += self.slope[c] * *step;
            }
            self.matrix.multiply(&self.step, &mut self.product);
            change += 0.5 * kernels::dot(&self.step, &self.product);
            if change < 0.0 {
                // A step to zero arrives there exactly, as `b - b = 0`.
                kernels::axpy(1.0, &self.step, &mut self.point);
                kernels::axpy(1.0, &self.product, &mut self.slope);
                return Some(whole);
            }
            share *= 0.5;
        }
        None
    }

    /// Solves for the step of the members that do not stay at zero, into `right`; false where their part of
    /// the matrix is not positive definite.
    fn solve(&mut self) -> bool {
        self.free.clear();
        self.free.extend(self.members.iter().map(|member| member.side != 0.0));
        self.right.clear();
        let slopes = self.slope.iter().zip(&self.free);
        self.right.extend(slopes.map(|(slope, free)| if *free { -slope } else { 0.0 }));
        self.matrix.solve(&self.free, &mut self.right)
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::elementwise::{Elementwise, ElementwiseFit, ElementwiseSmooth, SmoothCurved};
    use fenchel_core::{DenseMatrix, Design, Matrix, Response, Samples, Separable};

    use super::super::model::{Model, Profiled};
    use super::super::testing::{Elastic, numbers};
    use super::{SupportNewton, price};

    /// Half the squared difference.
    #[derive(Debug)]
    struct Half;

    impl Elementwise for Half {
        fn value(&self, y: f64, eta: f64) -> f64 {
            0.5 * (y - eta) * (y - eta)
        }
        fn saturated(&self, _: f64) -> f64 {
            0.0
        }
        fn as_smooth(fit: &ElementwiseFit<Self>) -> Option<&dyn SmoothCurved> {
            Some(fit)
        }
    }

    impl ElementwiseSmooth for Half {
        const QUADRATIC: bool = true;
        fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
            (self.value(y, eta), eta - y)
        }
        fn second_derivative(&self, _: f64, _: f64) -> f64 {
            1.0
        }
        fn second_bound(&self) -> Option<f64> {
            Some(1.0)
        }
    }

    const N: usize = 30;
    const P: usize = 8;

    /// The gradient of the quadratic loss at `beta`, with the intercept at its best.
    fn gradient(design: &Design, y: &[f64], beta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut eta = vec![0.0; N];
        design.mul(beta, &mut eta);
        let mean = y.iter().zip(&eta).map(|(y, e)| y - e).sum::<f64>() / N as f64;
        let grad_eta: Vec<f64> =
            eta.iter().zip(y).map(|(e, y)| (e + mean - y) / N as f64).collect();
        let mut grad = vec![0.0; P];
        design.mul_t(&grad_eta, &mut grad);
        (grad, grad_eta)
    }

    #[test]
    fn steps_end_at_the_minimum_over_the_support_whatever_signs_they_begin_with() {
        for penalty in [Elastic(0.1, 0.0), Elastic(0.05, 0.3)] {
            let matrix = DenseMatrix::new(N, P, numbers(N * P)).unwrap();
            let design = Design::new(Matrix::Dense(matrix));
            let y: Vec<f64> = numbers(N + 7)[7..].iter().map(|u| 3.0 + 5.0 * u).collect();
            let response = Response::Numeric { values: y.clone(), columns: 1 };
            let samples = Samples::new(response, None).unwrap();
            let fit = ElementwiseFit::new(Half, y.clone(), &samples).unwrap();
            // Coordinate 2 does not belong to the support, and stays out of it.
            let mut beta: Vec<f64> = numbers(P).iter().map(|u| u - 0.2).collect();
            beta[2] = 0.0;
            let (_, grad_eta) = gradient(&design, &y, &beta);
            let mut model = Model::default();
            model.set(&fit, &[0.0; N], &[], &grad_eta);
            let support: Vec<usize> = (0..P).collect();
            let mut end = Vec::new();
            let model = Profiled { model: &model, intercept: true };
            let bounds = vec![1.0; P];
            let mut newton = SupportNewton::default();
            assert!(newton.run(&penalty, &design, &model, (&support, &bounds), &beta, &mut end));
            let (grad, _) = gradient(&design, &y, &end);
            assert_eq!(end[2], 0.0);
            for j in (0..P).filter(|&j| j != 2) {
                let distance = penalty.subdiff_dist_at(j, end[j], grad[j]);
                assert!(distance < 1e-12, "{j}: {} at distance {distance}", end[j]);
            }
        }
    }

    #[test]
    fn an_empty_support_has_no_price() {
        let design = Design::new(Matrix::Dense(DenseMatrix::new(N, P, numbers(N * P)).unwrap()));
        assert_eq!(price(&design, &[], None, true), f64::INFINITY);
        assert!(price(&design, &[1, 4], None, true).is_finite());
    }
}
