//! A stretch of samples, each with its interval: the ends are gathered, the formulas run over several
//! samples at a time, and what they give is scattered by class.

use fenchel_core::kernels::{self, widest};

use crate::classes::Classes;
use crate::interval::{Interval, conjugate};

/// Samples of a stretch at most.
const LENGTH: usize = 256;

/// The ends, or duals, of a stretch of samples, and what was made of them.
pub(crate) struct Intervals {
    /// The first sample, and how many there are.
    begin: usize,
    len: usize,
    upper: [f64; LENGTH],
    lower: [f64; LENGTH],
    share: [f64; LENGTH],
    terms: [f64; LENGTH],
    /// Derivatives by the two ends, and a third one, times the share.
    first: [f64; LENGTH],
    second: [f64; LENGTH],
    third: [f64; LENGTH],
}

/// What a sample of a stretch has: its number and class, and three derivatives.
pub(crate) struct Sample {
    pub i: usize,
    pub class: usize,
    pub derivatives: [f64; 3],
}

impl Intervals {
    pub fn new() -> Self {
        let none = [0.0; LENGTH];
        Self {
            begin: 0,
            len: 0,
            upper: none,
            lower: none,
            share: none,
            terms: none,
            first: none,
            second: none,
            third: none,
        }
    }

    /// Where the stretches of `n` samples begin.
    pub fn begins(n: usize) -> impl Iterator<Item = usize> {
        (0..n).step_by(LENGTH)
    }

    /// Gathers `(upper, lower)` of the samples from `begin`, `ends(sample, class)`; a sample without
    /// weight has `neutral` ones.
    pub fn gather(
        &mut self,
        begin: usize,
        classes: &Classes,
        neutral: (f64, f64),
        ends: impl Fn(usize, usize) -> (f64, f64),
    ) {
        let (class, shares) = (&classes.class[begin..], &classes.shares[begin..]);
        (self.begin, self.len) = (begin, class.len().min(LENGTH));
        for at in 0..self.len {
            let share = shares[at];
            let pair = if share > 0.0 { ends(begin + at, class[at] as usize) } else { neutral };
            (self.upper[at], self.lower[at], self.share[at]) = (pair.0, pair.1, share);
        }
    }

    /// `visit` for every sample of positive weight.
    pub fn each(&self, classes: &Classes, mut visit: impl FnMut(Sample)) {
        for at in (0..self.len).filter(|&at| self.share[at] > 0.0) {
            let (i, derivatives) =
                (self.begin + at, [self.first[at], self.second[at], self.third[at]]);
            visit(Sample { i, class: classes.class[i] as usize, derivatives });
        }
    }

    /// The loss of the stretch.
    pub fn value(&mut self) -> f64 {
        self.sum(
            #[inline(always)]
            |a, b| Interval::new(a, b).value(),
        )
    }

    /// The conjugate of the stretch, whose ends are duals divided by the shares.
    pub fn conjugate(&mut self) -> f64 {
        // The function itself would be called, in place of standing in the loop.
        #[expect(clippy::redundant_closure)]
        self.sum(
            #[inline(always)]
            |u_a, u_b| conjugate(u_a, u_b),
        )
    }

    fn sum(&mut self, term: impl Fn(f64, f64) -> f64) -> f64 {
        let len = self.len;
        let (upper, lower, share) = (&self.upper[..len], &self.lower[..len], &self.share[..len]);
        let terms = &mut self.terms[..len];
        widest(
            #[inline(always)]
            || {
                for at in 0..len {
                    terms[at] = share[at] * term(upper[at], lower[at]);
                }
            },
        );
        kernels::sum(terms)
    }

    /// The loss of the stretch; the derivatives by the ends and along a shift of both.
    pub fn gradient(&mut self) -> f64 {
        let len = self.len;
        let (upper, lower, share) = (&self.upper[..len], &self.lower[..len], &self.share[..len]);
        let terms = &mut self.terms[..len];
        let (first, second) = (&mut self.first[..len], &mut self.second[..len]);
        let third = &mut self.third[..len];
        widest(
            #[inline(always)]
            || {
                for at in 0..len {
                    let interval = Interval::new(upper[at], lower[at]);
                    terms[at] = share[at] * interval.value();
                    let (by_upper, by_lower) = interval.derivatives();
                    first[at] = share[at] * by_upper;
                    second[at] = share[at] * by_lower;
                    third[at] = share[at] * interval.shift_derivative();
                }
            },
        );
        kernels::sum(terms)
    }

    /// The second derivatives by the ends, and the mixed one.
    pub fn curvature(&mut self) {
        let len = self.len;
        let (upper, lower, share) = (&self.upper[..len], &self.lower[..len], &self.share[..len]);
        let (first, second) = (&mut self.first[..len], &mut self.second[..len]);
        let third = &mut self.third[..len];
        widest(
            #[inline(always)]
            || {
                for at in 0..len {
                    let interval = Interval::new(upper[at], lower[at]);
                    let (by_upper, by_lower, mixed) = interval.second_derivatives();
                    first[at] = share[at] * by_upper;
                    second[at] = share[at] * by_lower;
                    third[at] = share[at] * mixed;
                }
            },
        );
    }

    /// The sums of the rows of the second derivatives by the ends, and the mixed one.
    pub fn curvature_by_rows(&mut self) {
        let len = self.len;
        let (upper, lower, share) = (&self.upper[..len], &self.lower[..len], &self.share[..len]);
        let (first, second) = (&mut self.first[..len], &mut self.second[..len]);
        let third = &mut self.third[..len];
        widest(
            #[inline(always)]
            || {
                for at in 0..len {
                    let interval = Interval::new(upper[at], lower[at]);
                    let (by_upper, by_lower) = interval.row_sums();
                    first[at] = share[at] * by_upper;
                    second[at] = share[at] * by_lower;
                    third[at] = share[at] * interval.second_derivatives().2;
                }
            },
        );
    }
}
