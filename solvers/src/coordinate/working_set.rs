//! The working set: every active piece, the worst violators of optimality beside them, and, where
//! there is room, those that are closest to becoming some.

use fenchel_core::{Penalty, worst};

use super::units::Units;

/// Smallest size of a working set.
const FIRST: usize = 64;

/// The share of the penalty within which a piece at zero is not near a violation.
const NEAR: f64 = 0.9;

/// One in so many pieces, beside [`FIRST`] ones, may be there for being near a violation.
const NEAR_SHARE: usize = 4;

/// A working set that grows geometrically.
#[derive(Debug, Default)]
pub(crate) struct WorkingSet {
    /// The chosen pieces, ascending.
    pub units: Vec<usize>,
    /// Their features, ascending, each once; empty where the pieces are features.
    features: Vec<usize>,
    /// Whether no violator was left out.
    pub complete: bool,
    size: usize,
    /// The penalty that tells which pieces are near a violation.
    near: Option<Box<dyn Penalty>>,
}

/// A piece and how much it violates.
type Candidate = (usize, f64);

impl WorkingSet {
    /// Begins the choices for a problem with this penalty.
    pub fn begin(&mut self, penalty: &dyn Penalty) {
        self.near = Some(penalty.scaled(NEAR));
    }

    /// Chooses by the gradient at `beta`, which has `features` rows; returns the largest violation.
    pub fn renew(
        &mut self,
        units: &Units<'_>,
        features: usize,
        beta: &[f64],
        gradient: &[f64],
    ) -> f64 {
        let penalty = self.near.take().expect("`begin` scaled the penalty");
        let near = Units::of(penalty.as_ref()).expect("it has the pieces of the penalty");
        let violations = At { units, beta, gradient };
        let near = At { units: &near, beta, gradient };
        let last = self.units.len();
        self.units.clear();
        units.active(beta, &mut self.units);
        let largest = self.choose(last, violations, near);
        self.near = Some(penalty);
        match units {
            Units::Coordinates(_) if beta.len() == features => self.features.clear(),
            _ => units.features(&self.units, features, &mut self.features),
        }
        largest
    }

    /// The features of the chosen pieces, ascending, each once.
    pub fn features(&self) -> &[usize] {
        if self.features.is_empty() { &self.units } else { &self.features }
    }

    /// The largest violation at `beta`, whose gradient is zero outside of the working set.
    pub fn largest(&self, units: &Units<'_>, beta: &[f64], gradient: &[f64]) -> f64 {
        let mut largest = 0.0;
        units.violations(beta, gradient, |_, violation| largest = worst(largest, violation));
        largest
    }

    /// Chooses, beside all active pieces, which are there already, the largest positive violations, so that
    /// there are at least as many pieces as ever and twice the number of active ones, four times where
    /// nearly all of the `last` pieces became active; then the largest positive of `near`, the violations of
    /// a penalty that keeps less. Returns the largest violation of all.
    fn choose(&mut self, last: usize, violations: impl Violations, near: impl Violations) -> f64 {
        let inside = self.units.len();
        // Where nearly all that was let in stayed, far more is wanted.
        let filled = last > 0 && 10 * inside >= 9 * last;
        let growth = if filled { 4 } else { 2 };
        self.size = self.size.max(FIRST).max(growth * inside);
        let room = self.size.saturating_sub(inside).max(1);

        let mut largest = 0.0;
        // Given back at the end, as epochs need the room more.
        let mut violators = Vec::new();
        self.complete = true;
        let mut active = InOrder(&self.units);
        violations.each(|unit, violation| {
            largest = worst(largest, violation);
            if !active.has(unit) && (violation > 0.0 || violation.is_nan()) {
                // At the start of a path nearly everything may violate.
                if violators.len() == 2 * room {
                    keep_largest(&mut violators, room);
                    self.complete = false;
                }
                violators.push((unit, violation));
            }
        });
        if violators.len() > room {
            keep_largest(&mut violators, room);
            self.complete = false;
        }
        let outside = violators.len();
        if self.complete && outside < room {
            let left = (room - outside).min(FIRST + (inside + outside) / NEAR_SHARE);
            let mut active = InOrder(&self.units);
            let mut others = violators.iter().map(|&(unit, _)| unit).peekable();
            let mut nearest = Vec::new();
            near.each(|unit, violation| {
                let chosen = active.has(unit) || others.next_if_eq(&unit).is_some();
                if violation > 0.0 && !chosen {
                    nearest.push((unit, violation));
                }
            });
            if nearest.len() > left {
                keep_largest(&mut nearest, left);
            }
            self.units.extend(nearest.iter().map(|&(unit, _)| unit));
        }
        self.units.extend(violators.iter().map(|&(unit, _)| unit));
        self.units.sort_unstable();
        largest
    }
}

