//! Coordinate and block coordinate descent over a working set.

mod anderson;
mod cd;
mod cholesky;
mod conjugate;
mod engine;
mod model;
mod piece;
mod pieces;
mod stock;
mod support;
mod support_factor;
mod support_matrix;
#[cfg(test)]
mod testing;
mod triangle;
mod units;
mod working_set;

pub(crate) use anderson::Anderson;
pub(crate) use cd::{BlockCdMethod, CdMethod, SHARE};
pub(crate) use conjugate::{At, SupportCg};
pub(crate) use engine::{DIRECT, Engine, FOCUS, Inner};
pub(crate) use model::Model;
pub(crate) use pieces::few_nonzero;
pub(crate) use support::{Patience, Quadratic, SupportNewton, price};
pub(crate) use triangle::Triangle;
pub(crate) use units::{Curvatures, Units, block_bound, column_moments};
pub(crate) use working_set::WorkingSet;
