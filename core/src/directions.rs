//! The unpenalised directions of a linear model as an operator `A` into its predictor: intercepts or
//! thresholds first, then coefficients, then directions that mix them. Columns of the design are read
//! where they are, and those that move the predictor alike share its curvature.

use crate::curvature::CurvatureForm;
use crate::design::Design;
use crate::kernels;
use crate::objective::{LinearModel, Objective};
use crate::penalty::Lineality;
use crate::subset::Subset;

/// `A`, (n L) x m; L is the number of thresholds where there are any, else K.
#[derive(Debug)]
pub(crate) struct Directions<'m> {
    model: &'m LinearModel,
    /// The model's, or that of a part of the samples.
    design: &'m Design,
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
        Self {
            model,
            design: &model.design,
            wide,
            whole: shape.intercepts + shape.own,
            coefficients,
            mixed,
        }
    }

    /// The same for some samples alone, whose rows of the design these are; not where directions mix
    /// coefficients.
    pub fn over(&self, design: &'m Design) -> Self {
        let (coefficients, mixed) = (self.coefficients.clone(), Vec::new());
        Self { model: self.model, design, wide: self.wide, whole: self.whole, coefficients, mixed }
    }

    /// A part of the samples that stands for all in the curvature along them, where they are all that the
    /// model has.
    pub fn subset(&self) -> Option<&'m Subset> {
        let all = self.coefficients.len() == self.model.shape().coefficients();
        if all { self.model.subset() } else { None }
    }

    /// How many there are, m.
    pub fn len(&self) -> usize {
        self.whole + self.coefficients.len() + self.mixed.len()
    }

    /// How many of them move a column of the predictor as a whole: they are the first.
    pub fn whole(&self) -> usize {
        self.whole
    }

    /// The flat indices of the coefficients, which are next.
    pub fn coefficients(&self) -> &[usize] {
        &self.coefficients
    }

    /// Length of the predictor, n L.
    pub fn predictor(&self) -> usize {
        self.samples() * self.wide
    }

    fn samples(&self) -> usize {
        self.design.samples()
    }

    /// Whether one column of `eta` moves all columns of the predictor.
    fn is_shared(&self) -> bool {
        self.wide > self.model.fit.outputs()
    }

    /// `out <- A t`; `eta` is overwritten.
    pub fn apply(&self, t: &[f64], out: &mut [f64], eta: &mut Vec<f64>) {
        let n = self.samples();
        let (whole, rest) = t.split_at(self.whole);
        self.change(rest, eta);
        for (l, out) in out.chunks_mut(n).enumerate() {
            let from = if self.is_shared() { 0 } else { l * n };
            let shift = whole.get(l).copied().unwrap_or(0.0);
            out.iter_mut().zip(&eta[from..from + n]).for_each(|(out, eta)| *out = eta + shift);
        }
    }

    /// The change of `eta` along the directions but those that are whole columns of the predictor.
    pub fn change(&self, t: &[f64], eta: &mut Vec<f64>) {
        let (n, p) = (self.samples(), self.design.features());
        eta.clear();
        eta.resize(n * self.model.fit.outputs(), 0.0);
        let (coefficients, mixed) = t.split_at(self.coefficients.len());
        for (&flat, &t) in self.coefficients.iter().zip(coefficients).filter(|(_, t)| **t != 0.0) {
            let k = flat / p;
            self.design.column_axpy(flat % p, t, &mut eta[k * n..(k + 1) * n]);
        }
        for (change, &t) in self.mixed.iter().zip(mixed) {
            kernels::axpy(t, change, eta);
        }
    }

    /// `out <- A'u`; `eta` is overwritten.
    pub fn apply_t(&self, u: &[f64], out: &mut Vec<f64>, eta: &mut Vec<f64>) {
        let n = self.samples();
        out.clear();
        out.extend(u.chunks(n).take(self.whole).map(kernels::sum));
        let mut in_eta = u;
        if self.is_shared() && self.len() > self.whole {
            eta.clear();
            eta.extend_from_slice(&u[..n]);
            u.chunks(n).skip(1).for_each(|u| kernels::axpy(1.0, u, eta));
            in_eta = eta;
        }
        self.products(in_eta, out);
    }

    /// Appends the products of `u` (n x K) with what [`Directions::change`] goes along.
    pub fn products(&self, u: &[f64], out: &mut Vec<f64>) {
        let (n, p) = (self.samples(), self.design.features());
        for of_output in self.coefficients.chunk_by(|a, b| a / p == b / p) {
            let u = &u[of_output[0] / p * n..][..n];
            let sum = kernels::sum(u);
            out.extend(of_output.iter().map(|j| self.design.column_dot(j % p, u, sum)));
        }
        out.extend(self.mixed.iter().map(|change| kernels::dot(change, u)));
    }

    /// `A'HA` (m x m) for `multiply(v, out)` that writes `H v`, and the form and the numbers of `H` where
    /// samples are apart from each other. `curved` is overwritten.
    pub fn gram(
        &self,
        local: Option<(CurvatureForm, &[f64])>,
        multiply: &mut dyn FnMut(&[f64], &mut [f64]),
        curved: &mut Vec<f64>,
    ) -> Vec<f64> {
        curved.resize(self.predictor(), 0.0);
        match local {
            Some((form, h)) if self.len() == self.whole => form.total(self.samples(), self.wide, h),
            Some((form, h)) if self.is_shared() => {
                let total = form.total(self.samples(), self.wide, h);
                form.row_sums(self.samples(), h, curved);
                self.shared_gram(&total, curved)
            }
            _ => self.gram_by_products(local.is_some(), multiply, curved),
        }
    }

    /// Where one column of `eta` moves all of the predictor: from second derivatives by the columns of
    /// the predictor (L x L), and by `eta` and those (n x L, overwritten).
    pub fn shared_gram(&self, total: &[f64], cross: &mut [f64]) -> Vec<f64> {
        let (n, m, p) = (self.samples(), self.len(), self.design.features());
        let design = self.design;
        let mut gram = vec![0.0; m * m];
        for (row, total) in gram.chunks_mut(m).zip(total.chunks(self.wide)) {
            row[..self.wide].copy_from_slice(total);
        }
        let features: Vec<usize> = self.coefficients.iter().map(|flat| flat % p).collect();
        let sums: Vec<f64> = cross.chunks(n).map(kernels::sum).collect();
        // There are either coefficients or directions that mix them.
        let some = !features.is_empty();
        let products = if some { design.stored_products(&features, cross) } else { Vec::new() };
        let mixed: Vec<f64> = self
            .mixed
            .iter()
            .flat_map(|change| cross.chunks(n).map(|h| kernels::dot(change, h)))
            .collect();
        let (shared, rest) = cross.split_at_mut(n);
        rest.chunks(n).for_each(|h| kernels::axpy(1.0, h, shared));
        let squares = design.weighted_products(&features, shared, &features);
        for (c, &j) in features.iter().enumerate() {
            for (l, sum) in sums.iter().enumerate() {
                let product = products[c * self.wide + l] - design.centre(j) * sum;
                let at = self.whole + c;
                gram[at * m + l] = product / design.scale(j);
                gram[l * m + at] = gram[at * m + l];
            }
            let row = &mut gram[(self.whole + c) * m + self.whole..][..features.len()];
            row.copy_from_slice(&squares[c * features.len()..(c + 1) * features.len()]);
        }
        for (a, change) in self.mixed.iter().enumerate() {
            let at = self.whole + a;
            for (l, product) in mixed[a * self.wide..(a + 1) * self.wide].iter().enumerate() {
                (gram[at * m + l], gram[l * m + at]) = (*product, *product);
            }
            for (b, other) in self.mixed[..=a].iter().enumerate() {
                let (product, other) = (kernels::dot3(change, shared, other), self.whole + b);
                (gram[at * m + other], gram[other * m + at]) = (product, product);
            }
        }
        gram
    }

    fn gram_by_products(
        &self,
        local: bool,
        multiply: &mut dyn FnMut(&[f64], &mut [f64]),
        curved: &mut [f64],
    ) -> Vec<f64> {
        let m = self.len();
        let mut gram = vec![0.0; m * m];
        let mut column = Vec::with_capacity(m);
        let mut change = vec![0.0; self.predictor()];
        let (mut unit, mut eta) = (vec![0.0; m], Vec::new());
        let apart = |c: usize| !local || c >= self.whole + self.coefficients.len();
        for c in (0..m).filter(|&c| c < self.whole || apart(c)) {
            unit[c] = 1.0;
            self.apply(&unit, &mut change, &mut eta);
            unit[c] = 0.0;
            multiply(&change, curved);
            self.apply_t(curved, &mut column, &mut eta);
            for (d, &product) in column.iter().enumerate() {
                gram[c * m + d] = product;
                gram[d * m + c] = product;
            }
        }
        if local && !self.coefficients.is_empty() {
            self.coefficient_gram(multiply, &mut change, curved, &mut gram);
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
        let (n, m, p) = (self.samples(), self.len(), self.design.features());
        let design = self.design;
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
            let of_others = &self.coefficients[..before + of_output.len()];
            for of_other in of_others.chunk_by(|a, b| a / p == b / p) {
                let h = &curved[of_other[0] / p * n..][..n];
                let first = self.coefficients.partition_point(|flat| *flat < of_other[0]);
                let features = |flat: &[usize]| flat.iter().map(|f| f % p).collect::<Vec<_>>();
                let (rows, cols) = (features(of_output), features(of_other));
                let products = design.weighted_products(&rows, h, &cols);
                for (c, products) in products.chunks(cols.len()).enumerate() {
                    for (d, &product) in products.iter().enumerate() {
                        let (c, d) = (self.whole + before + c, self.whole + first + d);
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
        let (mut products, mut eta) = (Vec::with_capacity(self.len()), Vec::new());
        self.apply_t(u, &mut products, &mut eta);
        self.within(&products, &self.norms(), kernels::norm2(u), cosine)
    }

    /// The same of a `u` with these products and this norm.
    pub fn within(&self, products: &[f64], norms: &[f64], size: f64, cosine: f64) -> bool {
        products.iter().zip(norms).all(|(product, norm)| product.abs() <= cosine * size * norm)
    }

    /// The norm of each of them.
    pub fn norms(&self) -> Vec<f64> {
        let (n, p) = (self.samples(), self.design.features());
        let times = if self.is_shared() { (self.wide as f64).sqrt() } else { 1.0 };
        let all = self.coefficients.len() == p * self.model.fit.outputs();
        let of_column = |j: usize| match all {
            true => self.model.norms()[j],
            false => self.design.column_square(j, None).sqrt(),
        };
        let norm = |c: usize| {
            let Some(c) = c.checked_sub(self.whole) else { return (n as f64).sqrt() };
            match self.coefficients.get(c) {
                Some(flat) => times * of_column(flat % p),
                None => times * kernels::norm2(&self.mixed[c - self.coefficients.len()]),
            }
        };
        (0..self.len()).map(norm).collect()
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

#[cfg(test)]
mod tests {
    use super::Directions;
    use crate::curvature::CurvatureForm;
    use crate::loss::{DataFit, OwnParameters, OwnReport};
    use crate::matrix::{DenseMatrix, Matrix};
    use crate::objective::LinearModel;
    use crate::penalty::Lineality;
    use crate::{Design, kernels};

    const N: usize = 7;
    const P: usize = 4;

    /// A loss of which only the sizes matter.
    #[derive(Debug)]
    struct Sizes {
        outputs: usize,
        own: usize,
    }

    impl DataFit for Sizes {
        fn samples(&self) -> usize {
            N
        }
        fn outputs(&self) -> usize {
            self.outputs
        }
        fn value(&self, _: &[f64], _: &[f64]) -> f64 {
            0.0
        }
        fn as_own(&self) -> Option<&dyn OwnParameters> {
            (self.own > 0).then_some(self)
        }
    }

    impl OwnParameters for Sizes {
        fn start(&self) -> Vec<f64> {
            vec![0.0; self.own]
        }
        fn report(&self, _: &[f64]) -> OwnReport {
            OwnReport::default()
        }
    }

    fn wave(n: usize, pitch: f64) -> Vec<f64> {
        (0..n).map(|i| (pitch * i as f64 + 0.3).sin()).collect()
    }

    /// The change of the predictor when one free parameter grows by 1, by the formula of the model.
    fn by_hand(model: &LinearModel, own: usize, lineality: &Lineality) -> Vec<Vec<f64>> {
        let outputs = model.fit.outputs();
        let wide = outputs.max(own);
        let spread = |eta: Vec<f64>| if wide > outputs { eta.repeat(wide) } else { eta };
        let mut columns = Vec::new();
        let whole = if own > 0 { own } else { outputs * usize::from(model.intercept) };
        for l in 0..whole {
            columns.push((0..N * wide).map(|at| f64::from(u8::from(at / N == l))).collect());
        }
        let mut along = |beta: &[f64]| {
            let mut eta = vec![0.0; N * outputs];
            model.design.mul(beta, &mut eta);
            columns.push(spread(eta));
        };
        let unit = |flat: usize| {
            let mut beta = vec![0.0; P * outputs];
            beta[flat] = 1.0;
            beta
        };
        match lineality {
            Lineality::Trivial => {}
            Lineality::Coordinates(flat) => flat.iter().for_each(|&flat| along(&unit(flat))),
            Lineality::Everything => (0..P * outputs).for_each(|flat| along(&unit(flat))),
            Lineality::Basis(basis) => basis.iter().for_each(|direction| along(direction)),
        }
        columns
    }

    #[test]
    fn the_operator_is_that_of_its_columns_whatever_they_are() {
        let sizes = [(1, 0, true), (1, 0, false), (3, 0, true), (1, 3, false), (3, 3, false)];
        for (outputs, own, intercept) in sizes {
            let matrix = Matrix::Dense(DenseMatrix::new(N, P, wave(N * P, 1.7)).unwrap());
            let design = Design::standardized(matrix, None);
            let fit = Box::new(Sizes { outputs, own });
            let model = LinearModel::new(design, fit, None, intercept && own == 0).unwrap();
            let last = P * outputs - 1;
            for lineality in [
                Lineality::Trivial,
                Lineality::Everything,
                Lineality::Coordinates(vec![1, last]),
                Lineality::Basis(vec![wave(P * outputs, 0.4), wave(P * outputs, 2.9)]),
            ] {
                check(&model, own, &lineality);
            }
        }
    }

    fn check(model: &LinearModel, own: usize, lineality: &Lineality) {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{lineality:?}: {a} {b}");
        let columns = by_hand(model, own, lineality);
        let directions = Directions::new(model, lineality);
        let m = directions.len();
        assert_eq!(m, columns.len());
        for (a, b) in columns.iter().zip(directions.columns()) {
            a.iter().zip(&b).for_each(|(a, b)| close(*a, *b));
        }
        let (t, u) = (wave(m, 0.9), wave(directions.predictor(), 1.1));
        let (mut out, mut eta) = (vec![f64::NAN; u.len()], Vec::new());
        directions.apply(&t, &mut out, &mut eta);
        for (i, out) in out.iter().enumerate() {
            close(*out, columns.iter().zip(&t).map(|(a, t)| t * a[i]).sum());
        }
        let mut products = Vec::new();
        directions.apply_t(&u, &mut products, &mut eta);
        columns.iter().zip(&products).for_each(|(a, got)| close(kernels::dot(a, &u), *got));

        let wide = u.len() / N;
        for form in [CurvatureForm::Diagonal, CurvatureForm::RankOne, CurvatureForm::Tridiagonal] {
            let h: Vec<f64> = wave(form.length(N, wide), 0.6).iter().map(|h| h + 1.5).collect();
            let mut multiply = |v: &[f64], out: &mut [f64]| form.multiply(N, &h, v, out);
            for local in [Some((form, h.as_slice())), None] {
                let mut curved = Vec::new();
                let gram = directions.gram(local, &mut multiply, &mut curved);
                for (c, a) in columns.iter().enumerate() {
                    form.multiply(N, &h, a, &mut curved);
                    for (d, b) in columns.iter().enumerate() {
                        close(kernels::dot(&curved, b), gram[c * m + d]);
                    }
                }
            }
        }
        if m > 0 {
            assert!(!directions.orthogonal(&columns[0], 1e-9));
        }
        assert!(directions.orthogonal(&vec![0.0; u.len()], 1e-9));
    }
}
