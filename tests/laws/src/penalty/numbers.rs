//! Finite in, finite out.

use fenchel_core::{Penalty, Space};

use super::probe::{self, ProxPair, text};
use crate::{Random, Violation};

const LAW: &str = "values_are_numbers";

/// For finite input nothing is NaN, a prox writes every entry, lands in the domain and gives the
/// same answer twice, a value is never `-inf`, a distance is not negative, a dual scale lies in
/// `[0, 1]`, and a zero threshold is finite.
pub fn values_are_numbers(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let n = space.len();
    let mut vectors = probe::vectors(space);
    vectors.push(vec![1e30; n]);
    vectors.push(vec![-1e-300; n]);
    vectors.push(Random::new(21).normals(n, 1e30));
    for b in &vectors {
        let value = penalty.value(b);
        require(!value.is_nan() && value > f64::NEG_INFINITY, "the value", b, "a number", value)?;
    }
    prox(penalty, &vectors)?;
    let gradients = vectors.iter().rev();
    for (b, g) in vectors.iter().zip(gradients) {
        if let Some(subdifferential) = penalty.as_subdifferential() {
            let distance = subdifferential.subdiff_dist(b, g);
            require(distance >= 0.0, "the distance", b, "at least 0", distance)?;
        }
        if let Some(separable) = penalty.as_separable() {
            for (j, (b, g)) in b.iter().zip(g).enumerate() {
                let distance = separable.subdiff_dist_at(j, *b, *g);
                let what = format!("the distance of coefficient {j}, gradient {g}");
                require(distance >= 0.0, &what, &[*b], "at least 0", distance)?;
            }
        }
        if let Some(conjugate) = penalty.as_conjugate() {
            let value = conjugate.conjugate(b);
            let proper = !value.is_nan() && value > f64::NEG_INFINITY;
            require(proper, "the conjugate", b, "a number", value)?;
            let scale = conjugate.dual_scale(b);
            let inside = (0.0..=1.0).contains(&scale);
            require(inside, "the dual scale", b, "between 0 and 1", scale)?;
        }
        if let Some(threshold) = penalty.as_zero_threshold()
            && let Some(s) = threshold.zero_threshold(g)
        {
            let proper = s.is_finite() && s >= 0.0;
            require(proper, "the zero threshold", g, "finite and at least 0", s)?;
        }
    }
    Ok(())
}

/// A gradient with a NaN is infinitely far from stationary (or NaN far, which counts as
/// such), so that a broken fit is never certified.
pub fn nan_is_not_stationary(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(subdifferential) = penalty.as_subdifferential() else { return Ok(()) };
    for b in probe::domain(penalty, space) {
        for at in 0..b.len() {
            let mut broken = vec![0.0; b.len()];
            broken[at] = f64::NAN;
            let distance = subdifferential.subdiff_dist(&b, &broken);
            if distance.is_finite() {
                return Err(Violation::new(
                    "nan_is_not_stationary",
                    format!("b = {}, gradient = {}", text(&b), text(&broken)),
                    "an infinite distance, or NaN",
                    format!("{distance:e}"),
                ));
            }
        }
    }
    Ok(())
}

fn prox(penalty: &dyn Penalty, vectors: &[Vec<f64>]) -> Result<(), Violation> {
    let Some(prox) = penalty.as_prox() else { return Ok(()) };
    for v in vectors {
        for step in [1e-12, 0.4, 1e12] {
            let pair = ProxPair::new(prox, v, step);
            let finite = pair.x.iter().all(|x| x.is_finite()) && pair.reported.is_finite();
            let inside = finite && penalty.value(&pair.x).is_finite();
            let again = ProxPair::new(prox, v, step);
            let got = match () {
                () if !finite => format!("{}, penalty {:e}", text(&pair.x), pair.reported),
                () if !inside => format!("{}, where the value is infinite", text(&pair.x)),
                () if again.x != pair.x => {
                    format!("{}, then {}", text(&pair.x), text(&again.x))
                }
                () => continue,
            };
            return Err(Violation::new(
                LAW,
                format!("the prox at v = {}, step = {step:e}", text(v)),
                "a point of the domain, the same each time",
                got,
            ));
        }
    }
    Ok(())
}

fn require(
    held: bool,
    what: &str,
    input: &[f64],
    expected: &str,
    got: f64,
) -> Result<(), Violation> {
    if held {
        return Ok(());
    }
    Err(Violation::new(LAW, format!("{what} at {}", text(input)), expected, got.to_string()))
}
