//! The taut string through a tube of constant width, linear on every input.
//!
//! With `S_j = y_1 + .. + y_j`, the prox of total variation has the slopes of the shortest string
//! from `(0, 0)` to `(n, S_n)` that stays between `S_j - lambda` and `S_j + lambda`. Seen from its
//! last fixed vertex (the apex), what is known of the tube leaves a funnel of slopes. A point that
//! the funnel does not reach fixes the first stretch on the other side, and perhaps more.
//!
//! Only the first slope of both sides is kept up to date, a whole batch of points at a time. The
//! other stretches of a side (of its convex hull) are made when they are asked for: on one side at a
//! time, and of points beyond all earlier ones, so that every point is added to a hull once at most.
//!
//! Source: Davies & Kovac (2001), Ann. Stat. 29(1), section 2; the funnel as in Lee & Preparata
//! (1984), Networks 14(3).

const BATCH: usize = 8;

/// Up to how many points the first stretch is searched for, rather than a hull made of them.
const SEARCHED: usize = 512;

/// The lower side of the tube pushes the string up, and with the signs changed so does the upper.
const SIGN: [f64; 2] = [1.0, -1.0];

/// Samples taken together, on the hull of one side; `sum` with the sign of that side.
#[derive(Clone, Copy)]
struct Stretch {
    sum: f64,
    len: f64,
}

pub(crate) struct Funnel<'a> {
    y: &'a [f64],
    x: &'a mut [f64],
    lambda: f64,
    /// Where the string is fixed so far.
    apex: usize,
    /// Number of samples seen.
    at: usize,
    /// `S_at` less the height of the string at the apex.
    height: f64,
    /// The least slope that a side allows, with its sign.
    bound: [f64; 2],
    /// Where the batch begins that has the end of the first stretch of a side, and the height there.
    batch: [usize; 2],
    base: [f64; 2],
    /// The hull of `side` from the apex to `built`, where it begins with the first stretch.
    chain: Vec<Stretch>,
    front: usize,
    side: usize,
    built: usize,
    /// How many points were searched.
    searched: usize,
}

/// Writes the slopes for `y` of length at least 1 and `lambda > 0`, both of which may be anything
/// else but NaN; `false` where a sum is not finite, and `x` means nothing then.
pub(crate) fn slopes(y: &[f64], lambda: f64, x: &mut [f64]) -> bool {
    struct Run<'a>(Funnel<'a>);
    impl pulp::NullaryFnOnce for Run<'_> {
        type Output = bool;
        #[inline(always)]
        fn call(mut self) -> bool {
            self.0.run();
            self.0.height.is_finite()
        }
    }
    pulp::Arch::new().dispatch(Run(Funnel {
        y,
        x,
        lambda,
        apex: 0,
        at: 0,
        height: 0.0,
        bound: [f64::NEG_INFINITY; 2],
        batch: [0; 2],
        base: [0.0; 2],
        chain: Vec::new(),
        front: 0,
        side: 0,
        built: 0,
        searched: 0,
    }))
}

