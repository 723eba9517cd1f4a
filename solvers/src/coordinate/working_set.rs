//! The working set: every active piece, the worst violators of optimality beside them, and, where
//! there is room, those that are closest to becoming some.

use fenchel_core::{NEAR, Penalty, worst};

use super::units::Units;

/// Smallest size of a working set.
const FIRST: usize = 64;

/// One in so many pieces, beside [`FIRST`] ones, may be there for being near a violation.
const NEAR_SHARE: usize = 4;

/// A working set that grows geometrically.
#[derive(Debug, Default)]
pub(crate) struct WorkingSet {
    /// The chosen pieces, ascending.
    pub units: Vec<usize>,
    /// Their features, ascending, each once.
    pub features: Vec<usize>,
    /// Whether no violator was left out.
    pub complete: bool,
    size: usize,
    /// Violators, and pieces that are near a violation.
    violators: Vec<Candidate>,
    nearest: Vec<Candidate>,
    /// The penalty that tells which pieces are near a violation.
    near: Option<Box<dyn Penalty>>,
}

/// A piece and how much it violates.
type Candidate = (usize, f64);

impl WorkingSet {
    /// Begins the choices for a problem with this penalty. A piece at zero counts as near a violation
    /// where it is one of [`NEAR`] times the penalty.
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
        let largest = self.choose(violations, near, |unit| units.is_active(unit, beta));
        self.near = Some(penalty);
        units.features(&self.units, features, &mut self.features);
        largest
    }

    /// The largest violation at `beta`, whose gradient is zero outside of the working set.
    pub fn largest(&self, units: &Units<'_>, beta: &[f64], gradient: &[f64]) -> f64 {
        let mut largest = 0.0;
        units.violations(beta, gradient, |_, violation| largest = worst(largest, violation));
        largest
    }

    /// Chooses all active pieces and the largest positive violations, at least as many pieces as
    /// last time and twice the number of active ones, four times where nearly all pieces became
    /// active; then the largest positive of `near`, the violations of a penalty that keeps less.
    /// Returns the largest violation of all.
    fn choose(
        &mut self,
        violations: impl Violations,
        near: impl Violations,
        is_active: impl Fn(usize) -> bool,
    ) -> f64 {
        let mut largest = 0.0;
        let last = self.units.len();
        self.units.clear();
        self.violators.clear();
        violations.each(|unit, violation| {
            largest = worst(largest, violation);
            if is_active(unit) {
                self.units.push(unit);
            } else if violation > 0.0 || violation.is_nan() {
                self.violators.push((unit, violation));
            }
        });
        // Where nearly all that was let in stayed, far more is wanted.
        let filled = last > 0 && 10 * self.units.len() >= 9 * last;
        let growth = if filled { 4 } else { 2 };
        self.size = self.size.max(FIRST).max(growth * self.units.len());
        let room = self.size.saturating_sub(self.units.len()).max(1);
        self.complete = self.violators.len() <= room;
        if !self.complete {
            keep_largest(&mut self.violators, room);
        }
        let (inside, violators) = (self.units.len(), self.violators.len());
        if self.complete && violators < room {
            let left = (room - violators).min(FIRST + (inside + violators) / NEAR_SHARE);
            let mut others = self.violators.iter().map(|&(unit, _)| unit).peekable();
            self.nearest.clear();
            near.each(|unit, violation| {
                let violates = others.next_if_eq(&unit).is_some();
                if violation > 0.0 && !violates && !is_active(unit) {
                    self.nearest.push((unit, violation));
                }
            });
            if self.nearest.len() > left {
                keep_largest(&mut self.nearest, left);
            }
            self.units.extend(self.nearest.iter().map(|&(unit, _)| unit));
        }
        self.units.extend(self.violators.iter().map(|&(unit, _)| unit));
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

/// Keeps the `room` candidates with the largest violations, of equal ones the first.
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

    #[test]
    fn active_pieces_come_first_and_the_worst_violators_fill_the_rest() {
        let mut set = WorkingSet::default();
        let violations: Vec<f64> = (0..200).map(|u| if u < 100 { 0.0 } else { u as f64 }).collect();
        let largest = set.choose(violations.as_slice(), [].as_slice(), |u| u == 3);
        assert_eq!(largest, 199.0);
        assert_eq!(set.units.len(), 64);
        assert_eq!(set.units[0], 3);
        assert_eq!(set.units[1..], (137..200).collect::<Vec<_>>());
    }

    #[test]
    fn a_set_of_which_nearly_all_stayed_grows_fourfold_and_another_twofold() {
        let violations = vec![1.0; 1000];
        for (active, size) in [(64, 256), (50, 100)] {
            let mut set = WorkingSet::default();
            set.choose(violations.as_slice(), [].as_slice(), |_| false);
            set.choose(violations.as_slice(), [].as_slice(), |u| u < active);
            assert_eq!(set.units.len(), size);
        }
    }

    #[test]
    fn room_that_is_left_goes_to_what_is_nearest_to_a_violation() {
        let mut set = WorkingSet::default();
        let violations: Vec<f64> = (0..200).map(|u| if u < 10 { 1.0 } else { 0.0 }).collect();
        let near: Vec<f64> = (0..200).map(|u| if u < 150 { u as f64 } else { 0.0 }).collect();
        set.choose(violations.as_slice(), near.as_slice(), |u| u == 3 || u == 199);
        assert!(set.complete);
        assert_eq!(set.units[..10], (0..10).collect::<Vec<_>>());
        assert_eq!(set.units[10..63], (97..150).collect::<Vec<_>>());
        assert_eq!(set.units[63], 199);
    }
}
