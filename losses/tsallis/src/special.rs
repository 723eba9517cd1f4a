//! The two functions of `kappa = 1/m` that a q-Gaussian has beside a Gaussian, written so that nothing
//! cancels as `kappa -> 0`, where both become the Gaussian's.

/// Steps of the recurrence `Gamma(x + 1) = x Gamma(x)` before the series in `1 / x`.
const SHIFTS: usize = 16;

/// `log Gamma(x + 1/2) - log Gamma(x) - log(x) / 2` as a series in `1/x`, odd powers:
/// `(2^(1-2j) - 2) B_2j / ((2j - 1) 2j)` with the Bernoulli numbers `B_2j`.
const SERIES: [f64; 6] =
    [-1.0 / 8.0, 1.0 / 192.0, -1.0 / 640.0, 17.0 / 14336.0, -31.0 / 18432.0, 691.0 / 180224.0];

/// `log Gamma(m/2) - log Gamma((m + n)/2) + (n/2) log(m/2)` at `m = 1/kappa`, and its derivative in
/// `kappa`; 0 at `kappa = 0`.
///
/// By `Gamma(x + 1) = x Gamma(x)` it is a sum of `n/2` logarithms and, where n is odd, a ratio of
/// Gamma functions half a unit apart. Differences of library functions would cancel: at m = 1e4 they
/// have lost four digits.
pub(crate) fn normaliser(kappa: f64, n: usize) -> (f64, f64) {
    let odd = n % 2;
    let (mut value, mut slope) = (0.0, 0.0);
    if odd == 1 {
        let (half, half_slope) = half_step(kappa);
        (value, slope) = (-half, -half_slope);
    }
    for j in 0..n / 2 {
        let t = (2 * j + odd) as f64;
        value -= (t * kappa).ln_1p();
        slope -= t / (1.0 + t * kappa);
    }
    (value, slope)
}

/// `log Gamma(x + 1/2) - log Gamma(x) - log(x) / 2` at `x = 1 / (2 kappa)`, and its derivative in kappa.
fn half_step(kappa: f64) -> (f64, f64) {
    let y = 2.0 * kappa; // 1 / x
    let shifts = SHIFTS as f64;
    let beyond = 1.0 + shifts * y;
    let far = y / beyond; // 1 / (x + shifts)
    let (mut series, mut series_slope, mut power) = (0.0, 0.0, 1.0);
    for (j, c) in SERIES.iter().enumerate() {
        series_slope += (2 * j + 1) as f64 * c * power;
        series += c * power * far;
        power *= far * far;
    }
    let mut value = series + 0.5 * (shifts * y).ln_1p();
    let mut slope = series_slope / (beyond * beyond) + 0.5 * shifts / beyond;
    for i in 0..SHIFTS {
        let at = 1.0 + i as f64 * y;
        let ratio = 0.5 * y / at;
        value -= ratio.ln_1p();
        slope -= 0.5 / (at * at) / (1.0 + ratio);
    }
    (value, 2.0 * slope)
}

/// `log(1 + kappa u) / kappa` for `u >= 0`, and its derivative in kappa; `u` and `-u^2 / 2` at 0.
pub(crate) fn bent(kappa: f64, u: f64) -> (f64, f64) {
    let z = kappa * u;
    // Coefficients of log(1 + z) / z, and of (z / (1 + z) - log(1 + z)) / z^2.
    if z < 0.02 {
        let (mut value, mut slope) = (0.0, 0.0);
        for k in (0..9).rev() {
            let k = k as f64;
            value = 1.0 / (k + 1.0) - z * value;
            slope = -(k + 1.0) / (k + 2.0) - z * slope;
        }
        return (u * value, u * u * slope);
    }
    let log = z.ln_1p();
    (log / kappa, (z / (1.0 + z) - log) / (kappa * kappa))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} against {b}");
    }

    #[test]
    fn normalisers_are_those_of_gamma_functions_at_half_integers() {
        let pi = std::f64::consts::PI;
        // m = 1: Gamma(1/2) = sqrt(pi), Gamma(1) = 1.
        close(normaliser(1.0, 1).0, pi.sqrt().ln() + 0.5 * 0.5f64.ln(), 1e-15);
        // m = 3, n = 4: Gamma(3/2) / Gamma(7/2) = 1 / ((5/2)(3/2)).
        close(normaliser(1.0 / 3.0, 4).0, -(3.75f64).ln() + 2.0 * 1.5f64.ln(), 1e-14);
        // m = 2, n = 3: Gamma(1) / Gamma(5/2) = 4 / (3 sqrt(pi)).
        close(normaliser(0.5, 3).0, (4.0 / (3.0 * pi.sqrt())).ln(), 1e-15);
        // m = 1/10, n = 2: Gamma(x) / Gamma(x + 1) = 1/x.
        close(normaliser(10.0, 2).0, 0.0, 1e-15);
        // m = 1/2, n = 1: Gamma(1/4) / Gamma(3/4) = 2.9586751191886...
        close(normaliser(2.0, 1).0, 2.958_675_119_188_639f64.ln() + 0.5 * 0.25f64.ln(), 1e-14);
    }

    #[test]
    fn slopes_match_differences_and_the_limit_is_smooth() {
        for n in [1, 2, 3, 8, 33] {
            for kappa in [1e-3, 0.1, 1.0, 9.0] {
                let h = 1e-6 * kappa;
                let difference =
                    (normaliser(kappa + h, n).0 - normaliser(kappa - h, n).0) / (2.0 * h);
                close(normaliser(kappa, n).1, difference, 1e-7);
            }
            assert_eq!(normaliser(0.0, n).0, 0.0);
            // -n (n - 2) / 4 per unit of kappa.
            close(normaliser(0.0, n).1, -0.25 * (n * n) as f64 + 0.5 * n as f64, 1e-13);
            let tiny = 1e-9;
            close(normaliser(tiny, n).0 / tiny, normaliser(0.0, n).1, 1e-6);
        }
    }

    #[test]
    fn the_bent_square_is_straight_in_the_limit() {
        assert_eq!(bent(0.0, 3.0), (3.0, -4.5));
        // On both sides of the place where the series ends, and far from it.
        for (kappa, u) in [(1e-6, 5.0), (1e-3, 19.9), (1e-3, 20.1), (0.7, 3.0), (9.0, 1e8)] {
            let h = 1e-3 * kappa;
            let difference = (bent(kappa + h, u).0 - bent(kappa - h, u).0) / (2.0 * h);
            let (value, slope) = bent(kappa, u);
            close(value, (kappa * u).ln_1p() / kappa, 1e-14);
            assert!((slope - difference).abs() <= 1e-5 * slope.abs(), "{slope} {difference}");
        }
    }
}
