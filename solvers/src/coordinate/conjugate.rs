//! Newton steps on the support without a matrix: conjugate gradients on the model over the nonzero
//! coefficients, each on the piece of the penalty that it stands on, and the intercepts.
//!
//! With the columns `Z` of the support, the Hessian `H` of the loss in `eta`, and the penalty's slopes
//! `s` and curvatures `c`, a step solves `(Z'HZ + diag c) d = -Z'G - s` to a share of the right-hand
//! side, scaled by the diagonal. Coefficients that would change sign stop at zero.
//!
//! An iteration costs two passes over the support's columns, like an epoch of descent, and needs no
//! room: for supports too large for the matrix, and Hessians that are known as products only.
//!
//! Source: Nocedal & Wright (2006), Numerical Optimization, algorithm 7.1 (line search Newton-CG).

use std::ops::Range;

use fenchel_core::{Copied, Design, Separable, kernels};

use super::piece::{Piece, PieceFinder, Place};
use super::units::shifted_axpy;

/// Iterations at most.
const ITERATIONS: usize = 50;

/// Coefficients whose pieces the penalty is asked for at a time: answers for all would take as much room as what
/// is kept of them.
const ASKED: usize = 512;

/// The share of the right-hand side, in the norm of the scaling, down to which a step is solved.
const REDUCTION: f64 = 0.03;

/// Where a step begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    /// Flat indices of the support.
    pub support: &'a [usize],
    /// A bound on the loss's curvature along each of them.
    pub lipschitz: &'a [f64],
    pub beta: &'a [f64],
    /// Gradient of the loss in `eta` (n x K).
    pub grad_eta: &'a [f64],
    /// Curvature along the intercept of each output; empty without intercepts.
    pub totals: &'a [f64],
    /// Copies of the columns of a single output, and what each row is multiplied by in them: directions in
    /// `eta` and what the Hessian makes of them are as well.
    pub copies: Option<(Copied<'a>, &'a [f64])>,
}

/// The buffers of such steps.
#[derive(Debug, Default)]
pub(crate) struct SupportCg {
    members: Vec<Member>,
    finder: PieceFinder,
    /// Where the penalty is asked for pieces, for those that would be members, and its pieces there.
    asked: Vec<Member>,
    places: Vec<Place>,
    pieces: Vec<Option<Piece>>,
    /// The step, the residual, the direction and its image: the members', then the intercepts'.
    step: Vec<f64>,
    residual: Vec<f64>,
    direction: Vec<f64>,
    image: Vec<f64>,
    /// Diagonal of the system.
    scaling: Vec<f64>,
    /// The direction in `eta`, and the Hessian times it.
    along: Vec<f64>,
    curved: Vec<f64>,
}

/// A coefficient of the support that has a slope.
#[derive(Debug, Clone, Copy)]
struct Member {
    /// Its place in the support.
    at: usize,
    /// Its column of the design, and of the predictor.
    column: usize,
    output: usize,
    curvature: f64,
}