/// Pieces and their violations, in order.
trait Violations {
    fn each(self, visit: impl FnMut(usize, f64));
}

/// Those at a point.
struct At<'a> {
    units: &'a Units<'a>,
    beta: &'a [f64],
    gradient: &'a [f64],
}

impl Violations for At<'_> {
    fn each(self, visit: impl FnMut(usize, f64)) {
        self.units.violations(self.beta, self.gradient, visit);
    }
}

/// Pieces, ascending, that are asked for in that order.
struct InOrder<'a>(&'a [usize]);

impl InOrder<'_> {
    /// Whether `unit` is one of them.
    #[inline(always)]
    fn has(&mut self, unit: usize) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == unit => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

/// Keeps the `room` candidates with the largest violations, of equal ones the first.
#[inline(never)]
fn keep_largest(candidates: &mut Vec<Candidate>, room: usize) {
    let worse = |a: &Candidate, b: &Candidate| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    candidates.select_nth_unstable_by(room - 1, worse);
    candidates.truncate(room);
}

#[cfg(test)]
mod tests {
    use super::{Violations, WorkingSet};

    impl Violations for &[f64] {
        fn each(self, mut visit: impl FnMut(usize, f64)) {
            self.iter().enumerate().for_each(|(unit, violation)| visit(unit, *violation));
        }
    }

    /// A set of which the pieces `active` are active, and with them chosen once more.
    fn choose(set: &mut WorkingSet, active: &[usize], violations: &[f64], near: &[f64]) -> f64 {
        let last = set.units.len();
        set.units = active.to_vec();
        set.choose(last, violations, near)
    }

    #[test]
    fn active_pieces_come_first_and_the_worst_violators_fill_the_rest() {
        let mut set = WorkingSet::default();
        let violations: Vec<f64> = (0..200).map(|u| if u < 100 { 0.0 } else { u as f64 }).collect();
        let largest = choose(&mut set, &[3], &violations, &[]);
        assert_eq!(largest, 199.0);
        assert!(!set.complete);
        assert_eq!(set.units.len(), 64);
        assert_eq!(set.units[0], 3);
        assert_eq!(set.units[1..], (137..200).collect::<Vec<_>>());
    }

    #[test]
    fn the_worst_violators_are_found_whatever_their_order_and_number() {
        for count in [64, 65, 127, 128, 129, 1000] {
            let mut set = WorkingSet::default();
            let violations: Vec<f64> = (0..count).map(|u| (u * 37 % count + 1) as f64).collect();
            choose(&mut set, &[], &violations, &[]);
            assert_eq!(set.complete, count == 64);
            let mut worst: Vec<usize> = (0..count).collect();
            worst.sort_by(|&a, &b| violations[b].total_cmp(&violations[a]).then(a.cmp(&b)));
            worst.truncate(64);
            worst.sort_unstable();
            assert_eq!(set.units, worst);
        }
    }

    #[test]
    fn a_set_of_which_nearly_all_stayed_grows_fourfold_and_another_twofold() {
        let violations = vec![1.0; 1000];
        for (active, size) in [(64, 256), (50, 100)] {
            let mut set = WorkingSet::default();
            choose(&mut set, &[], &violations, &[]);
            choose(&mut set, &(0..active).collect::<Vec<_>>(), &violations, &[]);
            assert_eq!(set.units.len(), size);
        }
    }

    #[test]
    fn room_that_is_left_goes_to_what_is_nearest_to_a_violation() {
        let mut set = WorkingSet::default();
        let violations: Vec<f64> = (0..200).map(|u| if u < 10 { 1.0 } else { 0.0 }).collect();
        let near: Vec<f64> = (0..200).map(|u| if u < 150 { u as f64 } else { 0.0 }).collect();
        choose(&mut set, &[3, 199], &violations, &near);
        assert!(set.complete);
        assert_eq!(set.units[..10], (0..10).collect::<Vec<_>>());
        assert_eq!(set.units[10..63], (97..150).collect::<Vec<_>>());
        assert_eq!(set.units[63], 199);
    }
}
