//! How far a model is solved.

/// The largest share of the violation of before that counts as a fall.
const FALLS: f64 = 0.7;

/// The same where curvatures were held.
const HELD: f64 = 0.5;

/// By what the tolerance shrinks and grows, and down to what.
const TIGHTER: f64 = 0.3;
const LOOSER: f64 = 2.0;
const TIGHTEST: f64 = 1e-3;

/// The share of the usual inner tolerance that is asked for.
///
/// An epoch that moves many coefficients, each by less than the tolerance, ends its model but may leave the
/// largest violation where it was. Where that took a single epoch, step after step would do the same: models
/// are then solved to less and less, until violations fall again.
#[derive(Debug)]
pub(super) struct Care {
    /// The largest violation before the last step.
    largest: f64,
    /// Whether that step was a single epoch.
    brief: bool,
    /// Whether the last steps brought the largest violation down by as much as curvatures of before may.
    falls: bool,
    share: f64,
}

impl Default for Care {
    fn default() -> Self {
        Self { largest: f64::INFINITY, brief: false, falls: true, share: 1.0 }
    }
}

impl Care {
    /// The share for a step that begins with this largest violation.
    pub fn begin(&mut self, largest: f64) -> f64 {
        if largest <= FALLS * self.largest {
            self.share = (self.share * LOOSER).min(1.0);
        } else if self.brief {
            self.share = (self.share * TIGHTER).max(TIGHTEST);
        }
        self.falls = largest <= HELD * self.largest;
        (self.largest, self.brief) = (largest, false);
        self.share
    }

    /// Whether the step that begins may go on with curvatures of before.
    pub fn holds(&self) -> bool {
        self.falls
    }

    /// Says how many epochs the step took.
    pub fn end(&mut self, epochs: usize) {
        self.brief = epochs == 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Care, TIGHTEST};

    #[test]
    fn models_are_solved_to_less_only_while_single_epochs_leave_the_violation() {
        let mut care = Care::default();
        assert_eq!(care.begin(1.0), 1.0);
        care.end(7);
        assert_eq!(care.begin(1.1), 1.0, "several epochs may meet other violators");
        care.end(1);
        assert!((care.begin(1.0) - 0.3).abs() < 1e-15);
        for _ in 0..20 {
            care.end(1);
            care.begin(1.0);
        }
        care.end(1);
        assert_eq!(care.begin(1.0), TIGHTEST);
        let mut violation = 1.0;
        for _ in 0..20 {
            care.end(1);
            violation *= 0.5;
            care.begin(violation);
        }
        assert_eq!(care.begin(0.5 * violation), 1.0);
    }

    #[test]
    fn curvatures_of_before_are_left_where_the_violation_does_not_fall_by_half() {
        let mut care = Care::default();
        care.begin(1.0);
        assert!(care.holds(), "nothing is known yet");
        care.begin(0.4);
        assert!(care.holds());
        care.begin(0.3);
        assert!(!care.holds());
        care.begin(0.1);
        assert!(care.holds());
    }
}
