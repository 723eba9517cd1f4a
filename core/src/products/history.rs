//! Dual points of before, and how far another one is from what they span in pairs.

use crate::kernels;

/// Points that are kept at most, and columns of the design for each of them: a point costs an inner product.
const MOST: usize = 16;
const COLUMNS: usize = 32;

/// No point.
pub(super) const NONE: u8 = MOST as u8;

/// Entries of a row of the table.
const WIDTH: usize = MOST + 1;

/// What rounding may add to the square of a distance that is computed from inner products, relative to the
/// squares that cancel in it.
const CANCELLED: f64 = 1e-12;

/// Two points whose angle has a square of its sine below this are one.
const PARALLEL: f64 = 1e-8;

/// A combination `a earlier + b last` of two points, and the distance to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Combination {
    pub earlier: f64,
    pub last: f64,
    pub distance: f64,
}

impl Combination {
    /// The same of a column's products with the two points.
    #[inline(always)]
    pub fn of(self, earlier: f64, last: f64) -> f64 {
        self.earlier * earlier + self.last * last
    }
}

/// The present point by each pair of points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a>(&'a [Combination]);

impl Table<'_> {
    /// By these two, of which each may be none.
    #[inline(always)]
    pub fn by(self, earlier: u8, last: u8) -> Combination {
        self.0[usize::from(earlier) * WIDTH + usize::from(last)]
    }
}

/// Dual points (n x K), in places that are used again.
#[derive(Debug, Default)]
pub(super) struct History {
    points: Vec<Vec<f64>>,
    /// How many there may be.
    room: usize,
    /// Inner products of all pairs, output by output.
    gram: Vec<f64>,
    /// For each output a row for each earlier point and for none, an entry for each last one and for none.
    table: Vec<Combination>,
    /// Whether that is of the present point and the points that there are.
    current: bool,
    /// Which of them the present point is.
    here: Option<u8>,
}

impl History {
    /// An empty one, for a design with so many features.
    pub fn new(features: usize) -> Self {
        Self { room: (features / COLUMNS).clamp(2, MOST), ..Self::default() }
    }

    /// Says that the present point is another one.
    pub fn leave(&mut self) {
        self.current = false;
        self.here = None;
    }

    /// Which point the present one is, if it is kept.
    pub fn here(&self) -> Option<u8> {
        self.here
    }

    /// Fills the table for the present point `u`, n x K.
    pub fn measure(&mut self, n: usize, u: &[f64]) {
        if std::mem::replace(&mut self.current, true) {
            return;
        }
        let (outputs, m) = (u.len() / n.max(1), self.points.len());
        let unknown = Combination { earlier: 0.0, last: 0.0, distance: f64::INFINITY };
        self.table.clear();
        self.table.resize(outputs * WIDTH * WIDTH, unknown);
        let mut along = [0.0; MOST];
        for (k, table) in self.table.chunks_mut(WIDTH * WIDTH).enumerate() {
            let part = k * n..(k + 1) * n;
            let present = &u[part.clone()];
            for (along, point) in along.iter_mut().zip(&self.points) {
                *along = kernels::dot(&point[part.clone()], present);
            }
            let square = kernels::dot(present, present);
            let gram = &self.gram[k * self.room * self.room..(k + 1) * self.room * self.room];
            let gram = Gram { values: gram, room: self.room };
            for earlier in (0..m).chain([usize::from(NONE)]) {
                for last in 0..m {
                    table[earlier * WIDTH + last] = if self.here == Some(last as u8) {
                        Combination { earlier: 0.0, last: 1.0, distance: 0.0 }
                    } else {
                        gram.combination(square, &along, earlier, last)
                    };
                }
            }
        }
    }

    /// The present point of output `k` by those of before.
    pub fn table(&self, k: usize) -> Table<'_> {
        Table(&self.table[k * WIDTH * WIDTH..(k + 1) * WIDTH * WIDTH])
    }

    /// Keeps the present point `u` where there is room, or else in the place of the point that is worth least;
    /// which place that is, and whether another point was there.
    pub fn keep(&mut self, n: usize, u: &[f64], worth: &Worth) -> (u8, bool) {
        self.current = false;
        let full = self.points.len() == self.room;
        let place = if full { worth.least(self.room) } else { self.points.len() };
        if full {
            self.points[place].copy_from_slice(u);
        } else {
            self.points.push(u.to_vec());
            self.gram.resize(u.len() / n.max(1) * self.room * self.room, 0.0);
        }
        for (k, gram) in self.gram.chunks_mut(self.room * self.room).enumerate() {
            let part = k * n..(k + 1) * n;
            for (other, point) in self.points.iter().enumerate() {
                let product = kernels::dot(&point[part.clone()], &u[part.clone()]);
                gram[place * self.room + other] = product;
                gram[other * self.room + place] = product;
            }
        }
        self.here = Some(place as u8);
        (place as u8, full)
    }
}

/// Inner products of the points of one output.
struct Gram<'a> {
    values: &'a [f64],
    room: usize,
}

impl Gram<'_> {
    fn of(&self, a: usize, b: usize) -> f64 {
        self.values[a * self.room + b]
    }

    /// What comes closest to the present point, of this square and these products `along` the points.
    fn combination(
        &self,
        square: f64,
        along: &[f64; MOST],
        earlier: usize,
        last: usize,
    ) -> Combination {
        let (cb, gb) = (along[last], self.of(last, last));
        let (mut a, mut b) = (0.0, if gb > 0.0 { cb / gb } else { 0.0 });
        let mut left = square - 2.0 * b * cb + b * b * gb;
        let mut sizes = square + b * b * gb;
        if earlier != usize::from(NONE) && earlier != last {
            let (ca, ga, gab) = (along[earlier], self.of(earlier, earlier), self.of(earlier, last));
            let determinant = ga * gb - gab * gab;
            if determinant > PARALLEL * ga * gb {
                a = (ca * gb - cb * gab) / determinant;
                b = (cb * ga - ca * gab) / determinant;
                sizes = square + a * a * ga + b * b * gb;
                left = sizes - 2.0 * (a * ca + b * cb - a * b * gab);
            }
        }
        let distance = (left.max(0.0) + CANCELLED * sizes).sqrt();
        Combination { earlier: a, last: b, distance }
    }
}

/// What the points are worth to the columns: one without its last point has to be multiplied, one without
/// the earlier is bounded less closely.
#[derive(Debug, Default)]
pub(super) struct Worth([usize; WIDTH]);

/// What the last point of a column is worth, in earlier ones.
const LOST: usize = 4;

impl Worth {
    /// What the point at `here` is worth as the last one of so many columns.
    pub fn new(here: u8, columns: usize) -> Self {
        let mut worth = Self::default();
        worth.0[usize::from(here)] = LOST * columns;
        worth
    }

    /// A column with these points is multiplied at `here`.
    pub fn pass_on(&mut self, earlier: u8, last: u8, here: u8) {
        for (place, worth) in [(earlier, 1), (last, LOST)] {
            self.0[usize::from(place)] = self.0[usize::from(place)].saturating_sub(worth);
        }
        self.0[usize::from(last)] += 1;
        self.0[usize::from(here)] += LOST;
    }

    /// The point at `here` is another one.
    pub fn forget(&mut self, here: u8) {
        self.0[usize::from(here)] = 0;
    }

    fn least(&self, room: usize) -> usize {
        (0..room).min_by_key(|&place| self.0[place]).unwrap_or(0)
    }
}
