//! Methods that need a gradient and a prox.

mod conjugate;
mod fista;
mod step;

pub(crate) use conjugate::ProxNcgMethod;
pub(crate) use fista::FistaMethod;
pub(crate) use step::{Momentum, ProximalStep, Stepped, uphill};
