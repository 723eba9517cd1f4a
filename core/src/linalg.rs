//! The one small dense solve that certificates need; anything larger belongs to faer, above.

/// Solves `A x = b` for a symmetric positive semidefinite `m x m` matrix in place (row by row,
/// `b` becomes `x`). A direction with a negligible pivot gets 0. `None` where `A` is not finite.
pub(crate) fn cholesky_solve(a: &mut [f64], m: usize, b: &mut [f64]) -> Option<()> {
    let top = (0..m).fold(0.0f64, |top, i| top.max(a[i * m + i].abs()));
    if !top.is_finite() || b.iter().any(|b| !b.is_finite()) {
        return None;
    }
    let diagonal: Vec<f64> = (0..m).map(|i| a[i * m + i]).collect();
    let mut kept = vec![true; m];
    for i in 0..m {
        for j in 0..=i {
            let mut sum = a[i * m + j];
            for k in 0..j {
                sum -= a[i * m + k] * a[j * m + k];
            }
            if i == j {
                kept[i] = sum > 1e-13 * diagonal[i] && sum > 0.0;
                a[i * m + i] = if kept[i] { sum.sqrt() } else { 0.0 };
            } else {
                a[i * m + j] = if kept[j] { sum / a[j * m + j] } else { 0.0 };
            }
        }
    }
    for i in 0..m {
        for k in 0..i {
            b[i] -= a[i * m + k] * b[k];
        }
        b[i] = if kept[i] { b[i] / a[i * m + i] } else { 0.0 };
    }
    for i in (0..m).rev() {
        for k in i + 1..m {
            b[i] -= a[k * m + i] * b[k];
        }
        b[i] = if kept[i] { b[i] / a[i * m + i] } else { 0.0 };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::cholesky_solve;

    #[test]
    fn a_regular_system_is_solved_and_a_singular_direction_dropped() {
        let mut a = [4.0, 2.0, 2.0, 3.0];
        let mut b = [8.0, 7.0];
        cholesky_solve(&mut a, 2, &mut b).unwrap();
        assert!((b[0] - 1.25).abs() < 1e-15 && (b[1] - 1.5).abs() < 1e-15);
        let mut a = [1.0, 1.0, 1.0, 1.0];
        let mut b = [2.0, 2.0];
        cholesky_solve(&mut a, 2, &mut b).unwrap();
        assert_eq!(b, [2.0, 0.0]);
    }
}
