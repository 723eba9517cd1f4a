//! The weighted least-squares model of a loss at a point,
//! `sum_i h_i r_i^2 / 2` with `r = -G / h`, gradient `G` and curvature `h` in the linear predictor.
//! For a quadratic loss it is the loss, up to a constant, everywhere.

use fenchel_core::kernels::Stored;
use fenchel_core::{Column, CurvatureForm, DataFit, Design, kernels, sweep, worst};

use super::support::Quadratic;
use super::triangle::Triangle;
use super::units::Curvatures;

/// Curvatures are kept above this share of the largest: a sample where the loss is flat to second
/// order (a saturated probability, an outlier under Huber's loss) would need an infinite residual.
/// The gradient stays exact, and the line search guards the step.
const CURVATURE_FLOOR: f64 = 1e-6;

/// A local model, with its weighted residual split into stored entries and one shift an output, times its
/// curvatures.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    /// The weighted residual `h r` less its shift, n x K; divided by `roots` while there are any.
    pub residual: Vec<f64>,
    /// Shift of each output.
    pub shift: Vec<f64>,
    /// `sum_i h_ik r_ik`.
    pub weighted_sum: Vec<f64>,
    total: Vec<f64>,
    curvature: Vec<f64>,
    uniform: Option<f64>,
    /// Whether the curvature is the same at every point.
    fixed: bool,
    /// How often curvatures were taken, whether those that are there may be held, and room for others.
    takings: u64,
    holdable: bool,
    spare: Vec<f64>,
    /// Roots of the curvatures of a single output, by which the residual is divided, and what it was before.
    roots: Vec<f64>,
    plain: Vec<f64>,
    /// What several columns add to the predictor.
    rise: Vec<f64>,
}

impl Model {
    /// The model of `fit` at `eta`, where its gradient is `grad_eta`.
    pub fn set(&mut self, fit: &dyn DataFit, eta: &[f64], own: &[f64], grad_eta: &[f64]) {
        (self.takings, self.holdable) = (self.takings + 1, false);
        self.take_curvature(fit, eta, own, grad_eta, f64::INFINITY);
        self.place(fit.outputs(), grad_eta);
    }

    /// The same of a loss without parameters of its own, with curvatures so large that no sample alone would move
    /// by more than `radius`; or with those that are there already, where the share of all by which they differ is
    /// less than `near`: what is known of them then lasts, and the gradient is exact all the same.
    pub fn set_within(
        &mut self,
        fit: &dyn DataFit,
        eta: &[f64],
        grad_eta: &[f64],
        radius: f64,
        near: f64,
    ) {
        if near == 0.0 {
            // Without room for those of before.
            (self.takings, self.holdable) = (self.takings + 1, true);
            self.take_curvature(fit, eta, &[], grad_eta, radius);
            return self.place(fit.outputs(), grad_eta);
        }
        let before = std::mem::take(&mut self.curvature);
        self.curvature = std::mem::take(&mut self.spare);
        self.take_curvature(fit, eta, &[], grad_eta, radius);
        if self.holdable && share_of_change(&before, &self.curvature) < near {
            self.spare = std::mem::replace(&mut self.curvature, before);
        } else {
            (self.takings, self.holdable) = (self.takings + 1, true);
            self.spare = before;
        }
        self.place(fit.outputs(), grad_eta);
    }

    /// Takes the curvatures of `fit` at `eta`.
    fn take_curvature(
        &mut self,
        fit: &dyn DataFit,
        eta: &[f64],
        own: &[f64],
        grad_eta: &[f64],
        radius: f64,
    ) {
        let (n, outputs) = (fit.samples(), fit.outputs());
        let curvature = fit.as_curvature().expect("`supports` asked for a curvature");
        self.curvature.resize(n * outputs, 0.0);
        curvature.curvature(eta, own, &mut self.curvature);
        let mut top = kernels::max_abs(&self.curvature);
        if top == 0.0 {
            // Flat to second order everywhere, as where every sample is an outlier.
            let bound = fit.as_smooth().and_then(|smooth| smooth.hessian_bound());
            top = bound.unwrap_or(1.0 / n as f64);
        }
        self.fixed = curvature.form() == CurvatureForm::Constant;
        if !self.fixed {
            for (h, g) in self.curvature.iter_mut().zip(grad_eta) {
                if *g != 0.0 {
                    *h = h.max(CURVATURE_FLOOR * top).max(g.abs() / radius).max(f64::MIN_POSITIVE);
                }
            }
        }
    }

