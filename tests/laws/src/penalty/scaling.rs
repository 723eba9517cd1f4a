//! What `scaled` means.

use fenchel_core::{Convexity, Penalty, Space, kernels};

use super::probe::{self, ProxPair, text};
use super::prox::agree;
use crate::Violation;

/// `scaled(1)` is the penalty itself, and `scaled(a).scaled(b)` is `scaled(a b)`, in value and prox.
pub fn scales_multiply(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    const LAW: &str = "scales_multiply";
    same(LAW, "scaled(1)", penalty, &*penalty.scaled(1.0), space)?;
    for (a, b) in [(0.5, 0.25), (3.0, 2.0), (0.01, 100.0), (2.0, 0.0)] {
        let (once, twice) = (penalty.scaled(a * b), penalty.scaled(a).scaled(b));
        same(LAW, &format!("scaled({a}).scaled({b})"), &*once, &*twice, space)?;
    }
    Ok(())
}

/// A convex penalty is linear in its scale on its domain, `scaled(s)` has the value `s Omega` and
/// at step t the prox of `Omega` at step s t; `scaled(0)` is zero on the domain.
pub fn convex_penalties_scale_linearly(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    const LAW: &str = "convex_penalties_scale_linearly";
    for s in [0.0, 0.01, 0.7, 5.0] {
        let scaled = penalty.scaled(s);
        if scaled.convexity() != Convexity::Convex {
            let got = format!("{:?}", scaled.convexity());
            return Err(Violation::new(LAW, format!("scaled({s})"), "a convex penalty", got));
        }
        for b in probe::domain(penalty, space) {
            let (expected, got) = (s * penalty.value(&b), scaled.value(&b));
            if !agree(expected, got, 1e-10) {
                let input = format!("scaled({s}) at {}", text(&b));
                return Err(Violation::new(LAW, input, expected.to_string(), got.to_string()));
            }
        }
        let (Some(prox), Some(scaled)) = (penalty.as_prox(), scaled.as_prox()) else { continue };
        for v in probe::vectors(space) {
            for step in [0.4, 3.7] {
                if s > 0.0 {
                    let expected = ProxPair::new(prox, &v, s * step).x;
                    let got = ProxPair::new(scaled, &v, step).x;
                    close(LAW, &format!("the prox of scaled({s})"), &v, step, &expected, &got)?;
                }
            }
        }
    }
    Ok(())
}

fn same(
    law: &'static str,
    name: &str,
    expected: &dyn Penalty,
    got: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    let vectors = probe::vectors(space);
    for b in &vectors {
        let (expected, got) = (expected.value(b), got.value(b));
        if !agree(expected, got, 1e-10) {
            let input = format!("{name} at {}", text(b));
            return Err(Violation::new(law, input, expected.to_string(), got.to_string()));
        }
    }
    let (Some(expected), Some(got)) = (expected.as_prox(), got.as_prox()) else { return Ok(()) };
    for v in &vectors {
        for step in [0.4, 3.7] {
            let (x, y) = (ProxPair::new(expected, v, step).x, ProxPair::new(got, v, step).x);
            close(law, &format!("the prox of {name}"), v, step, &x, &y)?;
        }
    }
    Ok(())
}

fn close(
    law: &'static str,
    name: &str,
    v: &[f64],
    step: f64,
    expected: &[f64],
    got: &[f64],
) -> Result<(), Violation> {
    let apart = kernels::max_abs(&probe::add(expected, -1.0, got));
    if apart <= 1e-9 * kernels::max_abs(v).max(kernels::max_abs(expected)) {
        return Ok(());
    }
    let input = format!("{name} at {}, step = {step}", text(v));
    Err(Violation::new(law, input, text(expected), text(got)))
}
