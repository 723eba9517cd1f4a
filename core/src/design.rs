//! The design matrix, seen through operations only, so that nothing downstream has a sparse twin.
//! Columns are centred and scaled on the fly: column `j` is `(x_j - centre_j) / scale_j`, and
//! centring costs one number a product, so that a sparse column stays sparse.

use std::sync::{Arc, Weak};

use crate::matrix::{Column, Matrix};
use crate::{Error, kernels};

/// Samples of dense columns that a product of several takes at a time.
const BLOCK: usize = 2048;

/// Numbers of a block that a product of many columns goes through again and again.
const CACHED: usize = 1 << 15;

/// Rows that it has at least.
const ROWS: usize = 128;

/// A share of the weight that none of it may leave.
const NOTHING: f64 = 1e-13;

/// An `n x p` design with implicit centring and scaling. Cloning is cheap: the numbers are shared.
#[derive(Debug, Clone)]
pub struct Design {
    matrix: Arc<Matrix>,
    centre: Option<Arc<[f64]>>,
    scale: Option<Arc<[f64]>>,
}

/// Which design something was made for, without keeping its numbers in memory.
#[derive(Debug, Clone)]
pub struct Identity {
    matrix: Weak<Matrix>,
    centre: Option<Weak<[f64]>>,
    scale: Option<Weak<[f64]>>,
}

impl Identity {
    /// Whether this is that design, or a clone of it. (No address is used again while there is a
    /// weak reference to it.)
    pub fn is(&self, design: &Design) -> bool {
        let same = |weak: &Option<Weak<[f64]>>, arc: &Option<Arc<[f64]>>| match (weak, arc) {
            (Some(weak), Some(arc)) => std::ptr::addr_eq(weak.as_ptr(), Arc::as_ptr(arc)),
            (None, None) => true,
            _ => false,
        };
        std::ptr::eq(self.matrix.as_ptr(), Arc::as_ptr(&design.matrix))
            && same(&self.centre, &design.centre)
            && same(&self.scale, &design.scale)
    }

    /// Whether no design has its matrix any more.
    pub fn is_gone(&self) -> bool {
        self.matrix.strong_count() == 0
    }
}

impl Design {
    /// The columns as they are stored.
    pub fn new(matrix: impl Into<Arc<Matrix>>) -> Self {
        Self { matrix: matrix.into(), centre: None, scale: None }
    }

    /// Centred by their weighted mean and divided by their weighted population standard deviation;
    /// a constant column is centred and left unscaled.
    ///
    /// `weights` are n numbers of any scale, or `None` for ones. A column counts as constant when its
    /// standard deviation is below `1e-12` times its largest magnitude (or below `1e-300`).
    pub fn standardized(matrix: impl Into<Arc<Matrix>>, weights: Option<&[f64]>) -> Self {
        let matrix = matrix.into();
        let total = weights.map_or(matrix.rows() as f64, kernels::sum);
        let (mut centre, mut scale) = (Vec::new(), Vec::new());
        for j in 0..matrix.cols() {
            let column = matrix.column(j);
            let mean = column.moments(weights).0 / total;
            let variance = centred_square(column, mean, weights, total) / total;
            let top = match column {
                Column::Dense(x) | Column::Sparse(_, x) => kernels::max_abs(x),
            };
            let deviation = variance.max(0.0).sqrt();
            centre.push(mean);
            scale.push(if deviation <= 1e-12 * top || deviation < 1e-300 {
                1.0
            } else {
                deviation
            });
        }
        Self { matrix, centre: Some(centre.into()), scale: Some(scale.into()) }
    }

    /// Columns `(x_j - centre_j) / scale_j` with the numbers given.
    ///
    /// Errors: [`Error::Length`] unless both have one number a column.
    pub fn with_centre_and_scale(
        matrix: impl Into<Arc<Matrix>>,
        centre: Vec<f64>,
        scale: Vec<f64>,
    ) -> Result<Self, Error> {
        let matrix = matrix.into();
        Error::check_length("centre", centre.len(), matrix.cols())?;
        Error::check_length("scale", scale.len(), matrix.cols())?;
        Ok(Self { matrix, centre: Some(centre.into()), scale: Some(scale.into()) })
    }

    /// Which design this is.
    pub fn identity(&self) -> Identity {
        Identity {
            matrix: Arc::downgrade(&self.matrix),
            centre: self.centre.as_ref().map(Arc::downgrade),
            scale: self.scale.as_ref().map(Arc::downgrade),
        }
    }

