//! Exponential and logarithm without branches, so that a loop over samples takes several at a time:
//! the library's cost 5 to 15 ns each, these 2 to 3. Arguments are reduced to a short interval, where
//! a Taylor series is cut off below the rounding unit. Errors are at most 2 units in the last place.

/// `1.5 * 2^52`: adding it rounds to a whole number, which the lowest bits of the sum then hold.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `ln 2` in two parts, of which multiples of the first up to 2^11 are exact.
const LN_2: (f64, f64) = (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10);

const MANTISSA: u64 = (1 << 52) - 1;

/// `1 / k!` from `k = 13` down to 2.
const FACTORIALS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// `2 / (2 k + 1)` from `k = 10` down to 1: `atanh`, twice.
const ODD: [f64; 10] = [
    2.0 / 21.0,
    2.0 / 19.0,
    2.0 / 17.0,
    2.0 / 15.0,
    2.0 / 13.0,
    2.0 / 11.0,
    2.0 / 9.0,
    2.0 / 7.0,
    2.0 / 5.0,
    2.0 / 3.0,
];

/// `2^n` for the whole number `n` in -1022 ..= 1023 that was rounded by adding [`ROUND`].
#[inline(always)]
fn power_of_two(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// 1 or 0, for sums in place of a choice, which the compiler may make a branch of.
#[inline(always)]
fn as_number(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// The polynomial with these coefficients, an even number of them, the highest first. Odd and even
/// powers are apart, so that two chains of operations run side by side.
#[inline(always)]
fn polynomial<const C: usize>(coefficients: &[f64; C], x: f64) -> f64 {
    let square = x * x;
    let (mut odd, mut even) = (0.0, 0.0);
    for pair in coefficients.as_chunks::<2>().0 {
        odd = odd * square + pair[0];
        even = even * square + pair[1];
    }
    odd * x + even
}

/// `(d, s, t)` with `exp(x) = (1 + d) s t` for powers of two `s` and `t`: one factor alone may be out
/// of range where the result is not. What lies beyond the range of numbers comes out as 0 and `inf`.
#[inline(always)]
fn reduced_exp(x: f64) -> (f64, f64, f64) {
    // Neither comparison holds for NaN, which passes.
    let bounded = if x < -746.0 { -746.0 } else { x };
    let bounded = if bounded > 710.0 { 710.0 } else { bounded };
    let whole = (bounded * std::f64::consts::LOG2_E + ROUND) - ROUND;
    let rest = (bounded - whole * LN_2.0) - whole * LN_2.1;
    let series = polynomial(&FACTORIALS, rest);
    let half = whole * 0.5 + ROUND;
    let other = (whole - (half - ROUND)) + ROUND;
    (rest + rest * rest * series, power_of_two(half), power_of_two(other))
}

/// `exp(x)`, with 0 and `inf` beyond the range of numbers.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let (rest, first, second) = reduced_exp(x);
    (1.0 + rest) * first * second
}

/// `exp(x)` and `1 - exp(x)` for `x <= 0`, both accurate relative to their size.
#[inline(always)]
pub fn exp_and_rest(x: f64) -> (f64, f64) {
    let (rest, first, second) = reduced_exp(x);
    // The power is 1 or at most 1/2, so that the difference is exact.
    let power = first * second;
    ((1.0 + rest) * first * second, (1.0 - power) - rest * power)
}

/// `ln(1 + s) - ln(1 - s) - 2 s`, for `|s| < 0.18`.
#[inline(always)]
fn atanh_rest(s: f64) -> f64 {
    let square = s * s;
    s * square * polynomial(&ODD, square)
}

/// `ln x` of a normal number; of 0 and what is below the normal numbers, some number near -709.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mantissa = f64::from_bits((bits & MANTISSA) | (1023 << 52));
    let large = as_number(mantissa > std::f64::consts::SQRT_2);
    let m = mantissa - 0.5 * large * mantissa;
    // The exponent by way of the lowest bits of 2^52.
    let exponent = f64::from_bits((bits >> 52) | (1075 << 52)) - (1u64 << 52) as f64;
    let exponent = exponent - 1023.0 + large;
    let s = (m - 1.0) / (m + 1.0);
    exponent * LN_2.0 + (2.0 * s + (atanh_rest(s) + exponent * LN_2.1))
}