    /// Begins where the gradient is `grad_eta`, under the curvatures that are there.
    fn place(&mut self, outputs: usize, grad_eta: &[f64]) {
        let n = grad_eta.len() / outputs.max(1);
        let first = self.curvature.first().copied().unwrap_or(0.0);
        self.uniform = self.curvature.iter().all(|h| *h == first).then_some(first);
        self.residual.clear();
        self.residual.extend(grad_eta.iter().map(|g| 0.0 - g));
        self.shift.clear();
        self.shift.resize(outputs, 0.0);
        self.total.clear();
        self.total.extend(self.curvature.chunks(n).map(kernels::sum));
        self.weighted_sum.clear();
        self.weighted_sum.extend(grad_eta.chunks(n).map(|g| -kernels::sum(g)));
    }

    /// `sum h r^2 / 2` with the true residual.
    pub fn value(&self) -> f64 {
        if let Some(roots) = self.roots() {
            let shift = self.shift[0];
            let square = |(z, root): (&f64, &f64)| (z + root * shift) * (z + root * shift);
            return 0.5 * self.residual.iter().zip(roots).map(square).sum::<f64>();
        }
        let n = self.residual.len() / self.shift.len();
        let mut value = 0.0;
        for (k, &shift) in self.shift.iter().enumerate() {
            let residual = &self.residual[k * n..(k + 1) * n];
            value += match self.weights(k) {
                Curvatures::Uniform(0.0) => 0.0,
                Curvatures::Uniform(h) => {
                    residual.iter().map(|q| (q + h * shift) * (q + h * shift)).sum::<f64>() / h
                }
                Curvatures::Each(h) => {
                    let square = |(q, &h): (&f64, &f64)| match h {
                        0.0 => 0.0,
                        h => (q + h * shift) * (q + h * shift) / h,
                    };
                    residual.iter().zip(h).map(square).sum()
                }
            };
        }
        0.5 * value
    }

    /// Writes the change of the predictor since the model was set where its gradient is `grad_eta`: the fall
    /// of the residual. See [`Model::farthest`].
    pub fn change(&self, grad_eta: &[f64], change: &mut Vec<f64>) {
        let n = self.residual.len() / self.shift.len();
        change.clear();
        for (k, &shift) in self.shift.iter().enumerate() {
            let of = k * n..(k + 1) * n;
            let falls = grad_eta[of.clone()].iter().zip(&self.residual[of]).map(|(g, q)| -g - q);
            match self.weights(k) {
                Curvatures::Uniform(h) => change.extend(falls.map(|fall| fall / h - shift)),
                Curvatures::Each(h) => {
                    change.extend(falls.zip(h).map(|(fall, h)| fall / h - shift));
                }
            }
        }
    }

    /// The largest `|r_i|` where the model was set, infinite where the curvature of a sample is zero: where it is
    /// huge, as a loss may be flat to second order, a change of the residual may be rounding.
    pub fn farthest(&self, grad_eta: &[f64]) -> f64 {
        grad_eta.iter().zip(&self.curvature).fold(0.0, |farthest, (g, &h)| {
            worst(farthest, if h == 0.0 { f64::INFINITY } else { g.abs() / h })
        })
    }

