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

/// Which weights go where those above the threshold make a cycle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pruning {
    /// Of each cycle its smallest edge; a weight of a node on itself is no edge.
    #[default]
    OnCycle,
    /// While there is a cycle the smallest weight of all, whether it lies on one or not, and a weight of
    /// a node on itself is a cycle: as in the code of Saboksayr, Mateos & Tepper (2024).
    Smallest,
}

/// The graph of the weights above `threshold` in size, less those that `pruning` takes off cycles.
///
/// Edges enter from the largest on. On cycles: one that would close a cycle of edges that are in stays
/// out, as it is the smallest edge of that cycle, and no edge that stays out could be added. Smallest: from
/// the first that would close a cycle on, none enters. O(E (d + E)).
/// - Shapes: `weights` is d x d, column by column, `weights[i + d j]` of the edge from i to j.
/// - Edges come back sorted by parent, then child.
pub fn acyclic(weights: &[f64], d: usize, threshold: f64, pruning: Pruning) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (from, to) in (0..d).flat_map(|i| (0..d).map(move |j| (i, j))) {
        let weight = weights[from + d * to];
        if weight.abs() > threshold {
            edges.push(Edge { from, to, weight });
        }
    }
    // Stable: of equal sizes the first enters first.
    edges.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); d];
    let mut open = true;
    edges.retain(|&Edge { from, to, .. }| {
        let enters = open && !reaches(&children, to, from);
        if enters {
            children[from].push(to);
        }
        open &= enters || pruning == Pruning::OnCycle;
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
            let edges = acyclic(&weights, d, threshold, Pruning::OnCycle);
            assert!(has_an_order(&edges, d), "{d} nodes: {edges:?}");
            let above = |i: usize, j: usize| i != j && weights[i + d * j].abs() > threshold;
            assert!(edges.iter().all(|e| above(e.from, e.to)));
            let fewer = acyclic(&weights, d, threshold, Pruning::Smallest);
            assert!(has_an_order(&fewer, d) && fewer.iter().all(|e| edges.contains(e)));
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
        let edges = acyclic(&weights, 3, 0.3, Pruning::OnCycle);
        assert_eq!(
            edges,
            [Edge { from: 0, to: 1, weight: 0.5 }, Edge { from: 1, to: 2, weight: -0.9 }]
        );
    }

    #[test]
    fn of_a_cycle_the_smallest_edge_goes_and_small_edges_elsewhere_stay() {
        // 0 -> 1 -> 0 with 0.8 and -0.6, and 0 -> 2 with 0.4.
        let weights = [0.0, -0.6, 0.0, 0.8, 0.0, 0.0, 0.4, 0.0, 0.0];
        let edges = acyclic(&weights, 3, 0.3, Pruning::OnCycle);
        assert_eq!(
            edges,
            [Edge { from: 0, to: 1, weight: 0.8 }, Edge { from: 0, to: 2, weight: 0.4 }]
        );
    }

    #[test]
    fn the_smallest_of_all_go_until_no_cycle_is_left_and_a_self_loop_is_one() {
        // 0 -> 1 -> 0 with 0.8 and -0.6, 0 -> 2 with 0.7, 1 -> 2 with 0.4.
        let mut weights = [0.0, -0.6, 0.0, 0.8, 0.0, 0.0, 0.7, 0.4, 0.0];
        let edges = acyclic(&weights, 3, 0.3, Pruning::Smallest);
        assert_eq!(
            edges,
            [Edge { from: 0, to: 1, weight: 0.8 }, Edge { from: 0, to: 2, weight: 0.7 }]
        );
        weights[8] = 0.75;
        let edges = acyclic(&weights, 3, 0.3, Pruning::Smallest);
        assert_eq!(edges, [Edge { from: 0, to: 1, weight: 0.8 }]);
    }
}
