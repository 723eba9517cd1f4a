//! Conjugate gradients on the forward-backward residual.

mod point;
mod prox_ncg;
mod search;

pub(crate) use prox_ncg::ProxNcgMethod;
