//! Minimisation over the few free parameters of a null model, to machine precision: Newton with a
//! diagonal shift where the Hessian is not positive definite (Nocedal & Wright 2006, algorithm 3.3),
//! and L-BFGS (algorithm 7.5) where the parameters are too many for a dense Hessian.

use std::collections::VecDeque;

use fenchel_core::kernels::{axpy, dot, max_abs};

/// Parameters up to which a dense Hessian is formed.
const MOST_DENSE: usize = 256;
const MOST_NEWTON_STEPS: usize = 300;
const MOST_LBFGS_STEPS: usize = 5000;
const LBFGS_MEMORY: usize = 20;
const MOST_HALVINGS: usize = 80;

/// A smooth function of a few parameters, `+inf` outside its domain.
pub(super) trait FreeFunction {
    /// Writes the gradient and returns the value.
    fn value_gradient(&mut self, t: &[f64], grad: &mut [f64]) -> f64;
    /// Writes the Hessian, row by row; `false` where it is not known.
    fn hessian(&mut self, t: &[f64], out: &mut [f64]) -> bool;
    /// What rounding alone may leave of an entry of the last gradient; 0 where that is not known.
    fn rounding(&self) -> f64 {
        0.0
    }
}

/// A minimiser of `function` near `start`, where the value must be finite (else `start` returns).
///
/// Where the infimum lies at infinity, a point at which the gradient has all but vanished.
pub(super) fn minimize(function: &mut dyn FreeFunction, start: Vec<f64>) -> Vec<f64> {
    let mut grad = vec![0.0; start.len()];
    let value = function.value_gradient(&start, &mut grad);
    if start.is_empty() || !value.is_finite() || grad.iter().any(|g| !g.is_finite()) {
        return start;
    }
    let point = Point { t: start, value, grad };
    if point.t.len() <= MOST_DENSE { newton(function, point) } else { lbfgs(function, point) }
}

struct Point {
    t: Vec<f64>,
    value: f64,
    grad: Vec<f64>,
}

fn newton(function: &mut dyn FreeFunction, mut point: Point) -> Vec<f64> {
    let d = point.t.len();
    let mut hessian = vec![0.0; d * d];
    for _ in 0..MOST_NEWTON_STEPS {
        if max_abs(&point.grad) <= function.rounding() {
            break;
        }
        if !function.hessian(&point.t, &mut hessian) {
            differences(function, &point.t, &mut hessian);
        }
        let direction = descent_direction(&hessian, &point);
        match line_search(function, &point, &direction) {
            Some(next) => point = next,
            None => break,
        }
    }
    point.t
}

/// The Hessian by central differences of the gradient, made symmetric.
fn differences(function: &mut dyn FreeFunction, t: &[f64], out: &mut [f64]) {
    let d = t.len();
    let (mut at, mut up, mut down) = (t.to_vec(), vec![0.0; d], vec![0.0; d]);
    for j in 0..d {
        let step = 6e-6 * (1.0 + t[j].abs());
        at[j] = t[j] + step;
        function.value_gradient(&at, &mut up);
        at[j] = t[j] - step;
        function.value_gradient(&at, &mut down);
        at[j] = t[j];
        for i in 0..d {
            out[i * d + j] = (up[i] - down[i]) / (2.0 * step);
        }
    }
    for i in 0..d {
        for j in 0..i {
            let mean = 0.5 * (out[i * d + j] + out[j * d + i]);
            out[i * d + j] = mean;
            out[j * d + i] = mean;
        }
    }
}

/// `-(H + shift I)^-1 g` with the smallest shift tried that makes the matrix positive definite. A
/// vanishing Hessian (a loss linear around here) gives a very long step, which the search halves.
fn descent_direction(hessian: &[f64], point: &Point) -> Vec<f64> {
    let d = point.t.len();
    let top = (0..d).fold(0.0f64, |top, i| top.max(hessian[i * d + i].abs()));
    let longest = 1e8 * (1.0 + max_abs(&point.t));
    let floor = max_abs(&point.grad) / longest;
    if top.is_finite() {
        let mut shift = (1e-14 * top).max(floor);
        while shift <= 1e4 * top.max(floor) {
            let mut a = hessian.to_vec();
            (0..d).for_each(|i| a[i * d + i] += shift);
            let mut direction: Vec<f64> = point.grad.iter().map(|g| -g).collect();
            if solve_definite(&mut a, d, &mut direction) {
                return direction;
            }
            shift *= 10.0;
        }
    }
    point.grad.iter().map(|g| -g).collect()
}

/// Cholesky; `false` unless the matrix is safely positive definite.
fn solve_definite(a: &mut [f64], d: usize, b: &mut [f64]) -> bool {
    for i in 0..d {
        for j in 0..=i {
            let sum = a[i * d + j] - dot(&a[i * d..i * d + j], &a[j * d..j * d + j]);
            if i == j {
                if sum.is_nan() || sum <= 1e-15 * a[i * d + i] || sum <= 0.0 {
                    return false;
                }
                a[i * d + i] = sum.sqrt();
            } else {
                a[i * d + j] = sum / a[j * d + j];
            }
        }
    }
    for i in 0..d {
        b[i] = (b[i] - dot(&a[i * d..i * d + i], &b[..i])) / a[i * d + i];
    }
    for i in (0..d).rev() {
        b[i] /= a[i * d + i];
        for k in 0..i {
            b[k] -= a[i * d + k] * b[i];
        }
    }
    b.iter().all(|b| b.is_finite())
}

