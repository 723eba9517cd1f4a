//! fenchel's problem in argmin's traits: the state that every solver carries, and the run that puts
//! limits and listeners around a solver, so that a solver file holds its algorithm alone.

mod run;
mod state;

pub(crate) use run::{run, run_and_return};
pub(crate) use state::FitState;
