//! Objectives with no linear predictor: a sound one with a barrier, broken in one place at a time, and
//! the law that must notice.

#![allow(missing_docs)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use fenchel_core::{
    Bound, CentralPath, Design, Error, Loss, Objective, ResponseKind, Samples, Shape, Smooth,
    Stage, Workspace,
};
use fenchel_laws::Outcome;
use fenchel_laws::loss::check_all;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    None,
    GradientOfTheOtherSign,
    PathForgetsTheWeight,
    PathHasAnotherReach,
    MuRises,
    MetricOfZero,
    ValueVaries,
    ValueOfAnotherThread,
    PanicsAtNan,
    StartOutside,
}

/// `sum_i (b_i - 1)^2 / 2 + h_s(b) / mu` with `h_s = -sum_i log(1 - b_i^2 / s^2)`.
#[derive(Debug, Clone, Copy)]
struct Fenced(Flaw);

#[derive(Debug)]
struct Fence {
    flaw: Flaw,
    stages: Vec<Stage>,
    calls: AtomicUsize,
    home: ThreadId,
}

const COEFFICIENTS: usize = 3;

impl Loss for Fenced {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Nothing
    }
    fn reads_design(&self) -> bool {
        true
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        samples.nothing()?;
        let stage = |mu| Stage { mu, shift: 2.0, iterations: 10 };
        let mu = if self.0 == Flaw::MuRises { [0.1, 1.0] } else { [1.0, 0.1] };
        Ok(Bound::Direct(Box::new(Fence {
            flaw: self.0,
            stages: mu.map(stage).to_vec(),
            calls: AtomicUsize::new(0),
            home: thread::current().id(),
        })))
    }
}

impl Objective for Fence {
    fn shape(&self) -> Shape {
        Shape { features: COEFFICIENTS, outputs: 1, intercepts: 0, own: 0 }
    }
    fn start(&self) -> Vec<f64> {
        vec![0.0; COEFFICIENTS]
    }
    fn value(&self, params: &[f64], work: &mut Workspace) -> f64 {
        let mut grad = [0.0; COEFFICIENTS];
        let last = self.stages[self.stages.len() - 1];
        let value = self.sum(&last, params, &mut grad, work) / last.mu;
        match self.flaw {
            Flaw::StartOutside if params == [0.0; COEFFICIENTS] => f64::INFINITY,
            Flaw::ValueVaries => value + 1e-15 * self.calls.fetch_add(1, Ordering::Relaxed) as f64,
            Flaw::ValueOfAnotherThread if thread::current().id() != self.home => value + 1e-9,
            _ => value,
        }
    }
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        Some(self)
    }
    fn as_central_path(&self) -> Option<&dyn CentralPath> {
        Some(self)
    }
}

impl Fence {
    fn sum(&self, stage: &Stage, b: &[f64], grad: &mut [f64], _work: &mut Workspace) -> f64 {
        assert!(self.flaw != Flaw::PanicsAtNan || !b[0].is_nan());
        let mut value = 0.0;
        for (b, g) in b.iter().zip(grad) {
            let room = 1.0 - b * b / (stage.shift * stage.shift);
            value += 0.5 * stage.mu * (b - 1.0) * (b - 1.0) - room.ln();
            *g = stage.mu * (b - 1.0) + 2.0 * b / (stage.shift * stage.shift * room);
        }
        if value.is_finite() { value } else { f64::INFINITY }
    }
}

impl Smooth for Fence {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64 {
        let last = self.stages[self.stages.len() - 1];
        self.sum(&last, params, grad, work);
        let sign = if self.flaw == Flaw::GradientOfTheOtherSign { -1.0 } else { 1.0 };
        grad.iter_mut().for_each(|g| *g *= sign / last.mu);
        self.value(params, work)
    }
    fn lipschitz(&self) -> Option<f64> {
        None
    }
}

impl CentralPath for Fence {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }
    fn gradient_at(
        &self,
        stage: &Stage,
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> f64 {
        let stage = match self.flaw {
            Flaw::PathForgetsTheWeight => Stage { mu: 1.0, ..*stage },
            Flaw::PathHasAnotherReach => Stage { shift: 2.1, ..*stage },
            _ => *stage,
        };
        self.sum(&stage, params, grad, work)
    }
    fn metric(&self, _params: &[f64], out: &mut [f64], _work: &mut Workspace) {
        out.fill(if self.flaw == Flaw::MetricOfZero { 0.0 } else { 1.0 });
    }
}

#[test]
fn the_sound_objective_breaks_no_law_and_those_of_objectives_are_tried() {
    let report = check_all(&Fenced(Flaw::None));
    assert!(report.holds(), "{report}");
    for law in [
        "the_start_is_inside_the_domain",
        "gradients_match_differences",
        "the_central_path_ends_in_the_objective",
        "the_same_call_gives_the_same_bits",
        "threads_get_the_same_numbers",
        "nan_and_infinity_are_survived",
    ] {
        let tried = report.outcomes.iter().any(|(name, o)| *name == law && *o == Outcome::Held);
        assert!(tried, "{law} is not tried");
    }
}

#[test]
fn every_flaw_is_caught() {
    let path = "the_central_path_ends_in_the_objective";
    for (flaw, law) in [
        (Flaw::GradientOfTheOtherSign, "gradients_match_differences"),
        (Flaw::PathForgetsTheWeight, path),
        (Flaw::PathHasAnotherReach, path),
        (Flaw::MuRises, path),
        (Flaw::MetricOfZero, path),
        (Flaw::ValueVaries, "the_same_call_gives_the_same_bits"),
        (Flaw::ValueOfAnotherThread, "threads_get_the_same_numbers"),
        (Flaw::PanicsAtNan, "nan_and_infinity_are_survived"),
        (Flaw::StartOutside, "the_start_is_inside_the_domain"),
    ] {
        let report = check_all(&Fenced(flaw));
        let caught = report.violations().any(|violation| violation.law == law);
        assert!(caught, "{law} did not notice {flaw:?}:\n{report}");
    }
}
