//! The products `Z'HZ` of the columns that Newton steps have met, with the free parameters taken out.
//! They are kept as long as the curvature stays, so that a column that comes later costs its own
//! products only.
//!
//! Dense columns are taken a block of rows at a time.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{BlockStructure, matmul as matmul_triangular};
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::{Design, Matrix, kernels};

use super::support::Quadratic;
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
    /// The features, in the order in which they came.
    features: Vec<usize>,
    /// One more than the slot of each feature, that is its place among them; 0 for one that is not there.
    slots: Vec<u32>,
    /// The upper triangle of the products, column by column.
    packed: Vec<f64>,
    /// The column of the predictor whose curvature they are taken under.
    output: usize,
    fixed: bool,
    /// What the model keeps of the columns to take the free parameters out of their products.
    kept: Vec<f64>,
    block: Vec<f64>,
    weighted: Vec<f64>,
}

impl Stock {
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether the products with `features` are there, as far as the curvature does not change.
    pub fn missing(&self, features: impl Iterator<Item = usize>) -> usize {
        features.filter(|&j| self.slots.get(j).is_none_or(|slot| *slot == 0)).count()
    }

    /// The products of a column with those that came before it and with itself.
    pub fn column(&self, slot: usize) -> &[f64] {
        &self.packed[slot * (slot + 1) / 2..][..=slot]
    }

    /// The product of two columns.
    pub fn product(&self, a: usize, b: usize) -> f64 {
        self.column(a.max(b))[a.min(b)]
    }

    /// `out <- M v` over all slots, of which only those in `slots` are asked for and may be nonzero.
    pub fn multiply(&self, slots: &[usize], v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for &slot in slots {
            let column = self.column(slot);
            out[slot] += kernels::dot(column, &v[..=slot]);
            if v[slot] != 0.0 {
                kernels::axpy(v[slot], &column[..slot], &mut out[..slot]);
            }
        }
    }

    /// Makes the products of all pairs of `features` available, for column `k` of the predictor, and
    /// writes the slots of the features to `slots`; whether what was there before kept its slots. What
    /// `room` holds is lost.
    pub fn take(
        &mut self,
        design: &Design,
        model: &dyn Quadratic,
        k: usize,
        features: &[usize],
        slots: &mut Vec<usize>,
        room: &mut Vec<f64>,
    ) -> bool {
        let uniform = matches!(model.weights(k), Curvatures::Uniform(_));
        let stays = self.fixed && model.is_fixed() && (uniform || self.output == k);
        (self.fixed, self.output) = (model.is_fixed(), k);
        self.slots.resize(design.features(), 0);
        let kept = if stays { self.make_room(features) } else { self.clear() };
        let before = self.features.len();
        for &j in features {
            if self.slots[j] == 0 {
                self.features.push(j);
                self.slots[j] = self.features.len() as u32;
            }
        }
        self.append(design, model, k, before, room);
        slots.clear();
        slots.extend(features.iter().map(|&j| self.slots[j] as usize - 1));
        kept
    }

    fn clear(&mut self) -> bool {
        self.features.drain(..).for_each(|j| self.slots[j] = 0);
        self.packed.clear();
        self.kept.clear();
        false
    }

    /// Drops the columns that are not among `features` where they are too many; whether they were not.
    fn make_room(&mut self, features: &[usize]) -> bool {
        let all = self.features.len() + self.missing(features.iter().copied());
        if all <= features.len() + features.len() * QUARTERS / 4 + BESIDE {
            return true;
        }
        let mut wanted = vec![false; self.features.len()];
        for &j in features {
            if let Some(slot) = (self.slots[j] as usize).checked_sub(1) {
                wanted[slot] = true;
            }
        }
        let stay: Vec<usize> = (0..self.features.len()).filter(|&slot| wanted[slot]).collect();
        // Columns move to the front, over what was read already.
        let mut end = 0;
        for (to, &from) in stay.iter().enumerate() {
            let start = from * (from + 1) / 2;
            for &row in &stay[..=to] {
                self.packed[end] = self.packed[start + row];
                end += 1;
            }
        }
        self.packed.truncate(end);
        self.features.iter().for_each(|&j| self.slots[j] = 0);
        for (to, &from) in stay.iter().enumerate() {
            self.features[to] = self.features[from];
            self.slots[self.features[to]] = to as u32 + 1;
        }
        self.features.truncate(stay.len());
        self.kept.clear();
        false
    }

