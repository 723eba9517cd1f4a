//! The prox of a sum of terms that has none in closed form, by accelerated proximal gradient on its
//! dual. Certificates need it; a solver that meets such a sum splits it instead.
//!
//! With `b(u) = v - t sum_k D_k' u_k`, the dual of `min_b sum_k Omega_k(D_k b) + ||b - v||^2 / (2 t)`
//! has gradient `-D_k b(u)` in `u_k`, and the prox of `Omega_k*` follows from that of `Omega_k` by
//! Moreau's identity. Source: Beck & Teboulle (2014), Oper. Res. Lett. 42(1).

use crate::kernels;
use crate::penalty::{Convexity, Prox, Term};

/// Iterations at most.
const ITERATIONS: usize = 20_000;

/// Change of the primal point, relative to its size, that counts as converged.
const TOLERANCE: f64 = 1e-14;

/// Writes `argmin_b sum_k Omega_k(D_k b) + ||b - v||^2 / (2 step)` into `out`.
///
/// `None` where a term is nonconvex or has no prox of its own.
pub fn prox(terms: &[Term<'_>], v: &[f64], step: f64, out: &mut [f64]) -> Option<()> {
    let proxes: Vec<&dyn Prox> = terms
        .iter()
        .map(|term| match term.penalty.convexity() {
            Convexity::Convex => term.penalty.as_prox(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let bound: f64 = terms.iter().map(|t| t.operator.map_or(1.0, |d| d.norm_bound())).sum();
    let tau = 1.0 / (step * bound.max(f64::MIN_POSITIVE));
    let mut dual: Vec<Vec<f64>> =
        terms.iter().map(|t| vec![0.0; t.operator.map_or(v.len(), |d| d.rows())]).collect();
    let mut point = dual.clone();
    let mut image = dual.clone();
    let mut back = vec![0.0; v.len()];
    let mut last = v.to_vec();
    let mut t = 1.0f64;
    for _ in 0..ITERATIONS {
        primal(terms, &point, v, step, &mut back, out);
        let mut product = 0.0;
        for (k, term) in terms.iter().enumerate() {
            match term.operator {
                Some(d) => d.mul(out, &mut image[k]),
                None => image[k].copy_from_slice(out),
            }
            // prox of tau Omega*: x - tau prox_{Omega / tau}(x / tau), at x = u + tau D b.
            let forward: Vec<f64> =
                point[k].iter().zip(&image[k]).map(|(u, b)| u / tau + b).collect();
            proxes[k].prox(&forward, 1.0 / tau, &mut image[k]);
            for (((new, f), old), at) in
                image[k].iter_mut().zip(&forward).zip(&dual[k]).zip(&point[k])
            {
                *new = tau * (f - *new);
                product += (at - *new) * (*new - old);
            }
        }
        let restart = product > 0.0;
        let t_next = if restart { 1.0 } else { 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt()) };
        let momentum = if restart { 0.0 } else { (t - 1.0) / t_next };
        t = t_next;
        for ((at, new), old) in point.iter_mut().zip(&image).zip(&mut dual) {
            for ((at, new), old) in at.iter_mut().zip(new).zip(old) {
                *at = new + momentum * (new - *old);
                *old = *new;
            }
        }
        primal(terms, &dual, v, step, &mut back, out);
        let moved = out.iter().zip(&last).fold(0.0f64, |top, (a, b)| top.max((a - b).abs()));
        if moved <= TOLERANCE * kernels::max_abs(v) {
            break;
        }
        last.copy_from_slice(out);
    }
    Some(())
}

/// `out <- v - step sum_k D_k' u_k`.
fn primal(
    terms: &[Term<'_>],
    dual: &[Vec<f64>],
    v: &[f64],
    step: f64,
    back: &mut [f64],
    out: &mut [f64],
) {
    out.copy_from_slice(v);
    for (term, u) in terms.iter().zip(dual) {
        match term.operator {
            Some(d) => {
                d.mul_t(u, back);
                kernels::axpy(-step, back, out);
            }
            None => kernels::axpy(-step, u, out),
        }
    }
}
