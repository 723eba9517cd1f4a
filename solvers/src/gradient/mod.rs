//! Methods that need a gradient and a prox.

mod fista;
mod nonconvex_ag;
mod step;

pub(crate) use fista::FistaMethod;
pub(crate) use nonconvex_ag::NonconvexAgMethod;
pub(crate) use step::{Momentum, uphill};
