//! The unpenalised directions of a linear model as an operator `A` into its predictor: intercepts or
//! thresholds first, then coefficients, then directions that mix them. Columns of the design are read
//! where they are, and those that move the predictor alike share its curvature.

use crate::kernels;
use crate::objective::{LinearModel, Objective};
use crate::penalty::Lineality;

/// `A`, (n L) x m; L is the number of thresholds where there are any, else K.
#[derive(Debug)]
pub(crate) struct Directions<'m> {
    model: &'m LinearModel,
    /// Columns of the predictor, `L`.
    wide: usize,
    /// Directions that move one of them as a whole.
    whole: usize,
    /// Flat indices of coefficients, ascending, so that those of an output stand together.
    coefficients: Vec<usize>,
    /// Changes of `eta` (n x K) along the rest.
    mixed: Vec<Vec<f64>>,
}

impl<'m> Directions<'m> {
    /// Those of a model under a penalty of this lineality.
    pub fn new(model: &'m LinearModel, lineality: &Lineality) -> Self {
        let shape = model.shape();
        let mut coefficients = match lineality {
            Lineality::Coordinates(flat) => flat.clone(),
            Lineality::Everything => (0..shape.coefficients()).collect(),
            Lineality::Trivial | Lineality::Basis(_) => Vec::new(),
        };
        coefficients.sort_unstable();
        let mut mixed = Vec::new();
        if let Lineality::Basis(basis) = lineality {
            for direction in basis {
                let mut change = vec![0.0; model.fit.samples() * shape.outputs];
                model.design.mul(direction, &mut change);
                mixed.push(change);
            }
        }
        let wide = shape.outputs.max(shape.own);
        Self { model, wide, whole: shape.intercepts + shape.own, coefficients, mixed }
    }

    /// How many there are, m.
    pub fn len(&self) -> usize {
        self.whole + self.coefficients.len() + self.mixed.len()
    }

    /// Length of the predictor, n L.
    pub fn predictor(&self) -> usize {
        self.samples() * self.wide
    }

    fn samples(&self) -> usize {
        self.model.fit.samples()
    }

    /// Whether one column of `eta` moves all columns of the predictor.
    fn is_shared(&self) -> bool {
        self.wide > self.model.fit.outputs()
    }

    /// `out <- A t`; `eta` is overwritten.
    pub fn apply(&self, t: &[f64], out: &mut [f64], eta: &mut Vec<f64>) {
        let (n, p) = (self.samples(), self.model.design.features());
        eta.clear();
        eta.resize(n * self.model.fit.outputs(), 0.0);
        let (whole, rest) = t.split_at(self.whole);
        let (coefficients, mixed) = rest.split_at(self.coefficients.len());
        for (&flat, &t) in self.coefficients.iter().zip(coefficients).filter(|(_, t)| **t != 0.0) {
            let k = flat / p;
            self.model.design.column_axpy(flat % p, t, &mut eta[k * n..(k + 1) * n]);
        }
        for (change, &t) in self.mixed.iter().zip(mixed) {
            kernels::axpy(t, change, eta);
        }
        for (l, out) in out.chunks_mut(n).enumerate() {
            let from = if self.is_shared() { 0 } else { l * n };
            let shift = whole.get(l).copied().unwrap_or(0.0);
            out.iter_mut().zip(&eta[from..from + n]).for_each(|(out, eta)| *out = eta + shift);
        }
    }

    /// `out <- A'u`; `eta` is overwritten.
    pub fn apply_t(&self, u: &[f64], out: &mut Vec<f64>, eta: &mut Vec<f64>) {
        let (n, p) = (self.samples(), self.model.design.features());
        out.clear();
        out.extend(u.chunks(n).take(self.whole).map(kernels::sum));
        let mut in_eta = u;
        if self.is_shared() && self.len() > self.whole {
            eta.clear();
            eta.extend_from_slice(&u[..n]);
            u.chunks(n).skip(1).for_each(|u| kernels::axpy(1.0, u, eta));
            in_eta = eta;
        }
        for of_output in self.coefficients.chunk_by(|a, b| a / p == b / p) {
            let u = &in_eta[of_output[0] / p * n..][..n];
            let sum = kernels::sum(u);
            out.extend(of_output.iter().map(|j| self.model.design.column_dot(j % p, u, sum)));
        }
        out.extend(self.mixed.iter().map(|change| kernels::dot(change, in_eta)));
    }

