//! Second-order methods.

mod gram;
mod prox_newton;

pub(crate) use prox_newton::ProxNewtonMethod;
