//! The step along a direction at which the slope of the residual vanishes.

/// Trials of the bracket, and of the root inside it.
const MOST_OUTWARD: usize = 30;
const MOST_INWARD: usize = 40;
const MOST_BRENT: usize = 8;

/// Relative length of the bracket at which the root counts as found.
const TOLERANCE: f64 = 1e-3;

/// Slope, relative to that at 0, that counts as none. A thousandth in its place takes a fifth more
/// gradients and saves no iterations.
const FLAT: f64 = 0.1;

/// Visits steps until the slope `phi` vanishes; `trial(a)` is `phi(a)`, or `None` where `a` is too
/// far whatever the slope there (outside the domain, say). `slope = phi(0) < 0`, `first > 0`.
///
/// A bracket by doubling, then Brent's method (Brent 1973, Algorithms for Minimization without
/// Derivatives, section 4.2): the root need not be that of a smooth function.
pub(super) fn search(first: f64, slope: f64, mut trial: impl FnMut(f64) -> Option<f64>) {
    let flat = FLAT * slope.abs();
    let (mut low, mut far) = ((0.0, slope), first);
    let mut trials = 1;
    let mut high = loop {
        match trial(far) {
            Some(phi) if phi.abs() <= flat || phi < 0.0 && trials == MOST_OUTWARD => return,
            Some(phi) if phi < 0.0 => {
                low = (far, phi);
                far *= 2.0;
                trials += 1;
            }
            found => break found,
        }
    };
    // Where the far end has no slope, the near one comes to it by halves.
    for _ in 0..MOST_INWARD {
        if high.is_some() || far - low.0 <= TOLERANCE * far {
            break;
        }
        let middle = low.0 + 0.5 * (far - low.0);
        match trial(middle) {
            Some(phi) if phi.abs() <= flat => return,
            Some(phi) if phi < 0.0 => low = (middle, phi),
            found => (far, high) = (middle, found),
        }
    }
    if let Some(phi) = high {
        brent(low, (far, phi), flat, &mut trial);
    }
}

/// Brent's method between a negative and a positive slope.
fn brent(low: (f64, f64), high: (f64, f64), flat: f64, trial: &mut impl FnMut(f64) -> Option<f64>) {
    // `b` is the best so far, `a` the one before, `c` on the other side of the root from `b`.
    let (mut a, mut b) = (low, high);
    let mut c = a;
    let (mut last, mut before) = (b.0 - a.0, b.0 - a.0);
    for _ in 0..MOST_BRENT {
        if c.1.abs() < b.1.abs() {
            (a, b, c) = (b, c, b);
        }
        let half = 0.5 * (c.0 - b.0);
        let tolerance = 0.5 * TOLERANCE * b.0.abs();
        if half.abs() <= tolerance {
            return;
        }
        let (mut moved, mut limit) = (half, half);
        if before.abs() >= tolerance && a.1.abs() > b.1.abs() {
            let s = b.1 / a.1;
            let (mut p, mut q) = if a.0 == c.0 {
                (2.0 * half * s, 1.0 - s)
            } else {
                let (q, r) = (a.1 / c.1, b.1 / c.1);
                let p = s * (2.0 * half * q * (q - r) - (b.0 - a.0) * (r - 1.0));
                (p, (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q;
            }
            p = p.abs();
            if 2.0 * p < (3.0 * half * q - (tolerance * q).abs()).min((before * q).abs()) {
                (limit, moved) = (last, p / q);
            }
        }
        before = limit;
        last = moved;
        a = b;
        let next = b.0 + if moved.abs() > tolerance { moved } else { tolerance.copysign(half) };
        // Inside a bracket nothing is too far, but for a merit that is no function of the slope.
        let phi = trial(next).unwrap_or(f64::MAX);
        if phi.abs() <= flat {
            return;
        }
        b = (next, phi);
        if (b.1 > 0.0) == (c.1 > 0.0) {
            c = a;
            (last, before) = (b.0 - a.0, b.0 - a.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps visited, and the one of the smallest slope.
    fn visited(first: f64, slope: f64, phi: impl Fn(f64) -> Option<f64>) -> (Vec<f64>, f64) {
        let (mut steps, mut best) = (Vec::new(), (0.0, slope.abs()));
        search(first, slope, |a| {
            steps.push(a);
            let phi = phi(a);
            if let Some(phi) = phi.filter(|phi| phi.abs() < best.1) {
                best = (a, phi.abs());
            }
            phi
        });
        (steps, best.0)
    }

    #[test]
    fn roots_of_lines_kinks_and_curves_are_found() {
        let (steps, root) = visited(0.1, -3.0, |a| Some(a - 3.0));
        assert!((root - 3.0).abs() <= 0.3 && steps.len() <= 7, "{root}: {steps:?}");
        let kinked = |a: f64| Some(if a < 2.0 { 0.01 * a - 1.0 } else { 50.0 * (a - 2.01) });
        let (steps, root) = visited(1.0, -1.0, kinked);
        assert!((root - 2.01).abs() < 0.02 && steps.len() <= 13, "{root}: {steps:?}");
        let (steps, root) = visited(4.0, -1.0, |a| Some(a.powi(3) - 1.0));
        assert!((root - 1.0).abs() <= 0.04 && steps.len() <= 12, "{root}: {steps:?}");
    }

    #[test]
    fn steps_outside_the_domain_are_halved() {
        let log = |a: f64| (a < 1.0).then(|| 1.0 / (1.0 - a) - 4.0);
        let (steps, root) = visited(1e6, -3.0, log);
        assert!((root - 0.75).abs() <= 0.02, "{root}: {steps:?}");
        let (steps, _) = visited(1.0, -1.0, |_| None);
        assert!(steps.len() <= 1 + MOST_INWARD && steps.last().is_some_and(|a| *a < 1e-9));
    }

    #[test]
    fn a_slope_that_never_vanishes_ends_the_search() {
        let (steps, _) = visited(1.0, -1.0, |_| Some(-1.0));
        assert_eq!(steps.len(), MOST_OUTWARD);
        let (steps, _) = visited(1.0, -1.0, |_| Some(f64::NAN));
        assert!(steps.len() <= 1 + MOST_BRENT, "{steps:?}");
    }
}
