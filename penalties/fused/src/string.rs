//! The taut string through a tube of constant width, linear on every input.
//!
//! With `S_j = y_1 + .. + y_j`, the prox of total variation has the slopes of the shortest string
//! from `(0, 0)` to `(n, S_n)` that stays between `S_j - lambda` and `S_j + lambda`. Seen from its
//! last fixed vertex (the apex), the points of the lower side have a concave hull and those of the
//! upper side a convex one. A point whose hull becomes one straight stretch that the other side is in
//! the way of fixes the first stretches of that. Every point is added to one hull and leaves it once.
//!
//! Only the points come here at which the string can bend (`bends.rs`), each of one side. Which that
//! is decides no branch: the two sides are the same but for the sign.
//!
//! Source: Davies & Kovac (2001), Ann. Stat. 29(1), section 2; the funnel as in Lee & Preparata
//! (1984), Networks 14(3).

use crate::bends::{Chunk, MARGIN, Point, side_of};

/// So many entries are written at once, whatever the length of a stretch: what is beyond it is
/// written again.
const WIDE: usize = 16;

/// Samples taken together, on the hull of one side: how far that side rises, with its sign.
#[derive(Clone, Copy, Default)]
struct Stretch {
    sum: f64,
    len: f64,
}

struct Side {
    /// The hull is `hull[front..end]`.
    hull: Vec<Stretch>,
    front: usize,
    end: usize,
    /// What the width of the tube adds to the first stretch, as the apex need not be on this side, and
    /// the sum of that without it (0 where there is none).
    offset: f64,
    first: f64,
    /// The last point of the hull and `S` there, from the first point of the chunk on.
    at: f64,
    sum: f64,
}

struct Funnel<'a> {
    x: &'a mut [f64],
    lambda: f64,
    /// Where the string is fixed so far.
    apex: usize,
    /// The slope before that and the side the apex is on: rounding bends the string no other way.
    slope: f64,
    bend: usize,
    side: [Side; 2],
}

/// Writes the slopes for `y` of length at least 1 and `lambda > 0`; `false`, and `x` means nothing
/// then, where a sample is not finite or as large as 1e37.
pub(crate) fn slopes(y: &[f64], lambda: f64, x: &mut [f64]) -> bool {
    struct Run<'a>(&'a [f64], Funnel<'a>);
    impl pulp::NullaryFnOnce for Run<'_> {
        type Output = bool;
        #[inline(always)]
        fn call(mut self) -> bool {
            self.1.run(self.0)
        }
    }
    let side = || Side {
        hull: vec![Stretch::default(); 64.min(y.len() + 1)],
        front: 0,
        end: 0,
        offset: -lambda,
        first: 0.0,
        at: 0.0,
        sum: 0.0,
    };
    let funnel =
        Funnel { x, lambda, apex: 0, slope: f64::INFINITY, bend: 0, side: [side(), side()] };
    pulp::Arch::new().dispatch(Run(y, funnel))
}

