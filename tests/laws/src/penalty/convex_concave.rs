//! A penalty that claims a convex and a concave part is their sum, and the parts are what they claim.

use fenchel_core::{ConvexConcave, Penalty, Space, kernels};

use super::probe::{self, text};
use super::prox::agree_up_to;
use crate::Violation;

/// `Omega(b) = h(b) + c(b)`.
pub fn convex_and_concave_parts_sum(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(parts) = penalty.as_convex_concave() else { return Ok(()) };
    for b in probe::domain(penalty, space) {
        let (whole, convex, concave) = (penalty.value(&b), parts.convex_value(&b), at(parts, &b).0);
        // Both parts may be far larger than their sum.
        let rounding = 1e-13 * (convex.abs() + concave.abs());
        if !agree_up_to(convex + concave, whole, 1e-9, rounding) {
            let input = format!("b = {}", text(&b));
            let got = format!("{convex:e} + {concave:e}");
            return Err(Violation::new(
                "convex_and_concave_parts_sum",
                input,
                format!("{whole:e}"),
                got,
            ));
        }
    }
    Ok(())
}

/// The prox of the convex part does not expand, reports the part's value, and leaves a subgradient:
/// `h(y) >= h(x) + <(v - x) / step, y - x>`.
pub fn convex_part_has_its_prox(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    const LAW: &str = "convex_part_has_its_prox";
    let Some(parts) = penalty.as_convex_concave() else { return Ok(()) };
    let vectors = probe::vectors(space);
    for step in [0.05, 1.0, 60.0] {
        let prox = |v: &[f64]| {
            let mut x = vec![f64::NAN; v.len()];
            let reported = parts.convex_prox(v, step, &mut x);
            (x, reported)
        };
        for v in &vectors {
            let (x, reported) = prox(v);
            let input = || format!("v = {}, step = {step}, prox = {}", text(v), text(&x));
            let value = parts.convex_value(&x);
            if !agree_up_to(reported, value, 1e-10, 1e-13 * value.abs()) {
                return Err(Violation::new(
                    LAW,
                    input(),
                    format!("{value:e}"),
                    format!("{reported:e}"),
                ));
            }
            let u: Vec<f64> = v.iter().zip(&x).map(|(v, x)| (v - x) / step).collect();
            for y in vectors.iter().chain([&prox(&u).0]) {
                let (inner, rounding) = probe::product(&u, &probe::add(y, -1.0, &x));
                let there = parts.convex_value(y);
                let size = kernels::max_abs(v).max(kernels::max_abs(&x));
                let slack = 1e-10 * (there.abs() + value.abs())
                    + 1e3 * rounding
                    + 64.0 * f64::EPSILON * size / step * kernels::norm2(&probe::add(y, -1.0, &x));
                if probe::exceeds(value + inner, there + slack) {
                    let expected = format!("h at least {:e} at {}", value + inner, text(y));
                    return Err(Violation::new(LAW, input(), expected, format!("{there:e}")));
                }
            }
        }
    }
    Ok(())
}

/// The gradient of the concave part is that of differences, overestimates the part everywhere
/// (`c(y) <= c(b) + <grad c(b), y - b>`), changes no faster than the Lipschitz constant says, and
/// almost as fast somewhere.
pub fn concave_part_has_its_gradient(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    const LAW: &str = "concave_part_has_its_gradient";
    let Some(parts) = penalty.as_convex_concave() else { return Ok(()) };
    let lipschitz = parts.concave_lipschitz();
    if !(lipschitz >= 0.0 && lipschitz.is_finite()) {
        let expected = "a constant that is finite and at least 0";
        return Err(Violation::new(LAW, "the Lipschitz constant", expected, lipschitz.to_string()));
    }
    let mut points = probe::domain(penalty, space);
    points.retain(|b| kernels::max_abs(b) <= 1e3);
    for b in &points {
        let (value, grad) = at(parts, b);
        for j in probe::coordinates(b.len(), 8) {
            let h = 1e-4 * b[j].abs().max(1e-2);
            let value_at = |h: f64| {
                let mut y = b.clone();
                y[j] += h;
                (at(parts, &y).0, y[j])
            };
            let ((above, high), (below, low)) = (value_at(h), value_at(-h));
            let difference = (above - below) / (high - low);
            // Between the two the slope changes by no more than this, kinks of the slope included.
            let slack = 1.01 * lipschitz * h
                + 1e-12 * (above.abs() + below.abs()) / h
                + 1e-9 * difference.abs();
            if probe::exceeds((difference - grad[j]).abs(), slack) {
                let input = format!("coefficient {j} of b = {}", text(b));
                let got = format!("{:e}", grad[j]);
                return Err(Violation::new(LAW, input, format!("a slope of {difference:e}"), got));
            }
        }
        for y in &points {
            let (there, slopes) = at(parts, y);
            let d = probe::add(y, -1.0, b);
            let (inner, rounding) = probe::product(&grad, &d);
            let slack = 1e-11 * (there.abs() + value.abs()) + 1e3 * rounding;
            if probe::exceeds(there, value + inner + slack) {
                let input = format!("from b = {} to {}", text(b), text(y));
                let expected = format!("at most {:e}, as for a concave function", value + inner);
                return Err(Violation::new(LAW, input, expected, format!("{there:e}")));
            }
            let change = kernels::norm2(&probe::add(&slopes, -1.0, &grad));
            let most = lipschitz * kernels::norm2(&d) * (1.0 + 1e-9);
            if probe::exceeds(change, most + 1e-12 * kernels::max_abs(&grad) + 1e-14) {
                let input = format!("from b = {} to {}", text(b), text(y));
                let expected = format!("a gradient that changes by at most {most:e}");
                return Err(Violation::new(LAW, input, expected, format!("{change:e}")));
            }
        }
    }
    tight(LAW, parts, space.len(), lipschitz)
}

fn tight(
    law: &'static str,
    parts: &dyn ConvexConcave,
    n: usize,
    lipschitz: f64,
) -> Result<(), Violation> {
    let mut steepest: f64 = 0.0;
    for j in 0..n {
        for i in -100..=100 {
            let r = 1.2f64.powi(i);
            let mut b = vec![0.0; n];
            b[j] = r;
            let before = at(parts, &b).1[j];
            b[j] = 1.001 * r;
            steepest = steepest.max((at(parts, &b).1[j] - before).abs() / (b[j] - r));
        }
    }
    if n == 0 || steepest >= 0.9 * lipschitz {
        return Ok(());
    }
    Err(Violation::new(
        law,
        "the coordinate axes",
        format!("a gradient that changes by 0.9 of {lipschitz:e} somewhere"),
        format!("{steepest:e} at the most"),
    ))
}

/// Value and gradient of the concave part; the gradient is what is added to ones.
fn at(parts: &dyn ConvexConcave, b: &[f64]) -> (f64, Vec<f64>) {
    let mut grad = vec![1.0; b.len()];
    let value = parts.add_concave_gradient(b, &mut grad);
    grad.iter_mut().for_each(|g| *g -= 1.0);
    (value, grad)
}