impl Funnel<'_> {
    #[inline(always)]
    fn run(&mut self) {
        let last = self.y.len() - 1;
        let mut singly = 0;
        while self.at < last {
            if singly == 0 && self.at + BATCH <= last {
                if self.sees_batch() {
                    continue;
                }
                singly = BATCH;
            }
            singly = singly.saturating_sub(1);
            self.see();
        }
        // The tube closes.
        self.height += self.y[last];
        self.at = last + 1;
        let slope = self.height / (self.at - self.apex) as f64;
        if let Some(s) = (0..2).find(|&s| SIGN[s] * slope < self.bound[s]) {
            self.turn(s, 0.0);
        }
        let slope = self.height / (self.at - self.apex) as f64;
        self.x[self.apex..].fill(slope);
    }

    /// Narrows the funnel by a batch, unless there is a point in it that the funnel does not reach.
    #[inline(always)]
    fn sees_batch(&mut self) -> bool {
        let Some(y) = self.y[self.at..].first_chunk() else { return false };
        let before = (self.at - self.apex) as f64;
        let (steepest, height) = steepest(y, self.height, self.lambda, before);
        if larger(self.bound[0], steepest[0]) + larger(self.bound[1], steepest[1]) > 0.0 {
            return false;
        }
        for (s, slope) in steepest.into_iter().enumerate() {
            self.narrow(s, slope, self.at);
        }
        self.height = height;
        self.at += BATCH;
        true
    }

    #[inline(always)]
    fn narrow(&mut self, s: usize, slope: f64, batch: usize) {
        if slope > self.bound[s] {
            self.bound[s] = slope;
            self.batch[s] = batch;
            self.base[s] = self.height;
        }
    }

    /// The next point.
    #[inline(always)]
    fn see(&mut self) {
        let height = self.height + self.y[self.at];
        let length = (self.at + 1 - self.apex) as f64;
        let slopes = SIGN.map(|sign| (sign * height - self.lambda) * (1.0 / length));
        if let Some(s) = (0..2).find(|&s| slopes[1 - s] > -self.bound[s]) {
            self.height = height;
            self.at += 1;
            return self.turn(s, self.lambda);
        }
        for (s, slope) in slopes.into_iter().enumerate() {
            self.narrow(s, slope, self.at);
        }
        self.height = height;
        self.at += 1;
    }

    /// Fixes stretches along side `s`, as the last point is beyond its first slope: until the point
    /// (the other side of the tube there, or its end where `lambda` is 0) is seen again.
    fn turn(&mut self, s: usize, lambda: f64) {
        let until = if lambda == 0.0 { self.at - 1 } else { self.at };
        let has_chain =
            self.side == s && self.front < self.chain.len() && self.batch[s] < self.built;
        if !has_chain {
            self.chain.clear();
            self.front = 0;
            if self.search(s, lambda) {
                return;
            }
            let end = self.fix_first(s);
            self.side = s;
            self.built = end;
            self.height = self.y[end..self.at].iter().sum::<f64>() + SIGN[s] * self.lambda;
        }
        self.build(until, SIGN[s]);
        let mut known_first = has_chain;
        loop {
            let target = self.target(s, lambda);
            let Some(&first) = self.chain.get(self.front) else {
                return self.aim(s, target);
            };
            let slope = first.sum / first.len;
            let end = self.apex + first.len as usize;
            // The last stretch ends at the point itself, whatever rounding makes of its slope.
            let stops = slope < target || (lambda > 0.0 && self.front + 1 == self.chain.len());
            if stops && !known_first {
                self.bound[s] = slope;
                self.batch[s] = end - 1;
                return self.aim(s, target);
            }
            known_first = false;
            self.x[self.apex..end].fill(SIGN[s] * slope);
            self.height -= SIGN[s] * first.sum;
            self.apex = end;
            self.front += 1;
        }
    }

    /// The slope from the apex to the last point, with the sign of side `s`.
    fn target(&self, s: usize, lambda: f64) -> f64 {
        (SIGN[s] * self.height + lambda) / (self.at - self.apex) as f64
    }

    /// The last point is all there is of the side across from `s`.
    fn aim(&mut self, s: usize, target: f64) {
        let other = 1 - s;
        self.bound[other] = -target;
        self.batch[other] = self.at - 1;
        self.base[other] = self.height - self.y[self.at - 1];
    }

    /// The same as [`Self::turn`] without a hull: looks for each first stretch among all points.
    /// `false`, at the beginning or after some stretches, where that would take too long.
    fn search(&mut self, s: usize, lambda: f64) -> bool {
        let sign = SIGN[s];
        loop {
            let ahead = self.at - self.batch[s];
            // Bounded by the number of points seen, so that all searches together are linear.
            if lambda == 0.0 || ahead > SEARCHED || self.searched > 2 * self.at + 2 * SEARCHED {
                return false;
            }
            self.searched += ahead;
            let end = self.fix_first(s);
            self.height = sign * self.lambda;
            self.bound[s] = f64::NEG_INFINITY;
            for k in (end..self.at).step_by(BATCH) {
                let (slope, height) = self.steepest_of_side(s, k);
                self.narrow(s, slope, k);
                self.height = height;
            }
            let target = self.target(s, lambda);
            self.aim(s, target);
            if self.bound[s] < target || self.batch[s] + 1 == self.at {
                return true;
            }
        }
    }

    /// The steepest slope from the apex to side `s` over a batch, and the height after it.
    fn steepest_of_side(&self, s: usize, from: usize) -> (f64, f64) {
        let before = (from - self.apex) as f64;
        if let Some(y) = self.y[from..self.at].first_chunk() {
            let (slopes, height) = steepest(y, self.height, self.lambda, before);
            return (slopes[s], height);
        }
        let (mut top, mut height, mut length) = (f64::NEG_INFINITY, self.height, before);
        for y in &self.y[from..self.at] {
            height += y;
            length += 1.0;
            top = larger(top, (SIGN[s] * height - self.lambda) * (1.0 / length));
        }
        (top, height)
    }

    /// Fixes the first stretch of side `s`, whose end is somewhere in its batch, and returns that.
    fn fix_first(&mut self, s: usize) -> usize {
        let mut height = self.base[s];
        let (mut top, mut end, mut value) = (f64::NEG_INFINITY, self.batch[s] + 1, self.bound[s]);
        for k in self.batch[s]..(self.batch[s] + BATCH).min(self.at - 1) {
            height += self.y[k];
            let length = (k + 1 - self.apex) as f64;
            let above = SIGN[s] * height - self.lambda;
            if above * (1.0 / length) > top {
                (top, end, value) = (above * (1.0 / length), k + 1, above / length);
            }
        }
        self.x[self.apex..end].fill(SIGN[s] * value);
        self.apex = end;
        end
    }

    /// Takes the hull on to `until`: its slopes fall.
    fn build(&mut self, until: usize, sign: f64) {
        let (chain, front) = (&mut self.chain, self.front);
        for y in &self.y[self.built..until] {
            let mut new = Stretch { sum: sign * y, len: 1.0 };
            while let Some(last) = chain[front..].last() {
                if last.sum * new.len > new.sum * last.len {
                    break;
                }
                new = Stretch { sum: last.sum + new.sum, len: last.len + new.len };
                chain.pop();
            }
            chain.push(new);
        }
        self.built = until;
    }
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline(always)]
fn lanes(a: [f64; 4], b: [f64; 4], f: impl Fn(f64, f64) -> f64) -> [f64; 4] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

