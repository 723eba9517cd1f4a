//! The products `Z'HZ` of the columns that Newton steps have met, with the free parameters taken out.
//! They are kept as long as the curvature stays, so that a column that comes later costs its own
//! products only. Those of the first columns with one another may lie there as their factor: see
//! [`SupportFactor`](super::support_factor::SupportFactor).
//!
//! Dense columns are taken a block of rows at a time.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{BlockStructure, matmul as matmul_triangular};
use faer::{Accum, MatRef, Par};
use fenchel_core::{Design, Matrix, kernels};

use super::support::Quadratic;
use super::triangle::{Part, Triangle};
use super::units::Curvatures;

/// Numbers of a block of rows: they stay in the second-level cache.
const BLOCK: usize = 1 << 15;

/// Rows that a block has at least.
const ROWS: usize = 64;

/// New columns up to which they are multiplied one by one, where they stay in the cache.
const FEW: usize = 6;
const SHORT: usize = 1 << 13;

/// How many columns may have left the support for each that is in it, in quarters, and how many beside.
const QUARTERS: usize = 1;
const BESIDE: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Stock {
    /// The features, in the order of the slots.
    features: Vec<usize>,
    /// One more than the slot of each feature, that is its place among them; 0 for one that is not there.
    slots: Vec<u32>,
    products: Triangle,
    /// The column of the predictor whose curvature they are taken under.
    output: usize,
    /// What tells that curvature from others.
    lasting: Option<u64>,
    /// What the model keeps to take the free parameters out of products, a number for each of the first columns.
    kept: Vec<f64>,
    block: Vec<f64>,
    weighted: Vec<f64>,
}

impl Stock {
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// How many of `features` have no products there, as far as the curvature does not change.
    pub fn missing(&self, features: impl Iterator<Item = usize>) -> usize {
        features.filter(|&j| self.slots.get(j).is_none_or(|slot| *slot == 0)).count()
    }

    /// The slot of a feature that is there.
    pub fn slot(&self, feature: usize) -> usize {
        self.slots[feature] as usize - 1
    }

    /// The products, which the factor may take the place of.
    pub fn products(&self) -> &Triangle {
        &self.products
    }

    /// The same, to be written to.
    pub fn products_mut(&mut self) -> &mut Triangle {
        &mut self.products
    }

    /// Exchanges two columns, neither of which lies there as part of the factor.
    pub fn exchange(&mut self, a: usize, b: usize) {
        self.products.exchange(a, b);
        self.features.swap(a, b);
        (self.slots[self.features[a]], self.slots[self.features[b]]) = (a as u32 + 1, b as u32 + 1);
        // What comes after these is of no use without them.
        if a.max(b) < self.kept.len() {
            self.kept.swap(a, b);
        } else {
            self.kept.truncate(a.min(b));
        }
    }

    /// Whether what is there holds under the curvatures that `lasting` tells from others, as far as these are of
    /// the same column of the predictor.
    pub fn holds_under(&self, lasting: Option<u64>) -> bool {
        lasting.is_some() && lasting == self.lasting
    }

    /// Whether what is there stays under the curvature of column `k` of the predictor.
    pub fn lasts(&mut self, model: &dyn Quadratic, k: usize) -> bool {
        let uniform = matches!(model.weights(k), Curvatures::Uniform(_));
        let lasts = self.holds_under(model.lasting()) && (uniform || self.output == k);
        (self.lasting, self.output) = (model.lasting(), k);
        lasts
    }

    /// Makes the products of all pairs of `features` available, for column `k` of the predictor.
    pub fn take(&mut self, design: &Design, model: &dyn Quadratic, k: usize, features: &[usize]) {
        self.slots.resize(design.features(), 0);
        let before = self.features.len();
        for &j in features {
            if self.slots[j] == 0 {
                self.features.push(j);
                self.slots[j] = self.features.len() as u32;
            }
        }
        self.append(design, model, k, before);
    }

    /// Drops all columns.
    pub fn clear(&mut self) {
        self.features.drain(..).for_each(|j| self.slots[j] = 0);
        self.products.truncate(0);
        self.kept.clear();
    }

    /// The slots that are to stay for `features`, in ascending order, where too many others are there.
    pub fn crowded(&self, features: &[usize]) -> Option<Vec<usize>> {
        let all = self.features.len() + self.missing(features.iter().copied());
        if all <= features.len() + features.len() * QUARTERS / 4 + BESIDE {
            return None;
        }
        let there = features.iter().filter(|&&j| self.slots[j] > 0);
        let mut stay: Vec<usize> = there.map(|&j| self.slot(j)).collect();
        stay.sort_unstable();
        Some(stay)
    }

