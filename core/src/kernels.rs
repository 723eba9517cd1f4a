//! Inner products and updates of one column, dense or sparse. Several accumulators, because a
//! single one is bound by the latency of the addition (3.4 times slower on the machines measured).
//!
//! Loops over dense columns are compiled twice, for the baseline and for the wide vectors that the
//! machine may turn out to have. Both do the same operations in the same order (none is fused), so
//! that they have the same bits.

use crate::rows::RowIndex;

const LANES: usize = 8;

/// A number as it is stored: products are in double precision.
pub trait Stored: Copy + Into<f64> {}

impl Stored for f64 {}
impl Stored for f32 {}

/// Length below which choosing between the two takes longer than the wider vectors save.
const SHORT: usize = 32;

/// Calls `$inner` with the arguments, compiled for the widest vectors of this machine.
macro_rules! wide {
    ($inner:ident($($arg:ident: $kind:ty),+) -> $out:ty) => {{
        struct Run<'a> {
            $($arg: $kind),+
        }
        impl pulp::NullaryFnOnce for Run<'_> {
            type Output = $out;
            #[inline(always)]
            fn call(self) -> Self::Output {
                $inner($(self.$arg),+)
            }
        }
        pulp::Arch::new().dispatch(Run { $($arg),+ })
    }};
}

/// Runs a loop compiled for the widest vectors of this machine; it has to be inlined to the end.
#[inline(always)]
pub fn widest<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

mod among;

pub use among::{dots_among, weighted_dots_among};

/// `sum_i a_i b_i`.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    if a.len() < SHORT {
        return dot_inner(a, b);
    }
    wide!(dot_inner(a: &'a [f64], b: &'a [f64]) -> f64)
}

#[inline(always)]
fn dot_inner(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut acc = [0.0; LANES];
    let (chunks_a, rest_a) = a.as_chunks::<LANES>();
    let (chunks_b, rest_b) = b.as_chunks::<LANES>();
    // By index, here and below: in some builds zipping chunks stays a call, a tenth of a short product.
    for k in 0..chunks_a.len().min(chunks_b.len()) {
        let (x, y) = (&chunks_a[k], &chunks_b[k]);
        for l in 0..LANES {
            acc[l] += x[l] * y[l];
        }
    }
    let rest = rest_a.len().min(rest_b.len());
    reduce(&acc) + add_up(rest, |k| rest_a[k] * rest_b[k])
}

/// How many columns a product takes at a time: their accumulators fill the registers.
pub const TOGETHER: usize = 3;

/// `sum_i x_i u_i` for several columns `u`, with the bits of [`dot`], touching `x` once.
pub fn dot_each(x: &[f64], u: [&[f64]; TOGETHER]) -> [f64; TOGETHER] {
    if x.len() < SHORT {
        return u.map(|u| dot_inner(x, u));
    }
    wide!(dot_three(x: &'a [f64], u: [&'a [f64]; TOGETHER]) -> [f64; TOGETHER])
}

/// The loop of several products with one vector. Written out for each number, as in some builds loops over
/// arrays of columns stay calls.
macro_rules! dots {
    ($name:ident, $count:expr, $($x:ident $rest:ident $acc:ident),+) => {
        #[inline(always)]
        fn $name(u: &[f64], [$($x),+]: [&[f64]; $count]) -> [f64; $count] {
            let n = u.len()$(.min($x.len()))+;
            let (chunks, rest) = u[..n].as_chunks::<LANES>();
            $(let ($x, $rest) = $x[..n].as_chunks::<LANES>();)+
            $(let mut $acc = [0.0; LANES];)+
            for k in 0..chunks.len()$(.min($x.len()))+ {
                let u = &chunks[k];
                $(let $x = &$x[k];)+
                $(for l in 0..LANES {
                    $acc[l] += u[l] * $x[l];
                })+
            }
            [$(reduce(&$acc) + add_up(rest.len().min($rest.len()), |k| rest[k] * $rest[k])),+]
        }
    };
}

