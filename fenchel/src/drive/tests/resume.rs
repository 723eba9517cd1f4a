//! Checkpoints: a run that was cut short goes on to the same end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fenchel_core::LossSpec;
use fenchel_solvers::Status;
use serde_json::json;

use super::fixture::*;
use crate::drive::{Candidates, CheckpointConfig, Event, Job, Listener, Silent, Solution, run};
use crate::file::config::{CvConfig, Folds, Metric, Rule, ScreenConfig};
use crate::screen::screened;

/// Raises the flag after a number of steps at a point of the path or beyond.
struct Stop {
    flag: Arc<AtomicBool>,
    point: usize,
    steps: AtomicUsize,
}

impl Listener for Stop {
    fn progress(&self, event: &Event) {
        if event.point >= self.point && self.steps.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.flag.store(true, Ordering::Relaxed);
        }
    }
}

fn interrupted(mut job: Job, point: usize, steps: usize, save: &Path) -> Solution {
    let flag = Arc::new(AtomicBool::new(false));
    job.interrupt = Some(flag.clone());
    let listener = Stop { flag, point, steps: steps.into() };
    let checkpoint = CheckpointConfig { save: Some(save.into()), ..Default::default() };
    run(&job, &listener, Some(&checkpoint)).unwrap()
}

fn resumed(job: &Job, from: &Path) -> Solution {
    let checkpoint = CheckpointConfig { resume: Some(from.into()), ..Default::default() };
    run(job, &Silent, Some(&checkpoint)).unwrap()
}

#[test]
fn a_path_goes_on_where_it_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("run.checkpoint");
    let make = || {
        let mut job = on_path(job(&linear(80), quadratic(), l1(1.0)), 12, 1e-3);
        job.solver.name = "fista".into();
        job
    };
    let whole = solved(&make());
    // Where the path is straight a point is solved where it begins: at this one it is not.
    let part = interrupted(make(), 8, 2, &save);
    assert_eq!(part.status, Status::Interrupted);
    let done = part.path.unwrap();
    assert_eq!(done.len(), 9);
    let solution = resumed(&make(), &save);
    assert_eq!(solution.status, Status::Converged);
    let (points, expected) = (solution.path.unwrap(), whole.path.unwrap());
    assert_eq!(points.len(), 12);
    // What was finished is the same to the last bit, the rest within the tolerance.
    assert_eq!(points[..done.len() - 1], expected[..done.len() - 1]);
    for (point, expected) in points.iter().zip(&expected) {
        close(&[point.objective], &[expected.objective], 1e-9);
    }
}

#[test]
fn folds_go_on_too() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("run.checkpoint");
    let make = || {
        let mut job = on_path(job(&linear(80), quadratic(), l1(1.0)), 6, 1e-2);
        job.solver.name = "fista".into();
        let folds = Folds::Count(4);
        with_cv(job, CvConfig { folds, seed: 0, rule: Rule::Min, metric: Metric::Mse })
    };
    let whole = solved(&make());
    let part = interrupted(make(), 3, 4, &save);
    assert_eq!((part.status, part.cv), (Status::Interrupted, None));
    let solution = resumed(&make(), &save);
    assert_eq!(solution.status, Status::Converged);
    let (report, expected) = (solution.cv.unwrap(), whole.cv.unwrap());
    assert_eq!(report.chosen, expected.chosen);
    close(&report.mean, &expected.mean, 1e-4);
}

#[test]
fn folds_that_screen_anew_go_on_with_the_same_features() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("run.checkpoint");
    let make = || {
        let mut job = on_path(job(&linear(80), quadratic(), l1(1.0)), 6, 1e-2);
        job.solver.name = "fista".into();
        let config: ScreenConfig = serde_json::from_value(json!({ "top": 2 })).unwrap();
        let kept = screened(&job.dataset, &config, 1).unwrap();
        let dataset = std::mem::replace(&mut job.dataset, kept);
        let loss: Box<dyn LossSpec> = serde_json::from_value(quadratic()).unwrap();
        job.candidates = Some(Candidates { dataset, loss: loss.build().unwrap(), config });
        let folds = Folds::Count(4);
        with_cv(job, CvConfig { folds, seed: 0, rule: Rule::Min, metric: Metric::Mse })
    };
    let whole = solved(&make());
    let part = interrupted(make(), 3, 4, &save);
    assert_eq!(part.status, Status::Interrupted);
    let saved = std::fs::read(&save).unwrap();
    let [solution, again] = [0, 1].map(|_| {
        std::fs::write(&save, &saved).unwrap();
        resumed(&make(), &save)
    });
    assert_eq!(solution.status, Status::Converged);
    assert_eq!(solution.path.as_ref().unwrap()[..3], whole.path.unwrap()[..3]);
    assert_eq!(solution.path, again.path, "the same checkpoint, the same bits");
    let (report, expected) = (solution.cv.unwrap(), whole.cv.unwrap());
    assert_eq!(report.folds, again.cv.unwrap().folds);
    assert_eq!(report.screened.as_ref().map(Vec::len), Some(4));
    assert_eq!((report.screened, report.chosen), (expected.screened, expected.chosen));
    close(&report.mean, &expected.mean, 1e-4);
}

#[test]
fn a_single_fit_goes_on_from_its_last_iterate() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("run.checkpoint");
    let make = || {
        let mut job = job(&linear(80), quadratic(), l1(1e-3));
        job.solver.name = "fista".into();
        job
    };
    let whole = solved(&make());
    let part = interrupted(make(), 0, whole.iterations as usize / 2, &save);
    assert!(part.iterations < whole.iterations);
    let solution = resumed(&make(), &save);
    assert!(solution.iterations > part.iterations);
    close(&[solution.objective], &[whole.objective], 1e-9);
}

#[test]
fn a_checkpoint_of_another_problem_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("run.checkpoint");
    let slow = |lambda| {
        let mut job = job(&linear(80), quadratic(), l1(lambda));
        job.solver.name = "fista".into();
        job
    };
    interrupted(slow(1e-3), 0, 2, &save);
    let checkpoint = CheckpointConfig { resume: Some(save.clone()), ..Default::default() };
    let said = |job: &Job| run(job, &Silent, Some(&checkpoint)).unwrap_err().to_string();
    assert!(said(&slow(2e-3)).contains("belongs to another problem or to other data"));
    std::fs::write(&save, b"not a checkpoint").unwrap();
    assert!(said(&slow(1e-3)).contains("not a checkpoint"));
    std::fs::remove_file(&save).unwrap();
    assert!(said(&slow(1e-3)).contains("run.checkpoint"));
}

#[test]
fn a_checkpoint_is_saved_from_time_to_time_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("run.checkpoint");
    let make = || on_path(job(&linear(60), quadratic(), l1(1.0)), 8, 1e-2);
    let every = Some(Duration::ZERO);
    let checkpoint = CheckpointConfig { save: Some(save.clone()), every, resume: None };
    let whole = run(&make(), &Silent, Some(&checkpoint)).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(resumed(&make(), &save), whole);
}
