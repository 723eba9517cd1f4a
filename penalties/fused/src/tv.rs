//! The prox of 1-D total variation.
//!
//! By dynamic programming, because it is linear on every input: the direct method of Condat (2013)
//! is fast on most signals and quadratic on some, and a prox cannot choose its input.

use std::collections::VecDeque;

/// Writes `argmin_x 1/2 ||x - y||^2 + lambda sum_j |x_j - x_{j-1}|` into `x`.
///
/// `y` and `x` have the same length, `lambda >= 0`. Time and memory O(n) on every input; equal
/// neighbours of the solution are equal to the last bit.
///
/// Source: Johnson (2013), JCGS 22(2), section 3. With `m_j` the derivative of the least objective
/// of `x_1 .. x_{j-1}` as a function of `x_j`, a nondecreasing piecewise linear function,
/// ```text
/// m_1(b)     = b - y_1
/// m_{j+1}(b) = clamp(m_j(b), -lambda, lambda) + b - y_{j+1}
/// ```
/// and `x_j = clamp(x_{j+1}, low_j, high_j)`, where `m_j` is `-lambda` at `low_j` and `lambda` at
/// `high_j`.
pub fn prox(y: &[f64], lambda: f64, x: &mut [f64]) {
    if y.iter().any(|y| y.is_nan()) {
        x.fill(f64::NAN); // comparisons below would lose it
    } else if let Some(mean) = constant_solution(y, lambda) {
        x.fill(mean);
    } else {
        message_passing(y, lambda, x);
    }
}

/// The mean, where it is the solution. Beyond this `lambda` the messages would only lose digits.
fn constant_solution(y: &[f64], lambda: f64) -> Option<f64> {
    let mean = y.iter().sum::<f64>() / y.len().max(1) as f64;
    let mut partial = 0.0;
    for y in &y[..y.len().saturating_sub(1)] {
        partial += y - mean;
        if partial.abs() > lambda {
            return None;
        }
    }
    Some(mean)
}

/// A bend of a message: what is added to slope and offset on the way to the right.
#[derive(Clone, Copy)]
struct Knot {
    at: f64,
    slope: f64,
    offset: f64,
}

/// A line `slope b + offset`.
#[derive(Clone, Copy)]
struct Line {
    slope: f64,
    offset: f64,
}

impl Line {
    fn at(self, b: f64) -> f64 {
        self.slope * b + self.offset
    }
    fn after(self, knot: Knot) -> Self {
        Self { slope: self.slope + knot.slope, offset: self.offset + knot.offset }
    }
    fn before(self, knot: Knot) -> Self {
        Self { slope: self.slope - knot.slope, offset: self.offset - knot.offset }
    }
    fn reaches(self, level: f64) -> f64 {
        (level - self.offset) / self.slope
    }
}

fn message_passing(y: &[f64], lambda: f64, x: &mut [f64]) {
    let n = y.len();
    if lambda == 0.0 {
        x.copy_from_slice(y);
        return;
    }
    let mut knots: VecDeque<Knot> = VecDeque::new();
    let mut ends: Vec<(f64, f64)> = Vec::with_capacity(n);
    // The outermost pieces of the current message; before the first sample nothing is clamped.
    let mut first = Line { slope: 1.0, offset: -y[0] };
    let mut last = first;
    for next in &y[1..] {
        while let Some(knot) = knots.front().filter(|knot| first.at(knot.at) <= -lambda) {
            first = first.after(*knot);
            knots.pop_front();
        }
        while let Some(knot) = knots.back().filter(|knot| last.at(knot.at) >= lambda) {
            last = last.before(*knot);
            knots.pop_back();
        }
        let (low, high) = (first.reaches(-lambda), last.reaches(lambda));
        ends.push((low, high));
        knots.push_front(Knot { at: low, slope: first.slope, offset: first.offset + lambda });
        knots.push_back(Knot { at: high, slope: -last.slope, offset: lambda - last.offset });
        first = Line { slope: 1.0, offset: -lambda - next };
        last = Line { slope: 1.0, offset: lambda - next };
    }
    while let Some(knot) = knots.front().filter(|knot| first.at(knot.at) <= 0.0) {
        first = first.after(*knot);
        knots.pop_front();
    }
    let mut value = first.reaches(0.0);
    x[n - 1] = value;
    for (x, (low, high)) in x[..n - 1].iter_mut().zip(&ends).rev() {
        // Not `clamp`, which panics where rounding puts the ends in the wrong order.
        value = value.min(*high).max(*low);
        *x = value;
    }
}

