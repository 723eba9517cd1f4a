//! Convexity and the conjugate.

use fenchel_core::{Loss, kernels};

use super::probe::{self, Case, Point};
use crate::{Random, Violation};

/// A loss that offers a conjugate is convex in `eta` along every segment.
pub fn losses_with_a_conjugate_are_convex(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        if case.fit.as_conjugate().is_none() {
            continue;
        }
        let points = case.points();
        for (a, b) in points.iter().flat_map(|a| points.iter().map(move |b| (a, b))) {
            let (at_a, at_b) = (case.value(a), case.value(b));
            for t in [0.1, 0.5, 0.75] {
                let mix = |(a, b): (&f64, &f64)| (1.0 - t) * a + t * b;
                let eta = a.eta.iter().zip(&b.eta).map(mix).collect();
                let between = case.value(&Point { eta, own: a.own.clone() });
                let chord = (1.0 - t) * at_a + t * at_b;
                if between.is_nan() || between > chord + 1e-12 * (1.0 + at_a.abs() + at_b.abs()) {
                    return Err(Violation::new(
                        "losses_with_a_conjugate_are_convex",
                        format!("{t} of the way to {:?} from {}", b.eta, case.describe(a)),
                        format!("at most {chord:e}"),
                        format!("{between:e}"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// `f(eta) + f*(u) >= <u, eta>`, for `u` inside the domain and around it, and `eta` that are large
/// enough to tell a conjugate that is finite where it should not be.
pub fn fenchel_young_inequality(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let Some(conjugate) = case.fit.as_conjugate() else { continue };
        let etas = challengers(&case);
        for u in duals(&case) {
            let at_u = conjugate.conjugate(&u);
            if at_u.is_nan() {
                return Err(violation("fenchel_young_inequality", &case, &u, "a number", at_u));
            }
            if at_u == f64::INFINITY {
                continue;
            }
            for (eta, value) in &etas {
                let size: f64 = eta.iter().zip(&u).map(|(e, u)| (e * u).abs()).sum();
                let product = kernels::dot(&u, eta);
                let slack = 1e-11 * (value.abs() + at_u.abs() + size);
                if value + at_u < product - slack {
                    let bound = format!("at least {:e}, by eta = {eta:?}", product - value);
                    return Err(violation("fenchel_young_inequality", &case, &u, &bound, at_u));
                }
            }
        }
    }
    Ok(())
}

/// `f(eta) + f*(u) = <u, eta>` where `u` is the gradient at `eta`.
pub fn fenchel_young_equality(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let Some(conjugate) = case.fit.as_conjugate() else { continue };
        for point in case.points() {
            let Some(gradient) = case.gradient(&point) else { continue };
            let got = conjugate.conjugate(&gradient.eta);
            let expected = kernels::dot(&gradient.eta, &point.eta) - gradient.value;
            let size = gradient.value.abs()
                + point.eta.iter().zip(&gradient.eta).map(|(e, u)| (e * u).abs()).sum::<f64>();
            if !probe::agree(expected, got, 1e-10, 1e-11 * (1.0 + size)) {
                return Err(Violation::new(
                    "fenchel_young_equality",
                    format!("the gradient at {}", case.describe(&point)),
                    format!("f* = <u, eta> - f = {expected:e}"),
                    format!("{got:e}"),
                ));
            }
        }
    }
    Ok(())
}

/// If `u` is a gradient then `f*(s u)` is finite for every `0 <= s <= 1`, which is what makes a
/// scaled gradient a dual point.
pub fn gradients_shrink_inside_the_dual_domain(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let Some(conjugate) = case.fit.as_conjugate() else { continue };
        for gradient in case.points().iter().filter_map(|point| case.gradient(point)) {
            for s in [0.0, 1e-9, 0.1, 0.5, 0.9, 1.0 - 1e-9, 1.0] {
                let u: Vec<f64> = gradient.eta.iter().map(|u| s * u).collect();
                let got = conjugate.conjugate(&u);
                if !got.is_finite() {
                    return Err(violation(
                        "gradients_shrink_inside_the_dual_domain",
                        &case,
                        &u,
                        &format!("a finite value at {s} times a gradient"),
                        got,
                    ));
                }
            }
        }
    }
    Ok(())
}

fn violation(law: &'static str, case: &Case, u: &[f64], expected: &str, got: f64) -> Violation {
    Violation::new(law, format!("{}, u = {u:?}", case.name), expected, format!("f* = {got:e}"))
}

/// Gradients, shrunk and stretched, with one entry moved, and small random ones.
fn duals(case: &Case) -> Vec<Vec<f64>> {
    let mut random = Random::new(25);
    let mut all = vec![vec![0.0; case.len()]];
    for point in case.points() {
        if let Some(gradient) = case.gradient(&point) {
            for s in [-0.3, 0.2, 1.0, 1.5, 4.0] {
                all.push(gradient.eta.iter().map(|u| s * u).collect());
            }
            let mut moved = gradient.eta.clone();
            let at = random.below(moved.len());
            moved[at] += random.normal() / case.fit.samples() as f64;
            all.push(moved);
        }
        all.push(random.normals(case.len(), 0.3 / case.fit.samples() as f64));
    }
    all
}

/// Points with their values: those of every law, and some far out along each coordinate.
fn challengers(case: &Case) -> Vec<(Vec<f64>, f64)> {
    let mut all: Vec<Vec<f64>> = case.points().into_iter().map(|point| point.eta).collect();
    for i in 0..case.len() {
        for size in [-1e4, -30.0, -3.0, 3.0, 30.0, 1e4] {
            let mut eta = case.start().eta;
            eta[i] += size;
            all.push(eta);
        }
    }
    let with_value = |eta: Vec<f64>| {
        let value = case.fit.value(&eta, &[]);
        value.is_finite().then_some((eta, value))
    };
    all.into_iter().filter_map(with_value).collect()
}