    /// Moves the intercepts to their optimum, given the coefficients.
    pub fn settle(&mut self, intercepts: &mut [f64]) {
        for (k, b0) in intercepts.iter_mut().enumerate() {
            if self.total[k] > 0.0 {
                let step = self.weighted_sum[k] / self.total[k];
                *b0 += step;
                self.shift[k] -= step;
                self.weighted_sum[k] = 0.0;
            }
        }
    }

    /// Recomputes the weighted sums from the residual, after it was changed as a whole.
    pub fn refresh_sums(&mut self) {
        let n = self.residual.len() / self.shift.len();
        for k in 0..self.shift.len() {
            let residual = &self.residual[k * n..(k + 1) * n];
            let sum = match self.roots() {
                None => kernels::sum(residual),
                Some(roots) => kernels::dot(roots, residual),
            };
            self.weighted_sum[k] = sum + self.shift[k] * self.total[k];
        }
    }

    /// Divides the weighted residual of a single output by the roots of its curvatures, so that it has the
    /// curvature 1 with columns that are multiplied by them; not where one of them is zero.
    pub fn divide_by_roots(&mut self) {
        if self.is_uniform() || self.outputs() > 1 || self.curvature.contains(&0.0) {
            return;
        }
        self.roots.extend(self.curvature.iter().map(|h| h.sqrt()));
        self.plain.clone_from(&self.residual);
        self.residual.iter_mut().zip(&self.roots).for_each(|(q, root)| *q /= root);
    }

    /// Takes the roots out of the residual again. What did not change has the bits that it had: where the
    /// curvature is small, its rounding would be taken for a step.
    pub fn take_roots_out(&mut self) {
        let before = self.roots.drain(..).zip(&self.plain);
        for (q, (root, plain)) in self.residual.iter_mut().zip(before) {
            *q = plain - (plain / root - *q) * root;
        }
    }

    /// The roots that are out of the residual; `None` where there are none.
    pub fn roots(&self) -> Option<&[f64]> {
        Some(self.roots.as_slice()).filter(|roots| !roots.is_empty())
    }