#[cfg(test)]
mod tests {
    use super::prox;

    /// Checks the optimality conditions: the dual path `z_j = sum_{i<=j} (y_i - x_i)` stays within
    /// `lambda`, ends at zero, and is `-+lambda` wherever the solution jumps.
    fn solves(y: &[f64], lambda: f64, digits: f64) {
        let mut x = vec![f64::NAN; y.len()];
        prox(y, lambda, &mut x);
        let scale = y.iter().fold(lambda, |top, y| top.max(y.abs()));
        let slack = digits * scale;
        let mut z = 0.0;
        for j in 0..y.len() {
            z += y[j] - x[j];
            if j + 1 == y.len() {
                assert!(z.abs() <= slack, "ends at {z:e}");
            } else if x[j + 1] == x[j] {
                assert!(z.abs() <= lambda + slack, "{z:e} at {j}");
            } else {
                let expected = -lambda * (x[j + 1] - x[j]).signum();
                assert!((z - expected).abs() <= slack, "{z:e} is not {expected:e} at {j}");
            }
        }
    }

    fn signal(n: usize, seed: f64) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 12.9898 + seed).sin() * 3.0 + (i as f64 * 0.1).cos()).collect()
    }

    #[test]
    fn two_points_move_towards_each_other() {
        let mut x = [0.0; 2];
        prox(&[0.0, 10.0], 1.0, &mut x);
        assert_eq!(x, [1.0, 9.0]);
        prox(&[0.0, 10.0], 5.0, &mut x);
        assert_eq!(x, [5.0, 5.0]);
    }

    #[test]
    fn the_optimality_conditions_hold_at_every_length_and_strength() {
        for n in 1..60 {
            for lambda in [0.0, 1e-9, 0.1, 0.7, 3.0, 20.0, 1e12] {
                solves(&signal(n, lambda), lambda, 1e-12);
            }
        }
    }

    #[test]
    fn ties_zeros_steps_and_ramps_are_ordinary_inputs() {
        solves(&[0.0; 9], 1.0, 1e-15);
        solves(&[1.0, 1.0, 4.0, 4.0, 4.0, 0.0], 1.0, 1e-14);
        solves(&(0..500).map(f64::from).collect::<Vec<_>>(), 100.0, 1e-10);
        solves(&signal(300, 0.0).iter().map(|y| 1e150 * y).collect::<Vec<_>>(), 1e150, 1e-11);
        solves(&signal(300, 0.0).iter().map(|y| 1e6 + y).collect::<Vec<_>>(), 2.0, 1e-11);
        let mut none: [f64; 0] = [];
        prox(&[], 1.0, &mut none);
    }

    #[test]
    fn a_nan_is_passed_on_and_not_lost() {
        let mut x = [0.0; 4];
        prox(&[1.0, f64::NAN, 2.0, 3.0], 0.5, &mut x);
        assert!(x.iter().all(|x| x.is_nan()));
    }

    #[test]
    fn a_million_points_are_solved_on_inputs_that_are_hard_for_other_methods() {
        let n = 1_000_000;
        let ramp: Vec<f64> = (0..n).map(|i| 1e-3 * i as f64).collect();
        solves(&ramp, 500.0, 1e-6);
        // A slowly bending curve with alternating noise makes Condat's method go back and forth.
        let bend: Vec<f64> =
            (0..n).map(|i| (i as f64 / n as f64).powi(2) + 0.1 * f64::from(i % 2)).collect();
        solves(&bend, 300.0, 1e-9);
    }
}
