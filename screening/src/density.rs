//! One axis of a kernel density: a grid over the values, and the kernel on it.

use crate::settings::Kernel;

/// Cells of a bandwidth: linear binning, which adds a sixth of a cell's square to the variance, then
/// widens the kernel by less than one in three hundred.
const FINE: f64 = 5.4;

/// Most points of a fitting grid.
const MOST: usize = 640;

/// Reaches of the kernel that are left of a gap without values: two, and a few cells, as binning spreads a value
/// over two.
const GAP: f64 = 2.25;

impl Kernel {
    /// Half the support in bandwidths: `sqrt 5` for Epanechnikov's kernel of unit variance. The Gaussian is cut off where it
    /// is 4e-6 of its height.
    pub(crate) fn reach(self) -> f64 {
        match self {
            Self::Epanechnikov => 2.236_067_977_499_79,
            Self::Gaussian => 5.0,
        }
    }
}

/// A grid and a kernel on it: `1 - (s / reach)^2`, or `exp(-(5 s / reach)^2 / 2)`, where `abs(s) < reach`.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    kernel: Kernel,
    low: f64,
    per_step: f64,
    cells: usize,
    /// Reach of the kernel in cells.
    reach: f64,
}

impl Axis {
    /// `cells` points from the lowest to the highest value, and the kernel's reach beyond. A bandwidth
    /// much below the distance of two points leaves the values as they are.
    pub fn new(kernel: Kernel, (low, high): (f64, f64), bandwidth: f64, cells: usize) -> Self {
        let pad = kernel.reach() * bandwidth;
        let step = (high - low + 2.0 * pad) / (cells - 1) as f64;
        let mut axis = Self { kernel, low: low - pad, per_step: 1.0 / step, cells, reach: 0.0 };
        axis.set_bandwidth(bandwidth);
        axis
    }

    /// From 0 to `high`, with as many points as give a bandwidth [`FINE`] cells, but [`MOST`].
    pub fn fitting(kernel: Kernel, high: f64, bandwidth: f64) -> Self {
        let cells = FINE * (high / bandwidth + 2.0 * kernel.reach());
        // All of them where the bandwidth is 0 or the range is no number.
        let cells = if cells < MOST as f64 { cells.ceil() as usize } else { MOST };
        // In eights, so that rows are whole vectors.
        let mut cells = cells.max(16).next_multiple_of(8);
        // The time of a transform is in the prime factors.
        while kernel == Kernel::Gaussian && !has_small_factors(cells) {
            cells += 8;
        }
        Self::new(kernel, (0.0, high), bandwidth, cells)
    }

    /// The kernel's shape.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Points of the grid.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Another bandwidth on the same grid.
    pub fn set_bandwidth(&mut self, bandwidth: f64) {
        // At least one cell, where the kernel is nothing but its centre.
        self.reach = (self.kernel.reach() * bandwidth * self.per_step).max(1.0);
    }

    /// Cells to each side that the kernel reaches.
    pub fn half(&self) -> usize {
        (self.reach.ceil() as usize - 1).min(self.cells)
    }

    /// `1 / reach^2`.
    pub fn curvature(&self) -> f64 {
        1.0 / (self.reach * self.reach)
    }

    /// The kernel `s` cells from its centre.
    pub fn tap(&self, s: usize) -> f64 {
        if s > self.half() {
            return 0.0;
        }
        match self.kernel {
            Kernel::Epanechnikov => 1.0 - self.curvature() * (s * s) as f64,
            Kernel::Gaussian => {
                let bandwidths = self.kernel.reach() / self.reach * s as f64;
                (-0.5 * bandwidths * bandwidths).exp()
            }
        }
    }

    /// The cell below a value, and the share of the value that belongs to the next.
    pub fn place(&self, x: f64) -> (usize, f64) {
        let at = ((x - self.low) * self.per_step).max(0.0);
        let cell = (at as usize).min(self.cells - 2);
        (cell, (at - cell as f64).clamp(0.0, 1.0))
    }
}

fn has_small_factors(mut n: usize) -> bool {
    for prime in [2, 3, 5] {
        while n.is_multiple_of(prime) {
            n /= prime;
        }
    }
    n == 1
}

/// Shortens gaps between values, so that a far outlier takes no cells from the rest: no kernel reaches into what is
/// left out, so that the density is the same but for where it is nothing. `sorted` are the same values,
/// ascending from 0. Returns the highest.
pub(crate) fn close_gaps(
    values: &mut [f64],
    sorted: &[f64],
    kernel: Kernel,
    bandwidth: f64,
) -> f64 {
    let most = GAP * kernel.reach() * bandwidth;
    let last = sorted[sorted.len() - 1];
    if !(most > 0.0 && most < last) {
        return last;
    }
    // The first value after each gap, and its new place.
    let mut pieces = vec![(0.0, 0.0)];
    for pair in sorted.windows(2) {
        if pair[1] - pair[0] > most {
            let (begin, place) = pieces[pieces.len() - 1];
            pieces.push((pair[1], place + (pair[0] - begin) + most));
        }
    }
    let moved = |x: f64| {
        let (begin, place) = pieces[pieces.partition_point(|piece| piece.0 <= x) - 1];
        place + (x - begin)
    };
    if pieces.len() > 1 {
        values.iter_mut().for_each(|x| *x = moved(*x));
    }
    moved(last)
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
        let kernel: Vec<f64> = (0..half + 2).map(|s| axis.tap(s)).collect();
        let kernel = |s: usize| kernel[s.min(half + 1)];
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

/// For Epanechnikov's kernel, writes `out_g = sum over |s| <= half of (1 - curvature s^2) mass_(g + s)`, by moments of the mass in a
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
            let axis = Axis::new(Kernel::Epanechnikov, (0.0, 10.0), bandwidth, 120);
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
        let axis = Axis::new(Kernel::Gaussian, (-1.0, 3.0), 0.5, 50);
        for x in [-1.0, 0.0, 3.0] {
            let (cell, share) = axis.place(x);
            assert!(cell < 49 && (0.0..=1.0).contains(&share));
        }
        // Values that leave no room between the cells.
        let (cell, _) = Axis::new(Kernel::Epanechnikov, (1e300, 1e300), 0.0, 50).place(1e300);
        assert!(cell < 49);
    }

    #[test]
    fn gaps_are_closed_as_far_as_kernels_reach() {
        let sorted = [0.0, 1.0, 2.0, 102.0, 103.0, 1e12];
        let mut values = [2.0, 1e12, 0.0, 103.0, 102.0, 1.0];
        let gap = GAP * Kernel::Gaussian.reach();
        let high = close_gaps(&mut values, &sorted, Kernel::Gaussian, 1.0);
        assert_eq!(values, [2.0, 3.0 + 2.0 * gap, 0.0, 3.0 + gap, 2.0 + gap, 1.0]);
        assert_eq!(high, 3.0 + 2.0 * gap);
        // Nothing to close, and bandwidths that say nothing.
        for bandwidth in [1e13, 0.0, f64::INFINITY, f64::NAN] {
            let mut same = sorted;
            assert_eq!(close_gaps(&mut same, &sorted, Kernel::Gaussian, bandwidth), 1e12);
            assert_eq!(same, sorted);
        }
    }
}
