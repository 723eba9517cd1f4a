//! At which points a taut string can bend, found for many points at once.
//!
//! Let `S_j = y_1 + .. + y_j` and the tube be `[S_j - lambda, S_j + lambda]`. Where the string bends
//! down it lies on the lower side of the tube, and unless it bends up as well within `d` points,
//! ```text
//! mean(y_{j-a+1} .. y_j)  >  mean(y_{j+1} .. y_{j+b})    for all a, b <= d
//! ```
//! as the string is concave there and nowhere below that side. What bends up has it the other way
//! round. So every point but those between larger and smaller means of 1, 2, 4, .. d samples is left
//! out; of noise one in nine remains for d = 32. On its way from a bend down to the next bend up the
//! string gains `2 lambda` on `S`, with a slope that is smaller than `y_j` and than the means before
//! `j`. Within `d` points it cannot do that
//! - where `(d - 1) r <= 2 lambda`, with `r` the range of the samples within `d` points, nor
//! - where `S` less a straight line varies by at most `lambda` within `d` points: less a line with
//!   the slope of `d` samples on either side of `j` it varies by twice as much at most.
//!
//! Comparisons are made in single precision, of samples less a common level and with an allowance for
//! rounding: a point too many costs time only.

/// The largest `d`.
pub(crate) const MARGIN: usize = 32;

/// Points looked at together, with [`MARGIN`] on both sides.
pub(crate) const CHUNK: usize = 256;

const LENGTH: usize = CHUNK + 2 * MARGIN;

/// Points that share a `d`, as far as the next block on either side.
const BLOCK: usize = 16;
const BLOCKS: usize = LENGTH / BLOCK;

/// An allowance for rounding, of the largest sample: the means are rounded six times at most.
const ROUNDING: f32 = 1e-6;

/// Means of up to 32 integers of this size have no more than 24 bits.
const EXACT: f64 = 262144.0;

/// A part of the signal.
pub(crate) struct Chunk {
    /// The samples less `level`, from [`MARGIN`] before the first point on.
    samples: [f64; LENGTH],
    pub level: f64,
    /// The means of 1, 2, 4, .. 32 samples from each one on.
    means: [[f32; LENGTH]; 6],
    /// Of each block: its largest and smallest sample; how far the sums lie above and below their
    /// chord, and its height; the range of samples and sums as far as the next blocks.
    top: [f32; BLOCKS],
    low: [f32; BLOCKS],
    over: [f32; BLOCKS],
    under: [f32; BLOCKS],
    rise: [f32; BLOCKS],
    range: [f32; BLOCKS],
    reach: [f32; BLOCKS],
    /// The points where the string can bend, and the sums of the samples in the chunk before them.
    place: [u32; CHUNK + 1],
    sum: [f64; CHUNK + 1],
    /// The largest absolute value of all samples seen, rounded.
    pub largest: f32,
}

/// A point where the string can bend, down (on the lower side, 0) or up (1).
pub(crate) struct Point {
    pub place: u32,
    pub sum: f64,
    pub side: usize,
}

/// 1 between a sample and a larger one.
#[inline(always)]
pub(crate) fn side_of(before: f64, after: f64) -> usize {
    ((before - after).to_bits() >> 63) as usize
}

impl Chunk {
    pub fn new() -> Self {
        Self {
            samples: [0.0; LENGTH],
            level: 0.0,
            means: [[0.0; LENGTH]; 6],
            top: [0.0; BLOCKS],
            low: [0.0; BLOCKS],
            over: [0.0; BLOCKS],
            under: [0.0; BLOCKS],
            rise: [0.0; BLOCKS],
            range: [0.0; BLOCKS],
            reach: [0.0; BLOCKS],
            place: [0; CHUNK + 1],
            sum: [0.0; CHUNK + 1],
            largest: 0.0,
        }
    }

    /// Looks at the points before `y[base]` and the samples after it; returns how many samples that
    /// are, their sum, and the number of points to be asked for by [`Self::point`].
    #[inline(always)]
    pub fn look(&mut self, y: &[f64], base: usize, lambda: f64) -> (usize, f64, usize) {
        let count = CHUNK.min(y.len() - base);
        let extremes = self.load(y, base);
        // Not a field, which for all the compiler knows is among the means.
        let mut verdict = [0.0; CHUNK];
        self.judge(lambda as f32, extremes, &mut verdict);
        // Too near to an end for the means.
        let (first, last) = (MARGIN.saturating_sub(base), (y.len() - base).saturating_sub(MARGIN));
        for i in (0..first.min(count)).chain(last.min(count)..count) {
            let differ = self.samples[MARGIN + i - 1] != self.samples[MARGIN + i];
            verdict[i] = if differ { -1.0 } else { 1.0 };
        }
        let (sum, points) = self.list(&verdict, count);
        (count, sum, points)
    }

