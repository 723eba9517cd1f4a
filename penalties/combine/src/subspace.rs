//! Lineality spaces of composites.

use fenchel_core::{Lineality, kernels};

/// Directions beyond which a basis is not written out: it takes a vector of length p K for each,
/// and certificates do not project on more. Dropping directions is always safe.
pub(crate) const MOST_DIRECTIONS: usize = 512;

/// For every coordinate, whether it is known to be in the space.
pub(crate) fn free_coordinates(space: &Lineality, coefficients: usize) -> Vec<bool> {
    let mut free = vec![*space == Lineality::Everything; coefficients];
    match space {
        Lineality::Trivial | Lineality::Everything => {}
        Lineality::Coordinates(flat) => flat.iter().for_each(|&j| free[j] = true),
        Lineality::Basis(basis) => {
            for direction in basis {
                let mut nonzeros = (0..coefficients).filter(|&j| direction[j] != 0.0);
                if let (Some(j), None) = (nonzeros.next(), nonzeros.next()) {
                    free[j] = true;
                }
            }
        }
    }
    free
}

/// The space of `basis` together with the coordinates `free` (ascending), on which no vector of
/// `basis` depends.
pub(crate) fn with_coordinates(
    mut basis: Vec<Vec<f64>>,
    free: Vec<usize>,
    coefficients: usize,
) -> Lineality {
    if free.len() == coefficients {
        return Lineality::Everything;
    }
    if basis.is_empty() || basis.len() + free.len() > MOST_DIRECTIONS {
        return if free.is_empty() { Lineality::Trivial } else { Lineality::Coordinates(free) };
    }
    basis.extend(free.into_iter().map(|j| {
        let mut unit = vec![0.0; coefficients];
        unit[j] = 1.0;
        unit
    }));
    Lineality::Basis(basis)
}

/// The intersection of two spaces; [`Lineality::Trivial`] where it would take too many directions.
pub(crate) fn intersection(a: Lineality, b: Lineality, coefficients: usize) -> Lineality {
    use Lineality::{Basis, Coordinates, Everything, Trivial};
    let basis = match (a, b) {
        (Trivial, _) | (_, Trivial) => return Trivial,
        (Everything, other) | (other, Everything) => return other,
        (Coordinates(a), Coordinates(b)) => {
            let common: Vec<usize> = a.into_iter().filter(|j| b.binary_search(j).is_ok()).collect();
            return if common.is_empty() { Trivial } else { Coordinates(common) };
        }
        (Coordinates(flat), Basis(basis)) | (Basis(basis), Coordinates(flat)) => {
            let outside: Vec<Vec<f64>> = basis
                .iter()
                .map(|direction| {
                    let mut rest = direction.clone();
                    flat.iter().for_each(|&j| rest[j] = 0.0);
                    rest
                })
                .collect();
            combined(&basis, &outside, coefficients)
        }
        (Basis(a), Basis(b)) => {
            let both: Vec<Vec<f64>> = a.iter().chain(&b).cloned().collect();
            combined(&a, &both, coefficients)
        }
    };
    if basis.is_empty() { Trivial } else { Basis(basis) }
}

/// `sum_i c_i basis_i` for every null combination `c` of `vectors`.
fn combined(basis: &[Vec<f64>], vectors: &[Vec<f64>], coefficients: usize) -> Vec<Vec<f64>> {
    if vectors.len() > MOST_DIRECTIONS {
        return Vec::new();
    }
    let combine = |c: Vec<f64>| {
        let mut sum = vec![0.0; coefficients];
        for (c, direction) in c.iter().zip(basis) {
            kernels::axpy(*c, direction, &mut sum);
        }
        // What cancels up to rounding is zero: a later intersection compares.
        let top = kernels::max_abs(&sum);
        sum.iter_mut().filter(|x| x.abs() <= 1e-12 * top).for_each(|x| *x = 0.0);
        sum
    };
    null_combinations(vectors).into_iter().map(combine).collect()
}

/// A basis of all `c` with `sum_i c_i vectors_i = 0`, by elimination.
pub(crate) fn null_combinations(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    // Reduced vectors with a one at their pivot, largest in absolute value, and how they were made.
    let mut kept: Vec<(usize, Vec<f64>, Vec<f64>)> = Vec::new();
    let mut null = Vec::new();
    for (i, vector) in vectors.iter().enumerate() {
        let top = kernels::max_abs(vector);
        let unit = if top > 0.0 { 1.0 / top } else { 1.0 };
        let mut rest: Vec<f64> = vector.iter().map(|x| unit * x).collect();
        let mut made = vec![0.0; vectors.len()];
        made[i] = unit;
        for (pivot, direction, how) in &kept {
            let factor = rest[*pivot];
            kernels::axpy(-factor, direction, &mut rest);
            kernels::axpy(-factor, how, &mut made);
            rest[*pivot] = 0.0;
        }
        let largest =
            |best: usize, j: usize| if rest[j].abs() > rest[best].abs() { j } else { best };
        let pivot = (0..rest.len()).reduce(largest).unwrap_or(0);
        if rest.is_empty() || rest[pivot].abs() <= 1e-10 {
            null.push(made);
            continue;
        }
        let size = rest[pivot];
        rest.iter_mut().chain(&mut made).for_each(|x| *x /= size);
        kept.push((pivot, rest, made));
    }
    null
}

/// Whether `part` is no more than rounding beside the vector that it is a part of.
pub(crate) fn negligible(part: f64, whole: &[f64]) -> bool {
    part <= 1e-13 * kernels::max_abs(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_combinations_are_found_and_no_others() {
        let vectors =
            [vec![1.0, 2.0, 3.0], vec![0.0, 0.0, 0.0], vec![2.0, 4.0, 6.0], vec![1.0, 0.0, -1.0]];
        let null = null_combinations(&vectors);
        assert_eq!(null.len(), 2);
        for c in null {
            for j in 0..3 {
                let sum: f64 = c.iter().zip(&vectors).map(|(c, v)| c * v[j]).sum();
                assert!(sum.abs() < 1e-12);
            }
        }
    }

    #[test]
    fn intersections_of_every_kind() {
        use Lineality::{Basis, Coordinates, Everything, Trivial};
        let meet = |a: &Lineality, b: &Lineality| intersection(a.clone(), b.clone(), 3);
        let constant = Basis(vec![vec![1.0, 1.0, 1.0]]);
        let lines = Basis(vec![vec![1.0, 1.0, 1.0], vec![-1.0, 0.0, 1.0]]);
        assert_eq!(meet(&Everything, &constant), constant);
        assert_eq!(meet(&constant, &Trivial), Trivial);
        assert_eq!(meet(&Coordinates(vec![0, 2]), &Coordinates(vec![1, 2])), Coordinates(vec![2]));
        assert_eq!(meet(&Coordinates(vec![0]), &Coordinates(vec![1])), Trivial);
        assert_eq!(meet(&constant, &Coordinates(vec![0, 2])), Trivial);
        let Basis(line) = meet(&constant, &lines) else { panic!() };
        assert!(line.len() == 1 && line[0][0] == line[0][1] && line[0][0] != 0.0);
        // Of all lines, a_0 = 0 leaves the multiples of (0, 1, 2).
        let Basis(line) = meet(&lines, &Coordinates(vec![1, 2])) else { panic!() };
        assert!(line.len() == 1 && line[0][0] == 0.0 && line[0][2] == 2.0 * line[0][1]);
    }
}
