//! From scores to shares: softmax, sparsemax and the family between and beyond them.
//! ```text
//! entmax_a(z) = argmax_p <z, p> + H_a(p)  over the simplex,   H_a(p) = sum_i (p_i - p_i^a) / (a (a - 1))
//!             = ((a - 1) z - tau)_+^(1/(a-1)),  tau such that the sum is 1
//! ```
//! a = 1 is softmax, a = 2 sparsemax, the projection on the simplex. With `s_i = p_i^(2-a)` on the
//! support the Jacobian is `diag(s) - s s' / sum s`.
//!
//! Source: Martins & Astudillo (2016), ICML (a = 2); Peters, Niculae & Martins (2019), ACL (the family,
//! and the exact algorithm for a = 1.5).

use fenchel_core::{Error, simplex};

use crate::logarithm::Logarithm;

/// Writes `exp(z_i) / sum exp(z)`.
///
/// Errors: [`Error::Data`] where `z` is empty or not finite, [`Error::Length`] where `out` is of
/// another length.
pub fn softmax(z: &[f64], out: &mut [f64]) -> Result<(), Error> {
    checked(z, out)?;
    exponentials(z, out);
    Ok(())
}

/// Writes the projection of `z` on the simplex, O(n) expected. Errors: as [`softmax`].
pub fn sparsemax(z: &[f64], out: &mut [f64]) -> Result<(), Error> {
    checked(z, out)?;
    simplex::project(z, 1.0, &mut Vec::new(), out);
    Ok(())
}

/// Writes entmax for a = 1.5, exactly, by sorting. Errors: as [`softmax`].
pub fn entmax15(z: &[f64], out: &mut [f64]) -> Result<(), Error> {
    checked(z, out)?;
    by_sorting(z, out);
    Ok(())
}

/// Writes entmax for any `alpha > 0`: in closed form for 1, 1.5 and 2, else by Newton's method for
/// tau inside a bracket. Errors: as [`softmax`], and [`Error::Parameter`] unless `alpha` is finite
/// and greater than 0.
pub fn entmax(z: &[f64], alpha: f64, out: &mut [f64]) -> Result<(), Error> {
    Error::check_above("alpha", alpha, 0.0)?;
    checked(z, out)?;
    shares(z, alpha, out);
    Ok(())
}

/// Writes the Jacobian of entmax at `p = entmax(z)` times `u`. It is symmetric. Errors:
/// [`Error::Length`] where the lengths differ, [`Error::Parameter`] for `alpha` as in [`entmax`].
pub fn jacobian_product(p: &[f64], alpha: f64, u: &[f64], out: &mut [f64]) -> Result<(), Error> {
    Error::check_above("alpha", alpha, 0.0)?;
    Error::check_length("u", u.len(), p.len())?;
    Error::check_length("out", out.len(), p.len())?;
    let (mut total, mut inner) = (0.0, 0.0);
    for ((out, p), u) in out.iter_mut().zip(p).zip(u) {
        *out = if *p > 0.0 { p.powf(2.0 - alpha) } else { 0.0 };
        total += *out;
        inner += *out * u;
    }
    let mean = if total > 0.0 { inner / total } else { 0.0 };
    out.iter_mut().zip(u).for_each(|(s, u)| *s *= u - mean);
    Ok(())
}

fn checked(z: &[f64], out: &[f64]) -> Result<(), Error> {
    Error::check_length("out", out.len(), z.len())?;
    if z.is_empty() {
        return Err(Error::Data("no scores: shares need at least one".into()));
    }
    match z.iter().position(|z| !z.is_finite()) {
        Some(i) => Err(Error::Data(format!("score {} at position {i} is not finite", z[i]))),
        None => Ok(()),
    }
}

/// Entmax of finite scores.
pub(crate) fn shares(z: &[f64], alpha: f64, out: &mut [f64]) {
    match alpha {
        1.0 => exponentials(z, out),
        1.5 => by_sorting(z, out),
        2.0 => simplex::project(z, 1.0, &mut Vec::with_capacity(z.len()), out),
        _ => by_newton(z, alpha, out),
    }
}

fn largest(z: &[f64]) -> f64 {
    z.iter().fold(f64::NEG_INFINITY, |top, z| top.max(*z))
}

fn exponentials(z: &[f64], out: &mut [f64]) {
    let top = largest(z);
    out.iter_mut().zip(z).for_each(|(p, z)| *p = (z - top).exp());
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|p| *p /= sum);
}