    /// Adds columns on the right, each with what is subtracted from it and what it is divided by.
    ///
    /// Errors: as [`Matrix::push`]; the columns before the one at fault are there then.
    pub fn append<'c>(
        &mut self,
        columns: impl IntoIterator<Item = (Column<'c>, f64, f64)>,
    ) -> Result<(), Error> {
        let mut centres: Vec<f64> = (0..self.features()).map(|j| self.centre(j)).collect();
        let mut scales: Vec<f64> = (0..self.features()).map(|j| self.scale(j)).collect();
        let matrix = Arc::make_mut(&mut self.matrix);
        let pushed = columns.into_iter().try_for_each(|(column, centre, scale)| {
            matrix.push(column)?;
            centres.push(centre);
            scales.push(scale);
            Ok(())
        });
        self.centre = Some(centres.into());
        self.scale = Some(scales.into());
        pushed
    }

    /// The rows `rows`, centred and scaled as these are.
    pub(crate) fn select_rows(&self, rows: &[usize]) -> Self {
        let (centre, scale) = (self.centre.clone(), self.scale.clone());
        Self { matrix: Arc::new(self.matrix.select_rows(rows)), centre, scale }
    }

    /// Number of samples, `n`.
    pub fn samples(&self) -> usize {
        self.matrix.rows()
    }

    /// Number of features, `p`.
    pub fn features(&self) -> usize {
        self.matrix.cols()
    }

    /// The stored numbers, before centring and scaling.
    pub fn matrix(&self) -> &Arc<Matrix> {
        &self.matrix
    }

    /// Whether `X` is the identity, neither centred nor scaled.
    fn is_identity(&self) -> bool {
        self.centre.is_none() && self.scale.is_none() && self.matrix.is_identity()
    }

    /// What is subtracted from column `j`.
    #[inline]
    pub fn centre(&self, j: usize) -> f64 {
        self.centre.as_ref().map_or(0.0, |c| c[j])
    }

    /// What column `j` is divided by, after centring.
    #[inline]
    pub fn scale(&self, j: usize) -> f64 {
        self.scale.as_ref().map_or(1.0, |s| s[j])
    }

