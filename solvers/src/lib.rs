//! Solvers, each an argmin `Solver` run by argmin's `Executor`. None names a loss or a penalty:
//! they ask for capabilities.

mod bridge;
mod card;
mod central;
mod coordinate;
mod gradient;
mod method;
mod newton;
mod proximal;
mod splitting;
mod stochastic;

pub use method::{
    Control, Damping, Kept, Method, Missing, Options, Outcome, Progress, Restart, Status,
    Suitability,
};
pub use stochastic::Stochastic;

/// Every solver, in the order in which they are listed.
pub fn methods() -> &'static [&'static dyn Method] {
    &[
        &coordinate::CdMethod,
        &coordinate::BlockCdMethod,
        &newton::ProxNewtonMethod,
        &gradient::FistaMethod,
        &gradient::ProxNcgMethod,
        &gradient::NonconvexAgMethod,
        &proximal::ProxPointMethod,
        &splitting::AdmmMethod,
        &central::CentralPathMethod,
        &stochastic::ProxSgdMethod,
    ]
}

/// The solver of this name.
pub fn method(name: &str) -> Option<&'static dyn Method> {
    methods().iter().copied().find(|method| method.name() == name)
}
