//! Inner products of several columns with one vector and among themselves.

use super::{ABREAST, SHORT, add_up};

/// Pairs of so many columns.
pub const PAIRS: usize = ABREAST * (ABREAST - 1) / 2;

/// Numbers of an accumulator: all of them and the columns fit into the registers.
const LANES: usize = 4;

/// `sum_i x_i u_i` for several columns `x`, and `sum_i x_i y_i` of each with those before it: the second with the
/// first, the third with the first and the second, and so on. Everything is touched once.
pub fn dots_among(x: [&[f64]; ABREAST], u: &[f64]) -> ([f64; ABREAST], [f64; PAIRS]) {
    let [a, b, c, d] = x;
    let products = if u.len() < SHORT {
        among(a, b, c, d, u)
    } else {
        wide!(among(a: &'a [f64], b: &'a [f64], c: &'a [f64], d: &'a [f64], u: &'a [f64]) -> [f64; ABREAST + PAIRS])
    };
    let [ua, ub, uc, ud, ab, ac, bc, ad, bd, cd] = products;
    ([ua, ub, uc, ud], [ab, ac, bc, ad, bd, cd])
}

/// Written out for each number, as in some builds loops over arrays of columns stay calls.
#[inline(always)]
fn among(a: &[f64], b: &[f64], c: &[f64], d: &[f64], u: &[f64]) -> [f64; ABREAST + PAIRS] {
    let n = u.len().min(a.len()).min(b.len()).min(c.len()).min(d.len());
    let ((a, rest_a), (b, rest_b)) = (chunks(&a[..n]), chunks(&b[..n]));
    let ((c, rest_c), (d, rest_d)) = (chunks(&c[..n]), chunks(&d[..n]));
    let (u, rest_u) = chunks(&u[..n]);
    let [mut ua, mut ub, mut uc, mut ud] = [[0.0; LANES]; ABREAST];
    let [mut ab, mut ac, mut bc, mut ad, mut bd, mut cd] = [[0.0; LANES]; PAIRS];
    for k in 0..u.len().min(a.len()).min(b.len()).min(c.len()).min(d.len()) {
        let (a, b, c, d, u) = (&a[k], &b[k], &c[k], &d[k], &u[k]);
        for l in 0..LANES {
            ua[l] += a[l] * u[l];
            ub[l] += b[l] * u[l];
            uc[l] += c[l] * u[l];
            ud[l] += d[l] * u[l];
            ab[l] += a[l] * b[l];
            ac[l] += a[l] * c[l];
            bc[l] += b[l] * c[l];
            ad[l] += a[l] * d[l];
            bd[l] += b[l] * d[l];
            cd[l] += c[l] * d[l];
        }
    }
    let rest = |x: &[f64], y: &[f64]| add_up(x.len().min(y.len()), |i| x[i] * y[i]);
    [
        reduce(&ua) + rest(rest_a, rest_u),
        reduce(&ub) + rest(rest_b, rest_u),
        reduce(&uc) + rest(rest_c, rest_u),
        reduce(&ud) + rest(rest_d, rest_u),
        reduce(&ab) + rest(rest_a, rest_b),
        reduce(&ac) + rest(rest_a, rest_c),
        reduce(&bc) + rest(rest_b, rest_c),
        reduce(&ad) + rest(rest_a, rest_d),
        reduce(&bd) + rest(rest_b, rest_d),
        reduce(&cd) + rest(rest_c, rest_d),
    ]
}

/// The same under weights: `sum_i x_i u_i`, as `u` is weighted already, and `sum_i h_i x_i y_i` of each with those
/// before it.
pub fn weighted_dots_among(
    x: [&[f64]; ABREAST],
    h: &[f64],
    u: &[f64],
) -> ([f64; ABREAST], [f64; PAIRS]) {
    let [a, b, c, d] = x;
    let products = if u.len() < SHORT {
        weighted_among(a, b, c, d, h, u)
    } else {
        wide!(weighted_among(a: &'a [f64], b: &'a [f64], c: &'a [f64], d: &'a [f64], h: &'a [f64], u: &'a [f64]) -> [f64; ABREAST + PAIRS])
    };
    let [ua, ub, uc, ud, ab, ac, bc, ad, bd, cd] = products;
    ([ua, ub, uc, ud], [ab, ac, bc, ad, bd, cd])
}

#[inline(always)]
fn weighted_among(
    a: &[f64],
    b: &[f64],
    c: &[f64],
    d: &[f64],
    h: &[f64],
    u: &[f64],
) -> [f64; ABREAST + PAIRS] {
    let n = u.len().min(h.len()).min(a.len()).min(b.len()).min(c.len()).min(d.len());
    let ((a, rest_a), (b, rest_b)) = (chunks(&a[..n]), chunks(&b[..n]));
    let ((c, rest_c), (d, rest_d)) = (chunks(&c[..n]), chunks(&d[..n]));
    let ((h, rest_h), (u, rest_u)) = (chunks(&h[..n]), chunks(&u[..n]));
    let [mut ua, mut ub, mut uc, mut ud] = [[0.0; LANES]; ABREAST];
    let [mut ab, mut ac, mut bc, mut ad, mut bd, mut cd] = [[0.0; LANES]; PAIRS];
    for k in 0..u.len().min(h.len()).min(a.len()).min(b.len()).min(c.len()).min(d.len()) {
        let (a, b, c, d, h, u) = (&a[k], &b[k], &c[k], &d[k], &h[k], &u[k]);
        for l in 0..LANES {
            ua[l] += a[l] * u[l];
            ub[l] += b[l] * u[l];
            uc[l] += c[l] * u[l];
            ud[l] += d[l] * u[l];
            let (ha, hb, hc) = (h[l] * a[l], h[l] * b[l], h[l] * c[l]);
            ab[l] += ha * b[l];
            ac[l] += ha * c[l];
            bc[l] += hb * c[l];
            ad[l] += ha * d[l];
            bd[l] += hb * d[l];
            cd[l] += hc * d[l];
        }
    }
    let rest = |x: &[f64], y: &[f64]| add_up(x.len().min(y.len()), |i| x[i] * y[i]);
    let under = |x: &[f64], y: &[f64]| {
        add_up(rest_h.len().min(x.len()).min(y.len()), |i| rest_h[i] * x[i] * y[i])
    };
    [
        reduce(&ua) + rest(rest_a, rest_u),
        reduce(&ub) + rest(rest_b, rest_u),
        reduce(&uc) + rest(rest_c, rest_u),
        reduce(&ud) + rest(rest_d, rest_u),
        reduce(&ab) + under(rest_a, rest_b),
        reduce(&ac) + under(rest_a, rest_c),
        reduce(&bc) + under(rest_b, rest_c),
        reduce(&ad) + under(rest_a, rest_d),
        reduce(&bd) + under(rest_b, rest_d),
        reduce(&cd) + under(rest_c, rest_d),
    ]
}

#[inline(always)]
fn chunks(x: &[f64]) -> (&[[f64; LANES]], &[f64]) {
    x.as_chunks()
}

/// Not inlined, as the sum of wider accumulators is not.
#[inline(never)]
fn reduce(acc: &[f64; LANES]) -> f64 {
    (acc[0] + acc[2]) + (acc[1] + acc[3])
}

#[cfg(test)]
mod tests {
    use super::{dots_among, weighted_dots_among};
    use crate::kernels::{dot, dot3};

    #[test]
    fn products_agree_with_one_after_the_other_at_every_length() {
        for n in 0..70 {
            let column = |k: f64| -> Vec<f64> { (0..n).map(|i| (k * i as f64).sin()).collect() };
            let (x, u) = ([0.7, 1.3, 2.1, 0.3].map(column), column(1.9));
            let h: Vec<f64> = (0..n).map(|i| f64::from(i % 3)).collect();
            let columns = x.each_ref().map(Vec::as_slice);
            let (with, among) = dots_among(columns, &u);
            let (weighted_with, weighted) = weighted_dots_among(columns, &h, &u);
            assert_eq!(weighted_with, with);
            let mut pair = 0;
            for c in 0..x.len() {
                assert!((with[c] - dot(&x[c], &u)).abs() < 1e-13);
                for d in 0..c {
                    assert!((among[pair] - dot(&x[c], &x[d])).abs() < 1e-13, "{n}: {c}, {d}");
                    let expected = dot3(&h, &x[c], &x[d]);
                    assert!((weighted[pair] - expected).abs() < 1e-13, "{n}: {c}, {d}");
                    pair += 1;
                }
            }
        }
    }
}
