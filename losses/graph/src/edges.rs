//! From weights to a graph without cycles.

/// A directed edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The parent.
    pub from: usize,
    /// The child.
    pub to: usize,
    /// Its weight.
    pub weight: f64,
}

/// The graph of the weights above `threshold` in size, less those that close a cycle.
///
/// Edges enter from the largest on, and one that would close a cycle of edges that are in stays out: it
/// is the smallest edge of that cycle. No edge that stays out could be added. O(E (d + E)).
/// - Shapes: `weights` is d x d, column by column, `weights[i + d j]` of the edge from i to j. The
///   diagonal is not read.
/// - Edges come back sorted by parent, then child.
/// - Source: the thresholding of Saboksayr, Mateos & Tepper (2024); there the smallest edge of all is
///   removed while there is a cycle, also where it lies on none.
pub fn acyclic(weights: &[f64], d: usize, threshold: f64) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (from, to) in (0..d).flat_map(|i| (0..d).map(move |j| (i, j))) {
        let weight = weights[from + d * to];
        if from != to && weight.abs() > threshold {
            edges.push(Edge { from, to, weight });
        }
    }
    // Stable: of equal sizes the first enters first.
    edges.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); d];
    edges.retain(|&Edge { from, to, .. }| {
        let enters = !reaches(&children, to, from);
        if enters {
            children[from].push(to);
        }
        enters
    });
    edges.sort_by_key(|edge| (edge.from, edge.to));
    edges
}

/// Whether a path leads from one node to another.
fn reaches(children: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; children.len()];
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        if !std::mem::replace(&mut seen[node], true) {
            open.extend(children[node].iter().filter(|child| !seen[**child]));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use fenchel_laws::Random;

    use super::*;

    /// Whether nodes can be taken away one by one, each with no parent left.
    fn has_an_order(edges: &[Edge], d: usize) -> bool {
        let mut left: Vec<usize> = (0..d).collect();
        while let Some(at) = left.iter().position(|&node| {
            !edges.iter().any(|edge| edge.to == node && left.contains(&edge.from))
        }) {
            left.remove(at);
        }
        left.is_empty()
    }

    #[test]
    fn random_weights_of_any_density_give_an_acyclic_graph() {
        let mut random = Random::new(5);
        for trial in 0..400 {
            let d = 1 + random.below(12);
            let weights = random.normals(d * d, 1.0);
            let threshold = [0.0, 0.3, 1.0, 2.0][trial % 4];
            let edges = acyclic(&weights, d, threshold);
            assert!(has_an_order(&edges, d), "{d} nodes: {edges:?}");
            let above = |i: usize, j: usize| i != j && weights[i + d * j].abs() > threshold;
            assert!(edges.iter().all(|e| above(e.from, e.to)));
            // Every edge that is gone would close a cycle, of edges at least as large.
            for (i, j) in (0..d).flat_map(|i| (0..d).map(move |j| (i, j))) {
                let gone = above(i, j) && !edges.iter().any(|e| (e.from, e.to) == (i, j));
                let weight = weights[i + d * j];
                if gone {
                    let mut closed = edges.clone();
                    closed.retain(|edge| edge.weight.abs() >= weight.abs());
                    closed.push(Edge { from: i, to: j, weight });
                    assert!(!has_an_order(&closed, d), "{i} -> {j} closes no cycle");
                }
            }
        }
    }

    #[test]
    fn weights_with_an_order_keep_every_edge_above_the_threshold() {
        // 0 -> 1 -> 2 and 0 -> 2, the last at the threshold.
        let weights = [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.3, -0.9, 0.0];
        let edges = acyclic(&weights, 3, 0.3);
        assert_eq!(
            edges,
            [Edge { from: 0, to: 1, weight: 0.5 }, Edge { from: 1, to: 2, weight: -0.9 }]
        );
    }

    #[test]
    fn of_a_cycle_the_smallest_edge_goes_and_small_edges_elsewhere_stay() {
        // 0 -> 1 -> 0 with 0.8 and -0.6, and 0 -> 2 with 0.4.
        let weights = [0.0, -0.6, 0.0, 0.8, 0.0, 0.0, 0.4, 0.0, 0.0];
        let edges = acyclic(&weights, 3, 0.3);
        assert_eq!(
            edges,
            [Edge { from: 0, to: 1, weight: 0.8 }, Edge { from: 0, to: 2, weight: 0.4 }]
        );
    }
}
