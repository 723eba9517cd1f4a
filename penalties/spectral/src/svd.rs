//! The thin singular value decomposition of coefficients stored column by column.

use faer::MatRef;
use fenchel_core::kernels;

/// `B = sum_r values[r] left_r right_r'`, values descending.
#[derive(Debug)]
pub(crate) struct Svd {
    /// Left vectors, p each.
    pub left: Vec<Vec<f64>>,
    /// Right vectors, K each.
    pub right: Vec<Vec<f64>>,
    /// Singular values, `min(p, K)` of them.
    pub values: Vec<f64>,
}

/// The decomposition; `None` where an entry is not finite or the iteration fails.
pub(crate) fn svd(b: &[f64], outputs: usize) -> Option<Svd> {
    let top = scale(b)?;
    let p = b.len() / outputs;
    if outputs == 1 || p == 1 {
        // A vector is its own decomposition.
        let norm = kernels::norm2(b);
        let unit = |i: usize| if i == 0 { 1.0 } else { 0.0 };
        let direction: Vec<f64> =
            (0..b.len()).map(|i| if norm > 0.0 { b[i] / norm } else { unit(i) }).collect();
        let (left, right) =
            if outputs == 1 { (direction, vec![1.0]) } else { (vec![1.0], direction) };
        return Some(Svd { left: vec![left], right: vec![right], values: vec![norm] });
    }
    let scaled: Vec<f64> = b.iter().map(|b| b / top).collect();
    let parts = MatRef::from_column_major_slice(&scaled, p, outputs).thin_svd().ok()?;
    let columns = |m: MatRef<'_, f64>| -> Vec<Vec<f64>> {
        m.col_iter().map(|column| column.iter().copied().collect()).collect()
    };
    let values: Vec<f64> = parts.S().column_vector().iter().map(|s| top * s.max(0.0)).collect();
    Some(Svd { left: columns(parts.U()), right: columns(parts.V()), values })
}

/// Singular values alone, descending; `None` where an entry is not finite or the iteration fails.
pub(crate) fn singular_values(b: &[f64], outputs: usize) -> Option<Vec<f64>> {
    let top = scale(b)?;
    let p = b.len() / outputs;
    if outputs == 1 || p == 1 {
        return Some(vec![kernels::norm2(b)]);
    }
    let scaled: Vec<f64> = b.iter().map(|b| b / top).collect();
    let values = MatRef::from_column_major_slice(&scaled, p, outputs).singular_values().ok()?;
    Some(values.into_iter().map(|s| top * s.max(0.0)).collect())
}

/// The largest absolute entry (1 for zeros), so that no square overflows.
fn scale(b: &[f64]) -> Option<f64> {
    let top = kernels::max_abs(b);
    top.is_finite().then_some(if top == 0.0 { 1.0 } else { top })
}

#[cfg(test)]
mod tests {
    use super::{singular_values, svd};

    fn check(b: &[f64], p: usize, outputs: usize) {
        let parts = svd(b, outputs).unwrap();
        let rank = p.min(outputs);
        assert_eq!((parts.values.len(), parts.left.len(), parts.right.len()), (rank, rank, rank));
        let top = parts.values[0];
        for k in 0..outputs {
            for j in 0..p {
                let sum: f64 =
                    (0..rank).map(|r| parts.values[r] * parts.left[r][j] * parts.right[r][k]).sum();
                assert!((sum - b[j + k * p]).abs() <= 1e-14 * top, "{b:?}");
            }
        }
        assert!(parts.values.windows(2).all(|pair| pair[0] >= pair[1]));
        let alone = singular_values(b, outputs).unwrap();
        assert!(alone.iter().zip(&parts.values).all(|(a, b)| (a - b).abs() <= 1e-14 * top));
        for a in 0..rank {
            for b in 0..=a {
                let expected = f64::from(u8::from(a == b));
                for vectors in [&parts.left, &parts.right] {
                    let dot: f64 = vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum();
                    assert!((dot - expected).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn every_shape_is_decomposed() {
        for (p, outputs) in [(1, 1), (5, 1), (1, 4), (3, 3), (7, 2), (2, 7), (40, 6)] {
            let b: Vec<f64> = (0..p * outputs).map(|i| (i as f64 * 1.3).sin()).collect();
            check(&b, p, outputs);
            check(&vec![0.0; p * outputs], p, outputs);
            check(&vec![1.0; p * outputs], p, outputs);
            check(&b.iter().map(|b| 1e200 * b).collect::<Vec<_>>(), p, outputs);
            check(&b.iter().map(|b| 1e-200 * b).collect::<Vec<_>>(), p, outputs);
        }
    }

    #[test]
    fn what_is_not_finite_has_no_decomposition() {
        assert!(svd(&[1.0, f64::NAN, 0.0, 0.0], 2).is_none());
        assert!(singular_values(&[1.0, f64::INFINITY, 0.0, 0.0], 2).is_none());
    }
}