/// The steepest slopes from the apex to both sides over a batch, and the height after it.
#[inline(always)]
fn steepest(y: &[f64; BATCH], mut height: f64, lambda: f64, before: f64) -> ([f64; 2], f64) {
    let (mut up, mut down) = ([f64::NEG_INFINITY; 4], [f64::NEG_INFINITY; 4]);
    let mut length = [before + 1.0, before + 2.0, before + 3.0, before + 4.0];
    for y in y.as_chunks::<4>().0 {
        let two = y[0] + y[1];
        let three = two + y[2];
        let four = three + y[3];
        let heights = lanes([height; 4], [y[0], two, three, four], |a, b| a + b);
        let share = lanes([1.0; 4], length, |a, b| a / b);
        let low = lanes(heights, [lambda; 4], |h, lambda| h - lambda);
        let high = lanes(heights, [-lambda; 4], |h, lambda| lambda - h);
        up = lanes(up, lanes(low, share, |a, b| a * b), larger);
        down = lanes(down, lanes(high, share, |a, b| a * b), larger);
        length = lanes(length, [4.0; 4], |a, b| a + b);
        height += four;
    }
    let top = |a: [f64; 4]| larger(larger(a[0], a[2]), larger(a[1], a[3]));
    ([top(up), top(down)], height)
}
