//! Losses of graphs over the columns of the data: no response and no linear predictor, one
//! coefficient for each ordered pair of columns.

mod barrier;
mod colide;
mod distance;
mod edges;
mod refit;
mod score;

pub use barrier::log_det_barrier;
pub use colide::{Colide, Noise, Parameters};
pub use distance::Comparison;
pub use edges::{Edge, Pruning, acyclic};
