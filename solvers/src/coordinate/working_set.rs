//! The working set: every active piece, and the worst violators of optimality beside them.

/// Smallest size of a working set.
const FIRST: usize = 64;

/// A working set that grows geometrically.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkingSet {
    /// The chosen pieces, ascending.
    pub units: Vec<usize>,
    size: usize,
    order: Vec<usize>,
}

impl WorkingSet {
    /// Chooses all active pieces and the largest positive violations, at least as many pieces as
    /// last time and twice the number of active ones. Returns the largest violation of all.
    pub fn choose(&mut self, violations: &[f64], is_active: impl Fn(usize) -> bool) -> f64 {
        let largest = violations.iter().fold(0.0, |top, v| fenchel_core::worst(top, *v));
        self.units.clear();
        self.order.clear();
        for (unit, violation) in violations.iter().enumerate() {
            if is_active(unit) {
                self.units.push(unit);
            } else if *violation > 0.0 || violation.is_nan() {
                self.order.push(unit);
            }
        }
        self.size = self.size.max(FIRST).max(2 * self.units.len());
        let room = self.size.saturating_sub(self.units.len()).max(1);
        if self.order.len() > room {
            let worse =
                |a: &usize, b: &usize| violations[*b].total_cmp(&violations[*a]).then(a.cmp(b));
            self.order.select_nth_unstable_by(room - 1, worse);
            self.order.truncate(room);
        }
        self.units.extend_from_slice(&self.order);
        self.units.sort_unstable();
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::WorkingSet;

    #[test]
    fn active_pieces_come_first_and_the_worst_violators_fill_the_rest() {
        let mut set = WorkingSet::default();
        let violations: Vec<f64> = (0..200).map(|u| if u < 100 { 0.0 } else { u as f64 }).collect();
        let largest = set.choose(&violations, |u| u == 3);
        assert_eq!(largest, 199.0);
        assert_eq!(set.units.len(), 64);
        assert_eq!(set.units[0], 3);
        assert_eq!(set.units[1..], (137..200).collect::<Vec<_>>());
    }
}
