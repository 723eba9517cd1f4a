//! A penalty that claims terms is their sum, and their operators are linear maps with adjoints.

use fenchel_core::{Penalty, Space, kernels};

use super::probe::{self, text};
use super::prox::agree_up_to;
use crate::{Random, Violation};

/// `Omega(b) = sum_t omega_t(D_t b)`.
pub fn terms_sum_to_the_value(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let Some(terms) = penalty.as_terms() else { return Ok(()) };
    for b in probe::vectors(space) {
        let sum: f64 = terms
            .terms()
            .iter()
            .map(|term| match term.operator {
                None => term.penalty.value(&b),
                Some(operator) => {
                    let mut image = vec![f64::NAN; operator.rows()];
                    operator.mul(&b, &mut image);
                    term.penalty.value(&image)
                }
            })
            .sum();
        let value = penalty.value(&b);
        if !agree_up_to(value, sum, 1e-9, probe::rounding(penalty, &b)) {
            let input = format!("b = {}", text(&b));
            let (expected, got) = (format!("{value:e}"), format!("{sum:e}"));
            return Err(Violation::new("terms_sum_to_the_value", input, expected, got));
        }
    }
    Ok(())
}

/// `<D b, u> = <b, D'u>` and `||D b||^2 <= norm_bound ||b||^2`, the latter also at the end of a
/// power iteration.
pub fn operators_have_adjoints_and_bounds(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    const LAW: &str = "operators_have_adjoints_and_bounds";
    let Some(terms) = penalty.as_terms() else { return Ok(()) };
    let mut random = Random::new(81);
    for operator in terms.terms().iter().filter_map(|term| term.operator) {
        let mul = |b: &[f64]| {
            let mut image = vec![f64::NAN; operator.rows()];
            operator.mul(b, &mut image);
            image
        };
        let mul_t = |u: &[f64]| {
            let mut back = vec![f64::NAN; space.len()];
            operator.mul_t(u, &mut back);
            back
        };
        for _ in 0..20 {
            let b = random.normals(space.len(), 1.0);
            let u = random.normals(operator.rows(), 1.0);
            let ((left, r1), (right, r2)) =
                (probe::product(&mul(&b), &u), probe::product(&b, &mul_t(&u)));
            if probe::exceeds((left - right).abs(), 1e3 * (r1 + r2)) {
                let input = format!("{operator:?}, b = {}, u = {}", text(&b), text(&u));
                let expected = format!("<b, D'u> = {left:e}");
                return Err(Violation::new(LAW, input, expected, format!("{right:e}")));
            }
        }
        let mut b = random.normals(space.len(), 1.0);
        for _ in 0..200 {
            let length = kernels::norm2(&b);
            if length == 0.0 {
                break;
            }
            b.iter_mut().for_each(|b| *b /= length);
            let image = mul(&b);
            let square = kernels::dot(&image, &image);
            let bound = operator.norm_bound();
            if probe::exceeds(square, bound * (1.0 + 1e-9)) {
                let input = format!("{operator:?}, b = {}", text(&b));
                let expected = format!("||D b||^2 at most norm_bound = {bound:e}");
                return Err(Violation::new(LAW, input, expected, format!("{square:e}")));
            }
            b = mul_t(&image);
        }
    }
    Ok(())
}