/// For a = 1.5, `p = (z/2 - tau)_+^2`: on the k largest, tau is a root of a quadratic equation in
/// their mean and variance.
fn by_sorting(z: &[f64], out: &mut [f64]) {
    let top = largest(z);
    let half = |z: f64| 0.5 * (z - top);
    // Lower ones get nothing: the largest alone has tau = -1.
    let mut sorted: Vec<f64> = z.iter().map(|z| half(*z)).filter(|z| *z > -1.0).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut mean, mut squares, mut tau) = (0.0, 0.0, -1.0);
    for (k, z) in sorted.iter().enumerate() {
        let count = (k + 1) as f64;
        let apart = z - mean; // Welford's update
        mean += apart / count;
        squares += apart * (z - mean);
        let candidate = mean - ((1.0 - squares) / count).max(0.0).sqrt();
        if candidate > *z {
            break;
        }
        tau = candidate;
    }
    out.iter_mut().zip(z).for_each(|(p, z)| *p = (half(*z) - tau).max(0.0).powi(2));
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|p| *p /= sum);
}

/// The unknown is the largest share's `x = p^(a-1)`, between `n^(1-a)` and 1, or for a < 1.5, where that
/// is nearly 1 whatever the share, `theta = -ln_a(p)`, between `-ln_a(1/n)` and 0: both keep their
/// digits. The shares are convex in both for a <= 2, so that Newton's method from the end at which the
/// largest share is 1 is monotone; else the bracket holds it.
fn by_newton(z: &[f64], alpha: f64, out: &mut [f64]) {
    let (log, top, r) = (Logarithm { q: alpha }, largest(z), alpha - 1.0);
    let least = 1.0 / z.len() as f64;
    let by_power = alpha >= 1.5;
    let (mut at, mut end) = if by_power { (1.0, least.powf(r)) } else { (0.0, -log.at(least)) };
    let mut start = at;
    for _ in 0..200 {
        let (mut sum, mut slope) = (0.0, 0.0);
        for (p, z) in out.iter_mut().zip(z) {
            let power = if by_power { at + r * (z - top) } else { 1.0 + r * (z - top - at) };
            *p = match by_power {
                _ if power <= 0.0 => 0.0,
                true => power.powf(1.0 / r),
                false => log.to_log(z - top - at).exp(),
            };
            if *p > 0.0 {
                sum += *p;
                // p^(2-a), and its sign and factor by the unknown.
                slope += if by_power { *p / (r * power) } else { -*p / power };
            }
        }
        let excess = sum - 1.0;
        if excess == 0.0 {
            break;
        }
        if excess > 0.0 {
            start = at
        } else {
            end = at
        }
        let mut next = at - excess / slope;
        if !(next >= start.min(end) && next <= start.max(end)) {
            next = 0.5 * (start + end);
        }
        let moved = (next - at).abs();
        at = next;
        if moved <= f64::EPSILON * if by_power { at } else { 1.0 + at } {
            break;
        }
    }
    if alpha > 2.0 {
        between_digits(z, alpha, at, out);
    }
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|p| *p /= sum);
}

