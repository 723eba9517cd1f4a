//! The penalty is constant along the directions that it claims, and along no others.

use fenchel_core::{Lineality, Penalty, Space, kernels};

use super::probe::{self, text};
use super::prox::agree_up_to;
use crate::{Random, Violation};

/// `Omega(b + c d) = Omega(b)` for every claimed direction `d`; claimed indices are in range,
/// ascending and distinct, and the vectors of a claimed basis are independent.
pub fn lineality_is_flat(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    const LAW: &str = "lineality_is_flat";
    let claimed = match well_formed(&penalty.lineality(), space.len()) {
        Ok(claimed) => claimed,
        Err(got) => {
            let expected = "ascending indices in range, or independent vectors of length p K";
            return Err(Violation::new(LAW, "lineality()", expected, got));
        }
    };
    for b in probe::domain(penalty, space) {
        for d in &claimed {
            for c in [1.0, -0.3, 40.0] {
                let moved = probe::add(&b, c, d);
                let (expected, got) = (penalty.value(&b), penalty.value(&moved));
                if !agree_up_to(expected, got, 1e-9, rounding_between(penalty, &b, &moved)) {
                    let input = format!("b = {}, d = {}, c = {c}", text(&b), text(d));
                    return Err(Violation::new(LAW, input, show(expected), show(got)));
                }
            }
        }
    }
    Ok(())
}

/// Coordinate, constant, polynomial and random directions outside the claimed space change the
/// penalty somewhere.
pub fn other_directions_are_not_flat(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    let lineality = penalty.lineality();
    let n = space.len();
    let mut random = Random::new(61);
    let unit = |j: usize| (0..n).map(|i| f64::from(u8::from(i == j))).collect::<Vec<_>>();
    let mut directions: Vec<Vec<f64>> = (0..n).map(unit).collect();
    directions.extend((0..4).map(|_| random.normals(n, 1.0)));
    directions.extend(polynomials(space));
    let points = probe::domain(penalty, space);
    for mut d in directions {
        probe::restrict(&lineality, &mut d);
        if kernels::norm2(&d) < 1e-6 {
            continue;
        }
        let moves = |b: &Vec<f64>| {
            let here = penalty.value(b);
            [0.1, -0.1, 5.0, -5.0, 1e3, -1e3].iter().any(|c| {
                let moved = probe::add(b, *c, &d);
                let rounding = rounding_between(penalty, b, &moved);
                !agree_up_to(penalty.value(&moved), here, 1e-7, 100.0 * rounding)
            })
        };
        if !points.iter().any(moves) {
            return Err(Violation::new(
                "other_directions_are_not_flat",
                format!("d = {}, which is orthogonal to the claimed directions", text(&d)),
                "a value that changes along d",
                "none at any point tried",
            ));
        }
    }
    Ok(())
}

/// Vectors that a penalty on differences does not see: constant, linear and quadratic over the
/// whole, over each column, and constant over each row.
fn polynomials(space: &Space) -> Vec<Vec<f64>> {
    let (n, p) = (space.len(), space.features().max(1));
    let mut all = Vec::new();
    for degree in 0..3 {
        all.push((0..n).map(|i| (i as f64).powi(degree)).collect());
        for k in 0..space.outputs() {
            let at = |i: usize| if i / p == k { ((i % p) as f64).powi(degree) } else { 0.0 };
            all.push((0..n).map(at).collect());
        }
    }
    all.extend((0..p).map(|j| (0..n).map(|i| f64::from(u8::from(i % p == j))).collect()));
    all
}

/// The claimed directions as vectors, or what is wrong with the claim.
fn well_formed(lineality: &Lineality, n: usize) -> Result<Vec<Vec<f64>>, String> {
    let unit = |j: usize| (0..n).map(|i| f64::from(u8::from(i == j))).collect::<Vec<_>>();
    match lineality {
        Lineality::Trivial => Ok(Vec::new()),
        Lineality::Everything => Ok((0..n).map(unit).collect()),
        Lineality::Coordinates(flat) => {
            let ascending = flat.windows(2).all(|pair| pair[0] < pair[1]);
            if ascending && flat.iter().all(|&j| j < n) {
                Ok(flat.iter().map(|&j| unit(j)).collect())
            } else {
                Err(format!("{flat:?}"))
            }
        }
        Lineality::Basis(basis) => {
            let right_length = basis.iter().all(|d| d.len() == n);
            if right_length && probe::orthonormal(basis).len() == basis.len() {
                Ok(basis.clone())
            } else {
                Err(format!("{} vectors: {basis:?}", basis.len()))
            }
        }
    }
}

fn rounding_between(penalty: &dyn Penalty, a: &[f64], b: &[f64]) -> f64 {
    probe::rounding(penalty, a).max(probe::rounding(penalty, b))
}

fn show(value: f64) -> String {
    format!("{value:e}")
}