    /// Drops the columns that are not to `stay`. From the first of them on none may lie there as part of the factor.
    pub fn retain(&mut self, stay: &[usize]) {
        // Columns move to the front, over what was read already.
        for (to, &from) in stay.iter().enumerate().skip_while(|(to, from)| to == *from) {
            let column = self.products.column(from);
            self.weighted.clear();
            self.weighted.extend(stay[..=to].iter().map(|&row| column[row]));
            self.products.column_mut(to).copy_from_slice(&self.weighted);
        }
        self.products.truncate(stay.len());
        self.features.iter().for_each(|&j| self.slots[j] = 0);
        for (to, &from) in stay.iter().enumerate() {
            self.features[to] = self.features[from];
            self.slots[self.features[to]] = to as u32 + 1;
        }
        self.features.truncate(stay.len());
        self.kept.clear();
    }

    /// The products of the features from `before` on with all.
    fn append(&mut self, design: &Design, model: &dyn Quadratic, k: usize, before: usize) {
        let new = self.features.len() - before;
        if new == 0 {
            return;
        }
        let weights = model.weights(k);
        self.products.grow(new);
        if let Matrix::Sparse(_) = **design.matrix() {
            self.pair_columns(design, weights, before);
        } else if before > 0 && new <= FEW && design.samples() <= SHORT {
            self.multiply_columns(design, weights, before);
        } else {
            self.add_up_blocks(design, weights, before);
        }
        model.eliminate(k, design, &self.features, before, &mut self.kept, &mut self.products);
    }

    /// The products of the new columns, column by column of the design: as fast as by blocks where there are
    /// few new ones, for which all others would be copied.
    fn multiply_columns(&mut self, design: &Design, weights: Curvatures<'_>, before: usize) {
        let (n, new) = (design.samples(), self.features.len() - before);
        self.weighted.resize(n * new, 0.0);
        let (mut sums, mut found) = ([0.0; FEW], [0.0; FEW]);
        let columns = self.features[before..].iter().zip(self.weighted.chunks_mut(n));
        for ((&j, column), sum) in columns.zip(&mut sums) {
            design.column_rows(j, 0, column);
            weights.weigh(column);
            *sum = kernels::sum(column);
        }
        let found = &mut found[..new];
        for (a, &j) in self.features.iter().enumerate() {
            design.stored_column(j).dot_each(n, &self.weighted, found);
            for (b, (found, sum)) in found.iter().zip(&sums).enumerate() {
                if let Some(product) = self.products.column_mut(before + b).get_mut(a) {
                    *product = (found - design.centre(j) * sum) / design.scale(j);
                }
            }
        }
    }

    /// The same as a sum over blocks of rows.
    fn add_up_blocks(&mut self, design: &Design, weights: Curvatures<'_>, before: usize) {
        let (n, all) = (design.samples(), self.features.len());
        let rows = (BLOCK / all.max(1)).max(ROWS).min(n);
        for begin in (0..n).step_by(rows.max(1)) {
            let length = rows.min(n - begin);
            self.block.resize(length * all, 0.0);
            for (&j, part) in self.features.iter().zip(self.block.chunks_mut(length)) {
                design.column_rows(j, begin, part);
            }
            let right = &self.block[before * length..];
            let (factor, right) = match weights {
                Curvatures::Uniform(h) => (h, right),
                Curvatures::Each(h) => {
                    self.weighted.clear();
                    self.weighted.extend_from_slice(right);
                    let h = Curvatures::Each(&h[begin..begin + length]);
                    self.weighted.chunks_mut(length).for_each(|part| h.weigh(part));
                    (1.0, self.weighted.as_slice())
                }
            };
            let right = MatRef::from_column_major_slice(right, length, all - before);
            let left = MatRef::from_column_major_slice(&self.block, length, all).transpose();
            let accum = if begin == 0 { Accum::Replace } else { Accum::Add };
            for Part { first, end, matrix } in self.products.parts_mut(before) {
                let right = right.subcols(first - before, end - first);
                let (above, corner) = matrix.split_at_row_mut(first);
                if first > 0 {
                    matmul(above, accum, left.subrows(0, first), right, factor, Par::Seq);
                }
                matmul_triangular(
                    corner,
                    BlockStructure::TriangularUpper,
                    accum,
                    left.subrows(first, end - first),
                    BlockStructure::Rectangular,
                    right,
                    BlockStructure::Rectangular,
                    factor,
                    Par::Seq,
                );
            }
        }
    }

    /// The same pair by pair, for sparse columns.
    fn pair_columns(&mut self, design: &Design, weights: Curvatures<'_>, before: usize) {
        self.weighted.clear();
        self.weighted.resize(design.samples(), 1.0);
        weights.weigh(&mut self.weighted);
        let all = self.features.len();
        let new = &self.features[before..];
        let products = design.weighted_products(new, &self.weighted, &self.features);
        for (end, column) in (before..all).zip(products.chunks(all)) {
            self.products.column_mut(end).copy_from_slice(&column[..=end]);
        }
    }
}
