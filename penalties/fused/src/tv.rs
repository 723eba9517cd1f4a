//! The prox of 1-D total variation.
//!
//! Linear on every input, because a prox cannot choose its input: the direct method of Condat (2013)
//! is fast on most signals and quadratic on some.

use crate::funnel;

/// Writes `argmin_x 1/2 ||x - y||^2 + lambda sum_j |x_j - x_{j-1}|` into `x`.
///
/// `y` and `x` have the same length, `lambda >= 0`. Time and memory O(n) on every input; equal
/// neighbours of the solution are equal to the last bit. All NaN where an entry of `y` is not finite.
///
/// The solution has the slopes of a taut string, see `funnel.rs`.
pub fn prox(y: &[f64], lambda: f64, x: &mut [f64]) {
    if lambda == 0.0 {
        x.copy_from_slice(y);
    } else if !y.is_empty() && !funnel::slopes(y, lambda, x) {
        x.fill(f64::NAN);
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
    fn what_is_not_finite_is_passed_on_and_not_lost() {
        for n in [1, 2, 4, 9, 40, 1000] {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                for at in [0, n / 2, n - 1] {
                    for lambda in [1e-3, 0.5, f64::INFINITY] {
                        let mut y = signal(n, 0.3);
                        y[at] = bad;
                        let mut x = vec![0.0; n];
                        prox(&y, lambda, &mut x);
                        assert!(x.iter().all(|x| x.is_nan()), "{n} {bad} {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn long_signals_of_every_roughness_and_strength_are_solved() {
        let mut state = 1u64;
        let mut uniform = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        for n in [500, 4000] {
            let noise: Vec<f64> = (0..n).map(|_| uniform()).collect();
            let mut sum = 0.0;
            let walk: Vec<f64> = noise
                .iter()
                .map(|e| {
                    sum += e;
                    sum
                })
                .collect();
            let wave = |size: f64| -> Vec<f64> {
                let angle = |i: usize| 20.0 * i as f64 / n as f64;
                noise.iter().enumerate().map(|(i, e)| size * angle(i).sin() + e).collect()
            };
            let ties: Vec<f64> = noise.iter().map(|e| (4.0 * e).round()).collect();
            for y in [&noise, &walk, &wave(3.0), &wave(100.0), &ties] {
                for lambda in [1e-3, 0.1, 0.4, 1.0, 3.0, 10.0, 50.0, 300.0, 3e3, 1e6, f64::MAX] {
                    solves(y, lambda, 1e-10);
                    let flipped: Vec<f64> = y.iter().rev().map(|y| -y).collect();
                    solves(&flipped, lambda, 1e-10);
                }
            }
        }
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
