//! A solver that follows a barrier's central path to a nonconvex problem.

mod adam;
mod central_path;
mod polish;

pub(crate) use central_path::CentralPathMethod;
