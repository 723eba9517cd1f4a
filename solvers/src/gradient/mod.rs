//! Methods that need a gradient and a prox.

mod conjugate;
mod fista;
mod narrow;
mod nonconvex_ag;
mod step;

pub(crate) use conjugate::ProxNcgMethod;
pub(crate) use fista::FistaMethod;
pub(crate) use nonconvex_ag::NonconvexAgMethod;
pub(crate) use step::{Momentum, ProximalStep, Stepped, uphill};