/// Halves the step until the value falls enough (Armijo), or, where values agree up to rounding,
/// until the gradient falls by half. `None` where neither happens: nothing is left to gain.
fn line_search(function: &mut dyn FreeFunction, from: &Point, direction: &[f64]) -> Option<Point> {
    let slope = dot(&from.grad, direction);
    if slope.is_nan() || slope >= 0.0 {
        return None;
    }
    let rounding = 8.0 * f64::EPSILON * from.value.abs().max(1.0);
    let (mut step, mut hopeless) = (1.0, 0);
    for _ in 0..MOST_HALVINGS {
        let mut t = from.t.clone();
        axpy(step, direction, &mut t);
        if t == from.t {
            return None;
        }
        let mut grad = vec![0.0; t.len()];
        let value = function.value_gradient(&t, &mut grad);
        if value.is_finite() && grad.iter().all(|g| g.is_finite()) {
            let fell = value < from.value && value <= from.value + 1e-4 * step * slope;
            let flatter =
                value <= from.value + rounding && max_abs(&grad) <= 0.5 * max_abs(&from.grad);
            if fell || flatter {
                return Some(Point { t, value, grad });
            }
            hopeless += usize::from(value <= from.value + rounding);
            if hopeless > 4 {
                return None;
            }
        }
        step *= 0.5;
    }
    None
}

fn lbfgs(function: &mut dyn FreeFunction, mut point: Point) -> Vec<f64> {
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    let first = max_abs(&point.grad);
    for _ in 0..MOST_LBFGS_STEPS {
        if max_abs(&point.grad) <= 1e-13 * first {
            break;
        }
        let direction = two_loops(&pairs, &point.grad);
        let Some(next) = line_search(function, &point, &direction) else {
            if pairs.is_empty() {
                break;
            }
            pairs.clear(); // once more along the gradient
            continue;
        };
        let s: Vec<f64> = next.t.iter().zip(&point.t).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next.grad.iter().zip(&point.grad).map(|(a, b)| a - b).collect();
        if dot(&s, &y) > 1e-12 * dot(&y, &y) {
            pairs.push_back((s, y));
            if pairs.len() > LBFGS_MEMORY {
                pairs.pop_front();
            }
        }
        point = next;
    }
    point.t
}

fn two_loops(pairs: &VecDeque<(Vec<f64>, Vec<f64>)>, grad: &[f64]) -> Vec<f64> {
    let mut q: Vec<f64> = grad.iter().map(|g| -g).collect();
    let mut coefficients = Vec::new();
    for (s, y) in pairs.iter().rev() {
        let a = dot(s, &q) / dot(s, y);
        axpy(-a, y, &mut q);
        coefficients.push(a);
    }
    if let Some((s, y)) = pairs.back() {
        let gamma = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|q| *q *= gamma);
    }
    for ((s, y), a) in pairs.iter().zip(coefficients.into_iter().rev()) {
        let b = dot(y, &q) / dot(s, y);
        axpy(a - b, s, &mut q);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Given<F>(F, bool);
    impl<F: FnMut(&[f64], &mut [f64]) -> f64> FreeFunction for Given<F> {
        fn value_gradient(&mut self, t: &[f64], grad: &mut [f64]) -> f64 {
            (self.0)(t, grad)
        }
        fn hessian(&mut self, _t: &[f64], out: &mut [f64]) -> bool {
            out.fill(0.0);
            self.1
        }
    }

    #[test]
    fn rosenbrocks_valley_is_followed_to_its_end() {
        let f = |t: &[f64], g: &mut [f64]| {
            let (a, b) = (1.0 - t[0], t[1] - t[0] * t[0]);
            g[0] = -2.0 * a - 400.0 * t[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        };
        let t = minimize(&mut Given(f, false), vec![-1.2, 1.0]);
        assert!((t[0] - 1.0).abs() < 1e-12 && (t[1] - 1.0).abs() < 1e-12, "{t:?}");
    }

    #[test]
    fn a_log_likelihood_far_from_its_optimum_overflows_and_recovers() {
        let f = |t: &[f64], g: &mut [f64]| {
            let mean = t[0].exp();
            g[0] = mean - 1e6;
            if mean.is_finite() { mean - 1e6 * t[0] } else { f64::INFINITY }
        };
        let t = minimize(&mut Given(f, false), vec![0.0]);
        assert!((t[0] - 1e6f64.ln()).abs() < 1e-13, "{t:?}");
    }

    #[test]
    fn a_loss_without_curvature_at_the_start_is_left_by_long_steps() {
        // A Huber loss at 5e4, whose second derivative is 0 at the start.
        let f = |t: &[f64], g: &mut [f64]| {
            let r = t[0] - 5e4;
            g[0] = r.clamp(-1.0, 1.0);
            if r.abs() <= 1.0 { 0.5 * r * r } else { r.abs() - 0.5 }
        };
        let t = minimize(&mut Given(f, true), vec![0.0]);
        let t = minimize(&mut Given(f, false), t);
        assert!((t[0] - 5e4).abs() < 1e-9, "{t:?}");
    }

    #[test]
    fn many_parameters_are_minimised_without_a_hessian() {
        let d = MOST_DENSE + 50;
        let f = move |t: &[f64], g: &mut [f64]| {
            let mut value = 0.0;
            for j in 0..d {
                let h = 1.0 + j as f64;
                g[j] = h * (t[j] - 1.0);
                value += 0.5 * h * (t[j] - 1.0).powi(2);
            }
            value
        };
        let t = minimize(&mut Given(f, false), vec![0.0; d]);
        assert!(t.iter().all(|t| (t - 1.0).abs() < 1e-9));
    }
}
