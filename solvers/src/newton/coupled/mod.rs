//! The inner problem of a proximal Newton step where a sample couples the columns of its predictor,
//! or where the loss has thresholds of its own: descent on the quadratic model with its full
//! curvature.

mod descent;
mod model;

pub(crate) use descent::{Descent, Start};
