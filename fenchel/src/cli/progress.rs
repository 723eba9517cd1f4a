//! The progress bar: on a terminal only.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::drive::{Event, Listener, Silent, Stage};

/// Time between two updates.
const PAUSE: Duration = Duration::from_millis(60);

/// A bar where somebody watches, else nothing.
pub(super) fn listener(quiet: bool) -> Box<dyn Listener> {
    if quiet || !stderr().is_terminal() {
        return Box::new(Silent);
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    Box::new(Bar { bar, state: Mutex::new(State { done: vec![0], last: None }) })
}

/// Path points done over all stages, and where the latest stage stands.
struct Bar {
    bar: ProgressBar,
    state: Mutex<State>,
}

struct State {
    /// Points done, all samples first, then fold by fold.
    done: Vec<usize>,
    last: Option<Instant>,
}

impl Listener for Bar {
    fn progress(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (stage, stages) = match event.stage {
            Stage::Full => (0, state.done.len()),
            Stage::Fold { fold, folds } => (fold + 1, folds + 1),
        };
        let longest = stages.max(stage + 1).max(state.done.len());
        state.done.resize(longest, 0);
        state.done[stage] = event.point;
        if state.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        if state.last.is_none() {
            let style = if event.points > 1 {
                "{bar:30} {percent:>3}%  {msg}  {eta} left"
            } else {
                "{msg}  {elapsed}"
            };
            // A template that does not parse would leave the bar plain.
            if let Ok(style) = ProgressStyle::with_template(style) {
                self.bar.set_style(style);
            }
        }
        state.last = Some(Instant::now());
        self.bar.set_length((event.points * state.done.len()) as u64);
        self.bar.set_position(state.done.iter().sum::<usize>() as u64);
        self.bar.set_message(message(event));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Point, fold, iteration and gap in one line.
fn message(event: &Event) -> String {
    let mut words = Vec::new();
    if event.points > 1 {
        words.push(format!("point {}/{}", event.point + 1, event.points));
    }
    if let Stage::Fold { fold, folds } = event.stage {
        words.push(format!("fold {}/{folds}", fold + 1));
    }
    words.push(format!("iteration {}", event.iteration));
    if event.relative.is_finite() {
        words.push(format!("gap {:.1e}", event.relative));
    }
    words.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_point_fold_and_gap() {
        let event = Event {
            stage: Stage::Fold { fold: 2, folds: 10 },
            point: 4,
            points: 100,
            iteration: 7,
            relative: 1.21e-3,
        };
        assert_eq!(message(&event), "point 5/100  fold 3/10  iteration 7  gap 1.2e-3");
        let single =
            Event { stage: Stage::Full, point: 0, points: 1, relative: f64::INFINITY, ..event };
        assert_eq!(message(&single), "iteration 7");
    }
}
