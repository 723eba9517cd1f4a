//! One axis of a kernel density: a grid over the values, and the kernel on it.

/// Half the support of the Epanechnikov kernel of unit variance, `sqrt 5`.
const REACH: f64 = 2.236_067_977_499_79;

/// Cells that the kernel shall reach to each side: linear binning, which adds a sixth of a cell's square
/// to the variance, then widens it by less than one in three hundred.
const FINE: f64 = 12.0;

/// Most points of a fitting grid.
const MOST: usize = 304;

/// A grid and a kernel `1 - (s / reach)^2` on it.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    low: f64,
    per_step: f64,
    cells: usize,
    /// Reach of the kernel in cells.
    reach: f64,
}

impl Axis {
    /// `cells` points from the lowest to the highest value, and the kernel's reach beyond. A bandwidth
    /// much below the distance of two points leaves the values as they are.
    pub fn new(low: f64, high: f64, bandwidth: f64, cells: usize) -> Self {
        let pad = REACH * bandwidth;
        let step = (high - low + 2.0 * pad) / (cells - 1) as f64;
        let mut axis = Self { low: low - pad, per_step: 1.0 / step, cells, reach: 0.0 };
        axis.set_bandwidth(bandwidth);
        axis
    }

    /// From 0 to `high`, with as many points as give the kernel [`FINE`] cells to each side, but [`MOST`].
    pub fn fitting(high: f64, bandwidth: f64) -> Self {
        let cells = FINE * (high / (REACH * bandwidth) + 2.0);
        // All of them where the bandwidth is 0 or the range is no number.
        let cells = if cells < MOST as f64 { cells.ceil() as usize } else { MOST };
        // In eights, so that rows are whole vectors.
        Self::new(0.0, high, bandwidth, cells.max(16).next_multiple_of(8))
    }

    /// Points of the grid.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Another bandwidth on the same grid.
    pub fn set_bandwidth(&mut self, bandwidth: f64) {
        // At least one cell, where the kernel is nothing but its centre.
        self.reach = (REACH * bandwidth * self.per_step).max(1.0);
    }

    /// Cells to each side that the kernel reaches.
    pub fn half(&self) -> usize {
        (self.reach.ceil() as usize - 1).min(self.cells)
    }

    /// `1 / reach^2`.
    pub fn curvature(&self) -> f64 {
        1.0 / (self.reach * self.reach)
    }

    /// The cell below a value, and the share of the value that belongs to the next.
    pub fn place(&self, x: f64) -> (usize, f64) {
        let at = ((x - self.low) * self.per_step).max(0.0);
        let cell = (at as usize).min(self.cells - 2);
        (cell, (at - cell as f64).clamp(0.0, 1.0))
    }
}

/// The kernel around each sample of a variable, on its axis: what all partners of the variable share.
#[derive(Debug)]
pub(crate) struct Profiles {
    /// The first cell of each sample's kernel, and where its taps begin.
    starts: Vec<(u32, usize)>,
    taps: Vec<f64>,
}

impl Profiles {
    /// `None` where smoothing the grid is less work.
    pub fn new(values: &[f64], axis: &Axis) -> Option<Self> {
        let half = axis.half();
        // A cell of the grid costs about as much as four taps.
        if values.len() * (2 * half + 2) > 2 * axis.cells * axis.cells {
            return None;
        }
        let kernel =
            |s: usize| if s <= half { 1.0 - axis.curvature() * (s * s) as f64 } else { 0.0 };
        let (mut starts, mut taps) = (Vec::with_capacity(values.len()), Vec::new());
        for x in values {
            let (cell, share) = axis.place(*x);
            let first = cell.saturating_sub(half);
            starts.push((first as u32, taps.len()));
            let last = (cell + 1 + half).min(axis.cells - 1);
            taps.extend((first..=last).map(|g| {
                (1.0 - share) * kernel(g.abs_diff(cell)) + share * kernel(g.abs_diff(cell + 1))
            }));
        }
        Some(Self { starts, taps })
    }

    /// The first cell and the taps of sample `i`.
    pub fn of(&self, i: usize) -> (usize, &[f64]) {
        let (first, begin) = self.starts[i];
        let end = self.starts.get(i + 1).map_or(self.taps.len(), |next| next.1);
        (first as usize, &self.taps[begin..end])
    }
}

/// Writes `out_g = sum over |s| <= half of (1 - curvature s^2) mass_(g + s)`, by moments of the mass in a
/// moving window: as much work for a wide kernel as for a narrow one. Negative rounding is cut off.
pub(crate) fn smooth(mass: &[f64], axis: &Axis, out: &mut [f64]) {
    let (half, curvature, cells) = (axis.half(), axis.curvature(), mass.len());
    let reach = half as f64;
    // Moments of the window around g: sum of m, of s m, of s^2 m.
    let (mut zeroth, mut first, mut second) = (0.0, 0.0, 0.0);
    for (s, m) in mass.iter().take(half).enumerate() {
        let s = s as f64 + 1.0; // seen from g = -1
        zeroth += m;
        first += s * m;
        second += s * s * m;
    }
    for (g, out) in out.iter_mut().enumerate() {
        // The window moves by one.
        second += zeroth - 2.0 * first;
        first -= zeroth;
        if g > half {
            let m = mass[g - half - 1];
            let s = -(reach + 1.0);
            zeroth -= m;
            first -= s * m;
            second -= s * s * m;
        }
        if g + half < cells {
            let m = mass[g + half];
            zeroth += m;
            first += reach * m;
            second += reach * reach * m;
        }
        *out = (zeroth - curvature * second).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_moments_are_the_convolution() {
        for bandwidth in [0.01, 0.3, 1.0, 40.0] {
            let axis = Axis::new(0.0, 10.0, bandwidth, 120);
            let mass: Vec<f64> = (0..120).map(|i| f64::from(i * 37 % 11)).collect();
            let mut out = vec![f64::NAN; 120];
            smooth(&mass, &axis, &mut out);
            let half = axis.half() as isize;
            for (g, out) in out.iter().enumerate() {
                let direct: f64 = (-half..=half)
                    .filter_map(|s| {
                        let m = mass.get(g.checked_add_signed(s)?)?;
                        Some(m * (1.0 - axis.curvature() * (s * s) as f64))
                    })
                    .sum();
                assert!((out - direct).abs() < 1e-9, "{bandwidth}, {g}: {out} for {direct}");
            }
        }
    }

    #[test]
    fn every_value_lies_between_two_cells() {
        let axis = Axis::new(-1.0, 3.0, 0.5, 50);
        for x in [-1.0, 0.0, 3.0] {
            let (cell, share) = axis.place(x);
            assert!(cell < 49 && (0.0..=1.0).contains(&share));
        }
        // Values that leave no room between the cells.
        let (cell, _) = Axis::new(1e300, 1e300, 0.0, 50).place(1e300);
        assert!(cell < 49);
    }
}