impl SupportCg {
    /// Writes the end of the step to `end`, one number for each coefficient of the support, and the
    /// intercepts' steps to `shifts`; false where there is none. `hessian` writes the product of the
    /// loss's Hessian in `eta` with its first argument to its second.
    pub fn run(
        &mut self,
        penalty: &dyn Separable,
        design: &Design,
        hessian: &mut dyn FnMut(&[f64], &mut [f64]),
        at: At<'_>,
        end: &mut Vec<f64>,
        shifts: &mut Vec<f64>,
    ) -> bool {
        self.start(penalty, design, at);
        let m = self.members.len();
        end.clear();
        end.extend(at.support.iter().map(|&flat| at.beta[flat]));
        shifts.clear();
        // With more coefficients than samples, steps along which nothing changes have no end.
        let singular = m > at.grad_eta.len() && self.members.iter().all(|m| m.curvature <= 0.0);
        if m == 0 || singular {
            return false;
        }
        let mut size = self.scaled_square();
        let target = REDUCTION * REDUCTION * size;
        self.direction.clear();
        self.direction.extend(self.residual.iter().zip(&self.scaling).map(|(r, d)| r / d));
        for _ in 0..ITERATIONS {
            self.apply(design, hessian, at);
            let curvature = kernels::dot(&self.direction, &self.image);
            if curvature.is_nan() || curvature <= 0.0 {
                break;
            }
            let length = size / curvature;
            kernels::axpy(length, &self.direction, &mut self.step);
            kernels::axpy(-length, &self.image, &mut self.residual);
            let last = std::mem::replace(&mut size, self.scaled_square());
            if size.is_nan() || size <= target {
                break;
            }
            let kept = size / last;
            for ((d, r), scaling) in
                self.direction.iter_mut().zip(&self.residual).zip(&self.scaling)
            {
                *d = r / scaling + kept * *d;
            }
        }
        for (member, step) in self.members.iter().zip(&self.step) {
            let old = end[member.at];
            let new = old + step;
            end[member.at] = if new * old <= 0.0 { 0.0 } else { new };
        }
        shifts.extend_from_slice(&self.step[m..]);
        self.step.iter().all(|step| step.is_finite()) && self.step.iter().any(|step| *step != 0.0)
    }

    /// The members, the right-hand side and the diagonal.
    fn start(&mut self, penalty: &dyn Separable, design: &Design, at: At<'_>) {
        let n = design.samples();
        self.members.clear();
        self.residual.clear();
        self.scaling.clear();
        let mut grad_eta = std::mem::take(&mut self.curved);
        grad_eta.clear();
        grad_eta.extend_from_slice(at.grad_eta);
        if let Some((_, roots)) = at.copies {
            grad_eta.iter_mut().zip(roots).for_each(|(g, root)| *g /= root);
        }
        let sums = at.sums(&grad_eta, n);
        for begin in (0..at.support.len()).step_by(ASKED) {
            let range = begin..at.support.len().min(begin + ASKED);
            self.ask(penalty, design, at, range, (&grad_eta, &sums));
        }
        for (total, sum) in at.totals.iter().zip(&sums) {
            let flat = *total <= 0.0;
            self.residual.push(if flat { 0.0 } else { -sum });
            self.scaling.push(if flat { 1.0 } else { *total });
        }
        for buffer in [&mut self.step, &mut self.image] {
            buffer.clear();
            buffer.resize(self.residual.len(), 0.0);
        }
        self.curved = grad_eta;
        for buffer in [&mut self.along, &mut self.curved] {
            buffer.resize(at.grad_eta.len(), 0.0);
        }
    }

    /// Takes those of a range of the support that have a piece for members, with their right-hand sides and
    /// diagonal, where the gradient in `eta` and its sums are these.
    fn ask(
        &mut self,
        penalty: &dyn Separable,
        design: &Design,
        at: At<'_>,
        range: Range<usize>,
        (grad_eta, sums): (&[f64], &[f64]),
    ) {
        let p = design.features();
        self.asked.clear();
        self.places.clear();
        for place in range {
            let (flat, lipschitz) = (at.support[place], at.lipschitz[place]);
            let b = at.beta[flat];
            if b == 0.0 || lipschitz <= 0.0 {
                continue;
            }
            let (j, k) = (flat % p, flat / p);
            let member = Member { at: place, column: j, output: k, curvature: 0.0 };
            let (product, lacking) = at.product(design, member, grad_eta, sums);
            let gradient = product - lacking;
            self.asked.push(member);
            self.places.push(Place { flat, b, gradient, lipschitz });
        }
        self.finder.find(penalty, &self.places, &mut self.pieces);
        for ((member, place), piece) in self.asked.iter().zip(&self.places).zip(&self.pieces) {
            let Some((slope, curvature)) = *piece else { continue };
            self.members.push(Member { curvature, ..*member });
            self.residual.push(-place.gradient - slope);
            self.scaling.push(place.lipschitz + curvature.max(0.0));
        }
    }