    /// Takes the moving parts out, so that the fixed ones can be borrowed beside them.
    pub fn take_point(&mut self) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let take = std::mem::take::<Vec<f64>>;
        (take(&mut self.residual), take(&mut self.shift), take(&mut self.weighted_sum))
    }

    /// Puts the moving parts back.
    pub fn put_point(&mut self, residual: Vec<f64>, shift: Vec<f64>, weighted_sum: Vec<f64>) {
        self.residual = residual;
        self.shift = shift;
        self.weighted_sum = weighted_sum;
    }

    /// Curvatures of output `k`, or `None` where all are [`Model::uniform`].
    pub fn curvature(&self, k: usize) -> Option<&[f64]> {
        let n = self.residual.len() / self.shift.len();
        if self.is_uniform() { None } else { Some(&self.curvature[k * n..(k + 1) * n]) }
    }

    /// The same, with what they are where they are uniform.
    pub fn weights(&self, k: usize) -> Curvatures<'_> {
        self.curvature(k).map_or(Curvatures::Uniform(self.uniform()), Curvatures::Each)
    }

    /// Appends `h r` of output `k`, with the true residual: the negative gradient in `eta`.
    pub fn weighted_residual(&self, k: usize, out: &mut Vec<f64>) {
        let n = self.residual.len() / self.outputs();
        let (residual, shift) = (&self.residual[k * n..(k + 1) * n], self.shift[k]);
        if let Some(roots) = self.roots() {
            let entry = |(z, root): (&f64, &f64)| root * (z + root * shift);
            out.extend(residual.iter().zip(roots).map(entry));
            return;
        }
        match self.weights(k) {
            Curvatures::Uniform(h) => out.extend(residual.iter().map(|q| q + h * shift)),
            Curvatures::Each(h) => {
                out.extend(residual.iter().zip(h).map(|(q, h)| q + h * shift));
            }
        }
    }

    /// Adds `step` times a column, with its centre and scale, to the predictor of output `k`; its rows are
    /// multiplied by the roots while there are any.
    pub fn advance<V: Stored>(
        &mut self,
        column: Column<'_, V>,
        placed: (f64, f64),
        k: usize,
        step: f64,
    ) {
        let n = self.residual.len() / self.outputs();
        let of = k * n..(k + 1) * n;
        let mut residual = std::mem::take(&mut self.residual);
        let mut shift = self.shift[k];
        let (curvature, uniform) = self.swept();
        let curvature = (curvature.map(|h| &h[of.clone()]), uniform);
        sweep::fall(column, placed, step, curvature, &mut residual[of], &mut shift);
        (self.residual, self.shift[k]) = (residual, shift);
    }

    /// The same for the design's columns, several at a time where they are dense; `steps` are along features.
    /// False, with nothing done, where curvatures differ and columns are sparse, or there are several outputs.
    pub fn advance_all(
        &mut self,
        design: &Design,
        steps: impl Iterator<Item = (usize, f64)>,
    ) -> bool {
        if self.outputs() > 1 {
            return false;
        }
        if let Some(h) = self.uniform {
            let mut shift = 0.0;
            let falls = steps.map(|(j, step)| {
                shift += step * design.centre(j) / design.scale(j);
                (j, -step * h)
            });
            design.add_up(falls, &mut self.residual);
            self.shift[0] += shift;
            return true;
        }
        if design.matrix().is_sparse() {
            return false;
        }
        self.rise.clear();
        self.rise.resize(self.residual.len(), 0.0);
        self.shift[0] += design.add_up(steps, &mut self.rise);
        let falls = self.rise.iter().zip(&self.curvature).map(|(rise, h)| h * rise);
        self.residual.iter_mut().zip(falls).for_each(|(q, fall)| *q -= fall);
        true
    }

    /// All curvatures that an epoch has to do with, or `None` and the one of all samples.
    pub fn swept(&self) -> (Option<&[f64]>, f64) {
        match self.uniform {
            Some(h) => (None, h),
            None if self.roots.is_empty() => (Some(&self.curvature), 0.0),
            None => (None, 1.0),
        }
    }

    /// Whether all samples and outputs have one curvature.
    pub fn is_uniform(&self) -> bool {
        self.uniform.is_some()
    }

    /// A number that tells one curvature of the loss from another, where it may be the same at other points: as
    /// it is that of all samples, or of all points, or held.
    pub fn lasting(&self) -> Option<u64> {
        let total = || self.total.iter().sum::<f64>().to_bits();
        let held = self.holdable.then_some(self.takings);
        self.uniform.map(f64::to_bits).or_else(|| self.fixed.then(total)).or(held)
    }

    /// The common curvature; 0 where there is none.
    pub fn uniform(&self) -> f64 {
        self.uniform.unwrap_or(0.0)
    }

    /// `sum_i h_ik`.
    pub fn total(&self, k: usize) -> f64 {
        self.total[k]
    }

    /// `sum_i h_ik` of every output.
    pub fn totals(&self) -> &[f64] {
        &self.total
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.shift.len()
    }
}

/// The share of all curvatures that they have changed by, sample by sample.
fn share_of_change(before: &[f64], now: &[f64]) -> f64 {
    if before.len() != now.len() {
        return f64::INFINITY;
    }
    let change: f64 = before.iter().zip(now).map(|(before, now)| (before - now).abs()).sum();
    change / kernels::sum(before)
}

/// A model with the intercepts at their best wherever the coefficients are, if there are any.
pub(crate) struct Profiled<'a> {
    pub model: &'a Model,
    pub intercept: bool,
}

