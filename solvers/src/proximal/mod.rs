//! Proximal point methods.

mod columns;
mod prox_point;
mod slopes;
mod system;

pub(crate) use prox_point::ProxPointMethod;