    /// `sum_j r_j^2 / scaling_j`.
    fn scaled_square(&self) -> f64 {
        self.residual.iter().zip(&self.scaling).map(|(r, d)| r * r / d).sum()
    }

    /// `image <- (Z'HZ + diag c) direction`.
    fn apply(&mut self, design: &Design, hessian: &mut dyn FnMut(&[f64], &mut [f64]), at: At<'_>) {
        let (n, m) = (design.samples(), self.members.len());
        let shifts = self.expand(design, at);
        for (k, (shift, along)) in shifts.iter().zip(self.along.chunks_mut(n)).enumerate() {
            let shift = shift + self.direction.get(m + k).copied().unwrap_or(0.0);
            match at.copies {
                _ if shift == 0.0 => {}
                None => along.iter_mut().for_each(|a| *a += shift),
                Some((_, roots)) => kernels::axpy(shift, roots, along),
            }
        }
        hessian(&self.along, &mut self.curved);
        let sums = at.sums(&self.curved, n);
        self.contract(design, at, &sums);
        for ((member, step), image) in self.members.iter().zip(&self.direction).zip(&mut self.image)
        {
            *image += member.curvature * step;
        }
        for (image, sum) in self.image[m..].iter_mut().zip(&sums) {
            *image = *sum;
        }
    }

    /// `along <- Z direction` but for what the centres of columns come to, which is returned, output by output.
    fn expand(&mut self, design: &Design, at: At<'_>) -> Vec<f64> {
        let n = design.samples();
        let mut shifts = vec![0.0; self.along.len() / n];
        self.along.fill(0.0);
        let steps = self.members.iter().zip(&self.direction);
        if at.is_plain(n) {
            let terms = steps.map(|(member, step)| (member.column, *step));
            shifts[0] = -design.add_up(terms, &mut self.along);
            return shifts;
        }
        for (member, step) in steps {
            let (j, k) = (member.column, member.output);
            let placed = (design.centre(j), design.scale(j));
            let (along, shift) = (&mut self.along[k * n..(k + 1) * n], &mut shifts[k]);
            match at.copies {
                None => shifted_axpy(design.stored_column(j), placed, *step, along, shift),
                Some((copied, _)) => {
                    let (copy, _) = copied.column(member.at);
                    shifted_axpy(copy, placed, *step, along, shift);
                }
            }
        }
        shifts
    }

    /// `image <- Z' curved`, whose columns have these sums, for the members.
    fn contract(&mut self, design: &Design, at: At<'_>, sums: &[f64]) {
        let members = self.members.iter();
        let mut image = self.image.iter_mut();
        if at.is_plain(design.samples()) {
            let columns = members.map(|member| member.column);
            return design.each_product(columns, &self.curved, |_, product| {
                *image.next().expect("each member has its place") = product;
            });
        }
        for (member, image) in members.zip(image) {
            *image = at.product(design, *member, &self.curved, sums).0;
        }
    }
}

