//! Dual points of a loss that has a prox in place of a gradient.
//!
//! With `A` the columns of the unpenalised directions (intercepts among them), a candidate `c` is
//! made feasible by a proximal step on the dual objective of the loss,
//! ```text
//! u = argmin_u  f*(u) - <u, eta> + step/2 ||u - c||^2   subject to  A'u = 0.
//! ```
//! Its own dual is the minimisation of a Moreau envelope over as many numbers as there are
//! directions, `min_a env_step(eta + step c + A a)`, of which `u` is the gradient in `eta`: inside the
//! domain of `f*` by construction, orthogonal at the minimum, and `c` itself where `c` was optimal.
//! The envelope is smooth with a piecewise smooth gradient, so Newton's method with a search along
//! the slope ends at the minimum.
//!
//! Source: Rockafellar (1976), Math. Oper. Res. 1(2); Moreau (1965), Bull. Soc. Math. France 93.

use crate::kernels;
use crate::linalg::cholesky_solve;
use crate::loss::FitProx;
use crate::objective::LinearModel;

/// Most Newton steps on one envelope.
const NEWTON_STEPS: usize = 100;

/// Cosine between the dual point and a direction below which rounding leaves nothing to gain.
const RIGHT_ANGLE: f64 = 1e-14;

/// The same where a Newton step did not halve it.
const NEARLY_RIGHT: f64 = 1e-10;

/// Share of the largest possible curvature that keeps a Newton system definite where no entry of
/// the loss moves.
const SHIFT: f64 = 1e-9;

/// Most steps of the method of multipliers.
const MULTIPLIER_STEPS: usize = 60;

/// The shortest step of that method, as a share of the natural one: shorter steps end sooner, but
/// the dual point is a residual over the step.
const LEAST_STEP: f64 = 1e-4;

/// The longest multiple of a Newton step that is tried.
const LONGEST: f64 = 1e12;

/// A step along a line at which a convex function with continuous slope is nearly least:
/// `|slope(a)| <= share |slope(0)|`, given `first = slope(0) < 0`.
pub fn search(first: f64, share: f64, mut slope: impl FnMut(f64) -> f64) -> f64 {
    let enough = share * first.abs();
    let (mut low, mut at_low, mut high) = (0.0, first, 1.0);
    let mut at_high = slope(high);
    while at_high < -enough && high < LONGEST {
        (low, at_low) = (high, at_high);
        high *= 4.0;
        at_high = slope(high);
    }
    for _ in 0..60 {
        if at_high.is_nan() || at_high <= enough {
            return high;
        }
        let secant = high - at_high * (high - low) / (at_high - at_low);
        let margin = 0.1 * (high - low);
        let middle = secant.clamp(low + margin, high - margin);
        let at = slope(middle);
        if at.abs() <= enough {
            return middle;
        }
        if at < 0.0 {
            (low, at_low) = (middle, at);
        } else {
            (high, at_high) = (middle, at);
        }
    }
    high
}

/// Minimises `env_step(centre + A a)`; returns `a` and writes the gradient of the envelope there.
/// `None` where numbers are not finite.
pub(crate) fn minimise_envelope(
    prox: &dyn FitProx,
    directions: &[Vec<f64>],
    centre: &[f64],
    step: f64,
    dual: &mut [f64],
) -> Option<Vec<f64>> {
    let m = directions.len();
    let mut along = vec![0.0; m];
    let mut at = centre.to_vec();
    prox.envelope_gradient(&at, step, dual);
    if m == 0 {
        return Some(along);
    }
    let norms: Vec<f64> = directions.iter().map(|a| kernels::norm2(a)).collect();
    let mut derivative = vec![0.0; at.len()];
    let (mut change, mut moved, mut trial) = (at.clone(), at.clone(), at.clone());
    let mut last = f64::INFINITY;
    for _ in 0..NEWTON_STEPS {
        let slopes: Vec<f64> = directions.iter().map(|a| kernels::dot(a, dual)).collect();
        let size = kernels::norm2(dual);
        let cosine = slopes.iter().zip(&norms).fold(0.0f64, |top, (slope, norm)| {
            if *slope == 0.0 { top } else { top.max(slope.abs() / (norm * size)) }
        });
        if cosine <= RIGHT_ANGLE || (cosine <= NEARLY_RIGHT && cosine > 0.5 * last) {
            break;
        }
        last = cosine;
        let mut newton: Vec<f64> = slopes.iter().map(|slope| -slope).collect();
        let mut hessian = hessian(prox, directions, &at, step, &mut derivative);
        (0..m).for_each(|j| hessian[j * m + j] += SHIFT * norms[j] * norms[j] / step);
        cholesky_solve(&mut hessian, m, &mut newton)?;
        let first = kernels::dot(&slopes, &newton);
        if first.is_nan() || first >= 0.0 {
            break;
        }
        change.fill(0.0);
        directions.iter().zip(&newton).for_each(|(a, t)| kernels::axpy(*t, a, &mut change));
        let length = search(first, 1e-3, |length| {
            moved.iter_mut().zip(&at).zip(&change).for_each(|((m, v), c)| *m = v + length * c);
            prox.envelope_gradient(&moved, step, &mut trial);
            kernels::dot(&trial, &change)
        });
        along.iter_mut().zip(&newton).for_each(|(a, t)| *a += length * t);
        moved.copy_from_slice(centre);
        directions.iter().zip(&along).for_each(|(a, t)| kernels::axpy(*t, a, &mut moved));
        if moved == at {
            break;
        }
        std::mem::swap(&mut at, &mut moved);
        prox.envelope_gradient(&at, step, dual);
    }
    along.iter().all(|a| a.is_finite()).then_some(along)
}

