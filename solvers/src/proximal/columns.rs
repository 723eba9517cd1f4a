//! Dense copies of the columns that a solve has touched, centred and scaled, with their products:
//! Newton systems over changing supports are put together from them.

use fenchel_core::{Design, kernels};

/// Columns of a design, each computed once.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    n: usize,
    /// Place of each feature among the copies; the last place of all is the column of ones.
    places: Vec<Option<usize>>,
    values: Vec<f64>,
    /// Products with the columns before and with itself, one row a column.
    products: Vec<Vec<f64>>,
}

impl Columns {
    /// Forgets everything, for a new design.
    pub fn begin(&mut self, design: &Design) {
        self.n = design.samples();
        self.places.clear();
        self.places.resize(design.features() + 1, None);
        self.values.clear();
        self.products.clear();
    }

    /// The place of feature `j`, or of the column of ones for `j = p`.
    pub fn place(&mut self, design: &Design, j: usize) -> usize {
        if let Some(place) = self.places[j] {
            return place;
        }
        let place = self.products.len();
        let start = self.values.len();
        if j == design.features() {
            self.values.resize(start + self.n, 1.0);
        } else {
            self.values.resize(start + self.n, 0.0);
            design.column_axpy(j, 1.0, &mut self.values[start..]);
        }
        let new = &self.values[start..];
        let products =
            self.values.chunks(self.n.max(1)).map(|old| kernels::dot(old, new)).collect();
        self.products.push(products);
        self.places[j] = Some(place);
        place
    }

    /// The column at a place.
    pub fn column(&self, place: usize) -> &[f64] {
        &self.values[place * self.n..(place + 1) * self.n]
    }

    /// The product of two columns.
    pub fn product(&self, a: usize, b: usize) -> f64 {
        self.products[a.max(b)][a.min(b)]
    }
}
