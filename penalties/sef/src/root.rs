//! The one root that values and proxes of envelopes are read off.
//!
//! ```text
//! h(theta) = sum_i clip(z_i / theta - c d_i, 0, 1) = k
//! ```
//! over entries of size `z_i >= 0` and weight `d_i > 0`. (Papers search `eta = 1 / theta`; in `theta`
//! no breakpoint overflows for small entries, and the results need no division.) `h` falls and is
//! linear in `1 / theta` between its breakpoints `z_i / (1 + c d_i)` and `z_i / (c d_i)`.

/// Entries below which a sample of them tells nothing that a selection would not.
const FEW: usize = 1 << 11;
/// Entries for one of a sample, and the most that a sample has.
const ONE_IN: usize = 32;
const MOST: usize = 1 << 11;
/// How many standard deviations of the sample the first bracket leaves on either side.
const DEVIATIONS: f64 = 3.0;

/// An entry: a bare size has weight 1, and costs no memory for it.
pub(crate) trait Entry: Copy {
    fn size(self) -> f64;
    fn weight(self) -> f64;
}

impl Entry for f64 {
    #[inline]
    fn size(self) -> f64 {
        self
    }
    #[inline]
    fn weight(self) -> f64 {
        1.0
    }
}

/// A size and its weight.
impl Entry for (f64, f64) {
    #[inline]
    fn size(self) -> f64 {
        self.0
    }
    #[inline]
    fn weight(self) -> f64 {
        self.1
    }
}

/// Where the term of an entry in `h` stands at the root.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Branch {
    Zero,
    Middle,
    One,
}

/// The root of `h`, with the bracket `(left, right)` that holds it and no breakpoint.
#[derive(Debug)]
pub(crate) struct Root {
    pub theta: f64,
    left: f64,
    right: f64,
    /// How many terms are one.
    pub ones: f64,
    /// Sum of the weights and of the sizes of the entries in between.
    pub middle: f64,
    pub slope: f64,
    c: f64,
}

impl Root {
    /// The root over the entries `at(0) .. at(n - 1)`; `None` where at most k of them are nonzero.
    ///
    /// A sample tells a bracket that all but certainly holds the root and few breakpoints; two passes
    /// over the entries check it and keep what it leaves open. From there every round halves the
    /// breakpoints by their median, found by selection. So the time is O(n) on every input, and that
    /// of three passes on most.
    pub fn find<E: Entry>(n: usize, at: impl Fn(usize) -> E, k: usize, c: f64) -> Option<Self> {
        let nonzero = (0..n).filter(|&i| at(i).size() > 0.0).count();
        if nonzero <= k {
            return None;
        }
        let target = k as f64;
        let mut root = Self::open(c);
        if n >= FEW {
            root.bracket_by_sample(n, &at, target);
        }
        let mut open = Vec::with_capacity(if n >= FEW { 0 } else { nonzero });
        for i in 0..n {
            let entry = at(i);
            if entry.size() > 0.0 && !root.settle(entry) {
                open.push(entry);
            }
        }
        root.close(open, target);
        Some(root)
    }

    fn open(c: f64) -> Self {
        let (left, right) = (0.0, f64::INFINITY);
        Self { theta: 0.0, left, right, ones: 0.0, middle: 0.0, slope: 0.0, c }
    }

    /// Narrows the bracket to where the root of a sample lies, give or take its sampling error.
    fn bracket_by_sample<E: Entry>(&mut self, n: usize, at: &impl Fn(usize) -> E, target: f64) {
        let count = (n / ONE_IN).min(MOST);
        let stride = n / count;
        let sample: Vec<E> =
            (0..count).map(|i| at(i * stride)).filter(|e| e.size() > 0.0).collect();
        let share = target / n as f64;
        let m = count as f64;
        let error = 1.0 + DEVIATIONS * (m * share * (1.0 - share)).sqrt();
        let ends = [m * share + error, m * share - error].map(|target| {
            if target <= 0.0 {
                return f64::INFINITY;
            }
            if target >= sample.len() as f64 {
                return 0.0;
            }
            let mut root = Self::open(self.c);
            root.close(sample.clone(), target);
            root.theta
        });
        let mut sums = [0.0; 2];
        for i in 0..n {
            let entry = at(i);
            for (sum, end) in sums.iter_mut().zip(ends) {
                *sum += self.term(entry, end);
            }
        }
        for (sum, end) in sums.into_iter().zip(ends) {
            if end > 0.0 && end.is_finite() {
                self.narrow(end, sum >= target);
            }
        }
    }

    #[inline]
    fn term(&self, entry: impl Entry, theta: f64) -> f64 {
        (entry.size() / theta - self.c * entry.weight()).clamp(0.0, 1.0)
    }

    /// Takes note that the root is to the right of `theta`, or not.
    fn narrow(&mut self, theta: f64, right: bool) {
        if right {
            self.left = self.left.max(theta);
        } else {
            self.right = self.right.min(theta);
        }
    }

    /// Closes the bracket over the entries that are open.
    fn close<E: Entry>(&mut self, mut open: Vec<E>, target: f64) {
        let c = self.c;
        let mut pool: Vec<f64> = Vec::with_capacity(2 * open.len());
        pool.extend(
            open.iter()
                .flat_map(|&e| [full(e, c), none(e, c)])
                .filter(|t| self.left < *t && *t < self.right && t.is_finite()),
        );
        while !pool.is_empty() {
            let at = pool.len() / 2;
            let pivot = *pool.select_nth_unstable_by(at, f64::total_cmp).1;
            let settled = self.ones + (self.slope / pivot - c * self.middle);
            let terms: f64 = open.iter().map(|&e| self.term(e, pivot)).sum();
            self.narrow(pivot, settled + terms >= target);
            let (left, right) = (self.left, self.right);
            pool.retain(|t| left < *t && *t < right);
            open.retain(|&entry| !self.settle(entry));
        }
        // Entries with an infinite breakpoint alone are left.
        open.retain(|&entry| !self.settle(entry));
        // Without a middle h is flat on the bracket, and every theta in it gives the same.
        self.theta = if self.middle > 0.0 {
            let theta = self.slope / (target - self.ones + c * self.middle);
            theta.max(self.left).min(self.right)
        } else {
            self.left
        };
    }

    /// Folds an entry with no breakpoint inside the bracket into the sums; `false` for the others.
    fn settle(&mut self, entry: impl Entry) -> bool {
        let undecided = |t: f64| self.left < t && t < self.right;
        if undecided(full(entry, self.c)) || undecided(none(entry, self.c)) {
            return false;
        }
        match self.branch(entry) {
            Branch::Zero => {}
            Branch::One => self.ones += 1.0,
            Branch::Middle => {
                self.middle += entry.weight();
                self.slope += entry.size();
            }
        }
        true
    }

    /// The branch of an entry with no breakpoint inside the bracket.
    #[inline]
    pub fn branch(&self, entry: impl Entry) -> Branch {
        if entry.size() == 0.0 || none(entry, self.c) <= self.left {
            Branch::Zero
        } else if self.right <= full(entry, self.c) {
            Branch::One
        } else {
            Branch::Middle
        }
    }
}

/// The term of an entry is 1 for `theta` up to here.
#[inline]
fn full(entry: impl Entry, c: f64) -> f64 {
    entry.size() / (1.0 + c * entry.weight())
}

/// The term of an entry is 0 for `theta` from here on.
#[inline]
fn none(entry: impl Entry, c: f64) -> f64 {
    entry.size() / (c * entry.weight())
}