/// `A' diag((1 - prox') / step) A`, over the entries that move.
fn hessian(
    prox: &dyn FitProx,
    directions: &[Vec<f64>],
    at: &[f64],
    step: f64,
    derivative: &mut [f64],
) -> Vec<f64> {
    let m = directions.len();
    match prox.as_entrywise() {
        Some(entrywise) => entrywise.prox_derivative(at, step, derivative),
        // The largest that there can be.
        None => derivative.fill(0.0),
    }
    let moving: Vec<usize> = (0..at.len()).filter(|&i| derivative[i] < 1.0).collect();
    let rows: Vec<Vec<f64>> = directions
        .iter()
        .map(|a| moving.iter().map(|&i| a[i] * (1.0 - derivative[i]).sqrt()).collect())
        .collect();
    let mut hessian = vec![0.0; m * m];
    for (c, a) in rows.iter().enumerate() {
        for (d, b) in rows.iter().enumerate().take(c + 1) {
            let product = kernels::dot(a, b) / step;
            hessian[c * m + d] = product;
            hessian[d * m + c] = product;
        }
    }
    hessian
}

/// A step at which a dual point and residuals of this `size` weigh alike: the loss is a mean over `n`
/// samples, its subgradients are of order `1 / n`.
pub fn natural_step(model: &LinearModel, size: f64) -> f64 {
    let samples = model.fit.samples() as f64;
    if size.is_normal() { samples * size } else { samples }
}

/// The root of the mean square of `eta`.
pub fn root_mean_square(eta: &[f64]) -> f64 {
    kernels::norm2(eta) / (eta.len().max(1) as f64).sqrt()
}

/// The change of `eta` (n x K) along each intercept.
pub fn intercept_columns(model: &LinearModel) -> Vec<Vec<f64>> {
    let (n, outputs) = (model.fit.samples(), model.fit.outputs());
    let intercepts = if model.intercept { outputs } else { 0 };
    let indicator = |k: usize| {
        let mut column = vec![0.0; n * outputs];
        column[k * n..(k + 1) * n].fill(1.0);
        column
    };
    (0..intercepts).map(indicator).collect()
}

/// What a loss comes to along free directions alone.
#[derive(Debug, Clone)]
pub struct FreeFit {
    /// The steps along the directions.
    pub along: Vec<f64>,
    /// An optimal dual point, n x K: a subgradient of the loss, orthogonal to the directions.
    pub dual: Vec<f64>,
}

/// `min_a f(eta + A a)` by the method of multipliers, for a loss with a prox; `directions` are
/// changes of `eta`, n x K each. `None` without a prox, or where numbers are not finite.
///
/// Source: Hestenes (1969), J. Optim. Theory Appl. 4; it ends after finitely many steps where the
/// loss is piecewise linear (Bertsekas 1982, section 5.6).
pub fn fit_free(model: &LinearModel, eta: &[f64], directions: &[Vec<f64>]) -> Option<FreeFit> {
    let prox = model.fit.as_prox()?;
    let mut dual = vec![0.0; eta.len()];
    let mut along = vec![0.0; directions.len()];
    let size = model.fit.value(eta, &[]).abs().max(1e-9 * root_mean_square(eta));
    let mut step = natural_step(model, size);
    let least = LEAST_STEP * step;
    let scale = kernels::max_abs(eta).max(size);
    for _ in 0..MULTIPLIER_STEPS {
        let mut centre = eta.to_vec();
        kernels::axpy(step, &dual, &mut centre);
        let last = dual.clone();
        along = minimise_envelope(prox, directions, &centre, step, &mut dual)?;
        let change = last.iter().zip(&dual).fold(0.0f64, |top, (a, b)| top.max((a - b).abs()));
        // This many times the step is how far `eta + A a` is from the prox.
        if change * step <= 1e-14 * scale || change <= 1e-13 * kernels::max_abs(&dual) {
            break;
        }
        step = (0.5 * step).max(least);
    }
    Some(FreeFit { along, dual })
}