/// For a > 2 small shares are so steep in the unknown that its last digit may be all of one: shares
/// one digit below and above are mixed, so that the sum is 1.
fn between_digits(z: &[f64], alpha: f64, at: f64, out: &mut [f64]) {
    let (top, r) = (largest(z), alpha - 1.0);
    let share = |at: f64, z: f64| (at + r * (z - top)).max(0.0).powf(1.0 / r);
    let ends = [1.0 - 4.0 * f64::EPSILON, 1.0 + 4.0 * f64::EPSILON].map(|c| c * at);
    let sums = ends.map(|end| z.iter().map(|z| share(end, *z)).sum::<f64>());
    if sums[0] <= 1.0 && 1.0 <= sums[1] && sums[0] < sums[1] {
        let weight = (1.0 - sums[0]) / (sums[1] - sums[0]);
        for (p, z) in out.iter_mut().zip(z) {
            *p = (1.0 - weight) * share(ends[0], *z) + weight * share(ends[1], *z);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(z: &[f64], alpha: f64) -> Vec<f64> {
        let mut out = vec![f64::NAN; z.len()];
        entmax(z, alpha, &mut out).unwrap();
        out
    }

    fn close(a: &[f64], b: &[f64], tol: f64) {
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() <= tol, "{a:?} and {b:?}");
        }
    }

    const SCORES: [&[f64]; 5] = [
        &[2.0, 1.0, 0.1, -1.0],
        &[0.3, 0.3, 0.3],
        &[5.0],
        &[-4.0, 1.2, 1.1, 0.9, 1.0, -0.4, 0.95],
        &[1e3, -1e3, 999.5],
    ];

    #[test]
    fn known_shares_are_met() {
        let z = SCORES[0];
        close(&of(z, 1.0), &[0.63806635, 0.23473149, 0.0954347, 0.03176745], 1e-8);
        close(&of(z, 1.5), &[0.83071891, 0.16928109, 0.0, 0.0], 1e-8);
        assert_eq!(of(z, 2.0), [1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_exact_ones_are_the_family_at_their_values() {
        for z in SCORES {
            for alpha in [1.0, 1.5, 2.0] {
                let mut general = vec![0.0; z.len()];
                by_newton(z, alpha, &mut general);
                close(&of(z, alpha), &general, 1e-13);
            }
            // And the family is continuous there.
            close(&of(z, 1.0), &of(z, 1.0 + 1e-7), 1e-5);
            close(&of(z, 2.0), &of(z, 2.0 - 1e-9), 1e-7);
            let mut out = vec![0.0; z.len()];
            softmax(z, &mut out).unwrap();
            assert_eq!(out, of(z, 1.0));
            sparsemax(z, &mut out).unwrap();
            assert_eq!(out, of(z, 2.0));
            entmax15(z, &mut out).unwrap();
            assert_eq!(out, of(z, 1.5));
        }
    }

    /// No move of mass between two entries raises `<z, p> + H_a(p)`.
    #[test]
    fn no_exchange_of_mass_gains() {
        for z in SCORES {
            for alpha in [0.3, 0.7, 1.0, 1.2, 1.5, 1.9, 2.0, 2.5, 4.0] {
                let p = of(z, alpha);
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-14);
                let log = Logarithm { q: alpha };
                let gain = |i: usize, to: f64| {
                    z[i] * (to - p[i]) - (log.entropy(to) - log.entropy(p[i])) / alpha
                };
                for i in 0..z.len() {
                    for j in 0..z.len() {
                        for share in [1e-4, 0.1, 1.0] {
                            let mass = share * p[i];
                            let gained = gain(i, p[i] - mass) + gain(j, p[j] + mass);
                            assert!(
                                i == j || gained <= 1e-12 * (1.0 + z[0].abs()),
                                "{z:?} {alpha}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_jacobian_is_that_of_differences() {
        let z = [0.4, 0.1, -0.2, 0.35, -9.0];
        let u = [0.3, -1.0, 0.7, 0.2, 5.0];
        for alpha in [0.6, 1.0, 1.3, 1.5, 1.8, 2.0, 2.3] {
            let mut got = [f64::NAN; 5];
            jacobian_product(&of(&z, alpha), alpha, &u, &mut got).unwrap();
            let at = |h: f64| {
                let moved: Vec<f64> = z.iter().zip(u).map(|(z, u)| z + h * u).collect();
                of(&moved, alpha)
            };
            let h = 2e-4;
            let (a, b, c, d) = (at(h), at(-h), at(2.0 * h), at(-2.0 * h));
            let difference: Vec<f64> =
                (0..5).map(|i| (8.0 * (a[i] - b[i]) - (c[i] - d[i])) / (12.0 * h)).collect();
            close(&got, &difference, 1e-10);
        }
    }

    #[test]
    fn bad_input_is_named() {
        let mut out = [0.0; 2];
        let message = |result: Result<(), Error>| result.unwrap_err().to_string();
        assert!(message(softmax(&[1.0, f64::NAN], &mut out)).contains("at position 1"));
        assert!(message(sparsemax(&[1.0], &mut out)).contains("`out` has length 2, expected 1"));
        assert!(message(entmax15(&[], &mut [])).contains("at least one"));
        let refused = "`alpha` must be finite and greater than 0, got 0";
        assert_eq!(message(entmax(&[1.0, 2.0], 0.0, &mut out)), refused);
        let product = jacobian_product(&[1.0], -1.0, &[1.0], &mut [0.0]);
        assert!(message(product).contains("`alpha`"));
    }
}