    #[inline(always)]
    pub fn point(&self, k: usize) -> Point {
        let place = self.place[k];
        let at = MARGIN + place as usize;
        Point { place, sum: self.sum[k], side: side_of(self.samples[at - 1], self.samples[at]) }
    }

    /// Beyond an end the first or last sample is repeated.
    #[inline(always)]
    fn load(&mut self, y: &[f64], base: usize) -> (f32, f32) {
        let (from, to) = (base.saturating_sub(MARGIN), (base + CHUNK + MARGIN).min(y.len()));
        let start = MARGIN - (base - from);
        let end = start + (to - from);
        self.samples[..start].fill(y[0]);
        self.samples[start..end].copy_from_slice(&y[from..to]);
        self.samples[end..].fill(y[y.len() - 1]);
        self.level = 0.0;
        let (top, low) = self.narrow();
        self.largest = larger(self.largest, larger(top, -low));
        // The difference of numbers within a factor of two is exact; here they are closer.
        if 256.0 * (top - low) < larger(low, -top) {
            self.level = f64::from(low);
        }
        if self.level == 0.0 {
            return (top, low);
        }
        let level = self.level;
        self.samples.iter_mut().for_each(|y| *y -= level);
        self.narrow()
    }

    /// Rounds the samples, and returns the largest and the smallest.
    #[inline(always)]
    fn narrow(&mut self) -> (f32, f32) {
        let narrow = &mut self.means[0];
        narrow.iter_mut().zip(&self.samples).for_each(|(narrow, y)| *narrow = *y as f32);
        let (mut top, mut low) = ([f32::NEG_INFINITY; 8], [f32::INFINITY; 8]);
        for b in narrow.as_chunks::<8>().0 {
            top = std::array::from_fn(|l| larger(top[l], b[l]));
            low = std::array::from_fn(|l| smaller(low[l], b[l]));
        }
        (folded(top, larger), folded(low, smaller))
    }

    /// Writes what is negative where the string can bend.
    #[inline(always)]
    fn judge(&mut self, lambda: f32, (top, low): (f32, f32), verdict: &mut [f32; CHUNK]) {
        let range = top - low;
        // Neither NaN nor out of the reach of single precision.
        if !(1e-30..1e30).contains(&range) {
            let constant = self.samples.iter().all(|y| *y == self.samples[0]);
            return verdict.fill(if constant { 1.0 } else { -1.0 });
        }
        let exact = self.samples.iter().all(|y| y.fract() == 0.0 && y.abs() <= EXACT);
        let rounding = if exact { 0.0 } else { ROUNDING * larger(top, -low) };
        // Rounded down, for what is rounded here.
        let (once, twice) = (0.999 * lambda, 1.998 * lambda);
        self.average::<1>();
        self.average::<2>();
        self.average::<4>();
        self.average::<8>();
        if 31.0 * range <= twice {
            self.average::<16>();
            return self.compare::<5>(MARGIN, MARGIN + CHUNK, rounding, verdict);
        }
        for (k, b) in self.means[0].as_chunks::<BLOCK>().0.iter().enumerate() {
            self.top[k] = folded(halves(b, larger), larger);
            self.low[k] = folded(halves(b, smaller), smaller);
        }
        let mut widest = 0.0;
        for k in 1..BLOCKS - 1 {
            let top = larger(larger(self.top[k - 1], self.top[k]), self.top[k + 1]);
            let low = smaller(smaller(self.low[k - 1], self.low[k]), self.low[k + 1]);
            self.range[k] = top - low;
            widest = larger(widest, top - low);
        }
        if 15.0 * widest <= twice {
            return self.compare::<4>(MARGIN, MARGIN + CHUNK, rounding, verdict);
        }
        self.sums();
        for k in MARGIN / BLOCK..BLOCKS - MARGIN / BLOCK {
            let (from, to) = (BLOCK * k, BLOCK * (k + 1));
            let range = self.range[k];
            if self.reach[k] <= once || 15.0 * range <= twice {
                self.compare::<4>(from, to, rounding, verdict);
            } else if 7.0 * range <= twice {
                self.compare::<3>(from, to, rounding, verdict);
            } else if 3.0 * range <= twice {
                self.compare::<2>(from, to, rounding, verdict);
            } else if range <= twice {
                self.compare::<1>(from, to, rounding, verdict);
            } else {
                verdict[from - MARGIN..to - MARGIN].fill(-1.0);
            }
        }
    }

    /// The means of `2 HALF` samples from those of `HALF`.
    #[inline(always)]
    fn average<const HALF: usize>(&mut self) {
        let (halves, means) = self.means.split_at_mut(HALF.ilog2() as usize + 1);
        let (Some(half), Some(mean)) = (halves.last(), means.first_mut()) else { return };
        for i in 0..LENGTH + 1 - 2 * HALF {
            mean[i] = (half[i] + half[i + HALF]) * 0.5;
        }
    }