    /// The products of the features from `before` on with all.
    fn append(
        &mut self,
        design: &Design,
        model: &dyn Quadratic,
        k: usize,
        before: usize,
        room: &mut Vec<f64>,
    ) {
        let all = self.features.len();
        if before == all {
            return;
        }
        let weights = model.weights(k);
        let length = all * (all - before);
        if let Matrix::Sparse(_) = **design.matrix() {
            *room = self.pair_columns(design, weights, before);
        } else {
            if room.len() < length {
                // Fresh zeros, of which only what is touched takes memory: the factor may grow into it.
                let side = all + all / 8;
                *room = vec![0.0; if before == 0 { side * side } else { length }];
            }
            let products = &mut room[..length];
            if before > 0 && all - before <= FEW && design.samples() <= SHORT {
                self.multiply_columns(design, weights, before, products);
            } else {
                self.add_up_blocks(design, weights, before, products);
            }
        }
        let products = &mut room[..length];
        model.eliminate(k, design, &self.features, before, &mut self.kept, products);
        for (b, column) in products.chunks(all).enumerate() {
            self.packed.extend_from_slice(&column[..=before + b]);
        }
    }

    /// The products, all x new, column by column of the design: as fast as by blocks where there are few
    /// new ones, for which all others would be copied.
    fn multiply_columns(
        &mut self,
        design: &Design,
        weights: Curvatures<'_>,
        before: usize,
        products: &mut [f64],
    ) {
        let (n, all) = (design.samples(), self.features.len());
        self.weighted.resize(n * (all - before), 0.0);
        let (mut sums, mut found) = ([0.0; FEW], [0.0; FEW]);
        let new = self.features[before..].iter().zip(self.weighted.chunks_mut(n));
        for ((&j, column), sum) in new.zip(&mut sums) {
            design.column_rows(j, 0, column);
            weights.weigh(column);
            *sum = kernels::sum(column);
        }
        let found = &mut found[..all - before];
        for (a, &j) in self.features.iter().enumerate() {
            design.stored_column(j).dot_each(n, &self.weighted, found);
            for (b, (found, sum)) in found.iter().zip(&sums).enumerate() {
                products[b * all + a] = (found - design.centre(j) * sum) / design.scale(j);
            }
        }
    }

    /// The products, all x new, as a sum over blocks of rows; of two new ones those above the diagonal.
    fn add_up_blocks(
        &mut self,
        design: &Design,
        weights: Curvatures<'_>,
        before: usize,
        products: &mut [f64],
    ) {
        let (n, all) = (design.samples(), self.features.len());
        let new = all - before;
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
            let right = MatRef::from_column_major_slice(right, length, new);
            let left = MatRef::from_column_major_slice(&self.block, length, all).transpose();
            let (old, fresh) =
                MatMut::from_column_major_slice_mut(products, all, new).split_at_row_mut(before);
            let accum = if begin == 0 { Accum::Replace } else { Accum::Add };
            let (left_old, left_fresh) = left.split_at_row(before);
            if before > 0 {
                matmul(old, accum, left_old, right, factor, Par::Seq);
            }
            matmul_triangular(
                fresh,
                BlockStructure::TriangularUpper,
                accum,
                left_fresh,
                BlockStructure::Rectangular,
                right,
                BlockStructure::Rectangular,
                factor,
                Par::Seq,
            );
        }
    }

    /// The same pair by pair, for sparse columns.
    fn pair_columns(
        &mut self,
        design: &Design,
        weights: Curvatures<'_>,
        before: usize,
    ) -> Vec<f64> {
        self.weighted.clear();
        self.weighted.resize(design.samples(), 1.0);
        weights.weigh(&mut self.weighted);
        design.weighted_products(&self.features[before..], &self.weighted, &self.features)
    }
}