impl Quadratic for Profiled<'_> {
    fn outputs(&self) -> usize {
        self.model.outputs()
    }
    fn weighted_residual(&self, k: usize, out: &mut Vec<f64>) {
        self.model.weighted_residual(k, out);
    }
    fn weights(&self, k: usize) -> Curvatures<'_> {
        self.model.weights(k)
    }
    fn lasting(&self) -> Option<u64> {
        self.model.lasting()
    }
    fn eliminate(
        &self,
        k: usize,
        design: &Design,
        features: &[usize],
        first: usize,
        sums: &mut Vec<f64>,
        products: &mut Triangle,
    ) {
        let total = self.model.total(k);
        if !self.intercept || total <= 0.0 {
            return;
        }
        let weights = self.weights(k);
        let new = features[sums.len()..].iter().map(|&j| {
            let sum = weights.dot(design.stored_column(j));
            (sum - design.centre(j) * total) / design.scale(j)
        });
        sums.extend(new);
        for end in first..features.len() {
            kernels::axpy(-sums[end] / total, &sums[..=end], products.column_mut(end));
        }
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::elementwise::{Elementwise, ElementwiseFit, ElementwiseSmooth, SmoothCurved};
    use fenchel_core::{Response, Samples};

    use super::Model;

    /// `exp(eta) - y eta`.
    #[derive(Debug)]
    struct Counts;

    impl Elementwise for Counts {
        fn value(&self, y: f64, eta: f64) -> f64 {
            eta.exp() - y * eta
        }
        fn saturated(&self, _: f64) -> f64 {
            0.0
        }
        fn as_smooth(fit: &ElementwiseFit<Self>) -> Option<&dyn SmoothCurved> {
            Some(fit)
        }
    }

    impl ElementwiseSmooth for Counts {
        fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
            (self.value(y, eta), eta.exp() - y)
        }
        fn second_derivative(&self, _: f64, eta: f64) -> f64 {
            eta.exp()
        }
        fn second_bound(&self) -> Option<f64> {
            None
        }
    }

    #[test]
    fn curvatures_are_held_while_they_are_near_and_the_gradient_is_that_of_the_point() {
        let y = vec![1.0, 3.0, 0.0, 2.0];
        let response = Response::Numeric { values: y.clone(), columns: 1 };
        let samples = Samples::new(response, None).unwrap();
        let fit = ElementwiseFit::new(Counts, y.clone(), &samples).unwrap();
        let at = |eta: &[f64]| -> Vec<f64> {
            eta.iter().zip(&y).map(|(eta, y)| (eta.exp() - y) / 4.0).collect()
        };
        let (first, near, far) = ([0.1, 1.0, -0.5, 0.4], [0.12, 1.01, -0.5, 0.4], [0.5; 4]);
        let mut model = Model::default();
        model.set_within(&fit, &first, &at(&first), f64::INFINITY, 0.1);
        let number = model.lasting().expect("it may be held");
        let held = model.curvature(0).unwrap().to_vec();
        assert!(held.iter().zip(first).all(|(h, eta)| (h - eta.exp() / 4.0).abs() < 1e-15));

        model.set_within(&fit, &near, &at(&near), f64::INFINITY, 0.1);
        assert_eq!(model.lasting(), Some(number));
        assert_eq!(model.curvature(0).unwrap(), held);
        let fall: Vec<f64> = at(&near).iter().map(|g| -g).collect();
        assert_eq!(model.residual, fall);

        // Too far, or nothing is near enough.
        model.set_within(&fit, &far, &at(&far), f64::INFINITY, 0.1);
        let other = model.lasting().unwrap();
        assert_ne!(other, number);
        model.set_within(&fit, &first, &at(&first), f64::INFINITY, 0.1);
        model.set_within(&fit, &near, &at(&near), f64::INFINITY, 0.0);
        assert!(![number, other].contains(&model.lasting().unwrap()), "no number comes twice");
        assert_ne!(model.curvature(0).unwrap(), held);

        // What is set for good is not held afterwards.
        model.set(&fit, &near, &[], &at(&near));
        assert_eq!(model.lasting(), None);
        model.set_within(&fit, &near, &at(&near), f64::INFINITY, 0.1);
        assert!(model.lasting().is_some_and(|last| last != number && last != other));
    }
}