impl At<'_> {
    /// Whether there is one output, of `n` samples, and the columns are those of the design.
    fn is_plain(&self, n: usize) -> bool {
        self.copies.is_none() && self.grad_eta.len() == n
    }

    /// The product of a member's column, or its copy, with its column of `u`, n numbers each, which have
    /// these sums; and what the product of a copy with a residual lacks.
    fn product(&self, design: &Design, member: Member, u: &[f64], sums: &[f64]) -> (f64, f64) {
        let (n, j, k) = (design.samples(), member.column, member.output);
        let u = &u[k * n..(k + 1) * n];
        match self.copies {
            None => (design.column_dot(j, u, sums[k]), 0.0),
            Some((copied, _)) => {
                let (copy, lacking) = copied.column(member.at);
                let scale = design.scale(j);
                ((copy.dot(u) - design.centre(j) * sums[k]) / scale, lacking / scale)
            }
        }
    }

    /// The sums of the columns of `u`, n numbers each, in `eta`.
    fn sums(&self, u: &[f64], n: usize) -> Vec<f64> {
        match self.copies {
            None => u.chunks(n).map(kernels::sum).collect(),
            Some((_, roots)) => vec![kernels::dot(roots, u)],
        }
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::{DenseMatrix, Design, Matrix, Separable, kernels};

    use super::super::testing::{Elastic, numbers};
    use super::{At, SupportCg};

    const N: usize = 40;
    const P: usize = 6;

    /// The gradient of half the mean square of `eta - y` with unequal weights.
    fn gradient(design: &Design, y: &[f64], h: &[f64], beta: &[f64], intercept: f64) -> Vec<f64> {
        let mut eta = vec![0.0; N];
        design.mul(beta, &mut eta);
        eta.iter().zip(y).zip(h).map(|((e, y), h)| h * (e + intercept - y)).collect()
    }

    #[test]
    fn repeated_steps_come_to_the_minimum_of_the_support_with_its_intercept() {
        for penalty in [Elastic(0.01, 0.0), Elastic(0.005, 0.3)] {
            let design =
                Design::new(Matrix::Dense(DenseMatrix::new(N, P, numbers(N * P)).unwrap()));
            let h: Vec<f64> = numbers(N).iter().map(|u| (0.2 + u.abs()) / N as f64).collect();
            let signs = [1.0, -1.0, 0.0, 1.0, -1.0, 1.0];
            let mut y = vec![0.0; N];
            design.mul(&signs, &mut y);
            let mut beta: Vec<f64> = signs.iter().map(|s| 0.3 * s).collect();
            let mut intercept = 0.0;
            let y: Vec<f64> = y.iter().zip(numbers(N)).map(|(y, u)| y + 2.0 + 0.1 * u).collect();
            let support = [0, 1, 2, 3, 4, 5];
            let total = [kernels::sum(&h)];
            let mut cg = SupportCg::default();
            let mut hessian = |v: &[f64], out: &mut [f64]| {
                out.iter_mut().zip(v).zip(&h).for_each(|((out, v), h)| *out = h * v);
            };
            let (mut end, mut shifts) = (Vec::new(), Vec::new());
            for _ in 0..12 {
                let grad_eta = gradient(&design, &y, &h, &beta, intercept);
                let at = At {
                    support: &support,
                    lipschitz: &[1.0; P],
                    beta: &beta,
                    grad_eta: &grad_eta,
                    totals: &total,
                    copies: None,
                };
                let found = cg.run(&penalty, &design, &mut hessian, at, &mut end, &mut shifts);
                if !found {
                    break;
                }
                beta.clone_from(&end);
                intercept += shifts[0];
            }
            let grad_eta = gradient(&design, &y, &h, &beta, intercept);
            let mut grad = vec![0.0; P];
            design.mul_t(&grad_eta, &mut grad);
            assert!(kernels::sum(&grad_eta).abs() < 1e-9);
            assert_eq!(beta[2], 0.0);
            for j in [0, 1, 3, 4, 5] {
                let distance = penalty.subdiff_dist_at(j, beta[j], grad[j]);
                assert!(beta[j] * signs[j] > 0.0 && distance < 1e-9, "{j}: {distance}");
            }
        }
    }

    #[test]
    fn a_coefficient_that_would_change_sign_stops_at_zero() {
        let design = Design::new(Matrix::Dense(DenseMatrix::new(2, 1, vec![1.0, 1.0]).unwrap()));
        let at = At {
            support: &[0],
            lipschitz: &[2.0],
            beta: &[0.5],
            grad_eta: &[3.0, 3.0],
            totals: &[],
            copies: None,
        };
        let (mut end, mut shifts) = (Vec::new(), Vec::new());
        let mut same = |v: &[f64], out: &mut [f64]| out.copy_from_slice(v);
        let mut cg = SupportCg::default();
        assert!(cg.run(&Elastic(0.1, 0.0), &design, &mut same, at, &mut end, &mut shifts));
        assert_eq!((end.as_slice(), shifts.len()), ([0.0].as_slice(), 0));
    }
}
