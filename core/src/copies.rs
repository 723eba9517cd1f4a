//! Copies of some columns of a sparse design, one after the other in memory and each row times a factor, such
//! as the root of its curvature: an epoch over them then gathers one number an entry and does not look for
//! columns all over the data.
//!
//! The copies are in single precision, which makes a model of their own of them, whose second derivatives are
//! off by 1e-7 of their size. Its gradient is that of the columns themselves where they were copied: what
//! products with the residual of that moment lack is kept, and added to all of them.

use crate::design::Design;
use crate::matrix::Column;
use crate::rows::StoredRows;

/// Copies of columns; made again and again in the same memory.
#[derive(Debug, Default)]
pub struct Copies {
    /// Where each copy begins, and the end.
    starts: Vec<u32>,
    rows: StoredRows,
    values: Vec<f32>,
    lacking: Vec<f64>,
}

/// Copies, and where there is the one of each entry of a list.
#[derive(Debug, Clone, Copy)]
pub struct Copied<'a> {
    copies: &'a Copies,
    places: &'a [usize],
}

impl Copies {
    /// What copies of so many entries of a design take.
    pub fn bytes(design: &Design, entries: usize) -> usize {
        entries * (size_of::<f32>() + StoredRows::width(design.samples()))
    }

    /// There are none from now on; their memory is kept for others.
    pub fn clear(&mut self) {
        self.starts.clear();
        self.rows.clear();
        self.values.clear();
        self.lacking.clear();
    }

    /// The copies at `places`, if there are any.
    pub fn at<'a>(&'a self, places: &'a [usize]) -> Option<Copied<'a>> {
        let any = !self.starts.is_empty();
        any.then_some(Copied { copies: self, places })
    }

    /// Becomes copies of the sparse columns `features`, each row times its factor, where the residual is
    /// `residual`, n numbers. There are none, which is `false`, where single precision has no room for one of
    /// the numbers, and of a dense design.
    pub fn take(
        &mut self,
        design: &Design,
        features: &[usize],
        factors: &[f64],
        residual: &[f64],
    ) -> bool {
        self.clear();
        let total = features.iter().map(|&j| design.stored_column(j).stored()).sum();
        // Exactly, as much as may be a good part of the whole.
        self.rows.begin(design.samples(), total);
        self.values.reserve_exact(total);
        self.starts.push(0);
        for &j in features {
            let Column::Sparse(rows, stored) = design.stored_column(j) else {
                self.clear();
                return false;
            };
            self.rows.extend(rows);
            let mut lacking = 0.0;
            let mut fits = true;
            self.values.extend(rows.iter().zip(stored).map(|(i, x)| {
                let exact = factors[i] * x;
                let copy = exact as f32;
                fits &= copy.is_normal() || exact == 0.0;
                lacking += (exact - f64::from(copy)) * residual[i];
                copy
            }));
            if !fits {
                self.clear();
                return false;
            }
            self.lacking.push(lacking);
            self.starts.push(self.values.len() as u32);
        }
        true
    }
}

impl<'a> Copied<'a> {
    /// The copy for entry `at` of the list, and what its product with a residual lacks.
    #[inline(always)]
    pub fn column(&self, at: usize) -> (Column<'a, f32>, f64) {
        let (copies, place) = (self.copies, self.places[at]);
        let range = copies.starts[place] as usize..copies.starts[place + 1] as usize;
        let rows = copies.rows.of(range.clone());
        (Column::Sparse(rows, &copies.values[range]), copies.lacking[place])
    }
}
