//! Weights of a graph without the penalty's shrinkage.

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};

use crate::edges::{Edge, Pruning, acyclic};

/// Share of the threshold above which a weight is worth to be fitted again.
const CANDIDATE: f64 = 0.1;

/// The graph of the weights fitted again: those above a tenth of `threshold` make an acyclic graph, each
/// column's least squares on its parents there are the weights anew, and those above `threshold` are
/// the edges.
///
/// The penalty shrinks a weight by `lambda sigma_j` over the variance of the parent given the child's
/// other parents, which is small where these hang together, so that a large weight can fall below
/// the threshold. A column keeps its weights where the covariance of its parents is singular.
/// - Shapes: `weights` and `covariance` are d x d, column by column.
pub(crate) fn refitted(
    weights: &[f64],
    covariance: &[f64],
    d: usize,
    threshold: f64,
    pruning: Pruning,
) -> Vec<Edge> {
    let mut edges = acyclic(weights, d, CANDIDATE * threshold, pruning);
    for child in 0..d {
        let parents: Vec<usize> = edges.iter().filter(|e| e.to == child).map(|e| e.from).collect();
        if let Some(fitted) = least_squares(covariance, d, &parents, child) {
            let into = edges.iter_mut().filter(|edge| edge.to == child);
            into.zip(fitted).for_each(|(edge, weight)| edge.weight = weight);
        }
    }
    edges.retain(|edge| edge.weight.abs() > threshold);
    edges
}

/// Coefficients of `child` on `parents`; `None` where they are not determined.
fn least_squares(
    covariance: &[f64],
    d: usize,
    parents: &[usize],
    child: usize,
) -> Option<Vec<f64>> {
    let entry = |i: usize, j: usize| covariance[i + d * j];
    let size = parents.len();
    let gram = Mat::from_fn(size, size, |a, b| entry(parents[a], parents[b]));
    let factor = Llt::new(gram.as_ref(), Side::Lower).ok()?;
    let moments = Mat::from_fn(size, 1, |a, _| entry(parents[a], child));
    let solved = factor.solve(&moments);
    let weights: Vec<f64> = (0..size).map(|a| solved[(a, 0)]).collect();
    weights.iter().all(|w| w.is_finite()).then_some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Covariance of `x_0 = z_0`, `x_1 = 2 x_0 + z_1`, `x_2 = 0.6 x_0 + 0.5 x_1 + z_2`.
    const COVARIANCE: [f64; 9] = [1.0, 2.0, 1.6, 2.0, 5.0, 3.7, 1.6, 3.7, 3.81];

    #[test]
    fn a_weight_that_shrank_below_the_threshold_returns() {
        let shrunk = [0.0, 0.0, 0.0, 1.8, 0.0, 0.0, 0.1, 0.7, 0.0];
        let edges = refitted(&shrunk, &COVARIANCE, 3, 0.3, Pruning::OnCycle);
        let pairs: Vec<_> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
        assert_eq!(pairs, [(0, 1), (0, 2), (1, 2)]);
        for (edge, weight) in edges.iter().zip([2.0, 0.6, 0.5]) {
            assert!((edge.weight - weight).abs() < 1e-12, "{edge:?}");
        }
        let few = refitted(&shrunk, &COVARIANCE, 3, 0.55, Pruning::OnCycle);
        assert_eq!(few.len(), 2, "the threshold applies to the weights anew");
    }

    #[test]
    fn a_column_whose_parents_are_collinear_keeps_its_weights() {
        let covariance = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0];
        let weights = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.4, 0.0];
        let edges = refitted(&weights, &covariance, 3, 0.3, Pruning::OnCycle);
        assert_eq!(edges.iter().map(|edge| edge.weight).collect::<Vec<_>>(), [0.5, 0.4]);
    }
}
