//! Second-order methods.

mod correction;
mod coupled;
mod gram;
mod prox_newton;

pub(crate) use prox_newton::ProxNewtonMethod;
