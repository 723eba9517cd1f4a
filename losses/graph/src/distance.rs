//! How far a graph is from another.

/// Two graphs over the same nodes, edge by edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Edges of the graph.
    pub edges: usize,
    /// Edges of the reference.
    pub reference: usize,
    /// Edges that both have.
    pub correct: usize,
    /// Edges that the reference has the other way round only.
    pub reversed: usize,
    /// Edges between nodes that the reference does not join.
    pub extra: usize,
    /// Edges of the reference between nodes that the graph does not join.
    pub missing: usize,
    /// The structural Hamming distance.
    pub distance: usize,
}

impl Comparison {
    /// Compares edges `(from, to)` with those of a reference; an edge that is there twice counts once.
    ///
    /// The structural Hamming distance is the number of pairs of nodes that are not joined alike: a
    /// reversal counts once. Source: Tsamardinos, Brown & Aliferis (2006), Machine Learning 65(1).
    pub fn new(edges: &[(usize, usize)], reference: &[(usize, usize)]) -> Self {
        let set = |edges: &[(usize, usize)]| {
            edges.iter().copied().collect::<std::collections::BTreeSet<_>>()
        };
        let (edges, reference) = (set(edges), set(reference));
        let mut found = Self { edges: edges.len(), reference: reference.len(), ..Self::default() };
        let pairs = edges.union(&reference).map(|&(i, j)| (i.min(j), i.max(j)));
        for (i, j) in pairs.collect::<std::collections::BTreeSet<_>>() {
            let here = [edges.contains(&(i, j)), edges.contains(&(j, i))];
            let there = [reference.contains(&(i, j)), reference.contains(&(j, i))];
            found.distance += usize::from(here != there);
            found.missing +=
                if here == [false; 2] { there.iter().filter(|e| **e).count() } else { 0 };
            for way in [0, 1] {
                found.correct += usize::from(here[way] && there[way]);
                found.reversed += usize::from(here[way] && !there[way] && there[1 - way]);
                found.extra += usize::from(here[way] && there == [false; 2]);
            }
        }
        found
    }

    /// Share of the reference's edges that the graph has; `None` where it has none.
    pub fn true_positive_rate(&self) -> Option<f64> {
        (self.reference > 0).then(|| self.correct as f64 / self.reference as f64)
    }

    /// Share of the graph's edges that the reference does not have; `None` where there is none.
    pub fn false_discovery_rate(&self) -> Option<f64> {
        (self.edges > 0).then(|| (self.edges - self.correct) as f64 / self.edges as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reversal_an_addition_and_an_omission_count_once_each() {
        let reference = [(0, 1), (1, 2), (3, 4), (0, 4)];
        let found = Comparison::new(&[(0, 1), (2, 1), (0, 3)], &reference);
        let expected = Comparison {
            edges: 3,
            reference: 4,
            correct: 1,
            reversed: 1,
            extra: 1,
            missing: 2,
            distance: 4,
        };
        assert_eq!(found, expected);
        assert_eq!(found.true_positive_rate(), Some(0.25));
        assert_eq!(found.false_discovery_rate(), Some(2.0 / 3.0));
        assert_eq!(Comparison::new(&reference, &reference).distance, 0);
        assert_eq!(Comparison::new(&[], &[]).true_positive_rate(), None);
    }

    #[test]
    fn an_edge_both_ways_in_the_reference_differs_from_one_way() {
        let found = Comparison::new(&[(0, 1), (0, 1)], &[(0, 1), (1, 0)]);
        assert_eq!((found.distance, found.correct, found.missing, found.edges), (1, 1, 0, 1));
    }
}
