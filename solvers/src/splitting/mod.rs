//! Methods that split a problem into pieces with a prox each.

mod admm;
mod system;

pub(crate) use admm::AdmmMethod;