    /// How far the sums of each block, and of it and the next ones, are from a straight line.
    #[inline(always)]
    fn sums(&mut self) {
        let [_, two, four, eight, sixteen, _] = &self.means;
        for k in 1..BLOCKS - 1 {
            let at = BLOCK * k;
            let mean = sixteen[at];
            let fourth = 4.0 * (four[at] - mean);
            let eighth = 8.0 * (eight[at] - mean);
            let twelfth = eighth + 4.0 * (four[at + 8] - mean);
            let next = |i: usize, sum: f32| sum + 2.0 * (two[at + i] - mean);
            let ends = [0.0, fourth, eighth, twelfth];
            let between = [next(0, 0.0), next(4, fourth), next(8, eighth), next(12, twelfth)];
            let fold = |f: fn(f32, f32) -> f32| between.iter().copied().fold(0.0, f);
            self.over[k] = larger(fold(larger), ends.iter().copied().fold(0.0, larger));
            self.under[k] = smaller(fold(smaller), ends.iter().copied().fold(0.0, smaller));
            self.rise[k] = BLOCK as f32 * mean;
        }
        for k in MARGIN / BLOCK..BLOCKS - MARGIN / BLOCK {
            let (left, right) = (self.rise[k] - self.rise[k - 1], self.rise[k + 1] - self.rise[k]);
            let over = larger(
                larger(self.over[k], larger(left, 0.0) + self.over[k - 1]),
                larger(right, 0.0) + self.over[k + 1],
            );
            let under = smaller(
                smaller(self.under[k], smaller(left, 0.0) + self.under[k - 1]),
                smaller(right, 0.0) + self.under[k + 1],
            );
            // Every other sum is left out: at most half a range from the middle of its neighbours.
            self.reach[k] = over - under + self.range[k];
        }
    }

    /// Compares means of up to `2^LEVELS` samples on both sides of the points.
    #[inline(always)]
    fn compare<const LEVELS: usize>(
        &self,
        from: usize,
        to: usize,
        rounding: f32,
        verdict: &mut [f32; CHUNK],
    ) {
        let count = to - from;
        let verdict = &mut verdict[from - MARGIN..][..count];
        let pair = |d: usize| {
            let means = &self.means[d];
            (&means[from..][..count], &means[from - (1 << d)..][..count])
        };
        let (one, two, four) = (pair(0), pair(1), pair(2));
        let (eight, sixteen, most) = (pair(3), pair(4), pair(5));
        // By index: eleven slices that advance together.
        #[allow(clippy::needless_range_loop)]
        for i in 0..count {
            let (after, before) = (one.0[i], one.1[i]);
            let (mut after, mut before) = ((after, after), (before, before));
            let mut take = |means: (&[f32], &[f32])| {
                after = (larger(after.0, means.0[i]), smaller(after.1, means.0[i]));
                before = (larger(before.0, means.1[i]), smaller(before.1, means.1[i]));
            };
            take(two);
            if LEVELS >= 2 {
                take(four);
            }
            if LEVELS >= 3 {
                take(eight);
            }
            if LEVELS >= 4 {
                take(sixteen);
            }
            if LEVELS >= 5 {
                take(most);
            }
            verdict[i] = smaller(after.0 - before.1, before.0 - after.1) - rounding;
        }
    }

    /// Notes the points without a branch on any of them.
    #[inline(always)]
    fn list(&mut self, verdict: &[f32; CHUNK], count: usize) -> (f64, usize) {
        let (mut sum, mut points) = (0.0, 0);
        let mut note = |i: usize, sum: f64| {
            self.place[points.min(CHUNK)] = i as u32;
            self.sum[points.min(CHUNK)] = sum;
            points += (verdict[i].to_bits() >> 31) as usize;
        };
        let samples = &self.samples[MARGIN..][..count];
        let (fours, rest) = samples.as_chunks::<4>();
        for (k, y) in fours.iter().enumerate() {
            let two = y[0] + y[1];
            note(4 * k, sum);
            note(4 * k + 1, sum + y[0]);
            note(4 * k + 2, sum + two);
            note(4 * k + 3, sum + (two + y[2]));
            sum += two + (y[2] + y[3]);
        }
        for (k, y) in rest.iter().enumerate() {
            note(4 * fours.len() + k, sum);
            sum += y;
        }
        (sum, points)
    }
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline(always)]
fn halves(b: &[f32; BLOCK], f: impl Fn(f32, f32) -> f32) -> [f32; 8] {
    std::array::from_fn(|l| f(b[l], b[l + 8]))
}

#[inline(always)]
fn folded(b: [f32; 8], f: impl Fn(f32, f32) -> f32) -> f32 {
    let four: [f32; 4] = std::array::from_fn(|l| f(b[l], b[l + 4]));
    f(f(four[0], four[2]), f(four[1], four[3]))
}
