//! Methods that need a gradient and a prox.

mod fista;
mod narrow;
mod step;

pub(crate) use fista::FistaMethod;
pub(crate) use step::{Momentum, uphill};