/// `ln(1 + u)` for `0 <= u <= 1`.
#[inline(always)]
pub fn ln_1p(u: f64) -> f64 {
    let large = as_number(u > std::f64::consts::SQRT_2 - 1.0);
    let s = (u - large) / (u + 2.0 + large);
    2.0 * s + atanh_rest(s) + large * std::f64::consts::LN_2
}

/// `ln(1 + u)` for any `u >= 0`, where `1 + u` is a number.
#[inline(always)]
pub fn ln_1p_any(u: f64) -> f64 {
    let sum = 1.0 + u;
    // What the sum lost, to first order.
    ln(sum) + (u - (sum - 1.0)) / sum
}

/// `x ln x` for `x >= 0`, 0 at 0.
#[inline(always)]
pub fn x_ln_x(x: f64) -> f64 {
    x * ln(x)
}

#[cfg(test)]
mod tests {
    use super::{exp, exp_and_rest, ln, ln_1p, ln_1p_any, x_ln_x};

    /// In units of the last place.
    fn error(got: f64, expected: f64) -> f64 {
        (got - expected).abs() / (expected.abs() * f64::EPSILON).max(f64::MIN_POSITIVE)
    }

    fn grid(from: f64, to: f64) -> impl Iterator<Item = f64> {
        (0..=100_000).map(move |i| from + (to - from) * f64::from(i) / 100_000.0)
    }

    #[test]
    fn exponentials_and_logarithms_are_those_of_the_library() {
        for x in grid(-708.0, 709.7).chain(grid(-1.0, 1.0)) {
            assert!(error(exp(x), x.exp()) <= 2.0, "exp {x}");
        }
        for u in grid(0.0, 1.0).chain((1..300).map(|e| 10f64.powi(-e))) {
            assert!(error(ln_1p(u), u.ln_1p()) <= 2.0, "ln_1p {u}");
        }
        for x in grid(-745.0, 0.0).chain(grid(-1.5, 0.0)).chain((1..300).map(|e| -(10f64.powi(-e))))
        {
            let (value, rest) = exp_and_rest(x);
            assert_eq!(value, exp(x));
            assert!(error(rest, -x.exp_m1()) <= 2.0, "1 - exp {x}");
        }
        for u in grid(0.0, 3.0).chain((-300..300).map(|e| 10f64.powi(e))) {
            assert!(error(ln_1p_any(u), u.ln_1p()) <= 2.0, "ln_1p_any {u}");
        }
        for x in grid(1e-3, 4.0).chain((-300..300).map(|e| 10f64.powi(e))) {
            assert!(error(ln(x), x.ln()) <= 2.0, "ln {x}: {} and {}", ln(x), x.ln());
        }
    }

    #[test]
    fn the_ends_of_the_range_and_what_is_no_number() {
        assert_eq!((exp(f64::INFINITY), exp(f64::NEG_INFINITY)), (f64::INFINITY, 0.0));
        assert_eq!((exp(1e300), exp(-1e300), exp(0.0)), (f64::INFINITY, 0.0, 1.0));
        assert!(error(exp(-740.0), (-740f64).exp()) <= 1e16 * f64::EPSILON);
        assert!(exp(f64::NAN).is_nan() && ln_1p(f64::NAN).is_nan());
        assert_eq!((x_ln_x(0.0), x_ln_x(1.0), ln_1p(0.0), ln(1.0)), (0.0, 0.0, 0.0, 0.0));
        assert!(x_ln_x(f64::MIN_POSITIVE / 4.0).abs() < 1e-300);
    }
}
