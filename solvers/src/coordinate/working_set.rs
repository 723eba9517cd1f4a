//! The working set: every active piece, the worst violators of optimality beside them, and, where
//! there is room, those that are closest to becoming some.

use fenchel_core::{NEAR, Penalty};

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
    order: Vec<usize>,
    /// The penalty that tells which pieces are near a violation.
    near: Option<Box<dyn Penalty>>,
    violations: Vec<f64>,
    near_violations: Vec<f64>,
}

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
        units.violations(beta, gradient, &mut self.violations);
        let near = self.near.as_deref().and_then(Units::of);
        let near = near.expect("`begin` scaled the penalty");
        near.violations(beta, gradient, &mut self.near_violations);
        let violations = std::mem::take(&mut self.violations);
        let near = std::mem::take(&mut self.near_violations);
        let largest = self.choose(&violations, &near, |unit| units.is_active(unit, beta));
        (self.violations, self.near_violations) = (violations, near);
        units.features(&self.units, features, &mut self.features);
        largest
    }

    /// The largest violation at `beta`, whose gradient is zero outside of the working set.
    pub fn largest(&mut self, units: &Units<'_>, beta: &[f64], gradient: &[f64]) -> f64 {
        units.violations(beta, gradient, &mut self.violations);
        largest(&self.violations)
    }

    /// Chooses all active pieces and the largest positive violations, at least as many pieces as
    /// last time and twice the number of active ones, four times where nearly all pieces became
    /// active; then the largest positive of `near`, the violations of a penalty that keeps less.
    /// Returns the largest violation of all.
    fn choose(
        &mut self,
        violations: &[f64],
        near: &[f64],
        is_active: impl Fn(usize) -> bool,
    ) -> f64 {
        let largest = largest(violations);
        let last = self.units.len();
        self.units.clear();
        self.order.clear();
        for (unit, violation) in violations.iter().enumerate() {
            if is_active(unit) {
                self.units.push(unit);
            } else if *violation > 0.0 || violation.is_nan() {
                self.order.push(unit);
            }
        }
        // Where nearly all that was let in stayed, far more is wanted.
        let filled = last > 0 && 10 * self.units.len() >= 9 * last;
        let growth = if filled { 4 } else { 2 };
        self.size = self.size.max(FIRST).max(growth * self.units.len());
        let room = self.size.saturating_sub(self.units.len()).max(1);
        self.complete = self.order.len() <= room;
        if !self.complete {
            keep_largest(&mut self.order, violations, room);
        }
        self.units.extend_from_slice(&self.order);
        if self.complete && self.order.len() < room {
            let left = (room - self.order.len()).min(FIRST + self.units.len() / NEAR_SHARE);
            self.order.clear();
            self.order.extend(
                (0..near.len()).filter(|&unit| {
                    near[unit] > 0.0 && violations[unit] <= 0.0 && !is_active(unit)
                }),
            );
            if self.order.len() > left {
                keep_largest(&mut self.order, near, left);
            }
            self.units.extend_from_slice(&self.order);
        }
        self.units.sort_unstable();
        largest
    }
}

fn largest(violations: &[f64]) -> f64 {
    violations.iter().fold(0.0, |top, v| fenchel_core::worst(top, *v))
}

/// Keeps the `room` units with the largest values, of equal ones the first.
fn keep_largest(units: &mut Vec<usize>, values: &[f64], room: usize) {
    let worse = |a: &usize, b: &usize| values[*b].total_cmp(&values[*a]).then(a.cmp(b));
    units.select_nth_unstable_by(room - 1, worse);
    units.truncate(room);
}

#[cfg(test)]
mod tests {
    use super::WorkingSet;

    #[test]
    fn active_pieces_come_first_and_the_worst_violators_fill_the_rest() {
        let mut set = WorkingSet::default();
        let violations: Vec<f64> = (0..200).map(|u| if u < 100 { 0.0 } else { u as f64 }).collect();
        let largest = set.choose(&violations, &[], |u| u == 3);
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
            set.choose(&violations, &[], |_| false);
            set.choose(&violations, &[], |u| u < active);
            assert_eq!(set.units.len(), size);
        }
    }

    #[test]
    fn room_that_is_left_goes_to_what_is_nearest_to_a_violation() {
        let mut set = WorkingSet::default();
        let violations: Vec<f64> = (0..200).map(|u| if u < 10 { 1.0 } else { 0.0 }).collect();
        let near: Vec<f64> = (0..200).map(|u| if u < 150 { u as f64 } else { 0.0 }).collect();
        set.choose(&violations, &near, |u| u == 3 || u == 199);
        assert!(set.complete);
        assert_eq!(set.units[..10], (0..10).collect::<Vec<_>>());
        assert_eq!(set.units[10..63], (97..150).collect::<Vec<_>>());
        assert_eq!(set.units[63], 199);
    }
}
