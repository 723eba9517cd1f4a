//! The prox of 1-D total variation.
//!
//! Linear on every input, because a prox cannot choose its input: the direct method of Condat (2013)
//! is fast on most signals and quadratic on some.

use crate::string;

/// Writes `argmin_x 1/2 ||x - y||^2 + lambda sum_j |x_j - x_{j-1}|` into `x`.
///
/// `y` and `x` have the same length, `lambda >= 0`. Time and memory O(n) on every input; equal
/// neighbours of the solution are equal to the last bit. All NaN where an entry of `y` is not finite.
///
/// The solution has the slopes of a taut string, see `string.rs`.
pub fn prox(y: &[f64], lambda: f64, x: &mut [f64]) {
    if lambda == 0.0 {
        x.copy_from_slice(y);
    } else if !y.is_empty() {
        let solved = lambda < 1e100 && string::slopes(y, lambda, x);
        if !solved {
            scaled(y, lambda, x);
        }
    }
}

/// The same where `lambda` or an entry of `y` is large enough for products to overflow, or not finite.
fn scaled(y: &[f64], lambda: f64, x: &mut [f64]) {
    let n = y.len() as f64;
    let top = y.iter().fold(0.0, |top, y| if y.abs() <= top { top } else { y.abs() });
    if lambda.is_nan() || y.iter().any(|y| !y.is_finite()) {
        return x.fill(f64::NAN);
    }
    let unit = if top > 1.0 { 2f64.powi((top.log2() as i32).min(1023)) } else { 1.0 };
    if lambda / n >= 2.0 * top {
        // No sum differs from that of as many means by more.
        let mean = y.iter().map(|y| y / unit).sum::<f64>() / n;
        return x.fill(unit * mean);
    }
    let small: Vec<f64> = y.iter().map(|y| y / unit).collect();
    if !string::slopes(&small, lambda / unit, x) {
        return x.fill(f64::NAN);
    }
    x.iter_mut().for_each(|x| *x *= unit);
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

    /// Signals of which every one calls for another way to tell where the string can bend.
    #[test]
    fn signals_that_change_their_nature_on_the_way_are_solved() {
        let mut state = 7u64;
        let mut uniform = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        for n in [63, 64, 65, 100, 255, 256, 257, 300, 513, 1500] {
            for _ in 0..12 {
                let (mut level, mut kind, mut size) = (0.0, 0, 1.0);
                let y: Vec<f64> = (0..n)
                    .map(|i| {
                        if i % 40 == 0 {
                            kind = (8.0 * (uniform() + 0.5)) as i32;
                            size = 10f64.powf(4.0 * uniform());
                        }
                        match kind {
                            0 => level += size * uniform(),
                            1 => level = size * uniform(),
                            2 => level = 3.0 + (4.0 * uniform()).round(),
                            3 => level = size * f64::from(i % 2),
                            4 => level += 0.01 * size,
                            5 => level -= 0.1,
                            6 => level = 1e3 + size * uniform(),
                            _ => {}
                        }
                        level
                    })
                    .collect();
                for lambda in [1e-3, 0.03, 0.2, 1.0, 4.0, 15.0, 70.0, 400.0, 1e4] {
                    solves(&y, lambda, 1e-12);
                    let shifted: Vec<f64> = y.iter().map(|y| y - 1e5).collect();
                    solves(&shifted, lambda, 1e-11);
                }
            }
        }
    }

    #[test]
    fn no_size_is_too_large_or_too_small() {
        let y = signal(500, 0.7);
        let mut expected = vec![0.0; 500];
        prox(&y, 2.0, &mut expected);
        for exponent in [-1000, -140, -120, -90, 90, 120, 140, 600, 1015] {
            let unit = 2f64.powi(exponent);
            let mut x = vec![0.0; 500];
            prox(&y.iter().map(|y| unit * y).collect::<Vec<_>>(), 2.0 * unit, &mut x);
            for (x, expected) in x.iter().zip(&expected) {
                assert!((x / unit - expected).abs() < 1e-13, "2^{exponent}");
            }
        }
        for (unit, lambda) in [(1.0, 1e200), (1.0, f64::INFINITY), (1e-300, 1e99), (1e300, 1e308)] {
            for n in [3, 500] {
                let mut x = vec![0.0; n];
                let y: Vec<f64> = y[..n].iter().map(|y| unit * y).collect();
                prox(&y, lambda, &mut x);
                let mean = y.iter().map(|y| y / unit).sum::<f64>() / n as f64;
                assert!(x.iter().all(|x| (x / unit - mean).abs() < 1e-14), "{unit:e} {lambda:e}");
            }
        }
        let mut x = [0.0; 3];
        prox(&[f64::MAX, -f64::MAX, f64::MAX], 1.0, &mut x);
        assert_eq!(x, [f64::MAX, -f64::MAX, f64::MAX]);
        prox(&[1.0, 2.0, 4.0], f64::NAN, &mut x);
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