    /// `A'HA` (m x m) for `multiply(v, out)` that writes `H v`, of which samples are apart from each
    /// other if `local`.
    pub fn gram(&self, local: bool, multiply: &mut dyn FnMut(&[f64], &mut [f64])) -> Vec<f64> {
        let m = self.len();
        let mut gram = vec![0.0; m * m];
        let mut column = Vec::with_capacity(m);
        let (mut change, mut curved) = (vec![0.0; self.predictor()], vec![0.0; self.predictor()]);
        let (mut unit, mut eta) = (vec![0.0; m], Vec::new());
        let apart = |c: usize| !local || c >= self.whole + self.coefficients.len();
        for c in (0..m).filter(|&c| c < self.whole || apart(c)) {
            unit[c] = 1.0;
            self.apply(&unit, &mut change, &mut eta);
            unit[c] = 0.0;
            multiply(&change, &mut curved);
            self.apply_t(&curved, &mut column, &mut eta);
            for (d, &product) in column.iter().enumerate() {
                gram[c * m + d] = product;
                gram[d * m + c] = product;
            }
        }
        if local && !self.coefficients.is_empty() {
            self.coefficient_gram(multiply, &mut change, &mut curved, &mut gram);
        }
        gram
    }

    /// The part of `A'HA` between coefficients: `x_j' diag(H_kl) x_i`, with one product with `H` for
    /// all coefficients of output `l`.
    fn coefficient_gram(
        &self,
        multiply: &mut dyn FnMut(&[f64], &mut [f64]),
        change: &mut [f64],
        curved: &mut [f64],
        gram: &mut [f64],
    ) {
        let (n, m, p) = (self.samples(), self.len(), self.model.design.features());
        let design = &self.model.design;
        let mut weighted = vec![0.0; n];
        let mut before = 0;
        for of_output in self.coefficients.chunk_by(|a, b| a / p == b / p) {
            let output = of_output[0] / p;
            if self.is_shared() {
                change.fill(1.0);
            } else {
                change.fill(0.0);
                change[output * n..(output + 1) * n].fill(1.0);
            }
            multiply(change, curved);
            if self.is_shared() {
                let (total, rest) = curved.split_at_mut(n);
                rest.chunks(n).for_each(|h| kernels::axpy(1.0, h, total));
            }
            for (c, &flat) in of_output.iter().enumerate() {
                let c = before + c;
                let others = &self.coefficients[..=c];
                for of_other in others.chunk_by(|a, b| a / p == b / p) {
                    let h = &curved[of_other[0] / p * n..][..n];
                    weighted.fill(0.0);
                    design.column_axpy(flat % p, 1.0, &mut weighted);
                    weighted.iter_mut().zip(h).for_each(|(x, h)| *x *= h);
                    let sum = kernels::sum(&weighted);
                    let first = self.coefficients.partition_point(|flat| *flat < of_other[0]);
                    for (d, other) in of_other.iter().enumerate() {
                        let product = design.column_dot(other % p, &weighted, sum);
                        let (c, d) = (self.whole + c, self.whole + first + d);
                        gram[c * m + d] = product;
                        gram[d * m + c] = product;
                    }
                }
            }
            before += of_output.len();
        }
    }

    /// Whether `u` is at a right angle to all of them, within a cosine.
    pub fn orthogonal(&self, u: &[f64], cosine: f64) -> bool {
        let (n, p, size) = (self.samples(), self.model.design.features(), kernels::norm2(u));
        let (mut products, mut eta) = (Vec::with_capacity(self.len()), Vec::new());
        self.apply_t(u, &mut products, &mut eta);
        let times = if self.is_shared() { (self.wide as f64).sqrt() } else { 1.0 };
        let norm = |c: usize| {
            let Some(c) = c.checked_sub(self.whole) else { return (n as f64).sqrt() };
            match self.coefficients.get(c) {
                Some(flat) => times * self.model.design.column_square(flat % p, None).sqrt(),
                None => times * kernels::norm2(&self.mixed[c - self.coefficients.len()]),
            }
        };
        products.iter().enumerate().all(|(c, product)| product.abs() <= cosine * size * norm(c))
    }

    /// The directions one by one.
    pub fn columns(&self) -> Vec<Vec<f64>> {
        let (mut unit, mut eta) = (vec![0.0; self.len()], Vec::new());
        let column = |c: usize| {
            let mut change = vec![0.0; self.predictor()];
            unit[c] = 1.0;
            self.apply(&unit, &mut change, &mut eta);
            unit[c] = 0.0;
            change
        };
        (0..self.len()).map(column).collect()
    }
}
