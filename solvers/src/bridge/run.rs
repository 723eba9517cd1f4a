//! Runs a solver in argmin's `Executor` under a [`Control`].

use argmin::core::{
    Error, Executor, KV, Problem as Counted, Solver, State, TerminationReason, TerminationStatus,
};
use fenchel_core::Problem;

use super::FitState;
use crate::method::{Control, Outcome, Progress, Status};

/// Solves `problem` from `start` with `solver`, within the limits of `control`.
pub(crate) fn run<'p, S>(
    problem: &Problem<'p>,
    solver: S,
    start: Vec<f64>,
    control: &mut Control<'_>,
) -> Result<Outcome, Error>
where
    S: Solver<Problem<'p>, FitState>,
{
    run_and_return(problem, solver, start, control).map(|(outcome, _)| outcome)
}

/// The same; the solver comes back as well.
pub(crate) fn run_and_return<'p, S>(
    problem: &Problem<'p>,
    solver: S,
    start: Vec<f64>,
    control: &mut Control<'_>,
) -> Result<(Outcome, S), Error>
where
    S: Solver<Problem<'p>, FitState>,
{
    let max_iter = control.max_iter;
    let dual = control.dual.take();
    let result = Executor::new(*problem, Guarded { solver, control })
        .configure(|state: FitState| state.start(start, dual, max_iter))
        .ctrlc(false)
        .timer(false)
        .run()?;
    let state = result.state;
    let status = match state.get_termination_reason() {
        Some(TerminationReason::SolverConverged) => Status::Converged,
        Some(TerminationReason::Timeout) => Status::TimeLimit,
        Some(TerminationReason::Interrupt) => Status::Interrupted,
        _ => Status::MaxIter,
    };
    let outcome = Outcome {
        iterations: state.get_iter(),
        certificate: state.certificate,
        status,
        dual: state.dual,
        params: state.params,
    };
    Ok((outcome, result.solver.solver))
}

/// A solver with limits and a listener around it.
struct Guarded<'c, 'o, S> {
    solver: S,
    control: &'c mut Control<'o>,
}

impl<'p, S: Solver<Problem<'p>, FitState>> Solver<Problem<'p>, FitState> for Guarded<'_, '_, S> {
    fn name(&self) -> &str {
        self.solver.name()
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        self.solver.init(problem, state)
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let (state, kv) = self.solver.next_iter(problem, state)?;
        if let Some(observer) = &mut self.control.observer {
            observer(&Progress {
                iteration: state.get_iter() + 1,
                params: &state.params,
                relative: state.certificate.relative,
            });
        }
        Ok((state, kv))
    }

    fn terminate(&mut self, state: &FitState) -> TerminationStatus {
        let reason = if state.certificate.relative <= self.control.tol {
            TerminationReason::SolverConverged
        } else if self.control.interrupted() {
            TerminationReason::Interrupt
        } else if self.control.expired() {
            TerminationReason::Timeout
        } else if state.stalled {
            TerminationReason::SolverExit("no further progress in double precision".into())
        } else {
            return self.solver.terminate(state);
        };
        TerminationStatus::Terminated(reason)
    }
}
