//! Methods that need a gradient and a prox.

mod fista;
mod step;

pub(crate) use fista::FistaMethod;
pub(crate) use step::{Momentum, ProximalStep, Stepped, uphill};