    /// The stored column `j`, before centring and scaling.
    #[inline]
    pub fn stored_column(&self, j: usize) -> Column<'_> {
        self.matrix.column(j)
    }

    /// `x_j' u`, given `sum_i u_i`.
    #[inline(always)]
    pub fn column_dot(&self, j: usize, u: &[f64], u_sum: f64) -> f64 {
        (self.stored_column(j).dot(u) - self.centre(j) * u_sum) / self.scale(j)
    }

    /// `u <- u + a x_j`, entry by entry (a centred sparse column touches every entry).
    pub fn column_axpy(&self, j: usize, a: f64, u: &mut [f64]) {
        let a = a / self.scale(j);
        self.stored_column(j).axpy(a, u);
        let shift = a * self.centre(j);
        if shift != 0.0 {
            u.iter_mut().for_each(|u| *u -= shift);
        }
    }

    /// Rows `begin ..` of column `j`, as many as fit into `out`.
    pub fn column_rows(&self, j: usize, begin: usize, out: &mut [f64]) {
        let (centre, factor) = (self.centre(j), 1.0 / self.scale(j));
        match self.stored_column(j) {
            Column::Dense(x) => {
                let rows = out.iter_mut().zip(&x[begin..]);
                rows.for_each(|(out, x)| *out = (x - centre) * factor);
            }
            Column::Sparse(indices, x) => {
                out.fill(-centre * factor);
                for k in indices.above(begin)..indices.above(begin + out.len()) {
                    out[indices.at(k) - begin] = (x[k] - centre) * factor;
                }
            }
        }
    }

    /// `sum_i h_i x_ij^2`, with `h = None` for ones.
    pub fn column_square(&self, j: usize, h: Option<&[f64]>) -> f64 {
        let (centre, scale) = (self.centre(j), self.scale(j));
        if centre == 0.0 {
            return self.stored_column(j).moments(h).1 / (scale * scale);
        }
        let total = h.map_or(self.samples() as f64, kernels::sum);
        centred_square(self.stored_column(j), centre, h, total) / (scale * scale)
    }

    /// `out <- X beta` for `beta` p x K and `out` n x K, both column by column.
    pub fn mul(&self, beta: &[f64], out: &mut [f64]) {
        let (n, p) = (self.samples(), self.features());
        if self.is_identity() {
            out.copy_from_slice(beta);
            return;
        }
        for (beta, out) in beta.chunks(p.max(1)).zip(out.chunks_mut(n.max(1))) {
            out.fill(0.0);
            let terms = beta.iter().enumerate().filter(|(_, b)| **b != 0.0);
            let shift = self.add_up(terms.map(|(j, &b)| (j, b)), out);
            if shift != 0.0 {
                out.iter_mut().for_each(|u| *u -= shift);
            }
        }
    }

    /// Adds multiples of columns, as they are stored but for their scales, to `out`: each term is a feature and
    /// its factor. Returns what their centres come to, which is to be taken from all entries.
    pub fn add_up(&self, terms: impl Iterator<Item = (usize, f64)>, out: &mut [f64]) -> f64 {
        // Dense columns wait until there are enough to be added at a time.
        let (mut factors, mut columns, mut waiting) =
            ([0.0; kernels::ABREAST], [&[][..]; kernels::ABREAST], 0);
        let mut shift = 0.0;
        for (j, b) in terms {
            let b = b / self.scale(j);
            shift += b * self.centre(j);
            match self.stored_column(j) {
                Column::Dense(x) => {
                    (factors[waiting], columns[waiting]) = (b, x);
                    waiting += 1;
                }
                sparse => sparse.axpy(b, out),
            }
            if waiting == kernels::ABREAST {
                kernels::axpy_abreast(factors, columns, out);
                waiting = 0;
            }
        }
        for (b, x) in factors.iter().zip(columns).take(waiting) {
            kernels::axpy(*b, x, out);
        }
        shift
    }

    /// `out <- X' u` for `u` n x K and `out` p x K, both column by column.
    pub fn mul_t(&self, u: &[f64], out: &mut [f64]) {
        if self.is_identity() {
            out.copy_from_slice(u);
            return;
        }
        self.products(0..self.features(), u, out, |_| {});
    }

    /// The same, and after each column what `visit` makes of it while it is in the cache.
    pub(crate) fn mul_t_visiting(&self, u: &[f64], out: &mut [f64], visit: impl FnMut(usize)) {
        self.products(0..self.features(), u, out, visit);
    }

    /// The products of the columns `features` with `u`; a dense one is touched once for all of its
    /// columns.
    fn products(
        &self,
        features: impl Iterator<Item = usize> + Clone,
        u: &[f64],
        out: &mut [f64],
        mut visit: impl FnMut(usize),
    ) {
        let (n, p) = (self.samples(), self.features());
        if u.len() > n && matches!(*self.matrix, Matrix::Dense(_)) {
            let totals: Vec<f64> = u.chunks(n.max(1)).map(|u| self.total(u)).collect();
            let mut products = vec![0.0; totals.len()];
            for j in features {
                self.stored_column(j).dot_each(n, u, &mut products);
                for (k, (product, total)) in products.iter().zip(&totals).enumerate() {
                    out[j + k * p] = (product - self.centre(j) * total) / self.scale(j);
                }
                visit(j);
            }
            return;
        }
        for (k, (u, out)) in u.chunks(n.max(1)).zip(out.chunks_mut(p.max(1))).enumerate() {
            self.each_product(features.clone(), u, |j, product| {
                out[j] = product;
                if k == 0 {
                    visit(j);
                }
            });
        }
    }

    /// The sum of `u`, where products with centred columns need it.
    fn total(&self, u: &[f64]) -> f64 {
        if self.centre.is_some() { kernels::sum(u) } else { 0.0 }
    }

    /// The product of each of the columns `features` with the one column `u`; dense columns several at a time.
    pub fn each_product(
        &self,
        mut features: impl Iterator<Item = usize>,
        u: &[f64],
        mut each: impl FnMut(usize, f64),
    ) {
        let u_sum = self.total(u);
        if !matches!(*self.matrix, Matrix::Dense(_)) {
            return features.for_each(|j| each(j, self.column_dot(j, u, u_sum)));
        }
        loop {
            let mut group = [0; kernels::ABREAST];
            let mut count = 0;
            for (place, j) in group.iter_mut().zip(&mut features) {
                *place = j;
                count += 1;
            }
            let group = &group[..count];
            let column = |j| self.stored_column(j);
            if let [a, b, c, d] = *group
                && let (Column::Dense(a), Column::Dense(b), Column::Dense(c), Column::Dense(d)) =
                    (column(a), column(b), column(c), column(d))
            {
                for (&j, product) in group.iter().zip(kernels::dot_abreast([a, b, c, d], u)) {
                    each(j, (product - self.centre(j) * u_sum) / self.scale(j));
                }
            } else if group.is_empty() {
                return;
            } else {
                group.iter().for_each(|&j| each(j, self.column_dot(j, u, u_sum)));
            }
        }
    }

    /// As [`Design::mul_t`] for the columns `features` alone: `out` is zero elsewhere.
    pub fn mul_t_over(&self, features: &[usize], u: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.products(features.iter().copied(), u, out, |_| {});
    }

    /// The same into an `out` that keeps its other entries.
    pub(crate) fn mul_t_into(&self, features: &[usize], u: &[f64], out: &mut [f64]) {
        self.products(features.iter().copied(), u, out, |_| {});
    }

    /// `sum_i x_ij u_il` of the stored columns `features` with each column of `u` (n x L), feature by
    /// feature.
    pub(crate) fn stored_products(&self, features: &[usize], u: &[f64]) -> Vec<f64> {
        let n = self.samples();
        let columns = u.len() / n.max(1);
        let mut products = vec![0.0; features.len() * columns];
        let block = if matches!(*self.matrix, Matrix::Dense(_)) { BLOCK } else { n.max(1) };
        for begin in (0..n).step_by(block) {
            let end = n.min(begin + block);
            let part = |l: usize| match *self.matrix {
                Matrix::Dense(_) => &u[l * n + begin..l * n + end],
                _ => &u[l * n..(l + 1) * n],
            };
            for (&j, products) in features.iter().zip(products.chunks_mut(columns)) {
                let column = self.stored_column(j).within(begin, end);
                let mut l = 0;
                if let Column::Dense(x) = column {
                    while l + kernels::TOGETHER <= columns {
                        let three = kernels::dot_each(x, std::array::from_fn(|e| part(l + e)));
                        for product in three {
                            products[l] += product;
                            l += 1;
                        }
                    }
                }
                (l..columns).for_each(|l| products[l] += column.dot(part(l)));
            }
        }
        products
    }

    /// `sum_i x_ij h_i x_il` for `j` in `rows` and `l` in `cols`, row by row. Where the two are the
    /// same, half of the products are copies of the others.
    pub fn weighted_products(&self, rows: &[usize], h: &[f64], cols: &[usize]) -> Vec<f64> {
        let m = cols.len();
        let mut products = vec![0.0; rows.len() * m];
        if products.is_empty() {
            return products;
        }
        let dense = |&j: &usize| match self.stored_column(j) {
            Column::Dense(x) => Some(x),
            Column::Sparse(..) => None,
        };
        match cols.iter().map(dense).collect::<Option<Vec<_>>>() {
            Some(columns) => self.dense_products(rows, h, cols, &columns, &mut products),
            None => self.sparse_products(rows, h, cols, &mut products),
        }
        if rows == cols {
            for (c, d) in (0..m).flat_map(|c| (c + 1..m).map(move |d| (c, d))) {
                products[c * m + d] = products[d * m + c];
            }
        }
        products
    }

    /// A few hundred samples at a time, which stay in the cache for all pairs.
    fn dense_products(
        &self,
        rows: &[usize],
        h: &[f64],
        cols: &[usize],
        columns: &[&[f64]],
        products: &mut [f64],
    ) {
        let (n, m) = (self.samples(), cols.len());
        let block = (CACHED / m.max(1)).clamp(ROWS, BLOCK);
        let mut weighted = vec![0.0; block.min(n)];
        for begin in (0..n).step_by(block) {
            let end = n.min(begin + block);
            let weighted = &mut weighted[..end - begin];
            for (c, (&j, products)) in rows.iter().zip(products.chunks_mut(m)).enumerate() {
                let Column::Dense(x) = self.stored_column(j) else { continue };
                let (a, centre) = (1.0 / self.scale(j), self.centre(j));
                kernels::weigh(a, centre, &x[begin..end], &h[begin..end], weighted);
                let sum = if self.centre.is_some() { kernels::sum(weighted) } else { 0.0 };
                let needed = if rows == cols { c + 1 } else { m };
                let (columns, products) = (&columns[..needed], &mut products[..needed]);
                let mut add = |d: usize, product: f64| {
                    products[d] += (product - self.centre(cols[d]) * sum) / self.scale(cols[d]);
                };
                let (threes, rest) = columns.as_chunks::<{ kernels::TOGETHER }>();
                for (at, three) in threes.iter().enumerate() {
                    let got = kernels::dot_each(weighted, three.map(|x| &x[begin..end]));
                    let first = at * kernels::TOGETHER;
                    got.iter().enumerate().for_each(|(e, product)| add(first + e, *product));
                }
                for (d, x) in (needed - rest.len()..).zip(rest) {
                    add(d, kernels::dot(&x[begin..end], weighted));
                }
            }
        }
    }

    fn sparse_products(&self, rows: &[usize], h: &[f64], cols: &[usize], products: &mut [f64]) {
        let mut weighted = vec![0.0; self.samples()];
        for (c, (&j, products)) in rows.iter().zip(products.chunks_mut(cols.len())).enumerate() {
            let a = 1.0 / self.scale(j);
            weighted.fill(-self.centre(j) * a);
            self.stored_column(j).axpy(a, &mut weighted);
            weighted.iter_mut().zip(h).for_each(|(x, h)| *x *= h);
            let sum = if self.centre.is_some() { kernels::sum(&weighted) } else { 0.0 };
            let needed = if rows == cols { c + 1 } else { cols.len() };
            for (product, &l) in products.iter_mut().zip(cols).take(needed) {
                let got = self.stored_column(l).dot(&weighted);
                *product = (got - self.centre(l) * sum) / self.scale(l);
            }
        }
    }

    /// An estimate of `||diag(sqrt h) [1 X]||_2^2` by power iteration, with a small margin; `h = None`
    /// for ones, the column of ones only `with_intercept`. Deterministic. It may fall short where the
    /// leading direction is nearly absent from the start, so a step size taken from it needs
    /// backtracking.
    pub fn spectral_estimate(&self, h: Option<&[f64]>, with_intercept: bool) -> f64 {
        if self.is_identity() && !with_intercept {
            // Known, but for what the values of a backtracking rule lose to rounding.
            return (1.0 + 1e-9) * h.map_or(1.0, kernels::max_abs);
        }
        let (n, p) = (self.samples(), self.features());
        let mut v: Vec<f64> = (0..p).map(|j| 1.0 + 0.1 * ((j * 7919 % 97) as f64 / 97.0)).collect();
        let mut v0 = if with_intercept { 1.0 } else { 0.0 };
        let (mut u, mut estimate) = (vec![0.0; n], 0.0);
        for iteration in 0..100 {
            let norm = (kernels::dot(&v, &v) + v0 * v0).sqrt();
            if norm == 0.0 {
                return estimate;
            }
            v.iter_mut().for_each(|v| *v /= norm);
            v0 /= norm;
            self.mul(&v, &mut u);
            for (i, u) in u.iter_mut().enumerate() {
                *u = (*u + v0) * h.map_or(1.0, |h| h[i]);
            }
            self.mul_t(&u, &mut v);
            v0 = if with_intercept { kernels::sum(&u) } else { 0.0 };
            let next = (kernels::dot(&v, &v) + v0 * v0).sqrt();
            let done = iteration >= 15 && (next - estimate).abs() <= 1e-3 * next;
            estimate = next;
            if done {
                break;
            }
        }
        estimate * 1.02
    }
}

/// `sum_i h_i (x_i - centre)^2` by differences, as the textbook form cancels.
fn centred_square(column: Column<'_>, centre: f64, h: Option<&[f64]>, total: f64) -> f64 {
    match column {
        Column::Dense(x) => match h {
            None => x.iter().map(|x| (x - centre) * (x - centre)).sum(),
            Some(h) => x.iter().zip(h).map(|(x, h)| h * (x - centre) * (x - centre)).sum(),
        },
        Column::Sparse(indices, x) => {
            let (mut stored, mut square) = (0.0, 0.0);
            for (i, x) in indices.iter().zip(x) {
                let h = h.map_or(1.0, |h| h[i]);
                stored += h;
                square += h * (x - centre) * (x - centre);
            }
            let rest = total - stored;
            // What is left when all weight is stored is rounding, and the centre may be large.
            if rest > NOTHING * total { square + rest * centre * centre } else { square }
        }
    }
}
