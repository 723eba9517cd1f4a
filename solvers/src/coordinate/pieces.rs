//! What an epoch visits, and what it needs of each piece: it is kept from one working set to the next,
//! and handed on to the nonzero pieces.

use fenchel_core::{Copies, Design};

use super::model::Model;
use super::units::{Units, column_moments, rooted_moments};

/// The columns that pieces are made of.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub design: &'a Design,
    /// Copies of those of coordinates, in their order, with the roots of the model in them.
    pub copies: &'a Copies,
}

/// Whether so few of all pieces are nonzero that epochs over them alone are worth while.
pub(crate) fn few_nonzero(nonzero: usize, all: usize) -> bool {
    nonzero > 0 && 4 * nonzero <= 3 * all
}

/// What an epoch visits, in order, and what it needs of each piece.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub units: Vec<usize>,
    /// Which curvature they were made for, see [`Model::lasting`].
    pub curvature: Option<u64>,
    /// Curvature bounds.
    pub lipschitz: Vec<f64>,
    /// Stored column sums, and where those of each block begin; a coordinate has one.
    pub sums: Vec<f64>,
    pub offsets: Vec<usize>,
    /// Of blocks, their curvatures, and where each piece's begins, and one more.
    pub grams: Vec<f64>,
    pub gram_starts: Vec<usize>,
    /// Flat indices of the coefficients of blocks; those of coordinates are the pieces.
    coefficients: Vec<usize>,
    /// Of coordinates, their places among all pieces.
    pub places: Vec<usize>,
}

impl Pieces {
    /// Flat indices of the coefficients.
    pub fn support(&self) -> &[usize] {
        if self.coefficients.is_empty() { &self.units } else { &self.coefficients }
    }

    fn clear(&mut self) {
        self.units.clear();
        self.lipschitz.clear();
        self.sums.clear();
        self.offsets.clear();
        self.grams.clear();
        self.gram_starts.clear();
        self.gram_starts.push(0);
        self.coefficients.clear();
        self.places.clear();
    }

    /// Takes the nonzero pieces of `all`; whether there are any, and enough others to pass over.
    pub fn take_nonzero(&mut self, all: &Pieces, units: &Units<'_>, beta: &[f64]) -> bool {
        self.clear();
        for (at, &unit) in all.units.iter().enumerate() {
            if units.is_active(unit, beta) {
                self.take(all, at);
                self.places.push(at);
                self.add_coefficients(unit, units, beta.len());
            }
        }
        few_nonzero(self.units.len(), all.units.len())
    }

    fn add_coefficients(&mut self, unit: usize, units: &Units<'_>, coefficients: usize) {
        if let Units::Blocks(_) = units {
            units.coefficients(unit, coefficients, &mut self.coefficients);
        }
    }

    /// Takes one of the pieces of `all`, but for its coefficients.
    fn take(&mut self, all: &Pieces, at: usize) {
        self.units.push(all.units[at]);
        self.lipschitz.push(all.lipschitz[at]);
        match all.offsets.get(at) {
            None => self.sums.push(all.sums[at]),
            Some(&begin) => {
                let end = all.offsets.get(at + 1).copied().unwrap_or(all.sums.len());
                self.offsets.push(self.sums.len());
                self.sums.extend_from_slice(&all.sums[begin..end]);
            }
        }
        if let Some(&[begin, end]) = all.gram_starts.get(at..at + 2) {
            self.grams.extend_from_slice(&all.grams[begin..end]);
            self.gram_starts.push(self.grams.len());
        }
    }

    /// Makes it the pieces in `working`, which ascend, out of those `before` where they have the same
    /// curvature, for so many coefficients in all.
    pub fn renew(
        &mut self,
        before: &Pieces,
        units: &Units<'_>,
        columns: Columns<'_>,
        model: &Model,
        (working, coefficients): (&[usize], usize),
    ) {
        self.clear();
        self.curvature = model.lasting();
        let kept = match self.curvature {
            Some(_) if before.curvature == self.curvature => before.units.as_slice(),
            _ => &[],
        };
        let blocks = matches!(units, Units::Blocks(_));
        let mut next = 0;
        for (place, &unit) in working.iter().enumerate() {
            next += kept[next..].iter().take_while(|&&kept| kept < unit).count();
            if kept.get(next) == Some(&unit) {
                self.take(before, next);
            } else {
                self.units.push(unit);
                if blocks {
                    self.offsets.push(self.sums.len());
                }
                let (sums, grams) = (&mut self.sums, &mut self.grams);
                let (design, place) = (columns.design, [place]);
                self.lipschitz.push(match columns.copies.at(&place).zip(model.roots()) {
                    None => units.moments(unit, design, model, sums, grams),
                    Some((copied, roots)) => {
                        let (copy, _) = copied.column(0);
                        let placed = (design.centre(unit), design.scale(unit));
                        let moments = rooted_moments(copy, placed, roots, model.total(0));
                        let (sum, square) = moments.unwrap_or_else(|| {
                            column_moments(design, unit, model.weights(0), model.total(0))
                        });
                        sums.push(sum);
                        square
                    }
                });
                if blocks {
                    self.gram_starts.push(self.grams.len());
                }
            }
            self.places.push(place);
            self.add_coefficients(unit, units, coefficients);
        }
    }
}