dots!(dot_three, TOGETHER, a rest_a acc_a, b rest_b acc_b, c rest_c acc_c);
dots!(dot_four, ABREAST, a rest_a acc_a, b rest_b acc_b, c rest_c acc_c, d rest_d acc_d);

/// How many columns are multiplied abreast.
pub const ABREAST: usize = 4;

/// `sum_i x_i u_i` for several columns `x`, with the bits of [`dot`], touching `u` once: columns that are not in
/// the cache come in side by side, where one after the other each would begin with a wait for memory.
pub fn dot_abreast(x: [&[f64]; ABREAST], u: &[f64]) -> [f64; ABREAST] {
    if u.len() < SHORT {
        return x.map(|x| dot_inner(x, u));
    }
    wide!(dot_four(u: &'a [f64], x: [&'a [f64]; ABREAST]) -> [f64; ABREAST])
}

/// `sum_i a_i b_i c_i`.
pub fn dot3(a: &[f64], b: &[f64], c: &[f64]) -> f64 {
    if a.len() < SHORT {
        return dot3_inner(a, b, c);
    }
    wide!(dot3_inner(a: &'a [f64], b: &'a [f64], c: &'a [f64]) -> f64)
}

#[inline(always)]
fn dot3_inner(a: &[f64], b: &[f64], c: &[f64]) -> f64 {
    let n = a.len().min(b.len()).min(c.len());
    let (chunks_a, rest_a) = a[..n].as_chunks::<LANES>();
    let (chunks_b, rest_b) = b[..n].as_chunks::<LANES>();
    let (chunks_c, rest_c) = c[..n].as_chunks::<LANES>();
    let mut acc = [0.0; LANES];
    for k in 0..chunks_a.len().min(chunks_b.len()).min(chunks_c.len()) {
        let (x, y, z) = (&chunks_a[k], &chunks_b[k], &chunks_c[k]);
        for l in 0..LANES {
            acc[l] += x[l] * y[l] * z[l];
        }
    }
    let rest = rest_a.len().min(rest_b.len()).min(rest_c.len());
    reduce(&acc) + add_up(rest, |k| rest_a[k] * rest_b[k] * rest_c[k])
}

/// `sum_i x_i (u_i - v_i s_i)`.
pub fn dot_less(x: &[f64], u: &[f64], v: &[f64], s: &[f64]) -> f64 {
    if x.len() < SHORT {
        return dot_less_inner(x, u, v, s);
    }
    wide!(dot_less_inner(x: &'a [f64], u: &'a [f64], v: &'a [f64], s: &'a [f64]) -> f64)
}

#[inline(always)]
fn dot_less_inner(x: &[f64], u: &[f64], v: &[f64], s: &[f64]) -> f64 {
    let n = x.len().min(u.len()).min(v.len()).min(s.len());
    let (chunks_x, rest_x) = x[..n].as_chunks::<LANES>();
    let (chunks_u, rest_u) = u[..n].as_chunks::<LANES>();
    let (chunks_v, rest_v) = v[..n].as_chunks::<LANES>();
    let (chunks_s, rest_s) = s[..n].as_chunks::<LANES>();
    let mut acc = [0.0; LANES];
    let chunks = chunks_x.len().min(chunks_u.len()).min(chunks_v.len()).min(chunks_s.len());
    for k in 0..chunks {
        let (x, u, v, s) = (&chunks_x[k], &chunks_u[k], &chunks_v[k], &chunks_s[k]);
        for l in 0..LANES {
            acc[l] += x[l] * (u[l] - v[l] * s[l]);
        }
    }
    let rest = rest_x.len().min(rest_u.len()).min(rest_v.len()).min(rest_s.len());
    reduce(&acc) + add_up(rest, |k| rest_x[k] * (rest_u[k] - rest_v[k] * rest_s[k]))
}

/// `sum_i a_i`.
pub fn sum(a: &[f64]) -> f64 {
    if a.len() < SHORT {
        return sum_inner(a);
    }
    wide!(sum_inner(a: &'a [f64]) -> f64)
}

#[inline(always)]
fn sum_inner(a: &[f64]) -> f64 {
    let (chunks, rest) = a.as_chunks::<LANES>();
    let mut acc = [0.0; LANES];
    for x in chunks {
        for l in 0..LANES {
            acc[l] += x[l];
        }
    }
    reduce(&acc) + rest.iter().sum::<f64>()
}

/// `y <- y + a x`.
pub fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    if x.len() < SHORT {
        return axpy_inner(a, x, y);
    }
    wide!(axpy_inner(a: f64, x: &'a [f64], y: &'a mut [f64]) -> ())
}

#[inline(always)]
fn axpy_inner(a: f64, x: &[f64], y: &mut [f64]) {
    let n = x.len().min(y.len());
    let (x, y) = (&x[..n], &mut y[..n]);
    for i in 0..n {
        y[i] += a * x[i];
    }
}

/// `y <- y + sum_c a_c x_c` for several columns `x`, with the bits of one [`axpy`] after the other, touching `y`
/// once.
pub fn axpy_abreast(a: [f64; ABREAST], x: [&[f64]; ABREAST], y: &mut [f64]) {
    if y.len() < SHORT {
        return a.into_iter().zip(x).for_each(|(a, x)| axpy_inner(a, x, y));
    }
    wide!(axpy_abreast_inner(a: [f64; ABREAST], x: [&'a [f64]; ABREAST], y: &'a mut [f64]) -> ())
}

#[inline(always)]
fn axpy_abreast_inner(a: [f64; ABREAST], x: [&[f64]; ABREAST], y: &mut [f64]) {
    let [p, q, r, s] = x;
    let n = y.len().min(p.len()).min(q.len()).min(r.len()).min(s.len());
    let (p, q, r, s, y) = (&p[..n], &q[..n], &r[..n], &s[..n], &mut y[..n]);
    for i in 0..n {
        y[i] = (((y[i] + a[0] * p[i]) + a[1] * q[i]) + a[2] * r[i]) + a[3] * s[i];
    }
}

/// `y_i <- y_i + a h_i x_i`.
pub fn axpy3(a: f64, h: &[f64], x: &[f64], y: &mut [f64]) {
    if x.len() < SHORT {
        return axpy3_inner(a, h, x, y);
    }
    wide!(axpy3_inner(a: f64, h: &'a [f64], x: &'a [f64], y: &'a mut [f64]) -> ())
}

#[inline(always)]
fn axpy3_inner(a: f64, h: &[f64], x: &[f64], y: &mut [f64]) {
    for ((y, h), x) in y.iter_mut().zip(h).zip(x) {
        *y += a * h * x;
    }
}

/// `y_i <- y_i + h_i sum_c a_c x_ic` for several columns `x`, touching `h` and `y` once.
pub fn axpy3_abreast(a: [f64; ABREAST], h: &[f64], x: [&[f64]; ABREAST], y: &mut [f64]) {
    if y.len() < SHORT {
        return axpy3_abreast_inner(a, h, x, y);
    }
    wide!(axpy3_abreast_inner(a: [f64; ABREAST], h: &'a [f64], x: [&'a [f64]; ABREAST], y: &'a mut [f64]) -> ())
}

#[inline(always)]
fn axpy3_abreast_inner(a: [f64; ABREAST], h: &[f64], x: [&[f64]; ABREAST], y: &mut [f64]) {
    let [p, q, r, s] = x;
    let n = y.len().min(h.len()).min(p.len()).min(q.len()).min(r.len()).min(s.len());
    let (p, q, r, s) = (&p[..n], &q[..n], &r[..n], &s[..n]);
    let (h, y) = (&h[..n], &mut y[..n]);
    for i in 0..n {
        y[i] += h[i] * (((a[0] * p[i] + a[1] * q[i]) + a[2] * r[i]) + a[3] * s[i]);
    }
}

/// `y_i <- y_i + a h_i x_i` and `d_i <- d_i + a x_i`.
pub fn axpy_both(a: f64, h: &[f64], x: &[f64], y: &mut [f64], d: &mut [f64]) {
    if x.len() < SHORT {
        return axpy_both_inner(a, h, x, y, d);
    }
    wide!(axpy_both_inner(a: f64, h: &'a [f64], x: &'a [f64], y: &'a mut [f64], d: &'a mut [f64]) -> ())
}

#[inline(always)]
fn axpy_both_inner(a: f64, h: &[f64], x: &[f64], y: &mut [f64], d: &mut [f64]) {
    for (((y, d), h), x) in y.iter_mut().zip(d).zip(h).zip(x) {
        let step = a * x;
        *d += step;
        *y += h * step;
    }
}

/// `out_i <- a (x_i - centre) h_i`.
pub fn weigh(a: f64, centre: f64, x: &[f64], h: &[f64], out: &mut [f64]) {
    if x.len() < SHORT {
        return weigh_inner(a, centre, x, h, out);
    }
    wide!(weigh_inner(a: f64, centre: f64, x: &'a [f64], h: &'a [f64], out: &'a mut [f64]) -> ())
}

#[inline(always)]
fn weigh_inner(a: f64, centre: f64, x: &[f64], h: &[f64], out: &mut [f64]) {
    for ((out, x), h) in out.iter_mut().zip(x).zip(h) {
        *out = a * (x - centre) * h;
    }
}

/// `sum_k v_k b_{i_k}` over the stored entries `(i, v)` of a sparse column.
#[inline]
pub fn sparse_dot<I: RowIndex, V: Stored>(indices: &[I], values: &[V], b: &[f64]) -> f64 {
    let (chunks_i, rest_i) = indices.as_chunks::<4>();
    let (chunks_v, rest_v) = values.as_chunks::<4>();
    let mut acc = [0.0; 4];
    for k in 0..chunks_i.len().min(chunks_v.len()) {
        let (i, v) = (&chunks_i[k], &chunks_v[k]);
        for l in 0..4 {
            acc[l] += v[l].into() * b[i[l].row()];
        }
    }
    let rest = rest_i.len().min(rest_v.len());
    let tail = add_up(rest, |k| rest_v[k].into() * b[rest_i[k].row()]);
    (acc[0] + acc[1]) + (acc[2] + acc[3]) + tail
}

/// `sum_k x_k (u_{i_k} - v_{i_k} s_{i_k})` over the stored entries of a sparse column.
pub fn sparse_dot_less<I: RowIndex>(
    indices: &[I],
    x: &[f64],
    u: &[f64],
    v: &[f64],
    s: &[f64],
) -> f64 {
    let entries = indices.iter().map(|i| i.row()).zip(x);
    entries.map(|(i, x)| x * (u[i] - v[i] * s[i])).sum()
}

/// `y_{i_k} <- y_{i_k} + a v_k` over the stored entries of a sparse column, no row of which is stored twice.
pub fn sparse_axpy<I: RowIndex, V: Stored>(a: f64, indices: &[I], values: &[V], y: &mut [f64]) {
    update(indices, values, y, |_, v, y| y + a * v);
}

/// `y_{i_k} <- y_{i_k} + a h_{i_k} v_k` over the same.
pub fn sparse_axpy3<I: RowIndex, V: Stored>(
    a: f64,
    indices: &[I],
    h: &[f64],
    values: &[V],
    y: &mut [f64],
) {
    let h = &h[..y.len()];
    update(indices, values, y, |i, v, y| y + a * h[i] * v);
}

/// `y_{i_k} <- new(i_k, v_k, y_{i_k})`. As no row of a column is stored twice, several entries are gathered
/// before the first is written: a tenth to a seventh faster than one by one.
#[inline(always)]
fn update<I: RowIndex, V: Stored>(
    indices: &[I],
    values: &[V],
    y: &mut [f64],
    new: impl Fn(usize, f64, f64) -> f64,
) {
    let (chunks_i, rest_i) = indices.as_chunks::<4>();
    let (chunks_v, rest_v) = values.as_chunks::<4>();
    for k in 0..chunks_i.len().min(chunks_v.len()) {
        let (i, v) = (&chunks_i[k], &chunks_v[k]);
        let mut next = [0.0; 4];
        for l in 0..4 {
            next[l] = new(i[l].row(), v[l].into(), y[i[l].row()]);
        }
        for l in 0..4 {
            y[i[l].row()] = next[l];
        }
    }
    for k in 0..rest_i.len().min(rest_v.len()) {
        let (i, v) = (rest_i[k].row(), rest_v[k].into());
        y[i] = new(i, v, y[i]);
    }
}

/// The Euclidean norm, without overflow for finite input.
pub fn norm2(a: &[f64]) -> f64 {
    let square = dot(a, a);
    if square.is_finite() && square > f64::MIN_POSITIVE {
        return square.sqrt();
    }
    let top = max_abs(a);
    if top == 0.0 || !top.is_finite() {
        return top;
    }
    top * a.iter().map(|x| (x / top) * (x / top)).sum::<f64>().sqrt()
}

/// `max_i |a_i|`, 0 for an empty slice, NaN where an entry is NaN.
pub fn max_abs(a: &[f64]) -> f64 {
    if a.len() < SHORT {
        return max_abs_inner(a);
    }
    wide!(max_abs_inner(a: &'a [f64]) -> f64)
}

/// Bits of positive numbers are ordered as the numbers are, and above them all are those of NaN.
#[inline(always)]
fn max_abs_inner(a: &[f64]) -> f64 {
    let bits = |x: f64| x.abs().to_bits() as i64;
    let (chunks, rest) = a.as_chunks::<LANES>();
    let mut tops = [0; LANES];
    for x in chunks {
        for l in 0..LANES {
            tops[l] = tops[l].max(bits(x[l]));
        }
    }
    let mut top = 0;
    for other in tops {
        top = other.max(top);
    }
    for x in rest {
        top = bits(*x).max(top);
    }
    f64::from_bits(top as u64)
}

/// `sign(v) max(|v| - t, 0)`: the prox of `t |.|`.
#[inline(always)]
pub fn soft_threshold(v: f64, t: f64) -> f64 {
    // Written so that NaN comes out as NaN.
    if v.abs() <= t { 0.0 } else { v - t.copysign(v) }
}

/// The first `n` terms, what is left of a sum after its whole chunks. By index, as chunks are.
#[inline(always)]
fn add_up(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut sum = 0.0;
    for k in 0..n {
        sum += term(k);
    }
    sum
}

/// Not inlined: seeing this order of sums, the compiler puts the accumulators into registers in an
/// order that costs the loops before it shuffles, and half of their speed.
#[inline(never)]
fn reduce(acc: &[f64; LANES]) -> f64 {
    ((acc[0] + acc[4]) + (acc[1] + acc[5])) + ((acc[2] + acc[6]) + (acc[3] + acc[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_agree_with_the_definition_at_every_length() {
        for n in 0..40 {
            let a: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin()).collect();
            let b: Vec<f64> = (0..n).map(|i| (i as f64 * 1.3).cos()).collect();
            let naive: f64 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
            assert!((dot(&a, &b) - naive).abs() < 1e-13);
            let all: Vec<u32> = (0..n as u32).collect();
            assert!((sparse_dot(&all, &a, &b) - naive).abs() < 1e-13);
            let narrow: Vec<u16> = (0..n as u16).collect();
            assert_eq!(sparse_dot(&narrow, &a, &b), sparse_dot(&all, &a, &b));
            let each = dot_each(&a, [&b, &a, &b]);
            assert_eq!(each, [dot(&a, &b), dot(&a, &a), dot(&a, &b)]);
            let abreast = dot_abreast([&a, &b, &b, &a], &a);
            assert_eq!(abreast, [dot(&a, &a), dot(&b, &a), dot(&b, &a), dot(&a, &a)]);
            let (mut one, mut abreast) = (a.clone(), a.clone());
            let columns = [&a[..], &b, &b, &a];
            let factors = [0.5, -1.5, 0.3, 2.0];
            factors.into_iter().zip(columns).for_each(|(f, x)| axpy(f, x, &mut one));
            axpy_abreast(factors, columns, &mut abreast);
            assert_eq!(abreast, one);
            let (mut one, mut abreast) = (a.clone(), a.clone());
            factors.into_iter().zip(columns).for_each(|(f, x)| axpy3(f, &b, x, &mut one));
            axpy3_abreast(factors, &b, columns, &mut abreast);
            assert!(abreast.iter().zip(&one).all(|(one, other)| (one - other).abs() < 1e-13));
            let (mut y, mut d) = (a.clone(), b.clone());
            axpy_both(0.5, &b, &a, &mut y, &mut d);
            for i in 0..n {
                assert!((y[i] - a[i] - 0.5 * b[i] * a[i]).abs() < 1e-15);
                assert!((d[i] - b[i] - 0.5 * a[i]).abs() < 1e-15);
            }
            let cube: f64 = a.iter().zip(&b).map(|(x, y)| x * y * y).sum();
            assert!((dot3(&a, &b, &b) - cube).abs() < 1e-13);
            let less = naive - cube;
            assert!((dot_less(&a, &b, &b, &b) - less).abs() < 1e-13);
            assert!((sparse_dot_less(&all, &a, &b, &b, &b) - less).abs() < 1e-13);
            let mut weighted = vec![f64::NAN; n];
            weigh(0.5, 0.2, &a, &b, &mut weighted);
            for i in 0..n {
                assert!((weighted[i] - 0.5 * (a[i] - 0.2) * b[i]).abs() < 1e-15);
            }
            let (mut dense, mut sparse) = (a.clone(), a.clone());
            axpy3(0.5, &b, &a, &mut dense);
            sparse_axpy3(0.5, &all, &b, &a, &mut sparse);
            for i in 0..n {
                let naive = a[i] + 0.5 * b[i] * a[i];
                assert!((dense[i] - naive).abs() < 1e-15 && (sparse[i] - naive).abs() < 1e-15);
            }
            assert!((sum(&a) - a.iter().sum::<f64>()).abs() < 1e-13);
        }
    }

    #[test]
    fn the_largest_size_is_found_at_every_place_and_nan_is_above_all() {
        for n in 1..80 {
            let mut a: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin()).collect();
            for at in 0..n {
                let before = std::mem::replace(&mut a[at], -3.5);
                assert_eq!(max_abs(&a), 3.5);
                a[at] = f64::NEG_INFINITY;
                assert_eq!(max_abs(&a), f64::INFINITY);
                a[at] = -f64::NAN;
                assert!(max_abs(&a).is_nan());
                a[at] = before;
            }
        }
        assert_eq!(max_abs(&[]), 0.0);
        assert_eq!(max_abs(&[-0.0; 9]).to_bits(), 0);
        assert_eq!(max_abs(&[-5e-324; 40]), 5e-324);
    }

    #[test]
    fn the_norm_neither_overflows_nor_underflows() {
        assert!((norm2(&[3e200, 4e200]) / 5e200 - 1.0).abs() < 1e-15);
        assert!((norm2(&[3e-200, 4e-200]) / 5e-200 - 1.0).abs() < 1e-15);
        assert_eq!(norm2(&[]), 0.0);
    }
}