impl Funnel<'_> {
    #[inline(always)]
    fn run(&mut self, y: &[f64]) -> bool {
        let fits = if y.len() <= 2 * MARGIN {
            let (mut sum, mut largest) = (y[0], y[0].abs());
            for (i, pair) in y.windows(2).enumerate() {
                let point = Point { place: i as u32 + 1, sum, side: side_of(pair[0], pair[1]) };
                self.see(&point, 0.0);
                sum += pair[1];
                largest = if largest < pair[1].abs() { pair[1].abs() } else { largest };
            }
            self.pass(y.len(), sum, 0.0);
            sum.is_finite() && largest < 1e37
        } else {
            let (mut chunk, mut base, mut total) = (Chunk::new(), 0, 0.0);
            while base < y.len() {
                let (count, sum, points) = chunk.look(y, base, self.lambda);
                for k in 0..points {
                    self.see(&chunk.point(k), chunk.level);
                }
                self.pass(count, sum, chunk.level);
                total += sum;
                base += count;
            }
            total.is_finite() && chunk.largest < 1e37
        };
        // The tube closes.
        let [lower, upper] = &self.side;
        let (up, down) = (-lower.sum, upper.sum);
        let (after_lower, after_upper) = (-lower.at, -upper.at);
        self.add::<true>(0, Stretch { sum: up, len: after_lower });
        self.add::<true>(1, Stretch { sum: down, len: after_upper });
        for k in self.side[0].front..self.side[0].end {
            self.fix(0, self.side[0].hull[k]);
        }
        fits
    }

    /// The next point, in a chunk of samples less `level`.
    #[inline(always)]
    fn see(&mut self, point: &Point, level: f64) {
        let s = point.side;
        let at = f64::from(point.place as i32);
        let side = &mut self.side[s];
        let within = at - side.within();
        let sum = signed(s, (point.sum - side.sum) + level * within);
        let len = at - side.at;
        side.sum = point.sum;
        side.at = at;
        self.add::<false>(s, Stretch { sum, len });
    }

    /// Goes on to the next chunk.
    #[inline(always)]
    fn pass(&mut self, count: usize, sum: f64, level: f64) {
        let count = count as f64;
        for side in &mut self.side {
            side.sum -= sum + level * (count - side.within());
            side.at -= count;
        }
    }

    /// Takes the hull of side `s` on by a stretch, and where it has no other then, fixes those of the
    /// other side that are in its way. The tube `CLOSES` at its end.
    #[inline(always)]
    fn add<const CLOSES: bool>(&mut self, s: usize, mut new: Stretch) {
        let closes = |lambda: f64, sum: f64| if CLOSES { sum + lambda } else { sum };
        let side = &self.side[s];
        let (front, mut end) = (side.front, side.end);
        let mut rest = new.sum;
        while end > front {
            let last = side.hull[end - 1];
            if last.sum * new.len > closes(self.lambda, new.sum) * last.len {
                break;
            }
            rest = new.sum;
            new = Stretch { sum: last.sum + new.sum, len: last.len + new.len };
            end -= 1;
        }
        new.sum = closes(self.lambda, new.sum);
        if end == front {
            let o = 1 - s;
            let (mut offset, mut sum) = (side.offset, rest + side.first);
            new.sum = sum + closes(self.lambda, offset);
            let other = &self.side[o];
            let (mut k, last, mut without) = (other.front, other.end, other.first);
            while k < last {
                let hull = &self.side[o].hull;
                let first = hull[k];
                if new.sum * first.len + first.sum * new.len <= 0.0 {
                    break;
                }
                k += 1;
                sum += without;
                without = if k < last { hull[k].sum } else { 0.0 };
                self.fix(o, first);
                offset = -2.0 * self.lambda;
                new = Stretch { sum: sum + closes(self.lambda, offset), len: new.len - first.len };
            }
            let other = &mut self.side[o];
            if k > other.front {
                (other.front, other.offset, other.first) = (k, 0.0, without);
            }
            let side = &mut self.side[s];
            (side.front, side.offset, side.first) = (0, offset, sum);
            end = 0;
        }
        let side = &mut self.side[s];
        side.end = end;
        if end == side.hull.len() {
            side.make_room();
        }
        side.hull[side.end] = new;
        side.end += 1;
    }

    /// Writes a stretch along side `s`, on which the string bends at its end.
    #[inline(always)]
    fn fix(&mut self, s: usize, stretch: Stretch) {
        let slope = signed(s, stretch.sum / stretch.len);
        let slope =
            signed(self.bend, smaller(signed(self.bend, slope), signed(self.bend, self.slope)));
        (self.slope, self.bend) = (slope, s);
        let len = integer(stretch.len);
        let end = self.apex + len;
        if let Some(x) = self.x[self.apex..].first_chunk_mut::<WIDE>() {
            x.fill(slope);
            if len > WIDE {
                self.x[self.apex + WIDE..end].fill(slope);
            }
        } else {
            self.x[self.apex..end].fill(slope);
        }
        self.apex = end;
    }
}

impl Side {
    /// Where the samples begin that neither the last point nor an earlier chunk has the level of.
    #[inline(always)]
    fn within(&self) -> f64 {
        if self.at > 0.0 { self.at } else { 0.0 }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        if 2 * self.front > self.hull.len() {
            self.hull.copy_within(self.front..self.end, 0);
            self.end -= self.front;
            self.front = 0;
        } else {
            self.hull.resize(2 * self.hull.len(), Stretch::default());
        }
    }
}

/// The lower side (0) of the tube pushes the string up, and with the signs changed so does the upper
/// (1). By the bits, as on a branch on the side every other guess is wrong.
#[inline(always)]
fn signed(s: usize, a: f64) -> f64 {
    f64::from_bits(a.to_bits() ^ (s as u64) << 63)
}

#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// A whole number as an integer, read off the bits of a sum: a cast would ask for the range.
#[inline(always)]
fn integer(whole: f64) -> usize {
    const BITS: u32 = f64::MANTISSA_DIGITS - 1;
    ((whole + (1u64 << BITS) as f64).to_bits() & ((1 << BITS) - 1)) as usize
}
